import type { StoreEvent } from '@/api';
import type { Tone } from '@/ui';
import { dataOf, pieces, text } from './data';
import type { Pieces } from './data';

/** A movement of stock. */
export interface StockEntry {
  readonly kind: 'held' | 'committed' | 'left' | 'released' | 'returned';
  readonly lines: readonly Pieces[];
  readonly at: string;
}

/** Every movement of an order's stock, out of its events. */
export function stockLedger(events: readonly StoreEvent[]): readonly StockEntry[] {
  const kinds: Readonly<Record<string, StockEntry['kind']>> = {
    committed: 'committed',
    shipped: 'left',
    returned: 'returned',
  };
  return events.flatMap((event): StockEntry[] => {
    const data = dataOf(event);
    const lines = pieces(data);
    if (event.type === 'inventory.reserved') return [{ kind: 'held', lines, at: event.at }];
    if (event.type === 'inventory.backorder_allocated') return [{ kind: 'committed', lines, at: event.at }];
    if (event.type === 'inventory.released') return [{ kind: 'released', lines, at: event.at }];
    if (event.type !== 'inventory.updated') return [];
    const kind = kinds[text(data, 'change') ?? ''];
    return kind === undefined ? [] : [{ kind, lines, at: event.at }];
  });
}

/** Where the stock is, in two words. */
export function stockWord(ledger: readonly StockEntry[]): { readonly word: string; readonly tone: Tone } {
  switch (ledger.at(-1)?.kind) {
    case undefined:
      return { word: 'no stock held', tone: 'waiting' };
    case 'held':
      return { word: 'stock held', tone: 'moving' };
    case 'committed':
      return { word: 'stock committed', tone: 'good' };
    case 'left':
      return { word: 'stock sold', tone: 'good' };
    case 'released':
      return { word: 'stock released', tone: 'undone' };
    case 'returned':
      return { word: 'stock came back', tone: 'undone' };
  }
}
