import { problemOf } from './problem';
import type { Event as StoreEvent } from './schema.gen';
import { SseReader, partsOf } from './sse';

/** How the page hears of things. */
export type LiveState =
  | { readonly phase: 'connecting' }
  /** Everything is shown as it happens; `lagMs` from the event's time to here, of the last one. */
  | { readonly phase: 'live'; readonly lagMs: number | null }
  /** Connected, and reading what was missed. */
  | { readonly phase: 'catching_up'; readonly behindMs: number | null }
  /** No connection, since when, and when the next try is. */
  | {
      readonly phase: 'reconnecting';
      readonly since: number;
      readonly retryAt: number;
      readonly why: string;
    };

/** Events that are not shown, because there are too many for the eye: how many of which type, and when the last one was. */
export interface Skipped {
  readonly types: ReadonlyMap<string, number>;
  readonly total: number;
  readonly at: string | null;
  /** No later one is counted. */
  readonly to: number;
}

/** Takes a part of the events, in their order, and what was left out among them. */
export type Listener = (events: readonly StoreEvent[], skipped: Skipped | null) => void;

/** What the server says of events that it left out. */
interface SkippedMessage {
  readonly to: number;
  readonly at: string | null;
  readonly types: Readonly<Record<string, number>> | null;
}

/** What may have been left out is read again after so long. */
export const SKIPPED_MS = 2_000;
/** Events are kept for at most so long a part; a page in the background gets them once a second. */
const HELD_MAX = 20_000;
/** An event older than this was missed and is being caught up with. */
const FRESH_MS = 3_000;
/** A connection that is silent for so long is taken for dead: the server says something every few seconds. */
const SILENCE_MS = 45_000;
/** So long a frame is shown. */
const FRAME_MS = 16;
const BACKOFF_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];
/** The newest events that a page that has just opened may look at. */
const RECENT_MAX = 400;

/** How long to wait before the nth try in a row, with some dice so that a hundred pages do not come back at once. */
export function backoffMs(failures: number, dice: number): number {
  const bound = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] ?? 8_000;
  return Math.round(bound * (0.6 + 0.4 * dice));
}

/**
 * One connection to a store's events. It resumes after the last event it has seen, hands events on once a frame, and says
 * how it is.
 */
export class EventStream {
  readonly #store: string;
  readonly #onRestart: () => void;
  readonly #listeners = new Set<Listener>();
  readonly #watchers = new Set<() => void>();
  #state: LiveState = { phase: 'connecting' };
  #held: StoreEvent[] = [];
  #skipped: Skipped | null = null;
  /** What is heard again after a return: events up to here were handed on before. */
  #repeatsTo = 0;
  #recent: StoreEvent[] = [];
  #seen = 0;
  #lastId = '';
  #failures = 0;
  #downSince = 0;
  #cancelHandOver: (() => void) | null = null;
  #handedAt = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #isOver = false;
  #skewMs = 0;
  #lagAt = 0;
  #newest = 0;

  /** `onRestart` is told when what was missed cannot be had any more, and everything must be read again. */
  constructor(store: string, onRestart: () => void) {
    this.#store = store;
    this.#onRestart = onRestart;
  }

  start(): void {
    this.#isOver = false;
    window.addEventListener('online', this.#hurry);
    document.addEventListener('visibilitychange', this.#hurry);
    void this.#connect();
  }

  stop(): void {
    this.#isOver = true;
    window.removeEventListener('online', this.#hurry);
    document.removeEventListener('visibilitychange', this.#hurry);
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    clearTimeout(this.#settle);
    this.#cancelHandOver?.();
    this.#cancelHandOver = null;
    this.#abort?.abort();
  }

  readonly subscribe = (listener: Listener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly watch = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly state = (): LiveState => this.#state;

  /** The newest events, oldest first, at most a few hundred. */
  recent(): readonly StoreEvent[] {
    return this.#recent;
  }

  /** The last sequence number that was named; null before the first connection. */
  get sequence(): number | null {
    return this.#lastId === '' ? null : Number(this.#lastId);
  }

  /** How many events were heard since the page was opened. */
  get heard(): number {
    return this.#seen;
  }

  readonly #hurry = (): void => {
    if (document.visibilityState === 'visible' && this.#state.phase === 'reconnecting') this.retryNow();
  };

  /** Tries again at once. */
  readonly retryNow = (): void => {
    if (this.#state.phase !== 'reconnecting') return;
    clearTimeout(this.#timer);
    void this.#connect();
  };

  #say(state: LiveState): void {
    this.#state = state;
    for (const watcher of this.#watchers) watcher();
  }

  async #connect(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    let why = 'the connection was lost';
    try {
      const headers = new Headers({ Accept: 'text/event-stream', 'X-Store-ID': this.#store });
      if (this.#lastId !== '') headers.set('Last-Event-ID', this.#lastId);
      this.#listenForSilence(abort);
      const response = await fetch('/v1/events/stream?sample=true', {
        headers,
        signal: abort.signal,
        cache: 'no-store',
      });
      if (!response.ok || response.body === null) {
        const problem = await problemOf(response);
        why = problem.detail;
        // The store does not know this place any more: its data was replaced. All is read anew.
        if (problem.status === 400 && this.#lastId !== '') {
          this.#lastId = '';
          this.#repeatsTo = 0;
          this.#onRestart();
        }
        return this.#wait(why, problem.retryAfterMs);
      }
      const isBack = this.#failures > 0 || this.#downSince > 0;
      this.#failures = 0;
      this.#downSince = 0;
      this.#repeatsTo = this.#lastId === '' ? 0 : this.#newest;
      this.#say(isBack ? { phase: 'catching_up', behindMs: null } : { phase: 'live', lagMs: null });
      this.#settleSoon();
      const dropped = await this.#listen(response.body, abort);
      if (dropped !== null) why = dropped;
    } catch (error) {
      // Another connection has taken over, or nobody listens any more.
      if (this.#isOver || this.#abort !== abort) return;
      if (error instanceof DOMException && error.name === 'AbortError') why = 'the server fell silent';
      else why = 'the server does not answer';
    }
    if (!this.#isOver && this.#abort === abort) this.#wait(why, null);
  }

  /** Reads until the stream ends; why the server ended it, where it said so. */
  async #listen(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<string | null> {
    const sse = new SseReader();
    for await (const messages of partsOf(body, sse)) {
      this.#listenForSilence(abort);
      for (const message of messages) {
        if (message.event === 'dropped') {
          const said = JSON.parse(message.data) as { reason?: string; resume_after?: number };
          if (typeof said.resume_after === 'number') this.#lastId = String(said.resume_after);
          return said.reason === 'stopping' ? 'the server stops' : `the server let go: ${said.reason ?? ''}`;
        }
        if (message.event === 'skipped') this.#skip(JSON.parse(message.data) as SkippedMessage);
        else this.#hold(JSON.parse(message.data) as StoreEvent);
      }
      const isFirst = this.#lastId === '' && sse.lastId !== '';
      if (sse.lastId !== '') this.#lastId = sse.lastId;
      if (isFirst) this.#say(this.#state);
    }
    return null;
  }

  #listenForSilence(abort: AbortController): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => abort.abort(), SILENCE_MS);
  }

  /** Nothing came for a moment after a return: nothing was missed. */
  #settleSoon(): void {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      if (this.#state.phase === 'catching_up') this.#say({ phase: 'live', lagMs: null });
    }, 600);
  }

  #wait(why: string, retryAfterMs: number | null): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#settle);
    if (this.#isOver) return;
    const wait = Math.max(backoffMs(this.#failures, Math.random()), retryAfterMs ?? 0);
    this.#failures += 1;
    if (this.#downSince === 0) this.#downSince = Date.now();
    this.#say({ phase: 'reconnecting', since: this.#downSince, retryAt: Date.now() + wait, why });
    this.#timer = setTimeout(() => void this.#connect(), wait);
  }

  /** Some were left out. Where nobody counted them, all is read anew. */
  #skip({ to, at, types }: SkippedMessage): void {
    if (types === null) return this.#onRestart();
    // Of a part that was broken off, its end tells of events that were heard already.
    const before = this.#skipped;
    const counts = new Map(before?.types);
    let total = before?.total ?? 0;
    for (const [type, count] of Object.entries(types)) {
      counts.set(type, (counts.get(type) ?? 0) + count);
      total += count;
    }
    this.#skipped = { types: counts, total, at, to };
    this.#newest = Math.max(this.#newest, to);
    this.#handOverSoon();
  }

  #hold(event: StoreEvent): void {
    if (event.sequence <= this.#repeatsTo) return;
    this.#newest = Math.max(this.#newest, event.sequence);
    this.#held.push(event);
    // A page that cannot keep up reads its data anew rather than grow for ever.
    if (this.#held.length > HELD_MAX) {
      this.#held = [];
      this.#onRestart();
    }
    this.#handOverSoon();
  }

  #handOverSoon(): void {
    if (this.#cancelHandOver !== null) return;
    const isSeen = document.visibilityState === 'visible';
    if (isSeen && performance.now() - this.#handedAt < FRAME_MS) {
      const frame = requestAnimationFrame(this.#handOver);
      this.#cancelHandOver = () => cancelAnimationFrame(frame);
    } else {
      // After silence at once, behind what came with it: so the next frame shows it, and not the one after.
      const timer = setTimeout(this.#handOver, isSeen ? 0 : 1_000);
      this.#cancelHandOver = () => clearTimeout(timer);
    }
  }

  readonly #handOver = (): void => {
    this.#cancelHandOver = null;
    this.#handedAt = performance.now();
    const events = this.#held;
    const skipped = this.#skipped;
    const last = skipped?.at ?? events.at(-1)?.at;
    if (last === undefined || this.#isOver) return;
    this.#held = [];
    this.#skipped = null;
    this.#seen += events.length + (skipped?.total ?? 0);
    this.#recent = this.#recent.concat(events).slice(-RECENT_MAX);
    this.#measure(last);
    for (const listener of this.#listeners) listener(events, skipped);
  };

  /** How late the last event is. Clocks differ: one that seems to come from the future moves the scale. */
  #measure(last: string): void {
    const age = Date.now() - Date.parse(last);
    this.#skewMs = Math.min(this.#skewMs, age);
    const lag = age - this.#skewMs;
    if (lag > FRESH_MS) {
      this.#say({ phase: 'catching_up', behindMs: lag });
      this.#settleSoon();
      return;
    }
    // The figure is for people: twice a second is enough.
    const now = performance.now();
    if (this.#state.phase === 'live' && this.#state.lagMs !== null && now - this.#lagAt < 500) return;
    this.#lagAt = now;
    clearTimeout(this.#settle);
    this.#say({ phase: 'live', lagMs: lag });
  }
}
