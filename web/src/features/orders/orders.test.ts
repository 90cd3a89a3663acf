import { describe, expect, it } from 'vitest';
import type { Order } from '@/api';
import { ABREAST, BulkRun, isCandidate } from './bulk';
import type { Outcome, Progressed } from './bulk';
import { dropView, filterOf, savedViews, saveView, searchOf } from './filter';
import { merge } from './rows';

const order = (id: string, version = 1, status = 'pending'): Order =>
  ({ id, version, status }) as unknown as Order;
const ids = (rows: readonly Order[]) => rows.map((row) => row.id);

describe('a filter', () => {
  it('is read from the address and written back', () => {
    const search = {
      status: 'on_hold',
      q: ' Ada ',
      created_after: '2026-11-21T12:00:00+01:00',
      store: 'acme',
    };
    const filter = filterOf(search);
    expect(filter).toEqual({ status: 'on_hold', q: 'Ada', created_after: '2026-11-21T11:00:00.000Z' });
    expect(filterOf(searchOf(filter) as Record<string, string>)).toEqual(filter);
  });
  it('leaves out what the server would refuse', () => {
    expect(filterOf({ status: 'nonsense', created_before: 'soon', sku: '' })).toEqual({});
  });
  it('is saved under a name, and storage that holds nonsense holds nothing', () => {
    const kept = new Map<string, string>();
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
    } as Storage;
    saveView(storage, { name: 'mine', filter: { status: 'pending' } });
    saveView(storage, { name: 'mine', filter: { status: 'expired' } });
    expect(savedViews(storage)).toEqual([{ name: 'mine', filter: { status: 'expired' } }]);
    expect(dropView(storage, 'mine')).toEqual([]);
    for (const bad of ['{', '7', '[null, 3, {"name": 1}, {"name": "x", "filter": null}]']) {
      kept.set('orderflow.views', bad);
      expect(savedViews(storage)).toEqual([]);
    }
  });
});

describe('rows', () => {
  const pages = [order('ord_5'), order('ord_4'), order('ord_3')];
  it('have the newest on top while somebody looks there', () => {
    const merged = merge(pages, [order('ord_6'), order('ord_5', 3)], new Map(), true, false);
    expect(ids(merged.rows)).toEqual(['ord_6', 'ord_5', 'ord_4', 'ord_3']);
    expect(merged.rows[1]?.version).toBe(3);
  });
  it('stay where they are while somebody reads below, and change in place', () => {
    const merged = merge(
      pages,
      [order('ord_6'), order('ord_5', 2)],
      new Map([['ord_3', order('ord_3', 9)]]),
      false,
      false,
    );
    expect(ids(merged.rows)).toEqual(['ord_5', 'ord_4', 'ord_3']);
    expect(merged.hidden).toBe(1);
    expect(merged.rows.map((row) => row.version)).toEqual([2, 1, 9]);
  });
  it('never go back to an older account', () => {
    const merged = merge(
      [order('ord_5', 4)],
      [order('ord_5', 2)],
      new Map([['ord_5', order('ord_5', 3)]]),
      true,
      true,
    );
    expect(merged.rows[0]?.version).toBe(4);
  });
  it('that do not fit any more go away, as far down as the newest were read', () => {
    const merged = merge(pages, [order('ord_6'), order('ord_4')], new Map(), true, false);
    expect(ids(merged.rows)).toEqual(['ord_6', 'ord_4', 'ord_3']);
    expect(ids(merge(pages, [order('ord_4')], new Map(), true, true, true).rows)).toEqual(['ord_4']);
    expect(ids(merge(pages, [], new Map(), true, true, true).rows)).toEqual([]);
    expect(ids(merge(pages, [], new Map(), true, false).rows)).toEqual(ids(pages));
  });
  it('say when there is a gap between the newest and what was read', () => {
    const head = [order('ord_9'), order('ord_8')];
    expect(merge(pages, head, new Map(), true, false)).toMatchObject({ isTorn: true });
    expect(merge(pages, [...head, order('ord_5')], new Map(), true, false).isTorn).toBe(false);
    expect(merge([], head, new Map(), true, true)).toMatchObject({ isTorn: false, hidden: 0 });
  });
});

describe('doing one thing to many orders', () => {
  function world(act: (id: string, key: string, nth: number) => Outcome) {
    let clock = 0;
    let calls = 0;
    let abreast = 0;
    let most = 0;
    const told: Progressed[] = [];
    const keys: string[] = [];
    const tools = {
      act: async (id: string, key: string) => {
        abreast += 1;
        most = Math.max(most, abreast);
        keys.push(key);
        await Promise.resolve();
        abreast -= 1;
        return act(id, key, calls++);
      },
      sleep: async (ms: number) => {
        await Promise.resolve();
        clock += ms;
      },
      now: () => clock,
      tell: (progress: Progressed) => void told.push(progress),
    };
    return { tools, told, keys, most: () => most, clock: () => clock };
  }
  const many = Array.from({ length: 50 }, (_, nth) => `ord_${nth}`);

  it('does it once to each, a few at a time, each under its own key', async () => {
    const { tools, keys, most } = world(() => ({ kind: 'done' }));
    const end = await new BulkRun(many, 'run', tools).run();
    expect(end).toMatchObject({ state: 'finished', done: 50, failed: [] });
    expect(new Set(keys).size).toBe(50);
    expect(most()).toBe(ABREAST);
  });
  it('waits as long as the server asks, and sends the same key again', async () => {
    const { tools, keys, clock } = world((_id, _key, nth) =>
      nth === 0 ? { kind: 'later', afterMs: 2_000, why: 'too many' } : { kind: 'done' },
    );
    const end = await new BulkRun(['ord_1'], 'run', tools).run();
    expect(end).toMatchObject({ done: 1, failed: [] });
    expect(keys).toEqual(['run-ord_1', 'run-ord_1']);
    expect(clock()).toBeGreaterThanOrEqual(2_000);
  });
  it('goes on page by page, where there are more than were counted', async () => {
    const { tools, keys, most } = world(() => ({ kind: 'done' }));
    const pages = [['ord_a', 'ord_b'], [], ['ord_c']];
    const totals: number[] = [];
    const told = { ...tools, tell: (progress: Progressed) => void totals.push(progress.total) };
    const end = await new BulkRun(many, 'run', told, async () => pages.shift() ?? null).run();
    expect(end).toMatchObject({ state: 'finished', total: 53, done: 53, isOpen: false, cut: null });
    expect(keys.slice(-3)).toEqual(['run-ord_a', 'run-ord_b', 'run-ord_c']);
    expect(new Set(keys).size).toBe(53);
    expect(most()).toBeLessThanOrEqual(ABREAST);
    expect(totals).toContain(52);
  });
  it('says where it could not go on', async () => {
    const { tools } = world(() => ({ kind: 'done' }));
    const none = () => Promise.reject(new Error('nobody answers'));
    const end = await new BulkRun(['ord_1'], 'run', tools, none).run();
    expect(end).toMatchObject({ state: 'finished', done: 1, cut: 'nobody answers' });
  });
  it('lists what was refused, with the reason, and goes on', async () => {
    const { tools } = world((id) =>
      id === 'ord_3' ? { kind: 'refused', why: 'it has left' } : { kind: 'done' },
    );
    const end = await new BulkRun(many, 'run', tools).run();
    expect(end).toMatchObject({ done: 49, failed: [{ id: 'ord_3', why: 'it has left' }] });
  });
  it('gives up on what never answers', async () => {
    const { tools, keys } = world(() => ({ kind: 'later', afterMs: 0, why: 'nobody answers' }));
    const end = await new BulkRun(['ord_1'], 'run', tools).run();
    expect(end.failed).toEqual([{ id: 'ord_1', why: 'nobody answers' }]);
    expect(keys.length).toBe(6);
  });
  it('begins nothing after it was stopped', async () => {
    const { tools, keys } = world((_id, _key, nth) => {
      if (nth === 10) run.stop();
      return { kind: 'done' };
    });
    const run = new BulkRun(many, 'run', tools);
    const end = await run.run();
    expect(end.state).toBe('stopped');
    expect(keys.length).toBeLessThan(10 + 2 * ABREAST);
    expect(end.done).toBe(keys.length);
  });
  it('knows what makes no sense', () => {
    expect(isCandidate('cancel', order('o', 1, 'completed'))).toBe(false);
    expect(isCandidate('cancel', order('o', 1, 'confirmed'))).toBe(true);
    expect(isCandidate('approve', order('o', 1, 'on_hold'))).toBe(true);
    expect(isCandidate('retry', order('o', 1, 'on_hold'))).toBe(false);
  });
});
