import type { Page } from '@playwright/test';
import { expect, expectLive, test } from '../fixtures';
import { Shop } from '../shop';

/** Seconds of each measurement. */
const SECONDS = Number(process.env.MEASURE_S ?? 30);
/** What the page is held to. */
const ON_GRAPH_MS = 100;
const TASK_MS = 200;

interface Told {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
}

/** Places orders evenly; how many were taken. */
async function trade(shop: Shop, ordersASecond: number, seconds: number): Promise<number> {
  const began = performance.now();
  const open = new Set<Promise<unknown>>();
  let placed = 0;
  while (performance.now() - began < seconds * 1_000) {
    const due = Math.floor(((performance.now() - began) / 1_000) * ordersASecond);
    for (; placed < due; placed += 1) {
      const one = shop.order().finally(() => open.delete(one));
      open.add(one);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all(open);
  return placed;
}

async function newest(shop: Shop): Promise<number> {
  for (let after = 0; ;) {
    const page = await shop.call<{ data: Told[]; next_cursor: string | null }>(
      'GET',
      `/v1/events?limit=1000&after=${after}`,
    );
    if (page.next_cursor === null) return page.data.at(-1)?.sequence ?? after;
    after = Number(page.next_cursor);
  }
}

async function told(shop: Shop, from: number): Promise<readonly Told[]> {
  const all: Told[] = [];
  for (let after = from; ;) {
    const page = await shop.call<{ data: Told[]; next_cursor: string | null }>(
      'GET',
      `/v1/events?limit=1000&after=${after}`,
    );
    all.push(...page.data);
    if (page.next_cursor === null) return all;
    after = Number(page.next_cursor);
  }
}

const quantile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(sorted.length * share) - 1))] ?? NaN;

/** Notes when which event was drawn, in milliseconds since 1970. */
async function noteDrawn(page: Page): Promise<void> {
  await page.evaluate(() => {
    const drawn: [number, number][] = [];
    Object.assign(window, { drawn });
    const canvas = document.querySelector('canvas[data-drawn], [data-graph] canvas');
    if (canvas === null) throw new Error('there is no canvas over the graph');
    new MutationObserver(() => {
      const at = performance.timeOrigin + performance.now();
      drawn.push([Number((canvas as HTMLElement).dataset.drawn), at]);
    }).observe(canvas, { attributeFilter: ['data-drawn'] });
  });
}

for (const [rate, words] of [
  [2, 'a quiet shop'],
  [20, 'a busy one'],
  [100, 'a sale'],
] as const) {
  test(`an event is on the graph soon: ${words}, ${rate} orders a second`, async ({ world, page }) => {
    const shop = await Shop.open(world, `Soon ${rate}`, { fulfillment: { mode: 'manual' } });
    await shop.stock('MUG', { on_hand: 1_000_000 });
    await page.goto(shop.at('/workbench'));
    await expect(page.locator('[data-node]').first()).toBeVisible();
    await expectLive(page);
    const first = await shop.order();
    await shop.until(first.id, (order) => order.payment_status === 'captured');
    await expect(page.locator('[data-graph] canvas[data-drawn]')).toHaveCount(1);
    const before = await newest(shop);
    await expect(page.locator('[data-graph] canvas')).toHaveAttribute('data-drawn', String(before));
    await noteDrawn(page);
    await trade(shop, rate, Math.min(SECONDS, 15));
    const events = await told(shop, before);
    const last = events.at(-1)?.sequence ?? 0;
    // What is drawn last may be an older one where events are sampled; time is over when the page has caught up.
    await page.waitForTimeout(600);
    const drawn = await page.evaluate(() => (window as unknown as { drawn: [number, number][] }).drawn);
    const lags: number[] = [];
    let nth = 0;
    for (const event of events) {
      while (nth < drawn.length && (drawn[nth]?.[0] ?? 0) < event.sequence) nth += 1;
      const at = drawn[nth]?.[1];
      if (at !== undefined) lags.push(at - Date.parse(event.at));
    }
    lags.sort((a, b) => a - b);
    const show = (ms: number) => `${ms.toFixed(0)} ms`;
    console.log(
      `${words}: ${events.length} events up to #${last}; from its time to the frame that shows it: ` +
        `p50 ${show(quantile(lags, 0.5))}, p95 ${show(quantile(lags, 0.95))}, p99 ${show(quantile(lags, 0.99))}, ` +
        `longest ${show(lags.at(-1) ?? NaN)}; ${lags.filter((ms) => ms > ON_GRAPH_MS).length} later than ${ON_GRAPH_MS} ms`,
    );
    expect(lags.length).toBeGreaterThan(events.length * 0.9);
  });
}

for (const path of ['/workbench', '/']) {
  test(`2,000 events a second, really made, on ${path}: the longest task`, async ({ world, page }) => {
    const shop = await Shop.open(world, 'Sale', { fulfillment: { mode: 'manual' } });
    await shop.stock('MUG', { on_hand: 10_000_000 });
    const { id } = await shop.order();
    await shop.until(id, (order) => order.payment_status === 'captured');
    const each = await newest(shop);
    await page.addInitScript(() => {
      const tasks: number[] = [];
      Object.assign(window, { longTasks: tasks });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) tasks.push(entry.duration);
      }).observe({ type: 'longtask', buffered: true });
    });
    await page.goto(shop.at(path));
    await expectLive(page);
    await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
    const longTasks = () => page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
    const opening = await longTasks();
    // The first events of a store are its stock and its settings; the rest is what an order takes.
    const began = performance.now();
    const placed = await trade(shop, 2_000 / Math.max(1, each - 2), SECONDS);
    const seconds = (performance.now() - began) / 1_000;
    const made = (await newest(shop)) - each;
    const tasks = (await longTasks()).slice(opening.length);
    await expectLive(page);
    console.log(
      `${path}: ${placed} orders in ${seconds.toFixed(1)} s, ${Math.round(made / seconds)} events a second; ` +
        `${tasks.length} tasks over 50 ms, the longest ${Math.round(Math.max(0, ...tasks))} ms, ` +
        `${tasks.filter((ms) => ms > TASK_MS).length} over ${TASK_MS} ms; while it opened: ${Math.round(Math.max(0, ...opening))} ms`,
    );
  });
}
