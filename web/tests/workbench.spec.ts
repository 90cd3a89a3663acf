import type { Page } from '@playwright/test';
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

  const travelled = await watchEdge(page, 'place_order>reserve_stock');
  const { id } = await shop.order();
  await shop.until(id, (order) => order.payment_status === 'captured');
  const drawer = page.getByRole('region', { name: 'Drawer' });
  await expect(drawer.getByText('order.created').first()).toBeVisible();
  await expect(drawer.getByText('payment.processed').first()).toBeVisible();

  // The order's first event went from one end of its edge to the other, as a dot.
  await expect.poll(async () => (await travelled()).at(-1) ?? 0).toBeGreaterThan(0.6);
  const places = await travelled();
  expect(places.length).toBeGreaterThan(5);
  expect(places[0]).toBeLessThan(0.4);
  expect(places, 'it never goes back').toEqual([...places].sort((a, b) => a - b));

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
  await expect(drawer.getByRole('row').filter({ hasText: 'order.created' })).toBeVisible();
  await expect(drawer.getByText('Nothing here yet')).toHaveCount(0);
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

/** Looks at what is painted along an edge, frame by frame; where on it something was seen, from 0 to 1. */
async function watchEdge(page: Page, way: string): Promise<() => Promise<readonly number[]>> {
  await page.evaluate((id) => {
    const line = document.querySelector<SVGPathElement>(`[data-id="${id}"] path.react-flow__edge-path`);
    const canvas = document.querySelector<HTMLCanvasElement>('[data-graph] canvas');
    const context = canvas?.getContext('2d', { willReadFrequently: true });
    if (line === null || canvas === null || context === null || context === undefined) {
      throw new Error(`there is no edge ${id}, or nothing to paint on`);
    }
    const places: number[] = [];
    Object.assign(window, { places });
    const look = () => {
      requestAnimationFrame(look);
      const matrix = line.getScreenCTM();
      const box = canvas.getBoundingClientRect();
      if (matrix === null) return;
      const scale = canvas.width / box.width;
      const painted: number[] = [];
      // The ends lie under the rings of their nodes.
      for (let share = 0.06; share <= 0.94; share += 0.02) {
        const at = line.getPointAtLength(share * line.getTotalLength()).matrixTransform(matrix);
        const pixel = context.getImageData((at.x - box.x) * scale, (at.y - box.y) * scale, 1, 1).data;
        if ((pixel[3] ?? 0) > 200) painted.push(share);
      }
      const middle = painted.reduce((sum, share) => sum + share, 0) / painted.length;
      if (painted.length > 0) places.push(Math.round(middle * 100) / 100);
    };
    look();
  }, way);
  return () => page.evaluate(() => (window as unknown as { places: number[] }).places);
}
