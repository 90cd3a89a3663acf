import { useQuery } from '@tanstack/react-query';
import { Check, ChevronsUpDown } from 'lucide-react';
import { useState } from 'react';
import { storesQuery } from '@/api';
import type { Store } from '@/api';
import { Popover, TextInput, cx, useGo, useSetSearch } from '@/ui';
import { useRouterState } from '@tanstack/react-router';
import { placeAt } from './nav';

/** Which store the page is about. Any store can be named, also one that is not among the newest few hundred. */
export function StoreSwitcher({ current }: { readonly current: Store | null }) {
  const [isOpen, setOpen] = useState(false);
  const [text, setText] = useState('');
  const stores = useQuery(storesQuery);
  const setSearch = useSetSearch();
  const go = useGo();
  const place = placeAt(useRouterState({ select: (state) => state.location.pathname }));
  const wanted = text.trim().toLowerCase();
  const all = [...(stores.data?.stores ?? [])].reverse();
  const fitting = all.filter(
    (store) => store.id.includes(wanted) || store.name.toLowerCase().includes(wanted),
  );
  const choose = (id: string) => {
    setOpen(false);
    setText('');
    // Filters and orders belong to one store; the place is the same in all.
    if (place === undefined) setSearch({ store: id });
    else go(place.path, { store: id });
  };
  return (
    <Popover
      label="Choose a store"
      open={isOpen}
      onOpenChange={setOpen}
      trigger={
        <button
          type="button"
          className="flex h-8 min-w-0 items-center gap-2 rounded-md border border-transparent px-2 text-sm hover:bg-hover"
        >
          <span className="max-md:hidden text-ink-3">store</span>
          <span className="truncate font-medium">{current === null ? 'choose' : current.name}</span>
          {current !== null && (
            <span className="font-mono text-xs text-ink-3 max-md:hidden">{current.currency}</span>
          )}
          <ChevronsUpDown size={13} className="shrink-0 text-ink-3" aria-hidden />
        </button>
      }
    >
      <form
        className="w-64"
        onSubmit={(event) => {
          event.preventDefault();
          const first = fitting[0];
          if (first !== undefined) choose(first.id);
          else if (wanted !== '') choose(wanted);
        }}
      >
        <TextInput
          autoFocus
          placeholder="Find a store by name or id"
          aria-label="Find a store"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <ul className="mt-2 flex max-h-72 flex-col overflow-y-auto">
          {fitting.slice(0, 50).map((store) => (
            <li key={store.id}>
              <button
                type="button"
                onClick={() => choose(store.id)}
                className={cx(
                  'flex h-9 w-full items-center gap-2 rounded-md px-2 text-left text-sm hover:bg-hover',
                  store.id === current?.id && 'font-medium',
                )}
              >
                <span className="min-w-0 flex-1 truncate">{store.name}</span>
                <span className="font-mono text-xs text-ink-3">{store.id}</span>
                <Check
                  size={14}
                  className={cx(store.id === current?.id ? 'text-accent' : 'invisible')}
                  aria-hidden
                />
              </button>
            </li>
          ))}
          {fitting.length === 0 && wanted !== '' && (
            <li className="px-2 py-2 text-sm text-ink-2">
              None of the newest {all.length}. Enter looks for the id “{wanted}”.
            </li>
          )}
        </ul>
      </form>
    </Popover>
  );
}
