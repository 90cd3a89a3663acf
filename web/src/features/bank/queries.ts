import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { get } from '@/api';

// The stream says when payments move, and with them everything here; the breaker and the weather are no store's, so they are
// looked at by the clock, too.

export const weatherQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'gateways', 'weather'],
    queryFn: ({ signal }) => get('/v1/gateways/{name}/weather', { path: { name: 'bank' }, signal }),
    refetchInterval: 4_000,
  });

export const booksQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'gateways', 'books'],
    queryFn: ({ signal }) =>
      get('/v1/gateways/{name}/ledger', { store, path: { name: 'bank' }, query: { limit: 150 }, signal }),
    placeholderData: keepPreviousData,
  });

/** Orders whose money is not there yet, the newest first. */
export const parkedQuery = (store: string) =>
  queryOptions({
    queryKey: [store, 'gateways', 'parked'],
    queryFn: async ({ signal }) =>
      (
        await get('/v1/orders', {
          store,
          query: { status: 'pending', payment_status: 'awaiting', limit: 50 },
          signal,
        })
      ).data,
    placeholderData: keepPreviousData,
  });
