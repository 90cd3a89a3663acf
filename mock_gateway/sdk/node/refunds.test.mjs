import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, HOLD, SALE, refused } from './bank.mjs';

const bank = await Bank.open();
const shop = bank.shop();
const sale = () => shop.paymentIntents.create(SALE);

test('the whole is given back', async () => {
  const paid = await sale();
  const refund = await shop.refunds.create({ payment_intent: paid.id, reason: 'requested_by_customer' });
  assert.deepEqual([refund.object, refund.amount, refund.status], ['refund', 1999, 'succeeded']);
  assert.deepEqual([refund.reason, refund.payment_intent, refund.charge], ['requested_by_customer', paid.id, paid.latest_charge]);
  const charge = await shop.charges.retrieve(paid.latest_charge);
  assert.deepEqual([charge.refunded, charge.amount_refunded], [true, 1999]);
});

test('parts are given back until nothing is left', async () => {
  const paid = await sale();
  for (const amount of [1000, 900, 99]) await shop.refunds.create({ payment_intent: paid.id, amount });
  await refused(shop.refunds.create({ payment_intent: paid.id, amount: 1 }), 'StripeInvalidRequestError', {
    code: 'charge_already_refunded',
  });
  const { data } = await shop.refunds.list({ payment_intent: paid.id });
  assert.deepEqual(data.map((refund) => refund.amount), [99, 900, 1000]);
});

test('more than is left is refused', async () => {
  const paid = await sale();
  await shop.refunds.create({ payment_intent: paid.id, amount: 1500 });
  const error = await refused(shop.refunds.create({ payment_intent: paid.id, amount: 500 }), 'StripeInvalidRequestError');
  assert.match(error.message, /greater than unrefunded amount/);
});

test('money that is only held cannot be given back', async () => {
  const hold = await shop.paymentIntents.create(HOLD);
  await refused(shop.refunds.create({ payment_intent: hold.id }), 'StripeInvalidRequestError');
});

test('a captured part is what can be given back', async () => {
  const hold = await shop.paymentIntents.create(HOLD);
  await shop.paymentIntents.capture(hold.id, { amount_to_capture: 700 });
  assert.equal((await shop.refunds.create({ payment_intent: hold.id })).amount, 700);
});

test('a charge is given back, too', async () => {
  const paid = await sale();
  const refund = await shop.refunds.create({ charge: paid.latest_charge, amount: 7, expand: ['charge', 'payment_intent'] });
  assert.deepEqual([refund.charge.amount_refunded, refund.payment_intent.id], [7, paid.id]);
});

test('a refund has metadata of its own', async () => {
  const paid = await sale();
  const refund = await shop.refunds.create({ payment_intent: paid.id, metadata: { why: 'zle zabaleno ž' } });
  assert.deepEqual((await shop.refunds.retrieve(refund.id)).metadata, { why: 'zle zabaleno ž' });
});

test('a reason that is none, an amount that is none, a payment that is none', async () => {
  const paid = await sale();
  await refused(shop.refunds.create({ payment_intent: paid.id, reason: 'bored' }), 'StripeInvalidRequestError', { param: 'reason' });
  await refused(shop.refunds.create({ payment_intent: paid.id, amount: 0 }), 'StripeInvalidRequestError', { param: 'amount' });
  await refused(shop.refunds.create({ payment_intent: 'pi_nobody' }), 'StripeInvalidRequestError', { code: 'resource_missing' });
  await refused(shop.refunds.create({}), 'StripeInvalidRequestError', { code: 'parameter_missing' });
});

test('eight at once give back no more than there is', async () => {
  const paid = await sale();
  const tries = Array.from({ length: 8 }, () => shop.refunds.create({ payment_intent: paid.id, amount: 500 }));
  const done = (await Promise.allSettled(tries)).filter((one) => one.status === 'fulfilled');
  assert.equal(done.length, 3);
});

test('the balance is what was taken less what was given back', async () => {
  const other = bank.shop();
  const paid = await other.paymentIntents.create(SALE);
  const refund = await other.refunds.create({ payment_intent: paid.id, amount: 999, expand: ['balance_transaction'] });
  assert.deepEqual([refund.balance_transaction.amount, refund.balance_transaction.type], [-999, 'refund']);
  const balance = await other.balance.retrieve();
  assert.deepEqual(balance.available.map((sum) => [sum.currency, sum.amount]), [['usd', 1000]]);
  const { data } = await other.balanceTransactions.list({ expand: ['data.source'] });
  assert.deepEqual(data.map((row) => [row.net, row.source.object]), [[-999, 'refund'], [1999, 'charge']]);
});
