import { expect, expectLive, expectNoReload, mark, test } from './fixtures';
import { World } from './programs';
import { Shop } from './shop';

/** What the browser itself writes down while nobody answers, or a server that starts; the page cannot keep it from doing so. */
const NOBODY =
  /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status of 503/;

test('the bank breaks and is mended, and alerts come and go by themselves', async ({ context, page }) => {
  // A bank of its own: the others' stays up.
  const world = await World.start();
  try {
    const shop = await Shop.open(world, 'Outage', { retry: { base_ms: 200, cap_ms: 1_000 } });
    await shop.stock('MUG');
    const dashboard = await context.newPage();
    await dashboard.goto(shop.at('/'));
    await page.goto(shop.at('/alerts'));
    await expect(page.getByText('All is well')).toBeVisible();
    for (const tab of [dashboard, page]) {
      await expectLive(tab);
      await mark(tab);
    }

    await world.weather('down');
    const orders = await Promise.all(Array.from({ length: 6 }, () => shop.order()));
    const alerts = page.getByRole('list', { name: 'Alerts' }).getByRole('listitem');
    const retrying = alerts.filter({ hasText: 'Payments retrying' });
    const down = alerts.filter({ hasText: 'Bank down' });
    await expect(retrying).toBeVisible();
    await expect(down).toBeVisible();
    await expect(down.getByText('critical')).toBeVisible();
    const needs = dashboard.getByRole('region', { name: 'Needs you' });
    await expect(needs.getByText(/bank does not answer/i)).toBeVisible();

    await down.getByRole('button', { name: 'Acknowledge' }).click();
    await expect(down.getByText('acknowledged', { exact: true })).toBeVisible();
    await retrying.getByRole('button', { name: 'Silence' }).click();
    await page.getByRole('menuitem', { name: 'for an hour' }).click();
    await expect(retrying.getByText(/silenced, ends/)).toBeVisible();
    await page.getByRole('button', { name: /^Silenced/ }).click();
    await expect(alerts).toHaveCount(1);
    await page.getByRole('button', { name: /^Open/ }).click();

    await world.weather('ok');
    for (const { id } of orders) await shop.until(id, (order) => order.payment_status === 'captured');
    await expect(page.getByText('All is well')).toBeVisible();
    await expect(needs.getByText(/bank does not answer/i)).toHaveCount(0);
    await page.getByRole('button', { name: 'Resolved' }).click();
    await expect(alerts.filter({ hasText: 'the condition cleared' })).toHaveCount(2);
    for (const tab of [dashboard, page]) await expectNoReload(tab);
  } finally {
    await world.stop();
  }
});

test('the server dies and comes back, and the page misses nothing', async ({ page, complaints }) => {
  const world = await World.start();
  try {
    const shop = await Shop.open(world, 'Restart');
    await shop.stock('MUG');
    const before = await shop.order({ name: 'Before Thecrash' });
    await shop.until(before.id, (order) => order.payment_status === 'captured');
    await page.goto(shop.at('/orders'));
    await expect(page.getByRole('row').filter({ hasText: 'Before Thecrash' })).toBeVisible();
    await expectLive(page);
    await mark(page);

    await world.crash();
    const indicator = page.getByRole('banner').getByText('reconnecting');
    await expect(indicator).toBeVisible();
    await world.comeBack();
    // Placed before the page is back: it hears of it all the same.
    const after = await shop.order({ name: 'After Thecrash' });
    await shop.until(after.id, (order) => order.payment_status === 'captured');
    await expectLive(page);
    const row = (name: string) => page.getByRole('row').filter({ hasText: name });
    await expect(row('After Thecrash').getByText('paid', { exact: true })).toBeVisible();
    await expect(row('Before Thecrash').getByText('paid', { exact: true })).toBeVisible();
    // And it hears on.
    await shop.order({ name: 'Later Still' });
    await expect(row('Later Still').getByText('paid', { exact: true })).toBeVisible();
    await expect(page.getByRole('row').filter({ hasText: 'Thecrash' })).toHaveCount(2);
    await expectNoReload(page);
  } finally {
    await page.close();
    await world.stop();
  }
  const others = complaints.filter((text) => !NOBODY.test(text));
  expect(others).toEqual([]);
  complaints.length = 0;
});

test('two stores in two tabs never mix', async ({ world, context, page }) => {
  const [left, right] = [await Shop.open(world, 'Left'), await Shop.open(world, 'Right')];
  for (const shop of [left, right]) await shop.stock('MUG');
  const other = await context.newPage();
  await page.goto(left.at('/orders'));
  await other.goto(right.at('/orders'));
  for (const tab of [page, other]) await expectLive(tab);
  // Both at once, many times, so that what is mixed up would show.
  await Promise.all(
    Array.from({ length: 8 }, async (_, nth) => {
      await left.order({ name: `Lefty ${nth}` });
      await right.order({ name: `Righty ${nth}` });
    }),
  );
  const rows = (tab: typeof page, text: string) => tab.getByRole('row').filter({ hasText: text });
  await expect(rows(page, 'Lefty')).toHaveCount(8);
  await expect(rows(other, 'Righty')).toHaveCount(8);
  await expect(rows(page, 'paid')).toHaveCount(8);
  await expect(rows(other, 'paid')).toHaveCount(8);
  expect(await rows(page, 'Righty').count()).toBe(0);
  expect(await rows(other, 'Lefty').count()).toBe(0);

  // An order of the one is nothing in the other, whatever the address says.
  const { id } = await left.order({ name: 'Lefty alone' });
  const asked: string[] = [];
  other.on('request', (request) => {
    const store = request.headers()['x-store-id'];
    if (store !== undefined) asked.push(store);
  });
  await other.goto(right.at('/inventory'));
  await expect(other.getByRole('row').filter({ hasText: 'MUG' })).toBeVisible();
  await other.goto(right.at('/'));
  await expect(other.getByText('8 in all')).toBeVisible();
  expect(new Set(asked)).toEqual(new Set([right.id]));
  await expect(other.locator(`a[href*="${id}"]`)).toHaveCount(0);
  // Switching takes everything along: address, lists, figures, stream.
  await other.getByRole('banner').getByRole('button', { name: /Right/ }).click();
  await other.getByLabel('Find a store').fill(left.id);
  await other.keyboard.press('Enter');
  await expect(other.getByText('9 in all')).toBeVisible();
  expect(new URL(other.url()).searchParams.get('store')).toBe(left.id);
});
