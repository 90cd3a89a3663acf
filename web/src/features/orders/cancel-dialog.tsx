import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { get, post, sentence, useStore } from '@/api';
import type { CancelReason, Order } from '@/api';
import {
  Button,
  Dialog,
  ORDER,
  SelectField,
  Skeleton,
  Status,
  formatCount,
  formatMoney,
  lookOf,
  shortId,
  words,
} from '@/ui';
import { useAction } from './use-action';

/** Why people cancel orders. */
export const CANCEL_REASONS: readonly CancelReason[] = [
  'customer',
  'staff',
  'duplicate',
  'out_of_stock',
  'fraudulent',
  'other',
];

/** Undoes an order: first what that would undo. */
export function CancelDialog({ order, onClose }: { readonly order: Order; readonly onClose: () => void }) {
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
        <SelectField label="Reason" value={reason} onChange={setReason} choices={CANCEL_REASONS} />
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
