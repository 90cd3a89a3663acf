import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, HOLD, SALE, refused, until } from './bank.mjs';

const bank = await Bank.open();
const shop = bank.shop();
const intents = shop.paymentIntents;

test('a sale at once succeeds and has every field a client reads', async () => {
  const sale = await intents.create(SALE);
  assert.equal(sale.object, 'payment_intent');
  assert.equal(sale.status, 'succeeded');
  assert.equal(sale.livemode, false);
  assert.deepEqual([sale.amount, sale.amount_received, sale.amount_capturable], [1999, 1999, 0]);
  for (const name of ['canceled_at', 'cancellation_reason', 'customer', 'description', 'last_payment_error', 'next_action', 'processing'])
    assert.equal(sale[name], null, name);
  assert.equal(sale.capture_method, 'automatic');
  assert.equal(sale.confirmation_method, 'automatic');
  assert.equal(sale.payment_method, 'pm_card_visa');
  assert.deepEqual(sale.payment_method_types, ['card']);
  assert.match(sale.client_secret, new RegExp(`^${sale.id}_secret_`));
  assert.match(sale.latest_charge, /^ch_/);
  assert.ok(Math.abs(sale.created - Date.now() / 1000) < 60);
  assert.deepEqual(await bank.movements(sale.id), [['authorization', 1999], ['capture', 1999]]);
});

test('made without a method it waits for one, then for its confirmation', async () => {
  const made = await intents.create({ amount: 500, currency: 'eur' });
  assert.equal(made.status, 'requires_payment_method');
  const updated = await intents.update(made.id, { payment_method: 'pm_card_mastercard', amount: 700 });
  assert.equal(updated.status, 'requires_confirmation');
  const confirmed = await intents.confirm(made.id);
  assert.deepEqual([confirmed.status, confirmed.amount_received], ['succeeded', 700]);
});

test('an intent is found as it was left', async () => {
  const made = await intents.create(SALE);
  const found = await intents.retrieve(made.id);
  assert.deepEqual({ ...found }, { ...made });
});

test('automatic_payment_methods are shown', async () => {
  const made = await intents.create({ amount: 500, currency: 'usd', automatic_payment_methods: { enabled: true } });
  assert.equal(made.automatic_payment_methods.enabled, true);
});

test('held money is captured later', async () => {
  const hold = await intents.create(HOLD);
  assert.deepEqual([hold.status, hold.amount_capturable, hold.amount_received], ['requires_capture', 1999, 0]);
  const taken = await intents.capture(hold.id);
  assert.deepEqual([taken.status, taken.amount_capturable, taken.amount_received], ['succeeded', 0, 1999]);
});

test('a part is captured and the rest let go', async () => {
  const hold = await intents.create(HOLD);
  const taken = await intents.capture(hold.id, { amount_to_capture: 1200 });
  assert.equal(taken.amount_received, 1200);
  assert.deepEqual(await bank.movements(hold.id), [['authorization', 1999], ['capture', 1200], ['void', 799]]);
});

test('over-capture is refused', async () => {
  const hold = await intents.create(HOLD);
  await refused(intents.capture(hold.id, { amount_to_capture: 2000 }), 'StripeInvalidRequestError', {
    code: 'amount_too_large',
    statusCode: 400,
  });
  assert.deepEqual(await bank.movements(hold.id), [['authorization', 1999]]);
});

test('double capture is refused', async () => {
  const hold = await intents.create(HOLD);
  await intents.capture(hold.id, { amount_to_capture: 1 });
  const error = await refused(intents.capture(hold.id), 'StripeInvalidRequestError', {
    code: 'payment_intent_unexpected_state',
  });
  assert.equal(error.payment_intent.id, hold.id);
});

test('a hold is canceled with a reason', async () => {
  const hold = await intents.create(HOLD);
  const canceled = await intents.cancel(hold.id, { cancellation_reason: 'requested_by_customer' });
  assert.deepEqual([canceled.status, canceled.cancellation_reason], ['canceled', 'requested_by_customer']);
  assert.ok(canceled.canceled_at >= hold.created);
  assert.deepEqual(await bank.movements(hold.id), [['authorization', 1999], ['void', 1999]]);
});

test('what succeeded cannot be canceled', async () => {
  const sale = await intents.create(SALE);
  await refused(intents.cancel(sale.id), 'StripeInvalidRequestError', { code: 'payment_intent_unexpected_state' });
});

test('a reason that is none is refused', async () => {
  const hold = await intents.create(HOLD);
  await refused(intents.cancel(hold.id, { cancellation_reason: 'bored' }), 'StripeInvalidRequestError', {
    param: 'cancellation_reason',
  });
});

test('an asynchronous capture goes through processing', async () => {
  const sale = await intents.create({ ...SALE, capture_method: 'automatic_async' });
  assert.equal(sale.status, 'processing');
  assert.ok(sale.processing);
  await until('it succeeded', async () => (await intents.retrieve(sale.id)).status === 'succeeded');
});

test('a late success is processing first', async () => {
  const sale = await intents.create({ ...SALE, payment_method: 'pm_of_late_success' });
  assert.equal(sale.status, 'processing');
  await until('it succeeded', async () => (await intents.retrieve(sale.id)).amount_received === 1999);
});

test('a bank that charges another amount says so', async () => {
  const sale = await intents.create({ ...SALE, payment_method: 'pm_of_amount_mismatch' });
  assert.deepEqual([sale.status, sale.amount, sale.amount_received], ['succeeded', 2000, 2000]);
});

test('an intent that is not there', async () => {
  await refused(intents.retrieve('pi_nobody'), 'StripeInvalidRequestError', {
    code: 'resource_missing',
    statusCode: 404,
  });
});

test('an amount has to be given', async () => {
  await refused(intents.create({ currency: 'usd' }), 'StripeInvalidRequestError', {
    code: 'parameter_missing',
    param: 'amount',
  });
});

test('a parameter that is not there', async () => {
  await refused(intents.create({ ...SALE, colour: 'red' }), 'StripeInvalidRequestError', { code: 'parameter_unknown' });
});

test('an amount that is no number', async () => {
  await refused(intents.create({ ...SALE, amount: 'ten' }), 'StripeInvalidRequestError', {
    code: 'parameter_invalid_integer',
    param: 'amount',
  });
});

test('an amount of nothing is too small', async () => {
  await refused(intents.create({ ...SALE, amount: 0 }), 'StripeInvalidRequestError', { code: 'amount_too_small' });
});

test('a currency that is none', async () => {
  await refused(intents.create({ ...SALE, currency: 'zzz' }), 'StripeInvalidRequestError', { param: 'currency' });
});

test('zero-decimal currencies are charged as they are', async () => {
  const sale = await intents.create({ ...SALE, amount: 1205, currency: 'jpy' });
  assert.deepEqual([sale.amount, sale.currency], [1205, 'jpy']);
  const hold = await intents.create({ ...HOLD, amount: 500, currency: 'jpy' });
  const error = await refused(intents.capture(hold.id, { amount_to_capture: 501 }), 'StripeInvalidRequestError');
  assert.match(error.message, /501 jpy/);
});

test('three-decimal currencies come in tens', async () => {
  await intents.create({ ...SALE, amount: 1250, currency: 'kwd' });
  await refused(intents.create({ ...SALE, amount: 1251, currency: 'kwd' }), 'StripeInvalidRequestError');
});

test('a currency may be written in capitals', async () => {
  assert.equal((await intents.create({ ...SALE, currency: 'USD' })).currency, 'usd');
});

test('names beyond ASCII come back as they were', async () => {
  const description = 'Žofie 注文 🎁 & "quotes" = +%';
  const metadata = { 'klíč 鍵': description };
  const sale = await intents.create({ ...SALE, description, metadata });
  assert.equal(sale.description, description);
  assert.deepEqual(sale.metadata, metadata);
  assert.deepEqual((await intents.retrieve(sale.id)).metadata, metadata);
});

test('metadata is merged, one key cleared, and all of it', async () => {
  const made = await intents.create({ ...SALE, metadata: { a: '1', b: '2' } });
  assert.deepEqual((await intents.update(made.id, { metadata: { b: '3', c: '4' } })).metadata, { a: '1', b: '3', c: '4' });
  assert.deepEqual((await intents.update(made.id, { metadata: { a: '' } })).metadata, { b: '3', c: '4' });
  assert.deepEqual((await intents.update(made.id, { metadata: { b: null } })).metadata, { c: '4' });
  assert.deepEqual((await intents.update(made.id, { metadata: '' })).metadata, {});
});

test('metadata has its bounds', async () => {
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, 'v']));
  await refused(intents.create({ ...SALE, metadata: many }), 'StripeInvalidRequestError', { param: 'metadata' });
  await refused(intents.create({ ...SALE, metadata: { k: 'v'.repeat(501) } }), 'StripeInvalidRequestError');
});

test('a key that is no key', async () => {
  await refused(bank.shopOf('pk_test_public').balance.retrieve(), 'StripeAuthenticationError', { statusCode: 401 });
});

test('the version that is asked for is the version that is spoken', async () => {
  const sale = await bank.shop({ apiVersion: '2022-11-15' }).paymentIntents.create(SALE);
  assert.equal(sale.lastResponse.apiVersion, '2022-11-15');
});

test('every answer has an id of its own', async () => {
  const first = await intents.create(SALE);
  const second = await intents.create(SALE);
  assert.match(first.lastResponse.requestId, /^req_/);
  assert.notEqual(first.lastResponse.requestId, second.lastResponse.requestId);
});

test('another account sees nothing of it', async () => {
  const sale = await intents.create(SALE);
  const other = bank.shop();
  await refused(other.paymentIntents.retrieve(sale.id), 'StripeInvalidRequestError', { code: 'resource_missing' });
  await refused(other.refunds.create({ payment_intent: sale.id }), 'StripeInvalidRequestError', {
    code: 'resource_missing',
  });
  assert.deepEqual((await other.paymentIntents.list()).data, []);
});

test('3-D Secure: passed', async () => {
  const waits = await intents.create({
    ...SALE,
    payment_method: 'pm_card_authenticationRequired',
    return_url: 'https://shop.example/return',
  });
  assert.equal(waits.status, 'requires_action');
  assert.equal(waits.next_action.type, 'redirect_to_url');
  assert.equal(waits.next_action.redirect_to_url.return_url, 'https://shop.example/return');
  assert.deepEqual(await bank.movements(waits.id), []);
  await bank.challenge(waits, 'passed');
  const sale = await intents.retrieve(waits.id);
  assert.deepEqual([sale.status, sale.next_action], ['succeeded', null]);
});

test('3-D Secure: failed, and paid with another card', async () => {
  const waits = await intents.create({ ...SALE, payment_method: 'pm_card_authenticationRequired' });
  await bank.challenge(waits, 'failed');
  const failed = await intents.retrieve(waits.id);
  assert.equal(failed.status, 'requires_payment_method');
  assert.equal(failed.last_payment_error.code, 'payment_intent_authentication_failure');
  const paid = await intents.confirm(waits.id, { payment_method: 'pm_card_visa' });
  assert.equal(paid.status, 'succeeded');
});

test('3-D Secure: nobody is there to pass it', async () => {
  const error = await refused(
    intents.create({ ...SALE, payment_method: 'pm_card_authenticationRequired', off_session: true }),
    'StripeCardError',
    { code: 'authentication_required' },
  );
  assert.equal(error.payment_intent.status, 'requires_payment_method');
});

test('3-D Secure: a shopper who never comes is canceled', async () => {
  const waits = await intents.create({ ...SALE, payment_method: 'pm_card_authenticationRequired' });
  assert.equal((await intents.cancel(waits.id, { cancellation_reason: 'abandoned' })).status, 'canceled');
});

test('what is expanded is whole, two levels deep', async () => {
  const sale = await intents.create({ ...SALE, expand: ['latest_charge.balance_transaction', 'payment_method'] });
  assert.equal(sale.latest_charge.object, 'charge');
  assert.equal(sale.latest_charge.balance_transaction.net, 1999);
  assert.equal(sale.payment_method.card.last4, '4242');
  const charge = await shop.charges.retrieve(sale.latest_charge.id, { expand: ['payment_intent'] });
  assert.equal(charge.payment_intent.id, sale.id);
  const { data } = await intents.list({ limit: 1, expand: ['data.latest_charge'] });
  assert.equal(data[0].latest_charge.paid, true);
  await refused(intents.retrieve(sale.id, { expand: ['amount'] }), 'StripeInvalidRequestError', { param: 'expand' });
});

test('a charge says what the network said', async () => {
  const sale = await intents.create({ ...SALE, metadata: { order_id: 'ord_1' }, expand: ['latest_charge'] });
  const charge = sale.latest_charge;
  assert.deepEqual(
    [charge.amount_captured, charge.amount_refunded, charge.captured, charge.paid, charge.refunded, charge.disputed],
    [1999, 0, true, true, false, false],
  );
  assert.equal(charge.outcome.network_status, 'approved_by_network');
  assert.equal(charge.payment_method_details.card.brand, 'visa');
  assert.equal(charge.metadata.order_id, 'ord_1');
  assert.equal(charge.status, 'succeeded');
});
