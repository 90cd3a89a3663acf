import { Undo2 } from 'lucide-react';
import { useState } from 'react';
import { ApiProblem, post, useStore } from '@/api';
import type { Disposition, Order, Return } from '@/api';
import {
  Button,
  Dialog,
  Empty,
  Faults,
  Mono,
  PiecesList,
  RETURN,
  Select,
  Status,
  Time,
  formatCount,
  formatMoney,
  lookOf,
  usePieces,
  words,
} from '@/ui';
import { useAction } from './use-action';

type Move = 'approve' | 'decline' | 'ship' | 'close' | 'cancel';
const PATHS = {
  approve: '/v1/returns/{id}/approve',
  decline: '/v1/returns/{id}/decline',
  ship: '/v1/returns/{id}/ship',
  close: '/v1/returns/{id}/close',
  cancel: '/v1/returns/{id}/cancel',
} as const satisfies Record<Move, string>;
const LABELS: Record<Move, string> = {
  approve: 'Agree',
  decline: 'Decline',
  ship: 'On its way',
  close: 'Nothing more comes',
  cancel: 'Call off',
};

function isMove(step: string): step is Move {
  return step in PATHS;
}

/** Every return of an order, and what people may ask of it. */
export function Returns({ order, returns }: { readonly order: Order; readonly returns: readonly Return[] }) {
  if (returns.length === 0) {
    return (
      <Empty icon={Undo2} title="Nothing comes back">
        Once something was delivered, a return can be asked for above.
      </Empty>
    );
  }
  return (
    <ul className="divide-y">
      {returns.map((one) => (
        <One key={one.id} order={order} one={one} />
      ))}
    </ul>
  );
}

function One({ order, one }: { readonly order: Order; readonly one: Return }) {
  const store = useStore();
  const [isArriving, setArriving] = useState(false);
  const move = useAction(order.id, {
    act: (step: Move, key) => post(PATHS[step], { store: store.id, path: { id: one.id }, body: {}, key }),
  });
  return (
    <li className="flex flex-col gap-2 px-4 py-3">
      <p className="flex flex-wrap items-center gap-2 text-sm">
        <Mono>{one.id}</Mono>
        <Status look={lookOf(RETURN, one.status)} />
        <Time at={one.created_at} className="text-xs text-ink-3" />
        {one.note !== null && <span className="text-ink-2">“{one.note}”</span>}
      </p>
      <ul className="text-sm">
        {one.lines.map((line) => (
          <li key={line.line_id} className="flex gap-3">
            <Mono className="text-ink-2">{line.sku}</Mono>
            <span>
              {formatCount(line.received)} of {formatCount(line.quantity)} came back
            </span>
            <span className="text-ink-3">{words(line.reason).toLowerCase()}</span>
          </li>
        ))}
      </ul>
      <p className="text-sm text-ink-2">
        {formatMoney(one.value_received, order.currency)} worth of goods,{' '}
        {formatMoney(one.amount_refunded, order.currency)} asked back
        {one.amount_unpaid > 0 && (
          <span className="text-people">
            , {formatMoney(one.amount_unpaid, order.currency)} cannot be paid back
          </span>
        )}
      </p>
      {one.legal.length > 0 && (
        <div className="flex flex-wrap gap-2">
          {one.legal.filter(isMove).map((step) => (
            <Button
              key={step}
              size="sm"
              kind={step === 'decline' || step === 'cancel' ? 'danger' : 'plain'}
              busy={move.isPending && move.variables === step}
              onClick={() => move.mutate(step)}
            >
              {LABELS[step]}
            </Button>
          ))}
          {one.legal.includes('receive') && (
            <Button size="sm" kind="primary" onClick={() => setArriving(true)}>
              Goods are here
            </Button>
          )}
        </div>
      )}
      {isArriving && <Arrive order={order} one={one} onClose={() => setArriving(false)} />}
    </li>
  );
}

const DISPOSITIONS: Record<Disposition, string> = {
  restock: 'sell them again',
  damaged: 'damaged, keep them',
  write_off: 'throw them away',
  return_to_vendor: 'send them back to their vendor',
};

function Arrive({
  order,
  one,
  onClose,
}: {
  readonly order: Order;
  readonly one: Return;
  readonly onClose: () => void;
}) {
  const store = useStore();
  const open = one.lines.filter((line) => line.received < line.quantity);
  const pieces = usePieces(
    open.map((line) => ({ id: line.line_id, sku: line.sku, most: line.quantity - line.received })),
    'all',
  );
  const [fates, setFates] = useState<Readonly<Record<string, Disposition>>>({});
  const lines = pieces.chosen.map(({ id, quantity }) => ({
    line_id: id,
    quantity,
    disposition: fates[id] ?? ('restock' as const),
  }));
  const receive = useAction(order.id, {
    done: 'Booked; stock and money follow by themselves',
    act: (_: null, key) =>
      post('/v1/returns/{id}/receive', { store: store.id, path: { id: one.id }, body: { lines }, key }),
    onDone: onClose,
  });
  const faults = receive.error instanceof ApiProblem ? receive.error.faults : [];
  return (
    <Dialog
      open
      onClose={onClose}
      title="Goods are here"
      footer={
        <Button
          kind="primary"
          busy={receive.isPending}
          disabled={lines.length === 0}
          onClick={() => receive.mutate(null)}
        >
          Book them
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <PiecesList
          pieces={pieces}
          aside={({ id, sku }) => (
            <Select
              aria-label={`What becomes of ${sku}`}
              className="w-full"
              value={fates[id] ?? 'restock'}
              onChange={(value) => setFates({ ...fates, [id]: value as Disposition })}
              choices={Object.entries(DISPOSITIONS).map(([value, label]) => ({ value, label }))}
            />
          )}
        />
        <Faults of={faults} />
      </div>
    </Dialog>
  );
}
