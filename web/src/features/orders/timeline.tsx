import { useMemo, useState } from 'react';
import type { StoreEvent } from '@/api';
import { FILL, Panel, TEXT, Time, cx, formatDuration, preciseMs } from '@/ui';
import { tell } from './story';
import type { Moment } from './story';

/** What happened, in two lanes: the way forward and the way back. */
export function Timeline({
  events,
  currency,
}: {
  readonly events: readonly StoreEvent[];
  readonly currency: string;
}) {
  const [isFull, setFull] = useState(false);
  const [firstSeen] = useState(() => events.at(-1)?.sequence ?? 0);
  const moments = useMemo(() => events.map((event) => tell(event, currency)), [events, currency]);
  const shown = isFull ? moments : moments.filter((moment) => !moment.isMinor);
  const hidden = moments.length - moments.filter((moment) => !moment.isMinor).length;
  const firstUndo = shown.findIndex((moment) => moment.lane === 'undo');
  const lastUndo = shown.findLastIndex((moment) => moment.lane === 'undo');
  const lastForward = shown.findLastIndex((moment) => moment.lane !== 'undo');
  return (
    <Panel
      title="Timeline"
      aside={
        <label className="flex items-center gap-1.5">
          <input
            type="checkbox"
            checked={isFull}
            onChange={(event) => setFull(event.target.checked)}
            className="accent-accent"
          />
          every event{hidden > 0 && ` (${hidden} more)`}
        </label>
      }
      flush
    >
      <div className="flex items-center gap-3 px-4 pt-2 pl-[6.25rem] text-2xs text-ink-3" aria-hidden>
        <span className="inline-flex items-center gap-1">
          <span className="h-0.5 w-3 rounded-full bg-moving" /> forward
        </span>
        <span className="inline-flex items-center gap-1">
          <span className="h-0.5 w-3 rounded-full bg-undone" /> undo
        </span>
      </div>
      <ol className="pt-1 pb-3">
        {shown.map((moment, index) => (
          <Row
            key={moment.event.id}
            moment={moment}
            before={shown[index - 1]}
            isNew={moment.event.sequence > firstSeen}
            forward={{ above: index > 0 && index <= lastForward, below: index < lastForward }}
            undo={{
              above: firstUndo !== -1 && index > firstUndo && index <= lastUndo,
              below: firstUndo !== -1 && index >= firstUndo && index < lastUndo,
              branches: index === firstUndo,
            }}
          />
        ))}
      </ol>
    </Panel>
  );
}

interface Rail {
  readonly above: boolean;
  readonly below: boolean;
}

function Row({
  moment,
  before,
  isNew,
  forward,
  undo,
}: {
  readonly moment: Moment;
  readonly before: Moment | undefined;
  readonly isNew: boolean;
  readonly forward: Rail;
  readonly undo: Rail & { readonly branches: boolean };
}) {
  const { event } = moment;
  const isUndo = moment.lane === 'undo';
  const since = before === undefined ? null : preciseMs(event.at) - preciseMs(before.event.at);
  return (
    <li
      className={cx('grid grid-cols-[5.25rem_3rem_minmax(0,1fr)] px-4', isNew && 'animate-flash')}
      data-lane={moment.lane}
      data-kind={event.type}
    >
      <span className="pt-1 text-right font-mono text-[11px] leading-5 text-ink-3">
        {since === null || since > 60_000 ? (
          <Time at={event.at} />
        ) : (
          <span title={event.at}>+{formatDuration(since)}</span>
        )}
      </span>
      <span className="relative" aria-hidden>
        {forward.above && <span className="absolute top-0 left-[13px] h-3.5 w-0.5 bg-line-strong" />}
        {forward.below && <span className="absolute top-3.5 bottom-0 left-[13px] w-0.5 bg-line-strong" />}
        {undo.above && <span className="absolute top-0 left-[33px] h-3.5 w-0.5 bg-undone opacity-50" />}
        {undo.below && <span className="absolute top-3.5 bottom-0 left-[33px] w-0.5 bg-undone opacity-50" />}
        {undo.branches && (
          <svg className="absolute top-0 left-[13px] text-undone" width="22" height="14" fill="none">
            <path d="M1 0 C1 9 21 3 21 14" stroke="currentColor" strokeWidth="2" opacity="0.5" />
          </svg>
        )}
        <span
          className={cx(
            'absolute top-[9px] size-2.5 rounded-full ring-2 ring-panel',
            isUndo ? 'left-[29px]' : 'left-[9px]',
            FILL[moment.tone],
            moment.isMinor && 'scale-75 opacity-60',
          )}
        />
      </span>
      <span className="min-w-0 py-1">
        <span
          className={cx(
            'text-sm',
            moment.isMinor
              ? 'text-ink-3'
              : isUndo || moment.tone !== 'moving'
                ? TEXT[moment.tone]
                : 'text-ink',
            !moment.isMinor && 'font-medium',
          )}
        >
          {moment.title}
        </span>
        <span className="sr-only">{isUndo ? ' (undone)' : ''}</span>
        {moment.detail !== null && (
          <span className="block text-xs break-words text-ink-2">{moment.detail}</span>
        )}
      </span>
    </li>
  );
}
