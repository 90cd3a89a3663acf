import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ApiProblem, SKIPPED_MS, ask, get, useEvents, useStore } from '@/api';
import type { Item, Skipped, Store } from '@/api';
import { skusOf } from './stock';

const PAGE = 100;
/** SKUs that are read at most: beyond that people search in their own books. */
const ITEMS_MAX = 20_000;
/** Items that are read anew in one go, and how often. */
const ANEW_MAX = 12;
const ANEW_MS = 350;

export interface Stock {
  readonly items: ReadonlyMap<string, Item>;
  /** There are more SKUs than are shown. */
  readonly isCut: boolean;
}

export const stockKey = (store: string) => [store, 'stock', 'all'] as const;
export const itemKey = (store: string, sku: string) => [store, 'stock', 'item', sku] as const;

async function readAll(store: string, signal: AbortSignal, tell: (read: number) => void): Promise<Stock> {
  const items = new Map<string, Item>();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof readPage>> = await readPage(store, cursor, signal);
    for (const item of page.data) items.set(item.sku, item);
    cursor = page.next_cursor;
    tell(items.size);
  } while (cursor !== null && items.size < ITEMS_MAX);
  return { items, isCut: cursor !== null };
}

function readPage(store: string, cursor: string | null, signal: AbortSignal) {
  const query = { limit: PAGE, ...(cursor === null ? {} : { cursor }) };
  return get('/v1/inventory', { store, query, signal });
}

/**
 * All items of the store, kept true by the stream: whatever an event names is read anew, what is on the screen first, so
 * much at a time. `show` says what is on the screen.
 */
export function useStock() {
  const store = useStore();
  const client = useQueryClient();
  const [read, setRead] = useState(0);
  const key = useMemo(() => stockKey(store.id), [store.id]);
  const all = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => readAll(store.id, signal, setRead),
    staleTime: 60_000,
  });
  const visible = useRef<ReadonlySet<string>>(new Set());
  const due = useRef(new Set<string>());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const readAnew = useCallback(async () => {
    const first = [...due.current].filter((sku) => visible.current.has(sku)).slice(0, ANEW_MAX);
    const rest = first.length < ANEW_MAX ? [...due.current].filter((sku) => !visible.current.has(sku)) : [];
    const skus = [...first, ...rest.slice(0, ANEW_MAX - first.length)];
    for (const sku of skus) due.current.delete(sku);
    const answers = await Promise.allSettled(
      skus.map((sku) => get('/v1/inventory/{sku}', { store: store.id, path: { sku } })),
    );
    const items = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
    client.setQueryData<Stock>(key, (before) => putIn(before, items));
    timer.current = due.current.size === 0 ? undefined : setTimeout(() => void readAnew(), ANEW_MS);
  }, [client, key, store.id]);

  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(again.current), []);
  useEvents((events, skipped) => {
    const before = due.current.size;
    for (const event of events) for (const sku of skusOf(event)) due.current.add(sku);
    if (skipped !== null && ofStock(skipped)) {
      // Which ones is not known: those that somebody looks at are read again, now and then.
      again.current ??= setTimeout(() => {
        again.current = undefined;
        for (const sku of visible.current) due.current.add(sku);
        timer.current ??= setTimeout(() => void readAnew(), 60);
      }, SKIPPED_MS);
    }
    if (due.current.size > before) timer.current ??= setTimeout(() => void readAnew(), 60);
  });

  const show = useCallback((skus: ReadonlySet<string>) => {
    visible.current = skus;
  }, []);
  return { all, read, show };
}

function ofStock({ types }: Skipped): boolean {
  return [...types.keys()].some((type) => type.startsWith('inventory.'));
}

/** The stock with some items as they are now; of two accounts of one item the later counts. */
export function putIn(before: Stock | undefined, items: readonly Item[]): Stock | undefined {
  if (before === undefined || items.length === 0) return before;
  const after = new Map(before.items);
  for (const item of items) {
    if ((after.get(item.sku)?.version ?? -1) <= item.version) after.set(item.sku, item);
  }
  return { ...before, items: after };
}

/** One item with its ETag, and read anew when the stream names it. */
export function useItem(sku: string) {
  const store = useStore();
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const one = useQuery({
    queryKey: itemKey(store.id, sku),
    queryFn: async ({ signal }) => {
      try {
        return await ask('get', '/v1/inventory/{sku}', { store: store.id, path: { sku }, signal });
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 404) return null;
        throw error;
      }
    },
    staleTime: 0,
  });
  useEvents((events, skipped) => {
    const isTold = events.some((event) => skusOf(event).includes(sku));
    if (!isTold && (skipped === null || !ofStock(skipped))) return;
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined;
        void client.invalidateQueries({ queryKey: itemKey(store.id, sku) });
      },
      isTold ? 250 : SKIPPED_MS,
    );
  });
  return one;
}

/** After an edit: everybody on this page sees the item as it then stands. */
export function useTakeIn() {
  const store: Store = useStore();
  const client = useQueryClient();
  return (item: Item) => {
    client.setQueryData<Stock>(stockKey(store.id), (before) => putIn(before, [item]));
    void client.invalidateQueries({ queryKey: itemKey(store.id, item.sku) });
  };
}
