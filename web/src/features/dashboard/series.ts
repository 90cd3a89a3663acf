import type { Skipped, StoreEvent } from '@/api';

/** Seconds that are remembered. */
export const KEPT_S = 20 * 60;
/** Every figure is about so many seconds before its moment. */
export const TRAILING_S = 60;
/** Waits that are remembered of one second; more of them say nothing new. */
const SAMPLES_MAX = 40;

/** The kinds of events that a series is made of. */
export const KINDS: readonly string[] = [
  'order.created',
  'order.confirmed',
  'order.canceled',
  'order.expired',
  'payment.processed',
  'payment.captured',
  'payment.refunded',
  'payment.declined',
  'payment.failed',
  'payment.retry_scheduled',
  'payment.outcome_unknown',
];

/** For so long after events were left out, the figures are compared with what was heard. */
const NET_AFTER_MS = 15_000;

interface Second {
  taken: number;
  confirmed: number;
  undone: number;
  /** Minor units taken less given back. */
  revenue: number;
  succeeded: number;
  declined: number;
  putOff: number;
  settledMs: number[];
}

/** Figures along time: at each moment those of the minute before it. */
export interface Window {
  /** Seconds since 1970. */
  readonly at: number[];
  readonly taken: (number | null)[];
  readonly confirmed: (number | null)[];
  readonly undone: (number | null)[];
  readonly revenue: (number | null)[];
  readonly succeeded: (number | null)[];
  readonly declined: (number | null)[];
  readonly putOff: (number | null)[];
  readonly settleP50: (number | null)[];
  readonly settleP99: (number | null)[];
}

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** When an id was made, in milliseconds: ids are ULIDs and begin with it. */
export function madeAt(id: string): number | null {
  const body = id.slice(id.indexOf('_') + 1, id.indexOf('_') + 11);
  if (body.length !== 10) return null;
  let ms = 0;
  for (const letter of body) {
    const digit = ALPHABET.indexOf(letter);
    if (digit === -1) return null;
    ms = ms * 32 + digit;
  }
  return ms;
}

function amount(data: unknown, name: string): number {
  const value = (data as Record<string, unknown> | null)?.[name];
  return typeof value === 'number' ? value : 0;
}

/** What happened in each of the last seconds. */
export class Series {
  readonly #seconds = new Map<number, Second>();
  /** From when on everything is known, in seconds since 1970. */
  #since: number;
  /** The store's money when its figures were last read, and what events brought since. */
  #net: number | null = null;
  #heard = 0;
  #skippedAt = -Infinity;

  constructor(since: number) {
    this.#since = since;
  }

  /** More of the past is known now. */
  knowSince(since: number): void {
    this.#since = Math.min(this.#since, since);
  }

  add(event: StoreEvent): void {
    if (!KINDS.includes(event.type)) return;
    const at = Date.parse(event.at);
    const second = this.#second(Math.floor(at / 1_000));
    const revenue = second.revenue;
    switch (event.type) {
      case 'order.created':
        second.taken += 1;
        break;
      case 'order.confirmed': {
        second.confirmed += 1;
        const made = madeAt(event.order_id ?? event.subject);
        if (made !== null && second.settledMs.length < SAMPLES_MAX)
          second.settledMs.push(Math.max(0.5, at - made));
        break;
      }
      case 'order.canceled':
      case 'order.expired':
        second.undone += 1;
        break;
      case 'payment.processed':
        second.succeeded += 1;
        second.revenue += amount(event.data, 'captured');
        break;
      case 'payment.captured':
        second.revenue += amount(event.data, 'amount');
        break;
      case 'payment.refunded':
        second.revenue -= amount(event.data, 'amount');
        break;
      case 'payment.declined':
        second.declined += 1;
        break;
      case 'payment.retry_scheduled':
      case 'payment.outcome_unknown':
        second.putOff += 1;
        break;
      default:
        break;
    }
    this.#heard += second.revenue - revenue;
  }

  /** Takes what was left out of the stream. Money is not counted there: {@link knowNet} puts it in. */
  addSkipped({ types, at }: Skipped, now: number): void {
    const second = this.#second(Math.floor((at === null ? now : Date.parse(at)) / 1_000));
    const count = (...names: readonly string[]) =>
      names.reduce((sum, name) => sum + (types.get(name) ?? 0), 0);
    second.taken += count('order.created');
    second.confirmed += count('order.confirmed');
    second.undone += count('order.canceled', 'order.expired');
    second.succeeded += count('payment.processed');
    second.declined += count('payment.declined');
    second.putOff += count('payment.retry_scheduled', 'payment.outcome_unknown');
    this.#skippedAt = now;
  }

  /** All money of the store, as its figures say. Where events were left out, what they brought is what is missing. */
  knowNet(net: number, now: number): void {
    const before = this.#net;
    if (before !== null && now - this.#skippedAt < NET_AFTER_MS) {
      this.#second(Math.floor(now / 1_000)).revenue += net - before - this.#heard;
    }
    this.#net = net;
    this.#heard = 0;
  }

  /** Forgets what is too old to be shown. */
  prune(now: number): void {
    const oldest = Math.floor(now / 1_000) - KEPT_S;
    for (const at of this.#seconds.keys()) if (at < oldest) this.#seconds.delete(at);
  }

  /** Figures of `span` seconds up to now, one every `step` seconds. */
  window(now: number, span: number, step: number): Window {
    const end = Math.floor(now / 1_000);
    const window: Window = {
      at: [],
      taken: [],
      confirmed: [],
      undone: [],
      revenue: [],
      succeeded: [],
      declined: [],
      putOff: [],
      settleP50: [],
      settleP99: [],
    };
    // Moments are whole steps, so that a figure once shown stays the same as time goes on; only the last is now.
    const first = Math.ceil((end - span) / step) * step;
    for (let at = first; at < end; at += step) this.#put(window, at);
    this.#put(window, end);
    return window;
  }

  #put(window: Window, at: number): void {
    window.at.push(at);
    const isKnown = at - TRAILING_S >= this.#since;
    let [taken, confirmed, undone, revenue, succeeded, declined, putOff] = [0, 0, 0, 0, 0, 0, 0];
    const settled: number[] = [];
    for (let second = at - TRAILING_S + 1; second <= at; second += 1) {
      const of = this.#seconds.get(second);
      if (of === undefined) continue;
      taken += of.taken;
      confirmed += of.confirmed;
      undone += of.undone;
      revenue += of.revenue;
      succeeded += of.succeeded;
      declined += of.declined;
      putOff += of.putOff;
      settled.push(...of.settledMs);
    }
    settled.sort((a, b) => a - b);
    const known = (value: number) => (isKnown ? value : null);
    window.taken.push(known(taken));
    window.confirmed.push(known(confirmed));
    window.undone.push(known(undone));
    window.revenue.push(known(Math.max(0, revenue)));
    window.succeeded.push(known(succeeded));
    window.declined.push(known(declined));
    window.putOff.push(known(putOff));
    window.settleP50.push(isKnown ? quantile(settled, 0.5) : null);
    window.settleP99.push(isKnown ? quantile(settled, 0.99) : null);
  }

  #second(at: number): Second {
    let second = this.#seconds.get(at);
    if (second === undefined) {
      second = {
        taken: 0,
        confirmed: 0,
        undone: 0,
        revenue: 0,
        succeeded: 0,
        declined: 0,
        putOff: 0,
        settledMs: [],
      };
      this.#seconds.set(at, second);
    }
    return second;
  }
}

/** The least value that so large a share does not exceed; null of none. */
export function quantile(sorted: readonly number[], share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? null;
}
