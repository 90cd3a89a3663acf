import { Check, X } from 'lucide-react';
import type { Order, Tracking } from '@/api';
import { Skeleton, Time, cx, words } from '@/ui';

/** The way of an order, as its shopper sees it: what is done, where it is, what is to come. */
export function Steps({
  tracking,
  order,
}: {
  readonly tracking: Tracking | undefined;
  readonly order: Order;
}) {
  if (tracking === undefined) return <Skeleton className="m-4 h-12" />;
  const isOver = order.status === 'canceled' || order.status === 'expired';
  const word = (name: string) => (name === 'canceled' && order.status === 'expired' ? 'expired' : name);
  return (
    <ol className="flex items-start overflow-x-auto px-2 pt-4 pb-3 md:px-4" aria-label="Steps">
      {tracking.steps.map((step, index) => {
        const isDone = step.state === 'done';
        const isNow = step.state === 'current';
        const isEnd = step.name === 'canceled';
        const isFirst = index === 0;
        return (
          <li
            key={step.name}
            aria-current={isNow ? 'step' : undefined}
            className="relative flex min-w-15 flex-1 flex-col items-center gap-1 text-center"
          >
            {!isFirst && (
              <span
                aria-hidden
                className={cx(
                  'absolute top-[9px] right-1/2 left-[-50%] mx-3.5 h-0.5 rounded-full',
                  isEnd ? 'bg-undone' : isDone || isNow ? 'bg-good' : 'bg-line-strong',
                )}
              />
            )}
            <span
              aria-hidden
              className={cx(
                'relative flex size-5 items-center justify-center rounded-full border-2',
                isEnd
                  ? 'border-undone bg-undone text-panel'
                  : isDone
                    ? 'border-good bg-good text-panel'
                    : isNow
                      ? 'border-moving bg-panel'
                      : 'border-line-strong bg-panel',
              )}
            >
              {isEnd ? (
                <X size={12} strokeWidth={3} />
              ) : isDone ? (
                <Check size={12} strokeWidth={3} />
              ) : (
                isNow && <span className="size-2 rounded-full bg-moving" />
              )}
            </span>
            <span
              className={cx(
                'text-xs leading-4 font-medium max-sm:text-2xs',
                !isDone && !isNow && 'text-ink-3',
              )}
            >
              {words(word(step.name))}
            </span>
            <span className="text-2xs text-ink-3">
              {step.at === null ? (
                ' '
              ) : step.state === 'to_come' ? (
                <>
                  expected <Time at={step.at} />
                </>
              ) : (
                <Time at={step.at} />
              )}
            </span>
          </li>
        );
      })}
      {isOver && tracking.steps.length < 3 && <li aria-hidden className="flex-[2]" />}
    </ol>
  );
}
