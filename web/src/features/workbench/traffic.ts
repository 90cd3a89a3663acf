import type { Event as StoreEvent, Skipped } from '@/api';
import type { Atlas } from './whereabouts';

/*
 * What goes where right now. Events are counted as they come; what is drawn of them is bounded whatever comes: a way has at
 * most a few dots at once, and a dot that stands for many carries the number.
 */

export interface Dot {
  readonly way: string;
  readonly type: string;
  /** When it set out. */
  readonly at: number;
  /** How many events it stands for. */
  count: number;
  readonly isFailure: boolean;
  /** The last of them. */
  event: StoreEvent;
}

/** How long a dot travels, in milliseconds. */
export const TRAVEL_MS = 900;
/** On one way, dots set out at most so often. */
const GAP_MS = 130;
/** How long a node shows that something arrived. */
export const GLOW_MS = 500;
/** Rates are over so long. */
const WINDOW_S = 10;
/** The most events that are kept to look at. */
const KEPT_MAX = 3_000;

interface Rate {
  readonly counts: Float64Array;
  second: number;
}

/** When something was last at a node, and when something is there next. */
interface Arrival {
  last: number;
  next: number;
}

/** An event, and where it was seen. */
export interface Seen {
  readonly event: StoreEvent;
  readonly way: string | null;
  readonly node: string | null;
  readonly isFailure: boolean;
}

export class Traffic {
  #atlas: Atlas;
  #wayOf: ReadonlyMap<string, string>;
  #dots: Dot[] = [];
  readonly #last = new Map<string, Dot>();
  readonly #rates = new Map<string, Rate>();
  readonly #glow = new Map<string, Arrival>();
  #seen: Seen[] = [];
  /** The last of each type: those that are only counted go where it went. */
  readonly #lastOf = new Map<string, Seen>();
  #heard = 0;
  #newest = 0;

  constructor(atlas: Atlas, wayOf: ReadonlyMap<string, string>) {
    this.#atlas = atlas;
    this.#wayOf = wayOf;
  }

  /** Looks at another part of the graph: what is on its way there is forgotten. */
  look(atlas: Atlas, wayOf: ReadonlyMap<string, string>): void {
    if (this.#atlas === atlas && this.#wayOf === wayOf) return;
    this.#atlas = atlas;
    this.#wayOf = wayOf;
    this.#dots = [];
    this.#last.clear();
    this.#rates.clear();
    this.#lastOf.clear();
    const seen = this.#seen.map(({ event }) => this.#place(event));
    this.#seen = seen;
  }

  #place(event: StoreEvent): Seen {
    const { edge, node, isFailure } = this.#atlas.locate(event);
    const way = edge === null ? null : (this.#wayOf.get(edge.id) ?? null);
    return { event, way, node, isFailure };
  }

  /** Takes what happened before anybody looked: it is listed, and travels no more. */
  remember(events: readonly StoreEvent[]): void {
    this.#seen = events
      .map((event) => this.#place(event))
      .concat(this.#seen)
      .slice(-KEPT_MAX);
  }

  /** Takes a part of what happened; what was left out of it goes the ways of its like. */
  hear(events: readonly StoreEvent[], now: number, skipped: Skipped | null = null): void {
    const seen = events.map((event) => this.#place(event));
    for (const one of seen) {
      if (one.node !== null) this.#arrive(one.node, one.way === null ? now : now + TRAVEL_MS, now);
      if (one.way === null) continue;
      this.#count(one.way, now);
      if (one.isFailure) this.#count(failuresOf(one.way), now);
      this.#depart(one as Seen & { way: string }, now);
    }
    for (const one of seen) this.#lastOf.set(one.event.type, one);
    for (const [type, count] of skipped?.types ?? []) this.#standIn(type, count, seen, now);
    this.#seen = this.#seen.concat(seen).slice(-KEPT_MAX);
    this.#heard += events.length + (skipped?.total ?? 0);
    this.#newest = Math.max(this.#newest, events.at(-1)?.sequence ?? 0, skipped?.to ?? 0);
  }

  /** So many more of a type, spread over the ways that those of this part went. */
  #standIn(type: string, count: number, seen: readonly Seen[], now: number): void {
    const like = seen.filter((one) => one.event.type === type);
    const last = this.#lastOf.get(type);
    const ways = like.length > 0 ? like : last === undefined ? [] : [last];
    for (const [nth, one] of ways.entries()) {
      const more = Math.floor((count + nth) / ways.length);
      if (one.way === null || more === 0) continue;
      this.#count(one.way, now, more);
      if (one.isFailure) this.#count(failuresOf(one.way), now, more);
      this.#depart(one as Seen & { way: string }, now, more);
    }
  }

  #depart({ way, event, isFailure }: Seen & { way: string }, now: number, count = 1): void {
    const last = this.#last.get(way);
    if (last !== undefined && now - last.at < GAP_MS && last.isFailure === isFailure) {
      last.count += count;
      last.event = event;
      return;
    }
    const dot: Dot = { way, type: event.type, at: now, count, isFailure, event };
    this.#last.set(way, dot);
    this.#dots.push(dot);
  }

  /** Something will be at a node: the first to come is the one that is shown. */
  #arrive(node: string, at: number, now: number): void {
    const known = this.#glow.get(node);
    if (known === undefined) {
      this.#glow.set(node, { last: -Infinity, next: at });
      return;
    }
    if (known.next > now) return;
    known.last = known.next;
    known.next = at;
  }

  #count(way: string, now: number, more = 1): void {
    const second = Math.floor(now / 1_000);
    let rate = this.#rates.get(way);
    if (rate === undefined) this.#rates.set(way, (rate = { counts: new Float64Array(WINDOW_S), second }));
    advance(rate, second);
    const place = second % WINDOW_S;
    rate.counts[place] = (rate.counts[place] ?? 0) + more;
  }

  /** What is on its way. */
  dots(now: number): readonly Dot[] {
    const first = this.#dots[0];
    if (first !== undefined && now - first.at > TRAVEL_MS) {
      this.#dots = this.#dots.filter((dot) => now - dot.at <= TRAVEL_MS);
    }
    return this.#dots;
  }

  /** How much of a node's glow is left, 0 to 1. */
  glow(node: string, now: number): number {
    const known = this.#glow.get(node);
    if (known === undefined) return 0;
    const at = known.next <= now ? known.next : known.last;
    return Math.max(0, 1 - (now - at) / GLOW_MS);
  }

  get isMoving(): boolean {
    return this.#dots.length > 0;
  }

  /** Events a second along a way, over the last ten seconds. */
  rate(way: string, now: number): number {
    const rate = this.#rates.get(way);
    if (rate === undefined) return 0;
    advance(rate, Math.floor(now / 1_000));
    return rate.counts.reduce((sum, count) => sum + count, 0) / WINDOW_S;
  }

  /** What was heard, oldest first. */
  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** The newest event that was heard of, by itself or in a number; nought before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** How many events were heard in all. */
  get heard(): number {
    return this.#heard;
  }

  /** Forgets everything, as when somebody jumps in time. */
  clear(): void {
    this.#seen = [];
    this.#dots = [];
    this.#last.clear();
    this.#glow.clear();
  }
}

/** Under what the failures of a way are counted. */
export const failuresOf = (way: string) => `${way}!`;

/** Empties the seconds that have passed since. */
function advance(rate: Rate, second: number): void {
  const passed = Math.min(second - rate.second, WINDOW_S);
  for (let nth = 1; nth <= passed; nth += 1) rate.counts[(rate.second + nth) % WINDOW_S] = 0;
  rate.second = Math.max(rate.second, second);
}

/** What a topic's dots look like: one colour a subject. */
export function tokenOf(type: string, isFailure: boolean): string {
  if (isFailure) return '--failed';
  switch (type.slice(0, type.indexOf('.'))) {
    case 'order':
      return '--accent';
    case 'payment':
      return '--moving';
    case 'inventory':
      return '--good';
    case 'fraud':
      return '--people';
    case 'return':
      return '--undone';
    case 'alert':
      return '--failed';
    default:
      return '--waiting';
  }
}
