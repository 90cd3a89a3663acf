import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem, ask, freshKey, post, sentence, useStore } from '@/api';
import type { Item } from '@/api';
import {
  Button,
  Field,
  Notice,
  TextField,
  TextInput,
  formatCount,
  formatMoney,
  parseMoney,
  plainMoney,
  toast,
} from '@/ui';
import { editsDiffer, parseWhole } from './stock';
import { useTakeIn } from './use-stock';

interface Props {
  readonly item: Item;
  readonly onDone: () => void;
}

function faultAt(error: unknown, pointer: string): string | undefined {
  return error instanceof ApiProblem
    ? error.faults.find((fault) => fault.pointer === pointer)?.detail
    : undefined;
}

/** What went wrong, unless it stands beside its field already. */
function Refusal({ error, besides }: { readonly error: unknown; readonly besides: readonly string[] }) {
  if (error === null) return null;
  const elsewhere = error instanceof ApiProblem && error.faults.length > 0;
  if (elsewhere && error.faults.every((fault) => besides.includes(fault.pointer))) return null;
  return <Notice tone="failed">{sentence(error)}</Notice>;
}

const FORM = 'flex flex-col gap-3 rounded-md border bg-sunken p-3';

/** So many more or fewer, and why. */
export function AdjustForm({ item, onDone }: Props) {
  const store = useStore();
  const takeIn = useTakeIn();
  const [delta, setDelta] = useState('');
  const [reason, setReason] = useState('');
  const [key, setKey] = useState(freshKey);
  const change = parseWhole(delta);
  const adjust = useMutation({
    mutationFn: () =>
      post('/v1/inventory/{sku}/adjustments', {
        store: store.id,
        path: { sku: item.sku },
        key,
        body: { delta: change ?? 0, reason: reason.trim() },
      }),
    onSuccess: (after) => {
      takeIn(after);
      toast(
        'done',
        `${item.sku} adjusted`,
        `${formatCount(after.on_hand)} on hand, ${formatCount(after.available)} available.`,
      );
      onDone();
    },
    onError: () => setKey(freshKey()),
  });
  return (
    <form
      aria-label="Adjust"
      className={FORM}
      onSubmit={(event) => {
        event.preventDefault();
        if (change !== null && change !== 0) adjust.mutate();
      }}
    >
      <div className="flex items-start gap-3">
        <TextField
          label="More or fewer"
          className="w-28"
          error={delta !== '' && change === null ? 'A whole number' : faultAt(adjust.error, '/delta')}
          autoFocus
          inputMode="numeric"
          placeholder="-3 or 12"
          value={delta}
          onChange={setDelta}
        />
        <Why error={adjust.error} example="counted again" value={reason} onChange={setReason} />
      </div>
      <Refusal error={adjust.error} besides={['/delta', '/reason']} />
      <div className="flex items-center gap-3">
        <p className="text-xs text-ink-2">
          {change === null || change === 0
            ? `${formatCount(item.on_hand)} on hand now`
            : `${formatCount(item.on_hand)} on hand becomes ${formatCount(item.on_hand + change)}`}
        </p>
        <Button
          kind="primary"
          type="submit"
          className="ml-auto"
          busy={adjust.isPending}
          disabled={change === null || change === 0 || reason.trim() === ''}
        >
          Adjust
        </Button>
      </div>
    </form>
  );
}

/** The reason that stands in the ledger. */
function Why({
  error,
  example,
  value,
  onChange,
}: {
  readonly error: Error | null;
  readonly example: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  return (
    <TextField
      label="Why"
      className="flex-1"
      error={faultAt(error, '/reason')}
      required
      maxLength={200}
      placeholder={example}
      value={value}
      onChange={onChange}
    />
  );
}

/** Damaged pieces that are thrown away. */
export function WriteOffForm({ item, onDone }: Props) {
  const store = useStore();
  const takeIn = useTakeIn();
  const [quantity, setQuantity] = useState(String(item.damaged));
  const [reason, setReason] = useState('');
  const [key, setKey] = useState(freshKey);
  const pieces = parseWhole(quantity);
  const isTooMany = pieces !== null && pieces > item.damaged;
  const writeOff = useMutation({
    mutationFn: () =>
      post('/v1/inventory/{sku}/write-offs', {
        store: store.id,
        path: { sku: item.sku },
        key,
        body: { quantity: pieces ?? 0, reason: reason.trim() },
      }),
    onSuccess: (after) => {
      takeIn(after);
      toast('done', `${formatCount(pieces ?? 0)} of ${item.sku} written off`);
      onDone();
    },
    onError: () => setKey(freshKey()),
  });
  return (
    <form
      aria-label="Write off"
      className={FORM}
      onSubmit={(event) => {
        event.preventDefault();
        if (pieces !== null && pieces > 0) writeOff.mutate();
      }}
    >
      <div className="flex items-start gap-3">
        <TextField
          label="Pieces"
          className="w-28"
          error={
            isTooMany ? `Only ${formatCount(item.damaged)} damaged` : faultAt(writeOff.error, '/quantity')
          }
          autoFocus
          inputMode="numeric"
          value={quantity}
          onChange={setQuantity}
        />
        <Why error={writeOff.error} example="broken in transit" value={reason} onChange={setReason} />
      </div>
      <Refusal error={writeOff.error} besides={['/quantity', '/reason']} />
      <Button
        kind="danger"
        type="submit"
        className="self-end"
        busy={writeOff.isPending}
        disabled={pieces === null || pieces < 1 || isTooMany || reason.trim() === ''}
      >
        Write off
      </Button>
    </form>
  );
}

interface Draft {
  readonly name: string;
  readonly unit_price: string;
  readonly on_hand: string;
  readonly reorder_point: string;
  readonly safety_stock: string;
}

function draftOf(item: Item, currency: string): Draft {
  return {
    name: item.name ?? '',
    unit_price: item.unit_price === null ? '' : plainMoney(item.unit_price, currency),
    on_hand: String(item.on_hand),
    reorder_point: String(item.reorder_point),
    safety_stock: String(item.safety_stock),
  };
}

/**
 * Counts and describes anew. It holds only for the item as people see it here: what they may change must not have changed
 * meanwhile. Reservations of orders move the version, too, but none of these fields; they are followed silently.
 */
export function SetForm({ item, etag, onDone }: Props & { readonly etag: string | null }) {
  const store = useStore();
  const takeIn = useTakeIn();
  const [base, setBase] = useState(item);
  const [draft, setDraft] = useState(() => draftOf(item, store.currency));
  const hasMoved = editsDiffer(base, item);
  const put = (field: keyof Draft) => (event: { target: { value: string } }) =>
    setDraft((before) => ({ ...before, [field]: event.target.value }));
  const price = draft.unit_price.trim() === '' ? null : parseMoney(draft.unit_price, store.currency);
  const isPriceWrong = draft.unit_price.trim() !== '' && price === null;
  const figure = (field: 'on_hand' | 'reorder_point' | 'safety_stock') => parseWhole(draft[field]);
  const isWrong = (field: 'on_hand' | 'reorder_point' | 'safety_stock') => {
    const value = figure(field);
    return value === null || value < 0;
  };
  const set = useMutation({
    mutationFn: () =>
      ask('put', '/v1/inventory/{sku}', {
        store: store.id,
        path: { sku: item.sku },
        ...(etag === null ? {} : { ifMatch: etag }),
        body: {
          on_hand: figure('on_hand') ?? 0,
          reorder_point: figure('reorder_point') ?? 0,
          safety_stock: figure('safety_stock') ?? 0,
          ...(draft.name.trim() === '' ? {} : { name: draft.name.trim() }),
          ...(price === null ? {} : { unit_price: price }),
        },
      }),
    onSuccess: ({ body }) => {
      takeIn(body);
      toast(
        'done',
        `${item.sku} is counted`,
        `${formatCount(body.on_hand)} on hand, ${formatCount(body.available)} available.`,
      );
      onDone();
    },
    onError: (error) => {
      if (error instanceof ApiProblem && error.status === 412) takeIn(item);
    },
  });
  const isStale = set.error instanceof ApiProblem && set.error.status === 412;
  const follow = () => {
    setBase(item);
    setDraft(draftOf(item, store.currency));
    set.reset();
  };
  const number = (field: 'on_hand' | 'reorder_point' | 'safety_stock', label: string) => (
    <Field
      label={label}
      error={isWrong(field) ? 'A whole number, not below 0' : faultAt(set.error, `/${field}`)}
    >
      {(props) => <TextInput {...props} inputMode="numeric" value={draft[field]} onChange={put(field)} />}
    </Field>
  );
  return (
    <form
      aria-label="Count and describe"
      className={FORM}
      onSubmit={(event) => {
        event.preventDefault();
        if (!hasMoved) set.mutate();
      }}
    >
      <div className="grid grid-cols-[minmax(0,1fr)_7rem] gap-3">
        <Field label="Name" error={faultAt(set.error, '/name')}>
          {(props) => <TextInput {...props} maxLength={200} value={draft.name} onChange={put('name')} />}
        </Field>
        <Field
          label={`Price, ${store.currency}`}
          error={isPriceWrong ? 'No such amount' : faultAt(set.error, '/unit_price')}
        >
          {(props) => (
            <TextInput {...props} inputMode="decimal" value={draft.unit_price} onChange={put('unit_price')} />
          )}
        </Field>
      </div>
      <div className="grid grid-cols-3 gap-3">
        {number('on_hand', 'On hand')}
        {number('reorder_point', 'Reorder point')}
        {number('safety_stock', 'Safety stock')}
      </div>
      {hasMoved ? (
        <Notice tone="people">
          <span className="flex-1">
            It changed while you wrote: {movedText(base, item, store.currency)}. Look at the new figures
            before you set yours.
          </span>
          <Button size="sm" onClick={follow}>
            Take the new figures
          </Button>
        </Notice>
      ) : isStale ? (
        <Notice tone="people">
          An order or another person changed this SKU in the same moment, so nothing was set. You see it as it
          is now: set it again if your figures still hold.
        </Notice>
      ) : (
        <Refusal
          error={set.error}
          besides={['/name', '/unit_price', '/on_hand', '/reorder_point', '/safety_stock']}
        />
      )}
      <Button
        kind="primary"
        type="submit"
        className="self-end"
        busy={set.isPending}
        disabled={
          hasMoved ||
          isPriceWrong ||
          isWrong('on_hand') ||
          isWrong('reorder_point') ||
          isWrong('safety_stock')
        }
      >
        Set
      </Button>
    </form>
  );
}

function movedText(before: Item, now: Item, currency: string): string {
  const price = (item: Item) => (item.unit_price === null ? 'none' : formatMoney(item.unit_price, currency));
  const moves: (string | false)[] = [
    before.on_hand !== now.on_hand && `on hand ${formatCount(before.on_hand)} → ${formatCount(now.on_hand)}`,
    before.reorder_point !== now.reorder_point &&
      `reorder point ${formatCount(before.reorder_point)} → ${formatCount(now.reorder_point)}`,
    before.safety_stock !== now.safety_stock &&
      `safety stock ${formatCount(before.safety_stock)} → ${formatCount(now.safety_stock)}`,
    before.unit_price !== now.unit_price && `price ${price(before)} → ${price(now)}`,
    before.name !== now.name && 'its name',
  ];
  return moves.filter(Boolean).join(', ');
}
