import { ArrowRight, CircleCheckBig, Hourglass, UserRound } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Fulfillment, Order, StoreEvent, Tracking } from '@/api';
import { TEXT, Time, Until, cx, words } from '@/ui';
import type { Tone } from '@/ui';
import type { BankCall } from './story';

interface Props {
  readonly order: Order;
  readonly events: readonly StoreEvent[];
  readonly calls: readonly BankCall[];
  readonly fulfillments: readonly Fulfillment[];
  readonly tracking: Tracking | undefined;
}

interface Said {
  readonly tone: Tone;
  readonly text: ReactNode;
}

/** What an order waits for, and until when. */
export function Next(props: Props) {
  const said = nextOf(props);
  const Icon =
    said.tone === 'people'
      ? UserRound
      : said.tone === 'good'
        ? CircleCheckBig
        : said.tone === 'waiting'
          ? ArrowRight
          : Hourglass;
  return (
    <p className="flex items-start gap-2 border-t px-4 py-2.5 text-sm" data-testid="order-next">
      <Icon size={15} className={cx('mt-0.5 shrink-0', TEXT[said.tone])} aria-hidden />
      <span className="min-w-0">{said.text}</span>
    </p>
  );
}

function nextOf({ order, events, calls, fulfillments, tracking }: Props): Said {
  const call = calls.at(-1);
  const isWaiting = call?.next !== null && call?.next !== undefined;
  const bankWait = isWaiting ? (
    <>
      The {call.what} waits: {call.outcome}. It is {call.next?.text}{' '}
      <Until at={call.next?.at ?? order.deadline} /> (
      <Time at={call.next?.at ?? order.deadline} />
      ).
    </>
  ) : null;
  switch (order.status) {
    case 'pending': {
      const deadline = (
        <>
          {' '}
          It must be confirmed <Until at={order.deadline} />, or it is undone.
        </>
      );
      if (bankWait !== null)
        return {
          tone: 'people',
          text: (
            <>
              {bankWait}
              {deadline}
            </>
          ),
        };
      if (call?.endedAt === null)
        return {
          tone: 'moving',
          text: (
            <>
              The bank is being asked, {call.what} attempt {call.attempt}.{deadline}
            </>
          ),
        };
      return { tone: 'moving', text: <>On its way to being confirmed.{deadline}</> };
    }
    case 'requires_action':
      return {
        tone: 'people',
        text: (
          <>
            The shopper must prove who they are at the bank <Until at={order.deadline} /> (
            <Time at={order.deadline} />
            ), or the order is undone.
          </>
        ),
      };
    case 'on_hold': {
      const opened = events.findLast((event) => event.type === 'fraud.review_opened');
      const data = (opened?.data ?? {}) as { due_at?: string; on_lapse?: string };
      return {
        tone: 'people',
        text: (
          <>
            Waits for a person to approve or reject it
            {data.due_at !== undefined && (
              <>
                ; <Until at={data.due_at} /> it is {data.on_lapse === 'approve' ? 'approved' : 'rejected'} by
                itself
              </>
            )}
            .
          </>
        ),
      };
    }
    case 'confirmed': {
      if (bankWait !== null) return { tone: 'people', text: bankWait };
      const held = fulfillments.find((one) => one.status === 'on_hold');
      if (held !== undefined) {
        return {
          tone: 'people',
          text: (
            <>
              A parcel waits for people:{' '}
              {held.hold?.note ?? words(held.hold?.reason ?? 'on hold').toLowerCase()}.
            </>
          ),
        };
      }
      const working = fulfillments.find((one) => one.next_at !== null && one.status !== 'canceled');
      if (working?.next_at !== null && working?.next_at !== undefined) {
        const what = working.shipment === null ? 'The parcel goes on' : 'The carrier is expected to move it';
        return {
          tone: 'moving',
          text: (
            <>
              {what} <Until at={working.next_at} />
              {tracking?.eta !== null && tracking?.eta !== undefined && (
                <>
                  ; it should be there <Until at={tracking.eta} /> (<Time at={tracking.eta} />)
                </>
              )}
              .
            </>
          ),
        };
      }
      const byHand = fulfillments.find((one) => one.mode === 'manual' && one.legal.length > 0);
      if (byHand !== undefined)
        return {
          tone: 'people',
          text: <>Waits for people to pick, pack and ship it: see Fulfilment below.</>,
        };
      return { tone: 'moving', text: <>Its goods are on their way out.</> };
    }
    case 'completed':
      return { tone: 'good', text: <>Delivered and settled. Nothing is owed; goods may still come back.</> };
    case 'canceled':
    case 'expired': {
      if (bankWait !== null) return { tone: 'people', text: bankWait };
      const owed = order.amount_captured - order.amount_refunded;
      if (owed > 0) return { tone: 'moving', text: <>It is being undone: money goes back.</> };
      return { tone: 'waiting', text: <>Undone. No stock is held and no money is with the shop.</> };
    }
  }
}
