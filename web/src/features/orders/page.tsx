import { ListFilter, Plus, X, Zap } from 'lucide-react';
import { useEffect, useMemo, useState } from 'react';
import { useStats, useStore } from '@/api';
import type { OrderStatus } from '@/api';
import {
  Button,
  FULFILLMENT,
  FilterTabs,
  ORDER,
  PAYMENT,
  SearchInput,
  formatTime,
  lookOf,
  useQuiet,
  useSearch,
  useSetSearch,
} from '@/ui';
import { BulkDialog } from './bulk-dialog';
import { FIELDS, filterOf, searchOf } from './filter';
import type { FilterField, OrderFilter } from './filter';
import { FilterMenu, ViewsMenu } from './filter-menu';
import { OrderList } from './list';
import { NewOrder } from './new-order';

const TABS: readonly (OrderStatus | null)[] = [
  null,
  'pending',
  'requires_action',
  'on_hold',
  'confirmed',
  'completed',
  'canceled',
  'expired',
];

/** All orders of the store: find them, go through them, do something to many at once. */
export function Page() {
  const store = useStore();
  const stats = useStats();
  const search = useSearch();
  const setSearch = useSetSearch();
  const text = JSON.stringify(filterOf(search));
  const filter = useMemo(() => JSON.parse(text) as OrderFilter, [text]);
  const [isBulk, setBulk] = useState(false);
  const change = (next: OrderFilter) => setSearch({ ...searchOf(next), at: null });

  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex flex-col gap-3 border-b bg-panel px-4 pt-4 md:px-6">
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="mr-2 text-lg font-semibold max-sm:-order-2">Orders</h1>
          <SearchField filter={filter} onChange={change} />
          <FilterMenu filter={filter} onChange={change} />
          <ViewsMenu filter={filter} onChange={change} />
          <span aria-hidden className="basis-full sm:hidden max-sm:-order-1" />
          <div className="ml-auto flex gap-2 max-sm:-order-2">
            <Button onClick={() => setBulk(true)}>
              <Zap size={14} aria-hidden /> <span className="max-sm:sr-only">Act on all</span>
            </Button>
            <Button kind="primary" onClick={() => setSearch({ new: '1' })}>
              <Plus size={15} aria-hidden /> <span className="max-sm:sr-only">Test order</span>
            </Button>
          </div>
        </div>
        <Chips filter={filter} onChange={change} />
        <FilterTabs
          label="Status"
          value={filter.status ?? null}
          onChange={(status) => {
            const { status: _, ...rest } = filter;
            change(status === null ? rest : { ...rest, status });
          }}
          tabs={TABS.map((value) => ({
            value,
            word: value === null ? 'All' : lookOf(ORDER, value).word,
            count: value === null ? stats.data?.orders.total : stats.data?.orders[value],
          }))}
        />
      </header>
      <OrderList key={`${store.id} ${text}`} filter={filter} />
      {isBulk && <BulkDialog filter={filter} onClose={() => setBulk(false)} />}
      {search.new !== undefined && <NewOrder onClose={() => setSearch({ new: null }, { replace: true })} />}
    </div>
  );
}

function SearchField({
  filter,
  onChange,
}: {
  readonly filter: OrderFilter;
  readonly onChange: (filter: OrderFilter) => void;
}) {
  const [text, setText] = useState(filter.q ?? '');
  const [known, setKnown] = useState(filter.q ?? '');
  // The address changed by other ways: it is what counts.
  if ((filter.q ?? '') !== known) {
    setKnown(filter.q ?? '');
    setText(filter.q ?? '');
  }
  const quiet = useQuiet(text.trim(), 250);
  useEffect(() => {
    if (quiet === text.trim() && quiet !== known) {
      const { q: _, ...rest } = filter;
      onChange(quiet === '' ? rest : { ...rest, q: quiet });
    }
    // Only what was typed changes the address, not the other way round.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [quiet]);
  return (
    <SearchInput
      label="Search"
      value={text}
      placeholder="Id, trace, e-mail, customer, recipient"
      onChange={setText}
    />
  );
}

/** What is asked for, besides status and search, which have places of their own. */
function Chips({
  filter,
  onChange,
}: {
  readonly filter: OrderFilter;
  readonly onChange: (filter: OrderFilter) => void;
}) {
  const set = FIELDS.filter(
    ({ field }) => field !== 'status' && field !== 'q' && filter[field] !== undefined,
  );
  if (set.length === 0) return null;
  return (
    <ul className="flex flex-wrap items-center gap-1.5" aria-label="Filters">
      <li>
        <ListFilter size={14} className="text-ink-3" aria-hidden />
      </li>
      {set.map(({ field, label }) => (
        <li key={field} className="flex h-6 items-center gap-1 rounded-md bg-accent-soft pl-2 text-xs">
          <span className="text-ink-2">{label}</span>
          <span className="font-medium">{valueText(field, filter[field] ?? '')}</span>
          <button
            type="button"
            aria-label={`Without ${label}`}
            className="flex size-6 items-center justify-center rounded-md text-ink-2 hover:bg-hover hover:text-ink"
            onClick={() => {
              const { [field]: _, ...rest } = filter;
              onChange(rest);
            }}
          >
            <X size={12} aria-hidden />
          </button>
        </li>
      ))}
      <li>
        <button
          type="button"
          className="h-6 px-1 text-xs text-accent hover:underline"
          onClick={() => onChange(filter.q === undefined ? {} : { q: filter.q })}
        >
          Clear
        </button>
      </li>
    </ul>
  );
}

function valueText(field: FilterField, value: string): string {
  if (field === 'payment_status') return lookOf(PAYMENT, value).word;
  if (field === 'fulfillment_status') return lookOf(FULFILLMENT, value).word;
  if (field === 'created_after' || field === 'created_before')
    return formatTime(Date.parse(value), Date.now());
  return value;
}
