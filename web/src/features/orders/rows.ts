import type { Order } from '@/api';

/** What a list shows: the pages that were read, the newest orders read since, and orders that were read anew one by one. */
export interface Merged {
  readonly rows: readonly Order[];
  /** How many of the newest are not among the rows, because nobody looks there now. */
  readonly hidden: number;
  /** Between the newest and the pages are orders that nobody has read: the pages must be read again. */
  readonly isTorn: boolean;
}

/**
 * Puts together what is shown. The newest orders come first while `isAtTop`; while somebody reads further below, nothing is
 * put above them, and they are told how many wait. Of two accounts of one order the later counts.
 */
export function merge(
  pages: readonly Order[],
  head: readonly Order[],
  anew: ReadonlyMap<string, Order>,
  isAtTop: boolean,
  isPageLast: boolean,
  isHeadAll = false,
): Merged {
  const known = new Set(pages.map((order) => order.id));
  const fresh = new Map(head.map((order) => [order.id, order]));
  const unknown = head.filter((order) => !known.has(order.id));
  // Only what is newer than the first row is new; an order that began to fit the filter later has its place below.
  const first = pages[0];
  const newer = first === undefined ? unknown : unknown.filter((order) => order.id > first.id);
  const isTorn = head.length > 0 && pages.length > 0 && newer.length === head.length && !isPageLast;
  const latest = (order: Order): Order => {
    let best = order;
    for (const other of [fresh.get(order.id), anew.get(order.id)]) {
      if (other !== undefined && other.version >= best.version) best = other;
    }
    return best;
  };
  // The newest that fit were read up to a place: a row above it that is not among them does not fit any more.
  const edge = isHeadAll ? '' : (head.at(-1)?.id ?? '\uffff');
  const rows = pages.filter((order) => order.id < edge || fresh.has(order.id)).map(latest);
  if (!isAtTop) return { rows, hidden: newer.length, isTorn };
  return { rows: isTorn ? head.map(latest) : [...newer.map(latest), ...rows], hidden: 0, isTorn };
}
