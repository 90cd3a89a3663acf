import { expect, it } from 'vitest';
import type { Review } from '@/api';
import { after, inOrder, urgency, usedUp } from './queue';

const review = (id: string, due: string) =>
  ({ id, opened_at: '2026-11-21T12:00:00.000000Z', due_at: due }) as Review;
const at = (minute: number) => `2026-11-21T12:${String(minute).padStart(2, '0')}:00.000000Z`;

it('what lapses first is first', () => {
  const queue = inOrder([review('c', at(30)), review('b', at(10)), review('a', at(30))]);
  expect(queue.map((one) => one.id)).toEqual(['b', 'a', 'c']);
});

it('the clock runs from opening to lapse, and not beyond', () => {
  const one = review('a', at(40));
  const used = [-5, 0, 10, 20, 36, 40, 59].map((minute) => usedUp(one, Date.UTC(2026, 10, 21, 12, minute)));
  expect(used).toEqual([0, 0, 0.25, 0.5, 0.9, 1, 1]);
  expect(used.map(urgency)).toEqual([
    'waiting',
    'waiting',
    'waiting',
    'people',
    'failed',
    'failed',
    'failed',
  ]);
  expect(usedUp(review('a', at(0)), 0)).toBe(1);
});

it('after a decision the next is shown, or the one before where it was the last', () => {
  const queue = [review('a', at(1)), review('b', at(2)), review('c', at(3))];
  expect(after(queue, 'a')).toBe('b');
  expect(after(queue, 'c')).toBe('b');
  expect(after([review('a', at(1))], 'a')).toBeNull();
});
