import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Button } from '@/ui';

interface Stop {
  /** What it points at: `data-tour` of an element. What is not on the screen is left out. */
  readonly at: string;
  readonly title: string;
  readonly text: string;
}

const STOPS: readonly Stop[] = [
  {
    at: 'live',
    title: 'Everything here is live',
    text: 'Figures, charts, lists and orders change as events are written. When the connection is lost, it says so here, and catches up by itself.',
  },
  {
    at: 'needs-you',
    title: 'What needs you',
    text: 'Alerts, reviews, stock at risk and payments that wait: each appears at once, says why, and leads to where it is mended.',
  },
  {
    at: 'palette',
    title: 'Find anything',
    text: 'One field for all: an order by its id, name or e-mail address, a place, a command. Ctrl or ⌘ and K.',
  },
  {
    at: 'places',
    title: 'Orders, and what they wait for',
    text: 'Every order tells its whole story: money, stock, the way and the way back. Place a test order there, with a card that fails if you like.',
  },
];

const GAP = 10;
const WIDTH = 320;

function elementOf(stop: Stop | undefined): Element | null {
  const found = stop === undefined ? null : document.querySelector(`[data-tour="${stop.at}"]`);
  return found !== null && found.getClientRects().length > 0 ? found : null;
}

/** Four stops for those who are here for the first time. */
export function Tour({ onEnd }: { readonly onEnd: () => void }) {
  const [stops] = useState(() => STOPS.filter((stop) => elementOf(stop) !== null));
  const [nth, setNth] = useState(0);
  const [place, setPlace] = useState<{ ring: DOMRect; left: number; top: number } | null>(null);
  const card = useRef<HTMLDivElement>(null);
  const stop = stops[nth];

  useLayoutEffect(() => {
    const put = () => {
      const ring = elementOf(stop)?.getBoundingClientRect();
      if (ring === undefined) return;
      const height = card.current?.offsetHeight ?? 160;
      const isBelow = ring.bottom + GAP + height < window.innerHeight;
      const beside = ring.width < window.innerWidth / 3 && ring.height > 240;
      setPlace({
        ring,
        left: Math.max(12, Math.min(window.innerWidth - WIDTH - 12, beside ? ring.right + GAP : ring.left)),
        top: beside ? ring.top + 60 : isBelow ? ring.bottom + GAP : Math.max(12, ring.top - height - GAP),
      });
    };
    put();
    const observer = new ResizeObserver(put);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, [stop]);

  useEffect(() => {
    card.current?.focus();
  }, [nth, place === null]); // eslint-disable-line react-hooks/exhaustive-deps

  useEffect(() => {
    const leave = (event: KeyboardEvent) => {
      if (event.key === 'Escape') onEnd();
    };
    window.addEventListener('keydown', leave);
    return () => window.removeEventListener('keydown', leave);
  }, [onEnd]);

  if (stop === undefined || place === null) return null;
  const isLast = nth === stops.length - 1;
  return (
    <div className="pointer-events-none fixed inset-0 z-40">
      <div
        aria-hidden
        className="absolute rounded-lg border-2 border-accent transition-all"
        style={{
          left: place.ring.left - 4,
          top: place.ring.top - 4,
          width: place.ring.width + 8,
          height: place.ring.height + 8,
        }}
      />
      <div
        ref={card}
        role="dialog"
        aria-labelledby="tour-title"
        tabIndex={-1}
        className="pointer-events-auto absolute flex animate-appear flex-col gap-2 rounded-lg border border-line-strong bg-raised p-4 shadow-[0_6px_24px_#0000001f] outline-none"
        style={{ left: place.left, top: place.top, width: Math.min(WIDTH, window.innerWidth - 24) }}
      >
        <h2 id="tour-title" className="text-base font-semibold">
          {stop.title}
        </h2>
        <p className="text-sm text-ink-2">{stop.text}</p>
        <div className="mt-1 flex items-center gap-2">
          <span className="mr-auto font-mono text-xs text-ink-3">
            {nth + 1} of {stops.length}
          </span>
          {!isLast && (
            <Button kind="quiet" size="sm" onClick={onEnd}>
              Skip
            </Button>
          )}
          <Button kind="primary" size="sm" onClick={() => (isLast ? onEnd() : setNth(nth + 1))}>
            {isLast ? 'Done' : 'Next'}
          </Button>
        </div>
      </div>
    </div>
  );
}
