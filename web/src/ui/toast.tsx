import { CircleCheck, CircleX, Info, X } from 'lucide-react';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { cx } from './cx';

interface Toast {
  readonly id: number;
  readonly kind: 'done' | 'failed' | 'info';
  readonly text: string;
  readonly detail?: string;
}

const KEPT_MAX = 4;
let toasts: readonly Toast[] = [];
let next = 1;
const watchers = new Set<() => void>();

function set(changed: readonly Toast[]): void {
  toasts = changed;
  for (const watcher of watchers) watcher();
}

/** Says what became of something, in the corner. Failures stay until somebody has seen them. */
export function toast(kind: Toast['kind'], text: string, detail?: string): void {
  const id = next;
  next += 1;
  set([...toasts, { id, kind, text, ...(detail === undefined ? {} : { detail }) }].slice(-KEPT_MAX));
  if (kind !== 'failed') setTimeout(() => drop(id), 5_000);
}

function drop(id: number): void {
  set(toasts.filter((one) => one.id !== id));
}

const ICONS = { done: CircleCheck, failed: CircleX, info: Info };
const COLOURS = { done: 'text-good', failed: 'text-failed', info: 'text-moving' };

/** The corner. Over dialogs, too. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => toasts,
  );
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const corner = ref.current;
    if (corner === null) return;
    // Raised anew with each change, so that it is over dialogs that were opened meanwhile.
    if (corner.matches(':popover-open')) corner.hidePopover();
    if (shown.length > 0) corner.showPopover();
  }, [shown]);
  return (
    <div
      ref={ref}
      popover="manual"
      aria-live="polite"
      className="inset-auto right-4 bottom-4 m-0 w-80 max-w-[calc(100vw-32px)] flex-col gap-2 overflow-visible bg-transparent p-0 text-ink open:flex max-md:bottom-18"
    >
      {shown.map((one) => {
        const Icon = ICONS[one.kind];
        return (
          <div
            key={one.id}
            className="flex animate-appear items-start gap-2 rounded-lg border border-line-strong bg-raised p-3"
          >
            <Icon size={16} className={cx('mt-0.5 shrink-0', COLOURS[one.kind])} aria-hidden />
            <div className="min-w-0 flex-1 text-sm">
              <p className="font-medium break-words">{one.text}</p>
              {one.detail !== undefined && <p className="break-words text-ink-2">{one.detail}</p>}
            </div>
            <button
              type="button"
              aria-label="Dismiss"
              onClick={() => drop(one.id)}
              className="rounded-sm p-0.5 text-ink-3 hover:bg-hover hover:text-ink"
            >
              <X size={14} aria-hidden />
            </button>
          </div>
        );
      })}
    </div>
  );
}
