import {
  CircleSlash,
  ClockAlert,
  CreditCard,
  Hourglass,
  Landmark,
  Layers,
  PackageMinus,
  PackageX,
  Scale,
  ShieldQuestion,
  StoreIcon,
  Truck,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { Alert, AlertKind } from '@/api';

/** What an alert is about: its icon, its word, and what usually helps. */
export interface Kind {
  readonly icon: LucideIcon;
  readonly word: string;
  readonly helps: string;
}

const KINDS: Record<AlertKind, Kind> = {
  low_stock: {
    icon: PackageMinus,
    word: 'low stock',
    helps: 'Order more, or lower the reorder point. It is over when enough may be sold again.',
  },
  out_of_stock: {
    icon: PackageX,
    word: 'out of stock',
    helps: 'New orders for it are canceled or wait, as the store has it. It is over when stock comes in.',
  },
  payment_retrying: {
    icon: CreditCard,
    word: 'payments retrying',
    helps: 'Nothing is lost: payments are tried again by themselves. It is over when none waits.',
  },
  payment_gateway_down: {
    icon: Landmark,
    word: 'bank down',
    helps: 'Calls are held back until a probe succeeds. Orders are still taken; their payments wait.',
  },
  refund_failed: {
    icon: CircleSlash,
    word: 'refund failed',
    helps: 'The bank will not give the money back this way: pay the shopper by another one, then resolve.',
  },
  payment_disputed: {
    icon: CircleSlash,
    word: 'payment disputed',
    helps:
      'Answer it at the bank, with what shows that the goods arrived. It is over when the bank decides for the shop.',
  },
  review_waiting: {
    icon: ShieldQuestion,
    word: 'review waiting',
    helps: 'Approve or reject the order; at its time the clock decides.',
  },
  saga_stuck: {
    icon: Hourglass,
    word: 'order stuck',
    helps: 'Look at what the order waits for; “retry” tries its step now.',
  },
  shipment_stalled: {
    icon: Truck,
    word: 'shipment stalled',
    helps: 'Ask the carrier. It is over when the parcel is seen again.',
  },
  reconciliation_mismatch: {
    icon: Scale,
    word: 'books differ',
    helps: 'Our figures and the bank’s are not the same: compare both ledgers before anything else.',
  },
  store_quarantined: {
    icon: StoreIcon,
    word: 'store set aside',
    helps: 'It failed again and again and is tried later. The log of the server says why.',
  },
  clock_behind: {
    icon: ClockAlert,
    word: 'clock behind',
    helps:
      'The server’s clock is minutes behind what it has recorded. Set it right; until then time goes on from the last record.',
  },
  alert_overflow: {
    icon: Layers,
    word: 'too many alerts',
    helps: 'More is wrong than is listed. Mend what is listed; the rest appears.',
  },
};

/** Kinds that this page does not know yet are shown as the API calls them. */
export function kindOf(kind: string): Kind {
  return (
    (Object.hasOwn(KINDS, kind) ? KINDS[kind as AlertKind] : undefined) ?? {
      icon: Layers,
      word: kind.replace(/_/g, ' '),
      helps: '',
    }
  );
}

/** Where the thing is looked after that an alert is about. */
export interface Target {
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly says: string;
}

export function targetOf(alert: Pick<Alert, 'kind' | 'subject'>): Target | null {
  const { kind, subject } = alert;
  // A shipment is named after its order.
  const ulid = /^(?:ord|shp)_([0-9A-HJKMNP-TV-Z]{26})/.exec(subject)?.[1];
  const order: Target | null = ulid === undefined ? null : { to: `/orders/ord_${ulid}`, says: 'Order' };
  switch (kind) {
    case 'low_stock':
    case 'out_of_stock':
      return { to: '/inventory', search: { sku: subject }, says: 'Stock' };
    case 'payment_retrying':
      return { to: '/orders', search: { status: 'pending', payment_status: 'awaiting' }, says: 'Orders' };
    case 'payment_gateway_down':
      return { to: '/bank', says: 'Bank' };
    case 'review_waiting':
      return { to: '/reviews', search: { review: subject }, says: 'Review' };
    case 'refund_failed':
    case 'payment_disputed':
    case 'saga_stuck':
    case 'shipment_stalled':
      return order;
    case 'reconciliation_mismatch':
      return order ?? { to: '/bank', says: 'Bank' };
    case 'store_quarantined':
    case 'clock_behind':
    case 'alert_overflow':
      return null;
  }
}
