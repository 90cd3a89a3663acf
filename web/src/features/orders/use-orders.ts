import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { SKIPPED_MS, get, useEvents, useStore } from '@/api';
import type { Order } from '@/api';
import { queryOf } from './filter';
import type { OrderFilter } from './filter';
import { merge } from './rows';

const PAGE = 100;
const HEAD = 50;
/** Orders on the screen that are read anew one by one, at most, in one go. */
const ANEW_MAX = 8;
const ANEW_KEPT = 500;

/** The orders that fit, kept true by the stream. `visible` is what is on the screen now. */
export function useOrders(filter: OrderFilter, isAtTop: boolean) {
  const store = useStore();
  const client = useQueryClient();
  const listKey = useMemo(() => [store.id, 'order-list', filter] as const, [store.id, filter]);
  const pages = useInfiniteQuery({
    queryKey: listKey,
    queryFn: ({ pageParam, signal }) =>
      get('/v1/orders', {
        store: store.id,
        query: { ...queryOf(filter), limit: PAGE, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: 0,
    refetchOnMount: true,
  });
  // The newest of them: old as soon as the stream tells of any order.
  const head = useQuery({
    queryKey: [store.id, 'orders', 'head', filter],
    queryFn: async ({ signal }) =>
      (await get('/v1/orders', { store: store.id, query: { ...queryOf(filter), limit: HEAD }, signal })).data,
  });

  const [anew, setAnew] = useState<ReadonlyMap<string, Order>>(() => new Map());
  const visible = useRef<ReadonlySet<string>>(new Set());
  const headIds = useRef<ReadonlySet<string>>(new Set());
  const due = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    headIds.current = new Set(head.data?.map((order) => order.id));
  }, [head.data]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const readAnew = useCallback(async () => {
    timer.current = undefined;
    const ids = [...due.current].filter((id) => visible.current.has(id)).slice(0, ANEW_MAX);
    if (ids.length === 0) due.current.clear();
    for (const id of ids) due.current.delete(id);
    const read = await Promise.allSettled(
      ids.map((id) => get('/v1/orders/{id}', { store: store.id, path: { id } })),
    );
    setAnew((before) => {
      const after = new Map(before);
      for (const one of read) if (one.status === 'fulfilled') after.set(one.value.id, one.value);
      for (const id of after.keys()) {
        if (after.size <= ANEW_KEPT) break;
        after.delete(id);
      }
      return after;
    });
  }, [store.id]);

  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(again.current), []);
  useEvents((events, skipped) => {
    if (skipped !== null) {
      // Which ones is not known: those that somebody looks at are read again, now and then.
      again.current ??= setTimeout(() => {
        again.current = undefined;
        for (const id of visible.current) if (!headIds.current.has(id)) due.current.add(id);
        if (due.current.size > 0) timer.current ??= setTimeout(() => void readAnew(), 350);
      }, SKIPPED_MS);
    }
    for (const { order_id: id } of events) {
      if (id !== null && visible.current.has(id) && !headIds.current.has(id)) due.current.add(id);
    }
    if (due.current.size > 0) timer.current ??= setTimeout(() => void readAnew(), 350);
  });

  const merged = useMemo(() => {
    const read = pages.data?.pages.flatMap((page) => page.data) ?? [];
    const isPageLast = pages.data !== undefined && !pages.hasNextPage && read.length < HEAD;
    const isHeadAll = head.data !== undefined && head.data.length < HEAD;
    return merge(read, head.data ?? [], anew, isAtTop, isPageLast, isHeadAll);
  }, [pages.data, pages.hasNextPage, head.data, anew, isAtTop]);

  useEffect(() => {
    if (merged.isTorn && isAtTop) void client.resetQueries({ queryKey: listKey });
  }, [merged.isTorn, isAtTop, client, listKey]);

  const show = useCallback((ids: ReadonlySet<string>) => {
    visible.current = ids;
  }, []);
  return { ...merged, pages, show };
}
