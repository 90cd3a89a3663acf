import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { CloudDrizzle, CloudLightning, CloudOff, Copy, Snail, Sun } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { ask, sentence, useStore } from '@/api';
import type { BodyOf } from '@/api';
import { Panel, Skeleton, TEXT, cx, toast } from '@/ui';
import type { Tone } from '@/ui';
import { weatherQuery } from './queries';

type Wish = BodyOf<'/v1/gateways/{name}/weather', 'put'>;

interface Weather {
  readonly mode?: string;
  readonly drop_after?: number;
  readonly webhook?: { readonly duplicate?: number };
}

interface Choice {
  readonly id: string;
  readonly label: string;
  readonly means: string;
  readonly icon: LucideIcon;
  readonly tone: Tone;
  readonly wish: Wish;
}

const CHOICES: readonly Choice[] = [
  {
    id: 'ok',
    label: 'Fair',
    means: 'It does what it is asked',
    icon: Sun,
    tone: 'good',
    wish: { mode: 'ok' },
  },
  {
    id: 'slow',
    label: 'Slow',
    means: 'Answers take a second or three',
    icon: Snail,
    tone: 'people',
    wish: { mode: 'slow' },
  },
  {
    id: 'flaky',
    label: 'Flaky',
    means: 'Every third answer is an error, half of them after the deed',
    icon: CloudLightning,
    tone: 'people',
    wish: { mode: 'flaky' },
  },
  {
    id: 'lost',
    label: 'Lost answers',
    means: 'The money moves, and half of the answers never arrive',
    icon: CloudDrizzle,
    tone: 'failed',
    wish: { mode: 'ok', drop_after: 0.5 },
  },
  {
    id: 'down',
    label: 'Down',
    means: '503 for everybody, nothing is carried out',
    icon: CloudOff,
    tone: 'failed',
    wish: { mode: 'down' },
  },
  {
    id: 'duplicate',
    label: 'Duplicate notifications',
    means: 'Each notification comes twice',
    icon: Copy,
    tone: 'people',
    wish: { mode: 'ok', webhook: { duplicate: 1 } },
  },
];

/** Which of the choices the weather is; null for one that somebody made by hand. */
export function choiceOf({ mode = 'ok', drop_after = 0, webhook }: Weather): string | null {
  if (mode !== 'ok') return CHOICES.some((choice) => choice.id === mode) ? mode : null;
  if (drop_after > 0) return 'lost';
  return (webhook?.duplicate ?? 0) > 0 ? 'duplicate' : 'ok';
}

/** The mock bank's weather, made by one press. */
export function WeatherPanel() {
  const store = useStore();
  const client = useQueryClient();
  const weather = useQuery(weatherQuery(store.id));
  const make = useMutation({
    mutationFn: (choice: Choice) =>
      ask('put', '/v1/gateways/{name}/weather', { path: { name: 'bank' }, body: choice.wish }),
    onSuccess: (answer) => {
      client.setQueryData(weatherQuery(store.id).queryKey, answer.body);
      void client.invalidateQueries({ queryKey: [store.id, 'gateways'] });
      void client.invalidateQueries({ queryKey: ['node', 'gateways'] });
    },
    onError: (error) => toast('failed', 'The weather stays', sentence(error)),
  });
  const active = weather.data === undefined ? undefined : choiceOf(weather.data as Weather);
  return (
    <Panel title="Weather" aside="over all stores of this node">
      {weather.data === undefined ? (
        <Skeleton className="h-32" />
      ) : (
        <div role="group" aria-label="The bank’s weather" className="grid grid-cols-2 gap-2 md:grid-cols-3">
          {CHOICES.map((choice) => {
            const isActive = active === choice.id;
            const isMaking = make.isPending && make.variables === choice;
            return (
              <button
                key={choice.id}
                type="button"
                aria-pressed={isActive}
                aria-busy={isMaking || undefined}
                onClick={() => make.mutate(choice)}
                className={cx(
                  'flex flex-col items-start gap-1 rounded-md border p-3 text-left transition-colors',
                  isActive ? 'border-accent bg-accent-soft' : 'border-line-strong hover:bg-hover',
                  isMaking && 'opacity-60',
                )}
              >
                <span
                  className={cx('flex items-center gap-2 text-sm font-medium', isActive && TEXT[choice.tone])}
                >
                  <choice.icon size={16} aria-hidden /> {choice.label}
                </span>
                <span className="text-xs text-ink-2">{choice.means}</span>
              </button>
            );
          })}
        </div>
      )}
      {active === null && (
        <p className="mt-2 text-xs text-ink-3">The weather was made by hand, and is none of these.</p>
      )}
    </Panel>
  );
}
