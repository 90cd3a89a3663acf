import type { Review } from '@/api';
import { FILL, TEXT, cx, formatDuration, formatUtc, useNow } from '@/ui';
import { urgency, usedUp } from './queue';

/** How long people have, and what happens when they do nothing. */
export function SlaClock({ review, large = false }: { readonly review: Review; readonly large?: boolean }) {
  const now = useNow();
  const left = Date.parse(review.due_at) - now;
  const used = usedUp(review, now);
  const tone = urgency(used);
  const ending = review.on_lapse === 'approve' ? 'approved' : 'rejected';
  return (
    <div className="flex flex-col gap-1">
      <p className="flex flex-wrap items-baseline gap-x-2">
        <time
          dateTime={review.due_at}
          title={formatUtc(Date.parse(review.due_at))}
          className={cx('font-mono', large ? 'text-lg font-semibold' : 'text-xs', TEXT[tone])}
        >
          {left > 0 ? countdown(left) : 'now'}
        </time>
        <span className="text-xs text-ink-2">
          {left > 0 ? (
            <>
              until it is <span className="font-medium text-ink">{ending} by itself</span>
            </>
          ) : (
            <>it is being {ending} by itself</>
          )}
        </span>
      </p>
      <span
        role="img"
        aria-label={`${Math.round(used * 100)} % of the time is used up`}
        className="block h-1 overflow-hidden rounded-full bg-press"
      >
        <span className={cx('block h-full', FILL[tone])} style={{ width: `${used * 100}%` }} />
      </span>
    </div>
  );
}

/** Seconds are counted where they matter. */
function countdown(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  if (seconds >= 2 * 86_400) return formatDuration(ms);
  const part = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3_600);
  return `${hours > 0 ? `${hours}:` : ''}${part(Math.floor((seconds % 3_600) / 60))}:${part(seconds % 60)}`;
}
