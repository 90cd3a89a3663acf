import { Package } from 'lucide-react';
import { useState } from 'react';
import { post, useStore } from '@/api';
import type { BodyOf, Fulfillment, Order } from '@/api';
import {
  Button,
  Dialog,
  Empty,
  Facts,
  Mono,
  PiecesList,
  Status,
  TRACKER,
  TextField,
  Time,
  Until,
  WORK,
  formatCount,
  lookOf,
  usePieces,
  words,
} from '@/ui';
import { useAction } from './use-action';

/** What a step is called on its button. */
const STEPS: Readonly<Record<string, string>> = {
  picking: 'Start picking',
  picked: 'Picked',
  packing: 'Start packing',
  packed: 'Packed',
  ready_to_ship: 'Ready to ship',
  shipped: 'Shipped',
  on_hold: 'Hold',
  released: 'Release',
  canceled: 'Give up',
  in_transit: 'In transit',
  out_for_delivery: 'Out for delivery',
  available_for_pickup: 'To be picked up',
  delivered: 'Delivered',
  return_to_sender: 'Comes back',
};

/** A step that people may ask for. */
type Advance = BodyOf<'/v1/fulfillments/{id}/advance', 'post'>;

/** Every fulfilment order and its parcel, and what people may ask of it. */
export function Parcels({
  order,
  fulfillments,
}: {
  readonly order: Order;
  readonly fulfillments: readonly Fulfillment[];
}) {
  if (fulfillments.length === 0) {
    return (
      <Empty icon={Package} title="Nothing to pick yet">
        Work opens when the order is confirmed.
      </Empty>
    );
  }
  return (
    <ul className="divide-y">
      {fulfillments.map((one) => (
        <Parcel key={one.id} order={order} one={one} />
      ))}
    </ul>
  );
}

function Parcel({ order, one }: { readonly order: Order; readonly one: Fulfillment }) {
  const store = useStore();
  const [asks, setAsks] = useState<'shipped' | 'on_hold' | 'parts' | null>(null);
  const advance = useAction(order.id, {
    act: (body: Advance, key) =>
      post('/v1/fulfillments/{id}/advance', { store: store.id, path: { id: one.id }, body, key }),
    onDone: () => setAsks(null),
  });
  const parts = one.legal.filter((step) => step === 'split' || step === 'short');
  return (
    <li className="grid gap-4 p-4 md:grid-cols-2">
      <div className="flex flex-col gap-2">
        <p className="flex flex-wrap items-center gap-2">
          <Mono>{one.id}</Mono>
          <Status look={lookOf(WORK, one.status)} />
          {one.stage !== null && <span className="text-sm text-ink-2">{words(one.stage)}</span>}
        </p>
        <Facts
          rows={[
            ['Pieces', one.lines.map((line) => `${formatCount(line.quantity)} × ${line.sku}`).join(', ')],
            ['Moved on', one.mode === 'auto' ? 'by itself' : 'by hand'],
            ...(one.hold === null
              ? []
              : [['Waits because', one.hold.note ?? words(one.hold.reason)] as const]),
            ...(one.next_at === null ? [] : [['Goes on', <Until key="n" at={one.next_at} />] as const]),
          ]}
        />
        <div className="flex flex-wrap gap-2 pt-1">
          {one.legal
            .filter((step) => step !== 'split' && step !== 'short')
            .map((step) => (
              <Button
                key={step}
                size="sm"
                kind={step === 'canceled' ? 'danger' : 'plain'}
                busy={advance.isPending && advance.variables.to === step}
                onClick={() =>
                  step === 'shipped' || step === 'on_hold' ? setAsks(step) : advance.mutate({ to: step })
                }
              >
                {STEPS[step] ?? words(step)}
              </Button>
            ))}
          {parts.length > 0 && (
            <Button size="sm" onClick={() => setAsks('parts')}>
              Split or short
            </Button>
          )}
        </div>
      </div>
      {one.shipment !== null && (
        <div className="flex flex-col gap-2">
          <p className="flex flex-wrap items-center gap-2">
            <Mono>{one.shipment.tracking_code}</Mono>
            <Status look={lookOf(TRACKER, one.shipment.status)} />
            {one.shipment.stalled && <span className="text-xs text-people">not seen for too long</span>}
          </p>
          <ol className="flex flex-col gap-1 border-l-2 border-line pl-3">
            <li className="text-sm text-ink-2">
              <Time at={one.shipment.shipped_at} className="font-mono text-xs text-ink-3" /> handed to{' '}
              {one.shipment.carrier}
            </li>
            {one.shipment.scans.map((scan, index) => (
              <li key={index} className="text-sm">
                <Time at={scan.at} className="font-mono text-xs text-ink-3" />{' '}
                {lookOf(TRACKER, scan.status).word}
                {scan.attempt_failed && <span className="text-people"> in vain</span>}
                {scan.message !== null && <span className="text-ink-2">, {scan.message}</span>}
                {scan.location !== null && (
                  <span className="text-ink-3">
                    ,{' '}
                    {[scan.location.city, scan.location.state, scan.location.country]
                      .filter(Boolean)
                      .join(', ')}
                  </span>
                )}
              </li>
            ))}
            {one.shipment.delivered_at === null && one.eta !== null && (
              <li className="text-sm text-ink-3">
                expected <Until at={one.eta} />
              </li>
            )}
          </ol>
        </div>
      )}
      {asks !== null && (
        <Ask
          kind={asks}
          one={one}
          parts={parts}
          busy={advance.isPending}
          onClose={() => setAsks(null)}
          onDo={(body) => advance.mutate(body)}
        />
      )}
    </li>
  );
}

function Ask({
  kind,
  one,
  parts,
  busy,
  onClose,
  onDo,
}: {
  readonly kind: 'shipped' | 'on_hold' | 'parts';
  readonly one: Fulfillment;
  readonly parts: readonly string[];
  readonly busy: boolean;
  readonly onClose: () => void;
  readonly onDo: (body: Advance) => void;
}) {
  const [first, setFirst] = useState('');
  const [second, setSecond] = useState('');
  const pieces = usePieces(one.lines.map(({ line_id: id, sku, quantity }) => ({ id, sku, most: quantity })));
  const lines = pieces.chosen.map(({ id, quantity }) => ({ line: id, quantity }));
  return (
    <Dialog
      open
      onClose={onClose}
      title={{ shipped: 'It has left', on_hold: 'Hold it', parts: 'Pieces of it' }[kind]}
      footer={
        kind === 'parts' ? (
          parts.map((step) => (
            <Button
              key={step}
              kind="primary"
              busy={busy}
              disabled={lines.length === 0}
              onClick={() => onDo({ to: step, lines })}
            >
              {step === 'split' ? 'Make them a parcel of their own' : 'They were not found'}
            </Button>
          ))
        ) : (
          <Button
            kind="primary"
            busy={busy}
            onClick={() =>
              onDo(
                kind === 'shipped'
                  ? {
                      to: 'shipped',
                      ...(first === '' ? {} : { carrier: first }),
                      ...(second === '' ? {} : { tracking_code: second }),
                    }
                  : { to: 'on_hold', ...(first === '' ? {} : { note: first }) },
              )
            }
          >
            {kind === 'shipped' ? 'It has left' : 'Hold it'}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-3">
        {kind === 'shipped' && (
          <>
            <TextField label="Carrier" maxLength={200} value={first} onChange={setFirst} />
            <TextField label="Tracking code" maxLength={200} value={second} onChange={setSecond} />
          </>
        )}
        {kind === 'on_hold' && (
          <TextField label="Why, for other people" maxLength={200} value={first} onChange={setFirst} />
        )}
        {kind === 'parts' && <PiecesList pieces={pieces} />}
      </div>
    </Dialog>
  );
}
