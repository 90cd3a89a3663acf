import { useQuery } from '@tanstack/react-query';
import { get, useStore } from '@/api';
import type { Review } from '@/api';
import type { Tone } from '@/ui';
import { RISK, Skeleton, Status, TEXT, cx, lookOf, words } from '@/ui';

/** From where a score is elevated, and from where it is the highest. */
const ELEVATED = 65;
const HIGHEST = 75;

/** The store's rules; an event says when they changed. */
export function useRules() {
  const store = useStore();
  return useQuery({
    queryKey: [store.id, 'reviews', 'rules'],
    queryFn: async ({ signal }) => (await get('/v1/fraud/rules', { store: store.id, signal })).rules,
  });
}

/** Why people shall look: the rules that want it, as they are written, and how risky the order looks. */
export function Reasons({ review }: { readonly review: Review }) {
  const rules = useRules();
  const level = lookOf(RISK, review.level);
  return (
    <section aria-label="Why" className="flex flex-col gap-3">
      <ul className="flex flex-col gap-2">
        {review.rules.length === 0 && (
          <li className="text-sm text-ink-2">No rule is named: the score alone.</li>
        )}
        {review.rules.map((name) => {
          const rule = rules.data?.find((one) => one.name === name);
          return (
            <li key={name} className="rounded-md border bg-sunken px-3 py-2">
              <p className="text-sm font-medium break-words">{words(name)}</p>
              {rules.data === undefined ? (
                <Skeleton className="mt-1 h-4 w-48" />
              ) : rule === undefined ? (
                <p className="text-xs text-ink-3">The store has changed or dropped this rule since.</p>
              ) : (
                <p className="text-xs text-ink-2">
                  asks for a person when <code className="font-mono break-words text-ink">{rule.when}</code>
                  {rule.when.includes('order.total') && <span className="text-ink-3"> (in minor units)</span>}
                </p>
              )}
            </li>
          );
        })}
      </ul>
      <div className="flex flex-col gap-1">
        <p className="flex items-baseline gap-2 text-sm">
          <span className="text-ink-2">Score</span>
          <span className={cx('font-mono font-semibold', TEXT[level.tone])}>{review.score}</span>
          <span className="text-ink-3">of 100</span>
          <span className="ml-auto">
            <Status look={level} />
          </span>
        </p>
        <ScoreBar score={review.score} fill={FILLS[level.tone]} />
      </div>
    </section>
  );
}

const FILLS: Record<Tone, string> = {
  waiting: 'bg-waiting',
  moving: 'bg-moving',
  people: 'bg-people',
  good: 'bg-good',
  undone: 'bg-undone',
  failed: 'bg-failed',
};

/** The score on its scale, with the points from which it is elevated and highest. */
function ScoreBar({ score, fill }: { readonly score: number; readonly fill: string }) {
  const zones = [
    { to: ELEVATED, from: 0 },
    { to: HIGHEST, from: ELEVATED },
    { to: 100, from: HIGHEST },
  ];
  return (
    <span
      role="img"
      aria-label={`${score} of 100; elevated from ${ELEVATED}, highest from ${HIGHEST}`}
      title={`Elevated from ${ELEVATED}, highest from ${HIGHEST}`}
      className="relative block py-1"
    >
      <span className="flex gap-0.5">
        {zones.map((zone) => (
          <span
            key={zone.to}
            className="h-1.5 overflow-hidden rounded-full bg-press"
            style={{ width: `${zone.to - zone.from}%` }}
          >
            <span
              className={cx('block h-full', fill)}
              style={{
                width: `${Math.min(100, Math.max(0, ((score - zone.from) / (zone.to - zone.from)) * 100))}%`,
              }}
            />
          </span>
        ))}
      </span>
      <span
        className="absolute top-0 h-3.5 w-0.5 rounded-full bg-ink"
        style={{ left: `calc(${score}% - 1px)` }}
      />
    </span>
  );
}
