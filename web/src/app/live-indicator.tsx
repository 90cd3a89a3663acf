import { useLiveState, useStream } from '@/api';
import type { LiveState } from '@/api';
import { Button, Facts, Mono, Popover, cx, formatCount, formatDuration, formatTime, useNow } from '@/ui';

/** How live the page is, in a word; what that means on a press. */
export function LiveIndicator() {
  const state = useLiveState();
  const looks = LOOKS[state.phase];
  return (
    <Popover
      label="Connection"
      align="end"
      trigger={
        <button
          type="button"
          data-live={state.phase}
          data-tour="live"
          className="flex h-8 shrink-0 items-center gap-2 rounded-md px-2 text-sm hover:bg-hover"
        >
          <span className="relative flex size-2" aria-hidden>
            {state.phase === 'live' && (
              <span
                className={cx('absolute inset-0 rounded-full opacity-40 motion-safe:animate-ping', looks.dot)}
              />
            )}
            <span className={cx('relative size-2 rounded-full', looks.dot)} />
          </span>
          <span role="status" className={cx('max-sm:sr-only', looks.text)}>
            {looks.word}
          </span>
          <span className="min-w-11 text-right font-mono text-xs text-ink-3 max-sm:hidden">
            <Figure state={state} />
          </span>
        </button>
      }
    >
      <About state={state} />
    </Popover>
  );
}

const LOOKS: Record<LiveState['phase'], { word: string; dot: string; text: string }> = {
  connecting: { word: 'connecting', dot: 'bg-waiting', text: 'text-ink-2' },
  live: { word: 'live', dot: 'bg-good', text: 'text-ink-2' },
  catching_up: { word: 'catching up', dot: 'bg-moving', text: 'text-moving' },
  reconnecting: { word: 'reconnecting', dot: 'bg-people', text: 'text-people' },
};

function Figure({ state }: { readonly state: LiveState }) {
  switch (state.phase) {
    case 'live':
      return state.lagMs === null ? null : <>{formatDuration(Math.round(state.lagMs))}</>;
    case 'catching_up':
      return state.behindMs === null ? null : <>-{formatDuration(state.behindMs)}</>;
    case 'reconnecting':
      return <Since at={state.since} />;
    case 'connecting':
      return null;
  }
}

function Since({ at }: { readonly at: number }) {
  return <>{formatDuration(Math.max(0, Math.round((useNow() - at) / 1_000) * 1_000))}</>;
}

function About({ state }: { readonly state: LiveState }) {
  const stream = useStream();
  const now = useNow();
  return (
    <div className="flex w-72 flex-col gap-3 text-sm">
      <p className="text-ink-2">
        {state.phase === 'live' && 'Everything on this page changes as it happens.'}
        {state.phase === 'connecting' && 'The page connects to the store’s events.'}
        {state.phase === 'catching_up' && 'Connected again. What was missed is being read, in order.'}
        {state.phase === 'reconnecting' &&
          `No events since ${formatTime(state.since, now)}: ${state.why}. What you see may be old. The page comes back by itself and misses nothing.`}
      </p>
      <Facts
        rows={[
          [
            'Last event',
            <Mono key="s">{stream.sequence === null ? 'none yet' : `#${formatCount(stream.sequence)}`}</Mono>,
          ],
          ['Heard here', <Mono key="h">{formatCount(stream.heard)}</Mono>],
          ...(state.phase === 'reconnecting'
            ? [['Next try', <Mono key="n">{formatDuration(Math.max(0, state.retryAt - now))}</Mono>] as const]
            : []),
        ]}
      />
      {state.phase === 'reconnecting' && <Button onClick={stream.retryNow}>Try now</Button>}
    </div>
  );
}
