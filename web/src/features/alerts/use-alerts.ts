import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { get, useStore } from '@/api';
import type { Alert, AlertStatus } from '@/api';

const PAGE = 100;
/** Alerts that are not over are few: a desk keeps so many. */
const PAGES_MAX = 6;

/** Alerts that are not over, all of them. */
export function useOpenAlerts() {
  const store = useStore();
  return useQuery({
    queryKey: [store.id, 'alerts', 'desk'],
    queryFn: async ({ signal }) => {
      const [firing, acknowledged] = await Promise.all([
        readAll(store.id, 'firing', signal),
        readAll(store.id, 'acknowledged', signal),
      ]);
      // Between the two answers one may have moved on: the later account counts.
      const all = new Map<string, Alert>();
      for (const alert of [...firing, ...acknowledged]) {
        if ((all.get(alert.id)?.version ?? -1) < alert.version) all.set(alert.id, alert);
      }
      return [...all.values()];
    },
  });
}

async function readAll(store: string, status: AlertStatus, signal: AbortSignal): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer: Awaited<ReturnType<typeof readPage>> = await readPage(store, status, cursor, signal);
    alerts.push(...answer.data);
    cursor = answer.next_cursor;
    if (cursor === null) break;
  }
  return alerts;
}

function readPage(store: string, status: AlertStatus, cursor: string | null, signal: AbortSignal) {
  const query = { status, limit: PAGE, ...(cursor === null ? {} : { cursor }) };
  return get('/v1/alerts', { store, query, signal });
}

/** Alerts that are over, the newest first, page by page. */
export function useResolvedAlerts(isAsked: boolean) {
  const store = useStore();
  return useInfiniteQuery({
    queryKey: [store.id, 'alerts', 'resolved'],
    queryFn: ({ pageParam, signal }) => readPage(store.id, 'resolved', pageParam, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    enabled: isAsked,
    maxPages: 10,
  });
}
