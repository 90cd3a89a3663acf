import { useEffect, useState, useSyncExternalStore } from 'react';
import { formatAgo, formatDuration, formatMoney, formatTime, formatTimeExact, formatUtc } from './format';
import { cx } from './cx';

/* One clock for all that tell how long ago something was: it ticks once a second, and only while somebody looks. */
const watchers = new Set<() => void>();
let now = Date.now();
let ticking: ReturnType<typeof setInterval> | undefined;

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  ticking ??= setInterval(() => {
    now = Date.now();
    for (const each of watchers) each();
  }, 1_000);
  return () => {
    watchers.delete(watcher);
    if (watchers.size === 0) {
      clearInterval(ticking);
      ticking = undefined;
    }
  };
}

/** The time, to the second, while it passes. */
export function useNow(): number {
  const [first] = useState(() => Date.now());
  return Math.max(
    first,
    useSyncExternalStore(watch, () => now),
  );
}

/** A time in the zone of whoever looks, in UTC on hover. */
export function Time({
  at,
  exact = false,
  className,
}: {
  readonly at: string;
  readonly exact?: boolean;
  readonly className?: string;
}) {
  const ms = Date.parse(at);
  const [today] = useState(() => Date.now());
  return (
    <time dateTime={at} title={formatUtc(ms)} className={cx('whitespace-nowrap', className)}>
      {exact ? formatTimeExact(ms) : formatTime(ms, today)}
    </time>
  );
}

/** How long ago or in how long, kept true; the time itself on hover. */
export function Ago({ at, className }: { readonly at: string; readonly className?: string }) {
  const ms = Date.parse(at);
  return (
    <time
      dateTime={at}
      title={`${formatTime(ms, useNow())} · ${formatUtc(ms)}`}
      className={cx('whitespace-nowrap', className)}
    >
      {formatAgo(ms, useNow())}
    </time>
  );
}

/** How long until a deadline; says so when it is over. */
export function Until({ at }: { readonly at: string }) {
  const left = Date.parse(at) - useNow();
  return (
    <time dateTime={at} title={formatUtc(Date.parse(at))} className="whitespace-nowrap">
      {left > 0 ? `in ${formatDuration(Math.ceil(left / 1_000) * 1_000)}` : 'now'}
    </time>
  );
}

/** An amount. */
export function Money({
  minor,
  currency,
  className,
}: {
  readonly minor: number;
  readonly currency: string;
  readonly className?: string;
}) {
  return (
    <span className={cx('font-mono tracking-[-0.02em] whitespace-nowrap', className)}>
      {formatMoney(minor, currency)}
    </span>
  );
}

/** Re-renders when a media query changes its mind. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (notify) => {
      const media = window.matchMedia(query);
      media.addEventListener('change', notify);
      return () => media.removeEventListener('change', notify);
    },
    () => window.matchMedia(query).matches,
  );
}

/** A value that follows another one only after it has been quiet. */
export function useQuiet<T>(value: T, ms: number): T {
  const [quiet, setQuiet] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setQuiet(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return quiet;
}
