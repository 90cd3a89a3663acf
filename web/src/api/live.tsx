import { useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import { Refresher } from './refresh';
import type { Store } from './schema.gen';
import { EventStream } from './stream';
import type { Listener, LiveState } from './stream';

interface Here {
  readonly store: Store;
  readonly stream: EventStream;
}

const HereContext = createContext<Here | null>(null);

/** Everything below is about one store, and hears of its events. Give it the store's id as `key`. */
export function StoreProvider({ store, children }: { readonly store: Store; readonly children: ReactNode }) {
  const client = useQueryClient();
  const [stream] = useState(() => new EventStream(store.id, () => void client.invalidateQueries()));
  useEffect(() => {
    const refresher = new Refresher(client, store.id);
    const leave = stream.subscribe(refresher.hear);
    stream.start();
    return () => {
      leave();
      refresher.stop();
      stream.stop();
    };
  }, [client, store.id, stream]);
  return <HereContext value={{ store, stream }}>{children}</HereContext>;
}

function useHere(): Here {
  const here = useContext(HereContext);
  if (here === null) throw new Error('this is shown outside of any store');
  return here;
}

/** The store that the page is about. */
export function useStore(): Store {
  return useHere().store;
}

/** The connection itself, for those who draw by themselves. */
export function useStream(): EventStream {
  return useHere().stream;
}

/** How the page hears of things. */
export function useLiveState(): LiveState {
  const { stream } = useHere();
  return useSyncExternalStore(stream.watch, stream.state);
}

/** Hears every part of the store's events, once a frame at most. Whoever sets state here does so once a part, not once an event. */
export function useEvents(listener: Listener): void {
  const { stream } = useHere();
  const hear = useEffectEvent(listener);
  useEffect(() => stream.subscribe((events, skipped) => hear(events, skipped)), [stream]);
}
