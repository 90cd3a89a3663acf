import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX, Unplug } from 'lucide-react';
import { gatewaysQuery, sentence, useEvents } from '@/api';
import type { Gateway, StoreStats } from '@/api';
import { Ago, Facts, Link, Panel, Skeleton, TEXT, Until, cx, formatCount } from '@/ui';
import type { Tone } from '@/ui';

const LOOKS: Record<Gateway['breaker']['state'], { tone: Tone; word: string; icon: typeof CircleCheck }> = {
  closed: { tone: 'good', word: 'answers', icon: CircleCheck },
  open: { tone: 'failed', word: 'does not answer', icon: Unplug },
  half_open: { tone: 'people', word: 'is being tried', icon: CircleX },
};

/** Whether the bank answers, and what waits for it. */
export function BankHealth({ stats }: { readonly stats: StoreStats | undefined }) {
  const gateways = useQuery(gatewaysQuery);
  const { refetch } = gateways;
  // Trouble with the bank is an alert as soon as there is any.
  useEvents((events, skipped) => {
    const types = events.map((event) => event.type).concat([...(skipped?.types.keys() ?? [])]);
    if (types.some((type) => type.startsWith('alert.'))) void refetch();
  });
  return (
    <Panel
      title="Bank"
      aside={
        <Link to="/bank" className="text-accent hover:underline">
          Its books and weather
        </Link>
      }
    >
      {stats === undefined || gateways.data === undefined ? (
        gateways.error === null ? (
          <Skeleton className="h-24" />
        ) : (
          <p className="text-sm text-failed">{sentence(gateways.error)}</p>
        )
      ) : (
        <div className="flex flex-col gap-3">
          {gateways.data.map(({ name, breaker, calls }) => {
            const look = LOOKS[breaker.state];
            return (
              <div key={name} className="flex flex-col gap-1">
                <p className={cx('flex items-center gap-2 text-sm font-medium', TEXT[look.tone])}>
                  <look.icon size={15} aria-hidden />
                  {name} {look.word}
                  <span className="ml-auto text-xs font-normal text-ink-3">
                    since <Ago at={breaker.since} />
                  </span>
                </p>
                {breaker.state !== 'closed' && (
                  <p className="text-xs text-ink-2">
                    {formatCount(calls.waiting)} calls of all stores wait
                    {breaker.until !== null && (
                      <>
                        ; it is tried <Until at={breaker.until} />
                      </>
                    )}
                    . Orders wait with them, and nothing is lost.
                  </p>
                )}
              </div>
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
        </div>
      )}
    </Panel>
  );
}
