import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, SALE, refused, until } from './bank.mjs';

const bank = await Bank.open();
const shop = bank.shop();
const pay = (payment_method, more = {}) =>
  shop.paymentIntents.create({ ...SALE, payment_method, expand: ['latest_charge'], ...more });

for (const [method, brand, last4] of [
  ['pm_card_visa', 'visa', '4242'],
  ['pm_card_mastercard', 'mastercard', '4444'],
]) {
  test(`${method} pays`, async () => {
    const sale = await pay(method);
    assert.equal(sale.status, 'succeeded');
    const { card } = sale.latest_charge.payment_method_details;
    assert.deepEqual([card.brand, card.last4], [brand, last4]);
  });
}

for (const [method, code, decline, number] of [
  ['pm_card_visa_chargeDeclined', 'card_declined', 'generic_decline', '4000000000000002'],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds', '4000000000009995'],
  ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card', '4000000000009987'],
  ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card', '4000000000009979'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', undefined, '4000000000000069'],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', undefined, '4000000000000127'],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', undefined, '4000000000000119'],
  ['pm_card_radarBlock', 'card_declined', 'fraudulent', '4100000000000019'],
]) {
  test(`${method} is refused as ${decline ?? code}`, async () => {
    const error = await refused(pay(method), 'StripeCardError', { code, statusCode: 402 });
    if (decline) assert.equal(error.decline_code, decline);
    assert.equal(error.payment_intent.status, 'requires_payment_method');
    assert.equal(error.payment_intent.last_payment_error.code, code);
    const charge = await shop.charges.retrieve(error.charge);
    assert.deepEqual([charge.status, charge.paid, charge.failure_code], ['failed', false, code]);
    assert.deepEqual(await bank.movements(error.payment_intent.id), []);
    const card = { number, exp_month: 1, exp_year: 2040, cvc: '123' };
    const own = await shop.paymentMethods.create({ type: 'card', card });
    await refused(pay(own.id), 'StripeCardError', { code });
  });
}

test('pm_card_radarBlock never reaches the network', async () => {
  const error = await refused(pay('pm_card_radarBlock'), 'StripeCardError');
  const charge = await shop.charges.retrieve(error.charge);
  assert.deepEqual([charge.outcome.type, charge.outcome.network_status], ['blocked', 'not_sent_to_network']);
});

test('pm_card_riskLevelElevated pays with a raised score', async () => {
  const { outcome } = (await pay('pm_card_riskLevelElevated')).latest_charge;
  assert.equal(outcome.risk_level, 'elevated');
  assert.ok(outcome.risk_score >= 65 && outcome.risk_score < 75);
});

test('pm_card_createDispute is disputed', async () => {
  const sale = await pay('pm_card_createDispute');
  const dispute = await until('it is disputed', async () => {
    const { data } = await shop.disputes.list({ payment_intent: sale.id });
    return data[0];
  });
  assert.deepEqual([dispute.amount, dispute.reason, dispute.status], [1999, 'fraudulent', 'needs_response']);
  assert.equal((await shop.charges.retrieve(sale.latest_charge.id)).disputed, true);
  assert.equal((await shop.disputes.retrieve(dispute.id, { expand: ['charge'] })).charge.id, sale.latest_charge.id);
});

test('pm_card_pendingRefund: a refund is pending, then succeeds', async () => {
  const sale = await pay('pm_card_pendingRefund');
  const refund = await shop.refunds.create({ payment_intent: sale.id });
  assert.deepEqual([refund.status, refund.balance_transaction], ['pending', null]);
  const done = await until('it succeeded', async () => {
    const seen = await shop.refunds.retrieve(refund.id);
    return seen.status === 'succeeded' && seen;
  });
  assert.match(done.balance_transaction, /^txn_/);
});

test('pm_card_refundFail: a refund looks well, then fails', async () => {
  const sale = await pay('pm_card_refundFail');
  const refund = await shop.refunds.create({ payment_intent: sale.id });
  assert.equal(refund.status, 'succeeded');
  const failed = await until('it failed', async () => {
    const seen = await shop.refunds.retrieve(refund.id);
    return seen.status === 'failed' && seen;
  });
  assert.ok(failed.failure_reason);
  assert.equal((await shop.charges.retrieve(sale.latest_charge.id)).amount_refunded, 0);
});

test('a card that is none', async () => {
  await refused(pay('pm_card_nobody'), 'StripeInvalidRequestError', { code: 'resource_missing', param: 'payment_method' });
});
