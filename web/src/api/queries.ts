import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { ask, get } from './call';
import { useStore } from './live';

/*
 * What is asked, under which key: [store, topic, ...]. The stream says when a topic is old (refresh.ts), so nothing is
 * asked by the clock.
 */

/** All stores of the node, the newest first. */
export const storesQuery = queryOptions({
  queryKey: ['node', 'stores'],
  queryFn: async ({ signal }) => {
    const stores = [];
    let cursor: string | null = null;
    // A node may have a hundred thousand; the switcher shows the newest few hundred and takes any id.
    for (let page = 0; page < 4; page += 1) {
      const answer: Awaited<ReturnType<typeof readStores>> = await readStores(cursor, signal);
      stores.push(...answer.data);
      cursor = answer.next_cursor;
      if (cursor === null) break;
    }
    return { stores, isAll: cursor === null };
  },
  staleTime: 60_000,
});

function readStores(cursor: string | null, signal: AbortSignal) {
  return get('/v1/stores', { query: { limit: 100, ...(cursor === null ? {} : { cursor }) }, signal });
}

/** One store, known or not. */
export const storeQuery = (id: string) =>
  queryOptions({
    queryKey: ['node', 'store', id],
    queryFn: ({ signal }) => get('/v1/stores/{id}', { path: { id }, signal }),
    staleTime: 60_000,
  });

export const statsQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'stats'],
    queryFn: ({ signal }) => get('/v1/dashboard/stats', { store, signal }),
  });

/** The store's figures. */
export function useStats() {
  return useQuery(statsQuery(useStore().id));
}

/** The newest orders. */
export const latestOrdersQuery = (store: string, limit: number) =>
  queryOptions({
    queryKey: [store, 'orders', 'latest', limit],
    queryFn: async ({ signal }) => (await get('/v1/orders', { store, query: { limit }, signal })).data,
  });

/** An order as it stands, with the trace of the answer. */
export const orderQuery = (store: string, id: string) =>
  queryOptions({
    queryKey: [store, 'order', id, 'order'],
    queryFn: ({ signal }) => ask('get', '/v1/orders/{id}', { store, path: { id }, signal }),
  });

export const timelineQuery = (store: string, id: string) =>
  queryOptions({
    queryKey: [store, 'order', id, 'timeline'],
    queryFn: async ({ signal }) =>
      (await get('/v1/orders/{id}/timeline', { store, path: { id }, signal })).data,
  });

export const fulfillmentsQuery = (store: string, id: string) =>
  queryOptions({
    queryKey: [store, 'order', id, 'fulfillments'],
    queryFn: async ({ signal }) =>
      (await get('/v1/orders/{id}/fulfillments', { store, path: { id }, signal })).data,
  });

export const trackingQuery = (store: string, id: string) =>
  queryOptions({
    queryKey: [store, 'order', id, 'tracking'],
    queryFn: ({ signal }) => get('/v1/orders/{id}/tracking', { store, path: { id }, signal }),
  });

export const refundsQuery = (store: string, id: string) =>
  queryOptions({
    queryKey: [store, 'order', id, 'refunds'],
    queryFn: async ({ signal }) =>
      (await get('/v1/orders/{id}/refunds', { store, path: { id }, signal })).data,
  });

export const returnsQuery = (store: string, id: string) =>
  queryOptions({
    queryKey: [store, 'order', id, 'returns'],
    queryFn: async ({ signal }) =>
      (await get('/v1/orders/{id}/returns', { store, path: { id }, signal })).data,
  });

/** Alerts that are not over, the newest first. */
export const openAlertsQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'alerts', 'open'],
    queryFn: async ({ signal }) => {
      const [firing, acknowledged] = await Promise.all([
        get('/v1/alerts', { store, query: { status: 'firing', limit: 50 }, signal }),
        get('/v1/alerts', { store, query: { status: 'acknowledged', limit: 20 }, signal }),
      ]);
      return [...firing.data, ...acknowledged.data];
    },
  });

/** SKUs that are low or gone. */
export const stockAtRiskQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'inventory', 'at_risk'],
    queryFn: async ({ signal }) => {
      const [out, low] = await Promise.all([
        get('/v1/inventory', { store, query: { condition: 'out_of_stock', limit: 20 }, signal }),
        get('/v1/inventory', { store, query: { condition: 'low_stock', limit: 20 }, signal }),
      ]);
      return [...out.data, ...low.data];
    },
    placeholderData: keepPreviousData,
  });

/** Reviews that wait for people. */
export const openReviewsQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'reviews', 'open'],
    queryFn: async ({ signal }) =>
      (await get('/v1/reviews', { store, query: { status: 'open', limit: 100 }, signal })).data,
  });

/** Every gateway as it is now. A breaker has no events: one that is not closed is looked at often, others now and then. */
export const gatewaysQuery = queryOptions({
  queryKey: ['node', 'gateways'],
  queryFn: async ({ signal }) => (await get('/v1/gateways', { signal })).data,
  refetchInterval: (query) =>
    query.state.data?.some((gateway) => gateway.breaker.state !== 'closed') === true ? 2_000 : 15_000,
});
