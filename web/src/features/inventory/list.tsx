import { useVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { useEffect, useRef } from 'react';
import type { Item } from '@/api';
import {
  Ago,
  CONDITION,
  Mono,
  Status,
  TEXT,
  cx,
  formatCount,
  lookOf,
  useKeys,
  useMedia,
  useSearch,
  useSetSearch,
} from '@/ui';
import { StockBar } from './bar';
import type { Sort, SortField } from './stock';

const ROW = 38;
const CARD = 74;
const COLUMNS = 'grid-cols-[minmax(12rem,1fr)_6rem_4.5rem_7rem_4.5rem_4.5rem_5rem_4.5rem_4.5rem_4.5rem]';

interface Column {
  readonly label: string;
  readonly means: string;
  readonly sort?: SortField;
  readonly isFigure?: boolean;
}

const HEADERS: readonly Column[] = [
  { label: 'SKU', means: 'What it is', sort: 'sku' },
  {
    label: 'Condition',
    means: 'Out of stock first, then what is nearest to its reorder point',
    sort: 'risk',
  },
  { label: 'Available', means: 'How many may still be sold', sort: 'available', isFigure: true },
  { label: 'Share', means: 'What is on hand, part by part; the line is the reorder point' },
  { label: 'On hand', means: 'How many there are, sold and unsold', sort: 'on_hand', isFigure: true },
  { label: 'Reserved', means: 'Held for orders that are not confirmed yet', isFigure: true },
  { label: 'Committed', means: 'Promised to confirmed orders', isFigure: true },
  { label: 'Damaged', means: 'Came back and cannot be sold', isFigure: true },
  { label: 'Reorder at', means: 'At or under so many available ones the stock is low', isFigure: true },
  { label: 'Changed', means: 'When anything about it last changed', sort: 'updated_at', isFigure: true },
];

/** The items that fit. What is on the screen is told to `onShow`. */
export function StockList({
  items,
  sort,
  onSort,
  onShow,
}: {
  readonly items: readonly Item[];
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly onShow: (skus: ReadonlySet<string>) => void;
}) {
  const setSearch = useSetSearch();
  const { at } = useSearch();
  const scroll = useRef<HTMLDivElement>(null);
  const isNarrow = useMedia('(max-width: 1100px)');
  const virtual = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => (isNarrow ? CARD : ROW),
    getItemKey: (index) => items[index]?.sku ?? index,
    overscan: 12,
  });
  useEffect(() => virtual.measure(), [isNarrow, virtual]);
  const rows = virtual.getVirtualItems();
  const first = rows[0]?.index ?? 0;
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    onShow(new Set(items.slice(first, last + 1).map((item) => item.sku)));
  }, [onShow, items, first, last]);

  const selected = items.findIndex((item) => item.sku === at);
  const select = (index: number) => {
    const item = items[index];
    if (item === undefined) return;
    setSearch({ at: item.sku }, { replace: true });
    virtual.scrollToIndex(index);
  };
  const open = (item: Item | undefined) => {
    if (item !== undefined) setSearch({ sku: item.sku, at: item.sku });
  };
  useKeys({
    j: () => select(Math.min(items.length - 1, selected + 1)),
    k: () => select(Math.max(0, selected - 1)),
    Enter: () => open(items[selected]),
  });

  return (
    <div ref={scroll} tabIndex={-1} className="min-h-0 flex-1 overflow-auto bg-panel outline-none">
      <div
        role="table"
        aria-label="Stock"
        aria-rowcount={items.length}
        className={cx(!isNarrow && 'min-w-[1060px]')}
      >
        {!isNarrow && (
          <div role="rowgroup" className="sticky top-0 z-[5] border-b bg-panel">
            <div role="row" className={cx('grid h-8 items-center gap-3 px-6 text-xs text-ink-3', COLUMNS)}>
              {HEADERS.map((column) => (
                <Header key={column.label} column={column} sort={sort} onSort={onSort} />
              ))}
            </div>
          </div>
        )}
        <div role="rowgroup" className="relative" style={{ height: virtual.getTotalSize() }}>
          {rows.map((row) => {
            const item = items[row.index];
            if (item === undefined) return null;
            const isSelected = item.sku === at;
            return (
              <div
                key={row.key}
                role="row"
                aria-rowindex={row.index + 1}
                aria-selected={isSelected}
                onClick={() => open(item)}
                style={{ height: row.size, transform: `translateY(${row.start}px)` }}
                className={cx(
                  'absolute inset-x-0 top-0 cursor-pointer border-b hover:bg-hover',
                  isSelected && 'bg-accent-soft shadow-[inset_3px_0_0_var(--accent)]',
                )}
              >
                <div key={item.version} className={cx('h-full', isRecent(item) && 'animate-flash')}>
                  {isNarrow ? <Card item={item} onOpen={open} /> : <Cells item={item} onOpen={open} />}
                </div>
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}

function isRecent(item: Item): boolean {
  return Date.now() - Date.parse(item.updated_at) < 1_500;
}

function Header({
  column,
  sort,
  onSort,
}: {
  readonly column: Column;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
}) {
  const isOn = column.sort !== undefined && column.sort === sort.field;
  const field = column.sort;
  const Arrow = sort.isDown ? ArrowDown : ArrowUp;
  return (
    <span
      role="columnheader"
      aria-sort={isOn ? (sort.isDown ? 'descending' : 'ascending') : undefined}
      title={column.means}
      className={cx('min-w-0', column.isFigure === true && 'text-right')}
    >
      {field === undefined ? (
        column.label
      ) : (
        <button
          type="button"
          onClick={() => onSort({ field, isDown: isOn && !sort.isDown })}
          className={cx('inline-flex items-center gap-0.5 rounded-sm hover:text-ink', isOn && 'text-ink')}
        >
          {column.label}
          {isOn && <Arrow size={12} aria-hidden />}
        </button>
      )}
    </span>
  );
}

interface RowProps {
  readonly item: Item;
  readonly onOpen: (item: Item) => void;
}

function Name({ item, onOpen }: RowProps) {
  return (
    <button
      type="button"
      onClick={(event) => {
        event.stopPropagation();
        onOpen(item);
      }}
      className="flex min-w-0 items-baseline gap-2 rounded-sm text-left"
    >
      <Mono className="shrink-0 text-ink-2">{item.sku}</Mono>
      <span className="truncate">{item.name}</span>
    </button>
  );
}

function Figure({
  value,
  strong = false,
  tone,
}: {
  readonly value: number;
  readonly strong?: boolean;
  readonly tone?: string;
}) {
  return (
    <span
      role="cell"
      className={cx(
        'text-right font-mono text-xs',
        strong ? 'font-medium' : '',
        tone ?? (value === 0 ? 'text-ink-3' : strong ? 'text-ink' : 'text-ink-2'),
      )}
    >
      {formatCount(value)}
    </span>
  );
}

function Cells({ item, onOpen }: RowProps) {
  return (
    <div className={cx('grid h-full items-center gap-3 px-6', COLUMNS)}>
      <span role="cell" className="flex min-w-0">
        <Name item={item} onOpen={onOpen} />
      </span>
      <span role="cell" className="flex">
        <Status look={lookOf(CONDITION, item.condition)} quiet />
      </span>
      <Figure
        value={item.available}
        strong
        {...(item.condition === 'in_stock' ? {} : { tone: TEXT[lookOf(CONDITION, item.condition).tone] })}
      />
      <span role="cell">
        <StockBar item={item} />
      </span>
      <Figure value={item.on_hand} />
      <Figure value={item.reserved} />
      <Figure value={item.committed} />
      <Figure value={item.damaged} />
      <Figure value={item.reorder_point} />
      <span role="cell" className="text-right text-xs text-ink-3">
        <Ago at={item.updated_at} />
      </span>
    </div>
  );
}

/** A row where there is no room for columns. */
function Card({ item, onOpen }: RowProps) {
  return (
    <div
      role="cell"
      className="grid h-full grid-cols-[minmax(0,1fr)_auto] content-center gap-x-3 gap-y-1 px-4"
    >
      <button
        type="button"
        onClick={(event) => {
          event.stopPropagation();
          onOpen(item);
        }}
        className="truncate rounded-sm text-left font-medium"
      >
        {item.name ?? item.sku}
      </button>
      <span className="text-right">
        <span className="font-mono font-medium">{formatCount(item.available)}</span>{' '}
        <span className="text-xs text-ink-3">of {formatCount(item.on_hand)}</span>
      </span>
      <Mono className="truncate text-ink-3">{item.sku}</Mono>
      <span className="flex justify-end">
        <Status look={lookOf(CONDITION, item.condition)} quiet />
      </span>
      <span className="col-span-2">
        <StockBar item={item} />
      </span>
    </div>
  );
}
