import { Boxes, PackagePlus, SearchX } from 'lucide-react';
import { useMemo, useState } from 'react';
import { sentence, useStats } from '@/api';
import type { Condition } from '@/api';
import {
  Button,
  CONDITION,
  Empty,
  Failure,
  FilterTabs,
  Notice,
  SearchInput,
  Skeleton,
  formatCount,
  lookOf,
  useSearch,
  useSetSearch,
} from '@/ui';
import { ItemDrawer } from './drawer';
import { StockList } from './list';
import { NewItem } from './new-item';
import { choose, filterOf, sortText } from './stock';
import { useStock } from './use-stock';

const TABS: readonly (Condition | null)[] = [null, 'out_of_stock', 'low_stock', 'in_stock'];

/** What there is, what is promised, and what runs out. */
export function Page() {
  const search = useSearch();
  const setSearch = useSetSearch();
  const stats = useStats();
  const { all, read, show } = useStock();
  const [isNew, setNew] = useState(false);
  const { condition, q, sort } = search;
  const filter = useMemo(
    () =>
      filterOf({
        ...(condition === undefined ? {} : { condition }),
        ...(q === undefined ? {} : { q }),
        ...(sort === undefined ? {} : { sort }),
      }),
    [condition, q, sort],
  );
  const items = useMemo(() => choose(all.data?.items.values() ?? [], filter), [all.data, filter]);
  const counts = stats.data?.inventory;
  const countOf = (tab: Condition | null): number | undefined => {
    if (counts === undefined) return undefined;
    if (tab === null) return counts.skus;
    if (tab === 'in_stock') return counts.skus - counts.low_stock - counts.out_of_stock;
    return counts[tab];
  };

  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex flex-col gap-3 border-b bg-panel px-4 pt-4 md:px-6">
        <div className="flex flex-wrap items-center gap-2">
          <h1 className="mr-2 text-lg font-semibold">Inventory</h1>
          <SearchInput
            label="Search the stock"
            value={filter.text}
            placeholder="SKU or name"
            onChange={(text) => setSearch({ q: text, at: null }, { replace: true })}
          />
          <Button kind="primary" className="ml-auto" onClick={() => setNew(true)}>
            <PackagePlus size={15} aria-hidden /> <span className="max-sm:sr-only">Add SKU</span>
          </Button>
        </div>
        <FilterTabs
          label="Condition"
          value={filter.condition}
          onChange={(tab) => setSearch({ condition: tab, at: null })}
          tabs={TABS.map((value) => ({
            value,
            word: value === null ? 'All' : lookOf(CONDITION, value).word,
            count: countOf(value),
          }))}
        />
      </header>
      {all.data?.isCut === true && (
        <div className="px-4 pt-3 md:px-6">
          <Notice tone="people">
            The store has more SKUs than this list takes: these are the newest{' '}
            {formatCount(all.data.items.size)}. The API lists all of them.
          </Notice>
        </div>
      )}
      {all.data === undefined ? (
        all.error !== null ? (
          <Failure
            what="The stock cannot be read"
            says={sentence(all.error)}
            advice="Orders go on: only this list is not there."
            onRetry={() => void all.refetch()}
          />
        ) : (
          <div className="flex flex-col gap-2 p-4 md:px-6" aria-busy="true">
            {read > 300 && <p className="text-xs text-ink-3">{formatCount(read)} SKUs read so far</p>}
            {Array.from({ length: 14 }, (_, nth) => (
              <Skeleton key={nth} className="h-7" />
            ))}
          </div>
        )
      ) : all.data.items.size === 0 ? (
        <Empty
          icon={Boxes}
          title="No stock yet"
          actions={
            <Button kind="primary" onClick={() => setNew(true)}>
              <PackagePlus size={15} aria-hidden /> Add the first SKU
            </Button>
          }
        >
          An order takes only what the shop has. Say what there is, here or with{' '}
          <code className="font-mono text-xs">PUT /v1/inventory/&#123;sku&#125;</code>; from then on orders
          reserve, promise and ship it by themselves.
        </Empty>
      ) : items.length === 0 ? (
        <Empty
          icon={SearchX}
          title={
            filter.text === '' && filter.condition !== null
              ? `Nothing is ${lookOf(CONDITION, filter.condition).word}`
              : 'No SKU fits'
          }
          actions={
            <Button onClick={() => setSearch({ q: null, condition: null })}>Show the whole stock</Button>
          }
        >
          {filter.text === ''
            ? 'What crosses its reorder point appears here as it happens, and raises an alert.'
            : 'The search looks for letters anywhere in SKU and name.'}
        </Empty>
      ) : (
        <StockList
          items={items}
          sort={filter.sort}
          onSort={(sort) => setSearch({ sort: sortText(sort) }, { replace: true })}
          onShow={show}
        />
      )}
      {search.sku !== undefined && (
        <ItemDrawer
          key={search.sku}
          sku={search.sku}
          onClose={() => setSearch({ sku: null }, { replace: true })}
        />
      )}
      {isNew && (
        <NewItem
          onClose={() => setNew(false)}
          onMade={(sku) => {
            setNew(false);
            setSearch({ sku });
          }}
        />
      )}
    </div>
  );
}
