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
  readonly total: number;
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
/** So often one order is tried before it is given up. */
const TRIES_MAX = 6;

/**
 * Does one thing to many orders: a few at once, each under a key of its own, so that nothing is done twice however often it
 * is sent. When the server asks for patience, all wait.
 */
export class BulkRun {
  readonly #ids: readonly string[];
  readonly #name: string;
  readonly #tools: Tools;
  #next = 0;
  #done = 0;
  #failed: Failed[] = [];
  #pausedUntil = 0;
  #isStopped = false;

  /** `name` is part of every key: the same run again repeats nothing. */
  constructor(ids: readonly string[], name: string, tools: Tools) {
    this.#ids = ids;
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
    await Promise.all(Array.from({ length: Math.min(ABREAST, this.#ids.length) }, () => this.#work()));
    return this.#tell(
      this.#isStopped && this.#done + this.#failed.length < this.#ids.length ? 'stopped' : 'finished',
    );
  }

  async #work(): Promise<void> {
    for (;;) {
      const id = this.#ids[this.#next];
      if (id === undefined || this.#isStopped) return;
      this.#next += 1;
      await this.#one(id);
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
      total: this.#ids.length,
      done: this.#done,
      failed: [...this.#failed],
      pausedUntil: this.#pausedUntil > this.#tools.now() ? this.#pausedUntil : null,
      state,
    };
    this.#tools.tell(progress);
    return progress;
  }
}
