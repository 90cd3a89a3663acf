import { describe, expect, it } from 'vitest';
import {
  exponentOf,
  formatAgo,
  formatDuration,
  formatMoney,
  formatPercent,
  formatUtc,
  parseMoney,
  plainMoney,
  preciseMs,
  shortId,
  words,
} from './format';
import { patched, searchAsText } from './url';

describe('money', () => {
  it('has the decimals of its currency', () => {
    expect(exponentOf('GBP')).toBe(2);
    expect(exponentOf('JPY')).toBe(0);
    expect(exponentOf('KWD')).toBe(3);
    expect(formatMoney(2450, 'GBP')).toMatch(/24[.,]50/);
    expect(formatMoney(2450, 'JPY')).toMatch(/2[.,\s]?450/);
    expect(formatMoney(2450, 'KWD')).toMatch(/2[.,]450/);
    expect(formatMoney(100, 'not a code')).toMatch(/1[.,]00/);
  });
  it('is read as it is written, to the minor unit', () => {
    for (const currency of ['GBP', 'JPY', 'KWD']) {
      for (const minor of [0, 1, 9, 10, 99, 100, 101, 2450, 99_999_999_999]) {
        expect(parseMoney(plainMoney(minor, currency), currency), `${minor} ${currency}`).toBe(minor);
      }
    }
    expect(parseMoney(' 1 024,5 ', 'USD')).toBe(102_450);
    expect(parseMoney('7.', 'USD')).toBe(700);
  });
  it('is refused where it is none or too fine', () => {
    for (const text of ['', '-1', '1.234', 'abc', '1e3', '.5', '1.2.3', '9999999999999']) {
      expect(parseMoney(text, 'USD'), text).toBeNull();
    }
    expect(parseMoney('1.5', 'JPY')).toBeNull();
  });
});

describe('times', () => {
  it('are said as people say them', () => {
    expect(formatDuration(0.42)).toBe('0.4 ms');
    expect(formatDuration(84)).toBe('84 ms');
    expect(formatDuration(1_240)).toBe('1.2 s');
    expect(formatDuration(59_400)).toBe('59 s');
    expect(formatDuration(185_000)).toBe('3 min 5 s');
    expect(formatDuration(7_500_000)).toBe('2 h 5 min');
    expect(formatDuration(400_000_000)).toBe('4 d');
    expect(formatAgo(1_000, 1_200)).toBe('just now');
    expect(formatAgo(0, 12_000)).toBe('12 s ago');
    expect(formatAgo(240_000, 0)).toBe('in 4 min');
  });
  it('keep their microseconds', () => {
    const [early, late] = ['2026-11-21T18:53:56.639077Z', '2026-11-21T18:53:56.639392Z'];
    expect(preciseMs(late) - preciseMs(early)).toBeCloseTo(0.315, 3);
    expect(preciseMs('2026-11-21T18:53:56Z')).toBe(Date.UTC(2026, 10, 21, 18, 53, 56));
    expect(preciseMs('2026-11-21T18:53:56.5+00:00')).toBe(Date.UTC(2026, 10, 21, 18, 53, 56, 500));
  });
  it('are UTC for machines', () => {
    expect(formatUtc(Date.UTC(2026, 10, 21, 12, 0, 0, 7))).toBe('2026-11-21 12:00:00.007 UTC');
  });
});

it('nearly all is not all', () => {
  expect(formatPercent(1)).toBe('100 %');
  expect(formatPercent(0.9997)).toBe('99.9 %');
  expect(formatPercent(0.987)).toBe('98.7 %');
});

it('words and ids are shown short', () => {
  expect(words('out_of_stock')).toBe('Out of stock');
  expect(shortId('ord_01M7ZQAG0YV6N2WFC114069SQ5')).toBe('ord_…069SQ5');
  expect(shortId('cus_49')).toBe('cus_49');
});

describe('the address', () => {
  it('keeps every value as plain text, there and back', () => {
    const search = { q: '123', sku: 'A&B=ü', status: 'on_hold', store: 'true' };
    expect(searchAsText.parseSearch(searchAsText.stringifySearch(search))).toEqual(search);
    expect(searchAsText.stringifySearch({ q: '', a: undefined })).toBe('');
  });
  it('loses what is taken away and keeps the rest', () => {
    expect(patched({ store: 'acme', q: 'x' }, { q: null, sku: 'A' })).toEqual({ store: 'acme', sku: 'A' });
  });
});
