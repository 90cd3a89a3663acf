import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type axe from 'axe-core';
import { expect, expectLive, test } from './fixtures';
import { Shop } from './shop';
import type { World } from './programs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = new URL('./.out/screens/', import.meta.url).pathname;

/** A store with something of everything. */
async function furnished(world: World): Promise<{ shop: Shop; order: string }> {
  const shop = await Shop.open(world, 'Everything');
  await shop.stock('MUG', { name: 'Enamel mug' });
  await shop.stock('ANVIL', { name: 'Anvil, 25 kg', unit_price: 150_000, on_hand: 30, reorder_point: 12 });
  await shop.stock('POSTER', { name: 'Signed poster', on_hand: 5, reorder_point: 10 });
  await shop.stock('LAMP', { name: 'Desk lamp', on_hand: 1, reorder_point: 2 });
  await shop.stock('RUG', { name: 'Rug', on_hand: 400, safety_stock: 20, reorder_point: 150 });
  await shop.call('PUT', '/v1/fraud/rules', {
    rules: [{ name: 'big_basket', action: 'review', when: 'order.total > 100000', enabled: true }],
  });
  const { id } = await shop.order({ lines: [{ sku: 'MUG', quantity: 2 }, { sku: 'RUG' }] });
  await shop.until(id, (order) => order.payment_status === 'captured');
  await shop.call('POST', `/v1/orders/${id}/refunds`, { amount: 500, reason: 'customer' });
  for (const card of ['pm_card_visa', 'pm_card_visa_chargeDeclined', 'pm_card_mastercard']) {
    await shop.order({ card, lines: [{ sku: 'MUG' }] });
  }
  await shop.order({ lines: [{ sku: 'LAMP' }], name: 'Mary Somerville' });
  for (const name of ['Grace Hopper', 'Alan Turing']) {
    const { id: held } = await shop.order({ name, lines: [{ sku: 'ANVIL' }] });
    await shop.until(held, (order) => order.status === 'on_hold');
  }
  return { shop, order: id };
}

interface Screen {
  readonly name: string;
  readonly path: string;
  /** Something of it that is there when it is all there. */
  readonly shows: (page: Page) => Promise<void>;
}

function screensOf(order: string): readonly Screen[] {
  const shown = (text: string | RegExp) => (page: Page) =>
    expect(page.locator('body').getByText(text).locator('visible=true').first()).toBeVisible();
  return [
    {
      name: 'dashboard',
      path: '/',
      shows: async (page) => {
        await shown('Latest orders')(page);
        await expect(page.getByText('Reading the last quarter of an hour')).toHaveCount(0);
      },
    },
    { name: 'orders', path: '/orders', shows: shown('Mary Somerville') },
    { name: 'order', path: `/orders/${order}`, shows: shown('£5.00') },
    { name: 'order-new', path: '/orders?new=1', shows: shown('Place it') },
    { name: 'inventory', path: '/inventory', shows: shown('Signed poster') },
    { name: 'item', path: '/inventory?sku=RUG', shows: shown('Ledger') },
    { name: 'reviews', path: '/reviews', shows: shown('Why a person shall look') },
    { name: 'alerts', path: '/alerts', shows: shown('Low stock') },
    { name: 'workbench', path: '/workbench', shows: shown(/Workbench|wider screen/) },
    { name: 'replay', path: `/workbench?replay=${order}`, shows: shown(/Replay|wider screen/) },
    { name: 'bank', path: '/bank', shows: shown('Bank') },
    { name: 'schedules', path: '/schedules', shows: shown('Schedules') },
  ];
}

/** What axe finds that is serious: rule, and where. */
async function findings(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const scanner = (window as unknown as { axe: typeof axe }).axe;
    const result = await scanner.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      resultTypes: ['violations'],
    });
    return result.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.slice(0, 3).map((node) => `${id}: ${node.target.join(' ')} — ${node.failureSummary ?? ''}`),
      );
  });
  return found.map((text) => text.replace(/\s+/g, ' ').slice(0, 400));
}

for (const scheme of ['light', 'dark'] as const) {
  test(`every screen in ${scheme}, wide and narrow: no serious finding, and a picture`, async ({
    world,
    page,
  }) => {
    test.setTimeout(240_000);
    mkdirSync(SHOTS, { recursive: true });
    const { shop, order } = await furnished(world);
    // Nothing fades: what is looked at is as it stays.
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    const all: string[] = [];
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 800 });
      for (const screen of screensOf(order)) {
        await page.goto(shop.at(screen.path));
        await screen.shows(page);
        await expectLive(page);
        await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
        await page.screenshot({ path: `${SHOTS}${screen.name}-${width}-${scheme}.png` });
        all.push(...(await findings(page)).map((text) => `${screen.name} ${width}: ${text}`));
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect(overflow, `${screen.name} at ${width} is wider than the window`).toBeLessThanOrEqual(0);
      }
    }
    expect(all).toEqual([]);
  });
}
