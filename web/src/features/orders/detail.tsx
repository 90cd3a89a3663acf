import { keepPreviousData, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { ArrowLeft, Boxes, PackageSearch } from 'lucide-react';
import { useEffect, useMemo, useRef } from 'react';
import {
  ApiProblem,
  SKIPPED_MS,
  fulfillmentsQuery,
  get,
  orderQuery,
  refundsQuery,
  returnsQuery,
  sentence,
  timelineQuery,
  trackingQuery,
  useEvents,
  useStore,
} from '@/api';
import type { Order, StoreEvent } from '@/api';
import {
  Ago,
  CopyButton,
  Empty,
  FULFILLMENT,
  Failure,
  Flash,
  IconButton,
  Link,
  Mono,
  ORDER,
  PAYMENT,
  Panel,
  SOFT,
  Skeleton,
  Status,
  TEXT,
  Tabs,
  Time,
  cx,
  formatCount,
  formatMoney,
  lookOf,
  shortTrace,
  useGo,
  useKeys,
  useSearch,
  useSetSearch,
} from '@/ui';
import { Actions } from './actions';
import { Calls } from './calls';
import { AlertsOf } from './alerts-of';
import { Causes, RawEvents } from './events';
import { Goods, MoneyPanel, StockPanel } from './ledgers';
import { Next } from './next';
import { Parcels } from './parcels';
import { Refunds } from './refunds';
import { Returns } from './returns';
import { Steps } from './steps';
import { bankCalls, moneyLedger, stockLedger, stockWord } from './story';
import { Timeline } from './timeline';

/** SKUs whose names are looked up for one order. */
const NAMES_MAX = 24;

/** Whether the page before was one of ours: going back must not leave the page. */
function cameFromHere(): boolean {
  const state = window.history.state as { __TSR_index?: number } | null;
  return (state?.__TSR_index ?? 0) > 0;
}

/** Keeps what is known of an order true: its events are appended as they come, the rest is read again after them. */
function useOrderLive(id: string): void {
  const store = useStore();
  const client = useQueryClient();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const again = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      clearTimeout(again.current);
      timer.current = undefined;
      again.current = undefined;
    },
    [id],
  );
  useEvents((events, skipped) => {
    const mine = events.filter((event) => event.order_id === id || event.subject === id);
    if (skipped !== null) {
      // Its own may have been among those that were left out: then all of it is read again, now and then.
      again.current ??= setTimeout(() => {
        again.current = undefined;
        void client.invalidateQueries({ queryKey: [store.id, 'order', id] });
      }, SKIPPED_MS);
      return;
    }
    if (mine.length === 0) return;
    client.setQueryData(timelineQuery(store.id, id).queryKey, (known: readonly StoreEvent[] | undefined) => {
      if (known === undefined) return known;
      const last = known.at(-1)?.sequence ?? 0;
      return [...known, ...mine.filter((event) => event.sequence > last)];
    });
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      const isTimeline = (key: readonly unknown[]) => key[3] === 'timeline';
      void client.invalidateQueries({
        queryKey: [store.id, 'order', id],
        predicate: (query) => !isTimeline(query.queryKey),
      });
    }, 120);
  });
}

/** One order: what a shopkeeper asks first, what a machine did below. */
export function Detail({ id }: { readonly id: string }) {
  const store = useStore();
  const go = useGo();
  useOrderLive(id);
  const order = useQuery(orderQuery(store.id, id));
  const timeline = useQuery(timelineQuery(store.id, id));
  useKeys({ Escape: () => (cameFromHere() ? window.history.back() : go('/orders')) });

  if (order.error !== null && order.data === undefined) {
    return order.error instanceof ApiProblem && [404, 400].includes(order.error.status) ? (
      <Empty
        icon={PackageSearch}
        title="This store has no such order"
        actions={
          <Link to="/orders" search={{ q: id }} className="text-accent hover:underline">
            Search for it
          </Link>
        }
      >
        <Mono className="break-all">{id}</Mono>
        <p className="mt-2">It may belong to another store: orders are only shown in their own.</p>
      </Empty>
    ) : (
      <Failure
        what="The order cannot be read"
        says={sentence(order.error)}
        requestId={order.error instanceof ApiProblem ? order.error.requestId : null}
        onRetry={() => void order.refetch()}
      />
    );
  }
  if (order.data === undefined || timeline.data === undefined) {
    return (
      <div className="flex flex-col gap-4 p-4 md:p-6" aria-busy="true">
        <Skeleton className="h-14" />
        <Skeleton className="h-16" />
        <div className="grid gap-4 lg:grid-cols-2">
          <Skeleton className="h-96" />
          <Skeleton className="h-96" />
        </div>
      </div>
    );
  }
  return <Shown order={order.data.body} etag={order.data.etag} events={timeline.data} />;
}

function Shown({
  order,
  etag,
  events,
}: {
  readonly order: Order;
  readonly etag: string | null;
  readonly events: readonly StoreEvent[];
}) {
  const store = useStore();
  const setSearch = useSetSearch();
  const tab = useSearch().tab ?? 'calls';
  const fulfillments = useQuery({
    ...fulfillmentsQuery(store.id, order.id),
    placeholderData: keepPreviousData,
  });
  const tracking = useQuery({ ...trackingQuery(store.id, order.id), placeholderData: keepPreviousData });
  const refunds = useQuery({ ...refundsQuery(store.id, order.id), placeholderData: keepPreviousData });
  const returns = useQuery({ ...returnsQuery(store.id, order.id), placeholderData: keepPreviousData });
  const names = useNames(order);

  const money = useMemo(() => moneyLedger(events), [events]);
  const stock = useMemo(() => stockLedger(events), [events]);
  const calls = useMemo(() => bankCalls(events), [events]);
  const stockNow = stockWord(stock);
  const pieceCount = order.lines.reduce((sum, line) => sum + line.quantity, 0);
  const paidWord =
    order.payment_status === 'captured'
      ? `paid ${formatMoney(order.amount_captured, order.currency)}`
      : lookOf(PAYMENT, order.payment_status).word;
  const name = order.shipping_address?.name ?? order.customer.email ?? order.customer.id;

  return (
    <div className="mx-auto flex max-w-[1600px] flex-col gap-4 p-4 md:p-6">
      <header className="flex flex-wrap items-start gap-x-4 gap-y-3">
        <Link to="/orders" aria-label="All orders" className="-ml-1.5 max-sm:hidden">
          <IconButton label="All orders" tabIndex={-1}>
            <ArrowLeft size={17} aria-hidden />
          </IconButton>
        </Link>
        <div className="min-w-0 flex-1 basis-80">
          <h1 className="flex min-w-0 items-center gap-1">
            <span className="sr-only">Order </span>
            <span className="truncate font-mono text-base font-medium tracking-[-0.02em]">{order.id}</span>
            <CopyButton text={order.id} label="Copy the id" />
          </h1>
          <p className="mt-1 flex flex-wrap items-center gap-x-2 gap-y-1" data-testid="order-state">
            <Flash on={order.status}>
              <Status look={lookOf(ORDER, order.status)} />
            </Flash>
            <Flash on={order.payment_status}>
              <Status look={{ ...lookOf(PAYMENT, order.payment_status), word: paidWord }} />
            </Flash>
            <Flash on={stockNow.word}>
              <span
                className={cx(
                  'inline-flex items-center gap-1 rounded-sm px-1.5 py-0.5 text-xs font-medium',
                  TEXT[stockNow.tone],
                  SOFT[stockNow.tone],
                )}
              >
                <Boxes size={13} strokeWidth={2.1} aria-hidden />
                {stockNow.word}
              </span>
            </Flash>
            <Flash on={order.fulfillment_status}>
              <Status look={lookOf(FULFILLMENT, order.fulfillment_status)} />
            </Flash>
          </p>
          <p className="mt-1.5 flex flex-wrap items-center gap-x-1.5 text-sm text-ink-2">
            <span className="font-medium text-ink">{name}</span>
            <span>
              · {formatCount(order.lines.length)} {order.lines.length === 1 ? 'line' : 'lines'},{' '}
              {formatCount(pieceCount)} {pieceCount === 1 ? 'piece' : 'pieces'}
            </span>
            {order.metadata.channel !== undefined && <span>· {order.metadata.channel}</span>}
            <span>
              · <Time at={order.created_at} /> (<Ago at={order.created_at} />)
            </span>
            {order.cancel_reason !== null && (
              <span className="text-undone">
                · {order.cancel_reason.replace(/_/g, ' ')}
                {order.cancel_detail === undefined ? '' : `, ${order.cancel_detail}`}
              </span>
            )}
            <span className="inline-flex items-center gap-1 max-sm:basis-full" data-testid="trace">
              <span className="max-sm:hidden">·</span> trace
              <Mono title={order.trace_id}>{shortTrace(order.trace_id)}</Mono>
              <CopyButton text={order.trace_id} label="Copy the trace id" />
            </span>
          </p>
        </div>
        <Actions order={order} etag={etag} money={money} fulfillments={fulfillments.data ?? []} />
      </header>

      <Panel flush>
        <Steps tracking={tracking.data} order={order} />
        <Next
          order={order}
          events={events}
          calls={calls}
          fulfillments={fulfillments.data ?? []}
          tracking={tracking.data}
        />
      </Panel>

      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,5fr)_minmax(0,6fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
            <MoneyPanel order={order} ledger={money} />
            <StockPanel ledger={stock} />
          </div>
          <Goods order={order} names={names} />
        </div>
        <Timeline events={events} currency={order.currency} />
      </div>

      <section aria-label="Details" className="min-w-0 rounded-lg border bg-panel">
        <Tabs
          label="Details"
          value={tab}
          onChange={(next) => setSearch({ tab: next === 'calls' ? null : next }, { replace: true })}
          tabs={[
            { id: 'calls', label: 'Payment attempts', count: calls.length, content: <Calls calls={calls} /> },
            {
              id: 'parcels',
              label: 'Fulfilment',
              count: fulfillments.data?.length ?? 0,
              content: <Parcels order={order} fulfillments={fulfillments.data ?? []} />,
            },
            {
              id: 'refunds',
              label: 'Refunds',
              count: refunds.data?.length ?? 0,
              content: <Refunds refunds={refunds.data ?? []} />,
            },
            {
              id: 'returns',
              label: 'Returns',
              count: returns.data?.length ?? 0,
              content: <Returns order={order} returns={returns.data ?? []} />,
            },
            { id: 'alerts', label: 'Alerts', content: <AlertsOf order={order} /> },
            { id: 'events', label: 'Events', count: events.length, content: <RawEvents events={events} /> },
            { id: 'trace', label: 'Trace', content: <Causes events={events} order={order} /> },
          ]}
        />
      </section>
    </div>
  );
}

/** What people call the SKUs of an order, as far as the catalogue knows. */
function useNames(order: Order): ReadonlyMap<string, string> {
  const store = useStore();
  const skus = [...new Set(order.lines.map((line) => line.sku))].slice(0, NAMES_MAX);
  return useQueries({
    queries: skus.map((sku) => ({
      queryKey: [store.id, 'names', sku],
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await get('/v1/inventory/{sku}', { store: store.id, path: { sku }, signal })).name,
      staleTime: 5 * 60_000,
      retry: false,
    })),
    combine: (results) =>
      new Map(
        results.flatMap((result, nth) =>
          typeof result.data === 'string' ? [[skus[nth] ?? '', result.data] as const] : [],
        ),
      ),
  });
}
