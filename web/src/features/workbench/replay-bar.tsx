import { Pause, Play, SkipBack, SkipForward, X } from 'lucide-react';
import { Button, IconButton, Mono, Select, Time, shortId } from '@/ui';
import { GAP_MAX_MS, GAP_MIN_MS, SPEEDS, shownAt } from './replay';
import type { Reel } from './replay';

/** Where in an order's life one is, and the ways to go elsewhere. */
export function ReplayBar({
  order,
  reel,
  place,
  speed,
  isPlaying,
  onSeek,
  onStep,
  onSpeed,
  onPlay,
  onLeave,
}: {
  readonly order: string;
  readonly reel: Reel;
  readonly place: number;
  readonly speed: number;
  readonly isPlaying: boolean;
  readonly onSeek: (place: number) => void;
  readonly onStep: (by: 1 | -1) => void;
  readonly onSpeed: (speed: number) => void;
  readonly onPlay: () => void;
  readonly onLeave: () => void;
}) {
  const shown = shownAt(reel, place);
  const current = reel.events[shown - 1];
  return (
    <div
      role="group"
      aria-label={`Replay of ${order}`}
      className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b bg-accent-soft px-4 py-1.5"
    >
      <span className="text-sm font-medium">
        Replay <Mono>{shortId(order)}</Mono>
      </span>
      <span className="flex items-center">
        <IconButton label="Event before (←)" onClick={() => onStep(-1)}>
          <SkipBack size={15} aria-hidden />
        </IconButton>
        <IconButton label={isPlaying ? 'Pause (p)' : 'Play (p)'} onClick={onPlay}>
          {isPlaying ? <Pause size={16} aria-hidden /> : <Play size={16} aria-hidden />}
        </IconButton>
        <IconButton label="Next event (→)" onClick={() => onStep(1)}>
          <SkipForward size={15} aria-hidden />
        </IconButton>
      </span>
      <span className="relative flex min-w-40 flex-1 items-center">
        <input
          type="range"
          aria-label="Place in the order’s life"
          aria-valuetext={
            current === undefined
              ? 'before it began'
              : `${current.type}, event ${shown} of ${reel.events.length}`
          }
          min={0}
          max={Math.max(1, reel.length)}
          step={10}
          value={place}
          onChange={(event) => onSeek(Number(event.target.value))}
          title={`Gaps last at least ${GAP_MIN_MS / 1000} s and at most ${GAP_MAX_MS / 1000} s; the times are the real ones`}
          className="w-full accent-accent"
        />
        <span aria-hidden className="pointer-events-none absolute inset-x-2 bottom-[-3px] h-1">
          {reel.marks.map((mark, nth) => (
            <span
              key={reel.events[nth]?.sequence}
              className="absolute h-1 w-px bg-ink-3"
              style={{ left: `${(mark / Math.max(1, reel.length)) * 100}%` }}
            />
          ))}
        </span>
      </span>
      <span className="w-40 text-xs">
        {current === undefined ? (
          'before it began'
        ) : (
          <>
            <Mono>
              <Time at={current.at} exact />
            </Mono>
            <span className="ml-2 text-ink-2">
              {shown}/{reel.events.length}
            </span>
          </>
        )}
      </span>
      <Select
        aria-label="Speed"
        value={String(speed)}
        choices={SPEEDS.map((value) => ({
          value: String(value),
          label: value === 0.25 ? '¼×' : value === 0.5 ? '½×' : `${value}×`,
        }))}
        onChange={(value) => onSpeed(Number(value))}
        className="w-20"
      />
      <Button size="sm" onClick={onLeave}>
        <X size={13} aria-hidden /> Live
      </Button>
    </div>
  );
}
