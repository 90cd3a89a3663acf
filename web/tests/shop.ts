import { randomUUID } from 'node:crypto';
import type { World } from './programs';

/** An order as the API gives it; what the tests look at. */
export interface Order {
  readonly id: string;
  readonly status: string;
  readonly payment_status: string;
  readonly total: number;
  readonly amount_captured: number;
  readonly amount_refunded: number;
  readonly trace_id: string;
}

interface Line {
  readonly sku: string;
  readonly quantity?: number;
  readonly unit_price?: number;
}

interface Wish {
  readonly name?: string;
  readonly email?: string;
  readonly card?: string;
  readonly lines?: readonly Line[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly traceparent?: string;
}

let nth = 0;

/** A store of its own, so that tests do not see each other. */
export class Shop {
  readonly id: string;
  readonly world: World;

  private constructor(world: World, id: string) {
    this.world = world;
    this.id = id;
  }

  static async open(world: World, name: string, settings: object = {}): Promise<Shop> {
    nth += 1;
    const shop = new Shop(world, `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}-${nth}`);
    await shop.call('POST', '/v1/stores', { id: shop.id, name, currency: 'GBP', settings });
    return shop;
  }

  async call<T>(
    method: string,
    path: string,
    body?: unknown,
    more: Readonly<Record<string, string>> = {},
  ): Promise<T> {
    const answer = await fetch(`${this.world.url}${path}`, {
      method,
      headers: {
        'X-Store-ID': this.id,
        ...more,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(method === 'POST' ? { 'Idempotency-Key': randomUUID() } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async stock(sku: string, about: object = {}): Promise<void> {
    await this.call('PUT', `/v1/inventory/${encodeURIComponent(sku)}`, {
      name: `The ${sku.toLowerCase()}`,
      unit_price: 1_250,
      on_hand: 1_000,
      reorder_point: 10,
      ...about,
    });
  }

  async order(wish: Wish = {}): Promise<Order> {
    const body = {
      customer: { email: wish.email ?? `shopper-${randomUUID().slice(0, 8)}@example.com` },
      currency: 'GBP',
      lines: (wish.lines ?? [{ sku: 'MUG' }]).map((line) => ({ quantity: 1, ...line })),
      shipping_address: {
        name: wish.name ?? 'Ada Lovelace',
        line1: '1 Loop Rd',
        city: 'London',
        postal_code: 'N1',
        country: 'GB',
      },
      payment: { payment_method: wish.card ?? 'pm_card_visa' },
      metadata: wish.metadata ?? { channel: 'web' },
    };
    const more = wish.traceparent === undefined ? {} : { traceparent: wish.traceparent };
    return this.call('POST', '/v1/orders', body, more);
  }

  async read(id: string): Promise<Order> {
    return this.call('GET', `/v1/orders/${id}`);
  }

  /** Asks again until it is so; the runner's time ends it otherwise. */
  async until(id: string, isSo: (order: Order) => boolean): Promise<Order> {
    for (;;) {
      const order = await this.read(id);
      if (isSo(order)) return order;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** The address of one of the page's screens, of this store. */
  at(path: string): string {
    const url = new URL(path, this.world.url);
    url.searchParams.set('store', this.id);
    return url.href;
  }
}
