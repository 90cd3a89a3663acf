import type { Alert } from '@/api';

/** What is shown of the desk. */
export const VIEWS = ['open', 'firing', 'acknowledged', 'silenced', 'resolved'] as const;
export type View = (typeof VIEWS)[number];

export function viewOf(text: string | undefined): View {
  return VIEWS.find((view) => view === text) ?? 'open';
}

/** Whether nobody wants to hear of it now. */
export function isSilenced(alert: Alert, now: number): boolean {
  return (
    alert.status !== 'resolved' && alert.silenced_until !== null && Date.parse(alert.silenced_until) > now
  );
}

/** Those that a view shows: what is silenced stands in its own, and under “open”. */
export function inView(alerts: readonly Alert[], view: View, now: number): readonly Alert[] {
  switch (view) {
    case 'open':
      return alerts.filter((alert) => alert.status !== 'resolved');
    case 'silenced':
      return alerts.filter((alert) => isSilenced(alert, now));
    case 'firing':
    case 'acknowledged':
      return alerts.filter((alert) => alert.status === view && !isSilenced(alert, now));
    case 'resolved':
      return alerts.filter((alert) => alert.status === 'resolved');
  }
}

const WEIGHT: Readonly<Record<string, number>> = { critical: 0, warning: 1, info: 2 };

/** What nobody looks after before what somebody does, the worst first, then the newest. */
export function worstFirst(alerts: readonly Alert[], now: number): readonly Alert[] {
  const rank = (alert: Alert) =>
    (isSilenced(alert, now) ? 20 : 0) + (alert.status === 'firing' ? 0 : 10) + (WEIGHT[alert.severity] ?? 3);
  return [...alerts].sort(
    (a, b) => rank(a) - rank(b) || b.first_seen_at.localeCompare(a.first_seen_at) || a.id.localeCompare(b.id),
  );
}

/** For how long, in minutes, and how people say it. */
export const SILENCES = [
  { minutes: 15, says: 'for 15 minutes' },
  { minutes: 60, says: 'for an hour' },
  { minutes: 240, says: 'for 4 hours' },
  { minutes: 1_440, says: 'for a day' },
  { minutes: 10_080, says: 'for a week' },
] as const;

const NAME = 'orderflow.name';

/** Who acknowledges and resolves, as this browser remembers. */
export function savedName(storage: Pick<Storage, 'getItem'>): string {
  try {
    return storage.getItem(NAME) ?? '';
  } catch {
    return '';
  }
}

export function saveName(storage: Pick<Storage, 'setItem'>, name: string): void {
  try {
    storage.setItem(NAME, name);
  } catch {
    // Storage is closed: it holds until the page is left.
  }
}

/** A text cut where it names a time, as machines write them. */
export function timesIn(text: string): readonly { readonly text: string; readonly isTime: boolean }[] {
  return text
    .split(/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)/)
    .map((part, index) => ({ text: part, isTime: index % 2 === 1 }))
    .filter((part) => part.text !== '');
}
