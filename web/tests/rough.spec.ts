import { expect, expectLive, expectNoReload, mark, test } from './fixtures';
import { World } from './programs';
import { Shop } from './shop';

/*
 * The page in rough hands: addresses that lead nowhere, back and forward, long lists, a server that dies in the middle of it.
 */

/** What the browser itself writes down of an answer that is none, or a refusal. */
const REFUSED = /status of 4\d\d/;
const NOBODY =
  /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status of 503/;

function onlyOf(complaints: string[], known: RegExp): void {
  expect(complaints.filter((text) => !known.test(text))).toEqual([]);
  complaints.length = 0;
}

test('an address that leads nowhere says so, and what to do', async ({ world, page, complaints }) => {
  const shop = await Shop.open(world, 'Nowhere');
  await shop.stock('MUG');
  const { id } = await shop.order();
  const none = 'ord_01J00000000000000000000000';
  for (const [path, says] of [
    [`/orders/${none}`, 'This store has no such order'],
    ['/orders/rubbish%20%3Cb%3E', 'This store has no such order'],
    ['/orders?status=bogus&created_after=never', 'Ada Lovelace'],
    ['/orders?q=nobody-has-this-name', 'No order fits'],
    [`/orders/${id}?tab=nonsense`, 'Payment attempts'],
    ['/inventory?sku=NO-SUCH-SKU', /no such|not there|does not/i],
    ['/inventory?sort=nonsense&condition=bogus', 'Inventory'],
    [`/workbench?replay=${none}`, 'Back to live'],
    ['/workbench?replay=rubbish', 'Back to live'],
    ['/workbench?flow=bogus&node=bogus&way=a%3Eb&tab=bogus&look=bogus%3Ax', 'Workbench'],
    ['/reviews?id=bogus&tab=bogus', 'Reviews'],
    ['/alerts?show=bogus', 'Alerts'],
    ['/no/such/place', 'There is nothing at this address'],
  ] as const) {
    await page.goto(shop.at(path));
    await expect(page.locator('#content').getByText(says).first(), path).toBeVisible();
    await expect(page.getByText('This part of the page has failed'), path).toHaveCount(0);
    await expect(page.locator('[aria-busy=true]'), path).toHaveCount(0);
  }
  onlyOf(complaints, REFUSED);
  // A store that is not there: whoever has others is shown where they are.
  await page.goto(new URL('/orders?store=no-such-store', world.url).href);
  await expect(page.getByText(/no such store|no store/i).first()).toBeVisible();
  onlyOf(complaints, REFUSED);
});

test('back and forward lead through what was looked at, as it was', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Back');
  await shop.stock('MUG');
  await Promise.all(Array.from({ length: 60 }, (_, nth) => shop.order({ name: `Shopper ${nth}` })));
  const { id } = await shop.order({ name: 'Grace Hopper' });
  await shop.until(id, (order) => order.payment_status === 'captured');
  await page.goto(shop.at('/'));
  await expectLive(page);
  await mark(page);
  await page
    .getByRole('link', { name: /^Orders/ })
    .first()
    .click();
  await page.getByRole('searchbox').fill('Grace Hopper');
  const row = page.getByRole('row').filter({ hasText: 'Grace Hopper' });
  await expect(row).toHaveCount(1);
  await expect(page.getByRole('row').filter({ hasText: 'Shopper' })).toHaveCount(0);
  await row.getByRole('link').first().click();
  await page.waitForURL(new RegExp(`/orders/${id}`));
  await page.getByRole('tab', { name: /^Events/ }).click();
  await page
    .getByRole('button', { name: /^refund/i })
    .first()
    .click();
  await expect(page.getByRole('dialog')).toBeVisible();
  // Back takes the dialog and the order along, and leads to what was searched.
  await page.goBack();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.getByRole('searchbox')).toHaveValue('Grace Hopper');
  await expect(row).toHaveCount(1);
  await page.goForward();
  await expect(page.getByRole('tab', { name: /^Events/ })).toHaveAttribute('aria-selected', 'true');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  for (let times = 0; times < 6 && new URL(page.url()).pathname !== '/'; times += 1) await page.goBack();
  await expect(page.getByText('61 in all')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Latest orders' })).toBeVisible();
  expect(new URL(page.url()).searchParams.get('store')).toBe(shop.id);
  await expectNoReload(page);
});

test('a server that dies while a dialog is open: nothing is done twice, and nothing that was typed is lost', async ({
  page,
  complaints,
}) => {
  const world = await World.start();
  try {
    const shop = await Shop.open(world, 'Dialog');
    await shop.stock('MUG');
    const { id } = await shop.order({ lines: [{ sku: 'MUG', quantity: 4 }] });
    await shop.until(id, (order) => order.payment_status === 'captured');
    await page.goto(shop.at(`/orders/${id}`));
    await expectLive(page);
    await mark(page);
    await page
      .getByRole('button', { name: /^refund/i })
      .first()
      .click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/amount/i).fill('10.00');

    // The answer is lost, though it was done.
    await page.route('**/refunds', async (route) => {
      if (route.request().method() !== 'POST') return route.fallback();
      await route.fetch();
      await route.abort('connectionreset');
    });
    const give = dialog.getByRole('button', { name: /^Give .* back$/ });
    await give.click();
    await expect(page.getByText(/does not answer|not reached|cannot be reached/i).first()).toBeVisible();
    await shop.until(id, (order) => order.amount_refunded === 1_000);
    await page.unrouteAll({ behavior: 'wait' });

    await world.crash();
    await expect(page.getByRole('banner').getByText('reconnecting')).toBeVisible();
    await give.click();
    await expect(give).toBeEnabled();
    await expect(dialog.getByLabel(/amount/i)).toHaveValue('10.00');

    await world.comeBack();
    await expectLive(page);
    await expect(dialog.getByLabel(/amount/i)).toHaveValue('10.00');
    await give.click();
    await expect(dialog).toHaveCount(0);
    const after = await shop.read(id);
    expect(after.amount_refunded, 'the same wish, three times asked, is one refund').toBe(1_000);
    await expectNoReload(page);
  } finally {
    await page.close();
    await world.stop();
  }
  onlyOf(complaints, NOBODY);
});

test('a long list is gone through by mouse and keys, while it grows', async ({ world, page }) => {
  test.setTimeout(180_000);
  const shop = await Shop.open(world, 'Long', { fulfillment: { mode: 'manual' } });
  await shop.stock('MUG', { on_hand: 100_000 });
  await shop.order({ name: 'The First' });
  const count = 1_500;
  for (let nth = 0; nth < count; nth += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, one) => shop.order({ name: `Shopper ${nth + one}` })));
  }
  await page.goto(shop.at('/orders'));
  await expectLive(page);
  const list = page.getByRole('table', { name: 'Orders' }).locator('..');
  await expect(page.getByRole('row').nth(1)).toBeVisible();
  // Rows are made for what is seen only, wherever one is.
  const rows = () => page.getByRole('row').count();
  expect(await rows()).toBeLessThan(80);
  const first = page.getByRole('row').filter({ hasText: 'The First' });
  const end = Date.now() + 60_000;
  while ((await first.count()) === 0 && Date.now() < end) {
    await list.evaluate((node) => node.scrollTo({ top: node.scrollHeight }));
    await page.waitForTimeout(60);
  }
  await expect(first.first()).toBeVisible();
  expect(await rows()).toBeLessThan(80);
  // What is new does not move what one looks at, and is said.
  const place = await list.evaluate((node) => node.scrollTop);
  await shop.order({ name: 'Brand New' });
  await page.getByRole('button', { name: /1 new/ }).click();
  expect(place).toBeGreaterThan(1_000);
  await expect(page.getByRole('row').filter({ hasText: 'Brand New' })).toBeVisible();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/orders\/ord_/);
});
