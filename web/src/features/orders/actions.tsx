import { Ban, Check, Ellipsis, FileJson, HandCoins, RotateCcw, Undo2, X } from 'lucide-react';
import { useState } from 'react';
import { post, useStore } from '@/api';
import type { Fulfillment, Order } from '@/api';
import { Button, Menu, toast } from '@/ui';
import { CancelDialog } from './cancel-dialog';
import { RefundDialog } from './refund-dialog';
import { ReturnDialog } from './return-dialog';
import { ReviewDialog } from './review-dialog';
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
