import type { StoreEvent } from '@/api';
import { dataOf } from './data';

/** How deep in the chain of causes each event stands: 0 for what came from outside. */
export function depths(events: readonly StoreEvent[]): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const event of events) {
    const cause = event.causation_id;
    found.set(event.id, cause === null ? 0 : (found.get(cause) ?? -1) + 1);
  }
  return found;
}

/** Whether its request belonged to a trace of somebody else's: only then its first event names one. */
export function hasForeignTrace(events: readonly StoreEvent[]): boolean {
  const first = events[0];
  return first !== undefined && typeof dataOf(first).trace_id === 'string';
}
