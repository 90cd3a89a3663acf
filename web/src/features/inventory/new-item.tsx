import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import { ApiProblem, ask, get, sentence, useStore } from '@/api';
import { Button, Dialog, Field, Notice, TextInput, parseMoney, toast } from '@/ui';
import { parseWhole } from './stock';
import { useTakeIn } from './use-stock';

class Taken extends Error {}

/** A SKU that the store has not had. */
export function NewItem({
  onClose,
  onMade,
}: {
  readonly onClose: () => void;
  readonly onMade: (sku: string) => void;
}) {
  const store = useStore();
  const takeIn = useTakeIn();
  const formId = useId();
  const [draft, setDraft] = useState({ sku: '', name: '', price: '', on_hand: '', reorder: '', safety: '' });
  const put = (field: keyof typeof draft) => (event: { target: { value: string } }) =>
    setDraft((before) => ({ ...before, [field]: event.target.value }));
  const sku = draft.sku.trim();
  const price = draft.price.trim() === '' ? undefined : parseMoney(draft.price, store.currency);
  const whole = (text: string) => (text.trim() === '' ? 0 : parseWhole(text));
  const figures = [whole(draft.on_hand), whole(draft.reorder), whole(draft.safety)];
  const isWhole = (value: number | null | undefined) => value !== null && value !== undefined && value >= 0;
  const make = useMutation({
    mutationFn: async () => {
      // A PUT would overwrite what is there: it is asked first.
      try {
        await get('/v1/inventory/{sku}', { store: store.id, path: { sku } });
      } catch (error) {
        if (!(error instanceof ApiProblem && error.status === 404)) throw error;
        const [on_hand, reorder_point, safety_stock] = figures;
        return ask('put', '/v1/inventory/{sku}', {
          store: store.id,
          path: { sku },
          body: {
            on_hand: on_hand ?? 0,
            reorder_point: reorder_point ?? 0,
            safety_stock: safety_stock ?? 0,
            ...(draft.name.trim() === '' ? {} : { name: draft.name.trim() }),
            ...(typeof price === 'number' ? { unit_price: price } : {}),
          },
        });
      }
      throw new Taken();
    },
    onSuccess: ({ body }) => {
      takeIn(body);
      toast('done', `${body.sku} is in stock`);
      onMade(body.sku);
    },
  });
  const fault = (pointer: string) =>
    make.error instanceof ApiProblem
      ? make.error.faults.find((one) => one.pointer === pointer)?.detail
      : undefined;
  const isTaken = make.error instanceof Taken;
  const isAtField =
    isTaken || (make.error instanceof ApiProblem && make.error.faults.some((one) => fieldOf(one.pointer)));
  const figureField = (
    field: 'on_hand' | 'reorder' | 'safety',
    label: string,
    pointer: string,
    placeholder = '0',
  ) => (
    <Field
      label={label}
      error={isWhole(whole(draft[field])) ? fault(pointer) : 'A whole number, not below 0'}
    >
      {(props) => (
        <TextInput
          {...props}
          inputMode="numeric"
          placeholder={placeholder}
          value={draft[field]}
          onChange={put(field)}
        />
      )}
    </Field>
  );
  return (
    <Dialog
      open
      onClose={onClose}
      title="Add a SKU"
      footer={
        <>
          <Button kind="quiet" onClick={onClose}>
            Not now
          </Button>
          <Button
            kind="primary"
            type="submit"
            form={formId}
            busy={make.isPending}
            disabled={sku === '' || price === null || !figures.every(isWhole)}
          >
            Add it
          </Button>
        </>
      }
    >
      <form
        id={formId}
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Field
          label="SKU"
          error={isTaken ? 'The store has this SKU already' : (fault('/sku') ?? undefined)}
          hint="As orders name it; it cannot be changed later"
        >
          {(props) => (
            <TextInput
              {...props}
              data-first
              autoFocus
              value={draft.sku}
              onChange={put('sku')}
              placeholder="TSHIRT-M"
            />
          )}
        </Field>
        {isTaken && (
          <Button size="sm" className="self-start" onClick={() => onMade(sku)}>
            Show it
          </Button>
        )}
        <div className="grid grid-cols-[minmax(0,1fr)_7rem] gap-3">
          <Field label="Name" error={fault('/name')}>
            {(props) => <TextInput {...props} maxLength={200} value={draft.name} onChange={put('name')} />}
          </Field>
          <Field
            label={`Price, ${store.currency}`}
            error={price === null ? 'No such amount' : fault('/unit_price')}
          >
            {(props) => (
              <TextInput {...props} inputMode="decimal" value={draft.price} onChange={put('price')} />
            )}
          </Field>
        </div>
        <div className="grid grid-cols-3 gap-3">
          {figureField('on_hand', 'On hand', '/on_hand')}
          {figureField('reorder', 'Reorder point', '/reorder_point')}
          {figureField('safety', 'Safety stock', '/safety_stock')}
        </div>
        {make.error !== null && !isAtField && <Notice tone="failed">{sentence(make.error)}</Notice>}
      </form>
    </Dialog>
  );
}

function fieldOf(pointer: string): boolean {
  return ['/sku', '/name', '/unit_price', '/on_hand', '/reorder_point', '/safety_stock'].includes(pointer);
}
