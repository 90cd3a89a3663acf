import { describe, expect, it } from 'vitest';
import type { StoreEvent } from '@/api';
import { KEPT_S, Series, madeAt, quantile } from './series';

const BASE = Date.UTC(2026, 10, 21, 12);
const ORDER = 'ord_01M7ZQAG0YV6N2WFC114069SQ5';

function event(type: string, ms: number, data: unknown = {}, order = ORDER): StoreEvent {
  return {
    id: 'evt_1',
    sequence: 1,
    type,
    store_id: 'acme',
    subject: order,
    order_id: order,
    at: new Date(BASE + ms).toISOString(),
    actor: 'order',
    causation_id: null,
    data,
  } as StoreEvent;
}

const last = <T>(row: readonly T[]): T | undefined => row.at(-1);

describe('a series', () => {
  it('counts what happened in the minute before each moment', () => {
    const series = new Series(BASE / 1_000 - 1_000);
    for (let second = 0; second < 120; second += 2) series.add(event('order.created', second * 1_000));
    const window = series.window(BASE + 119_000, 120, 5);
    expect(last(window.at)).toBe(BASE / 1_000 + 119);
    expect(last(window.taken)).toBe(30);
    expect(window.taken[window.at.indexOf(BASE / 1_000)]).toBe(1);
  });

  it('shows the same figure for the same moment later', () => {
    const series = new Series(BASE / 1_000 - 1_000);
    for (let ms = 0; ms < 60_000; ms += 700) series.add(event('order.created', ms));
    const early = series.window(BASE + 60_000, 60, 5);
    const late = series.window(BASE + 63_000, 60, 5);
    for (const [index, at] of early.at.entries()) {
      const there = late.at.indexOf(at);
      if (there !== -1) expect(late.taken[there], String(at)).toBe(early.taken[index]);
    }
  });

  it('adds what was taken and subtracts what went back', () => {
    const series = new Series(BASE / 1_000 - 1_000);
    series.add(event('payment.processed', 0, { amount: 5_000, captured: 5_000 }));
    series.add(event('payment.processed', 0, { amount: 900, captured: 0 }));
    series.add(event('payment.captured', 0, { amount: 900 }));
    series.add(event('payment.refunded', 0, { amount: 1_000 }));
    const window = series.window(BASE, 10, 5);
    expect(last(window.revenue)).toBe(4_900);
    expect(last(window.succeeded)).toBe(2);
  });

  it('counts what was left out, and finds its money in the figures', () => {
    const series = new Series(BASE / 1_000 - 1_000);
    series.knowNet(10_000, BASE);
    series.add(event('payment.processed', 100, { captured: 500 }));
    series.knowNet(10_500, BASE + 1_000);
    const types = new Map([
      ['order.created', 40],
      ['order.canceled', 2],
      ['payment.processed', 7],
    ]);
    series.addSkipped({ types, total: 49, at: new Date(BASE + 1_500).toISOString(), to: 50 }, BASE + 1_500);
    series.add(event('payment.processed', 1_600, { captured: 300 }));
    series.knowNet(14_300, BASE + 3_000);
    const window = series.window(BASE + 4_000, 10, 5);
    expect([last(window.taken), last(window.undone), last(window.succeeded)]).toEqual([40, 2, 9]);
    expect(last(window.revenue)).toBe(4_300);
  });

  it('knows nothing of before it began, and says so', () => {
    const series = new Series(BASE / 1_000);
    const window = series.window(BASE + 90_000, 120, 5);
    expect(window.taken[0]).toBeNull();
    expect(window.taken[window.at.indexOf(BASE / 1_000 + 55)]).toBeNull();
    expect(window.taken[window.at.indexOf(BASE / 1_000 + 60)]).toBe(0);
    expect(last(window.taken)).toBe(0);
    series.knowSince(BASE / 1_000 - 600);
    expect(series.window(BASE + 30_000, 120, 5).taken[0]).toBe(0);
  });

  it('tells how long orders took from their ids', () => {
    const made = madeAt(ORDER) ?? 0;
    const series = new Series(made / 1_000 - 1_000);
    series.add({ ...event('order.confirmed', 0), at: new Date(made + 250).toISOString() });
    const window = series.window(made + 900, 10, 5);
    expect(last(window.settleP50)).toBeCloseTo(250, 0);
  });

  it('forgets what is old', () => {
    const series = new Series(0);
    series.add(event('order.created', 0));
    series.prune(BASE + (KEPT_S + 5) * 1_000);
    expect(last(series.window(BASE, 10, 5).taken)).toBe(0);
  });
});

it('an id says when it was made', () => {
  expect(new Date(madeAt(ORDER) ?? 0).toISOString().slice(0, 19)).toBe('2026-11-21T18:53:56');
  expect(madeAt('cus_1')).toBeNull();
});

it('a quantile is one of the values', () => {
  expect(quantile([], 0.5)).toBeNull();
  expect(quantile([7], 0.99)).toBe(7);
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.99)).toBe(4);
});
