import { useState } from 'react';
import { decideReview, useStore } from '@/api';
import type { Order, Verdict } from '@/api';
import { Button, Dialog, TextField, shortId } from '@/ui';
import { useAction } from './use-action';

/** Says yes or no to an order that is held. */
export function ReviewDialog({
  order,
  verdict,
  onClose,
}: {
  readonly order: Order;
  readonly verdict: Verdict;
  readonly onClose: () => void;
}) {
  const store = useStore();
  const [note, setNote] = useState('');
  const decide = useAction(order.id, {
    done: verdict === 'approve' ? 'Approved: the order goes on' : 'Rejected: the order is undone',
    act: (_: null, key) => decideReview(store.id, order.id, verdict, note, key),
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
        <TextField
          label="Note, for other people"
          data-first
          maxLength={200}
          value={note}
          onChange={setNote}
        />
      </div>
    </Dialog>
  );
}
