import { ChevronRight } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Order, StoreEvent } from '@/api';
import { CopyButton, Link, Mono, Time, cx, formatDuration, preciseMs } from '@/ui';
import { depths, hasForeignTrace } from './story';

/** Every event as the journal has it, newest last; each opens to its data. */
export function RawEvents({ events }: { readonly events: readonly StoreEvent[] }) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  return (
    <ul className="divide-y">
      {events.map((event) => {
        const isOpen = open.has(event.id);
        return (
          <li key={event.id}>
            <button
              type="button"
              aria-expanded={isOpen}
              onClick={() => {
                const next = new Set(open);
                if (!next.delete(event.id)) next.add(event.id);
                setOpen(next);
              }}
              className="grid w-full grid-cols-[1rem_4rem_6.5rem_minmax(0,1fr)_auto] items-center gap-2 px-4 py-1.5 text-left hover:bg-hover focus-visible:-outline-offset-2"
            >
              <ChevronRight
                size={13}
                className={cx('text-ink-3 transition-transform', isOpen && 'rotate-90')}
                aria-hidden
              />
              <Mono className="text-ink-3">#{event.sequence}</Mono>
              <Time at={event.at} exact className="font-mono text-xs text-ink-2" />
              <span className="truncate font-mono text-xs font-medium">{event.type}</span>
              <span className="text-xs text-ink-3">by {event.actor}</span>
            </button>
            {isOpen && (
              <div className="relative border-t bg-sunken">
                <pre className="max-h-96 overflow-auto p-4 font-mono text-xs leading-5">
                  {JSON.stringify(event, null, 2)}
                </pre>
                <span className="absolute top-2 right-3">
                  <CopyButton text={JSON.stringify(event, null, 2)} label="Copy the event" />
                </span>
              </div>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** What led to what: each event below its cause, with the time since the order was taken. */
export function Causes({ events, order }: { readonly events: readonly StoreEvent[]; readonly order: Order }) {
  const deep = useMemo(() => depths(events), [events]);
  const start = preciseMs(events[0]?.at ?? '');
  const isOwn = !hasForeignTrace(events);
  return (
    <div>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-1 border-b px-4 py-2 text-sm">
        <span className="flex min-w-0 items-center gap-2">
          <span className="text-ink-3">Trace</span>
          <Mono className="truncate">{order.trace_id}</Mono>
          <CopyButton text={order.trace_id} label="Copy the trace id" />
        </span>
        <span className="text-xs text-ink-3">
          {isOwn
            ? 'Made of the order’s id: its request named none'
            : 'As its request named it: search for it in your own systems'}
        </span>
        <Link
          to="/workbench"
          search={{ replay: order.id, tab: 'logs' }}
          className="text-xs text-accent hover:underline sm:ml-auto"
        >
          Its log lines
        </Link>
      </div>
      <ul className="py-2">
        {events.map((event) => {
          const depth = deep.get(event.id) ?? 0;
          return (
            <li
              key={event.id}
              className="grid grid-cols-[6.5rem_minmax(0,1fr)_auto] items-center gap-3 px-4 py-0.5"
            >
              <span className="text-right font-mono text-xs text-ink-3">
                +{formatDuration(preciseMs(event.at) - start)}
              </span>
              <span className="flex min-w-0 items-center" style={{ paddingLeft: Math.min(depth, 24) * 14 }}>
                <span
                  aria-hidden
                  className={cx(
                    'mr-2 size-1.5 shrink-0 rounded-full',
                    depth === 0 ? 'bg-accent' : 'bg-line-strong',
                  )}
                />
                <span className="truncate font-mono text-xs">{event.type}</span>
              </span>
              <span className="text-xs text-ink-3">
                {depth === 0 ? `from outside: ${event.actor}` : event.actor}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
