import { Bookmark, ListFilter, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { Button, FULFILLMENT, Field, IconButton, PAYMENT, Popover, Select, TextInput, toast } from '@/ui';
import { VIEWS, dropView, fieldCount, filterOf, localInput, saveView, savedViews } from './filter';
import type { OrderFilter, SavedView } from './filter';

interface Props {
  readonly filter: OrderFilter;
  readonly onChange: (filter: OrderFilter) => void;
}

/** Every field that the list can be asked. */
export function FilterMenu({ filter, onChange }: Props) {
  const [isOpen, setOpen] = useState(false);
  const count = fieldCount(filter, ['status', 'q']);
  return (
    <Popover
      label="Filter"
      open={isOpen}
      onOpenChange={setOpen}
      trigger={
        <Button>
          <ListFilter size={14} aria-hidden /> Filter
          {count > 0 && <span className="font-mono text-xs text-accent">{count}</span>}
        </Button>
      }
    >
      <FilterForm
        filter={filter}
        onDone={(next) => {
          onChange(next);
          setOpen(false);
        }}
      />
    </Popover>
  );
}

function FilterForm({
  filter,
  onDone,
}: {
  readonly filter: OrderFilter;
  readonly onDone: (filter: OrderFilter) => void;
}) {
  const [draft, setDraft] = useState<Record<string, string>>(() => ({
    ...filter,
    created_after: localInput(filter.created_after),
    created_before: localInput(filter.created_before),
  }));
  const put = (field: keyof OrderFilter) => (value: string) =>
    setDraft((before) => ({ ...before, [field]: value }));
  const choices = (table: Readonly<Record<string, { readonly word: string }>>) => [
    { value: '', label: 'any' },
    ...Object.entries(table).map(([value, look]) => ({ value, label: look.word })),
  ];
  const text = (field: keyof OrderFilter, label: string, placeholder: string) => (
    <Field label={label}>
      {(props) => (
        <TextInput
          {...props}
          placeholder={placeholder}
          value={draft[field] ?? ''}
          onChange={(event) => put(field)(event.target.value)}
        />
      )}
    </Field>
  );
  const time = (field: 'created_after' | 'created_before', label: string) => (
    <Field label={label}>
      {(props) => (
        <TextInput
          {...props}
          type="datetime-local"
          value={draft[field] ?? ''}
          onChange={(event) => put(field)(event.target.value)}
        />
      )}
    </Field>
  );
  return (
    <form
      className="grid w-[min(26rem,calc(100vw-48px))] grid-cols-2 gap-3"
      onSubmit={(event) => {
        event.preventDefault();
        onDone(filterOf(draft));
      }}
    >
      <Field label="Payment">
        {(props) => (
          <Select
            {...props}
            choices={choices(PAYMENT)}
            value={draft.payment_status ?? ''}
            onChange={put('payment_status')}
          />
        )}
      </Field>
      <Field label="Fulfilment">
        {(props) => (
          <Select
            {...props}
            choices={choices(FULFILLMENT)}
            value={draft.fulfillment_status ?? ''}
            onChange={put('fulfillment_status')}
          />
        )}
      </Field>
      {text('email', 'E-mail, exactly', 'ada@example.com')}
      {text('customer_id', 'Customer id, exactly', 'cus_1')}
      {text('sku', 'With this SKU', 'TSHIRT-M')}
      <span />
      {time('created_after', 'Taken after')}
      {time('created_before', 'Taken before')}
      <div className="col-span-2 flex justify-end gap-2 pt-1">
        <Button
          kind="quiet"
          onClick={() =>
            onDone({
              ...(filter.status === undefined ? {} : { status: filter.status }),
              ...(filter.q === undefined ? {} : { q: filter.q }),
            })
          }
        >
          Clear
        </Button>
        <Button kind="primary" type="submit">
          Show
        </Button>
      </div>
    </form>
  );
}

/** Filters with names: some come with the page, others are saved here. */
export function ViewsMenu({ filter, onChange }: Props) {
  const [isOpen, setOpen] = useState(false);
  const [mine, setMine] = useState<readonly SavedView[]>(() => savedViews(localStorage));
  const [name, setName] = useState('');
  const isAny = fieldCount(filter) > 0;
  const choose = (view: SavedView) => {
    onChange(view.filter);
    setOpen(false);
  };
  const entry = (view: SavedView, isMine: boolean) => (
    <li key={view.name} className="flex items-center">
      <button
        type="button"
        onClick={() => choose(view)}
        className="h-8 min-w-0 flex-1 truncate rounded-md px-2 text-left text-sm hover:bg-hover"
      >
        {view.name}
      </button>
      {isMine && (
        <IconButton
          label={`Forget ${view.name}`}
          onClick={() => setMine(dropView(localStorage, view.name))}
          className="size-7"
        >
          <Trash2 size={13} aria-hidden />
        </IconButton>
      )}
    </li>
  );
  return (
    <Popover
      label="Views"
      open={isOpen}
      onOpenChange={setOpen}
      trigger={
        <Button>
          <Bookmark size={14} aria-hidden /> Views
        </Button>
      }
    >
      <div className="flex w-64 flex-col gap-2">
        <ul>{VIEWS.map((view) => entry(view, false))}</ul>
        {mine.length > 0 && <ul className="border-t pt-2">{mine.map((view) => entry(view, true))}</ul>}
        <form
          className="flex gap-2 border-t pt-3"
          onSubmit={(event) => {
            event.preventDefault();
            if (name.trim() === '') return;
            try {
              setMine(saveView(localStorage, { name: name.trim(), filter }));
              toast('done', `Saved as “${name.trim()}”`);
              setName('');
            } catch {
              toast('failed', 'This browser keeps nothing', 'Its storage is closed or full.');
            }
          }}
        >
          <TextInput
            aria-label="Name of the view"
            placeholder={isAny ? 'Save this view as' : 'Set a filter to save it'}
            disabled={!isAny}
            maxLength={60}
            value={name}
            onChange={(event) => setName(event.target.value)}
          />
          <Button type="submit" disabled={!isAny || name.trim() === ''}>
            Save
          </Button>
        </form>
      </div>
    </Popover>
  );
}
