import { BellOff, Check, ChevronsUp, Eye } from 'lucide-react';
import type { Alert } from '@/api';
import {
  ALERT,
  Ago,
  Button,
  Flash,
  Link,
  Menu,
  Mono,
  SEVERITY,
  Status,
  TEXT,
  Time,
  Until,
  capital,
  cx,
  formatCount,
  lookOf,
  shortId,
} from '@/ui';
import { SILENCES, isSilenced, timesIn } from './desk';
import { kindOf, targetOf } from './kinds';

export type Act =
  | { readonly verb: 'acknowledge' }
  | { readonly verb: 'resolve' }
  | { readonly verb: 'silence'; readonly minutes: number };

/** One alert: what is wrong, since when, who looks after it, and what to do. */
export function AlertRow({
  alert,
  now,
  isSelected,
  isBusy,
  onSelect,
  onAct,
}: {
  readonly alert: Alert;
  readonly now: number;
  readonly isSelected: boolean;
  readonly isBusy: boolean;
  readonly onSelect: () => void;
  readonly onAct: (act: Act) => void;
}) {
  const kind = kindOf(alert.kind);
  const severity = lookOf(SEVERITY, alert.severity);
  const target = targetOf(alert);
  const isOver = alert.status === 'resolved';
  const silenced = isSilenced(alert, now);
  const Icon = kind.icon;
  return (
    <li
      id={alert.id}
      aria-current={isSelected || undefined}
      onClick={onSelect}
      className={cx(
        'flex animate-appear gap-3 px-4 py-3 md:px-6',
        isSelected && 'bg-accent-soft shadow-[inset_3px_0_0_var(--accent)]',
      )}
    >
      <span className={cx('mt-0.5 shrink-0', isOver || silenced ? 'text-ink-3' : TEXT[severity.tone])}>
        <Icon size={17} aria-hidden />
      </span>
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm">
          <span className="font-semibold">{capital(kind.word)}</span>
          <Subject alert={alert} />
          <Status look={severity} quiet />
          <Flash on={alert.status} className="flex">
            <Status look={lookOf(ALERT, alert.status)} />
          </Flash>
          {silenced && alert.silenced_until !== null && (
            <span className="inline-flex items-center gap-1 text-xs text-ink-2">
              <BellOff size={13} aria-hidden /> silenced, ends <Until at={alert.silenced_until} />
            </span>
          )}
          {alert.escalations > 0 && !isOver && (
            <span
              title="Nobody acknowledged it in time"
              className="inline-flex items-center gap-1 text-xs font-medium text-failed"
            >
              <ChevronsUp size={13} aria-hidden />
              escalated {alert.escalations === 1 ? 'once' : `${alert.escalations} times`}
            </span>
          )}
        </p>
        <p className="text-sm break-words">
          <Flash on={alert.message}>
            <Message text={alert.message} />
          </Flash>
        </p>
        {!isOver && kind.helps !== '' && <p className="text-xs text-ink-2">{kind.helps}</p>}
        <p className="flex flex-wrap gap-x-3 text-xs text-ink-3">
          <span>
            first seen <Ago at={alert.first_seen_at} />
          </span>
          {alert.count > 1 && (
            <span>
              seen <Flash on={alert.count}>{formatCount(alert.count)}</Flash> times, last{' '}
              <Ago at={alert.last_seen_at} />
            </span>
          )}
          {alert.acknowledged_by !== null && <span>acknowledged by {alert.acknowledged_by}</span>}
          {alert.resolved_at !== null && (
            <span>
              over <Ago at={alert.resolved_at} />,{' '}
              {alert.resolved_by === 'person' ? 'a person said so' : 'the condition cleared'}
            </span>
          )}
        </p>
        {!isOver && (
          <div className="mt-1 flex flex-wrap items-center gap-2">
            {target !== null && (
              <Link
                to={target.to}
                {...(target.search === undefined ? {} : { search: target.search })}
                className="inline-flex h-7 items-center rounded-md border border-line-strong bg-panel px-2 text-xs font-medium hover:bg-sunken"
              >
                {target.says}
              </Link>
            )}
            {alert.status === 'firing' && (
              <Button size="sm" busy={isBusy} onClick={() => onAct({ verb: 'acknowledge' })}>
                <Eye size={13} aria-hidden className="max-sm:hidden" /> Acknowledge
              </Button>
            )}
            <Button size="sm" busy={isBusy} onClick={() => onAct({ verb: 'resolve' })}>
              <Check size={13} aria-hidden className="max-sm:hidden" /> Resolve
            </Button>
            <Menu
              label="Silence"
              align="start"
              trigger={
                <Button size="sm" kind="quiet" disabled={isBusy}>
                  <BellOff size={13} aria-hidden className="max-sm:hidden" />{' '}
                  {silenced ? 'Silence longer' : 'Silence'}
                </Button>
              }
              entries={SILENCES.map(({ minutes, says }) => ({
                label: says,
                onSelect: () => onAct({ verb: 'silence', minutes }),
              }))}
            />
          </div>
        )}
      </div>
    </li>
  );
}

/** The words of an alert; times in them as people read them. */
function Message({ text }: { readonly text: string }) {
  return timesIn(capital(text)).map((part, index) =>
    part.isTime ? <Time key={index} at={part.text} /> : <span key={index}>{part.text}</span>,
  );
}

/** With what it is; a link where that has a page. */
function Subject({ alert }: { readonly alert: Alert }) {
  const target = targetOf(alert);
  const name = alert.subject.startsWith('ord_') ? shortId(alert.subject) : alert.subject;
  if (target === null) return <Mono className="break-all text-ink-2">{alert.subject}</Mono>;
  return (
    <Link
      to={target.to}
      {...(target.search === undefined ? {} : { search: target.search })}
      className="text-accent hover:underline"
    >
      <Mono className="break-all" title={alert.subject}>
        {name}
      </Mono>
    </Link>
  );
}
