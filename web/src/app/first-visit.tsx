import { Suspense, lazy, useCallback, useEffect, useState } from 'react';
import { useStats } from '@/api';

const KEY = 'orderflow.tour';
const AGAIN = 'orderflow:tour';
const Tour = lazy(() => import('./tour').then((module) => ({ default: module.Tour })));

function wasHere(): boolean {
  try {
    return localStorage.getItem(KEY) !== null;
  } catch {
    // Nothing can be remembered here: better never than every time.
    return true;
  }
}

/** Shows the tour once more. */
export function startTour(): void {
  window.dispatchEvent(new Event(AGAIN));
}

/** The tour, for those who have not seen it: once, and once the page has something to show. */
export function FirstVisit() {
  const stats = useStats();
  const [isOn, setOn] = useState(false);
  const isReady = stats.isSuccess;
  useEffect(() => {
    if (!isReady || wasHere()) return;
    const timer = setTimeout(() => setOn(true), 900);
    return () => clearTimeout(timer);
  }, [isReady]);
  useEffect(() => {
    const again = () => setOn(true);
    window.addEventListener(AGAIN, again);
    return () => window.removeEventListener(AGAIN, again);
  }, []);
  const end = useCallback(() => {
    setOn(false);
    try {
      localStorage.setItem(KEY, 'done');
    } catch {
      // It was shown; that is all that matters now.
    }
  }, []);
  if (!isOn) return null;
  return (
    <Suspense>
      <Tour onEnd={end} />
    </Suspense>
  );
}
