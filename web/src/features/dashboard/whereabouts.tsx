import type { OrderStatus, StoreStats } from '@/api';
import { FILL, Flash, Link, ORDER, Panel, Skeleton, Status, cx, formatCount } from '@/ui';

const SHOWN: readonly OrderStatus[] = [
  'pending',
  'requires_action',
  'on_hold',
  'confirmed',
  'completed',
  'canceled',
  'expired',
];

/** How many orders are where; each leads to them. */
export function Whereabouts({ stats }: { readonly stats: StoreStats | undefined }) {
  if (stats === undefined) {
    return (
      <Panel title="Where orders are">
        <Skeleton className="h-48" />
      </Panel>
    );
  }
  const counts = SHOWN.map((status) => ({ status, count: stats.orders[status], look: ORDER[status] }));
  const total = Math.max(1, stats.orders.total);
  return (
    <Panel
      title="Where orders are"
      aside={<span className="font-mono">{formatCount(stats.orders.total)}</span>}
      flush
    >
      <div className="flex h-2 gap-px px-4 pt-3" aria-hidden>
        {counts.map(({ status, count, look }) =>
          count === 0 ? null : (
            <span
              key={status}
              title={`${formatCount(count)} ${look.word}`}
              className={cx(
                'h-2 min-w-[3px] rounded-[2px] transition-[flex-grow]',
                FILL[look.tone],
                status === 'pending' && 'opacity-60',
              )}
              style={{ flexGrow: count / total }}
            />
          ),
        )}
      </div>
      <ul className="pt-4 pb-2">
        {counts.map(({ status, count, look }) => (
          <li key={status}>
            <Link
              to="/orders"
              search={{ status }}
              className="flex items-center px-4 py-1 hover:bg-hover focus-visible:-outline-offset-2"
            >
              <Status look={look} quiet />
              <span className={cx('ml-auto font-mono text-xs', count === 0 ? 'text-ink-3' : 'text-ink')}>
                <Flash on={count}>{formatCount(count)}</Flash>
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
