import { useQuery } from '@tanstack/react-query';
import { Ban, Check, Ellipsis, FileJson, HandCoins, RotateCcw, Undo2, X } from 'lucide-react';
import { useState } from 'react';
import { ApiProblem, get, post, sentence, useStore } from '@/api';
import type { CancelReason, Fulfillment, Order, RefundReason, ReturnReason } from '@/api';
import {
  Button,
  Dialog,
  Field,
  Menu,
  Notice,
  ORDER,
  Select,
  Skeleton,
  Status,
  TextInput,
  formatCount,
  formatMoney,
  lookOf,
  parseMoney,
  plainMoney,
  shortId,
  toast,
  words,
} from '@/ui';
import type { MoneyLedger } from './story';
import { useAction } from './use-action';

interface Props {
  readonly order: Order;
  readonly etag: string | null;
  readonly money: MoneyLedger;
  readonly fulfillments: readonly Fulfillment[];
}

type Open = 'cancel' | 'refund' | 'return' | 'approve' | 'reject' | null;

/** What people may do with an order as it stands. The server decides; this shows what makes sense. */
export function Actions({ order, money, fulfillments }: Props) {
  const store = useStore();
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  // Once all of it has left, there is nothing to cancel; a return is.
  const hasLeft = ['shipped', 'delivered', 'partially_returned', 'returned'].includes(
    order.fulfillment_status,
  );
  const isOpen = ['pending', 'requires_action', 'on_hold', 'confirmed'].includes(order.status) && !hasLeft;
  const left = order.amount_captured - order.amount_refunded;
  const isUndoing =
    (order.status === 'canceled' || order.status === 'expired') && (left > 0 || money.atRisk > 0);
  const mayRetry = order.status === 'pending' || order.status === 'requires_action' || isUndoing;
  const hasDelivered = fulfillments.some((one) => one.shipment?.status === 'delivered');
  const retry = useAction(order.id, {
    done: 'It is tried now',
    act: (_: null, key) =>
      post('/v1/orders/{id}/retry', { store: store.id, path: { id: order.id }, body: {}, key }),
  });
  return (
    <div className="flex flex-wrap items-center gap-2">
      {order.status === 'on_hold' && (
        <>
          <Button kind="primary" onClick={() => setOpen('approve')}>
            <Check size={14} aria-hidden /> Approve
          </Button>
          <Button kind="danger" onClick={() => setOpen('reject')}>
            <X size={14} aria-hidden /> Reject
          </Button>
        </>
      )}
      {mayRetry && (
        <Button onClick={() => retry.mutate(null)} busy={retry.isPending}>
          <RotateCcw size={14} aria-hidden /> Try now
        </Button>
      )}
      {left > 0 && !isUndoing && (
        <Button onClick={() => setOpen('refund')}>
          <HandCoins size={14} aria-hidden /> Refund
        </Button>
      )}
      {hasDelivered && (
        <Button onClick={() => setOpen('return')}>
          <Undo2 size={14} aria-hidden /> Return
        </Button>
      )}
      {isOpen && (
        <Button kind="danger" onClick={() => setOpen('cancel')}>
          <Ban size={14} aria-hidden /> Cancel…
        </Button>
      )}
      <Menu
        label="More"
        trigger={
          <button
            type="button"
            aria-label="More"
            className="inline-flex size-8 items-center justify-center rounded-md border border-line-strong bg-panel text-ink-2 hover:bg-sunken hover:text-ink"
          >
            <Ellipsis size={16} aria-hidden />
          </button>
        }
        entries={[
          {
            label: 'Copy the order as JSON',
            icon: <FileJson size={14} />,
            onSelect: () =>
              void navigator.clipboard
                .writeText(JSON.stringify(order, null, 2))
                .then(() => toast('done', 'Copied')),
          },
          {
            label: 'Copy as curl',
            icon: <FileJson size={14} />,
            onSelect: () =>
              void navigator.clipboard
                .writeText(`curl -s ${location.origin}/v1/orders/${order.id} -H 'X-Store-ID: ${store.id}'`)
                .then(() => toast('done', 'Copied')),
          },
        ]}
      />
      {open === 'cancel' && <CancelDialog order={order} onClose={close} />}
      {open === 'refund' && <RefundDialog order={order} left={left} onClose={close} />}
      {open === 'return' && <ReturnDialog order={order} onClose={close} />}
      {(open === 'approve' || open === 'reject') && (
        <ReviewDialog order={order} verdict={open} onClose={close} />
      )}
    </div>
  );
}

interface DialogProps {
  readonly order: Order;
  readonly onClose: () => void;
}

const CANCEL_REASONS: readonly CancelReason[] = [
  'customer',
  'staff',
  'duplicate',
  'out_of_stock',
  'fraudulent',
  'other',
];

function CancelDialog({ order, onClose }: DialogProps) {
  const store = useStore();
  const [reason, setReason] = useState<CancelReason>('customer');
  const preview = useQuery({
    queryKey: [store.id, 'order', order.id, 'cancel', reason],
    queryFn: ({ signal }) =>
      get('/v1/orders/{id}/cancel/preview', {
        store: store.id,
        path: { id: order.id },
        query: { reason },
        signal,
      }),
    placeholderData: (before) => before,
    retry: false,
  });
  const cancel = useAction(order.id, {
    done: 'Canceled. What is owed is undone by itself',
    act: (_: null, key) =>
      post('/v1/orders/{id}/cancel', { store: store.id, path: { id: order.id }, body: { reason }, key }),
    onDone: onClose,
  });
  const would = preview.data;
  const money = (minor: number) => formatMoney(minor, order.currency);
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Cancel ${shortId(order.id)}`}
      footer={
        <>
          <Button kind="quiet" onClick={onClose}>
            Keep it
          </Button>
          <Button
            kind="danger_solid"
            busy={cancel.isPending}
            disabled={preview.error !== null && would === undefined}
            onClick={() => cancel.mutate(null)}
          >
            {would?.scope === 'rest' ? 'Cancel the rest' : 'Cancel the order'}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Field label="Reason">
          {(props) => (
            <Select
              {...props}
              value={reason}
              onChange={(value) => setReason(value as CancelReason)}
              choices={CANCEL_REASONS.map((value) => ({ value, label: words(value) }))}
            />
          )}
        </Field>
        <section aria-label="What will be undone" className="rounded-md border" data-testid="cancel-preview">
          <h3 className="border-b px-3 py-2 text-sm font-semibold">What will be undone</h3>
          {would === undefined ? (
            preview.error === null ? (
              <Skeleton className="m-3 h-16" />
            ) : (
              <p className="px-3 py-3 text-sm text-failed">{sentence(preview.error)}</p>
            )
          ) : (
            <ul className="divide-y text-sm">
              <li className="flex items-center gap-2 px-3 py-2">
                <span className="w-20 text-ink-3">Order</span>
                <Status look={lookOf(ORDER, would.status_now)} quiet />
                <span aria-hidden className="text-ink-3">
                  →
                </span>
                <Status look={lookOf(ORDER, would.becomes)} quiet />
              </li>
              <li className="flex gap-2 px-3 py-2">
                <span className="w-20 shrink-0 text-ink-3">Money</span>
                <span>
                  {
                    {
                      none: 'none to give back',
                      withdraw: 'the bank is not asked any more; nothing was taken',
                      void: `${money(would.money.amount)} that is set aside is let go`,
                      refund: `${money(would.money.amount)} goes back to the shopper`,
                      find_out: `nobody knows whether ${money(would.money.amount)} was taken: that is found out first, and then undone`,
                    }[would.money.action]
                  }
                </span>
              </li>
              <li className="flex gap-2 px-3 py-2">
                <span className="w-20 shrink-0 text-ink-3">Stock</span>
                <span>
                  {would.stock.length === 0
                    ? 'nothing to give back'
                    : would.stock
                        .slice(0, 6)
                        .map((one) => `${formatCount(one.quantity)} × ${one.sku}`)
                        .join(', ') +
                      (would.stock.length > 6 ? ` and ${would.stock.length - 6} more SKUs` : '') +
                      ' for sale again'}
                </span>
              </li>
              {would.stopped.length > 0 && (
                <li className="flex gap-2 px-3 py-2">
                  <span className="w-20 shrink-0 text-ink-3">Parcels</span>
                  <span>
                    {would.stopped
                      .map((one) => `${one.pieces} pieces (${words(one.status).toLowerCase()}) stay`)
                      .join(', ')}
                  </span>
                </li>
              )}
              {would.going_on.length > 0 && (
                <li className="flex gap-2 px-3 py-2 text-people">
                  <span className="w-20 shrink-0">On its way</span>
                  <span>
                    {would.going_on
                      .map((one) => `${one.pieces} pieces (${words(one.status).toLowerCase()})`)
                      .join(', ')}{' '}
                    can no longer be stopped; ask for a return instead
                  </span>
                </li>
              )}
              {would.withdraws_review && (
                <li className="flex gap-2 px-3 py-2">
                  <span className="w-20 shrink-0 text-ink-3">Review</span>
                  <span>nobody needs to look any more</span>
                </li>
              )}
            </ul>
          )}
        </section>
      </div>
    </Dialog>
  );
}

const REFUND_REASONS: readonly RefundReason[] = [
  'customer',
  'goodwill',
  'return',
  'out_of_stock',
  'duplicate',
  'fraudulent',
  'other',
];

function RefundDialog({ order, left, onClose }: DialogProps & { readonly left: number }) {
  const store = useStore();
  const [text, setText] = useState(() => plainMoney(left, order.currency));
  const [reason, setReason] = useState<RefundReason>('customer');
  const amount = parseMoney(text, order.currency);
  const refund = useAction(order.id, {
    done: 'Refund asked for',
    act: (minor: number, key) =>
      post('/v1/orders/{id}/refunds', {
        store: store.id,
        path: { id: order.id },
        body: { amount: minor, reason },
        key,
      }),
    onDone: onClose,
  });
  const faults = refund.error instanceof ApiProblem ? refund.error.faults : [];
  const wrong =
    amount === null || amount === 0
      ? 'An amount like 12.50'
      : amount > left
        ? `At most ${formatMoney(left, order.currency)} is left`
        : faults.find((fault) => fault.pointer === '/amount')?.detail;
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Refund ${shortId(order.id)}`}
      footer={
        <>
          <Button kind="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            kind="primary"
            busy={refund.isPending}
            disabled={amount === null || amount === 0 || amount > left}
            onClick={() => amount !== null && refund.mutate(amount)}
          >
            Give {amount === null ? '' : formatMoney(amount, order.currency)} back
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <p className="text-sm text-ink-2">
          {formatMoney(order.amount_captured, order.currency)} was taken,{' '}
          {formatMoney(order.amount_refunded, order.currency)} given back. The goods stay where they are; for
          those, ask for a return.
        </p>
        <div className="grid grid-cols-2 gap-3">
          <Field label={`Amount in ${order.currency}`} error={wrong}>
            {(props) => (
              <TextInput
                {...props}
                data-first
                inputMode="decimal"
                value={text}
                onChange={(event) => setText(event.target.value)}
                className="font-mono"
              />
            )}
          </Field>
          <Field label="Reason">
            {(props) => (
              <Select
                {...props}
                value={reason}
                onChange={(value) => setReason(value as RefundReason)}
                choices={REFUND_REASONS.map((value) => ({ value, label: words(value) }))}
              />
            )}
          </Field>
        </div>
        {faults
          .filter((fault) => fault.pointer !== '/amount')
          .map((fault) => (
            <Notice key={fault.pointer} tone="failed">
              {fault.detail}
            </Notice>
          ))}
      </div>
    </Dialog>
  );
}

const RETURN_REASONS: readonly ReturnReason[] = [
  'unwanted',
  'wrong_item',
  'wrong_size',
  'damaged',
  'defective',
  'not_as_described',
  'late',
  'other',
];

function ReturnDialog({ order, onClose }: DialogProps) {
  const store = useStore();
  const [counts, setCounts] = useState<Readonly<Record<string, string>>>({});
  const [reason, setReason] = useState<ReturnReason>('unwanted');
  const [note, setNote] = useState('');
  const lines = order.lines.flatMap((line) => {
    const quantity = Number(counts[line.id] ?? '0');
    return Number.isInteger(quantity) && quantity > 0 ? [{ line_id: line.id, quantity, reason }] : [];
  });
  const ask = useAction(order.id, {
    done: 'Return asked for',
    act: (_: null, key) =>
      post('/v1/orders/{id}/returns', {
        store: store.id,
        path: { id: order.id },
        body: { lines, ...(note === '' ? {} : { note }) },
        key,
      }),
    onDone: onClose,
  });
  const faults = ask.error instanceof ApiProblem ? ask.error.faults : [];
  return (
    <Dialog
      open
      onClose={onClose}
      title={`Return of ${shortId(order.id)}`}
      footer={
        <>
          <Button kind="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            kind="primary"
            busy={ask.isPending}
            disabled={lines.length === 0}
            onClick={() => ask.mutate(null)}
          >
            Ask for the return
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <p className="text-sm text-ink-2">
          Which pieces shall come back? Their price goes back when they have arrived.
        </p>
        <ul className="max-h-64 divide-y overflow-y-auto rounded-md border">
          {order.lines.map((line) => (
            <li key={line.id} className="flex items-center gap-3 px-3 py-2 text-sm">
              <span className="min-w-0 flex-1 truncate font-mono text-xs">{line.sku}</span>
              <TextInput
                type="number"
                min={0}
                max={line.quantity}
                aria-label={`Pieces of ${line.sku}`}
                className="w-20"
                value={counts[line.id] ?? '0'}
                onChange={(event) => setCounts({ ...counts, [line.id]: event.target.value })}
              />
              <span className="w-12 text-ink-3">of {formatCount(line.quantity)}</span>
            </li>
          ))}
        </ul>
        <div className="grid grid-cols-2 gap-3">
          <Field label="Reason">
            {(props) => (
              <Select
                {...props}
                value={reason}
                onChange={(value) => setReason(value as ReturnReason)}
                choices={RETURN_REASONS.map((value) => ({ value, label: words(value) }))}
              />
            )}
          </Field>
          <Field label="Note, for people">
            {(props) => (
              <TextInput
                {...props}
                maxLength={200}
                value={note}
                onChange={(event) => setNote(event.target.value)}
              />
            )}
          </Field>
        </div>
        {faults.map((fault) => (
          <Notice key={`${fault.pointer}${fault.code}`} tone="failed">
            {fault.detail}
          </Notice>
        ))}
      </div>
    </Dialog>
  );
}

function ReviewDialog({ order, verdict, onClose }: DialogProps & { readonly verdict: 'approve' | 'reject' }) {
  const store = useStore();
  const [note, setNote] = useState('');
  const decide = useAction(order.id, {
    done: verdict === 'approve' ? 'Approved: the order goes on' : 'Rejected: the order is undone',
    act: (_: null, key) =>
      post(verdict === 'approve' ? '/v1/reviews/{id}/approve' : '/v1/reviews/{id}/reject', {
        store: store.id,
        path: { id: order.id },
        body: note === '' ? {} : { note },
        key,
      }),
    onDone: onClose,
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${verdict === 'approve' ? 'Approve' : 'Reject'} ${shortId(order.id)}`}
      footer={
        <>
          <Button kind="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            kind={verdict === 'approve' ? 'primary' : 'danger_solid'}
            busy={decide.isPending}
            onClick={() => decide.mutate(null)}
          >
            {verdict === 'approve' ? 'Let it pass' : 'Stop it as fraudulent'}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {order.risk !== null && (
          <p className="text-sm">
            {order.risk.score} of 100, {order.risk.level}
            {order.risk.rules.length > 0 && <> because of {order.risk.rules.join(', ')}</>}.
          </p>
        )}
        <Field label="Note, for other people">
          {(props) => (
            <TextInput
              {...props}
              data-first
              maxLength={200}
              value={note}
              onChange={(event) => setNote(event.target.value)}
            />
          )}
        </Field>
      </div>
    </Dialog>
  );
}
