import type { StoreEvent } from '@/api';
import { dataOf, number, text } from './data';

/** A movement of money. */
export interface MoneyEntry {
  readonly kind: 'authorised' | 'captured' | 'released' | 'refunded';
  readonly amount: number;
  readonly at: string;
}

export interface MoneyLedger {
  readonly entries: readonly MoneyEntry[];
  readonly authorised: number;
  readonly captured: number;
  readonly refunded: number;
  readonly net: number;
  /** Nobody knows whether so much was taken: the bank did not answer, and was not heard of since. */
  readonly atRisk: number;
}

/** Every movement of an order's money, out of its events. */
export function moneyLedger(events: readonly StoreEvent[]): MoneyLedger {
  const entries: MoneyEntry[] = [];
  let due = 0;
  let [authorised, captured, refunded, atRisk] = [0, 0, 0, 0];
  for (const event of events) {
    const data = dataOf(event);
    const amount = number(data, 'amount') ?? 0;
    switch (event.type) {
      case 'payment.created':
        due = amount;
        break;
      case 'payment.processed':
      case 'payment.arrived_late': {
        const taken = number(data, 'captured') ?? 0;
        authorised += amount;
        entries.push({ kind: 'authorised', amount, at: event.at });
        if (taken > 0) {
          captured += taken;
          entries.push({ kind: 'captured', amount: taken, at: event.at });
        }
        atRisk = 0;
        break;
      }
      case 'payment.captured':
        captured += amount;
        entries.push({ kind: 'captured', amount, at: event.at });
        break;
      case 'payment.voided':
        entries.push({ kind: 'released', amount: authorised - captured, at: event.at });
        authorised = captured;
        break;
      case 'payment.refunded':
        refunded += amount;
        entries.push({ kind: 'refunded', amount, at: event.at });
        break;
      case 'payment.outcome_unknown':
        if (text(data, 'operation') === 'authorize') atRisk = due;
        break;
      case 'payment.declined':
      case 'payment.failed':
      case 'payment.canceled':
      case 'payment.requires_action':
        atRisk = 0;
        break;
      case 'payment.retry_scheduled':
        // It was looked up, and nothing was there.
        if (text(data, 'reason') === 'not_found' || text(data, 'reason') === 'not_done') atRisk = 0;
        break;
      default:
        break;
    }
  }
  return { entries, authorised, captured, refunded, net: captured - refunded, atRisk };
}
