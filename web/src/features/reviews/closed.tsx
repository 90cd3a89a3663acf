import { useInfiniteQuery } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { get, sentence, useStore } from '@/api';
import {
  Ago,
  Button,
  Empty,
  Failure,
  Link,
  Mono,
  REVIEW,
  Skeleton,
  Status,
  lookOf,
  shortId,
  words,
} from '@/ui';

/** What was decided, by whom, and why. */
export function ClosedReviews() {
  const store = useStore();
  const pages = useInfiniteQuery({
    queryKey: [store.id, 'reviews', 'closed'],
    queryFn: ({ pageParam, signal }) =>
      get('/v1/reviews', {
        store: store.id,
        query: { status: 'closed', limit: 50, ...(pageParam === null ? {} : { cursor: pageParam }) },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
  if (pages.data === undefined) {
    return pages.error === null ? (
      <div className="flex flex-col gap-2 p-4 md:px-6">
        <Skeleton className="h-10" />
        <Skeleton className="h-10" />
        <Skeleton className="h-10" />
      </div>
    ) : (
      <Failure
        what="Reviews cannot be read"
        says={sentence(pages.error)}
        onRetry={() => void pages.refetch()}
      />
    );
  }
  const reviews = pages.data.pages.flatMap((page) => page.data);
  if (reviews.length === 0) {
    return (
      <Empty icon={History} title="Nothing was decided yet">
        Decisions of people and of the clock stay here, with their notes.
      </Empty>
    );
  }
  return (
    <div className="min-h-0 flex-1 overflow-y-auto bg-panel">
      <ul className="divide-y">
        {reviews.map((review) => (
          <li
            key={review.id}
            className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-baseline gap-x-4 gap-y-0.5 px-4 py-2 text-sm md:grid-cols-[7rem_7rem_minmax(0,1fr)_5rem] md:px-6"
          >
            <Link to={`/orders/${review.order_id}`} className="text-accent hover:underline">
              <Mono>{shortId(review.order_id)}</Mono>
            </Link>
            <span>
              <Status look={lookOf(REVIEW, review.status)} quiet />
            </span>
            <span className="min-w-0 break-words text-ink-2 max-md:col-span-3 max-md:row-start-2">
              {review.closed_by === 'lapse' ? 'by the clock, nobody looked' : ''}
              {review.closed_by === 'person' ? 'by a person' : ''}
              {review.note === null ? '' : `: “${review.note}”`}
              <span className="block text-xs text-ink-3">
                {review.score} of 100 · {review.rules.map(words).join(', ')}
              </span>
            </span>
            {review.closed_at !== null && (
              <Ago at={review.closed_at} className="text-right text-xs text-ink-3" />
            )}
          </li>
        ))}
      </ul>
      {pages.hasNextPage && (
        <div className="p-4">
          <Button busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            Older ones
          </Button>
        </div>
      )}
    </div>
  );
}
