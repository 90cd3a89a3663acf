import { expect, expectLive, test } from './fixtures';
import { Shop } from './shop';

const EVIL = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`;

test('what others wrote is text on every screen', async ({ world, page }) => {
  const shop = await Shop.open(world, `Shop ${EVIL}`.slice(0, 60));
  await shop.stock('EVIL', { name: EVIL, on_hand: 12, reorder_point: 10 });
  await shop.call('PUT', '/v1/fraud/rules', {
    rules: [{ name: 'whoever', action: 'review', when: 'order.total > 3000', enabled: true }],
  });
  const { id } = await shop.order({
    name: EVIL,
    lines: [{ sku: 'EVIL', quantity: 1 }],
    metadata: { note: EVIL, channel: EVIL },
  });
  await shop.until(id, (order) => order.payment_status === 'captured');
  const held = await shop.order({
    name: EVIL,
    lines: [{ sku: 'EVIL', quantity: 3 }],
    metadata: { note: EVIL },
  });
  await shop.until(held.id, (order) => order.status === 'on_hold');
  await shop.call('POST', `/v1/inventory/EVIL/adjustments`, { delta: -1, reason: EVIL });

  const screens = [
    '/',
    '/orders',
    `/orders/${id}`,
    `/orders/${id}?tab=events`,
    '/inventory',
    '/inventory?sku=EVIL',
    '/reviews',
    '/alerts',
    '/workbench',
    `/workbench?replay=${id}`,
    '/bank',
    '/schedules',
  ];
  let seen = 0;
  for (const screen of screens) {
    await page.goto(shop.at(screen));
    await expectLive(page);
    await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
    seen += await page.getByText('onerror=').count();
    expect(await page.locator('img[src="x"], script:not([src])').count(), screen).toBe(0);
    expect(await page.evaluate(() => (window as { pwned?: number }).pwned), screen).toBeUndefined();
  }
  // It was there to be shown.
  expect(seen).toBeGreaterThan(4);

  // And in what is typed and searched.
  await page.goto(shop.at('/orders'));
  await page.keyboard.press('/');
  await page.keyboard.type(EVIL);
  await expect(page.getByRole('dialog')).toBeVisible();
  expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
});

test('the page takes scripts and styles from the server only', async ({ world, page }) => {
  const answer = await page.goto(new URL('/', world.url).href);
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).not.toContain('unsafe');
});
