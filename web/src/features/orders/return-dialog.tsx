import { useState } from 'react';
import { ApiProblem, post, useStore } from '@/api';
import type { Order, ReturnReason } from '@/api';
import { Button, Dialog, Faults, PiecesList, SelectField, TextField, shortId, usePieces } from '@/ui';
import { useAction } from './use-action';

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

/** Asks for pieces that a shopper sends back. */
export function ReturnDialog({ order, onClose }: { readonly order: Order; readonly onClose: () => void }) {
  const store = useStore();
  const pieces = usePieces(order.lines.map(({ id, sku, quantity }) => ({ id, sku, most: quantity })));
  const [reason, setReason] = useState<ReturnReason>('unwanted');
  const [note, setNote] = useState('');
  const lines = pieces.chosen.map(({ id, quantity }) => ({ line_id: id, quantity, reason }));
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
        <PiecesList pieces={pieces} />
        <div className="grid grid-cols-2 gap-3">
          <SelectField label="Reason" value={reason} onChange={setReason} choices={RETURN_REASONS} />
          <TextField label="Note, for people" maxLength={200} value={note} onChange={setNote} />
        </div>
        <Faults of={faults} />
      </div>
    </Dialog>
  );
}
