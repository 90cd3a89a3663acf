import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, SALE, refused } from './bank.mjs';

const bank = await Bank.open();
const shop = bank.shop();
const made = [];
for (let n = 0; n < 25; n += 1) {
  const metadata = { order_id: `ord_${n}`, channel: n % 2 ? 'web' : "o'clock" };
  made.push((await shop.paymentIntents.create({ ...SALE, metadata })).id);
}
const newest = made.toReversed();
const ids = (page) => page.data.map((one) => one.id);

test('a page is of ten, newest first', async () => {
  const page = await shop.paymentIntents.list();
  assert.deepEqual([page.object, page.url, page.has_more], ['list', '/v1/payment_intents', true]);
  assert.deepEqual(ids(page), newest.slice(0, 10));
});

test('pages lead forwards', async () => {
  const page = await shop.paymentIntents.list({ limit: 4, starting_after: newest[3] });
  assert.deepEqual(ids(page), newest.slice(4, 8));
});

test('and back', async () => {
  const page = await shop.paymentIntents.list({ limit: 4, ending_before: newest[10] });
  assert.deepEqual([ids(page), page.has_more], [newest.slice(6, 10), true]);
});

test('the SDK walks all pages forwards', async () => {
  const seen = [];
  for await (const intent of shop.paymentIntents.list({ limit: 7 })) seen.push(intent.id);
  assert.deepEqual(seen, newest);
});

test('and all pages back', async () => {
  const seen = [];
  for await (const intent of shop.paymentIntents.list({ limit: 7, ending_before: newest[24] })) seen.push(intent.id);
  assert.deepEqual(seen, newest.slice(0, 24).toReversed());
});

test('the SDK gathers as many as asked for', async () => {
  const seen = await shop.paymentIntents.list({ limit: 5 }).autoPagingToArray({ limit: 12 });
  assert.equal(seen.length, 12);
});

test('lists are narrowed by time', async () => {
  assert.deepEqual((await shop.paymentIntents.list({ created: { gt: 4_000_000_000 } })).data, []);
  assert.equal((await shop.paymentIntents.list({ limit: 100, created: { lte: 4_000_000_000 } })).data.length, 25);
});

test('limits have limits', async () => {
  for (const limit of [0, 101]) await refused(shop.paymentIntents.list({ limit }), 'StripeInvalidRequestError', { param: 'limit' });
});

test('a search finds by metadata at once', async () => {
  const found = await shop.paymentIntents.search({ query: "metadata['order_id']:'ord_7'" });
  assert.deepEqual([found.object, ids(found)], ['search_result', [made[7]]]);
});

test('a search joins its conditions', async () => {
  const query = "metadata['order_id']:'ord_8' AND status:'succeeded' AND currency:'usd'";
  assert.deepEqual(ids(await shop.paymentIntents.search({ query })), [made[8]]);
});

test('a search with a quote in it, over all pages', async () => {
  const query = "metadata['channel']:'o\\'clock'";
  const seen = await shop.paymentIntents.search({ query, limit: 5 }).autoPagingToArray({ limit: 100 });
  assert.equal(seen.length, 13);
});

test('a search that makes no sense', async () => {
  await refused(shop.paymentIntents.search({ query: 'ord_7' }), 'StripeInvalidRequestError', { param: 'query' });
});

test('charges are listed by payment', async () => {
  const { data } = await shop.charges.list({ payment_intent: made[3] });
  assert.deepEqual(data.map((charge) => charge.payment_intent), [made[3]]);
});
