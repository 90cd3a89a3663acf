import { randomUUID } from 'node:crypto';
import { expect, expectLive, expectNoReload, mark, test } from './fixtures';
import { Shop } from './shop';

test('an order is placed and settles before all eyes, without a reload', async ({ world, context, page }) => {
  const shop = await Shop.open(world, 'Placed');
  await shop.stock('MUG');
  const dashboard = await context.newPage();
  await dashboard.goto(shop.at('/'));
  const list = await context.newPage();
  await list.goto(shop.at('/orders'));
  await page.goto(shop.at('/orders?new=1'));
  for (const tab of [dashboard, list, page]) {
    await expectLive(tab);
    await mark(tab);
  }

  const form = page.getByRole('dialog');
  await expect(form.getByText('£12.50', { exact: true })).toBeVisible();
  await form.getByRole('button', { name: 'Place it' }).click();
  await page.waitForURL(/\/orders\/ord_/);
  const id = /ord_[0-9A-Z]{26}/.exec(page.url())?.[0] ?? '';
  const settled = await shop.until(
    id,
    (order) => order.status === 'confirmed' || order.status === 'completed',
  );
  expect(settled.amount_captured).toBe(1_250);

  const latest = dashboard.getByRole('region', { name: 'Latest orders' }).locator(`a[href*="${id}"]`);
  await expect(latest.getByText(/confirmed|completed/)).toBeVisible();
  await expect(latest.getByText('£12.50')).toBeVisible();
  const row = list.getByRole('row').filter({ has: list.locator(`a[href*="${id}"]`) });
  await expect(row.getByText(/confirmed|completed/)).toBeVisible();
  await expect(row.getByText('paid', { exact: true })).toBeVisible();
  await expect(
    page
      .locator('#content')
      .getByText(/confirmed|completed/)
      .first(),
  ).toBeVisible();
  await expect(page.locator('#content').getByText('£12.50').first()).toBeVisible();
  // The counts of the list and the figures of the dashboard followed, too.
  await expect(dashboard.getByText('1 in all')).toBeVisible();
  const minute = dashboard.locator('dt', { hasText: 'Orders a minute' }).locator('+ dd');
  await expect(minute).toContainText(/^1/);
  for (const tab of [dashboard, list]) await expectNoReload(tab);
});

test('an order that the server refuses says why, and nothing is placed', async ({
  world,
  page,
  complaints,
}) => {
  const shop = await Shop.open(world, 'Refused');
  await shop.stock('MUG');
  await page.goto(shop.at('/orders?new=1'));
  const form = page.getByRole('dialog');
  await expect(form.getByText('£12.50', { exact: true })).toBeVisible();
  await form.getByLabel('SKU').first().fill('NO-SUCH-THING');
  await form.getByRole('button', { name: 'Place it' }).click();
  await expect(form.getByText(/NO-SUCH-THING|no such/i).first()).toBeVisible();
  const { data } = await shop.call<{ data: unknown[] }>('GET', '/v1/orders');
  expect(data).toEqual([]);
  // The refusal is what the browser writes down of it.
  expect(complaints.length).toBeGreaterThan(0);
  expect(complaints.every((text) => text.includes('status of 4'))).toBe(true);
  complaints.length = 0;
});

test('money goes back, and the order page says so', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Refund');
  await shop.stock('MUG');
  const { id } = await shop.order({ lines: [{ sku: 'MUG', quantity: 2 }] });
  await shop.until(id, (order) => order.payment_status === 'captured');
  await page.goto(shop.at(`/orders/${id}`));
  const refund = page.getByRole('button', { name: /^refund/i }).first();
  await refund.click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  await dialog
    .getByLabel(/amount/i)
    .first()
    .fill('10.00');
  await dialog
    .getByRole('button', { name: /^Give .* back$/ })
    .last()
    .click();
  const after = await shop.until(id, (order) => order.amount_refunded === 1_000);
  expect(after.amount_captured).toBe(2_500);
  await expect(page.locator('#content').getByText('£10.00').first()).toBeVisible();
  await expect(
    page
      .locator('#content')
      .getByText(/partly refunded|partially refunded/i)
      .first(),
  ).toBeVisible();
});

test('an order is found by the trace that its request belonged to', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Trace');
  await shop.stock('MUG');
  const trace = randomUUID().replace(/-/g, '');
  const { id } = await shop.order({ traceparent: `00-${trace}-00f067aa0ba902b7-01` });
  const other = await shop.order();
  await page.goto(shop.at('/'));
  await expectLive(page);
  // In the palette,
  await page.keyboard.press('/');
  await page.keyboard.type(trace);
  const palette = page.getByRole('dialog');
  await expect(palette.getByRole('option').filter({ hasText: id.slice(-6) })).toBeVisible();
  await expect(palette.getByRole('option').filter({ hasText: other.id.slice(-6) })).toHaveCount(0);
  await page.keyboard.press('Enter');
  await page.waitForURL(new RegExp(`/orders/${id}`));
  // on its page, to be taken along,
  const shown = page.getByTestId('trace');
  await expect(shown).toContainText(trace.slice(0, 8));
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await shown.getByRole('button', { name: 'Copy the trace id' }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(trace);
  await page.getByRole('tab', { name: 'Trace' }).click();
  await expect(page.getByText(trace, { exact: true })).toBeVisible();
  await expect(page.getByText('As its request named it')).toBeVisible();
  // and in the list. One that came without has one of its own.
  await page.goto(shop.at('/orders'));
  await page.getByRole('searchbox').fill((await shop.read(other.id)).trace_id);
  await expect(page.locator(`a[href*="${other.id}"]`).first()).toBeVisible();
  await expect(page.locator(`a[href*="${id}"]`)).toHaveCount(0);
});
