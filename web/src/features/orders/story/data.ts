import type { StoreEvent } from '@/api';

/* What stands in an event, read with care: it may have been written by another release. */

export type Data = Readonly<Record<string, unknown>>;

export function dataOf(event: StoreEvent): Data {
  return typeof event.data === 'object' && event.data !== null ? (event.data as Data) : {};
}

export function text(data: Data, name: string): string | null {
  const value = data[name];
  return typeof value === 'string' ? value : null;
}

export function number(data: Data, name: string): number | null {
  const value = data[name];
  return typeof value === 'number' ? value : null;
}

export interface Pieces {
  readonly sku: string;
  readonly quantity: number;
}

export function pieces(data: Data): readonly Pieces[] {
  const lines = data.lines;
  if (!Array.isArray(lines)) return [];
  return lines.flatMap((line: unknown): Pieces[] => {
    const of = (line ?? {}) as Data;
    const sku = text(of, 'sku');
    // What came back is counted by what becomes of it.
    const parts = ['quantity', 'restocked', 'damaged', 'written_off'].map((name) => number(of, name) ?? 0);
    const quantity = parts.reduce((sum, part) => sum + part, 0);
    return sku === null || quantity === 0 ? [] : [{ sku, quantity }];
  });
}

export function piecesText(data: Data): string | null {
  const lines = pieces(data);
  if (lines.length === 0) return null;
  const shown = lines.slice(0, 3).map((line) => `${line.quantity} × ${line.sku}`);
  return lines.length > 3 ? `${shown.join(', ')} and ${lines.length - 3} more` : shown.join(', ');
}
