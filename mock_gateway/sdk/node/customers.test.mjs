import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bank, SALE, refused } from './bank.mjs';

const bank = await Bank.open();
const shop = bank.shop();
const CARD = { number: '5555555555554444', exp_month: 8, exp_year: 2033, cvc: '314' };

test('a customer is made, found, changed and deleted', async () => {
  const made = await shop.customers.create({
    email: 'ada@example.com',
    name: 'Žofie 注文',
    address: { city: 'Český Krumlov', country: 'CZ' },
    metadata: { tier: 'gold' },
  });
  assert.match(made.id, /^cus_/);
  assert.deepEqual([made.name, made.address.city, made.metadata.tier], ['Žofie 注文', 'Český Krumlov', 'gold']);
  const changed = await shop.customers.update(made.id, { email: '', metadata: { tier: null } });
  assert.deepEqual([changed.email, changed.metadata], [null, {}]);
  assert.deepEqual((await shop.customers.list({ limit: 1 })).data[0].id, made.id);
  assert.equal((await shop.customers.del(made.id)).deleted, true);
  assert.equal((await shop.customers.retrieve(made.id)).deleted, true);
});

test('customers are found by their address', async () => {
  await shop.customers.create({ email: 'bob@example.com' });
  const { data } = await shop.customers.list({ email: 'bob@example.com' });
  assert.deepEqual(data.map((customer) => customer.email), ['bob@example.com']);
});

test('a card is kept, attached, charged and detached', async () => {
  const customer = await shop.customers.create({ name: 'Ada' });
  const card = await shop.paymentMethods.create({ type: 'card', card: CARD, billing_details: { name: 'Ada' } });
  assert.deepEqual([card.card.last4, card.card.exp_year, card.customer], ['4444', 2033, null]);
  assert.equal((await shop.paymentMethods.attach(card.id, { customer: customer.id })).customer, customer.id);
  const { data } = await shop.customers.listPaymentMethods(customer.id, { type: 'card' });
  assert.deepEqual(data.map((one) => one.id), [card.id]);
  const sale = await shop.paymentIntents.create({
    ...SALE,
    payment_method: card.id,
    customer: customer.id,
    off_session: true,
    expand: ['customer'],
  });
  assert.deepEqual([sale.status, sale.customer.name, sale.payment_method], ['succeeded', 'Ada', card.id]);
  assert.deepEqual((await shop.paymentIntents.list({ customer: customer.id })).data.map((one) => one.id), [sale.id]);
  assert.equal((await shop.paymentMethods.detach(card.id)).customer, null);
  assert.deepEqual((await shop.paymentMethods.list({ customer: customer.id })).data, []);
});

test('everybody’s test card becomes one’s own when it is attached', async () => {
  const customer = await shop.customers.create();
  const own = await shop.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  assert.notEqual(own.id, 'pm_card_visa');
  assert.equal(own.card.last4, '4242');
});

test('a card pays for its customer only', async () => {
  const customer = await shop.customers.create({ payment_method: 'pm_card_visa' });
  const [own] = (await shop.paymentMethods.list({ customer: customer.id })).data;
  await refused(shop.paymentIntents.create({ ...SALE, payment_method: own.id }), 'StripeInvalidRequestError', {
    param: 'payment_method',
  });
  const other = await shop.customers.create();
  await refused(shop.paymentMethods.attach(own.id, { customer: other.id }), 'StripeInvalidRequestError');
});

test('a customer who is not there', async () => {
  await refused(shop.paymentIntents.create({ ...SALE, customer: 'cus_nobody' }), 'StripeInvalidRequestError', {
    code: 'resource_missing',
    param: 'customer',
  });
});

test('a card whose months are fourteen', async () => {
  await refused(shop.paymentMethods.create({ type: 'card', card: { ...CARD, exp_month: 14 } }), 'StripeCardError', {
    code: 'invalid_expiry_month',
  });
});
