import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX, Unplug } from 'lucide-react';
import { healthCheckQuery, useStore } from '@/api';
import type { StoreStats } from '@/api';
import { Ago, Facts, Link, Panel, Skeleton, TEXT, cx, formatCount } from '@/ui';

interface Gateway {
  readonly name: string;
  readonly answers: boolean;
  readonly breaker: string;
}

function gatewaysOf(result: unknown): readonly Gateway[] {
  const list = (result as { gateways?: unknown } | null)?.gateways;
  return Array.isArray(list) ? (list as Gateway[]) : [];
}

const WORDS: Readonly<Record<string, string>> = {
  closed: 'calls go out',
  open: 'calls are held back',
  half_open: 'one call is tried',
};

/** Whether the bank answers, and what waits for it. */
export function BankHealth({ stats }: { readonly stats: StoreStats | undefined }) {
  const store = useStore();
  const job = useQuery({ ...healthCheckQuery(store.id), staleTime: 10_000 });
  const run = job.data?.last_run ?? null;
  const gateways = gatewaysOf(run?.result);
  return (
    <Panel
      title="Bank"
      aside={
        run === null ? undefined : (
          <span>
            checked <Ago at={run.finished_at} />
          </span>
        )
      }
    >
      {stats === undefined ? (
        <Skeleton className="h-20" />
      ) : (
        <div className="flex flex-col gap-3">
          {gateways.map((gateway) => {
            const isWell = gateway.answers && gateway.breaker === 'closed';
            const Icon = isWell ? CircleCheck : gateway.breaker === 'open' ? Unplug : CircleX;
            return (
              <p
                key={gateway.name}
                className={cx(
                  'flex items-center gap-2 text-sm font-medium',
                  TEXT[isWell ? 'good' : 'failed'],
                )}
              >
                <Icon size={15} aria-hidden />
                {gateway.name} {gateway.answers ? 'answers' : 'does not answer'}
                <span className="ml-auto text-xs font-normal text-ink-3">
                  {WORDS[gateway.breaker] ?? gateway.breaker}
                </span>
              </p>
            );
          })}
          <Facts
            rows={[
              ['Wait for another try', <span key="r">{formatCount(stats.payments.retrying)}</span>],
              ['Outcome not known', <span key="u">{formatCount(stats.payments.unknown)}</span>],
              ['Ended without money', <span key="d">{formatCount(stats.payments.declined)}</span>],
            ]}
            className="grid-cols-[1fr_auto] [&_dd]:text-right [&_dd]:font-mono [&_dd]:text-xs"
          />
          <Link to="/bank" className="text-xs text-accent hover:underline">
            The bank’s books and weather
          </Link>
        </div>
      )}
    </Panel>
  );
}
