import { createColumnHelper, tableFeatures, useTable } from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useQueryClient } from '@tanstack/react-query';
import { ArrowUp, SearchX } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { orderQuery, sentence, timelineQuery, useStore } from '@/api';
import type { Order } from '@/api';
import {
  Ago,
  Empty,
  FULFILLMENT,
  Failure,
  Link,
  Mono,
  Money,
  ORDER,
  PAYMENT,
  RISK,
  Skeleton,
  Status,
  cx,
  formatCount,
  lookOf,
  shortId,
  useGo,
  useKeys,
  useMedia,
  useSearch,
  useSetSearch,
} from '@/ui';
import { fieldCount } from './filter';
import type { OrderFilter } from './filter';
import { useOrders } from './use-orders';

const ROW = 38;
const CARD = 62;

const features = tableFeatures({});
const helper = createColumnHelper<typeof features, Order>();
const columns = helper.columns([
  helper.accessor('id', {
    header: 'Order',
    cell: ({ getValue }) => <Mono className="text-ink-2">{shortId(getValue())}</Mono>,
  }),
  helper.accessor(customerOf, {
    id: 'customer',
    header: 'Customer',
    cell: ({ getValue }) => <span className="truncate">{getValue()}</span>,
  }),
  helper.accessor(pieces, {
    id: 'pieces',
    header: 'Pieces',
    cell: ({ getValue }) => <span className="font-mono text-xs text-ink-2">{formatCount(getValue())}</span>,
  }),
  helper.accessor('total', {
    header: 'Total',
    cell: ({ row }) => (
      <Money minor={row.original.total} currency={row.original.currency} className="font-medium" />
    ),
  }),
  helper.accessor('status', {
    header: 'Status',
    cell: ({ getValue }) => <Status look={lookOf(ORDER, getValue())} quiet />,
  }),
  helper.accessor('payment_status', {
    header: 'Payment',
    cell: ({ getValue }) => <Status look={lookOf(PAYMENT, getValue())} quiet />,
  }),
  helper.accessor('fulfillment_status', {
    header: 'Fulfilment',
    cell: ({ getValue }) => <Status look={lookOf(FULFILLMENT, getValue())} quiet />,
  }),
  helper.accessor('risk', {
    header: 'Risk',
    cell: ({ getValue }) => {
      const risk = getValue();
      return risk === null || risk.level === 'normal' ? null : (
        <Status look={lookOf(RISK, risk.level)} quiet />
      );
    },
  }),
  helper.accessor('created_at', {
    header: 'Taken',
    cell: ({ getValue }) => <Ago at={getValue()} className="text-xs text-ink-3" />,
  }),
]);
const COLUMNS = 'grid-cols-[6rem_minmax(7rem,1fr)_3.25rem_5.5rem_7.5rem_8rem_8rem_5rem_4.5rem]';
const RIGHT = new Set(['pieces', 'total', 'created_at']);
/** What stands right of a figure keeps its distance. */
const APART = new Set(['status']);

function customerOf(order: Order): string {
  return order.shipping_address?.name ?? order.customer.email ?? order.customer.id ?? '';
}

function pieces(order: Order): number {
  return order.lines.reduce((sum, line) => sum + line.quantity, 0);
}

/** The orders that fit, as long as the list may be. */
export function OrderList({ filter }: { readonly filter: OrderFilter }) {
  const store = useStore();
  const client = useQueryClient();
  const go = useGo();
  const setSearch = useSetSearch();
  const asked = useSearch().at ?? null;
  // Keys come faster than addresses change: where they are is known here, and told to the address.
  const [at, setPlace] = useState<string | null>(asked);
  const cursor = useRef<{ id: string | null; index: number }>({ id: asked, index: -1 });
  const scroll = useRef<HTMLDivElement>(null);
  const [isAtTop, setAtTop] = useState(true);
  const isNarrow = useMedia('(max-width: 1100px)');
  const { rows: data, hidden, pages, show } = useOrders(filter, isAtTop);
  const table = useTable({ features, columns, data, getRowId: (order) => order.id });
  const rows = table.getRowModel().rows;
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => (isNarrow ? CARD : ROW),
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;

  useEffect(() => virtual.measure(), [isNarrow, virtual]);
  useEffect(() => {
    show(new Set(data.slice(first, last + 1).map((order) => order.id)));
  }, [show, data, first, last]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = pages;
  useEffect(() => {
    if (last >= rows.length - 20 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [last, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);

  /** Where the cursor is; where its order was, if that is not in the list any more. */
  const here = () => {
    const found = data.findIndex((order) => order.id === cursor.current.id);
    return found === -1 ? cursor.current.index : found;
  };
  const select = (wanted: number) => {
    const index = Math.max(0, Math.min(data.length - 1, wanted));
    const order = data[index];
    if (order === undefined) return;
    cursor.current = { id: order.id, index };
    setPlace(order.id);
    setSearch({ at: order.id }, { replace: true });
    virtual.scrollToIndex(index);
  };
  const open = (order: Order | undefined) => {
    if (order === undefined) return;
    void client.prefetchQuery(orderQuery(store.id, order.id));
    void client.prefetchQuery(timelineQuery(store.id, order.id));
    go(`/orders/${order.id}`);
  };
  useKeys({
    j: () => select(here() + 1),
    k: () => select(here() - 1),
    Enter: () => open(data[here()]),
  });

  if (pages.error !== null && pages.data === undefined) {
    return (
      <Failure
        what="Orders cannot be read"
        says={sentence(pages.error)}
        advice="Filters are in the address: they stay when you try again."
        onRetry={() => void pages.refetch()}
      />
    );
  }
  if (pages.data === undefined) {
    return (
      <div className="flex flex-col gap-2 p-4 md:px-6" aria-busy="true">
        {Array.from({ length: 14 }, (_, nth) => (
          <Skeleton key={nth} className="h-7" />
        ))}
      </div>
    );
  }
  if (rows.length === 0) {
    return fieldCount(filter) > 0 ? (
      <Empty icon={SearchX} title="No order fits">
        Take a filter away, or look in another store. A search finds ids, e-mail addresses, customers and
        recipients by how they begin or what they contain.
      </Empty>
    ) : (
      <Empty icon={SearchX} title="No orders yet">
        The first one appears here as soon as it is taken. “Test order” above places one.
      </Empty>
    );
  }

  return (
    <div className="relative min-h-0 flex-1">
      {hidden > 0 && (
        <button
          type="button"
          onClick={() => {
            scroll.current?.scrollTo({ top: 0 });
            setAtTop(true);
          }}
          className="absolute top-11 left-1/2 z-10 flex h-7 -translate-x-1/2 animate-appear items-center gap-1.5 rounded-full bg-accent px-3 text-xs font-medium text-on-accent"
        >
          <ArrowUp size={13} aria-hidden /> {hidden >= 50 ? 'Many' : hidden} new
        </button>
      )}
      <div
        ref={scroll}
        tabIndex={-1}
        onScroll={(event) => setAtTop(event.currentTarget.scrollTop < ROW)}
        className="h-full overflow-auto bg-panel outline-none"
      >
        <div
          role="table"
          aria-label="Orders"
          aria-rowcount={-1}
          className={cx(!isNarrow && 'min-w-[1000px]')}
        >
          {!isNarrow && (
            <div role="rowgroup" className="sticky top-0 z-[5] border-b bg-panel">
              {table.getHeaderGroups().map((group) => (
                <div
                  key={group.id}
                  role="row"
                  className={cx('grid h-8 items-center gap-3 px-6 text-xs text-ink-3', COLUMNS)}
                >
                  {group.headers.map((header) => (
                    <span
                      key={header.id}
                      role="columnheader"
                      className={cx(
                        RIGHT.has(header.column.id) && 'text-right',
                        APART.has(header.column.id) && 'pl-2',
                      )}
                    >
                      <table.FlexRender header={header} />
                    </span>
                  ))}
                </div>
              ))}
            </div>
          )}
          <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = rows[item.index];
              if (row === undefined) return null;
              const order = row.original;
              const isSelected = order.id === at;
              return (
                <div
                  key={item.key}
                  role="row"
                  aria-selected={isSelected}
                  onClick={() => open(order)}
                  style={{ height: item.size, transform: `translateY(${item.start}px)` }}
                  className={cx(
                    'absolute inset-x-0 top-0 cursor-pointer border-b hover:bg-hover',
                    isSelected && 'bg-accent-soft shadow-[inset_3px_0_0_var(--accent)]',
                  )}
                >
                  <div key={order.version} className={cx('h-full', isRecent(order) && 'animate-flash')}>
                    {isNarrow ? (
                      <Card order={order} />
                    ) : (
                      <div className={cx('grid h-full items-center gap-3 px-6', COLUMNS)}>
                        {row.getAllCells().map((cell) => (
                          <span
                            key={cell.id}
                            role="cell"
                            className={cx(
                              'flex min-w-0',
                              RIGHT.has(cell.column.id) && 'justify-end',
                              APART.has(cell.column.id) && 'pl-2',
                            )}
                          >
                            {cell.column.id === 'id' ? (
                              <Link
                                to={`/orders/${order.id}`}
                                title={order.id}
                                onClick={(event) => event.stopPropagation()}
                              >
                                <table.FlexRender cell={cell} />
                              </Link>
                            ) : (
                              <table.FlexRender cell={cell} />
                            )}
                          </span>
                        ))}
                      </div>
                    )}
                  </div>
                </div>
              );
            })}
          </div>
          {isFetchingNextPage && <Skeleton className="mx-6 my-2 h-6" />}
        </div>
      </div>
    </div>
  );
}

/** Whether it has just changed: only that is marked, not rows that scroll into view. */
function isRecent(order: Order): boolean {
  return Date.now() - Date.parse(order.updated_at) < 1_500;
}

/** A row where there is no room for columns. */
function Card({ order }: { readonly order: Order }) {
  return (
    <div
      role="cell"
      className="grid h-full grid-cols-[minmax(0,1fr)_auto] content-center gap-x-3 gap-y-0.5 px-4"
    >
      <Link
        to={`/orders/${order.id}`}
        className="truncate font-medium"
        onClick={(event) => event.stopPropagation()}
      >
        {customerOf(order)}
      </Link>
      <Money minor={order.total} currency={order.currency} className="text-right font-medium" />
      <span className="flex min-w-0 items-center gap-3 overflow-hidden">
        <Status look={lookOf(ORDER, order.status)} quiet />
        <Status look={lookOf(PAYMENT, order.payment_status)} quiet />
        <span className="max-sm:hidden">
          <Status look={lookOf(FULFILLMENT, order.fulfillment_status)} quiet />
        </span>
      </span>
      <Ago at={order.created_at} className="text-right text-xs text-ink-3" />
    </div>
  );
}
