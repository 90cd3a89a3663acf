import type { ComponentProps } from 'react';
import { sentence, useStats, useStore } from '@/api';
import {
  Failure,
  Panel,
  formatCountShort,
  formatDurationShort,
  formatMoneyAxis,
  formatMoneyShort,
} from '@/ui';
import { Chart } from '@/ui/chart';
import { BankHealth } from './bank-health';
import { Figures } from './figures';
import { FirstOrder } from './first-order';
import { LatestOrders } from './latest-orders';
import { NeedsYou } from './needs-you';
import { useWindow } from './recorder';
import { Whereabouts } from './whereabouts';

const SYNC = 'dashboard';

/** A chart of the last quarter of an hour; all of them share one time and one cursor. */
function MinuteChart({
  title,
  about,
  className,
  ...rest
}: Omit<ComponentProps<typeof Chart>, 'title' | 'sync' | 'className'> & {
  readonly title: string;
  readonly about: string;
  readonly className: string;
}) {
  return (
    <Panel title={title} flush className={className}>
      <Chart {...rest} className="h-full" title={about} sync={SYNC} />
    </Panel>
  );
}

/** How the store does, now and in the last quarter of an hour. */
export function Page() {
  const store = useStore();
  const stats = useStats();
  const { window, isReading } = useWindow();
  const note =
    window.taken.at(-1) !== null
      ? undefined
      : isReading
        ? 'Reading the last quarter of an hour'
        : 'The first minute is counted';
  if (stats.error !== null && stats.data === undefined) {
    return (
      <Failure
        what="The store’s figures cannot be read"
        says={sentence(stats.error)}
        advice="Orders are taken and carried on all the same."
        onRetry={() => void stats.refetch()}
      />
    );
  }
  const money = (minor: number) => formatMoneyShort(minor, store.currency);
  return (
    <div className="mx-auto flex max-w-[1600px] flex-col gap-4 p-4 md:p-6">
      <h1 className="sr-only">Dashboard</h1>
      {stats.data?.orders.total === 0 && <FirstOrder />}
      <Figures stats={stats.data} window={window} />
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,1fr)_340px]">
        <MinuteChart
          title="Orders a minute"
          about="Orders taken, confirmed and undone a minute, over the last 15 minutes"
          className="h-72"
          note={note}
          least={4}
          data={[window.at, window.taken, window.confirmed, window.undone]}
          lines={[
            { label: 'taken', token: '--moving', fill: true },
            { label: 'confirmed', token: '--good' },
            { label: 'undone', token: '--undone' },
          ]}
          format={(value) => formatCountShort(Math.round(value))}
        />
        <NeedsYou stats={stats.data} />
      </div>
      <div className="grid grid-cols-1 gap-4 md:grid-cols-2 xl:grid-cols-3">
        <MinuteChart
          title="Revenue a minute"
          about="Money taken less money given back a minute, over the last 15 minutes"
          className="h-60"
          note={note}
          least={1_000}
          data={[window.at, window.revenue]}
          lines={[{ label: 'taken less given back', token: '--accent', fill: true }]}
          format={money}
          formatAxis={(minor) => formatMoneyAxis(minor, store.currency)}
        />
        <MinuteChart
          title="Settle time"
          about="How long orders took to be confirmed, median and 99th percentile of a minute"
          className="h-60"
          note={note}
          logarithmic
          least={100}
          data={[window.at, window.settleP50, window.settleP99]}
          lines={[
            { label: 'p50', token: '--good' },
            { label: 'p99', token: '--moving' },
          ]}
          format={formatDurationShort}
          formatAxis={(value) => (value < 1_000 ? `${value} ms` : `${value / 1_000} s`)}
        />
        <MinuteChart
          title="Payments a minute"
          about="Payments that succeeded, were declined or put off a minute, over the last 15 minutes"
          className="h-60 md:col-span-2 xl:col-span-1"
          note={note}
          least={4}
          data={[window.at, window.succeeded, window.declined, window.putOff]}
          lines={[
            { label: 'succeeded', token: '--good', fill: true },
            { label: 'declined', token: '--failed' },
            { label: 'put off', token: '--people' },
          ]}
          format={(value) => formatCountShort(Math.round(value))}
        />
      </div>
      <div className="grid grid-cols-1 gap-4 lg:grid-cols-[minmax(0,1fr)_340px]">
        <LatestOrders />
        <div className="flex flex-col gap-4">
          <Whereabouts stats={stats.data} />
          <BankHealth stats={stats.data} />
        </div>
      </div>
    </div>
  );
}
