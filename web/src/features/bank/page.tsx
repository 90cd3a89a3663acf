import { useQuery } from '@tanstack/react-query';
import { gatewaysQuery, sentence, useStats } from '@/api';
import { Failure, Notice, Skeleton } from '@/ui';
import { BooksPanel } from './books';
import { BreakerPanel } from './breaker';
import { ParkedPanel } from './parked';
import { WeatherPanel } from './weather';

/** The bank: whether it answers, what waits for it, and, where it is a mock, how to break it and what it really did. */
export function Page() {
  const stats = useStats();
  // Here it is what people came for.
  const gateways = useQuery({ ...gatewaysQuery, refetchInterval: 2_000 });
  const bank = gateways.data?.[0];
  if (bank === undefined) {
    return gateways.error === null ? (
      <div className="grid gap-4 p-4 md:grid-cols-2 md:p-6">
        <Skeleton className="h-56" />
        <Skeleton className="h-56" />
        <Skeleton className="h-72 md:col-span-2" />
      </div>
    ) : (
      <Failure
        what="The bank’s state could not be read"
        says={sentence(gateways.error)}
        onRetry={() => void gateways.refetch()}
      />
    );
  }
  return (
    <div className="flex flex-col gap-4 p-4 md:p-6">
      <h1 className="text-lg font-semibold">Bank</h1>
      {!bank.is_mock && (
        <Notice tone="moving">
          This gateway is a real bank, or does not answer: it has no weather to make and no ledger to show.
        </Notice>
      )}
      <div className="grid gap-4 xl:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)]">
        {bank.is_mock && <WeatherPanel />}
        <BreakerPanel bank={bank} />
      </div>
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1.5fr)_minmax(0,1fr)]">
        {bank.is_mock && <BooksPanel />}
        <ParkedPanel payments={stats.data?.payments} />
      </div>
    </div>
  );
}
