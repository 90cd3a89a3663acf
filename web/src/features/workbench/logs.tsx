import { Pause, Play, ScrollText } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { Button, Empty, Link, Select, Time, cx, shortId, shortTrace } from '@/ui';
import { useLogTail } from './tail';
import type { Level } from './tail';

const LEVELS = [
  { value: 'debug', label: 'all levels' },
  { value: 'info', label: 'info and graver' },
  { value: 'warn', label: 'warnings and errors' },
  { value: 'error', label: 'errors' },
];
const TONES: Readonly<Record<string, string>> = {
  error: 'text-failed',
  warn: 'text-people',
  info: 'text-moving',
  debug: 'text-ink-3',
  trace: 'text-ink-3',
};

/** What the program says of this store, as it says it. */
export function Logs({ order }: { readonly order: string | null }) {
  const [level, setLevel] = useState<Level>('debug');
  const [isHeld, setHeld] = useState(false);
  const tail = useLogTail(level, order, isHeld);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isHeld) end.current?.scrollIntoView({ block: 'nearest' });
  }, [tail.lines, isHeld]);
  return (
    <div className="flex flex-col">
      <div className="sticky top-0 z-10 flex items-center gap-2 border-b bg-panel px-4 py-1.5 text-xs text-ink-3">
        <Select
          aria-label="How grave"
          value={level}
          choices={LEVELS}
          onChange={(value) => setLevel(value as Level)}
          className="w-44"
        />
        <Button size="sm" kind="quiet" onClick={() => setHeld(!isHeld)}>
          {isHeld ? <Play size={13} aria-hidden /> : <Pause size={13} aria-hidden />}
          {isHeld ? 'Go on' : 'Hold'}
        </Button>
        {order !== null && <span>only the replayed order</span>}
        <span className="ml-auto">
          {isHeld ? 'held' : tail.isLive ? 'live' : (tail.says ?? 'connecting')}
        </span>
      </div>
      {tail.lines.length === 0 ? (
        <Empty icon={ScrollText} title="Nothing was said">
          Lines appear where something is refused, waits or fails. Break the bank to see some.
        </Empty>
      ) : (
        <ol className="font-mono text-xs">
          {tail.lines.map((line, nth) =>
            line === 'gap' ? (
              <li key={`gap-${nth}`} className="border-b border-line/60 px-4 py-0.5 text-people">
                some lines were missed: there were more than are kept
              </li>
            ) : (
              <li key={line.id} className="flex gap-3 border-b border-line/60 px-4 py-0.5">
                <span className="shrink-0 text-ink-3">
                  <Time at={line.at} exact />
                </span>
                <span className={cx('w-11 shrink-0', TONES[line.level])}>{line.level}</span>
                <span className="min-w-0 break-words">
                  {line.message}
                  {line.order_id !== null && (
                    <>
                      {' '}
                      <Link to={`/orders/${line.order_id}`} className="text-accent hover:underline">
                        {shortId(line.order_id)}
                      </Link>
                    </>
                  )}
                  {line.trace_id !== null && (
                    <span className="text-ink-3" title={line.trace_id}>
                      {' '}
                      trace={shortTrace(line.trace_id)}
                    </span>
                  )}
                  {Object.entries((line.fields ?? {}) as Record<string, unknown>).map(([name, value]) => (
                    <span key={name} className="text-ink-3">
                      {' '}
                      {name}={typeof value === 'string' ? value : JSON.stringify(value)}
                    </span>
                  ))}
                </span>
              </li>
            ),
          )}
        </ol>
      )}
      <div ref={end} />
    </div>
  );
}
