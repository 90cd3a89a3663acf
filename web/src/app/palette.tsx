import { useQuery, useQueryClient } from '@tanstack/react-query';
import { CircleHelp, Monitor, Moon, Plus, Search, ShoppingBag, Store as StoreIcon, Sun } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { get, orderQuery, storesQuery, useStore } from '@/api';
import { Kbd, Mono, Money, ORDER, Status, cx, leaving, lookOf, shortId, useGo, useQuiet } from '@/ui';
import { places } from './nav';
import { setTheme } from './theme';

interface Entry {
  readonly id: string;
  readonly group: string;
  readonly label: string;
  readonly also?: string;
  readonly icon: ReactNode;
  readonly aside?: ReactNode;
  readonly run: () => void;
}

/** One field for everything: go somewhere, do something, find an order. */
export function Palette({ onClose, onHelp }: { readonly onClose: () => void; readonly onHelp: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const id = useId();
  const store = useStore();
  const client = useQueryClient();
  const go = useGo();
  const asked = useQuiet(text.trim(), 140);
  const stores = useQuery(storesQuery);
  const found = useQuery({
    queryKey: [store.id, 'search', asked],
    queryFn: async ({ signal }) =>
      (await get('/v1/orders', { store: store.id, query: { q: asked, limit: 8 }, signal })).data,
    enabled: asked.length >= 2,
    staleTime: 2_000,
    placeholderData: (before) => (asked.length >= 2 ? before : undefined),
  });

  useEffect(() => {
    dialog.current?.showModal();
  }, []);

  const icon = { size: 15, strokeWidth: 1.8, 'aria-hidden': true } as const;
  const commands: Entry[] = [
    ...places.map((place) => ({
      id: place.path,
      group: 'Go to',
      label: place.label,
      icon: <place.icon {...icon} />,
      aside: (
        <span className="flex gap-0.5">
          <Kbd>g</Kbd>
          <Kbd>{place.key}</Kbd>
        </span>
      ),
      run: () => go(place.path),
    })),
    {
      id: 'new',
      group: 'Do',
      label: 'Place a test order',
      also: 'new create',
      icon: <Plus {...icon} />,
      run: () => go('/orders', { new: '1' }),
    },
    {
      id: 'light',
      group: 'Do',
      label: 'Theme: light',
      icon: <Sun {...icon} />,
      run: () => setTheme('light'),
    },
    { id: 'dark', group: 'Do', label: 'Theme: dark', icon: <Moon {...icon} />, run: () => setTheme('dark') },
    {
      id: 'system',
      group: 'Do',
      label: 'Theme: as the system',
      icon: <Monitor {...icon} />,
      run: () => setTheme('system'),
    },
    {
      id: 'help',
      group: 'Do',
      label: 'Help and keys',
      also: 'shortcuts tour',
      icon: <CircleHelp {...icon} />,
      aside: <Kbd>?</Kbd>,
      run: onHelp,
    },
    ...[...(stores.data?.stores ?? [])]
      .reverse()
      .filter((other) => other.id !== store.id)
      .slice(0, 40)
      .map((other) => ({
        id: `store:${other.id}`,
        group: 'Stores',
        label: other.name,
        also: `store ${other.id}`,
        icon: <StoreIcon {...icon} />,
        aside: <Mono className="text-ink-3">{other.id}</Mono>,
        run: () => go('/', { store: other.id }),
      })),
  ];
  const wanted = text.trim().toLowerCase();
  const fitting = commands.filter((entry) =>
    `${entry.label} ${entry.also ?? ''}`.toLowerCase().includes(wanted),
  );
  const orders: Entry[] = (asked.length >= 2 ? (found.data ?? []) : []).map((order) => ({
    id: order.id,
    group: 'Orders',
    label: order.shipping_address?.name ?? order.customer.email ?? order.customer.id ?? order.id,
    icon: <ShoppingBag {...icon} />,
    aside: (
      <span className="flex items-center gap-3">
        <Mono className="text-ink-3">{shortId(order.id)}</Mono>
        <Money minor={order.total} currency={order.currency} />
        <Status look={lookOf(ORDER, order.status)} quiet />
      </span>
    ),
    run: () => {
      void client.prefetchQuery(orderQuery(store.id, order.id));
      go(`/orders/${order.id}`);
    },
  }));
  const all: Entry[] = [...orders, ...fitting];
  if (asked.length >= 2 && asked === text.trim()) {
    all.push({
      id: 'all',
      group: 'Orders',
      label: `All orders with “${asked}”`,
      icon: <Search {...icon} />,
      run: () => go('/orders', { q: asked }),
    });
  }
  const place = Math.min(at, Math.max(0, all.length - 1));

  const move = (to: number) => {
    const next = (to + all.length) % Math.max(1, all.length);
    setAt(next);
    list.current?.querySelector(`[data-place="${next}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const run = (entry: Entry | undefined) => {
    if (entry === undefined) return;
    onClose();
    entry.run();
  };

  return (
    <dialog
      ref={dialog}
      aria-label="Search or command"
      {...leaving(onClose)}
      className="mx-auto mt-[12dvh] max-h-[70dvh] w-[calc(100%-24px)] max-w-xl flex-col overflow-hidden rounded-lg border border-line-strong bg-raised p-0 open:flex open:animate-appear"
    >
      <div className="flex items-center gap-2.5 border-b px-4">
        <Search size={16} className="text-ink-3" aria-hidden />
        <input
          autoFocus
          role="combobox"
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-activedescendant={all.length === 0 ? undefined : `${id}-${place}`}
          aria-label="Search or command"
          placeholder="An order, a trace, an e-mail address, a name, a command"
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') move(place + 1);
            else if (event.key === 'ArrowUp') move(place - 1);
            else if (event.key === 'Enter') run(all[place]);
            else return;
            event.preventDefault();
          }}
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-ink-3"
        />
        <Kbd>esc</Kbd>
      </div>
      <div
        ref={list}
        id={`${id}-list`}
        role="listbox"
        aria-label="What fits"
        className="min-h-0 overflow-y-auto p-1.5"
      >
        {all.map((entry, index) => (
          <div key={entry.id} role="presentation">
            {entry.group !== all[index - 1]?.group && (
              <p
                role="presentation"
                className="px-2.5 pt-2 pb-1 text-2xs font-medium tracking-wide text-ink-3"
              >
                {entry.group}
              </p>
            )}
            <div
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === place}
              data-place={index}
              onPointerMove={() => setAt(index)}
              onClick={() => run(entry)}
              className={cx(
                'flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2.5 text-sm',
                index === place && 'bg-press',
              )}
            >
              <span className="text-ink-3">{entry.icon}</span>
              <span className="min-w-0 flex-1 truncate">{entry.label}</span>
              {entry.aside}
            </div>
          </div>
        ))}
        {all.length === 0 && (
          <p className="px-3 py-6 text-center text-sm text-ink-2">
            {asked.length >= 2 && found.isFetching
              ? 'Looking…'
              : 'Nothing fits. An order is found by its id, trace, e-mail address, customer or recipient.'}
          </p>
        )}
      </div>
    </dialog>
  );
}
