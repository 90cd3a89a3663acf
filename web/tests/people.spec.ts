import { expect, expectLive, expectNoReload, mark, test } from './fixtures';
import { Shop } from './shop';

const RULES = {
  rules: [{ name: 'big_basket', action: 'review', when: 'order.total > 100000', enabled: true }],
};

test('a review is approved by keyboard, and its order goes on', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Reviewed');
  await shop.stock('ANVIL', { unit_price: 150_000 });
  await shop.call('PUT', '/v1/fraud/rules', RULES);
  await page.goto(shop.at('/reviews'));
  await expect(page.getByText('No order waits for a person')).toBeVisible();
  await expect(page.getByText('order.total > 100000')).toBeVisible();
  await expectLive(page);
  await mark(page);

  const { id } = await shop.order({ lines: [{ sku: 'ANVIL' }], name: 'Grace Hopper' });
  const review = page.getByRole('article', { name: `Review of ${id}` });
  await expect(review).toBeVisible();
  await expect(review.getByText('Big basket')).toBeVisible();
  await expect(review.getByText('£1,500.00').first()).toBeVisible();
  await expect(review.getByText(/Grace Hopper/)).toBeVisible();
  await expect(review.getByText(/(approved|rejected) by itself/)).toBeVisible();

  await page.keyboard.press('y');
  const dialog = page.getByRole('dialog', { name: 'Approve this order' });
  await expect(dialog.getByLabel('Note, for other people')).toBeFocused();
  await page.keyboard.type('known to us');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  await expect(page.getByText('No order waits for a person')).toBeVisible();
  const order = await shop.until(id, ({ payment_status }) => payment_status === 'captured');
  expect(order.amount_captured).toBe(150_000);
  await expectNoReload(page);

  await page.getByRole('button', { name: 'Decided' }).click();
  await expect(page.getByText('known to us')).toBeVisible();
});

test('a review is rejected, and its order is undone', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Rejected');
  await shop.stock('ANVIL', { unit_price: 150_000 });
  await shop.call('PUT', '/v1/fraud/rules', RULES);
  const first = await shop.order({ lines: [{ sku: 'ANVIL' }] });
  const second = await shop.order({ lines: [{ sku: 'ANVIL' }] });
  for (const { id } of [first, second]) await shop.until(id, ({ status }) => status === 'on_hold');
  await page.goto(shop.at('/reviews'));
  await expect(page.getByRole('list', { name: 'Queue' }).getByRole('listitem')).toHaveCount(2);
  // What lapses first is shown first; `j` goes to the other one.
  await expect(page.getByRole('article', { name: `Review of ${first.id}` })).toBeVisible();
  await page.keyboard.press('j');
  await expect(page.getByRole('article', { name: `Review of ${second.id}` })).toBeVisible();
  await page.keyboard.press('n');
  await page.getByRole('dialog').getByRole('button', { name: 'Reject' }).click();
  await shop.until(second.id, ({ status }) => status === 'canceled');
  await expect(page.getByRole('article', { name: `Review of ${first.id}` })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Queue' }).getByRole('listitem')).toHaveCount(1);
  expect((await shop.read(first.id)).status).toBe('on_hold');
});

test('stock is added, adjusted and set; an edit on old figures is refused in words', async ({
  world,
  page,
  complaints,
}) => {
  const shop = await Shop.open(world, 'Stock');
  await page.goto(shop.at('/inventory'));
  await page.getByRole('button', { name: 'Add the first SKU' }).click();
  const add = page.getByRole('dialog', { name: 'Add a SKU' });
  await add.getByLabel('SKU').fill('LAMP');
  await add.getByLabel('Name').fill('Desk lamp');
  await add.getByLabel('Price, GBP').fill('24.50');
  await add.getByLabel('On hand').fill('12');
  await add.getByLabel('Reorder point').fill('10');
  await add.getByRole('button', { name: 'Add it' }).click();
  // Whether it was there before was asked first: the browser writes that 404 down.
  const drawer = page.getByRole('dialog', { name: 'LAMP' });
  await expect(drawer.getByText('£24.50')).toBeVisible();
  expect(complaints.every((text) => text.includes('status of 404'))).toBe(true);
  complaints.length = 0;

  await drawer.getByRole('button', { name: 'Adjust', exact: true }).click();
  const adjust = drawer.getByRole('form', { name: 'Adjust' });
  await adjust.getByLabel('More or fewer').fill('-4');
  await adjust.getByLabel('Why').fill('counted again');
  await expect(adjust.getByText('12 on hand becomes 8')).toBeVisible();
  await adjust.getByRole('button', { name: 'Adjust' }).click();
  await expect(drawer.getByText('low stock')).toBeVisible();
  await expect(drawer.getByText('“counted again”')).toBeVisible();
  // Low stock is an alert, at once: the side navigation counts it.
  await expect(page.getByRole('navigation', { name: 'Places' }).getByText('1 firing')).toBeAttached();

  await drawer.getByRole('button', { name: 'Count and describe' }).click();
  const set = drawer.getByRole('form', { name: 'Count and describe' });
  await expect(set.getByLabel('On hand')).toHaveValue('8');
  await set.getByLabel('On hand').fill('30');
  await shop.call('POST', '/v1/inventory/LAMP/adjustments', { delta: 2, reason: 'found behind the shelf' });
  await expect(set.getByText(/It changed while you wrote: on hand 8 → 10/)).toBeVisible();
  await expect(set.getByRole('button', { name: 'Set' })).toBeDisabled();
  await set.getByRole('button', { name: 'Take the new figures' }).click();
  await expect(set.getByLabel('On hand')).toHaveValue('10');
  await set.getByLabel('On hand').fill('30');
  await set.getByRole('button', { name: 'Set' }).click();
  await expect(drawer.getByText('in stock')).toBeVisible();
  expect(await shop.call('GET', '/v1/inventory/LAMP')).toMatchObject({ on_hand: 30, name: 'Desk lamp' });

  // An edit that leaves with an old version: the server refuses it, and the page says what that means.
  await drawer.getByRole('button', { name: 'Count and describe' }).click();
  await page.route('**/v1/inventory/LAMP', async (route) => {
    if (route.request().method() === 'PUT') {
      await route.continue({ headers: { ...route.request().headers(), 'if-match': '"1"' } });
    } else await route.continue();
  });
  await set.getByLabel('On hand').fill('31');
  await set.getByRole('button', { name: 'Set' }).click();
  await expect(set.getByText(/in the same moment, so nothing was set/)).toBeVisible();
  expect(await shop.call('GET', '/v1/inventory/LAMP')).toMatchObject({ on_hand: 30 });
  expect(complaints.every((text) => text.includes('status of 412'))).toBe(true);
  complaints.length = 0;
});

test('the list of stock is live, and finds by letters and condition', async ({ world, page }) => {
  const shop = await Shop.open(world, 'Shelves');
  await shop.stock('MUG', { on_hand: 12 });
  await shop.stock('PLATE');
  await page.goto(shop.at('/inventory'));
  await expectLive(page);
  const row = (sku: string) => page.getByRole('row').filter({ hasText: sku });
  await expect(row('PLATE')).toContainText('in stock');
  await shop.order({ lines: [{ sku: 'MUG', quantity: 3 }] });
  await expect(row('MUG')).toContainText('low stock');
  await expect(page.getByRole('row').nth(1)).toContainText('MUG');
  await page.getByRole('button', { name: /^in stock/ }).click();
  await expect(row('MUG')).toHaveCount(0);
  await page.getByRole('button', { name: /^All/ }).click();
  await page.getByLabel('Search the stock').fill('plate');
  await expect(row('MUG')).toHaveCount(0);
  await expect(row('PLATE')).toBeVisible();
});
