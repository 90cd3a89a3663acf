import { describe, expect, it } from 'vitest';
import type { Alert, AlertKind } from '@/api';
import { inView, isSilenced, saveName, savedName, timesIn, viewOf, worstFirst } from './desk';
import { kindOf, targetOf } from './kinds';

const NOW = Date.UTC(2026, 10, 21, 12);
const ULID = '01HF7YAT00000000000000000A';

function alert(id: string, change: Partial<Alert> = {}): Alert {
  return {
    id,
    kind: 'low_stock',
    severity: 'warning',
    status: 'firing',
    subject: 'MUG',
    message: 'low',
    count: 1,
    first_seen_at: '2026-11-21T11:00:00.000000Z',
    last_seen_at: '2026-11-21T11:00:00.000000Z',
    acknowledged_by: null,
    escalations: 0,
    silenced_until: null,
    resolved_at: null,
    resolved_by: null,
    version: 1,
    ...change,
  };
}

const LATER = '2026-11-21T13:00:00.000000Z';
const EARLIER = '2026-11-21T11:30:00.000000Z';

describe('the desk', () => {
  const all = [
    alert('acknowledged', { status: 'acknowledged', severity: 'critical' }),
    alert('info', { severity: 'info' }),
    alert('silenced', { severity: 'critical', silenced_until: LATER }),
    alert('older', { severity: 'critical' }),
    alert('newer', { severity: 'critical', first_seen_at: EARLIER }),
    alert('over', { status: 'resolved', silenced_until: LATER }),
  ];
  it('puts what nobody looks after first, the worst of it on top', () => {
    expect(worstFirst(inView(all, 'open', NOW), NOW).map((one) => one.id)).toEqual([
      'newer',
      'older',
      'info',
      'acknowledged',
      'silenced',
    ]);
  });
  it('shows each alert in one view besides “open”', () => {
    const ids = (view: 'firing' | 'acknowledged' | 'silenced' | 'resolved') =>
      inView(all, view, NOW).map((one) => one.id);
    const shown = [...ids('firing'), ...ids('acknowledged'), ...ids('silenced'), ...ids('resolved')];
    expect(shown.sort()).toEqual(all.map((one) => one.id).sort());
    expect(ids('silenced')).toEqual(['silenced']);
  });
  it('hears of an alert again when its silence is over', () => {
    const one = alert('a', { silenced_until: LATER });
    expect(isSilenced(one, NOW)).toBe(true);
    expect(isSilenced(one, Date.parse(LATER))).toBe(false);
    expect(inView([one], 'firing', Date.parse(LATER))).toEqual([one]);
  });
  it('finds times in words', () => {
    expect(timesIn('waits until 2026-11-22T20:05:03.662025Z, then not')).toEqual([
      { text: 'waits until ', isTime: false },
      { text: '2026-11-22T20:05:03.662025Z', isTime: true },
      { text: ', then not', isTime: false },
    ]);
    expect(timesIn('9 left')).toEqual([{ text: '9 left', isTime: false }]);
  });
  it('takes any word in the address', () => {
    expect(viewOf('silenced')).toBe('silenced');
    expect(viewOf('melting')).toBe('open');
    expect(viewOf(undefined)).toBe('open');
  });
  it('lives without storage', () => {
    const closed = {
      getItem: (): string => {
        throw new Error('closed');
      },
      setItem: (): void => {
        throw new Error('closed');
      },
    };
    expect(savedName(closed)).toBe('');
    expect(() => saveName(closed, 'Ada')).not.toThrow();
  });
});

describe('an alert', () => {
  const to = (kind: AlertKind, subject: string) => targetOf({ kind, subject });
  it('leads to what it is about', () => {
    expect(to('out_of_stock', 'A/B')).toMatchObject({ to: '/inventory', search: { sku: 'A/B' } });
    expect(to('review_waiting', `ord_${ULID}`)).toMatchObject({ search: { review: `ord_${ULID}` } });
    expect(to('saga_stuck', `ord_${ULID}`)).toMatchObject({ to: `/orders/ord_${ULID}` });
    expect(to('shipment_stalled', `shp_${ULID}`)).toMatchObject({ to: `/orders/ord_${ULID}` });
    expect(to('reconciliation_mismatch', `ord_${ULID}`)).toMatchObject({ to: `/orders/ord_${ULID}` });
    expect(to('reconciliation_mismatch', 'acme')).toMatchObject({ to: '/bank' });
    expect(to('payment_gateway_down', 'bank')).toMatchObject({ to: '/bank' });
    expect(to('store_quarantined', 'acme')).toBeNull();
    expect(to('clock_behind', 'acme')).toBeNull();
    expect(to('saga_stuck', '../../x')).toBeNull();
  });
  it('of a kind that is not known yet has a name all the same', () => {
    expect(kindOf('quota_near').word).toBe('quota near');
    expect(kindOf('constructor').word).toBeTypeOf('string');
  });
});
