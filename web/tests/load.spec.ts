import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerResponse } from 'node:http';
import type { Page } from '@playwright/test';
import { expect, expectLive, test } from './fixtures';
import { Shop } from './shop';

const RATE = 2_000;
const SECONDS = 8;
const EVERY_MS = 50;

interface Recorded {
  readonly sequence: number;
  readonly type: string;
  readonly [field: string]: unknown;
}

/**
 * Stands before the server and passes everything on. What it adds: on `burst`, a recorded stream is played to whoever
 * listens, at a rate that this machine could hardly make by orders.
 */
class Player {
  readonly #listeners = new Set<ServerResponse>();
  readonly #server;

  constructor(upstream: string) {
    const target = new URL(upstream);
    this.#server = createServer((asked, answer) => {
      const passed = request(
        {
          host: target.hostname,
          port: target.port,
          path: asked.url,
          method: asked.method,
          headers: { ...asked.headers, host: target.host, 'accept-encoding': 'identity' },
        },
        (got) => {
          answer.writeHead(got.statusCode ?? 502, got.headers);
          got.pipe(answer);
          if (asked.url?.startsWith('/v1/events/stream') === true) {
            this.#listeners.add(answer);
            answer.once('close', () => this.#listeners.delete(answer));
          }
        },
      );
      passed.on('error', () => answer.destroy());
      answer.on('close', () => passed.destroy());
      asked.pipe(passed);
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Plays the recording over and over; how many events went out to each. */
  async burst(recording: readonly Recorded[]): Promise<number> {
    const began = performance.now();
    let sent = 0;
    while (performance.now() - began < SECONDS * 1_000) {
      const due = Math.floor(((performance.now() - began) / 1_000) * RATE);
      let text = '';
      for (; sent < due; sent += 1) {
        const event = recording[sent % recording.length];
        // Without an id: the place in the stream is the server's to say.
        if (event !== undefined) {
          const data = JSON.stringify({ ...event, at: new Date().toISOString() });
          text += `event: ${event.type}\ndata: ${data}\n\n`;
        }
      }
      if (text !== '') for (const listener of this.#listeners) listener.write(text);
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
    return sent;
  }
}

/** The long tasks of a page since it was opened, in milliseconds. */
async function longTasks(page: Page): Promise<readonly number[]> {
  return page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
}

const SCREENS = ['/', '/orders', '/inventory', '/alerts', '/workbench'];

for (const path of SCREENS) {
  test(`2,000 events a second into ${path}: it stays right, and the longest task is told`, async ({
    world,
    page,
  }) => {
    const shop = await Shop.open(world, 'Burst');
    await shop.stock('MUG', { on_hand: 100_000 });
    const first = await Promise.all(Array.from({ length: 10 }, () => shop.order()));
    for (const { id } of first) await shop.until(id, (order) => order.payment_status === 'captured');
    const recording = (await shop.call<{ data: Recorded[] }>('GET', '/v1/events?limit=500')).data;
    expect(recording.length).toBeGreaterThan(60);

    const player = new Player(world.url);
    const url = new URL(shop.at(path));
    url.host = new URL(await player.start()).host;
    try {
      await page.addInitScript(() => {
        const tasks: number[] = [];
        Object.assign(window, { longTasks: tasks });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) tasks.push(entry.duration);
        }).observe({ type: 'longtask', buffered: true });
      });
      await page.goto(url.href);
      await expectLive(page);
      await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
      const before = (await longTasks(page)).length;

      // A real order in the middle of it all: it must come through.
      const playing = player.burst(recording);
      const placed = await shop.order({ name: 'Midst Ofitall' });
      const sent = await playing;
      await shop.until(placed.id, (order) => order.payment_status === 'captured');
      const tasks = (await longTasks(page)).slice(before);

      await expectLive(page);
      const heard = await heardBy(page);
      const longest = Math.max(0, ...tasks);
      const over = tasks.filter((ms) => ms > 200).length;
      console.log(
        `${path}: ${sent} events played at ${RATE}/s, ${heard} heard; ${tasks.length} tasks over 50 ms, ` +
          `the longest ${Math.round(longest)} ms, ${over} over 200 ms`,
      );
      expect(heard).toBeGreaterThanOrEqual(sent);

      const { orders } = await shop.call<{ orders: { total: number } }>('GET', '/v1/dashboard/stats');
      expect(orders.total).toBe(11);
      if (path === '/') await expect(page.getByText('11 in all')).toBeVisible();
      if (path === '/' || path === '/orders') {
        await expect(page.getByText('Midst Ofitall')).toBeVisible();
      }
      if (path === '/inventory') {
        const item = await shop.call<{ available: number }>('GET', '/v1/inventory/MUG');
        const shown = item.available.toLocaleString('en-GB');
        await expect(page.getByRole('row').filter({ hasText: 'MUG' })).toContainText(shown);
      }
      if (path === '/alerts') await expect(page.getByText('All is well')).toBeVisible();
    } finally {
      await page.close();
      await player.stop();
    }
  });
}

/** How many events the page says it has heard. */
async function heardBy(page: Page): Promise<number> {
  const indicator = page.getByRole('banner').getByRole('button').filter({ hasText: /^live/ });
  await indicator.click();
  const text = await page.locator('dt', { hasText: 'Heard here' }).locator('+ dd').innerText();
  await page.keyboard.press('Escape');
  return Number(text.replace(/\D/g, ''));
}

test('the dashboard arrives in less than 300 KiB', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Light');
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  let bytes = 0;
  const isData = new Set<string>();
  session.on('Network.requestWillBeSent', ({ requestId, request: { url } }) => {
    if (new URL(url).pathname.startsWith('/v1/')) isData.add(requestId);
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!isData.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto(shop.at('/'));
  await expectLive(page);
  await expect(page.getByText('No orders yet')).toBeVisible();
  console.log(`first load of the dashboard: ${(bytes / 1024).toFixed(1)} KiB over the wire`);
  expect(bytes).toBeGreaterThan(50 * 1024);
  expect(bytes).toBeLessThan(300 * 1024);
});
