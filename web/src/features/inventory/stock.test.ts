import { describe, expect, it } from 'vitest';
import type { Item, StoreEvent } from '@/api';
import { choose, editsDiffer, filterOf, parseWhole, parts, skusOf, sortText } from './stock';
import { putIn } from './use-stock';

function item(sku: string, change: Partial<Item> = {}): Item {
  return {
    sku,
    name: `Thing ${sku}`,
    unit_price: 100,
    on_hand: 100,
    available: 100,
    reserved: 0,
    committed: 0,
    damaged: 0,
    safety_stock: 0,
    reorder_point: 10,
    condition: 'in_stock',
    updated_at: '2026-11-21T12:00:00.000000Z',
    version: 1,
    ...change,
  };
}

const skus = (items: readonly Item[]) => items.map((one) => one.sku);

describe('the list', () => {
  const stock = [
    item('FULL'),
    item('NEAR', { available: 11 }),
    item('LOW', { available: 9, condition: 'low_stock' }),
    item('LOWER', { available: 1, condition: 'low_stock' }),
    item('GONE', { available: 0, condition: 'out_of_stock' }),
  ];
  it('begins with what is out, then with what is nearest to it', () => {
    expect(skus(choose(stock, filterOf({})))).toEqual(['GONE', 'LOWER', 'LOW', 'NEAR', 'FULL']);
    expect(skus(choose(stock, filterOf({ sort: '-risk' })))).toEqual([
      'FULL',
      'NEAR',
      'LOW',
      'LOWER',
      'GONE',
    ]);
  });
  it('is asked by condition and by letters anywhere', () => {
    expect(skus(choose(stock, filterOf({ condition: 'low_stock' })))).toEqual(['LOWER', 'LOW']);
    expect(skus(choose(stock, filterOf({ q: 'thing low', sort: 'sku' })))).toEqual(['LOW', 'LOWER']);
    expect(choose([item('A', { name: null })], filterOf({ q: 'thing' }))).toEqual([]);
  });
  it('is the same for every order in which items arrive', () => {
    const alike = ['B', 'C', 'A'].map((sku) => item(sku));
    for (const sort of ['risk', 'sku', 'available', 'on_hand', 'updated_at']) {
      expect(skus(choose(alike, filterOf({ sort })))).toEqual(['A', 'B', 'C']);
      expect(skus(choose([...alike].reverse(), filterOf({ sort })))).toEqual(['A', 'B', 'C']);
    }
  });
  it('leaves out of an address what means nothing, and says no more than it must', () => {
    expect(filterOf({ condition: 'melting', sort: 'colour' })).toEqual(filterOf({}));
    expect(sortText(filterOf({}).sort)).toBeNull();
    expect(sortText(filterOf({ sort: '-available' }).sort)).toBe('-available');
  });
});

describe('the bar', () => {
  it('shows all that is on hand, and no more', () => {
    const one = item('A', { available: 60, reserved: 10, committed: 20, damaged: 5, safety_stock: 5 });
    const { parts: shown, mark } = parts(one);
    expect(shown.reduce((sum, part) => sum + part.pieces, 0)).toBe(100);
    expect(shown.reduce((sum, part) => sum + part.share, 0)).toBeCloseTo(1);
    expect(mark).toBeCloseTo(0.1);
  });
  it('keeps the reorder point on it where less is there', () => {
    const { parts: shown, mark } = parts(item('A', { on_hand: 4, available: 4, reorder_point: 40 }));
    expect(mark).toBeLessThan(1);
    expect(shown[0]?.share).toBeLessThan(mark ?? 0);
  });
  it('draws nothing below nothing', () => {
    const { parts: shown } = parts(item('A', { on_hand: 2, available: -3, committed: 5, reorder_point: 0 }));
    for (const part of shown) expect(part.share).toBeGreaterThanOrEqual(0);
    expect(parts(item('A', { on_hand: 0, available: 0, reorder_point: 0 })).mark).toBeNull();
  });
});

describe('an event', () => {
  const event = (type: string, data: unknown) => ({ type, data }) as StoreEvent;
  it('names the SKUs whose figures it changed', () => {
    expect(skusOf(event('inventory.updated', { sku: 'A' }))).toEqual(['A']);
    expect(skusOf(event('inventory.reserved', { lines: [{ sku: 'A' }, { sku: 'B' }] }))).toEqual(['A', 'B']);
    expect(skusOf(event('order.created', { lines: [{ sku: 'A' }] }))).toEqual([]);
    expect(skusOf(event('inventory.reservation_extended', { order: 'x' }))).toEqual([]);
  });
  it('brings the later account of an item, whichever arrives last', () => {
    const before = { items: new Map([['A', item('A', { version: 5 })]]), isCut: false };
    expect(putIn(before, [item('A', { version: 4 })])?.items.get('A')?.version).toBe(5);
    expect(putIn(before, [item('A', { version: 6 })])?.items.get('A')?.version).toBe(6);
    expect(putIn(before, [item('B')])?.items.size).toBe(2);
    expect(putIn(undefined, [item('B')])).toBeUndefined();
  });
});

describe('an edit', () => {
  it('notices what people could have changed, and nothing else', () => {
    expect(editsDiffer(item('A'), item('A', { version: 9, reserved: 3, available: 97 }))).toBe(false);
    expect(editsDiffer(item('A'), item('A', { on_hand: 99 }))).toBe(true);
    expect(editsDiffer(item('A'), item('A', { name: null }))).toBe(true);
  });
  it('takes whole numbers as people write them', () => {
    expect(['12', ' +3', '-4 ', '−4', '1.5', '', 'x', '9999999999'].map(parseWhole)).toEqual([
      12,
      3,
      -4,
      -4,
      null,
      null,
      null,
      null,
    ]);
  });
});
