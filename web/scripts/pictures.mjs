// Makes the README's pictures from a demo that has run for a while with traffic:
//   orderflow demo --traffic 2 --calm      and then      node scripts/pictures.mjs http://127.0.0.1:8080 ../docs
import { chromium } from 'playwright-core';

const [url, folder] = process.argv.slice(2);
if (url === undefined || folder === undefined) throw new Error('pictures.mjs URL FOLDER');
const call = async (method, path, body) => {
  const headers = {
    'X-Store-ID': 'acme',
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
  };
  const answer = await fetch(url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu'],
});
const page = await browser.newPage({ locale: 'en-GB', timezoneId: 'Europe/London', colorScheme: 'light' });
await page.addInitScript(() => localStorage.setItem('orderflow.tour', 'done'));
const shoot = async (name, path, height, settleMs = 3_000) => {
  await page.setViewportSize({ width: 1280, height });
  await page.goto(`${url}${path}${path.includes('?') ? '&' : '?'}store=acme`);
  await page.waitForTimeout(settleMs);
  await page.screenshot({ path: `${folder}/${name}.png` });
};

// An order that was paid and then undone shows both ledgers and both lanes.
const { data } = await call('GET', '/v1/orders?status=canceled&payment_status=refunded&limit=1');
await shoot('dashboard', '/', 860);
await shoot('order', `/orders/${data[0].id}`, 1000);
await call('PUT', '/v1/gateways/bank/weather', { mode: 'down' });
try {
  await page.waitForTimeout(20_000);
  await shoot('workbench', '/workbench', 820, 12_000);
  await shoot('bank', '/bank', 820);
} finally {
  await call('PUT', '/v1/gateways/bank/weather', { mode: 'ok' });
}
await browser.close();
