import { expect, expectLive, expectNoReload, mark, test } from './fixtures';
import { Shop } from './shop';

test('an order is seen on the graph as it happens, and its life is replayed on it', async ({
  world,
  page,
}) => {
  const shop = await Shop.open(world, 'Graph');
  await shop.stock('MUG');
  await page.goto(shop.at('/workbench'));
  await expect(page.locator('[data-node]').first()).toBeVisible();
  expect(await page.locator('[data-node]').count()).toBeGreaterThan(5);
  await expectLive(page);
  await mark(page);

  const { id } = await shop.order();
  await shop.until(id, (order) => order.payment_status === 'captured');
  const drawer = page.getByRole('region', { name: 'Drawer' });
  await expect(drawer.getByText('order.created').first()).toBeVisible();
  await expect(drawer.getByText('payment.processed').first()).toBeVisible();

  const story = (await shop.call<{ data: { sequence: number }[] }>('GET', `/v1/orders/${id}/timeline`)).data;
  await page.getByLabel('Order to replay').fill(id);
  await page.getByRole('button', { name: 'Replay', exact: true }).click();
  const bar = page.getByRole('group', { name: `Replay of ${id}` });
  await expect(bar).toBeVisible();
  await bar.getByRole('button', { name: 'Pause' }).click();
  const place = bar.getByRole('slider');
  await place.focus();
  await page.keyboard.press('Home');
  await expect(place).toHaveAttribute('aria-valuetext', /^order\.created, event 1 of \d+$/);
  // The state beside the graph is the order as it was then, not as it is.
  const then = page.getByRole('complementary');
  await expect(then.getByText('order.created').first()).toBeVisible();
  await expect(then.getByText('It began here.')).toBeVisible();
  await expect(then.getByText(`after #${String(story[0]?.sequence)}`)).toBeVisible();
  await bar.getByRole('button', { name: 'Next event' }).click();
  await expect(place).toHaveAttribute('aria-valuetext', /event 2 of \d+$/);
  await place.focus();
  await page.keyboard.press('End');
  await expect(place).toHaveAttribute('aria-valuetext', /event (\d+) of \1$/);
  await expect(then.getByText(`after #${String(story.at(-1)?.sequence)}`)).toBeVisible();
  await expect(then.getByText('It began here.')).toHaveCount(0);
  await bar.getByRole('button', { name: 'Live' }).click();
  await expect(bar).toHaveCount(0);
  await expectNoReload(page);
});
