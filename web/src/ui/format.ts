/*
 * Money, times and counts as people read them. Formatters are kept: making one costs a hundred times what using it does.
 */

const LOCALE = undefined;
const money = new Map<string, Intl.NumberFormat>();
const compactMoney = new Map<string, Intl.NumberFormat>();
const wholeMoney = new Map<string, Intl.NumberFormat>();

function formatter(
  kept: Map<string, Intl.NumberFormat>,
  currency: string,
  options: Intl.NumberFormatOptions,
): Intl.NumberFormat {
  let found = kept.get(currency);
  if (found === undefined) {
    try {
      found = new Intl.NumberFormat(LOCALE, {
        style: 'currency',
        currency,
        currencyDisplay: 'narrowSymbol',
        ...options,
      });
    } catch {
      // No such code: the number with the code behind it.
      found = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    }
    kept.set(currency, found);
  }
  return found;
}

/** How many decimals a currency has: 2 of USD, 0 of JPY, 3 of KWD. */
export function exponentOf(currency: string): number {
  return formatter(money, currency, {}).resolvedOptions().maximumFractionDigits ?? 2;
}

/** Minor units as an amount: 2450 GBP is £24.50. */
export function formatMoney(minor: number, currency: string): string {
  return formatter(money, currency, {}).format(minor / 10 ** exponentOf(currency));
}

/** The same in little room: £12.5K. */
export function formatMoneyShort(minor: number, currency: string): string {
  const major = minor / 10 ** exponentOf(currency);
  if (Math.abs(major) < 10_000) return formatMoney(minor, currency);
  return formatter(compactMoney, currency, {
    notation: 'compact',
    minimumFractionDigits: 0,
    maximumFractionDigits: 1,
  }).format(major);
}

/** The same along an axis: whole amounts without decimals. */
export function formatMoneyAxis(minor: number, currency: string): string {
  const unit = 10 ** exponentOf(currency);
  if (minor % unit !== 0) return formatMoneyShort(minor, currency);
  const whole = { minimumFractionDigits: 0, maximumFractionDigits: 0 };
  return Math.abs(minor / unit) < 10_000
    ? formatter(wholeMoney, currency, whole).format(minor / unit)
    : formatMoneyShort(minor, currency);
}

/** What somebody typed as an amount, in minor units; null where it is none, or finer than the currency. */
export function parseMoney(text: string, currency: string): number | null {
  const plain = text.trim().replace(/[\s_]/g, '').replace(',', '.');
  const digits = exponentOf(currency);
  const found = /^(\d{1,12})(?:\.(\d*))?$/.exec(plain);
  if (found === null) return null;
  const part = found[2] ?? '';
  if (part.length > digits) return null;
  const minor = Number((found[1] ?? '') + part.padEnd(digits, '0'));
  return Number.isSafeInteger(minor) ? minor : null;
}

/** Minor units as somebody would type them: 24.50. */
export function plainMoney(minor: number, currency: string): string {
  return (minor / 10 ** exponentOf(currency)).toFixed(exponentOf(currency));
}

const count = new Intl.NumberFormat(LOCALE);
const compact = new Intl.NumberFormat(LOCALE, { notation: 'compact', maximumFractionDigits: 1 });

export function formatCount(value: number): string {
  return count.format(value);
}

/** Exact up to 9,999, then 12.3K. */
export function formatCountShort(value: number): string {
  return Math.abs(value) < 10_000 ? count.format(value) : compact.format(value);
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  // 99.97 % is not 100 %.
  const shown = percent < 100 && percent > 99.9 ? Math.floor(percent * 10) / 10 : percent;
  return `${shown.toFixed(shown === 100 || shown === 0 ? 0 : 1)} %`;
}

/** A duration as people say it: 0.4 ms, 84 ms, 1.2 s, 3 min, 2 h 5 min, 4 d. */
export function formatDuration(ms: number): string {
  const size = Math.abs(ms);
  if (size < 10) return `${trim(ms.toFixed(1))} ms`;
  if (size < 1_000) return `${Math.round(ms)} ms`;
  if (size < 10_000) return `${trim((ms / 1_000).toFixed(1))} s`;
  if (size < 60_000) return `${Math.round(ms / 1_000)} s`;
  const minutes = Math.floor(size / 60_000);
  const sign = ms < 0 ? '-' : '';
  if (minutes < 60) {
    const seconds = Math.round((size % 60_000) / 1_000);
    return minutes < 10 && seconds > 0 && seconds < 60
      ? `${sign}${minutes} min ${seconds} s`
      : `${sign}${minutes} min`;
  }
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${sign}${hours} h` : `${sign}${hours} h ${minutes % 60} min`;
  return `${sign}${Math.floor(hours / 24)} d`;
}

/** A duration in little room: 7.7 ms, 16 s, 5.5 min, 2.1 h. */
export function formatDurationShort(ms: number): string {
  if (ms < 60_000) return formatDuration(ms);
  const [value, unit] = ms < 3_600_000 ? [ms / 60_000, 'min'] : [ms / 3_600_000, 'h'];
  return `${value < 10 ? trim(value.toFixed(1)) : Math.round(value)} ${unit}`;
}

function trim(text: string): string {
  return text.replace(/\.0$/, '');
}

const clock = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const clockMs = new Intl.DateTimeFormat(LOCALE, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});
const dayClock = new Intl.DateTimeFormat(LOCALE, {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const yearDay = new Intl.DateTimeFormat(LOCALE, { year: 'numeric', month: 'short', day: 'numeric' });

/** A time in milliseconds with the microseconds that `Date` would lose. */
export function preciseMs(at: string): number {
  const ms = Date.parse(at);
  const part = /\.(\d+)(?:Z|[+-])/.exec(at)?.[1] ?? '';
  return ms + Number((part + '000000').slice(3, 6)) / 1_000;
}

/** A time in the zone of whoever looks: the clock today, the day before that, the year before this one. */
export function formatTime(at: number, now: number): string {
  const then = new Date(at);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) return clock.format(then);
  return then.getFullYear() === today.getFullYear() ? dayClock.format(then) : yearDay.format(then);
}

/** To the millisecond, local. */
export function formatTimeExact(at: number): string {
  return clockMs.format(new Date(at));
}

/** In UTC, as machines and other people's logs have it. */
export function formatUtc(at: number): string {
  return `${new Date(at).toISOString().replace('T', ' ').replace('Z', '')} UTC`;
}

/** How long ago, or in how long: just now, 12 s ago, in 4 min. */
export function formatAgo(at: number, now: number): string {
  const ms = at - now;
  if (Math.abs(ms) < 1_500) return 'just now';
  const text = formatDuration(Math.abs(Math.round(ms / 1_000) * 1_000)).replace(/ (\d+) s$/, '');
  return ms < 0 ? `${text} ago` : `in ${text}`;
}

/** out_of_stock as people write it: Out of stock. */
export function words(name: string): string {
  const text = name.replace(/[_.]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The end of an id, by which people tell two apart: ord_…F6TF. */
export function shortId(id: string): string {
  const [prefix, ...rest] = id.split('_');
  const body = rest.join('_');
  return body.length <= 10 ? id : `${prefix ?? ''}_…${body.slice(-6)}`;
}

/** The beginning and the end of a trace, by which people tell two apart: 4bf92f35…4736. */
export function shortTrace(trace: string): string {
  return trace.length <= 12 ? trace : `${trace.slice(0, 8)}…${trace.slice(-4)}`;
}

/** A sentence as a heading begins. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
