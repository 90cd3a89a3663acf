import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { gatewaysQuery, get, useStats } from '@/api';
import type { FlowEdge, FlowGraph, Gateway, StoreStats } from '@/api';
import type { Tone } from '@/ui';
import { formatCount, formatTime } from '@/ui';
import type { Way } from './flows';

/** The graph with one store's figures, and the whole node's beside it, which alone knows quantiles. */
export const flowsQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'flows'],
    queryFn: async ({ signal }) => {
      const [ours, node] = await Promise.all([
        get('/v1/flows', { query: { store }, signal }),
        get('/v1/flows', { signal }),
      ]);
      return { ours, node: new Map(node.edges.map((edge) => [edge.id, edge])) };
    },
    // Times are no events: the stream cannot tell them.
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
  });

/** What is known of a way, all its edges together. */
export interface WayFigures {
  readonly count: number;
  readonly failures: number;
  /** Microseconds; the slowest of its edges. */
  readonly p95: number | null;
  /** The edge that most go along. */
  readonly busiest: FlowEdge | null;
}

export function figuresOf(way: Way, node: ReadonlyMap<string, FlowEdge>): WayFigures {
  let [count, failures] = [0, 0];
  let p95: number | null = null;
  let busiest: FlowEdge | null = null;
  for (const edge of way.edges) {
    count += edge.count;
    failures += edge.failures;
    const slow = node.get(edge.id)?.time_us.p95 ?? edge.time_us.p95 ?? edge.time_us.mean ?? null;
    if (slow !== null) p95 = Math.max(p95 ?? 0, slow);
    if (busiest === null || edge.count > busiest.count) busiest = edge;
  }
  return { count, failures, p95, busiest };
}

/** Why things wait at a node, and how many. */
export interface Waiting {
  readonly count: number;
  readonly tone: Tone;
  readonly says: string;
}

function waitingAt(stats: StoreStats, gateways: readonly Gateway[]): ReadonlyMap<string, Waiting> {
  const all = new Map<string, Waiting>();
  const put = (node: string, count: number, tone: Tone, says: string) => {
    if (count > 0) all.set(node, { count, tone, says });
  };
  const many = (count: number, one: string, more: string) =>
    `${formatCount(count)} ${count === 1 ? one : more}`;
  const { orders, payments, inventory, alerts } = stats;
  const away = gateways.find((gateway) => gateway.breaker.state !== 'closed');
  const now = Date.now();
  const since =
    away === undefined
      ? ''
      : `, the bank has been away since ${formatTime(Date.parse(away.breaker.since), now)}`;
  const next =
    away?.breaker.until === undefined || away.breaker.until === null
      ? ''
      : ` and is tried again at ${formatTime(Date.parse(away.breaker.until), now)}`;
  const parked = payments.retrying + payments.unknown;
  put(
    'payment_retry',
    parked,
    'people',
    `${many(payments.retrying, 'payment waits', 'payments wait')} for the next try, ${many(payments.unknown, 'is', 'are')} in doubt and looked up${since}${next}`,
  );
  if (away !== undefined) {
    all.set('bank', {
      count: away.calls.waiting,
      tone: 'failed',
      says: `Calls are held back${since}${next}; ${many(away.calls.waiting, 'waits', 'wait')} in line`,
    });
  }
  put(
    'review',
    orders.on_hold,
    'people',
    `${many(orders.on_hold, 'order waits', 'orders wait')} for a person to review`,
  );
  put(
    'challenge',
    orders.requires_action,
    'people',
    `${many(orders.requires_action, 'shopper', 'shoppers')} must prove who they are at the bank`,
  );
  put(
    'stock',
    inventory.low_stock + inventory.out_of_stock,
    inventory.out_of_stock > 0 ? 'failed' : 'people',
    `${many(inventory.low_stock, 'SKU is', 'SKUs are')} low, ${formatCount(inventory.out_of_stock)} out of stock`,
  );
  put(
    'alerts',
    alerts.firing,
    'failed',
    `${many(alerts.firing, 'alert fires', 'alerts fire')} and nobody looks after it`,
  );
  return all;
}

/** Where things wait, kept true by the stream. */
export function useWaiting(): ReadonlyMap<string, Waiting> {
  const stats = useStats();
  const gateways = useQuery(gatewaysQuery);
  return useMemo(
    () =>
      stats.data === undefined ? new Map<string, Waiting>() : waitingAt(stats.data, gateways.data ?? []),
    [stats.data, gateways.data],
  );
}

/** Microseconds as people read them. */
export function formatMicros(micros: number): string {
  if (micros < 1_000) return `${Math.round(micros)} µs`;
  if (micros < 10_000) return `${(micros / 1_000).toFixed(1)} ms`;
  if (micros < 1_000_000) return `${Math.round(micros / 1_000)} ms`;
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

export function formatRate(rate: number): string {
  return rate >= 10 ? `${Math.round(rate)}/s` : `${rate.toFixed(1)}/s`;
}

export type { FlowGraph };
