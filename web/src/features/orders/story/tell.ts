import type { StoreEvent } from '@/api';
import type { Tone } from '@/ui';
import { formatMoney, words } from '@/ui';
import { isBack, operationWord, reasonText } from './bank-words';
import { dataOf, number, piecesText, text } from './data';
import type { Data } from './data';

/** Which way something goes: on, back, or neither. */
export type Lane = 'forward' | 'undo' | 'note';

/** One thing that happened, as people tell it. */
export interface Moment {
  readonly event: StoreEvent;
  readonly lane: Lane;
  readonly tone: Tone;
  readonly title: string;
  readonly detail: string | null;
  /** Of interest to those who look closely: actors telling each other what has been said already. */
  readonly isMinor: boolean;
}

interface Told {
  readonly lane?: Lane;
  readonly tone?: Tone;
  readonly title: string;
  readonly detail?: string | null;
  readonly minor?: true;
}

type Teller = (data: Data, money: (name: string) => string) => Told;

const forward = (title: string, tone: Tone = 'moving', detail?: string | null): Told => ({
  lane: 'forward',
  tone,
  title,
  detail: detail ?? null,
});
const back = (title: string, tone: Tone = 'undone', detail?: string | null): Told => ({
  lane: 'undo',
  tone,
  title,
  detail: detail ?? null,
});
const minor = (title: string, lane: Lane = 'note'): Told => ({ lane, tone: 'waiting', title, minor: true });

function parcel(data: Data): string {
  const of = number(data, 'number');
  return of === null || of === 1 ? 'Parcel' : `Parcel ${of}`;
}

/** What each kind of event means to people. */
const TELLERS: Readonly<Record<string, Teller>> = {
  'order.created': (data) => {
    const cart = (data.cart ?? {}) as Data;
    const lines = Array.isArray(cart.lines) ? cart.lines.length : 0;
    return forward('Order taken', 'moving', `${lines} ${lines === 1 ? 'line' : 'lines'}`);
  },
  'inventory.reserved': (data) => forward('Stock held', 'moving', piecesText(data)),
  'inventory.reservation_extended': () => minor('Stock held longer'),
  'order.stock_held': () => minor('The order knows that its stock is held', 'forward'),
  'fraud.assessed': (data) => {
    const decision = text(data, 'decision');
    const rules = Array.isArray(data.rules) ? data.rules.filter((rule) => typeof rule === 'string') : [];
    const title = `Assessed: ${text(data, 'level') ?? 'unknown'}, ${number(data, 'score') ?? '?'} of 100`;
    const detail = rules.length === 0 ? null : `${decision ?? 'decided'} by ${rules.join(', ')}`;
    return forward(
      title,
      decision === 'block' ? 'failed' : decision === 'review' ? 'people' : 'good',
      detail,
    );
  },
  'order.cleared': () => minor('Let pass by fraud rules', 'forward'),
  'order.parked_for_review': () => minor('Parked for review', 'forward'),
  'fraud.review_opened': (data) =>
    forward('A person shall look at it', 'people', Array.isArray(data.rules) ? data.rules.join(', ') : null),
  'fraud.review_approved': (data) => forward('Review approved', 'good', text(data, 'note') ?? byText(data)),
  'fraud.review_rejected': (data) => back('Review rejected', 'failed', text(data, 'note') ?? byText(data)),
  'fraud.review_withdrawn': () => back('Review withdrawn'),
  'order.review_passed': () => minor('Passed its review', 'forward'),
  'order.review_withdrawn': () => minor('Nobody needs to look any more', 'undo'),
  'payment.created': (data, money) =>
    forward(`Payment of ${money('amount')} begins`, 'moving', text(data, 'method')),
  'payment.attempt_started': (data) => {
    const operation = text(data, 'operation');
    const title = `${words(operationWord(operation))}, attempt ${number(data, 'attempt') ?? '?'}`;
    return isBack(operation) ? back(title) : forward(title);
  },
  'payment.processed': (data, money) =>
    (number(data, 'captured') ?? 0) > 0
      ? forward(`Paid ${money('captured')}`, 'good', `attempt ${number(data, 'attempt') ?? '?'}`)
      : forward(
          `Authorised ${money('amount')}`,
          'good',
          `attempt ${number(data, 'attempt') ?? '?'}, taken when it ships`,
        ),
  'payment.captured': (_, money) => forward(`Captured ${money('amount')}`, 'good'),
  'payment.declined': (data) => {
    const why = text(data, 'decline_code') ?? text(data, 'code');
    const told = `Declined: ${words(why ?? 'no reason').toLowerCase()}`;
    return { ...forward(told, 'failed', text(data, 'message')) };
  },
  'payment.requires_action': () => forward('The shopper must prove who they are', 'people'),
  'payment.outcome_unknown': (data) => ({
    ...(isBack(text(data, 'operation'))
      ? back('Outcome unknown', 'people')
      : forward('Outcome unknown', 'people')),
    detail: `${reasonText(text(data, 'reason'))}; it will be looked up, not sent anew`,
  }),
  'payment.retry_scheduled': (data) => {
    const lane = isBack(text(data, 'operation')) ? back : forward;
    const next =
      { send: 'sent again', inquire: 'looked up', attempt: 'attempted anew' }[text(data, 'next') ?? ''] ??
      'tried again';
    const isHeld = text(data, 'reason') === 'gateway_unavailable';
    return lane(
      isHeld ? 'Waits until the bank takes calls again' : `Waits, then ${next}`,
      'people',
      `${reasonText(text(data, 'reason'))}, wait ${number(data, 'tries') ?? 1} in a row`,
    );
  },
  'payment.retry_started': (data) =>
    minor(text(data, 'next') === 'inquire' ? 'The bank is asked what became of it' : 'Sent again', 'forward'),
  'payment.cancel_requested': () => minor('The payment shall be undone', 'undo'),
  'payment.voided': () => back('Authorisation let go', 'good'),
  'payment.canceled': () => back('Payment called off, nothing was charged', 'good'),
  'payment.failed': (data) =>
    back('Payment failed', 'failed', words(text(data, 'reason') ?? '').toLowerCase()),
  'payment.capture_failed': (data) =>
    forward('Money could not be taken', 'failed', text(data, 'message') ?? text(data, 'code')),
  'payment.refund_requested': (data, money) =>
    back(`Refund of ${money('amount')} asked for`, 'undone', text(data, 'reason')),
  'payment.refund_pending': (_, money) => back(`Refund of ${money('amount')} accepted by the bank`, 'moving'),
  'payment.refunded': (_, money) => back(`Refunded ${money('amount')}`, 'good'),
  'payment.refund_failed': (data) =>
    back('Refund failed', 'failed', text(data, 'message') ?? text(data, 'code')),
  'payment.refund_check_started': () => minor('A refund is looked at again', 'undo'),
  'payment.refund_checked': () => minor('The refund stands', 'undo'),
  'payment.look_started': () =>
    minor('The bank told of a charge that nobody waits for; it is asked', 'forward'),
  'payment.look_ended': (data) =>
    data.again_at === undefined
      ? minor('The bank was asked what it told of', 'forward')
      : minor('The bank did not say what it told of; it is asked again', 'forward'),
  'payment.refunds_reported': () => minor('The order knows what was given back', 'undo'),
  'payment.trouble_reported': () => minor('People were told'),
  'payment.arrived_late': (_, money) => back(`${money('amount')} came too late, and goes back`, 'people'),
  'payment.disputed': (data, money) =>
    back(`The cardholder disputes ${money('amount')}`, 'people', text(data, 'reason')),
  'payment.dispute_updated': (data) =>
    back('The bank says more of the dispute', 'people', words(text(data, 'status') ?? '').toLowerCase()),
  'payment.dispute_reported': () => minor('The order knows whether its money is disputed', 'undo'),
  'order.disputed': () => minor('The order knows that its money is disputed', 'undo'),
  'order.dispute_ended': () => minor('Nobody disputes its money any more', 'undo'),
  'payment.integrity_failure': (_, money) =>
    back(`The bank took another amount, ${money('amount')}; it goes back`, 'failed'),
  'payment.charge_found': (_, money) =>
    back(`A stray charge of ${money('amount')} was found; it goes back`, 'people'),
  'order.payment_challenged': () => minor('The order waits for the shopper', 'forward'),
  'order.paid': () => minor('The order knows that the money is there', 'forward'),
  'order.paid_late': () => minor('The order knows that money came late', 'undo'),
  'order.confirmed': () => forward('Confirmed', 'good'),
  'order.completed': () => forward('Completed', 'good'),
  'order.canceled': (data) =>
    back(`Canceled: ${words(text(data, 'reason') ?? 'other').toLowerCase()}`, 'undone', text(data, 'detail')),
  'order.expired': () => back('Its deadline passed', 'undone', 'everything is undone'),
  'order.retry_requested': () => ({ lane: 'note', tone: 'moving', title: 'Somebody asked to try it now' }),
  'order.remainder_canceled': (data) => back('What has not left is canceled', 'undone', text(data, 'reason')),
  'order.stock_released': () => minor('The order holds no stock any more', 'undo'),
  'order.payment_undone': () => minor('No money of it is with the shop any more', 'undo'),
  'order.refunds_changed': () => minor('The order knows what was given back', 'undo'),
  'order.capture_requested': () => minor('A parcel waits for the money to be taken', 'forward'),
  'order.captured': () => minor('The order knows that the money was taken', 'forward'),
  'order.capture_failed': (data) =>
    text(data, 'retry_at') === null
      ? forward('Its parcels wait for people to see to the money', 'people', text(data, 'code'))
      : minor('The order knows that the money cannot be taken, and will try again', 'forward'),
  'order.capture_retried': () => minor('The money is tried for again', 'forward'),
  'order.shipping_resumed': () => minor('The order knows that its parcels go on', 'forward'),
  'order.trouble_reported': () => minor('People were told about its money'),
  'order.shipped': () => minor('A parcel may leave', 'forward'),
  'order.fulfillment_updated': () => minor('The order knows how far its goods are', 'forward'),
  'order.fulfillment_canceled': () => minor('Nothing more will leave', 'undo'),
  'order.lines_unpaid': (data) =>
    back('What will not leave cannot be paid back', 'people', text(data, 'why')),
  'order.lines_refunded': () => minor('What will not leave is paid back', 'undo'),
  'order.goods_returned': () => minor('The order knows what came back', 'undo'),
  'inventory.updated': (data) => {
    switch (text(data, 'change')) {
      case 'committed':
        return forward('Stock committed', 'moving', piecesText(data));
      case 'shipped':
        return { ...forward('Stock left the building', 'moving', piecesText(data)), minor: true };
      case 'returned':
        return back('Stock came back', 'undone', piecesText(data));
      default:
        return minor('Stock changed');
    }
  },
  'inventory.backorder_allocated': (data) =>
    forward('What it waited for is there', 'moving', piecesText(data)),
  'inventory.backorder_dropped': () => back('It no longer waits for stock'),
  'inventory.backorder_reported': () => minor('Fulfilment knows that the stock is there', 'forward'),
  'inventory.released': (data) => back('Stock released', 'undone', piecesText(data)),
  'inventory.threshold_reached': (data) => ({
    lane: 'note',
    tone: 'people',
    title: `${text(data, 'sku') ?? 'A SKU'} is ${words(text(data, 'condition') ?? '').toLowerCase()}`,
    minor: true,
  }),
  'fulfillment.opened': () => minor('There is work to pick', 'forward'),
  'fulfillment.picking_started': (data) => forward(`${parcel(data)}: picking`),
  'fulfillment.picked': () => minor('Picked', 'forward'),
  'fulfillment.packing_started': () => minor('Packing', 'forward'),
  'fulfillment.packed': (data) => forward(`${parcel(data)}: packed`),
  'fulfillment.ready_to_ship': () => minor('Ready to ship', 'forward'),
  'fulfillment.held': (data) =>
    forward(
      `${parcel(data)} waits for people`,
      'people',
      text(data, 'note') ?? words(text(data, 'reason') ?? '').toLowerCase(),
    ),
  'fulfillment.released': (data) => forward(`${parcel(data)} goes on`),
  'fulfillment.split': (data) => forward(`${parcel(data)} was made into two`),
  'fulfillment.picked_short': (data) => forward(`${parcel(data)}: some pieces were not found`, 'people'),
  'fulfillment.given_up': (data) => back(`${parcel(data)} given up`),
  'fulfillment.dispatch_requested': () => minor('Somebody gave it to a carrier', 'forward'),
  'fulfillment.closed': () => minor('It has left', 'forward'),
  'fulfillment.canceled': (data) => back(`${parcel(data)} will not leave`),
  'fulfillment.stock_arrived': (data) => forward(`${parcel(data)}: its stock is there`),
  'fulfillment.payment_awaited': () => minor('Its parcels wait for the money', 'forward'),
  'fulfillment.payment_arrived': () => minor('Its parcels know that the money is there', 'forward'),
  'fulfillment.reported': () => minor('The order was told how far its goods are', 'forward'),
  'shipment.created': (data) =>
    forward(
      `${parcel(data)} handed to ${text(data, 'carrier') ?? 'a carrier'}`,
      'moving',
      text(data, 'tracking_code'),
    ),
  'shipment.in_transit': (data) => forward(`${parcel(data)} in transit`),
  'shipment.out_for_delivery': (data) => forward(`${parcel(data)} out for delivery`),
  'shipment.delivered': (data) => forward(`${parcel(data)} delivered`, 'good'),
  'shipment.attempt_failed': (data) => forward(`${parcel(data)} brought in vain`, 'people'),
  'shipment.returned': (data) => back(`${parcel(data)} comes back`),
  'shipment.failed': (data) => back(`${parcel(data)} cannot be delivered`, 'failed'),
  'shipment.taken_back': (data) => back(`${parcel(data)} is back in the house`, 'undone', piecesText(data)),
  'shipment.lost': (data) => back(`${parcel(data)} is lost`, 'failed'),
  'shipment.stock_booked': () => minor('What came back is in the stock', 'undo'),
  'shipment.stock_refused': () => back('What came back cannot be booked', 'failed'),
  'shipment.eta_changed': () => minor('Its carrier expects it at another time', 'forward'),
  'shipment.scanned': () => minor('Seen by its carrier', 'forward'),
  'shipment.stalled': (data) => forward(`${parcel(data)} was not seen for too long`, 'people'),
  'shipment.trouble_reported': () => minor('People were told'),
  'return.requested': () => back('Return asked for', 'people'),
  'return.approved': () => back('Return agreed to'),
  'return.declined': (data) => ({
    lane: 'note',
    tone: 'failed',
    title: 'Return declined',
    detail: text(data, 'note'),
  }),
  'return.shipped': () => back('Goods are on their way back', 'moving'),
  'return.received': (data) => back('Goods came back', 'good', piecesText(data)),
  'return.stock_booked': () => minor('What came back is in the stock', 'undo'),
  'return.stock_refused': () => back('What came back cannot be booked', 'failed'),
  'return.refund_requested': () => minor('The money for it is asked back', 'undo'),
  'return.refund_refused': (data) =>
    data.is_still_owed === true
      ? back('What is owed for it cannot go back', 'failed', text(data, 'why'))
      : back('Nothing goes back for it', 'people'),
  'return.refund_retried': () => minor('Giving the money back is tried again', 'undo'),
  'return.refund_failed': () => back('The bank did not give the money back', 'failed'),
  'return.stock_retried': () => minor('Booking what came back is tried again', 'undo'),
  'return.trouble_reported': () => minor('People were told about its stock', 'undo'),
  'return.reported': () => minor('The order knows what came back', 'undo'),
  'return.closed': () => back('Return closed', 'good'),
  'return.canceled': () => ({ lane: 'note', tone: 'undone', title: 'Return called off' }),
};

function byText(data: Data): string | null {
  const by = text(data, 'by');
  return by === null ? null : by === 'lapse' ? 'nobody looked in time' : `by a ${by}`;
}

/** An event as people tell it. Kinds that this page does not know are named as they are. */
export function tell(event: StoreEvent, currency: string): Moment {
  const data = dataOf(event);
  const money = (name: string) => formatMoney(number(data, name) ?? 0, currency);
  const told: Told = TELLERS[event.type]?.(data, money) ?? { title: words(event.type) };
  return {
    event,
    lane: told.lane ?? 'note',
    tone: told.tone ?? 'waiting',
    title: told.title,
    detail: told.detail === undefined || told.detail === '' ? null : told.detail,
    isMinor: told.minor ?? false,
  };
}

/** Kinds of events that have words of their own. */
export const KNOWN_KINDS: readonly string[] = Object.keys(TELLERS);
