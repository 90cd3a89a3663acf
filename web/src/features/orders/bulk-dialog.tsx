import { CircleCheck, CircleStop, Play } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { ApiProblem, Unreachable, decideReview, freshKey, get, post, sentence, useStore } from '@/api';
import type { CancelReason, Order } from '@/api';
import {
  Button,
  Dialog,
  Link,
  Money,
  Notice,
  ORDER,
  PAYMENT,
  Progress,
  SelectField,
  Status,
  TextField,
  formatCount,
  formatDuration,
  formatMoney,
  lookOf,
  shortId,
  useNow,
} from '@/ui';
import { BulkRun, isCandidate } from './bulk';
import type { BulkAction, More, Outcome, Progressed } from './bulk';
import { CANCEL_REASONS } from './cancel-dialog';
import { FIELDS, queryOf } from './filter';
import type { OrderFilter } from './filter';

/** So many orders are counted before anything is done; those after them are looked for on the way. */
const COUNTED_MAX = 5_000;
const SAMPLE = 8;

const DOES: Record<BulkAction, { label: string; verb: string; about: string }> = {
  cancel: {
    label: 'Cancel',
    verb: 'Cancel',
    about:
      'Stock goes back and money is given back by itself. Of orders that have left in part, only the rest is undone.',
  },
  retry: {
    label: 'Try the stuck step now',
    verb: 'Try',
    about:
      'Payments that wait for their next try are tried at once. An unknown outcome is looked up, never charged again.',
  },
  approve: {
    label: 'Approve reviews',
    verb: 'Approve',
    about: 'Orders that wait for a person go on to payment.',
  },
};

interface OrderPage {
  readonly data: readonly Order[];
  readonly next_cursor: string | null;
}

interface Counted {
  readonly looked: number;
  readonly found: readonly Order[];
  readonly isDone: boolean;
  /** Where those begin that were not counted. */
  readonly rest: string | null;
}

/** One thing to do to all orders that fit: what that would be, then doing it, then what did not work. */
export function BulkDialog({
  filter,
  onClose,
}: {
  readonly filter: OrderFilter;
  readonly onClose: () => void;
}) {
  const store = useStore();
  const [action, setAction] = useState<BulkAction>(filter.status === 'on_hold' ? 'approve' : 'cancel');
  const [reason, setReason] = useState<CancelReason>('staff');
  const [note, setNote] = useState('');
  const [counted, setCounted] = useState<Counted | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [progress, setProgress] = useState<Progressed | null>(null);
  const run = useRef<BulkRun | null>(null);
  const counting = useRef<AbortController | null>(null);
  useEffect(
    () => () => {
      counting.current?.abort();
      run.current?.stop();
    },
    [],
  );

  const readPage = (cursor: string | null, signal?: AbortSignal): Promise<OrderPage> =>
    get('/v1/orders', {
      store: store.id,
      query: { ...queryOf(filter), limit: 100, ...(cursor === null ? {} : { cursor }) },
      ...(signal === undefined ? {} : { signal }),
    });

  const count = async () => {
    counting.current?.abort();
    const abort = new AbortController();
    counting.current = abort;
    setError(null);
    setCounted({ looked: 0, found: [], isDone: false, rest: null });
    const found: Order[] = [];
    let looked = 0;
    let cursor: string | null = null;
    try {
      do {
        const page: OrderPage = await readPage(cursor, abort.signal);
        looked += page.data.length;
        found.push(...page.data.filter((order) => isCandidate(action, order)));
        cursor = page.next_cursor;
        setCounted({ looked, found: [...found], isDone: false, rest: null });
      } while (cursor !== null && found.length < COUNTED_MAX);
      setCounted({ looked, found, isDone: true, rest: cursor });
    } catch (failure) {
      if (abort.signal.aborted) setCounted(null);
      else setError(failure);
    }
  };

  const act = async (id: string, key: string): Promise<Outcome> => {
    const call = { store: store.id, path: { id }, key };
    try {
      if (action === 'cancel') await post('/v1/orders/{id}/cancel', { ...call, body: { reason } });
      else if (action === 'retry') await post('/v1/orders/{id}/retry', { ...call, body: {} });
      else await decideReview(store.id, id, 'approve', note, key);
      return { kind: 'done' };
    } catch (failure) {
      if (failure instanceof Unreachable || (failure instanceof ApiProblem && failure.isPassing)) {
        const afterMs = failure instanceof ApiProblem ? (failure.retryAfterMs ?? 500) : 1_000;
        return { kind: 'later', afterMs, why: sentence(failure) };
      }
      return { kind: 'refused', why: sentence(failure) };
    }
  };

  /** What follows those that were counted, page by page: orders taken meanwhile are none of them. */
  const onward = (rest: string | null): More | null => {
    if (rest === null) return null;
    let cursor: string | null = rest;
    return async () => {
      if (cursor === null) return null;
      const page: OrderPage = await readPage(cursor);
      cursor = page.next_cursor;
      return page.data.filter((order) => isCandidate(action, order)).map((order) => order.id);
    };
  };

  const start = (ids: readonly string[], rest: string | null = null) => {
    const tools = {
      act,
      sleep: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
      now: () => Date.now(),
      tell: coalesce(setProgress),
    };
    const made = new BulkRun(ids, freshKey(), tools, onward(rest));
    run.current = made;
    void made.run();
  };

  const isRunning = progress?.state === 'running';
  const left = progress === null ? 0 : progress.total - progress.done - progress.failed.length;
  return (
    <Dialog
      open
      side
      onClose={() => {
        if (!isRunning) onClose();
      }}
      title="Act on all that fit"
      footer={
        progress === null ? (
          counted?.isDone === true ? (
            <>
              <Button kind="quiet" onClick={() => setCounted(null)}>
                Back
              </Button>
              <Button
                kind={action === 'cancel' ? 'danger_solid' : 'primary'}
                disabled={counted.found.length === 0 && counted.rest === null}
                onClick={() =>
                  start(
                    counted.found.map((order) => order.id),
                    counted.rest,
                  )
                }
              >
                {DOES[action].verb} {counted.rest === null ? '' : 'all, more than '}
                {formatCount(counted.found.length)} {counted.found.length === 1 ? 'order' : 'orders'}
              </Button>
            </>
          ) : (
            <Button kind="primary" busy={counted !== null && error === null} onClick={() => void count()}>
              <Play size={14} aria-hidden /> Show what it would do
            </Button>
          )
        ) : isRunning ? (
          <Button kind="danger" onClick={() => run.current?.stop()}>
            <CircleStop size={14} aria-hidden /> Stop
          </Button>
        ) : (
          <>
            {progress.failed.length > 0 && (
              <Button onClick={() => start(progress.failed.map((one) => one.id))}>
                Try the failed again
              </Button>
            )}
            <Button kind="primary" onClick={onClose}>
              Done
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-4">
        <Asked filter={filter} />
        {counted === null && (
          <>
            <SelectField
              label="What to do"
              hint={DOES[action].about}
              value={action}
              onChange={setAction}
              choices={Object.entries(DOES).map(([value, { label }]) => ({ value, label }))}
            />
            {action === 'cancel' && (
              <SelectField label="Reason" value={reason} onChange={setReason} choices={CANCEL_REASONS} />
            )}
            {action === 'approve' && (
              <TextField label="Note, for other people" maxLength={200} value={note} onChange={setNote} />
            )}
          </>
        )}
        {error !== null && <Notice tone="failed">{sentence(error)}</Notice>}
        {counted !== null && progress === null && (
          <DryRun counted={counted} action={action} currency={store.currency} />
        )}
        {progress !== null && <Running progress={progress} left={left} />}
      </div>
    </Dialog>
  );
}

/** Progress is told many times a second: it is drawn once a frame. */
function coalesce(draw: (progress: Progressed) => void): (progress: Progressed) => void {
  let frame = 0;
  let newest: Progressed | null = null;
  return (progress) => {
    newest = progress;
    if (frame !== 0) return;
    frame = requestAnimationFrame(() => {
      frame = 0;
      if (newest !== null) draw(newest);
    });
  };
}

function Asked({ filter }: { readonly filter: OrderFilter }) {
  const set = FIELDS.filter(({ field }) => filter[field] !== undefined);
  return (
    <p className="text-sm text-ink-2">
      {set.length === 0 ? (
        'All orders of the store. Set a filter first to do it to fewer.'
      ) : (
        <>
          Orders with{' '}
          {set.map(({ field, label }, index) => (
            <span key={field}>
              {index > 0 && ', '}
              {label.toLowerCase()} <span className="font-medium text-ink">{filter[field]}</span>
            </span>
          ))}
          .
        </>
      )}
    </p>
  );
}

function DryRun({
  counted,
  action,
  currency,
}: {
  readonly counted: Counted;
  readonly action: BulkAction;
  readonly currency: string;
}) {
  const { found, looked, isDone, rest } = counted;
  const total = found.reduce((sum, order) => sum + order.total, 0);
  const captured = found.reduce((sum, order) => sum + order.amount_captured - order.amount_refunded, 0);
  return (
    <div className="flex flex-col gap-3">
      <p className="text-sm" role="status">
        {isDone ? '' : 'Counting… '}
        <span className="font-semibold">{formatCount(found.length)}</span> of {formatCount(looked)} orders
        would be touched, worth <span className="font-semibold">{formatMoney(total, currency)}</span>
        {action === 'cancel' && captured > 0 && (
          <>
            {' '}
            of which <span className="font-semibold">{formatMoney(captured, currency)}</span> was taken and
            goes back
          </>
        )}
        .
      </p>
      {rest !== null && (
        <Notice tone="people">
          These are the newest {formatCount(found.length)}. There are more: they are looked for page by page
          while it goes on, and you can stop at any time.
        </Notice>
      )}
      {isDone && found.length === 0 && (
        <p className="text-sm text-ink-2">None of them can be treated so in the state that they are in.</p>
      )}
      {found.length > 0 && (
        <ul className="divide-y rounded-md border">
          {found.slice(0, SAMPLE).map((order) => (
            <li key={order.id} className="flex items-center gap-3 px-3 py-1.5">
              <span className="font-mono text-xs text-ink-3">{shortId(order.id)}</span>
              <Status look={lookOf(ORDER, order.status)} quiet />
              <Status look={lookOf(PAYMENT, order.payment_status)} quiet />
              <Money minor={order.total} currency={order.currency} className="ml-auto" />
            </li>
          ))}
          {found.length > SAMPLE && (
            <li className="px-3 py-1.5 text-xs text-ink-3">and {formatCount(found.length - SAMPLE)} more</li>
          )}
        </ul>
      )}
    </div>
  );
}

function Running({ progress, left }: { readonly progress: Progressed; readonly left: number }) {
  const now = useNow();
  return (
    <div className="flex flex-col gap-3">
      <Progress done={progress.done + progress.failed.length} of={progress.total} label="Progress" />
      <p className="flex items-center gap-2 text-sm" role="status">
        {progress.state === 'finished' && <CircleCheck size={15} className="text-good" aria-hidden />}
        {formatCount(progress.done)} done
        {progress.failed.length > 0 && (
          <span className="text-failed">{formatCount(progress.failed.length)} failed</span>
        )}
        {(left > 0 || progress.isOpen) && (
          <span className="text-ink-3">
            {formatCount(left)} left{progress.isOpen ? ', and more to be looked for' : ''}
          </span>
        )}
        {progress.state === 'stopped' && <span className="text-people">stopped</span>}
      </p>
      {progress.cut !== null && (
        <Notice tone="failed">
          The orders after these could not be read: {progress.cut}. Do it again for them.
        </Notice>
      )}
      {progress.pausedUntil !== null && progress.state === 'running' && (
        <Notice tone="people">
          The server asks for patience: on again in{' '}
          {formatDuration(Math.max(0, Math.ceil((progress.pausedUntil - now) / 1_000) * 1_000))}
        </Notice>
      )}
      {progress.failed.length > 0 && (
        <ul className="divide-y rounded-md border" aria-label="What failed">
          {progress.failed.slice(0, 200).map((one) => (
            <li key={one.id} className="flex gap-3 px-3 py-1.5 text-sm">
              <Link
                to={`/orders/${one.id}`}
                className="font-mono text-xs leading-5 text-accent hover:underline"
              >
                {shortId(one.id)}
              </Link>
              <span className="min-w-0 break-words text-ink-2">{one.why}</span>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
