import { useEffect, useState } from 'react';
import { problemOf, useStore } from '@/api';
import type { LogLine } from '@/api';
import { SseReader, partsOf } from '@/api/sse';
import { backoffMs } from '@/api/stream';

/** The most lines that are kept here. */
const LINES_MAX = 500;

export type Level = 'error' | 'warn' | 'info' | 'debug';

export interface Tail {
  /** Oldest first; where lines were missed there is a gap. */
  readonly lines: readonly (LogLine | 'gap')[];
  readonly isLive: boolean;
  readonly says: string | null;
}

/** The store's log lines as they come: those that are there already first. */
export function useLogTail(level: Level, order: string | null, isHeld: boolean): Tail {
  const store = useStore().id;
  const [tail, setTail] = useState<Tail>({ lines: [], isLive: false, says: null });
  useEffect(() => {
    if (isHeld) return;
    const abort = new AbortController();
    const words = new URLSearchParams({ level });
    if (order !== null) words.set('order', order);
    const headers = { 'X-Store-ID': store };
    let held: (LogLine | 'gap')[] = [];
    let frame = 0;
    const show = () => {
      frame = 0;
      const more = held;
      held = [];
      setTail((before) => ({ ...before, lines: before.lines.concat(more).slice(-LINES_MAX) }));
    };
    const follow = async (lastId: string, failures: number): Promise<void> => {
      let [last, tries] = [lastId, failures];
      try {
        const response = await fetch(`/v1/logs/stream?${words}`, {
          headers: { ...headers, 'Last-Event-ID': last },
          signal: abort.signal,
          cache: 'no-store',
        });
        if (!response.ok || response.body === null) throw await problemOf(response);
        setTail((before) => ({ ...before, isLive: true, says: null }));
        tries = 0;
        const sse = new SseReader();
        for await (const messages of partsOf(response.body, sse)) {
          for (const message of messages) {
            if (message.event === 'gap') held.push('gap');
            else if (message.event === 'log') held.push(JSON.parse(message.data) as LogLine);
            else continue;
            if (frame === 0) frame = requestAnimationFrame(show);
          }
          if (sse.lastId !== '') last = sse.lastId;
        }
      } catch (error) {
        if (abort.signal.aborted) return;
        setTail((before) => ({ ...before, says: error instanceof Error ? error.message : null }));
      }
      setTail((before) => ({ ...before, isLive: false }));
      setTimeout(
        () => {
          if (!abort.signal.aborted) void follow(last, tries + 1);
        },
        backoffMs(tries, Math.random()),
      );
    };
    const begin = async () => {
      const response = await fetch(`/v1/logs?${words}&limit=200`, {
        headers,
        signal: abort.signal,
        cache: 'no-store',
      });
      if (!response.ok) throw await problemOf(response);
      const page = (await response.json()) as { data: LogLine[] };
      const lines = page.data.reverse();
      setTail({ lines, isLive: false, says: null });
      await follow(String(lines.at(-1)?.id ?? 0), 0);
    };
    begin().catch((error: unknown) => {
      if (abort.signal.aborted) return;
      setTail({
        lines: [],
        isLive: false,
        says: error instanceof Error ? error.message : 'The server does not answer',
      });
    });
    return () => {
      abort.abort();
      cancelAnimationFrame(frame);
    };
  }, [store, level, order, isHeld]);
  return tail;
}
