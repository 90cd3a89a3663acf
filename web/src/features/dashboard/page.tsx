import { sentence, useStats, useStore } from '@/api';
import { Failure, Flash, Skeleton, formatCount, formatDuration, formatMoney, formatPercent } from '@/ui';

/** How the store does. */
export function Page() {
  const store = useStore();
  const stats = useStats();
  if (stats.error !== null && stats.data === undefined) {
    return (
      <Failure
        what="The figures cannot be read"
        says={sentence(stats.error)}
        onRetry={() => void stats.refetch()}
      />
    );
  }
  const figures = stats.data;
  const tiles: readonly (readonly [string, string | null])[] = [
    ['Orders', figures === undefined ? null : formatCount(figures.orders.total)],
    ['Revenue', figures === undefined ? null : formatMoney(figures.revenue.net, store.currency)],
    ['Settle p99', figures === undefined ? null : formatDuration(figures.latency_ms.settle_p99)],
    ['Payments that succeed', figures === undefined ? null : formatPercent(figures.payments.success_rate)],
  ];
  return (
    <div className="p-4 md:p-6">
      <h1 className="sr-only">Dashboard</h1>
      <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border bg-line lg:grid-cols-4">
        {tiles.map(([name, value]) => (
          <div key={name} className="bg-panel px-4 py-3">
            <dt className="text-xs text-ink-2">{name}</dt>
            <dd className="mt-1 text-xl font-semibold">
              {value === null ? <Skeleton className="h-7 w-24" /> : <Flash on={value}>{value}</Flash>}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
