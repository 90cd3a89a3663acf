import {
  Ban,
  BellRing,
  CircleAlert,
  CircleCheck,
  CircleCheckBig,
  CircleDashed,
  CircleDot,
  CircleX,
  Clock,
  CreditCard,
  Eye,
  HandCoins,
  Hourglass,
  Info,
  Lock,
  Package,
  PackageCheck,
  PackageX,
  PauseCircle,
  RotateCcw,
  ShieldAlert,
  TimerOff,
  TriangleAlert,
  Truck,
  Undo2,
} from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type {
  AlertStatus,
  Condition,
  FulfillmentStatus,
  OrderStatus,
  PaymentStatus,
  RefundStatus,
  ReturnStatus,
  ReviewStatus,
  Severity,
  TrackerStatus,
  WorkStatus,
} from '@/api';
import { cx } from './cx';

/** What a status means to whoever looks. Each has one colour, everywhere. */
export type Tone = 'waiting' | 'moving' | 'people' | 'good' | 'undone' | 'failed';

/** How a status looks and what it is called: the only such table. */
export interface Look {
  readonly tone: Tone;
  readonly icon: LucideIcon;
  readonly word: string;
  /** What it means, in a sentence. */
  readonly means: string;
}

const look = (tone: Tone, icon: LucideIcon, word: string, means: string): Look => ({
  tone,
  icon,
  word,
  means,
});

export const ORDER: Record<OrderStatus, Look> = {
  pending: look('moving', CircleDashed, 'pending', 'On its way to being confirmed'),
  requires_action: look(
    'people',
    CreditCard,
    'requires action',
    'The shopper must prove who they are at the bank',
  ),
  on_hold: look('people', PauseCircle, 'on hold', 'Waits for a person to review it'),
  confirmed: look(
    'moving',
    CircleCheck,
    'confirmed',
    'Stock committed, fraud cleared, money there; goods are on their way out',
  ),
  completed: look('good', CircleCheckBig, 'completed', 'Delivered, and the money settled'),
  canceled: look('undone', Ban, 'canceled', 'Everything was undone'),
  expired: look('undone', TimerOff, 'expired', 'Not confirmed before its deadline, and undone'),
};

export const PAYMENT: Record<PaymentStatus, Look> = {
  not_paid: look('waiting', CircleDashed, 'not paid', 'Nothing was asked of the bank'),
  awaiting: look('moving', Hourglass, 'awaiting', 'The bank is being asked'),
  requires_action: look(
    'people',
    CreditCard,
    'requires action',
    'The shopper must prove who they are at the bank',
  ),
  authorized: look('moving', Lock, 'authorised', 'Set aside on the card, not taken yet'),
  captured: look('good', CircleCheck, 'paid', 'Taken'),
  partially_refunded: look('undone', HandCoins, 'partly refunded', 'Some of it was given back'),
  refunded: look('undone', Undo2, 'refunded', 'All of it was given back'),
  disputed: look('people', CreditCard, 'disputed', 'The cardholder does not accept the charge'),
  canceled: look('undone', Ban, 'canceled', 'Ended without money'),
};

export const FULFILLMENT: Record<FulfillmentStatus, Look> = {
  not_fulfilled: look('waiting', Package, 'not shipped', 'Nothing has left the house'),
  on_hold: look('people', PauseCircle, 'on hold', 'Waits for people'),
  canceled: look('undone', PackageX, 'canceled', 'Nothing will leave'),
  partially_shipped: look('moving', Truck, 'partly shipped', 'Some of it has left'),
  shipped: look('moving', Truck, 'shipped', 'All of it is with a carrier'),
  partially_delivered: look('moving', PackageCheck, 'partly delivered', 'Some of it has arrived'),
  delivered: look('good', PackageCheck, 'delivered', 'All of it has arrived'),
  partially_returned: look('undone', RotateCcw, 'partly returned', 'Some of it came back'),
  returned: look('undone', RotateCcw, 'returned', 'All of it came back'),
};

export const REFUND: Record<RefundStatus, Look> = {
  pending: look('moving', Hourglass, 'pending', 'The bank is at it'),
  requires_action: look('people', CreditCard, 'requires action', 'The bank wants something from the shopper'),
  succeeded: look('good', CircleCheck, 'succeeded', 'Given back'),
  failed: look('failed', CircleX, 'failed', 'The bank refused'),
  canceled: look('undone', Ban, 'canceled', 'Called off'),
};

export const RETURN: Record<ReturnStatus, Look> = {
  requested: look('people', Eye, 'requested', 'Waits for the shop to agree'),
  declined: look('failed', CircleX, 'declined', 'The shop did not agree'),
  open: look('waiting', CircleDot, 'open', 'Agreed; goods are expected'),
  in_transit: look('moving', Truck, 'in transit', 'On its way back'),
  partially_received: look('moving', PackageCheck, 'partly received', 'Some of it is there'),
  received: look('good', PackageCheck, 'received', 'All of it is there'),
  closed: look('good', CircleCheckBig, 'closed', 'Nothing more comes'),
  canceled: look('undone', Ban, 'canceled', 'Nothing comes'),
};

export const REVIEW: Record<ReviewStatus, Look> = {
  open: look('people', Eye, 'open', 'Waits for a person'),
  approved: look('good', CircleCheck, 'approved', 'Let pass'),
  rejected: look('failed', CircleX, 'rejected', 'Stopped as fraudulent'),
  withdrawn: look('undone', Undo2, 'withdrawn', 'The order ended before anybody looked'),
};

export const ALERT: Record<AlertStatus, Look> = {
  firing: look('failed', BellRing, 'firing', 'Nobody looks after it'),
  acknowledged: look('people', Eye, 'acknowledged', 'Somebody looks after it'),
  resolved: look('good', CircleCheck, 'resolved', 'Over'),
};

export const SEVERITY: Record<Severity, Look> = {
  info: look('waiting', Info, 'info', 'Good to know'),
  warning: look('people', TriangleAlert, 'warning', 'Should be looked at'),
  critical: look('failed', CircleAlert, 'critical', 'Must be looked at now'),
};

export const CONDITION: Record<Condition, Look> = {
  in_stock: look('good', PackageCheck, 'in stock', 'Above its reorder point'),
  low_stock: look('people', TriangleAlert, 'low stock', 'At or under its reorder point'),
  out_of_stock: look('failed', PackageX, 'out of stock', 'Nothing may be sold'),
};

export const WORK: Record<WorkStatus, Look> = {
  open: look('waiting', Package, 'open', 'Waits to be picked'),
  in_progress: look('moving', Package, 'in progress', 'Being picked and packed'),
  on_hold: look('people', PauseCircle, 'on hold', 'Waits for people'),
  incomplete: look('people', CircleAlert, 'incomplete', 'Some of it was not found'),
  closed: look('good', Truck, 'shipped', 'It has left'),
  canceled: look('undone', PackageX, 'canceled', 'It will not leave'),
};

export const TRACKER: Record<TrackerStatus, Look> = {
  unknown: look('waiting', Package, 'unknown', 'The carrier knows nothing'),
  pre_transit: look('waiting', Package, 'label made', 'The carrier waits for it'),
  in_transit: look('moving', Truck, 'in transit', 'On its way'),
  out_for_delivery: look('moving', Truck, 'out for delivery', 'On the last van'),
  available_for_pickup: look('people', Clock, 'to be picked up', 'Waits for the shopper'),
  delivered: look('good', PackageCheck, 'delivered', 'It has arrived'),
  return_to_sender: look('undone', RotateCcw, 'returns to sender', 'It comes back'),
  failure: look('failed', CircleX, 'failed', 'It cannot be delivered'),
  cancelled: look('undone', Ban, 'canceled', 'The carrier was called off'),
  error: look('failed', CircleAlert, 'error', 'The carrier has lost track'),
};

export const RISK: Record<'normal' | 'elevated' | 'highest', Look> = {
  normal: look('good', CircleCheck, 'normal', 'Looks harmless'),
  elevated: look('people', ShieldAlert, 'elevated', 'Looks unusual'),
  highest: look('failed', ShieldAlert, 'highest', 'Looks fraudulent'),
};

/** Words of the API that this page does not know yet are shown as they are. */
export function lookOf(table: Readonly<Record<string, Look>>, status: string): Look {
  return table[status] ?? look('waiting', CircleDot, status.replace(/_/g, ' '), status);
}

/** Written out, so that the style sheet has them. */
export const TEXT: Record<Tone, string> = {
  waiting: 'text-waiting',
  moving: 'text-moving',
  people: 'text-people',
  good: 'text-good',
  undone: 'text-undone',
  failed: 'text-failed',
};
export const SOFT: Record<Tone, string> = {
  waiting: 'bg-waiting-soft',
  moving: 'bg-moving-soft',
  people: 'bg-people-soft',
  good: 'bg-good-soft',
  undone: 'bg-undone-soft',
  failed: 'bg-failed-soft',
};
export const FILL: Record<Tone, string> = {
  waiting: 'bg-waiting',
  moving: 'bg-moving',
  people: 'bg-people',
  good: 'bg-good',
  undone: 'bg-undone',
  failed: 'bg-failed',
};
/** The custom property behind each, for canvases. */
export const TOKEN: Record<Tone, string> = {
  waiting: '--waiting',
  moving: '--moving',
  people: '--people',
  good: '--good',
  undone: '--undone',
  failed: '--failed',
};

/** A status: icon, word and colour. `quiet` leaves the ground out, for tables. */
export function Status({ look: of, quiet = false }: { readonly look: Look; readonly quiet?: boolean }) {
  const Icon = of.icon;
  return (
    <span
      title={of.means}
      className={cx(
        'inline-flex items-center gap-1 whitespace-nowrap text-xs font-medium',
        TEXT[of.tone],
        !quiet && 'rounded-sm px-1.5 py-0.5',
        !quiet && SOFT[of.tone],
      )}
    >
      <Icon size={13} strokeWidth={2.1} aria-hidden className="shrink-0" />
      {of.word}
    </span>
  );
}
