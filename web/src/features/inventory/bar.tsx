import type { Item } from '@/api';
import { cx, formatCount } from '@/ui';
import { parts } from './stock';
import type { Part } from './stock';

const FILLS: Record<Part['name'], string> = {
  available: 'bg-good',
  reserved: 'bg-moving',
  committed: 'bg-undone',
  damaged: 'bg-failed',
  safety: 'bg-line-strong',
};
const LOW: Record<Item['condition'], string> = {
  in_stock: 'bg-good',
  low_stock: 'bg-people',
  out_of_stock: 'bg-failed',
};
export const PART_WORDS: Record<Part['name'], string> = {
  available: 'available',
  reserved: 'reserved',
  committed: 'committed',
  damaged: 'damaged',
  safety: 'safety stock',
};

/** What is on hand, part by part; the line is the reorder point, on the scale of what may be sold. */
export function StockBar({ item, tall = false }: { readonly item: Item; readonly tall?: boolean }) {
  const { parts: shown, mark } = parts(item);
  const text = shown
    .filter((part) => part.pieces > 0)
    .map((part) => `${formatCount(part.pieces)} ${PART_WORDS[part.name]}`)
    .join(', ');
  return (
    <span
      role="img"
      aria-label={`${text === '' ? 'nothing on hand' : text}; reorder point ${formatCount(item.reorder_point)}`}
      title={`${text === '' ? 'nothing on hand' : text}; the line is the reorder point, ${formatCount(item.reorder_point)}`}
      className={cx('relative block w-full', tall ? 'py-1' : '')}
    >
      <span className={cx('flex overflow-hidden rounded-full bg-press', tall ? 'h-2.5' : 'h-1.5')}>
        {shown.map(
          (part) =>
            part.share > 0 && (
              <span
                key={part.name}
                className={cx('h-full', part.name === 'available' ? LOW[item.condition] : FILLS[part.name])}
                style={{ width: `${part.share * 100}%` }}
              />
            ),
        )}
      </span>
      {mark !== null && (
        <span
          className={cx('absolute w-px bg-ink', tall ? 'top-0 h-4.5' : '-top-1 h-3.5')}
          style={{ left: `${Math.min(100, mark * 100)}%` }}
        />
      )}
    </span>
  );
}

/** What the colours mean, with the figures. */
export function StockLegend({ item }: { readonly item: Item }) {
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-1 text-sm sm:grid-cols-3">
      {parts(item).parts.map((part) => (
        <div key={part.name} className="flex items-center gap-2">
          <span
            aria-hidden
            className={cx(
              'size-2 shrink-0 rounded-full',
              part.name === 'available' ? LOW[item.condition] : FILLS[part.name],
            )}
          />
          <dt className="text-ink-2">{PART_WORDS[part.name]}</dt>
          <dd className="ml-auto font-mono text-xs">
            {formatCount(part.name === 'available' ? item.available : part.pieces)}
          </dd>
        </div>
      ))}
      <div className="flex items-center gap-2">
        <span aria-hidden className="mx-[3.5px] h-3 w-px shrink-0 bg-ink" />
        <dt className="text-ink-2">reorder point</dt>
        <dd className="ml-auto font-mono text-xs">{formatCount(item.reorder_point)}</dd>
      </div>
    </dl>
  );
}
