import { useRouterState } from '@tanstack/react-router';
import { Ellipsis } from 'lucide-react';
import { useState } from 'react';
import { useStats } from '@/api';
import { Dialog, FILL, Hidden, Link, TEXT, cx, formatCountShort } from '@/ui';
import { placeAt, places } from './nav';
import type { Place } from './nav';

function useHere(): Place | undefined {
  return placeAt(useRouterState({ select: (state) => state.location.pathname }));
}

/** How many things a place has, as the stream says. */
function Count({ place }: { readonly place: Place }) {
  const stats = useStats();
  if (place.count === undefined || stats.data === undefined) return null;
  const { value, tone, means } = place.count(stats.data);
  if (value === 0) return null;
  return (
    <span
      className={cx('ml-auto font-mono text-xs', TEXT[tone])}
      title={`${formatCountShort(value)} ${means}`}
    >
      {formatCountShort(value)}
      <Hidden> {means}</Hidden>
    </span>
  );
}

export function SideNav() {
  const here = useHere();
  return (
    <nav aria-label="Places" className="row-span-2 hidden flex-col border-r bg-panel md:flex">
      <Link to="/" className="flex h-12 items-center gap-2 px-4 text-base font-semibold tracking-[-0.01em]">
        <img src="/favicon.svg" alt="" width={20} height={20} />
        OrderFlow
      </Link>
      <ul className="flex flex-col gap-0.5 p-2" data-tour="places">
        {places.map((place) => (
          <li key={place.noun}>
            <Entry place={place} isHere={here === place} />
          </li>
        ))}
      </ul>
      <p className="mt-auto px-4 py-3 text-xs text-ink-3">
        <a href="/docs" target="_blank" rel="noreferrer" className="hover:text-ink hover:underline">
          API reference
        </a>
      </p>
    </nav>
  );
}

function Entry({ place, isHere }: { readonly place: Place; readonly isHere: boolean }) {
  const Icon = place.icon;
  return (
    <span {...(isHere ? { 'aria-current': 'page' as const } : {})} className="block">
      <Link
        to={place.path}
        className={cx(
          'relative flex h-8 items-center gap-2.5 rounded-md px-2.5 text-sm transition-colors',
          isHere ? 'bg-press font-medium text-ink' : 'text-ink-2 hover:bg-hover hover:text-ink',
        )}
      >
        {isHere && (
          <span aria-hidden className="absolute top-2 bottom-2 -left-2 w-[3px] rounded-r-full bg-accent" />
        )}
        <Icon size={16} strokeWidth={1.8} aria-hidden />
        {place.label}
        <Count place={place} />
      </Link>
    </span>
  );
}

/** Phones: the four places of the thumb, and the rest behind one. */
export function BottomNav() {
  const here = useHere();
  const [isOpen, setOpen] = useState(false);
  const near = places
    .filter((place) => ['dashboard', 'orders', 'alerts', 'reviews'].includes(place.noun))
    .slice(0, 4);
  const far = places.filter((place) => !near.includes(place));
  return (
    <nav
      aria-label="Places"
      data-tour="places"
      className="flex items-stretch border-t bg-panel pb-[env(safe-area-inset-bottom)] md:hidden"
    >
      {near.map((place) => (
        <Link
          key={place.noun}
          to={place.path}
          className={cx(
            'relative flex h-13 flex-1 flex-col items-center justify-center gap-0.5 text-2xs',
            here === place ? 'font-medium text-accent' : 'text-ink-2',
          )}
        >
          <span className="relative">
            <place.icon size={19} strokeWidth={1.8} aria-hidden />
            <Dot place={place} />
          </span>
          {place.label}
        </Link>
      ))}
      {far.length > 0 && (
        <button
          type="button"
          onClick={() => setOpen(true)}
          className="flex h-13 flex-1 flex-col items-center justify-center gap-0.5 text-2xs text-ink-2"
        >
          <Ellipsis size={19} aria-hidden />
          More
        </button>
      )}
      <Dialog open={isOpen} onClose={() => setOpen(false)} title="More">
        <ul className="flex flex-col gap-1" onClick={() => setOpen(false)}>
          {far.map((place) => (
            <li key={place.noun}>
              <Entry place={place} isHere={here === place} />
            </li>
          ))}
        </ul>
      </Dialog>
    </nav>
  );
}

function Dot({ place }: { readonly place: Place }) {
  const stats = useStats();
  if (place.noun === 'orders' || place.count === undefined || stats.data === undefined) return null;
  const { value, tone, means } = place.count(stats.data);
  if (value === 0) return null;
  return (
    <span className={cx('absolute -top-0.5 -right-1 size-2 rounded-full border border-panel', FILL[tone])}>
      <Hidden>
        {value} {means}
      </Hidden>
    </span>
  );
}
