import { useMemo } from 'react';
import type { Event as StoreEvent } from '@/api';
import { Empty, Mono, Skeleton, Time, cx } from '@/ui';
import { Activity } from 'lucide-react';
import type { Seen } from './traffic';
import { tokenOf } from './traffic';
import type { Picked } from './graph';

/** Rows on the screen at once; older ones are on the order's own page and behind the API. */
const ROWS_MAX = 80;

/** The last events, or those of what is picked out. */
export function Events({
  seen,
  picked,
  order,
  current,
  isReading,
  onEvent,
}: {
  readonly seen: readonly Seen[];
  readonly picked: Picked;
  readonly order: string | null;
  /** The event that replay stands at. */
  readonly current: number | null;
  /** What happened before is still being read. */
  readonly isReading: boolean;
  readonly onEvent: (event: StoreEvent) => void;
}) {
  const rows = useMemo(() => {
    const wanted: StoreEvent[] = [];
    for (let nth = seen.length - 1; nth >= 0 && wanted.length < ROWS_MAX; nth -= 1) {
      const one = seen[nth];
      if (one === undefined) continue;
      const isPicked =
        picked.way !== null
          ? one.way === picked.way
          : picked.node === null ||
            one.node === picked.node ||
            one.way?.startsWith(`${picked.node}>`) === true;
      if (isPicked && (order === null || one.event.order_id === order)) wanted.push(one.event);
    }
    return wanted;
  }, [seen, picked, order]);
  if (rows.length === 0 && isReading) {
    return (
      <div className="flex flex-col gap-1.5 px-4 py-3" aria-busy="true">
        <Skeleton className="h-4" />
        <Skeleton className="h-4" />
        <Skeleton className="h-4 w-2/3" />
      </div>
    );
  }
  if (rows.length === 0) {
    return (
      <Empty icon={Activity} title={order === null ? 'Nothing here yet' : 'Not so far'}>
        {order !== null
          ? 'Nothing of this order has come by here at this point of its life.'
          : picked.node !== null || picked.way !== null
            ? 'No event went this way since the page was opened. Press beside the graph to see all.'
            : 'Events are shown as they happen. Place an order to see some.'}
      </Empty>
    );
  }
  return (
    <table className="w-full text-left text-xs">
      <thead className="sr-only">
        <tr>
          <th>Time</th>
          <th>Type</th>
          <th>Order</th>
          <th>Data</th>
        </tr>
      </thead>
      <tbody className="font-mono">
        {rows.map((event) => (
          <tr
            key={event.sequence}
            onClick={() => onEvent(event)}
            className={cx(
              'h-6 cursor-pointer border-b border-line/60 hover:bg-hover',
              current === event.sequence && 'bg-accent-soft',
            )}
          >
            <td className="pl-4 whitespace-nowrap text-ink-3">
              <Time at={event.at} exact />
            </td>
            <td className="px-3 whitespace-nowrap">
              <span
                aria-hidden
                className="mr-2 inline-block size-2 rounded-full"
                style={{ background: `var(${tokenOf(event.type, false)})` }}
              />
              <button type="button" className="hover:underline">
                {event.type}
              </button>
            </td>
            <td className="px-3 whitespace-nowrap text-ink-2">
              {event.order_id === null ? event.subject : `…${event.order_id.slice(-6)}`}
            </td>
            <td className="w-full max-w-0 truncate pr-4 text-ink-3">{JSON.stringify(event.data)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** One event, whole. */
export function EventSheet({ event }: { readonly event: StoreEvent }) {
  return (
    <div className="flex flex-col gap-3">
      <p className="text-sm text-ink-2">
        <Time at={event.at} exact /> · sequence <Mono>{event.sequence}</Mono> · by {event.actor}
      </p>
      <pre className="max-h-[55dvh] overflow-auto rounded-md border bg-sunken p-3 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
        {JSON.stringify(event.data, null, 2)}
      </pre>
      <p className="text-xs text-ink-3">
        <Mono>{event.id}</Mono>
        {event.causation_id !== null && (
          <>
            {' '}
            caused by <Mono>{event.causation_id}</Mono>
          </>
        )}
      </p>
    </div>
  );
}
