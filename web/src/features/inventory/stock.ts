import type { Condition, EntryKind, Item, StoreEvent } from '@/api';

/** By what the list is ordered; a minus before it turns it round. */
export const SORTS = ['risk', 'sku', 'available', 'on_hand', 'updated_at'] as const;
export type SortField = (typeof SORTS)[number];
export interface Sort {
  readonly field: SortField;
  readonly isDown: boolean;
}

/** What is shown of the stock. */
export interface StockFilter {
  readonly condition: Condition | null;
  readonly text: string;
  readonly sort: Sort;
}

const CONDITIONS: readonly Condition[] = ['out_of_stock', 'low_stock', 'in_stock'];

/** The filter in an address; words that mean nothing are left out. */
export function filterOf(search: Readonly<Record<string, string>>): StockFilter {
  const condition = CONDITIONS.find((one) => one === search.condition) ?? null;
  const named = search.sort?.replace(/^-/, '');
  const field = SORTS.find((one) => one === named) ?? 'risk';
  return {
    condition,
    text: search.q ?? '',
    sort: { field, isDown: search.sort?.startsWith('-') === true },
  };
}

/** The sort in an address; the usual one is not said. */
export function sortText(sort: Sort): string | null {
  if (sort.field === 'risk' && !sort.isDown) return null;
  return `${sort.isDown ? '-' : ''}${sort.field}`;
}

const RISK: Record<Condition, number> = { out_of_stock: 0, low_stock: 1, in_stock: 2 };

/** How much of its reorder point is left: what is nearest to it comes first. */
function cover(item: Item): number {
  return item.available / Math.max(1, item.reorder_point);
}

function order(a: Item, b: Item, field: SortField): number {
  switch (field) {
    case 'risk':
      return RISK[a.condition] - RISK[b.condition] || cover(a) - cover(b);
    case 'sku':
      return 0;
    case 'available':
      return a.available - b.available;
    case 'on_hand':
      return a.on_hand - b.on_hand;
    case 'updated_at':
      return b.updated_at.localeCompare(a.updated_at);
  }
}

/** The items that fit, in order. Of two that are alike the SKU decides, so that nothing jumps. */
export function choose(items: Iterable<Item>, filter: StockFilter): readonly Item[] {
  const wanted = filter.text.trim().toLowerCase();
  const fitting = [...items].filter(
    (item) =>
      (filter.condition === null || item.condition === filter.condition) &&
      (wanted === '' ||
        item.sku.toLowerCase().includes(wanted) ||
        (item.name?.toLowerCase().includes(wanted) ?? false)),
  );
  const sign = filter.sort.isDown ? -1 : 1;
  return fitting.sort(
    (a, b) => sign * (order(a, b, filter.sort.field) || (a.sku < b.sku ? -1 : a.sku > b.sku ? 1 : 0)),
  );
}

/** The SKUs whose figures an event has changed. */
export function skusOf(event: StoreEvent): readonly string[] {
  if (!event.type.startsWith('inventory.')) return [];
  const data = event.data as { sku?: unknown; lines?: unknown } | null;
  if (typeof data?.sku === 'string') return [data.sku];
  if (!Array.isArray(data?.lines)) return [];
  return data.lines.flatMap((line: { sku?: unknown }) => (typeof line.sku === 'string' ? [line.sku] : []));
}

/** A part of what is on hand, for the bar: pieces, and as a share of its scale. */
export interface Part {
  readonly name: 'available' | 'reserved' | 'committed' | 'damaged' | 'safety';
  readonly pieces: number;
  readonly share: number;
}

/**
 * What is on hand, part by part, drawn so that the reorder point can be marked on the same scale: where the first part,
 * what may be sold, does not reach the mark, the stock is low.
 */
export function parts(item: Item): { readonly parts: readonly Part[]; readonly mark: number | null } {
  const pieces = {
    available: Math.max(0, item.available),
    reserved: Math.max(0, item.reserved),
    committed: Math.max(0, item.committed),
    damaged: Math.max(0, item.damaged),
    safety: Math.max(0, item.on_hand - item.available - item.reserved - item.committed - item.damaged),
  };
  // Safety stock is what is left of it: where promises have eaten into it, less than the setting.
  const safety = Math.min(pieces.safety, item.safety_stock);
  const all = { ...pieces, safety };
  const sum = Object.values(all).reduce((total, part) => total + part, 0);
  const scale = Math.max(1, sum, item.reorder_point * 1.25);
  const names = ['available', 'reserved', 'committed', 'damaged', 'safety'] as const;
  return {
    parts: names.map((name) => ({ name, pieces: all[name], share: all[name] / scale })),
    mark: item.reorder_point > 0 ? item.reorder_point / scale : null,
  };
}

/** What people may change of an item, and need to know when it changed while they wrote. */
export function editsDiffer(a: Item, b: Item): boolean {
  return (
    a.on_hand !== b.on_hand ||
    a.name !== b.name ||
    a.unit_price !== b.unit_price ||
    a.reorder_point !== b.reorder_point ||
    a.safety_stock !== b.safety_stock
  );
}

/** A whole number as somebody typed it; null where it is none. */
export function parseWhole(text: string): number | null {
  const found = /^\s*([+-]?\d{1,9})\s*$/.exec(text.replace('−', '-'));
  return found === null ? null : Number(found[1]);
}

/** What an entry of the ledger is called, and which figure it moved. */
export const ENTRY: Record<EntryKind, { readonly word: string; readonly moves: string }> = {
  receipt: { word: 'receipt', moves: 'on hand' },
  adjustment: { word: 'adjustment', moves: 'on hand' },
  reservation: { word: 'reservation', moves: 'reserved' },
  release: { word: 'release', moves: 'reserved' },
  expiry: { word: 'hold ran out', moves: 'reserved' },
  allocation: { word: 'allocation', moves: 'from reserved to committed' },
  deallocation: { word: 'deallocation', moves: 'committed' },
  sale: { word: 'sale', moves: 'on hand and committed' },
  return_restock: { word: 'return, restocked', moves: 'on hand' },
  return_damaged: { word: 'return, damaged', moves: 'on hand and damaged' },
  write_off: { word: 'write-off', moves: 'on hand and damaged' },
  transfer_out: { word: 'sent back to its vendor', moves: 'on hand and damaged' },
};
