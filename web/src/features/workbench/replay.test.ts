import { expect, it } from 'vitest';
import type { Event as StoreEvent } from '@/api';
import { GAP_MAX_MS, GAP_MIN_MS, reelOf, shownAt, stepFrom } from './replay';

const at = (ms: number) => ({ at: new Date(ms).toISOString() }) as StoreEvent;

it('what is quick can be seen, and what is slow is not waited for', () => {
  const reel = reelOf([at(0), at(1), at(1_501), at(9_000_000)]);
  expect(reel.marks).toEqual([0, GAP_MIN_MS, GAP_MIN_MS + 1_500, GAP_MIN_MS + 1_500 + GAP_MAX_MS]);
  expect([0, GAP_MIN_MS - 1, GAP_MIN_MS, reel.length].map((place) => shownAt(reel, place))).toEqual([
    1, 1, 2, 4,
  ]);
  expect(stepFrom(reel, 0, 1)).toBe(GAP_MIN_MS);
  expect(stepFrom(reel, 0, -1)).toBe(0);
  expect(stepFrom(reel, reel.length, 1)).toBe(reel.length);
  expect(reelOf([]).length).toBe(0);
});
