import { useQuery } from '@tanstack/react-query';
import { CircleCheckBig, Hourglass, PackageX, ShieldQuestion } from 'lucide-react';
import type { ReactNode } from 'react';
import { openAlertsQuery, openReviewsQuery, sentence, stockAtRiskQuery, useStore } from '@/api';
import type { Alert, StoreStats } from '@/api';
import {
  Ago,
  CONDITION,
  capital,
  Link,
  Panel,
  SEVERITY,
  Skeleton,
  TEXT,
  Until,
  cx,
  formatCount,
  lookOf,
} from '@/ui';
import type { Tone } from '@/ui';

const ALERTS_SHOWN = 5;
const STOCK_SHOWN = 4;

/** Everything that waits for a person, the worst first. */
export function NeedsYou({ stats }: { readonly stats: StoreStats | undefined }) {
  const store = useStore();
  const alerts = useQuery(openAlertsQuery(store.id));
  const reviews = useQuery(openReviewsQuery(store.id));
  const stock = useQuery(stockAtRiskQuery(store.id));
  if (alerts.isPending || reviews.isPending || stock.isPending) {
    return (
      <Panel title="Needs you" className="lg:h-72">
        <div className="flex flex-col gap-3">
          <Skeleton className="h-9" />
          <Skeleton className="h-9" />
          <Skeleton className="h-9" />
        </div>
      </Panel>
    );
  }
  // What has an entry of its own below is not said twice.
  const firing = worstFirst((alerts.data ?? []).filter((alert) => alert.kind !== 'review_waiting'));
  const waiting = [...(reviews.data ?? [])].sort((a, b) => a.due_at.localeCompare(b.due_at));
  const soonest = waiting[0];
  const said = new Set(firing.map((alert) => alert.subject));
  const atRisk = (stock.data ?? []).filter((item) => !said.has(item.sku));
  const isOutageSaid = firing.some((alert) => alert.kind === 'payment_retrying');
  const putOff = isOutageSaid ? 0 : (stats?.payments.retrying ?? 0) + (stats?.payments.unknown ?? 0);
  const failed = alerts.error ?? reviews.error ?? stock.error;
  const count = firing.length + (waiting.length > 0 ? 1 : 0) + atRisk.length + (putOff > 0 ? 1 : 0);
  return (
    <Panel
      title="Needs you"
      aside={count === 0 ? undefined : <span className="font-mono">{count}</span>}
      flush
      className="lg:h-72"
    >
      <div className="h-full overflow-y-auto" data-tour="needs-you">
        {failed !== null && <p className="px-4 py-2 text-sm text-failed">{sentence(failed)}</p>}
        {count === 0 ? (
          <p className="flex h-full min-h-24 items-center justify-center gap-2 text-sm text-ink-2">
            <CircleCheckBig size={16} className="text-good" aria-hidden /> Nothing waits for you
          </p>
        ) : (
          <ul className="divide-y">
            {firing.slice(0, ALERTS_SHOWN).map((alert) => {
              const look = lookOf(SEVERITY, alert.severity);
              return (
                <Entry
                  key={alert.id}
                  to="/alerts"
                  search={{ alert: alert.id }}
                  icon={<look.icon size={15} aria-hidden />}
                  tone={look.tone}
                  title={capital(alert.message)}
                  aside={<Ago at={alert.first_seen_at} />}
                  note={`${look.word}${alert.count > 1 ? `, seen ${formatCount(alert.count)} times` : ''}${alert.status === 'acknowledged' ? ', acknowledged' : ''}`}
                />
              );
            })}
            {firing.length > ALERTS_SHOWN && (
              <li className="px-4 py-2 text-xs">
                <Link to="/alerts" className="text-accent hover:underline">
                  {firing.length - ALERTS_SHOWN} more alerts
                </Link>
              </li>
            )}
            {soonest !== undefined && (
              <Entry
                to="/reviews"
                icon={<ShieldQuestion size={15} aria-hidden />}
                tone="people"
                title={waiting.length === 1 ? 'A review waits' : `${waiting.length} reviews wait`}
                aside={<Until at={soonest.due_at} />}
                note={`the next is otherwise ${soonest.on_lapse === 'approve' ? 'approved' : 'rejected'} by itself`}
              />
            )}
            {putOff > 0 && (
              <Entry
                to="/orders"
                search={{ status: 'pending', payment_status: 'awaiting' }}
                icon={<Hourglass size={15} aria-hidden />}
                tone="people"
                title={
                  putOff === 1
                    ? 'A payment waits for the bank'
                    : `${formatCount(putOff)} payments wait for the bank`
                }
                note="tried again by themselves"
              />
            )}
            {atRisk.slice(0, STOCK_SHOWN).map((item) => {
              const look = lookOf(CONDITION, item.condition);
              return (
                <Entry
                  key={item.sku}
                  to="/inventory"
                  search={{ sku: item.sku }}
                  icon={
                    item.condition === 'out_of_stock' ? (
                      <PackageX size={15} aria-hidden />
                    ) : (
                      <look.icon size={15} aria-hidden />
                    )
                  }
                  tone={look.tone}
                  title={item.name ?? item.sku}
                  aside={<span className="font-mono">{formatCount(item.available)} left</span>}
                  note={`${look.word}, reorder at ${formatCount(item.reorder_point)}`}
                />
              );
            })}
            {atRisk.length > STOCK_SHOWN && (
              <li className="px-4 py-2 text-xs">
                <Link to="/inventory" className="text-accent hover:underline">
                  {formatCount(atRisk.length - STOCK_SHOWN)} more SKUs at risk
                </Link>
              </li>
            )}
          </ul>
        )}
      </div>
    </Panel>
  );
}

const WEIGHT: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };

function worstFirst(alerts: readonly Alert[]): readonly Alert[] {
  return [...alerts].sort(
    (a, b) =>
      Number(a.status === 'acknowledged') - Number(b.status === 'acknowledged') ||
      (WEIGHT[a.severity] ?? 3) - (WEIGHT[b.severity] ?? 3) ||
      b.last_seen_at.localeCompare(a.last_seen_at),
  );
}

function Entry({
  to,
  search,
  icon,
  tone,
  title,
  note,
  aside,
}: {
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
  readonly icon: ReactNode;
  readonly tone: Tone;
  readonly title: string;
  readonly note: string;
  readonly aside?: ReactNode;
}) {
  return (
    <li className="animate-appear">
      <Link
        to={to}
        {...(search === undefined ? {} : { search })}
        className="flex items-start gap-2.5 px-4 py-2 hover:bg-hover focus-visible:-outline-offset-2"
      >
        <span className={cx('mt-0.5', TEXT[tone])}>{icon}</span>
        <span className="min-w-0 flex-1">
          <span className="line-clamp-2 text-sm break-words">{title}</span>
          <span className="line-clamp-2 text-xs text-ink-3">{note}</span>
        </span>
        {aside !== undefined && <span className="shrink-0 text-xs leading-5 text-ink-3">{aside}</span>}
      </Link>
    </li>
  );
}
