import type { Order } from '@/api';

/** What can be done to many orders at once. */
export type BulkAction = 'cancel' | 'retry' | 'approve';

/** Whether the action makes sense for an order as it stands. The server decides; this spares it calls that it must refuse. */
export function isCandidate(action: BulkAction, order: Order): boolean {
  switch (action) {
    case 'cancel':
      return ['pending', 'requires_action', 'on_hold', 'confirmed'].includes(order.status);
    case 'retry':
      return order.status === 'pending' || order.status === 'requires_action';
    case 'approve':
      return order.status === 'on_hold';
  }
}

export interface Failed {
  readonly id: string;
  readonly why: string;
}

/** How far it is. */
export interface Progressed {
  /** Those that are known so far. */
  readonly total: number;
  /** More are looked for as it goes on. */
  readonly isOpen: boolean;
  /** Why no more could be looked for. */
  readonly cut: string | null;
  readonly done: number;
  readonly failed: readonly Failed[];
  /** Until when everybody waits, because the server asked for that; null where nobody does. */
  readonly pausedUntil: number | null;
  readonly state: 'running' | 'stopped' | 'finished';
}

/** What became of one call. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly why: string }
  /** Not now: the same call under the same key may be made again, after so long. */
  | { readonly kind: 'later'; readonly afterMs: number; readonly why: string };

export interface Tools {
  /** Makes the call for one order; never throws. */
  readonly act: (id: string, key: string) => Promise<Outcome>;
  readonly sleep: (ms: number) => Promise<void>;
  readonly now: () => number;
  readonly tell: (progress: Progressed) => void;
}

/** So many calls are under way at once. */
export const ABREAST = 6;
/** What a run takes on after the orders that it was given: the next ones, or none any more. */
export type More = () => Promise<readonly string[] | null>;

/** So often one order is tried before it is given up. */
const TRIES_MAX = 6;

/**
 * Does one thing to many orders: a few at once, each under a key of its own, so that nothing is done twice however often it
 * is sent. When the server asks for patience, all wait.
 */
export class BulkRun {
  #ids: readonly string[];
  #total: number;
  #more: More | null;
  #filling: Promise<void> | null = null;
  #cut: string | null = null;
  readonly #name: string;
  readonly #tools: Tools;
  #next = 0;
  #done = 0;
  #failed: Failed[] = [];
  #pausedUntil = 0;
  #isStopped = false;

  /** `name` is part of every key: the same run again repeats nothing. */
  constructor(ids: readonly string[], name: string, tools: Tools, more: More | null = null) {
    this.#ids = ids;
    this.#total = ids.length;
    this.#more = more;
    this.#name = name;
    this.#tools = tools;
  }

  /** What is under way is finished, nothing new is begun. */
  stop(): void {
    this.#isStopped = true;
    this.#tell('stopped');
  }

  async run(): Promise<Progressed> {
    this.#tell('running');
    const abreast = this.#more === null ? Math.min(ABREAST, this.#ids.length) : ABREAST;
    await Promise.all(Array.from({ length: abreast }, () => this.#work()));
    const isLeft = this.#more !== null || this.#done + this.#failed.length < this.#total;
    return this.#tell(this.#isStopped && isLeft ? 'stopped' : 'finished');
  }

  async #work(): Promise<void> {
    for (;;) {
      const id = await this.#take();
      if (id === null) return;
      await this.#one(id);
      this.#tell(this.#isStopped ? 'stopped' : 'running');
    }
  }

  /** The next order, once there is one. */
  async #take(): Promise<string | null> {
    for (;;) {
      if (this.#isStopped) return null;
      const id = this.#ids[this.#next];
      if (id !== undefined) {
        this.#next += 1;
        return id;
      }
      if (this.#more === null) return null;
      await (this.#filling ??= this.#fill(this.#more));
    }
  }

  async #fill(more: More): Promise<void> {
    try {
      const ids = await more();
      if (ids === null) this.#more = null;
      else {
        this.#ids = ids;
        this.#next = 0;
        this.#total += ids.length;
      }
    } catch (error) {
      this.#more = null;
      this.#cut = error instanceof Error ? error.message : String(error);
    } finally {
      this.#filling = null;
      this.#tell(this.#isStopped ? 'stopped' : 'running');
    }
  }

  async #one(id: string): Promise<void> {
    let why = 'it was stopped';
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      const wait = this.#pausedUntil - this.#tools.now();
      if (wait > 0) await this.#tools.sleep(wait);
      if (this.#isStopped) {
        // It goes back to those that were not tried, unless it may have happened.
        if (tries > 0) this.#failed.push({ id, why });
        return;
      }
      const outcome = await this.#tools.act(id, `${this.#name}-${id}`);
      if (outcome.kind === 'done') {
        this.#done += 1;
        return;
      }
      why = outcome.why;
      if (outcome.kind === 'refused') break;
      const patience = Math.min(30_000, Math.max(outcome.afterMs, 200 * 2 ** tries));
      this.#pausedUntil = Math.max(this.#pausedUntil, this.#tools.now() + patience);
      this.#tell('running');
    }
    this.#failed.push({ id, why });
  }

  #tell(state: Progressed['state']): Progressed {
    const progress: Progressed = {
      total: this.#total,
      isOpen: this.#more !== null,
      cut: this.#cut,
      done: this.#done,
      failed: [...this.#failed],
      pausedUntil: this.#pausedUntil > this.#tools.now() ? this.#pausedUntil : null,
      state,
    };
    this.#tools.tell(progress);
    return progress;
  }
}
