import { describe, expect, it } from 'vitest';
import type { Event as StoreEvent, FlowEdge, FlowGraph, FlowNode } from '@/api';
import { difference } from './diff';
import { FLOWS, chartOf, flowOf } from './flows';
import { along, place } from './layout';
import { TRAVEL_MS, Traffic } from './traffic';
import { Atlas } from './whereabouts';

const node = (id: string, records: string[] = []): FlowNode => ({
  id,
  kind: 'event',
  label: id,
  routes: [],
  records,
  count: 0,
});
const edge = (from: string, to: string, topic: string): FlowEdge => ({
  id: `${from}:${topic}:${to}`,
  from,
  to,
  topic,
  count: 0,
  failures: 0,
  time_us: { timed: 0, mean: null, p50: null, p95: null, longest: null },
});
const graph: FlowGraph = {
  scope: 'node',
  store_id: null,
  nodes: [
    node('place_order'),
    node('reserve_stock', ['inventory.reserved']),
    node('assess_risk', ['fraud.assessed']),
    node('review', ['fraud.review_approved']),
    node('pay', ['payment.created']),
    node('bank'),
    node('payment_retry'),
    node('undo'),
    node('cancel_order'),
    node('commit_stock', ['inventory.updated']),
    node('ship', ['inventory.updated']),
    node('manage_stock'),
    node('stock'),
    node('review_lapse'),
    node('track'),
  ],
  edges: [
    edge('place_order', 'reserve_stock', 'order.created'),
    edge('reserve_stock', 'undo', 'order.canceled'),
    edge('assess_risk', 'undo', 'order.canceled'),
    edge('review', 'undo', 'order.canceled'),
    edge('pay', 'undo', 'order.canceled'),
    edge('cancel_order', 'undo', 'order.canceled'),
    edge('track', 'undo', 'order.canceled'),
    edge('bank', 'pay', 'payment.processed'),
    edge('bank', 'pay', 'payment.declined'),
    edge('pay', 'bank', 'authorize'),
    edge('payment_retry', 'pay', 'payment.retry_started'),
    edge('manage_stock', 'stock', 'inventory.updated'),
    edge('review_lapse', 'review', 'fraud.review_approved'),
  ],
};
const event = (type: string, data: unknown = {}, actor: StoreEvent['actor'] = 'order'): StoreEvent => ({
  id: `evt_${type}`,
  sequence: 1,
  type,
  store_id: 'acme',
  subject: 'ord_1',
  order_id: 'ord_1',
  at: '2026-11-21T12:00:00Z',
  actor,
  causation_id: null,
  data,
});

describe('whereabouts', () => {
  const atlas = new Atlas(graph);
  const where = (one: StoreEvent) => {
    const { edge: found, node: at } = atlas.locate(one);
    return found === null ? at : `${found.from}>${found.to}`;
  };
  it('an end is seen coming from where it was decided', () => {
    expect(where(event('order.canceled', { reason: 'out_of_stock' }))).toBe('reserve_stock>undo');
    expect(where(event('order.canceled', { reason: 'out_of_stock' }, 'fulfillment'))).toBe('track>undo');
    expect(where(event('order.canceled', { reason: 'fraudulent', risk: { score: 90 } }))).toBe(
      'assess_risk>undo',
    );
    expect(where(event('order.canceled', { reason: 'fraudulent' }))).toBe('review>undo');
    expect(where(event('order.canceled', { reason: 'payment_failed' }))).toBe('pay>undo');
    expect(where(event('order.canceled', { reason: 'payment_failed' }, 'api'))).toBe('cancel_order>undo');
  });
  it('what goes along no edge is at a node', () => {
    expect(where(event('inventory.reserved'))).toBe('reserve_stock');
    expect(where(event('inventory.updated', { sku: 'A', on_hand: 3 }))).toBe('manage_stock>stock');
    expect(where(event('inventory.updated', { lines: [] }))).toBe('commit_stock');
    expect(where(event('fraud.review_approved', { by: 'person' }))).toBe('review');
    expect(where(event('fraud.review_approved', { by: 'lapse' }))).toBe('review_lapse>review');
    expect(where(event('payment.retry_started', { hurried: true }))).toBe(null);
    expect(where(event('payment.retry_started', {}))).toBe('payment_retry>pay');
    expect(where(event('of.tomorrow'))).toBe(null);
  });
  it('failures are told from the rest', () => {
    expect(atlas.locate(event('payment.declined')).isFailure).toBe(true);
    expect(atlas.locate(event('payment.processed')).isFailure).toBe(false);
  });
});

describe('the picture', () => {
  it('is the same each time, and lines begin and end at nodes', () => {
    for (const flow of FLOWS) {
      const chart = chartOf(graph, flow);
      const [first, second] = [place(chart, flow), place(chart, flow)];
      expect([...second.nodes]).toEqual([...first.nodes]);
      expect(first.ways.size).toBe(chart.ways.length);
    }
    const chart = chartOf(graph, flowOf('order'));
    const pairs = chart.ways.map((way) => way.id);
    expect(pairs).toContain('bank>pay');
    expect(chart.ways.find((way) => way.id === 'bank>pay')?.edges).toHaveLength(2);
    const placed = place(chart, flowOf('order'));
    const [there, back] = [placed.ways.get('pay>bank'), placed.ways.get('bank>pay')];
    expect(there?.points[0]?.x).not.toBe(back?.points.at(-1)?.x);
  });
  it('no two nodes stand on each other', () => {
    for (const flow of FLOWS) {
      const seats = Object.values(flow.seats ?? {});
      for (const [nth, a] of seats.entries()) {
        for (const b of seats.slice(nth + 1)) {
          expect(Math.abs(a[0] - b[0]) >= 0.75 || Math.abs(a[1] - b[1]) >= 0.5, `${flow.id} ${a} ${b}`).toBe(
            true,
          );
        }
      }
    }
  });
  it('a dot is somewhere on its line', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 10, y: 0 },
      { x: 10, y: 10 },
    ];
    expect(along(points, 0)).toEqual({ x: 0, y: 0 });
    expect(along(points, 0.75)).toEqual({ x: 10, y: 5 });
    expect(along(points, 7)).toEqual({ x: 10, y: 10 });
  });
});

describe('traffic', () => {
  it('is bounded whatever comes, and loses no count', () => {
    const atlas = new Atlas(graph);
    const chart = chartOf(graph, flowOf('order'));
    const traffic = new Traffic(atlas, chart.wayOf);
    let now = 1_000_000;
    for (let frame = 0; frame < 120; frame += 1) {
      traffic.hear(
        Array.from({ length: 33 }, () => event('order.created')),
        now,
      );
      expect(traffic.dots(now).length).toBeLessThan(10);
      now += 16;
    }
    const rate = traffic.rate('place_order>reserve_stock', now);
    expect(rate).toBeCloseTo((120 * 33) / 10, 5);
    expect(traffic.seen.length).toBe(3_000);
    expect(traffic.dots(now + TRAVEL_MS + 1)).toEqual([]);
    expect(traffic.rate('place_order>reserve_stock', now + 20_000)).toBe(0);
    traffic.hear([event('order.created'), event('order.created')], now + 30_000);
    expect(traffic.dots(now + 30_000).map((dot) => dot.count)).toEqual([2]);
    const there = now + 30_000 + TRAVEL_MS;
    expect(traffic.glow('reserve_stock', there - 1)).toBe(0);
    expect(traffic.glow('reserve_stock', there)).toBe(1);
    expect(traffic.glow('reserve_stock', there + 5_000)).toBe(0);
  });
  it('takes what was only counted along the ways of its like', () => {
    const traffic = new Traffic(new Atlas(graph), chartOf(graph, flowOf('order')).wayOf);
    const skipped = { types: new Map([['order.created', 98]]), total: 98, at: null, to: 98 };
    traffic.hear([], 1_000, skipped);
    expect(traffic.dots(1_000)).toEqual([]);
    traffic.hear([event('order.created'), event('order.created')], 2_000, skipped);
    expect(traffic.dots(2_000).map((dot) => dot.count)).toEqual([100]);
    expect(traffic.rate('place_order>reserve_stock', 2_000)).toBe(10);
    traffic.hear([], 4_000, skipped);
    expect(traffic.dots(4_000).map((dot) => dot.count)).toEqual([98]);
    expect(traffic.heard).toBe(296);
  });
});

it('differences are named by their place', () => {
  expect(difference({ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 3] }, d: null })).toEqual([
    { path: 'b.c.1', before: 2, after: 3 },
    { path: 'd', before: undefined, after: null },
  ]);
  expect(difference('reserving', { closed: {} })).toEqual([
    { path: '', before: 'reserving', after: { closed: {} } },
  ]);
  expect(difference({ a: [1] }, { a: [1] })).toEqual([]);
});
