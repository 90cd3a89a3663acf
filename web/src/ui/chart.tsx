import 'uplot/dist/uPlot.min.css';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import uPlot from 'uplot';
import { cx } from './cx';
import { formatTime } from './format';

/* Charts over time, on canvas. Import from '@/ui/chart', so that pages without charts do not carry them. */

export interface Line {
  readonly label: string;
  /** The custom property of its colour. */
  readonly token: string;
  readonly fill?: boolean;
  readonly dashed?: boolean;
}

interface ChartProps {
  /** What it shows, with its unit. */
  readonly title: string;
  /** Seconds since 1970, then one row a line; null where nothing is known. */
  readonly data: readonly (readonly (number | null)[])[];
  readonly lines: readonly Line[];
  readonly format: (value: number) => string;
  /** Along the axis, where less room is. */
  readonly formatAxis?: (value: number) => string;
  /** For figures of very different size. */
  readonly logarithmic?: boolean;
  /** The axis reaches at least so far. */
  readonly least?: number;
  /** Charts with the same word share their crosshair. */
  readonly sync: string;
  /** What stands in the middle while there is nothing to draw. */
  readonly note?: string | undefined;
  readonly className?: string;
}

/** A custom property as a colour a canvas understands, as the theme has it now. */
function colourOf(token: string, probe: HTMLElement): string {
  probe.style.color = `var(${token})`;
  const colour = getComputedStyle(probe).color;
  probe.style.color = '';
  return colour;
}

function faded(colour: string, share: number): string {
  const parts = /rgba?\(([^)]+)\)/
    .exec(colour)?.[1]
    ?.split(/[,\s/]+/)
    .slice(0, 3);
  return parts === undefined ? colour : `rgba(${parts.join(',')},${share})`;
}

/** Counts the changes of the theme. */
function useThemeChanges(): number {
  const [changes, setChanges] = useState(0);
  useEffect(() => {
    const count = () => setChanges((before) => before + 1);
    const media = window.matchMedia('(prefers-color-scheme: dark)');
    const observer = new MutationObserver(count);
    observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    media.addEventListener('change', count);
    return () => {
      observer.disconnect();
      media.removeEventListener('change', count);
    };
  }, []);
  return changes;
}

/** So few values in a row are not seen as a line. */
const FEW = 3;

/** Where a few values end that have none before them. */
function alone(values: ArrayLike<number | null | undefined>): number[] {
  const ends: number[] = [];
  let run = 0;
  for (let index = 0; index < values.length; index += 1) {
    run = (values[index] ?? null) === null ? 0 : run + 1;
    if (run > 0 && run <= FEW && (values[index + 1] ?? null) === null) ends.push(index);
  }
  return ends;
}

export function Chart({
  title,
  data,
  lines,
  format,
  formatAxis,
  logarithmic = false,
  least = 1,
  sync,
  note,
  className,
}: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const theme = useThemeChanges();
  const [at, setAt] = useState<number | null>(null);

  const make = useEffectEvent((target: HTMLElement): uPlot => {
    const colour = (token: string) => colourOf(token, target);
    const axis = {
      stroke: colour('--ink-3'),
      font: '11px "Geist Variable", sans-serif',
      ticks: { show: false },
    };
    const decades = (_: uPlot, ticks: number[]) =>
      ticks.map((tick) => (Number.isInteger(Math.log10(tick)) ? tick : null));
    const grid = { stroke: colour('--line'), width: 1, ...(logarithmic ? { filter: decades } : {}) };
    return new uPlot(
      {
        width: target.clientWidth,
        height: target.clientHeight,
        padding: [8, 16, 0, 0],
        legend: { show: false },
        cursor: {
          sync: { key: sync },
          y: false,
          points: { size: 6 },
          drag: { x: false, y: false },
        },
        scales: {
          x: { time: true },
          y: logarithmic
            ? {
                distr: 3,
                range: (_, low, high) => [
                  Math.max(0.5, 10 ** Math.floor(Math.log10(low || 1))),
                  Math.max(least, high * 1.4),
                ],
              }
            : { range: (_, __, high) => [0, Math.max(least, (high || 0) * 1.15)] },
        },
        axes: [
          {
            ...axis,
            grid: { show: false },
            size: 24,
            gap: 6,
            space: 70,
            values: (_, ticks) => ticks.map((tick) => formatTime(tick * 1_000, Date.now()).slice(0, 5)),
          },
          {
            ...axis,
            grid,
            size: 56,
            gap: 6,
            space: 34,
            values: (_, ticks) => ticks.map((tick) => (tick === null ? '' : (formatAxis ?? format)(tick))),
            ...(logarithmic ? { filter: decades } : {}),
          },
        ],
        series: [
          {},
          ...lines.map((line) => ({
            label: line.label,
            stroke: colour(line.token),
            width: 1.5,
            // A value or two are no line: they are a point.
            points: {
              show: true,
              size: 5,
              width: 0,
              fill: colour(line.token),
              filter: (u: uPlot, row: number) => alone(u.data[row] ?? []),
            },
            spanGaps: false,
            ...(line.dashed === true ? { dash: [4, 3] } : {}),
            ...(line.fill === true ? { fill: faded(colour(line.token), 0.12) } : {}),
          })),
        ],
        hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? null)] },
      },
      data as unknown as uPlot.AlignedData,
      target,
    );
  });

  useEffect(() => {
    const target = box.current;
    if (target === null) return;
    const made = make(target);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (target.clientWidth > 0) made.setSize({ width: target.clientWidth, height: target.clientHeight });
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [theme]);

  useEffect(() => {
    plot.current?.setData(data as unknown as uPlot.AlignedData);
  }, [data]);

  const times = data[0] ?? [];
  const index = at ?? times.length - 1;
  const time = times[index];
  const valueOf = (row: number) => data[row + 1]?.[index] ?? null;
  return (
    <figure className={cx('flex min-h-0 flex-col', className)}>
      <figcaption className="flex flex-wrap items-baseline gap-x-3 gap-y-1 px-4 pt-2 pb-1 text-xs">
        {lines.map((line, row) => {
          const value = valueOf(row);
          return (
            <span key={line.label} className="inline-flex items-baseline gap-1.5 text-ink-2">
              <span
                aria-hidden
                className={cx('h-0.5 w-3 self-center rounded-full', line.dashed === true && 'opacity-60')}
                style={{ backgroundColor: `var(${line.token})` }}
              />
              {line.label}
              <span className="min-w-4 font-medium text-ink">{value === null ? '–' : format(value)}</span>
            </span>
          );
        })}
      </figcaption>
      <div className="relative min-h-0 flex-1">
        <div ref={box} role="img" aria-label={title} className="absolute inset-0 overflow-hidden" />
        {at !== null && typeof time === 'number' && (
          <span
            aria-hidden
            className="pointer-events-none absolute top-0 right-4 rounded-sm bg-panel/85 px-1 font-mono text-xs text-ink-3"
          >
            {formatTime(time * 1_000, Date.now())}
          </span>
        )}
        {note !== undefined && (
          <p className="absolute inset-0 flex animate-appear items-center justify-center pb-6 pl-14 text-sm text-ink-3">
            <span className="bg-panel px-2 text-center">{note}</span>
          </p>
        )}
      </div>
    </figure>
  );
}

/** A line so small that it needs no axes: its last values, and nothing to read off but the way they go. */
export function Sparkline({
  values,
  token,
  className,
}: {
  readonly values: readonly (number | null)[];
  readonly token: string;
  readonly className?: string;
}) {
  const high = Math.max(1, ...values.map((value) => value ?? 0));
  const points = values
    .map((value, index) =>
      value === null
        ? null
        : `${((index / Math.max(1, values.length - 1)) * 100).toFixed(1)},${(23 - (value / high) * 21).toFixed(1)}`,
    )
    .filter((point) => point !== null);
  return (
    <svg
      viewBox="0 0 100 24"
      preserveAspectRatio="none"
      aria-hidden
      className={cx('h-6 w-24 shrink-0', className)}
    >
      <polyline
        points={points.join(' ')}
        fill="none"
        stroke={`var(${token})`}
        strokeWidth={1.5}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
