import { CircleCheck, CircleDashed, Unplug } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import type { Gateway } from '@/api';
import { Ago, Facts, Flash, Mono, Panel, SOFT, TEXT, Until, cx, formatCount } from '@/ui';
import type { Tone } from '@/ui';

const LOOKS: Record<
  Gateway['breaker']['state'],
  { tone: Tone; icon: LucideIcon; word: string; means: string }
> = {
  closed: { tone: 'good', icon: CircleCheck, word: 'closed', means: 'Calls go out' },
  open: {
    tone: 'failed',
    icon: Unplug,
    word: 'open',
    means: 'The bank is taken to be away: calls are held back in their stores’ lanes',
  },
  half_open: {
    tone: 'people',
    icon: CircleDashed,
    word: 'half open',
    means: 'One call is out to see whether the bank is back',
  },
};

/** The breaker, and the calls that wait before it. */
export function BreakerPanel({ bank }: { readonly bank: Gateway }) {
  const { breaker, calls } = bank;
  const look = LOOKS[breaker.state];
  return (
    <Panel title="Breaker" aside="of the whole node">
      <div className={cx('mb-3 flex items-start gap-3 rounded-md p-3', SOFT[look.tone])} role="status">
        <look.icon size={18} className={cx('mt-0.5 shrink-0', TEXT[look.tone])} aria-hidden />
        <div className="min-w-0">
          <p className={cx('font-semibold', TEXT[look.tone])}>
            {look.word} <Ago at={breaker.since} className="ml-1 text-xs font-normal" />
          </p>
          <p className="text-sm text-ink-2">
            {look.means}
            {breaker.until !== null && (
              <>
                {' '}
                · next try <Until at={breaker.until} />
              </>
            )}
          </p>
        </div>
      </div>
      <Facts
        rows={[
          ['Calls waiting', <Figure key="w" value={calls.waiting} />],
          ['Under way', <Figure key="u" value={calls.under_way} />],
          ['Answered', <Figure key="a" value={calls.answered} />],
          ['Outages', <Figure key="o" value={breaker.outages} />],
          ['Opened', <Figure key="n" value={breaker.opened} />],
          ['Held back', <Figure key="r" value={breaker.refused} />],
        ]}
      />
    </Panel>
  );
}

function Figure({ value }: { readonly value: number }) {
  return (
    <Flash on={value}>
      <Mono>{formatCount(value)}</Mono>
    </Flash>
  );
}
