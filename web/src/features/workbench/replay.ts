import type { Event as StoreEvent } from '@/api';

/*
 * One order's life as it can be watched: events keep their order and their times, but what took microseconds lasts long
 * enough to be seen, and nobody waits through days.
 */

/** A gap between two events lasts at least so long, in milliseconds, at ordinary speed. */
export const GAP_MIN_MS = 350;
/** ... and at most so long. */
export const GAP_MAX_MS = 4_000;
export const SPEEDS = [0.25, 0.5, 1, 2, 5, 10, 100] as const;

export interface Reel {
  readonly events: readonly StoreEvent[];
  /** When each is shown, from 0. */
  readonly marks: readonly number[];
  readonly length: number;
}

export function reelOf(events: readonly StoreEvent[]): Reel {
  const marks: number[] = [];
  let at = 0;
  events.forEach((event, nth) => {
    const before = events[nth - 1];
    if (before !== undefined) {
      const gap = Date.parse(event.at) - Date.parse(before.at);
      at += Math.min(GAP_MAX_MS, Math.max(GAP_MIN_MS, gap));
    }
    marks.push(at);
  });
  return { events, marks, length: at };
}

/** How many events were shown at a place. */
export function shownAt(reel: Reel, place: number): number {
  let count = 0;
  while (count < reel.marks.length && (reel.marks[count] ?? 0) <= place) count += 1;
  return count;
}

/** The place of the event before or after. */
export function stepFrom(reel: Reel, place: number, by: 1 | -1): number {
  const shown = shownAt(reel, place);
  const target = Math.min(Math.max(shown - 1 + by, 0), reel.events.length - 1);
  return reel.marks[target] ?? 0;
}
