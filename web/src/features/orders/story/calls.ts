import type { StoreEvent } from '@/api';
import type { Tone } from '@/ui';
import { words } from '@/ui';
import { operationWord, reasonText } from './bank-words';
import { dataOf, number, text } from './data';

/** One call to the bank and what came of it. */
export interface BankCall {
  /** What was asked for: payment, capture, release, refund, look-up. */
  readonly what: string;
  readonly attempt: number;
  readonly startedAt: string;
  /** When its outcome was known; null while it is under way. */
  readonly endedAt: string | null;
  readonly outcome: string;
  readonly tone: Tone;
  /** The bank's own words. */
  readonly said: string | null;
  /** What follows it, where something waits. */
  readonly next: { readonly text: string; readonly at: string } | null;
  /** The bank's ids for it. */
  readonly ids: readonly string[];
}

type Draft = { -readonly [K in keyof BankCall]: BankCall[K] };

/** Every call to the bank, out of an order's events. */
export function bankCalls(events: readonly StoreEvent[]): readonly BankCall[] {
  const calls: Draft[] = [];
  let open: Draft | null = null;
  let attempt = 1;
  let what = 'payment';
  const begin = (at: string, of: string, nth: number) => {
    open = {
      what: of,
      attempt: nth,
      startedAt: at,
      endedAt: null,
      outcome: 'under way',
      tone: 'moving',
      said: null,
      next: null,
      ids: [],
    };
    calls.push(open);
  };
  const end = (event: StoreEvent, outcome: string, tone: Tone, said: string | null = null) => {
    if (open === null) begin(event.at, what, attempt);
    const call = open as unknown as Draft;
    const data = dataOf(event);
    call.endedAt = event.at;
    call.outcome = outcome;
    call.tone = tone;
    call.said = said;
    call.ids = ['intent', 'charge', 'id'].flatMap((name) => text(data, name) ?? []);
    open = null;
  };
  for (const event of events) {
    const data = dataOf(event);
    const said = text(data, 'message');
    switch (event.type) {
      case 'payment.created':
        attempt = 1;
        what = 'payment';
        begin(event.at, what, 1);
        break;
      case 'payment.attempt_started':
        attempt = number(data, 'attempt') ?? 1;
        what = operationWord(text(data, 'operation'));
        // A refund that was just asked for is this attempt.
        if (open !== null && (open as Draft).what === what) (open as Draft).attempt = attempt;
        else begin(event.at, what, attempt);
        break;
      case 'payment.refund_requested':
        attempt = 1;
        what = 'refund';
        begin(event.at, what, 1);
        break;
      case 'payment.retry_started':
        begin(event.at, text(data, 'next') === 'inquire' ? 'look-up' : what, attempt);
        break;
      case 'payment.processed':
        end(event, (number(data, 'captured') ?? 0) > 0 ? 'succeeded' : 'authorised', 'good');
        break;
      case 'payment.captured':
      case 'payment.voided':
      case 'payment.refunded':
      case 'payment.refund_pending':
        end(event, event.type === 'payment.refund_pending' ? 'accepted' : 'succeeded', 'good');
        break;
      case 'payment.declined':
        end(
          event,
          `declined, ${words(text(data, 'decline_code') ?? text(data, 'code') ?? '').toLowerCase()}`,
          'failed',
          said,
        );
        break;
      case 'payment.requires_action':
        end(event, 'wants the shopper to prove who they are', 'people');
        break;
      case 'payment.capture_failed':
      case 'payment.refund_failed':
        end(event, 'failed', 'failed', said ?? text(data, 'code'));
        break;
      case 'payment.outcome_unknown':
        end(event, `outcome unknown: ${reasonText(text(data, 'reason'))}`, 'people', said);
        break;
      case 'payment.arrived_late':
        end(event, 'succeeded too late', 'people');
        break;
      case 'payment.cancel_requested':
      case 'payment.canceled':
      case 'payment.failed': {
        // What was waited for is not wanted any more.
        const last = calls.at(-1);
        if (last !== undefined) last.next = null;
        break;
      }
      case 'payment.retry_scheduled': {
        if (open !== null) end(event, reasonText(text(data, 'reason')), 'people', said);
        const last = calls.at(-1);
        const nextText = { send: 'sent again', inquire: 'looked up', attempt: 'attempted anew' }[
          text(data, 'next') ?? ''
        ];
        const at = text(data, 'at');
        if (last !== undefined && at !== null) {
          const isHeld = text(data, 'reason') === 'gateway_unavailable';
          last.next = {
            text: isHeld ? 'sent as soon as the bank takes calls' : (nextText ?? 'tried again'),
            at,
          };
        }
        break;
      }
      default:
        break;
    }
  }
  // Only the last can still wait for something.
  return calls.map((call, index) => (index === calls.length - 1 ? call : { ...call, next: null }));
}
