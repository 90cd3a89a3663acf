import type { FulfillmentStatus, OrderStatus, PaymentStatus, QueryOf } from '@/api';
import { FULFILLMENT, ORDER, PAYMENT } from '@/ui';

/** Which orders: everything that the list can be asked. */
export interface OrderFilter {
  readonly status?: OrderStatus;
  readonly payment_status?: PaymentStatus;
  readonly fulfillment_status?: FulfillmentStatus;
  readonly customer_id?: string;
  readonly email?: string;
  readonly sku?: string;
  readonly created_after?: string;
  readonly created_before?: string;
  readonly q?: string;
}

export type FilterField = keyof OrderFilter;

/** The fields, in the order in which people see them, and what each is called. */
export const FIELDS: readonly { readonly field: FilterField; readonly label: string }[] = [
  { field: 'status', label: 'Status' },
  { field: 'payment_status', label: 'Payment' },
  { field: 'fulfillment_status', label: 'Fulfilment' },
  { field: 'sku', label: 'SKU' },
  { field: 'email', label: 'E-mail' },
  { field: 'customer_id', label: 'Customer' },
  { field: 'created_after', label: 'Taken after' },
  { field: 'created_before', label: 'Taken before' },
  { field: 'q', label: 'Search' },
];

/** What each of the closed fields may be. */
export const WORDS: Partial<Record<FilterField, readonly string[]>> = {
  status: Object.keys(ORDER),
  payment_status: Object.keys(PAYMENT),
  fulfillment_status: Object.keys(FULFILLMENT),
};

/** The filter in an address. Words that nobody knows and times that are none are left out rather than refused by the server. */
export function filterOf(search: Readonly<Record<string, string>>): OrderFilter {
  const filter: Record<string, string> = {};
  for (const { field } of FIELDS) {
    const value = search[field]?.trim();
    if (value === undefined || value === '') continue;
    const words = WORDS[field];
    if (words !== undefined && !words.includes(value)) continue;
    if (field === 'created_after' || field === 'created_before') {
      const at = Date.parse(value);
      if (Number.isNaN(at)) continue;
      filter[field] = new Date(at).toISOString();
    } else filter[field] = value;
  }
  return filter;
}

/** How many fields are set, not counting those named. */
export function fieldCount(filter: OrderFilter, besides: readonly FilterField[] = []): number {
  return FIELDS.filter(({ field }) => filter[field] !== undefined && !besides.includes(field)).length;
}

/** The filter as words behind a question mark: what is not set is taken away. */
export function searchOf(filter: OrderFilter): Record<string, string | null> {
  return Object.fromEntries(FIELDS.map(({ field }) => [field, filter[field] ?? null]));
}

/** The filter as the API takes it. */
export function queryOf(filter: OrderFilter): QueryOf<'/v1/orders', 'get'> {
  return filter;
}

/** For `<input type="datetime-local">`: local, to the minute. */
export function localInput(iso: string | undefined): string {
  if (iso === undefined) return '';
  const at = new Date(iso);
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** A view that somebody wants to come back to. */
export interface SavedView {
  readonly name: string;
  readonly filter: OrderFilter;
}

/** Views that come with the page. */
export const VIEWS: readonly SavedView[] = [
  { name: 'Waiting for the bank', filter: { status: 'pending', payment_status: 'awaiting' } },
  { name: 'Waiting for a person', filter: { status: 'on_hold' } },
  { name: 'Waiting for the shopper', filter: { status: 'requires_action' } },
  { name: 'Paid, not shipped', filter: { status: 'confirmed', fulfillment_status: 'not_fulfilled' } },
  { name: 'Partly refunded', filter: { payment_status: 'partially_refunded' } },
  { name: 'Came back', filter: { fulfillment_status: 'returned' } },
];

const KEY = 'orderflow.views';
const VIEWS_MAX = 30;

/** The views that were saved here. What cannot be read is none. */
export function savedViews(storage: Pick<Storage, 'getItem'>): readonly SavedView[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(KEY) ?? '[]');
    if (!Array.isArray(found)) return [];
    return found.flatMap((one: unknown): SavedView[] => {
      const { name, filter } = (one ?? {}) as { name?: unknown; filter?: unknown };
      if (typeof name !== 'string' || name === '' || typeof filter !== 'object' || filter === null) return [];
      const texts = Object.entries(filter).filter(
        (pair): pair is [string, string] => typeof pair[1] === 'string',
      );
      return [{ name, filter: filterOf(Object.fromEntries(texts)) }];
    });
  } catch {
    return [];
  }
}

/** Saves a view under a name; another one of that name is replaced. */
export function saveView(storage: Storage, view: SavedView): readonly SavedView[] {
  const views = [...savedViews(storage).filter((one) => one.name !== view.name), view].slice(-VIEWS_MAX);
  storage.setItem(KEY, JSON.stringify(views));
  return views;
}

export function dropView(storage: Storage, name: string): readonly SavedView[] {
  const views = savedViews(storage).filter((one) => one.name !== name);
  storage.setItem(KEY, JSON.stringify(views));
  return views;
}
