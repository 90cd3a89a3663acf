import assert from 'node:assert/strict';
import { test } from 'node:test';
import Stripe from 'stripe';
import { Bank, HOLD, SALE, listener, refused, until } from './bank.mjs';

const bank = await Bank.open({ data: true });
const verify = (shop, notice, secret, ...more) => shop.webhooks.constructEvent(notice.body, notice.signature, secret, ...more);

async function told(types = ['*']) {
  const shop = bank.shop();
  const ear = await listener();
  const hook = await shop.webhookEndpoints.create({ url: ear.url, enabled_events: types });
  return { shop, ear, hook };
}

test('a notice is verified by the SDK’s own function', async () => {
  const { shop, ear, hook } = await told(['payment_intent.succeeded']);
  const sale = await shop.paymentIntents.create({ ...SALE, description: 'Žofie 注文 🎁' });
  await ear.count(1);
  const event = verify(shop, ear.heard[0], hook.secret);
  assert.deepEqual([event.object, event.type], ['event', 'payment_intent.succeeded']);
  assert.equal(event.data.object.id, sale.id);
  assert.equal(event.data.object.description, 'Žofie 注文 🎁');
});

test('a forged, changed or stale notice is refused by the SDK', async () => {
  const { shop, ear, hook } = await told(['payment_intent.created']);
  await shop.paymentIntents.create(SALE);
  await ear.count(1);
  const [notice] = ear.heard;
  const isRefused = { type: 'StripeSignatureVerificationError' };
  assert.throws(() => verify(shop, notice, 'whsec_forged'), isRefused);
  const changed = { ...notice, body: Buffer.from(notice.body.toString().replace('1999', '1')) };
  assert.throws(() => verify(shop, changed, hook.secret), isRefused);
  const later = Date.now() + 302_000;
  assert.throws(() => verify(shop, notice, hook.secret, 300, undefined, later), isRefused);
  const header = shop.webhooks.generateTestHeaderString({ payload: notice.body.toString(), secret: hook.secret });
  assert.equal(verify(shop, { ...notice, signature: header }, hook.secret).object, 'event');
});

test('both secrets verify while one follows the other', async () => {
  const { shop, ear, hook } = await told(['payment_intent.created']);
  const { secret } = await bank.control('POST', `webhook_endpoints/${hook.id}/rotate`, { overlap_s: 60 });
  await shop.paymentIntents.create(SALE);
  await ear.count(1);
  for (const one of [hook.secret, secret]) assert.equal(verify(shop, ear.heard[0], one).object, 'event');
  const last = await bank.control('POST', `webhook_endpoints/${hook.id}/rotate`);
  await shop.paymentIntents.create(SALE);
  await ear.count(2);
  assert.equal(verify(shop, ear.heard[1], last.secret).object, 'event');
  assert.throws(() => verify(shop, ear.heard[1], secret));
});

test('a secret is shown once', async () => {
  const { shop, hook } = await told();
  assert.match(hook.secret, /^whsec_/);
  const seen = await shop.webhookEndpoints.retrieve(hook.id);
  assert.deepEqual([seen.secret, seen.status, seen.enabled_events], [undefined, 'enabled', ['*']]);
  assert.equal((await shop.webhookEndpoints.list()).data[0].secret, undefined);
});

test('an endpoint is changed, switched off and deleted', async () => {
  const { shop, ear, hook } = await told();
  const off = await shop.webhookEndpoints.update(hook.id, { disabled: true, metadata: { a: '1' } });
  assert.deepEqual([off.status, off.metadata], ['disabled', { a: '1' }]);
  await shop.paymentIntents.create(SALE);
  await shop.webhookEndpoints.update(hook.id, { disabled: false, enabled_events: ['charge.succeeded'] });
  await shop.paymentIntents.create(SALE);
  await ear.count(1);
  assert.equal(JSON.parse(ear.heard[0].body).type, 'charge.succeeded');
  assert.equal((await shop.webhookEndpoints.del(hook.id)).deleted, true);
  await refused(shop.webhookEndpoints.retrieve(hook.id), 'StripeInvalidRequestError', { code: 'resource_missing' });
});

test('only this machine is told', async () => {
  for (const url of ['https://shop.example/hooks', 'http://169.254.169.254/'])
    await refused(bank.shop().webhookEndpoints.create({ url, enabled_events: ['*'] }), 'StripeInvalidRequestError', {
      code: 'url_invalid',
    });
});

test('who fails is told again, with the same event', async () => {
  const { shop, ear } = await told(['payment_intent.succeeded']);
  ear.says.status = 500;
  await shop.paymentIntents.create(SALE);
  await ear.count(2);
  ear.says.status = 200;
  await ear.count(3);
  assert.equal(new Set(ear.heard.map((notice) => JSON.parse(notice.body).id)).size, 1);
});

test('pm_of_duplicate_webhook tells everything twice', async () => {
  const { shop, ear } = await told(['payment_intent.succeeded']);
  await shop.paymentIntents.create({ ...SALE, payment_method: 'pm_of_duplicate_webhook' });
  await ear.count(2);
  const [first, second] = ear.heard.map((notice) => JSON.parse(notice.body).id);
  assert.equal(first, second);
});

test('loss, doubling and disorder on demand', async () => {
  const { shop, ear } = await told(['payment_intent.succeeded']);
  await bank.weather({ webhook: { lose: 0.3, duplicate: 0.3, reorder: 0.3 }, seed: 5 }, 'stormy');
  const before = await bank.control('GET', 'webhooks');
  const made = [];
  for (let n = 0; n < 40; n += 1)
    made.push((await shop.paymentIntents.create({ ...SALE, metadata: { store_id: 'stormy' } })).id);
  const luck = await until('all is told', async () => {
    const now = await bank.control('GET', 'webhooks');
    const done = now.lost - before.lost + new Set(ear.heard.map((notice) => JSON.parse(notice.body).id)).size;
    return done === 40 && now.waiting === 0 && now;
  });
  const [lost, doubled] = [luck.lost - before.lost, luck.duplicated - before.duplicated];
  assert.ok(lost > 2 && lost < 25, `${lost} lost`);
  assert.equal(ear.heard.length, 40 - lost + doubled);
  const order = ear.heard.map((notice) => made.indexOf(JSON.parse(notice.body).data.object.id));
  assert.notDeepEqual(order, order.toSorted((a, b) => a - b));
});

test('events can be looked up by who missed them', async () => {
  const shop = bank.shop();
  const hold = await shop.paymentIntents.create(HOLD);
  await shop.paymentIntents.capture(hold.id);
  const { data } = await shop.events.list();
  assert.deepEqual(data.map((event) => event.type).toReversed(), [
    'payment_intent.created',
    'charge.succeeded',
    'payment_intent.amount_capturable_updated',
    'charge.captured',
    'payment_intent.succeeded',
  ]);
  const held = await shop.events.retrieve(data[2].id);
  assert.equal(held.data.object.status, 'requires_capture', 'the object as it was then');
  assert.equal((await shop.events.list({ type: 'charge.captured' })).data.length, 1);
  assert.equal((await shop.events.list({ types: ['charge.captured', 'charge.succeeded'] })).data.length, 2);
});

test('what was not delivered is delivered after kill -9', async () => {
  const shop = bank.shopOf('sk_test_killed');
  const ear = await listener();
  ear.says.status = 503;
  const hook = await shop.webhookEndpoints.create({ url: ear.url, enabled_events: ['payment_intent.succeeded'] });
  const sale = await shop.paymentIntents.create(SALE);
  await ear.count(1);
  await bank.kill();
  ear.says.status = 200;
  const seen = ear.heard.length;
  await bank.start();
  await ear.count(seen + 1);
  const event = Stripe.webhooks.constructEvent(ear.heard[seen].body, ear.heard[seen].signature, hook.secret);
  assert.equal(event.data.object.id, sale.id);
});
