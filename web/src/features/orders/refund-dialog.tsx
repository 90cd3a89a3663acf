import { useState } from 'react';
import { ApiProblem, post, useStore } from '@/api';
import type { Order, RefundReason } from '@/api';
import {
  Button,
  Dialog,
  Faults,
  SelectField,
  TextField,
  formatMoney,
  parseMoney,
  plainMoney,
  shortId,
} from '@/ui';
import { useAction } from './use-action';

const REFUND_REASONS: readonly RefundReason[] = [
  'customer',
  'goodwill',
  'return',
  'out_of_stock',
  'duplicate',
  'fraudulent',
  'other',
];

/** Gives money back, all that is `left` of it or less. */
export function RefundDialog({
  order,
  left,
  onClose,
}: {
  readonly order: Order;
  readonly left: number;
  readonly onClose: () => void;
}) {
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
          <TextField
            label={`Amount in ${order.currency}`}
            error={wrong}
            data-first
            inputMode="decimal"
            inputClass="font-mono"
            value={text}
            onChange={setText}
          />
          <SelectField label="Reason" value={reason} onChange={setReason} choices={REFUND_REASONS} />
        </div>
        <Faults of={faults} besides={['/amount']} />
      </div>
    </Dialog>
  );
}
