import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StoreEvent } from '@/api';
import { KNOWN_KINDS, bankCalls, depths, moneyLedger, stockLedger, stockWord, tell } from '.';

const START = Date.UTC(2026, 10, 21, 12);

/** Events of one order, a millisecond apart. */
function story(...of: readonly (readonly [string, Record<string, unknown>?])[]): StoreEvent[] {
  return of.map(([type, data], nth) => ({
    id: `evt_${nth}`,
    sequence: nth + 1,
    type,
    store_id: 'acme',
    subject: 'ord_1',
    order_id: 'ord_1',
    at: new Date(START + nth).toISOString(),
    actor: 'order',
    causation_id: nth === 0 ? null : `evt_${nth - 1}`,
    data: data ?? {},
  })) as StoreEvent[];
}

const LINES = { lines: [{ sku: 'TSHIRT-M', quantity: 2 }] };
const happy = story(
  ['order.created', { cart: { lines: [{}] } }],
  ['inventory.reserved', LINES],
  ['fraud.assessed', { decision: 'pass', level: 'normal', score: 12, rules: [] }],
  ['payment.created', { amount: 2450, method: 'pm_card_visa' }],
  ['payment.processed', { amount: 2450, captured: 2450, attempt: 1, intent: 'pi_1', charge: 'ch_1' }],
  ['inventory.updated', { change: 'committed', ...LINES }],
  ['order.confirmed'],
);

describe('the events of an order', () => {
  it('are all told in words: every kind that the program records about orders', () => {
    const root = join(import.meta.dirname, '../../../../../src');
    const kinds = new Set<string>();
    for (const folder of ['order', 'payment', 'fulfillment', 'inventory', 'fraud', 'returns']) {
      for (const file of readdirSync(join(root, folder))) {
        if (!file.endsWith('event.rs')) continue;
        const source = readFileSync(join(root, folder, file), 'utf8');
        for (const [, kind] of source.matchAll(/= "([a-z_]+\.[a-z_]+)", \d+;/g)) kinds.add(kind ?? '');
      }
    }
    kinds.delete('fraud.rules_changed');
    expect(kinds.size).toBeGreaterThan(80);
    expect([...kinds].filter((kind) => !KNOWN_KINDS.includes(kind))).toEqual([]);
  });

  it('go forward, or back', () => {
    expect(happy.every((event) => tell(event, 'GBP').lane === 'forward')).toBe(true);
    for (const [type, lane] of [
      ['inventory.released', 'undo'],
      ['payment.refunded', 'undo'],
      ['order.expired', 'undo'],
      ['order.retry_requested', 'note'],
    ] as const) {
      expect(tell(story([type])[0] as StoreEvent, 'GBP').lane, type).toBe(lane);
    }
    const attempt = (operation: string) =>
      tell(story(['payment.attempt_started', { operation, attempt: 2 }])[0] as StoreEvent, 'GBP');
    expect(attempt('authorize').lane).toBe('forward');
    expect(attempt('void').lane).toBe('undo');
    expect(attempt('refund_1000000').lane).toBe('undo');
  });

  it('are named as they are where nobody knows them, and never break the page', () => {
    expect(tell(story(['customs.cleared'])[0] as StoreEvent, 'GBP').title).toBe('Customs cleared');
    for (const kind of KNOWN_KINDS) {
      for (const data of [{}, { lines: 3, rules: 'x', cart: null, amount: 'many', number: {} }]) {
        expect(tell(story([kind, data])[0] as StoreEvent, 'GBP').title, kind).not.toBe('');
      }
    }
  });
});

describe('the money of an order', () => {
  it('is what was taken less what went back', () => {
    expect(moneyLedger(happy)).toMatchObject({
      authorised: 2450,
      captured: 2450,
      refunded: 0,
      net: 2450,
      atRisk: 0,
    });
    const ledger = moneyLedger([...happy, ...story(['payment.refunded', { amount: 450 }])]);
    expect(ledger).toMatchObject({ refunded: 450, net: 2000 });
    expect(ledger.entries.map((entry) => entry.kind)).toEqual(['authorised', 'captured', 'refunded']);
  });
  it('may be set aside, taken later, or let go', () => {
    const aside = story(
      ['payment.created', { amount: 900 }],
      ['payment.processed', { amount: 900, captured: 0 }],
    );
    expect(moneyLedger(aside)).toMatchObject({ authorised: 900, captured: 0, net: 0 });
    expect(moneyLedger([...aside, ...story(['payment.captured', { amount: 900 }])])).toMatchObject({
      captured: 900,
      net: 900,
    });
    expect(moneyLedger([...aside, ...story(['payment.voided'])])).toMatchObject({ authorised: 0, net: 0 });
  });
  it('is at risk while nobody knows what the bank did', () => {
    const unknown = story(
      ['payment.created', { amount: 900 }],
      ['payment.outcome_unknown', { operation: 'authorize', reason: 'timed_out' }],
    );
    expect(moneyLedger(unknown).atRisk).toBe(900);
    expect(
      moneyLedger([...unknown, ...story(['payment.processed', { amount: 900, captured: 900 }])]).atRisk,
    ).toBe(0);
    expect(
      moneyLedger([...unknown, ...story(['payment.retry_scheduled', { reason: 'not_found' }])]).atRisk,
    ).toBe(0);
  });
});

it('the stock of an order is where its last movement put it', () => {
  expect(stockWord([]).word).toBe('no stock held');
  expect(stockLedger(happy).map((entry) => entry.kind)).toEqual(['held', 'committed']);
  expect(stockWord(stockLedger(happy)).word).toBe('stock committed');
  expect(stockWord(stockLedger([...happy, ...story(['inventory.released', LINES])])).word).toBe(
    'stock released',
  );
});

it('what came back is counted by what becomes of it', () => {
  const back = story([
    'inventory.updated',
    { change: 'returned', lines: [{ sku: 'INK', restocked: 1, damaged: 2 }] },
  ]);
  expect(stockLedger(back)[0]).toMatchObject({ kind: 'returned', lines: [{ sku: 'INK', quantity: 3 }] });
});

describe('the calls to the bank', () => {
  it('each have what came of them', () => {
    const calls = bankCalls(
      story(
        ['payment.created', { amount: 900 }],
        ['payment.outcome_unknown', { operation: 'authorize', attempt: 1, reason: 'server_error' }],
        [
          'payment.retry_scheduled',
          {
            operation: 'authorize',
            at: '2026-11-21T12:00:05Z',
            reason: 'server_error',
            tries: 1,
            next: 'inquire',
          },
        ],
        ['payment.retry_started', { next: 'inquire' }],
        ['payment.processed', { amount: 900, captured: 900, attempt: 1, intent: 'pi_1', charge: 'ch_1' }],
      ),
    );
    expect(calls.map((call) => [call.what, call.outcome])).toEqual([
      ['payment', 'outcome unknown: the bank answered that it failed'],
      ['look-up', 'succeeded'],
    ]);
    expect(calls[1]?.ids).toEqual(['pi_1', 'ch_1']);
    expect(calls.every((call) => call.next === null)).toBe(true);
  });
  it('say what is waited for', () => {
    const calls = bankCalls(
      story(
        ['payment.created', { amount: 900 }],
        [
          'payment.retry_scheduled',
          {
            operation: 'authorize',
            at: '2026-11-21T12:00:05Z',
            reason: 'rate_limited',
            tries: 1,
            next: 'send',
          },
        ],
      ),
    );
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({
      outcome: 'the bank asked for patience',
      next: { text: 'sent again', at: '2026-11-21T12:00:05Z' },
    });
  });
  it('wait for nothing once the payment is called off', () => {
    const calls = bankCalls(
      story(
        ['payment.created', { amount: 900 }],
        [
          'payment.retry_scheduled',
          { operation: 'authorize', at: '2026-11-21T12:00:05Z', reason: 'not_found', next: 'attempt' },
        ],
        ['payment.canceled', { reason: 'expired' }],
      ),
    );
    expect(calls.map((call) => call.next)).toEqual([null]);
  });
  it('of a refund are one, however it begins', () => {
    const calls = bankCalls(
      story(
        ['payment.refund_requested', { amount: 5, refund: 1 }],
        ['payment.attempt_started', { operation: 'refund_1', attempt: 1 }],
        ['payment.refunded', { amount: 5, id: 're_1' }],
      ),
    );
    expect(calls).toHaveLength(1);
    expect(calls[0]).toMatchObject({ what: 'refund', outcome: 'succeeded', ids: ['re_1'] });
  });
  it('show one that is under way', () => {
    expect(bankCalls(story(['payment.created', { amount: 1 }]))[0]).toMatchObject({
      endedAt: null,
      tone: 'moving',
    });
  });
});

it('causes make a chain', () => {
  expect([...depths(happy).values()]).toEqual([0, 1, 2, 3, 4, 5, 6]);
});
