import { test as base, expect } from '@playwright/test';
import type { BrowserContext, Page } from '@playwright/test';
import { World } from './programs';

interface Shared {
  /** A bank in fair weather and a server; tests open stores of their own in it. */
  readonly world: World;
}

interface Own {
  /** What browsers complained of, in any tab. A test that expects complaints takes them out. */
  readonly complaints: string[];
}

/** Marks the document: a reload would lose it. */
export async function mark(page: Page): Promise<void> {
  await page.evaluate(() => void Object.assign(window, { isSameDocument: true }));
}

export async function expectNoReload(page: Page): Promise<void> {
  expect(await page.evaluate(() => (window as { isSameDocument?: boolean }).isSameDocument)).toBe(true);
}

/** Nobody is taken by the hand: the tour of newcomers was seen. */
async function prepare(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    try {
      localStorage.setItem('orderflow.tour', 'done');
    } catch {
      // No storage on blank pages.
    }
  });
}

export const test = base.extend<Own, Shared>({
  world: [
    async ({}, use) => {
      const world = await World.start();
      await use(world);
      await world.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  complaints: [
    async ({ context }, use) => {
      const complaints: string[] = [];
      await prepare(context);
      context.on('console', (message) => {
        if (message.type() === 'error') complaints.push(`${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (error) => complaints.push(String(error.error())));
      await use(complaints);
      expect(complaints, 'the browser complained').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** The stream is there, and nothing is behind. */
export async function expectLive(page: Page): Promise<void> {
  await expect(page.locator('header').getByText(/^live/i).first()).toBeVisible();
}
