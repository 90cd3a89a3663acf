import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, HOLD, SALE, refused, until } from './bank.mjs';

const bank = await Bank.open({ data: true });
const CREATE = 'POST /v1/payment_intents';
let keys = 0;
const newKey = () => `key-${(keys += 1)}`;
/** How often a piece of work called the route. */
async function callsOf(work) {
  const before = await bank.calls(CREATE);
  const result = await work();
  return [result, (await bank.calls(CREATE)) - before];
}

test('the SDK makes a key for every POST, and the bank echoes it', async () => {
  const shop = bank.shop({ maxNetworkRetries: 1 });
  const first = await shop.paymentIntents.create(SALE);
  const second = await shop.paymentIntents.create(SALE);
  const [a, b] = [first, second].map((sale) => sale.lastResponse.idempotencyKey);
  assert.match(a, /^stripe-node-retry-/);
  assert.notEqual(a, b);
  assert.notEqual(first.id, second.id);
});

test('the same key gives the same answer, byte for byte, and says so', async () => {
  const shop = bank.shop();
  const idempotencyKey = newKey();
  const first = await shop.paymentIntents.create(HOLD, { idempotencyKey });
  await shop.paymentIntents.capture(first.id);
  const again = await shop.paymentIntents.create(HOLD, { idempotencyKey });
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal(first.lastResponse.headers['idempotent-replayed'], undefined);
  assert.equal(again.status, 'requires_capture', 'as it was then');
  assert.deepEqual({ ...again }, { ...first });
});

test('other parameters under a known key are refused', async () => {
  const shop = bank.shop();
  const idempotencyKey = newKey();
  await shop.paymentIntents.create(SALE, { idempotencyKey });
  await refused(shop.paymentIntents.create({ ...SALE, amount: 1 }, { idempotencyKey }), 'StripeIdempotencyError', {
    statusCode: 400,
  });
});

test('another deed under a known key is refused', async () => {
  const shop = bank.shop();
  const idempotencyKey = newKey();
  const sale = await shop.paymentIntents.create(SALE, { idempotencyKey });
  await refused(shop.refunds.create({ payment_intent: sale.id }, { idempotencyKey }), 'StripeIdempotencyError');
});

test('a key belongs to its account', async () => {
  const idempotencyKey = newKey();
  const one = await bank.shop().paymentIntents.create(SALE, { idempotencyKey });
  const other = await bank.shop().paymentIntents.create(SALE, { idempotencyKey });
  assert.notEqual(one.id, other.id);
});

test('twelve at once under one key are one payment', async () => {
  const shop = bank.shop({ maxNetworkRetries: 5 });
  const idempotencyKey = newKey();
  const all = await Promise.all(
    Array.from({ length: 12 }, () => shop.paymentIntents.create(SALE, { idempotencyKey })),
  );
  assert.equal(new Set(all.map((sale) => sale.id)).size, 1);
  assert.equal((await bank.movements(all[0].id)).length, 2);
  assert.equal((await shop.paymentIntents.list()).data.length, 1);
});

test('twelve at once while the first takes its time: 409, tried again by the SDK, one payment', async () => {
  const shop = bank.shop({ maxNetworkRetries: 8 });
  const idempotencyKey = newKey();
  const slow = { ...SALE, payment_method: 'pm_of_slow_400' };
  const [all, calls] = await callsOf(() =>
    Promise.all(Array.from({ length: 12 }, () => shop.paymentIntents.create(slow, { idempotencyKey }))),
  );
  assert.equal(new Set(all.map((sale) => sale.id)).size, 1);
  assert.ok(calls > 12, `${calls}`);
  assert.equal((await bank.movements(all[0].id)).length, 2);
});

test('a key in use is 409 for who does not try again', async () => {
  const shop = bank.shop();
  const idempotencyKey = newKey();
  const slow = { ...SALE, payment_method: 'pm_of_slow_600' };
  const first = shop.paymentIntents.create(slow, { idempotencyKey });
  await until('the first waits', async () => (await bank.control('GET', 'stats')).in_flight === 2);
  const error = await refused(shop.paymentIntents.create(slow, { idempotencyKey }), 'StripeAPIError', { statusCode: 409 });
  assert.equal(error.code, 'idempotency_key_in_use');
  assert.equal((await first).status, 'succeeded');
});

test('the SDK tries 503s again, under the same key', async () => {
  const shop = bank.shop({ maxNetworkRetries: 3 });
  const shed = { ...SALE, payment_method: 'pm_of_503_2', metadata: { order_id: 'shed' } };
  const [sale, calls] = await callsOf(() => shop.paymentIntents.create(shed));
  assert.deepEqual([sale.status, calls], ['succeeded', 3]);
  assert.equal((await bank.movements(sale.id)).length, 2);
});

test('an answer cut off in the middle is fetched again', async () => {
  // The SDK tries a connection that fails again, not an answer that breaks off: the key makes asking again safe.
  const shop = bank.shop({ maxNetworkRetries: 2 });
  const idempotencyKey = newKey();
  const ask = () => shop.paymentIntents.create({ ...SALE, payment_method: 'pm_of_reset_mid_response' }, { idempotencyKey });
  await refused(ask(), 'StripeConnectionError');
  const sale = await ask();
  assert.equal(sale.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal((await bank.movements(sale.id)).length, 2);
});

test('an answer lost after the deed is fetched again', async () => {
  const shop = bank.shop({ maxNetworkRetries: 2, timeout: 400 });
  const sale = await shop.paymentIntents.create({ ...SALE, payment_method: 'pm_of_timeout_after' });
  assert.equal(sale.lastResponse.headers['idempotent-replayed'], 'true');
  assert.equal((await bank.movements(sale.id)).length, 2);
});

test('silence before the deed: the second try does it', async () => {
  const shop = bank.shop({ maxNetworkRetries: 2, timeout: 400 });
  const sale = await shop.paymentIntents.create({ ...SALE, payment_method: 'pm_of_timeout_before' });
  assert.equal(sale.lastResponse.headers['idempotent-replayed'], undefined);
  assert.equal((await bank.movements(sale.id)).length, 2);
});

test('a stored 500 is replayed for ever: only another key helps', async () => {
  const shop = bank.shop({ maxNetworkRetries: 2 });
  const flaky = { ...SALE, payment_method: 'pm_of_flaky_1', metadata: { order_id: 'flaky' } };
  const idempotencyKey = newKey();
  const [error, calls] = await callsOf(() =>
    refused(shop.paymentIntents.create(flaky, { idempotencyKey }), 'StripeAPIError', { statusCode: 500 }),
  );
  assert.equal(calls, 3);
  assert.equal(error.headers['idempotent-replayed'], 'true');
  assert.equal((await shop.paymentIntents.create(flaky)).status, 'succeeded');
});

test('a decline is an answer: it is never tried again, and is replayed', async () => {
  const shop = bank.shop({ maxNetworkRetries: 3 });
  const declined = { ...SALE, payment_method: 'pm_card_visa_chargeDeclined' };
  const idempotencyKey = newKey();
  const [first, calls] = await callsOf(() => refused(shop.paymentIntents.create(declined, { idempotencyKey }), 'StripeCardError'));
  assert.equal(calls, 1);
  const again = await refused(shop.paymentIntents.create(declined, { idempotencyKey }), 'StripeCardError');
  assert.equal(again.headers['idempotent-replayed'], 'true');
  assert.equal(again.payment_intent.id, first.payment_intent.id);
});

test('a wrong request leaves its key free', async () => {
  const shop = bank.shop();
  const idempotencyKey = newKey();
  await refused(shop.paymentIntents.create({ ...SALE, amount: 0 }, { idempotencyKey }), 'StripeInvalidRequestError');
  assert.equal((await shop.paymentIntents.create(SALE, { idempotencyKey })).status, 'succeeded');
});

test('a refusal for the state of things is remembered', async () => {
  const shop = bank.shop();
  const hold = await shop.paymentIntents.create(HOLD);
  const idempotencyKey = newKey();
  const over = () => shop.paymentIntents.capture(hold.id, { amount_to_capture: 5000 }, { idempotencyKey });
  await refused(over(), 'StripeInvalidRequestError', { code: 'amount_too_large' });
  await shop.paymentIntents.capture(hold.id);
  const again = await refused(over(), 'StripeInvalidRequestError', { code: 'amount_too_large' });
  assert.equal(again.headers['idempotent-replayed'], 'true');
});

test('429 is tried again when the bank says so', async () => {
  const shop = bank.shop({ maxNetworkRetries: 0 });
  await bank.weather({ error_rate: 1, status: [429], retry_after_s: 7 }, 'busy');
  const error = await refused(
    shop.paymentIntents.create({ ...SALE, metadata: { store_id: 'busy' } }),
    'StripeRateLimitError',
    { statusCode: 429 },
  );
  assert.deepEqual([error.headers['retry-after'], error.headers['stripe-should-retry']], ['7', 'true']);
});

test('a bank that is down is down for the shops it is down for', async () => {
  const shop = bank.shop();
  await bank.weather({ mode: 'down' }, 'far');
  const [far, near] = ['far', 'near'].map((store_id) => ({ ...SALE, metadata: { store_id } }));
  await refused(shop.paymentIntents.create(far), 'StripeAPIError', { statusCode: 503 });
  assert.equal((await shop.paymentIntents.create(near)).status, 'succeeded');
  await bank.control('DELETE', 'weather?store_id=far');
  assert.equal((await shop.paymentIntents.create(far)).status, 'succeeded');
});

test('keys outlive kill -9', async () => {
  const idempotencyKey = newKey();
  const first = await bank.shopOf('sk_test_survivor').paymentIntents.create(SALE, { idempotencyKey });
  await bank.kill();
  await bank.start();
  const again = await bank.shopOf('sk_test_survivor').paymentIntents.create(SALE, { idempotencyKey });
  assert.equal(again.lastResponse.headers['idempotent-replayed'], 'true');
  assert.deepEqual({ ...again }, { ...first });
});
