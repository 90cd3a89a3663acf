import { PackageX } from 'lucide-react';
import { useState } from 'react';
import { sentence } from '@/api';
import type { Item } from '@/api';
import {
  Ago,
  Button,
  CONDITION,
  CopyButton,
  Dialog,
  Empty,
  Failure,
  Flash,
  Mono,
  Money,
  Skeleton,
  Status,
  cx,
  formatCount,
  lookOf,
} from '@/ui';
import { useStore } from '@/api';
import { StockBar, StockLegend } from './bar';
import { AdjustForm, SetForm, WriteOffForm } from './edits';
import { Ledger } from './ledger';
import { useItem } from './use-stock';

/** One SKU: how it stands, what happened to it, and what people may do. */
export function ItemDrawer({ sku, onClose }: { readonly sku: string; readonly onClose: () => void }) {
  const one = useItem(sku);
  return (
    <Dialog open onClose={onClose} title={sku} side>
      {one.data === undefined ? (
        one.error !== null ? (
          <Failure
            what="This SKU cannot be read"
            says={sentence(one.error)}
            onRetry={() => void one.refetch()}
          />
        ) : (
          <div className="flex flex-col gap-3">
            <Skeleton className="h-10" />
            <Skeleton className="h-24" />
            <Skeleton className="h-40" />
          </div>
        )
      ) : one.data === null ? (
        <Empty icon={PackageX} title="There is no such SKU">
          No item of this store is called <Mono>{sku}</Mono>. “Add SKU” makes it.
        </Empty>
      ) : (
        <Found item={one.data.body} etag={one.data.etag} />
      )}
    </Dialog>
  );
}

const EDITS = [
  { id: 'adjust', label: 'Adjust' },
  { id: 'set', label: 'Count and describe' },
  { id: 'write_off', label: 'Write off' },
] as const;
type EditId = (typeof EDITS)[number]['id'];

function Found({ item, etag }: { readonly item: Item; readonly etag: string | null }) {
  const store = useStore();
  const [edit, setEdit] = useState<EditId | null>(null);
  return (
    <div className="flex flex-col gap-5">
      <section className="flex flex-col gap-3">
        <div className="flex items-start gap-3">
          <div className="min-w-0 flex-1">
            <p className="text-base font-semibold break-words">{item.name ?? 'Without a name'}</p>
            <p className="flex flex-wrap items-center gap-x-2 text-sm text-ink-2">
              <Mono>{item.sku}</Mono>
              <CopyButton text={item.sku} label="Copy the SKU" />
              {item.unit_price === null ? (
                <span>no price of its own</span>
              ) : (
                <Money minor={item.unit_price} currency={store.currency} />
              )}
              <span className="text-ink-3">
                changed <Ago at={item.updated_at} />
              </span>
            </p>
          </div>
          <Status look={lookOf(CONDITION, item.condition)} />
        </div>
        <p className="flex items-baseline gap-2">
          <span className="text-2xl font-semibold tracking-[-0.02em]">
            <Flash on={item.available}>{formatCount(item.available)}</Flash>
          </span>
          <span className="text-sm text-ink-2">
            available of <Flash on={item.on_hand}>{formatCount(item.on_hand)}</Flash> on hand
          </span>
        </p>
        <StockBar item={item} tall />
        <StockLegend item={item} />
      </section>
      <section aria-label="Change it" className="flex flex-col gap-3">
        <div role="group" aria-label="What to do" className="flex flex-wrap gap-2">
          {EDITS.map(({ id, label }) => (
            <Button
              key={id}
              aria-pressed={edit === id}
              disabled={id === 'write_off' && item.damaged === 0 && edit !== id}
              title={id === 'write_off' && item.damaged === 0 ? 'Nothing of it is damaged' : undefined}
              onClick={() => setEdit(edit === id ? null : id)}
              className={cx(edit === id && 'border-accent text-accent')}
            >
              {label}
            </Button>
          ))}
        </div>
        {edit === 'adjust' && <AdjustForm item={item} onDone={() => setEdit(null)} />}
        {edit === 'set' && <SetForm item={item} etag={etag} onDone={() => setEdit(null)} />}
        {edit === 'write_off' && <WriteOffForm item={item} onDone={() => setEdit(null)} />}
      </section>
      <Ledger item={item} />
    </div>
  );
}
