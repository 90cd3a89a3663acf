import { RefreshCw, TriangleAlert } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, Mono } from './basics';

/** Nothing is here: why, and what to do about it. */
export function Empty({
  icon: Icon,
  title,
  children,
  actions,
}: {
  readonly icon: LucideIcon;
  readonly title: string;
  readonly children?: ReactNode;
  readonly actions?: ReactNode;
}) {
  return (
    <div className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-10 text-center">
      <Icon size={22} strokeWidth={1.6} className="text-ink-3" aria-hidden />
      <p className="text-base font-medium">{title}</p>
      {children !== undefined && <div className="text-sm text-ink-2">{children}</div>}
      {actions !== undefined && <div className="mt-2 flex flex-wrap justify-center gap-2">{actions}</div>}
    </div>
  );
}

/** It did not work: what the server said, and what to do. */
export function Failure({
  what,
  says,
  advice,
  requestId,
  onRetry,
}: {
  readonly what: string;
  readonly says: string;
  readonly advice?: ReactNode;
  readonly requestId?: string | null;
  readonly onRetry?: () => void;
}) {
  return (
    <div role="alert" className="mx-auto flex max-w-md flex-col items-center gap-2 px-6 py-10 text-center">
      <TriangleAlert size={22} strokeWidth={1.6} className="text-failed" aria-hidden />
      <p className="text-base font-medium">{what}</p>
      <p className="text-sm text-ink-2">{says}</p>
      {advice !== undefined && <p className="text-sm text-ink-2">{advice}</p>}
      {requestId !== undefined && requestId !== null && (
        <p className="text-xs text-ink-3">
          request <Mono>{requestId}</Mono>
        </p>
      )}
      {onRetry !== undefined && (
        <Button onClick={onRetry} className="mt-2">
          <RefreshCw size={14} aria-hidden /> Try again
        </Button>
      )}
    </div>
  );
}

/** A bar over the content: something to know before reading on. */
export function Notice({
  tone,
  children,
}: {
  readonly tone: 'people' | 'failed' | 'moving';
  readonly children: ReactNode;
}) {
  const looks = {
    people: 'bg-people-soft text-people',
    failed: 'bg-failed-soft text-failed',
    moving: 'bg-moving-soft text-moving',
  };
  return (
    <div role="status" className={`flex items-center gap-2 rounded-md px-3 py-2 text-sm ${looks[tone]}`}>
      {children}
    </div>
  );
}

/** What is wrong with what was sent, as far as no field says so. */
export function Faults({
  of,
  besides = [],
}: {
  readonly of: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
  /** What fields say themselves. */
  readonly besides?: readonly string[];
}) {
  return of
    .filter((fault) => !besides.includes(fault.pointer))
    .map((fault) => (
      <Notice key={`${fault.pointer}${fault.code}`} tone="failed">
        {fault.detail}
      </Notice>
    ));
}
