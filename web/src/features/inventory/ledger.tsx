import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { get, sentence, useStore } from '@/api';
import type { Item } from '@/api';
import { Button, Failure, Link, Mono, Skeleton, Time, cx, formatCount, shortId } from '@/ui';
import { ENTRY } from './stock';

/** What happened to one SKU's stock, the newest first; read anew whenever its version moves. */
export function Ledger({ item }: { readonly item: Item }) {
  const store = useStore();
  const pages = useInfiniteQuery({
    queryKey: [store.id, 'stock', 'ledger', item.sku, item.version],
    queryFn: ({ pageParam, signal }) =>
      get('/v1/inventory/{sku}/ledger', {
        store: store.id,
        path: { sku: item.sku },
        query: { limit: 25, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
  });
  const entries = pages.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <section aria-labelledby="ledger" className="flex flex-col gap-2">
      <h3 id="ledger" className="text-sm font-semibold">
        Ledger
      </h3>
      {pages.data === undefined ? (
        pages.error !== null ? (
          <Failure
            what="The ledger cannot be read"
            says={sentence(pages.error)}
            onRetry={() => void pages.refetch()}
          />
        ) : (
          <Skeleton className="h-40" />
        )
      ) : entries.length === 0 ? (
        <p className="text-sm text-ink-2">Nothing has moved yet.</p>
      ) : (
        <ul className="divide-y rounded-md border">
          {entries.map((entry, index) => {
            const look = ENTRY[entry.kind];
            return (
              <li
                key={`${entry.at} ${index}`}
                className="flex flex-wrap items-start gap-x-3 px-3 py-1.5 text-sm"
              >
                <span
                  className={cx(
                    'w-12 shrink-0 text-right font-mono text-xs leading-5',
                    entry.quantity > 0 ? 'text-good' : 'text-ink-2',
                  )}
                >
                  {entry.quantity > 0 ? '+' : '−'}
                  {formatCount(Math.abs(entry.quantity))}
                </span>
                <span className="min-w-0 flex-1 max-sm:basis-[calc(100%-5rem)]">
                  {look?.word ?? entry.kind}{' '}
                  <span className="text-xs text-ink-3">{look === undefined ? '' : look.moves}</span>
                  {entry.reason !== null && (
                    <span className="block text-xs break-words text-ink-2">“{entry.reason}”</span>
                  )}
                </span>
                {entry.order_id !== null && (
                  <Link
                    to={`/orders/${entry.order_id}`}
                    className="text-accent hover:underline"
                    title={entry.order_id}
                  >
                    <Mono>{shortId(entry.order_id)}</Mono>
                  </Link>
                )}
                <Time at={entry.at} className="text-xs leading-5 text-ink-3" />
              </li>
            );
          })}
        </ul>
      )}
      {pages.hasNextPage && (
        <Button size="sm" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
          Older entries
        </Button>
      )}
    </section>
  );
}
