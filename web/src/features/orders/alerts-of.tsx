import { useQuery } from '@tanstack/react-query';
import { BellOff } from 'lucide-react';
import { get, useStore } from '@/api';
import type { Order } from '@/api';
import { ALERT, Ago, Empty, SEVERITY, Skeleton, Status, capital, lookOf } from '@/ui';

/** The newest alerts of the store that are about this order, its payment or its parcels. */
export function AlertsOf({ order }: { readonly order: Order }) {
  const store = useStore();
  const alerts = useQuery({
    queryKey: [store.id, 'alerts', 'newest'],
    queryFn: async ({ signal }) =>
      (await get('/v1/alerts', { store: store.id, query: { limit: 100 }, signal })).data,
  });
  if (alerts.data === undefined) return <Skeleton className="m-4 h-16" />;
  // Payment, parcels and the order share their bits: one stem is in all their ids.
  const stem = order.id.slice(order.id.indexOf('_') + 1);
  const mine = alerts.data.filter((alert) => alert.subject.includes(stem) || alert.message.includes(stem));
  if (mine.length === 0) {
    return (
      <Empty icon={BellOff} title="No alert is about this order">
        Among the store’s newest hundred, none is about it, its payment or its parcels.
      </Empty>
    );
  }
  return (
    <ul className="divide-y">
      {mine.map((alert) => (
        <li key={alert.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 text-sm">
          <Status look={lookOf(SEVERITY, alert.severity)} quiet />
          <span className="min-w-0 flex-1">{capital(alert.message)}</span>
          <Status look={lookOf(ALERT, alert.status)} />
          <Ago at={alert.last_seen_at} className="text-xs text-ink-3" />
        </li>
      ))}
    </ul>
  );
}
