import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Search } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { SKIPPED_MS, get, sentence, useEvents, useStore } from '@/api';
import type { Event as StoreEvent, State } from '@/api';
import { Button, Empty, Failure, Mono, Select, TextInput, Time, cx } from '@/ui';
import { difference, inLine } from './diff';

type Aggregate = State['aggregate'];
const AGGREGATES: readonly Aggregate[] = [
  'order',
  'payment',
  'reservation',
  'review',
  'fulfillment',
  'returns',
  'item',
  'alert',
  'store',
];

export interface Looked {
  readonly aggregate: Aggregate;
  readonly id: string;
}

const stateAt = (store: string, looked: Looked, at: number | null) => ({
  queryKey: [store, 'state', looked.aggregate, looked.id, at ?? 'now'] as const,
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    get('/v1/states/{aggregate}/{id}', {
      store,
      path: { aggregate: looked.aggregate, id: looked.id },
      query: at === null ? {} : { at },
      signal,
    }),
  // The past does not change.
  ...(at === null ? {} : { staleTime: Infinity }),
  retry: false,
});

/** Any aggregate: how it stands, the events that made it, and what each of them changed. */
export function States({
  looked,
  onLook,
}: {
  readonly looked: Looked | null;
  readonly onLook: (looked: Looked) => void;
}) {
  const store = useStore();
  const [aggregate, setAggregate] = useState<Aggregate>(looked?.aggregate ?? 'order');
  const [id, setId] = useState(looked?.id ?? '');
  const [before, setBefore] = useState(looked);
  if (before !== looked && looked !== null) {
    setBefore(looked);
    setAggregate(looked.aggregate);
    setId(looked.id);
  }
  return (
    <div className="flex h-full min-h-0 flex-col">
      <form
        className="flex items-center gap-2 border-b px-4 py-1.5"
        onSubmit={(event) => {
          event.preventDefault();
          const wanted = aggregate === 'store' ? store.id : id.trim();
          if (wanted !== '') onLook({ aggregate, id: wanted });
        }}
      >
        <Select
          aria-label="What"
          value={aggregate}
          choices={AGGREGATES.map((value) => ({ value, label: value }))}
          onChange={(value) => setAggregate(value as Aggregate)}
          className="w-36"
        />
        <TextInput
          aria-label="Which"
          placeholder={
            aggregate === 'item' ? 'a SKU' : aggregate === 'alert' ? 'an alert’s id' : 'an order’s id'
          }
          value={aggregate === 'store' ? store.id : id}
          disabled={aggregate === 'store'}
          onChange={(event) => setId(event.target.value)}
          className="max-w-80 font-mono text-xs"
        />
        <Button type="submit">
          <Search size={14} aria-hidden /> Look
        </Button>
      </form>
      {looked === null ? (
        <Empty icon={Search} title="Look into any aggregate">
          Name an order, a SKU, an alert or the store. Its state now, the events that made it, and what each
          of them changed are shown. Pressing an event above fills this in.
        </Empty>
      ) : (
        <History key={`${looked.aggregate}/${looked.id}`} looked={looked} />
      )}
    </div>
  );
}

function History({ looked }: { readonly looked: Looked }) {
  const store = useStore();
  const [at, setAt] = useState<number | null>(null);
  const history = useQuery({
    queryKey: [store.id, 'state', looked.aggregate, looked.id, 'history'],
    queryFn: async ({ signal }) =>
      (
        await get('/v1/states/{aggregate}/{id}/history', {
          store: store.id,
          path: { aggregate: looked.aggregate, id: looked.id },
          query: { limit: 1000 },
          signal,
        })
      ).data,
    placeholderData: keepPreviousData,
    retry: false,
  });
  const now = useQuery(stateAt(store.id, looked, null));
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEvents((events, skipped) => {
    const concerns = (event: StoreEvent) =>
      event.order_id === looked.id || event.subject === looked.id || looked.aggregate === 'store';
    const isTold = events.some(concerns);
    // It may have been among those that were left out.
    if (!isTold && skipped === null) return;
    const readAgain = () => {
      clearTimeout(timer.current);
      timer.current = undefined;
      void history.refetch();
      void now.refetch();
    };
    if (isTold) readAgain();
    else timer.current ??= setTimeout(readAgain, SKIPPED_MS);
  });
  const events = history.data ?? [];
  const chosen = events.find((event) => event.sequence === at);
  const error = history.error ?? now.error;
  if (error !== null) return <Failure what="There is nothing to show" says={sentence(error)} />;
  return (
    <div className="grid min-h-0 flex-1 grid-cols-[minmax(220px,300px)_minmax(0,1fr)]">
      <ol className="overflow-y-auto border-r py-1 text-xs">
        {events.map((event) => (
          <li key={event.sequence}>
            <button
              type="button"
              onClick={() => setAt(event.sequence === at ? null : event.sequence)}
              className={cx(
                'flex w-full items-baseline gap-2 px-4 py-1 text-left font-mono hover:bg-hover',
                event.sequence === at && 'bg-accent-soft',
              )}
            >
              <span className="text-ink-3">#{event.sequence}</span>
              <span className="min-w-0 flex-1 truncate">{event.type}</span>
              <Time at={event.at} exact className="text-ink-3" />
            </button>
          </li>
        ))}
        <li>
          <button
            type="button"
            onClick={() => setAt(null)}
            className={cx(
              'w-full px-4 py-1 text-left font-mono hover:bg-hover',
              at === null && 'bg-accent-soft',
            )}
          >
            now
          </button>
        </li>
      </ol>
      <div
        // A place that scrolls is reached by the keyboard, too.
        tabIndex={0}
        role="region"
        aria-label="The state"
        className="min-w-0 overflow-y-auto p-4"
      >
        {chosen === undefined ? (
          now.data !== undefined && (
            <StateText state={now.data.state} caption={`after #${now.data.sequence}`} />
          )
        ) : (
          <StateThen looked={looked} sequence={chosen.sequence} previous={before(events, chosen.sequence)} />
        )}
      </div>
    </div>
  );
}

/** The sequence number of the event before one, among those that made the same thing. */
function before(events: readonly StoreEvent[], sequence: number): number | null {
  const nth = events.findIndex((event) => event.sequence === sequence);
  return events[nth - 1]?.sequence ?? null;
}

/** That something changed, and when, is said by the event itself. */
const isTelling = ({ path }: { path: string }) => !/(^|\.)(updated_at|version)$/.test(path);

/** A state as it was after an event, and what that event changed. */
export function StateThen({
  looked,
  sequence,
  previous,
}: {
  readonly looked: Looked;
  readonly sequence: number;
  readonly previous: number | null;
}) {
  const store = useStore();
  const then = useQuery({ ...stateAt(store.id, looked, sequence), placeholderData: keepPreviousData });
  const earlier = useQuery({ ...stateAt(store.id, looked, previous ?? 0), enabled: previous !== null });
  if (then.error !== null) return <p className="text-sm text-ink-2">Not there yet.</p>;
  if (then.data === undefined) return null;
  const changes =
    previous === null
      ? []
      : earlier.data === undefined
        ? null
        : difference(earlier.data.state, then.data.state).filter(isTelling);
  return (
    <div className="flex flex-col gap-3">
      <section>
        <h2 className="mb-1 text-xs font-semibold text-ink-2">What changed</h2>
        {previous === null ? (
          <p className="text-xs text-ink-3">It began here.</p>
        ) : changes === null ? null : changes.length === 0 ? (
          <p className="text-xs text-ink-3">Nothing of the {looked.aggregate}.</p>
        ) : (
          <ul className="flex flex-col gap-1 font-mono text-xs">
            {changes.slice(0, 40).map((change) => (
              <li key={change.path} className="flex flex-wrap gap-x-3">
                <span className="text-ink-2">{change.path === '' ? '(all)' : change.path}</span>
                <span className="min-w-0 break-words">
                  <del className="text-failed decoration-failed/40">{inLine(change.before)}</del>{' '}
                  <span aria-hidden className="text-ink-3">
                    →
                  </span>{' '}
                  <ins className="text-good no-underline">{inLine(change.after)}</ins>
                </span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <StateText state={then.data.state} caption={`after #${sequence}`} />
    </div>
  );
}

function StateText({ state, caption }: { readonly state: unknown; readonly caption: string }) {
  return (
    <section>
      <h2 className="mb-1 text-xs font-semibold text-ink-2">
        State <Mono className="font-normal text-ink-3">{caption}</Mono>
      </h2>
      <pre className="rounded-md border bg-sunken p-3 font-mono text-[11px] leading-[18px] break-words whitespace-pre-wrap">
        {JSON.stringify(state, null, 2)}
      </pre>
    </section>
  );
}
