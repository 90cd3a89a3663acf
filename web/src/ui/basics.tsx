import { Check, Copy, LoaderCircle } from 'lucide-react';
import { Children, useEffect, useId, useRef, useState } from 'react';
import type { ComponentProps, ReactNode } from 'react';
import { cx } from './cx';

const KINDS = {
  primary: 'bg-accent text-on-accent border-transparent hover:brightness-110 active:brightness-95',
  plain: 'bg-panel text-ink border-line-strong hover:bg-sunken active:bg-press',
  quiet: 'border-transparent text-ink-2 hover:bg-hover hover:text-ink active:bg-press',
  danger: 'bg-panel text-failed border-line-strong hover:bg-failed-soft',
  danger_solid: 'bg-failed text-panel border-transparent hover:brightness-110',
} as const;

interface ButtonProps extends ComponentProps<'button'> {
  readonly kind?: keyof typeof KINDS;
  readonly busy?: boolean;
  readonly size?: 'sm' | 'md';
}

/** A button. While `busy` it says so and takes no second press. */
export function Button({
  kind = 'plain',
  busy = false,
  size = 'md',
  className,
  children,
  disabled,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled === true || busy}
      aria-busy={busy || undefined}
      className={cx(
        'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors select-none',
        'disabled:opacity-50 disabled:hover:brightness-100',
        size === 'sm' ? 'h-7 px-2 text-xs' : 'h-8 px-3 text-sm',
        KINDS[kind],
        className,
      )}
    >
      {busy && <LoaderCircle size={14} className="animate-spin" aria-hidden />}
      {children}
    </button>
  );
}

/** A button that is an icon; `label` is what it is called. */
export function IconButton({
  label,
  className,
  children,
  ...rest
}: ComponentProps<'button'> & { readonly label: string }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        'inline-flex size-8 shrink-0 items-center justify-center rounded-md text-ink-2 transition-colors hover:bg-hover hover:text-ink active:bg-press disabled:opacity-50',
        className,
      )}
    >
      {children}
    </button>
  );
}

/** A surface with a heading of its own. */
export function Panel({
  title,
  aside,
  children,
  className,
  flush = false,
}: {
  readonly title?: ReactNode;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
  /** The content reaches the edges. */
  readonly flush?: boolean;
}) {
  const id = useId();
  return (
    <section
      aria-labelledby={title === undefined ? undefined : id}
      className={cx('flex min-w-0 flex-col rounded-lg border bg-panel', className)}
    >
      {title !== undefined && (
        <header className="flex min-h-10 items-center gap-2 border-b px-4 py-2">
          <h2 id={id} className="text-sm font-semibold">
            {title}
          </h2>
          {aside !== undefined && (
            <div className="ml-auto flex items-center gap-2 text-xs text-ink-3">{aside}</div>
          )}
        </header>
      )}
      <div className={cx('min-h-0 min-w-0 flex-1', !flush && 'p-4')}>{children}</div>
    </section>
  );
}

/** A key to press. */
export function Kbd({ children }: { readonly children: ReactNode }) {
  return (
    <kbd className="inline-flex h-[18px] min-w-[18px] items-center justify-center rounded-sm border border-line-strong bg-sunken px-1 font-mono text-[11px] text-ink-2">
      {children}
    </kbd>
  );
}

/** A place that fills soon. It stays invisible for a moment, so that quick answers do not flicker. */
export function Skeleton({ className }: { readonly className?: string }) {
  return <div aria-hidden className={cx('late rounded-md bg-press', className)} />;
}

/** Text for those who hear the page. */
export function Hidden({ children }: { readonly children: ReactNode }) {
  return <span className="sr-only">{children}</span>;
}

/** Copies a text, and says that it did. */
export function CopyButton({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }) {
  const [isDone, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <button
      type="button"
      aria-label={isDone ? 'Copied' : label}
      title={isDone ? 'Copied' : label}
      onClick={(event) => {
        event.stopPropagation();
        void navigator.clipboard.writeText(text).then(() => {
          setDone(true);
          clearTimeout(timer.current);
          timer.current = setTimeout(() => setDone(false), 1_500);
        });
      }}
      className="inline-flex size-6 items-center justify-center rounded-sm text-ink-3 hover:bg-hover hover:text-ink"
    >
      {isDone ? <Check size={13} className="text-good" aria-hidden /> : <Copy size={13} aria-hidden />}
    </button>
  );
}

/** An id, amount or code, as machines write it. */
export function Mono({
  children,
  className,
  title,
}: {
  readonly children: ReactNode;
  readonly className?: string;
  readonly title?: string;
}) {
  return (
    <span title={title} className={cx('font-mono text-[12px] tracking-[-0.01em]', className)}>
      {children}
    </span>
  );
}

/** Marks what has just changed, for a second. Nothing is marked when it is first shown. */
export function Flash({
  on,
  children,
  className,
}: {
  readonly on: string | number;
  readonly children: ReactNode;
  readonly className?: string;
}) {
  const [before, setBefore] = useState(on);
  const [count, setCount] = useState(0);
  if (before !== on) {
    setBefore(on);
    setCount(count + 1);
  }
  return (
    <span key={count} className={cx('-mx-1 rounded-sm px-1', count > 0 && 'animate-flash', className)}>
      {children}
    </span>
  );
}

/** Name and value, in rows. */
export function Facts({
  rows,
  className,
}: {
  readonly rows: readonly (readonly [ReactNode, ReactNode])[];
  readonly className?: string;
}) {
  return (
    <dl className={cx('grid grid-cols-[minmax(5rem,auto)_1fr] gap-x-4 gap-y-1.5 text-sm', className)}>
      {Children.toArray(
        rows.map(([name, value]) => (
          <>
            <dt className="text-ink-3">{name}</dt>
            <dd className="min-w-0 break-words">{value}</dd>
          </>
        )),
      )}
    </dl>
  );
}

/** How far something is. */
export function Progress({
  done,
  of,
  label,
}: {
  readonly done: number;
  readonly of: number;
  readonly label: string;
}) {
  const share = of === 0 ? 0 : Math.min(1, done / of);
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={of}
      aria-valuenow={done}
      className="h-1.5 overflow-hidden rounded-full bg-press"
    >
      <div
        className="h-full origin-left rounded-full bg-accent transition-transform"
        style={{ transform: `scaleX(${share})` }}
      />
    </div>
  );
}
