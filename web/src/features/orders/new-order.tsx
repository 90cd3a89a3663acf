import { useMutation, useQuery } from '@tanstack/react-query';
import { Plus, Trash2 } from 'lucide-react';
import { useId, useState } from 'react';
import { ApiProblem, freshKey, get, post, sentence, useStore } from '@/api';
import type { Item } from '@/api';
import {
  Button,
  Dialog,
  Field,
  IconButton,
  Notice,
  Select,
  TextInput,
  formatMoney,
  shortId,
  toast,
  useGo,
} from '@/ui';
import { CARDS } from './cards';

interface DraftLine {
  readonly sku: string;
  readonly quantity: string;
}

const NAMES = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Mary Somerville',
  'Joan Clarke',
  'Katherine Johnson',
  'Edsger Dijkstra',
];

/** Places an order as any shop would, with SKUs and cards to choose. */
export function NewOrder({ onClose }: { readonly onClose: () => void }) {
  const store = useStore();
  const go = useGo();
  const listId = useId();
  const items = useQuery({
    queryKey: [store.id, 'inventory', 'to_choose'],
    queryFn: async ({ signal }) =>
      (await get('/v1/inventory', { store: store.id, query: { limit: 100 }, signal })).data,
  });
  const [name, setName] = useState(() => NAMES[Math.floor(Math.random() * NAMES.length)] ?? 'Ada Lovelace');
  const [email, setEmail] = useState(() => `test-${Math.random().toString(36).slice(2, 7)}@example.com`);
  const [method, setMethod] = useState('pm_card_visa');
  const [lines, setLines] = useState<readonly DraftLine[] | null>(null);
  // One key a dialog and draft: a press that is repeated places nothing twice.
  const [key, setKey] = useState(freshKey);

  const known = new Map((items.data ?? []).map((item) => [item.sku, item]));
  const firstItem = items.data?.find((item) => item.available > 0) ?? items.data?.[0];
  const shown =
    lines ??
    (firstItem === undefined ? [{ sku: '', quantity: '1' }] : [{ sku: firstItem.sku, quantity: '1' }]);
  const total = shown.reduce(
    (sum, line) => sum + (known.get(line.sku)?.unit_price ?? 0) * (Number(line.quantity) || 0),
    0,
  );
  const put = (nth: number, change: Partial<DraftLine>) => {
    setLines(shown.map((line, index) => (index === nth ? { ...line, ...change } : line)));
    setKey(freshKey());
  };

  const place = useMutation({
    mutationFn: () =>
      post('/v1/orders', {
        store: store.id,
        key,
        body: {
          customer: { email },
          currency: store.currency,
          lines: shown.map((line) => ({ sku: line.sku.trim(), quantity: Number(line.quantity) })),
          shipping_address: { name, line1: '1 Loop Rd', city: 'London', postal_code: 'N1', country: 'GB' },
          payment: { payment_method: method },
          metadata: { channel: 'test order' },
        },
      }),
    onSuccess: (order) => {
      toast('done', 'Order taken', `${shortId(order.id)} is on disk and on its way.`);
      go(`/orders/${order.id}`);
    },
    onError: () => setKey(freshKey()),
  });
  const faults = place.error instanceof ApiProblem ? place.error.faults : [];
  const wrong = (pointer: string) => faults.find((fault) => fault.pointer === pointer)?.detail;
  const isElsewhere = (pointer: string) =>
    !/^\/(lines\/\d+\/(sku|quantity)|customer\/email|payment\/payment_method)$/.test(pointer);

  return (
    <Dialog
      open
      onClose={onClose}
      title="Place a test order"
      wide
      footer={
        <>
          <span className="mr-auto text-sm text-ink-2">
            {total > 0 && (
              <>
                comes to <span className="font-semibold text-ink">{formatMoney(total, store.currency)}</span>
              </>
            )}
          </span>
          <Button kind="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button kind="primary" type="submit" form={`${listId}-form`} busy={place.isPending}>
            Place it
          </Button>
        </>
      }
    >
      <form
        id={`${listId}-form`}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          place.mutate();
        }}
      >
        {place.error !== null &&
          (faults.length === 0 || faults.some((fault) => isElsewhere(fault.pointer))) && (
            <Notice tone="failed">
              {sentence(place.error)}
              {faults
                .filter((fault) => isElsewhere(fault.pointer))
                .map((fault) => ` ${fault.pointer}: ${fault.detail}.`)}
            </Notice>
          )}
        <fieldset className="flex flex-col gap-2">
          <legend className="mb-1 text-sm font-semibold">What</legend>
          <datalist id={listId}>
            {(items.data ?? []).map((item) => (
              <option key={item.sku} value={item.sku}>
                {choiceText(item, store.currency)}
              </option>
            ))}
          </datalist>
          {shown.map((line, nth) => {
            const item = known.get(line.sku);
            return (
              <div key={nth} className="flex items-start gap-2">
                <Field
                  label={`SKU ${nth + 1}`}
                  className="flex-1"
                  error={wrong(`/lines/${nth}/sku`)}
                  hint={
                    item === undefined ? undefined : `${item.name ?? item.sku} · ${item.available} available`
                  }
                >
                  {(props) => (
                    <TextInput
                      {...props}
                      required
                      list={listId}
                      value={line.sku}
                      onChange={(event) => put(nth, { sku: event.target.value })}
                    />
                  )}
                </Field>
                <Field label="Pieces" className="w-24" error={wrong(`/lines/${nth}/quantity`)}>
                  {(props) => (
                    <TextInput
                      {...props}
                      required
                      type="number"
                      min={1}
                      max={1_000_000}
                      value={line.quantity}
                      onChange={(event) => put(nth, { quantity: event.target.value })}
                    />
                  )}
                </Field>
                <IconButton
                  label={`Without SKU ${nth + 1}`}
                  disabled={shown.length === 1}
                  className="mt-5"
                  onClick={() => setLines(shown.filter((_, index) => index !== nth))}
                >
                  <Trash2 size={14} aria-hidden />
                </IconButton>
              </div>
            );
          })}
          <Button
            size="sm"
            className="self-start"
            onClick={() => {
              const next = items.data?.find((item) => !shown.some((line) => line.sku === item.sku));
              setLines([...shown, { sku: next?.sku ?? '', quantity: '1' }]);
            }}
          >
            <Plus size={13} aria-hidden /> Another SKU
          </Button>
        </fieldset>
        <fieldset className="grid gap-3 sm:grid-cols-2">
          <legend className="mb-1 text-sm font-semibold">For whom, and how it is paid</legend>
          <Field label="Recipient">
            {(props) => (
              <TextInput
                {...props}
                value={name}
                onChange={(event) => {
                  setName(event.target.value);
                  setKey(freshKey());
                }}
              />
            )}
          </Field>
          <Field label="E-mail" error={wrong('/customer/email')}>
            {(props) => (
              <TextInput
                {...props}
                type="email"
                required
                value={email}
                onChange={(event) => {
                  setEmail(event.target.value);
                  setKey(freshKey());
                }}
              />
            )}
          </Field>
          <Field
            label="Card"
            className="sm:col-span-2"
            error={wrong('/payment/payment_method')}
            hint={method}
          >
            {(props) => (
              <Select
                {...props}
                value={method}
                onChange={(value) => {
                  setMethod(value);
                  setKey(freshKey());
                }}
                choices={CARDS.map((card) => ({ value: card.method, label: card.does, group: card.group }))}
              />
            )}
          </Field>
        </fieldset>
      </form>
    </Dialog>
  );
}

function choiceText(item: Item, currency: string): string {
  const price = item.unit_price === null ? '' : ` · ${formatMoney(item.unit_price, currency)}`;
  return `${item.name ?? item.sku}${price} · ${item.available} available`;
}
