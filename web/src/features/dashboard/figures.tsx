import { useStore } from '@/api';
import type { StoreStats } from '@/api';
import {
  Flash,
  Skeleton,
  TEXT,
  cx,
  formatCount,
  formatCountShort,
  formatDurationShort,
  formatMoney,
  formatMoneyShort,
  formatPercent,
} from '@/ui';
import { Sparkline } from '@/ui/chart';
import type { Tone } from '@/ui';
import type { Window } from './series';

interface Tile {
  readonly name: string;
  readonly value: string;
  readonly exact?: string;
  readonly below: string;
  readonly tone?: Tone;
  readonly line?: { readonly values: readonly (number | null)[]; readonly token: string };
}

/** The figures of a glance. */
export function Figures({
  stats,
  window,
}: {
  readonly stats: StoreStats | undefined;
  readonly window: Window;
}) {
  const store = useStore();
  const tiles: readonly (Tile | null)[] =
    stats === undefined ? [null, null, null, null] : tilesOf(stats, window, store.currency);
  return (
    <dl
      className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border bg-line xl:grid-cols-4"
      data-tour="figures"
    >
      {tiles.map((tile, index) => (
        <div key={tile?.name ?? index} className="min-w-0 bg-panel px-4 py-3">
          {tile === null ? (
            <>
              <Skeleton className="h-4 w-20" />
              <Skeleton className="mt-2 h-8 w-28" />
              <Skeleton className="mt-2 h-4 w-24" />
            </>
          ) : (
            <>
              <dt className="text-xs text-ink-2">{tile.name}</dt>
              <dd>
                <span className="flex items-center gap-3">
                  <span
                    title={tile.exact}
                    className={cx(
                      'truncate text-xl leading-9 font-semibold tracking-[-0.02em] md:text-2xl md:leading-9',
                      tile.tone !== undefined && TEXT[tile.tone],
                    )}
                  >
                    <Flash on={tile.value}>{tile.value}</Flash>
                  </span>
                  {tile.line !== undefined && (
                    <Sparkline
                      values={tile.line.values}
                      token={tile.line.token}
                      className="ml-auto max-sm:hidden"
                    />
                  )}
                </span>
                <span className="line-clamp-2 text-xs text-ink-3 md:line-clamp-1">{tile.below}</span>
              </dd>
            </>
          )}
        </div>
      ))}
    </dl>
  );
}

function tilesOf(stats: StoreStats, window: Window, currency: string): readonly Tile[] {
  const { orders, revenue, payments, latency_ms } = stats;
  const underWay = orders.pending + orders.requires_action + orders.on_hold + orders.confirmed;
  const rate = window.taken.at(-1) ?? null;
  const ended = payments.succeeded + payments.declined;
  return [
    {
      name: 'Orders a minute',
      value: rate === null ? '–' : formatCountShort(rate),
      below: `${formatCount(orders.total)} in all, ${formatCount(underWay)} under way`,
      line: { values: window.taken.slice(-60), token: '--moving' },
    },
    {
      name: 'Revenue',
      value: formatMoneyShort(revenue.net, currency),
      exact: formatMoney(revenue.net, currency),
      below: `${formatMoneyShort(revenue.refunded, currency)} given back of ${formatMoneyShort(revenue.captured, currency)}`,
      line: { values: window.revenue.slice(-60), token: '--accent' },
    },
    {
      name: 'Settle p99',
      value: orders.total === 0 ? '–' : formatDurationShort(latency_ms.settle_p99),
      below: `p50 ${formatDurationShort(latency_ms.settle_p50)}, accepted in ${formatDurationShort(latency_ms.accept_p50)}`,
      line: { values: window.settleP50.slice(-60), token: '--good' },
    },
    {
      name: 'Payments that succeed',
      value: ended === 0 ? '–' : formatPercent(payments.success_rate),
      below:
        payments.retrying + payments.unknown > 0
          ? `${formatCount(payments.retrying + payments.unknown)} wait for the bank, ${formatCount(payments.declined)} ended without money`
          : `${formatCount(payments.declined)} of ${formatCount(ended)} ended without money`,
      ...(payments.success_rate < 0.8 && ended > 20 ? { tone: 'failed' as const } : {}),
      line: { values: window.succeeded.slice(-60), token: '--good' },
    },
  ];
}
