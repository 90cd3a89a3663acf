import { useEffect, useEffectEvent, useState } from 'react';
import { useQueryClient } from '@tanstack/react-query';
import { get, partsOf, statsQuery, useStore, useStream } from '@/api';
import type { QueryClient } from '@tanstack/react-query';
import type { EventStream, StoreEvent, StoreStats } from '@/api';
import { KINDS, Series } from './series';
import type { Window } from './series';

/** How far back the charts reach, in seconds. */
const SPAN_S = 15 * 60;
const STEP_S = 5;
/** So many events are looked at for the past, at most. */
const BACK_MAX = 40_000;

/** Listens to a store for as long as the page is open, so that charts are whole when somebody comes back to them. */
class Recorder {
  readonly series = new Series(Math.floor(Date.now() / 1_000));
  readonly #store: string;
  readonly #stream: EventStream;
  /** Whether the past is still being read. */
  isReading = true;
  #statsAt = 0;
  readonly #watchers = new Set<() => void>();
  /** Events up to here are read from the past, later ones are heard. */
  #boundary: number | null = null;

  constructor(store: string, stream: EventStream, client: QueryClient) {
    this.#store = store;
    this.#stream = stream;
    const { queryKey } = statsQuery(store);
    const name = JSON.stringify(queryKey);
    client.getQueryCache().subscribe(({ type, query }) => {
      // The past is no news: money counts from when it is known.
      if (type !== 'updated' || query.queryHash !== name || this.isReading) return;
      const stats = query.state.data as StoreStats | undefined;
      if (stats === undefined || query.state.dataUpdatedAt === this.#statsAt) return;
      this.#statsAt = query.state.dataUpdatedAt;
      this.series.knowNet(stats.revenue.net, Date.now());
    });
    if (!this.#begin()) {
      const leave = stream.watch(() => {
        if (this.#begin()) leave();
      });
    }
  }

  /** Is told once the past is known. */
  readonly watch = (tell: () => void): (() => void) => {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  };

  #begin(): boolean {
    const sequence = this.#stream.sequence;
    if (sequence === null || this.#boundary !== null) return this.#boundary !== null;
    this.#boundary = sequence;
    this.#stream.subscribe((events, skipped) => {
      for (const event of events) if (event.sequence > sequence) this.series.add(event);
      if (skipped !== null) this.series.addSkipped(skipped, Date.now());
      this.series.prune(Date.now());
    });
    // Without its past a chart is shorter; it grows from now on.
    void this.#readPast(sequence)
      .catch(() => undefined)
      .finally(() => {
        this.isReading = false;
        for (const tell of this.#watchers) tell();
      });
    return true;
  }

  async #readPast(boundary: number): Promise<void> {
    const now = Date.now();
    const cutoff = now - SPAN_S * 1_000;
    let after = boundary;
    let since = now;
    for (let back = 500; after > 0 && since > cutoff && back <= BACK_MAX; back *= 2) {
      after = Math.max(0, boundary - back);
      const page = await get('/v1/events', { store: this.#store, query: { after, limit: 1 } });
      since = Date.parse(page.data[0]?.at ?? '') || now;
    }
    if (after >= boundary) return this.series.knowSince(Math.floor(cutoff / 1_000));
    await this.#replay(after, boundary);
    this.series.knowSince(Math.floor((after === 0 ? Math.min(since, cutoff) : since) / 1_000));
  }

  /** The wanted kinds of events between two places, from the stream that can leave the others out. */
  async #replay(after: number, boundary: number): Promise<void> {
    // The last event ends it, whatever it is: the stream says nothing of those that are left out.
    const end = await get('/v1/events', { store: this.#store, query: { after: boundary - 1, limit: 1 } });
    const kinds = new Set([...KINDS, ...end.data.map((event) => event.type)]);
    const abort = new AbortController();
    let idle = setTimeout(() => abort.abort(), 10_000);
    try {
      const response = await fetch(`/v1/events/stream?after=${after}&types=${[...kinds].join(',')}`, {
        headers: { 'X-Store-ID': this.#store, Accept: 'text/event-stream' },
        signal: abort.signal,
      });
      if (!response.ok || response.body === null) return;
      for await (const messages of partsOf(response.body)) {
        clearTimeout(idle);
        idle = setTimeout(() => abort.abort(), 2_000);
        for (const message of messages) {
          if (message.event === 'dropped') return;
          const event = JSON.parse(message.data) as StoreEvent;
          if (event.sequence <= boundary) this.series.add(event);
          if (event.sequence >= boundary) return;
        }
      }
    } catch (error) {
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
    } finally {
      clearTimeout(idle);
      abort.abort();
    }
  }
}

const recorders = new WeakMap<EventStream, Recorder>();

/** The last quarter of an hour, redrawn every second while somebody looks. */
export function useWindow(): { readonly window: Window; readonly isReading: boolean } {
  const store = useStore();
  const stream = useStream();
  const client = useQueryClient();
  const [recorder] = useState(() => {
    const found = recorders.get(stream) ?? new Recorder(store.id, stream, client);
    recorders.set(stream, found);
    return found;
  });
  const look = () => ({
    window: recorder.series.window(Date.now(), SPAN_S, STEP_S),
    isReading: recorder.isReading,
  });
  const [seen, setSeen] = useState(look);
  const lookAgain = useEffectEvent(() => setSeen(look()));
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') lookAgain();
    }, 1_000);
    const leave = recorder.watch(() => lookAgain());
    return () => {
      clearInterval(timer);
      leave();
    };
  }, [recorder]);
  return seen;
}
