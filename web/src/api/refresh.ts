import type { QueryClient } from '@tanstack/react-query';
import { asRefresh } from './call';
import type { Event as StoreEvent } from './schema.gen';
import type { Skipped } from './stream';

/** What the page may have to read again when something happened. The second part of a query's key. */
export type Topic = 'stats' | 'orders' | 'inventory' | 'alerts' | 'reviews' | 'schedules' | 'gateways';

/** What an event of this type changes, besides the order it is about. */
export function topicsOf(type: string): readonly Topic[] {
  const subject = type.slice(0, type.indexOf('.'));
  switch (subject) {
    case 'inventory':
      return ['stats', 'inventory'];
    case 'alert':
      return ['stats', 'alerts'];
    case 'fraud':
      // Every order is assessed; only some are for people.
      return type.startsWith('fraud.review') ? ['stats', 'reviews'] : ['stats'];
    case 'payment':
      return ['stats', 'orders', 'gateways'];
    case 'order':
    case 'return':
      return ['stats', 'orders'];
    case 'fulfillment':
    case 'shipment':
      return ['orders'];
    default:
      return [];
  }
}

/** How often at most a topic is read again, in milliseconds: seldom where much happens. */
export function intervalMs(eventsInLastSecond: number): number {
  if (eventsInLastSecond > 400) return 4_000;
  return eventsInLastSecond > 60 ? 2_000 : 750;
}

/**
 * Reads again what events have changed: at once after silence, then at most once an interval. Only what is on the screen
 * is asked for; the rest is marked as old.
 */
export class Refresher {
  readonly #client: QueryClient;
  readonly #store: string;
  readonly #last = new Map<Topic, number>();
  readonly #due = new Map<Topic, ReturnType<typeof setTimeout>>();
  #window: { at: number; count: number } = { at: 0, count: 0 };
  #rate = 0;

  constructor(client: QueryClient, store: string) {
    this.#client = client;
    this.#store = store;
  }

  readonly hear = (events: readonly StoreEvent[], skipped: Skipped | null = null): void => {
    const now = performance.now();
    this.#count(now, events.length + (skipped?.total ?? 0));
    const types = new Set(events.map((event) => event.type).concat([...(skipped?.types.keys() ?? [])]));
    const topics = new Set<Topic>();
    for (const type of types) for (const topic of topicsOf(type)) topics.add(topic);
    for (const topic of topics) this.#touch(topic, now);
  };

  stop(): void {
    for (const timer of this.#due.values()) clearTimeout(timer);
    this.#due.clear();
  }

  #count(now: number, events: number): void {
    if (now - this.#window.at > 1_000) {
      this.#rate = this.#window.count;
      this.#window = { at: now, count: 0 };
    }
    this.#window.count += events;
  }

  #touch(topic: Topic, now: number): void {
    if (this.#due.has(topic)) return;
    const since = now - (this.#last.get(topic) ?? -Infinity);
    const wait = Math.max(0, intervalMs(Math.max(this.#rate, this.#window.count)) - since);
    // Even the first waits for a moment: what belongs together arrives together.
    this.#due.set(
      topic,
      setTimeout(
        () => {
          this.#due.delete(topic);
          this.#last.set(topic, performance.now());
          asRefresh(() => void this.#client.invalidateQueries({ queryKey: [this.#store, topic] }));
        },
        Math.max(40, wait),
      ),
    );
  }
}
