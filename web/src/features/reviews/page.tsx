import { useQuery } from '@tanstack/react-query';
import { ShieldCheck, ThumbsDown, ThumbsUp } from 'lucide-react';
import { useMemo, useState } from 'react';
import { openReviewsQuery, sentence, useStore } from '@/api';
import type { Review, Verdict } from '@/api';
import {
  Button,
  Empty,
  Failure,
  Kbd,
  Mono,
  RISK,
  Skeleton,
  Status,
  cx,
  formatCount,
  lookOf,
  shortId,
  useKeys,
  useSearch,
  useSetSearch,
  words,
} from '@/ui';
import { ClosedReviews } from './closed';
import { SlaClock } from './clock';
import { DecideDialog } from './decide';
import { Essentials } from './essentials';
import { after, inOrder } from './queue';
import { Reasons, useRules } from './reasons';

/** Orders that wait for a person: why, for how long, and the two answers. */
export function Page() {
  const store = useStore();
  const search = useSearch();
  const setSearch = useSetSearch();
  const open = useQuery(openReviewsQuery(store.id));
  const queue = useMemo(() => inOrder(open.data ?? []), [open.data]);
  const isClosedShown = search.status === 'closed';
  const tabs = [
    { id: null, label: 'Waiting', count: open.data?.length },
    { id: 'closed', label: 'Decided', count: undefined },
  ] as const;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex flex-col gap-3 border-b bg-panel px-4 pt-4 md:px-6">
        <div className="flex min-h-8 flex-wrap items-center gap-3">
          <h1 className="text-lg font-semibold">Reviews</h1>
          {!isClosedShown && queue.length > 0 && (
            <p className="ml-auto flex items-center gap-1.5 text-xs text-ink-3 max-md:hidden">
              <Kbd>j</Kbd>
              <Kbd>k</Kbd> move, <Kbd>y</Kbd> approve, <Kbd>n</Kbd> reject
            </p>
          )}
        </div>
        <div role="group" aria-label="Which" className="-mx-1 flex gap-1">
          {tabs.map((tab) => {
            const isOn = isClosedShown === (tab.id === 'closed');
            return (
              <button
                key={tab.label}
                type="button"
                aria-pressed={isOn}
                onClick={() => setSearch({ status: tab.id, review: null })}
                className={cx(
                  '-mb-px flex h-9 items-center gap-1.5 border-b-2 px-2 text-sm focus-visible:-outline-offset-2',
                  isOn
                    ? 'border-accent font-medium text-ink'
                    : 'border-transparent text-ink-2 hover:text-ink',
                )}
              >
                {tab.label}
                {tab.count !== undefined && (
                  <span className="font-mono text-xs text-ink-3">
                    {tab.count >= 100 ? '100+' : formatCount(tab.count)}
                  </span>
                )}
              </button>
            );
          })}
        </div>
      </header>
      {isClosedShown ? (
        <ClosedReviews />
      ) : open.data === undefined ? (
        open.error === null ? (
          <div className="flex flex-col gap-3 p-4 md:px-6" aria-busy="true">
            <Skeleton className="h-16" />
            <Skeleton className="h-16" />
            <Skeleton className="h-16" />
          </div>
        ) : (
          <Failure
            what="The queue cannot be read"
            says={sentence(open.error)}
            advice="The clocks go on at the server. Try again."
            onRetry={() => void open.refetch()}
          />
        )
      ) : queue.length === 0 ? (
        <NobodyWaits />
      ) : (
        <Queue queue={queue} />
      )}
    </div>
  );
}

/** An empty queue says what would fill it. */
function NobodyWaits() {
  const rules = useRules();
  const asking = rules.data?.filter((rule) => rule.action === 'review' && rule.enabled) ?? [];
  return (
    <div className="overflow-y-auto">
      <Empty icon={ShieldCheck} title="No order waits for a person">
        {rules.data === undefined
          ? null
          : asking.length === 0
            ? 'No rule of this store asks for one. PUT /v1/fraud/rules takes rules with the action “review”.'
            : 'These rules of the store would ask for one. An order that matches appears here at once.'}
      </Empty>
      {asking.length > 0 && (
        <ul className="mx-auto flex max-w-xl flex-col gap-2 px-4 pb-10">
          {asking.map((rule) => (
            <li key={rule.name} className="rounded-md border bg-panel px-3 py-2">
              <p className="text-sm font-medium">{words(rule.name)}</p>
              <code className="font-mono text-xs break-words text-ink-2">{rule.when}</code>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Queue({ queue }: { readonly queue: readonly Review[] }) {
  const search = useSearch();
  const setSearch = useSetSearch();
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  // The one under decision stays until the dialog is gone, also when the stream takes it off the queue.
  const [held, setHeld] = useState<Review | null>(null);
  const chosen = queue.find((review) => review.id === search.review);
  const shown = chosen ?? queue[0];
  const at = queue.findIndex((review) => review.id === shown?.id);
  const select = (index: number) => {
    const review = queue[index];
    if (review !== undefined) setSearch({ review: review.id }, { replace: true });
  };
  const ask = (next: Verdict) => {
    if (shown === undefined) return;
    setHeld(shown);
    setVerdict(next);
  };
  const close = () => {
    setVerdict(null);
    setHeld(null);
  };
  useKeys({
    j: () => select(Math.min(queue.length - 1, at + 1)),
    k: () => select(Math.max(0, at - 1)),
    y: () => ask('approve'),
    n: () => ask('reject'),
  });
  if (shown === undefined) return null;
  return (
    <div className="grid min-h-0 flex-1 grid-cols-1 overflow-y-auto max-lg:auto-rows-max lg:grid-cols-[21rem_minmax(0,1fr)] lg:grid-rows-[minmax(0,1fr)] lg:overflow-hidden">
      <ul
        aria-label="Queue"
        className="divide-y border-b bg-panel lg:overflow-y-auto lg:border-r lg:border-b-0 max-lg:max-h-64 max-lg:overflow-y-auto"
      >
        {queue.map((review) => (
          <li key={review.id} className="animate-appear">
            <button
              type="button"
              aria-current={review.id === shown.id}
              onClick={() => setSearch({ review: review.id }, { replace: true })}
              className={cx(
                'flex w-full flex-col gap-1 px-4 py-2.5 text-left hover:bg-hover focus-visible:-outline-offset-2 md:px-6 lg:px-4',
                review.id === shown.id && 'bg-accent-soft shadow-[inset_3px_0_0_var(--accent)]',
              )}
            >
              <span className="flex items-center gap-2">
                <Mono>{shortId(review.order_id)}</Mono>
                <span className="ml-auto">
                  <Status look={lookOf(RISK, review.level)} quiet />
                </span>
                <span className="font-mono text-xs text-ink-2">{review.score}</span>
              </span>
              <span className="truncate text-sm">{review.rules.map(words).join(', ')}</span>
              <SlaClock review={review} />
            </button>
          </li>
        ))}
      </ul>
      <article
        key={shown.id}
        aria-label={`Review of ${shown.order_id}`}
        className="flex min-w-0 flex-col lg:min-h-0"
      >
        <div className="grid content-start gap-6 p-4 md:p-6 lg:min-h-0 lg:flex-1 lg:overflow-y-auto xl:grid-cols-2">
          <div className="flex min-w-0 flex-col gap-4">
            <h2 className="flex flex-wrap items-baseline gap-x-2 text-base font-semibold">
              Why a person shall look{' '}
              <Mono className="font-normal text-ink-3">{shortId(shown.order_id)}</Mono>
            </h2>
            <SlaClock review={shown} large />
            <Reasons review={shown} />
          </div>
          <div className="min-w-0">
            <Essentials id={shown.order_id} />
          </div>
        </div>
        <footer className="sticky bottom-0 flex gap-2 border-t bg-panel px-4 py-3 md:px-6">
          <Button kind="primary" onClick={() => ask('approve')} className="max-sm:flex-1">
            <ThumbsUp size={14} aria-hidden /> Approve
          </Button>
          <Button kind="danger" onClick={() => ask('reject')} className="max-sm:flex-1">
            <ThumbsDown size={14} aria-hidden /> Reject
          </Button>
        </footer>
      </article>
      {verdict !== null && held !== null && (
        <DecideDialog
          review={held}
          verdict={verdict}
          onClose={close}
          onDone={() => {
            setSearch({ review: after(queue, held.id) }, { replace: true });
            close();
          }}
        />
      )}
    </div>
  );
}
