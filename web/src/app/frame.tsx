import { useQuery } from '@tanstack/react-query';
import { Outlet, useRouterState } from '@tanstack/react-router';
import { Store as StoreIcon } from 'lucide-react';
import { useEffect } from 'react';
import { ApiProblem, StoreProvider, sentence, storeQuery, storesQuery } from '@/api';
import type { Store } from '@/api';
import { Failure, Notice, useSearch, useSetSearch } from '@/ui';
import { FirstStore } from './first-store';
import { FirstVisit } from './first-visit';
import { placeAt } from './nav';
import { BottomNav, SideNav } from './side-nav';
import { PageSkeleton } from './skeleton';
import { StoreSwitcher } from './store-switcher';
import { TopBar } from './top-bar';

const LAST = 'orderflow.store';

function lastStore(): string | null {
  try {
    return localStorage.getItem(LAST);
  } catch {
    return null;
  }
}

/** Everything around a page: which store, where to go, how live it is. */
export function Frame() {
  const asked = useSearch().store;
  const setSearch = useSetSearch();
  const stores = useQuery(storesQuery);
  const known = stores.data?.stores;
  const last = lastStore();
  // Nobody has said: the store of last time, or the one that was there first.
  const id = asked ?? (known?.some((store) => store.id === last) === true ? last : known?.at(-1)?.id) ?? null;
  const listed = known?.find((store) => store.id === id);
  const single = useQuery({
    ...storeQuery(id ?? ''),
    enabled: id !== null && stores.isSuccess && listed === undefined,
  });
  const store = listed ?? single.data;

  useEffect(() => {
    if (store === undefined) return;
    try {
      localStorage.setItem(LAST, store.id);
    } catch {
      // Storage is closed: the address still says it.
    }
    if (asked !== store.id) setSearch({ store: store.id }, { replace: true });
  }, [store, asked, setSearch]);

  if (store !== undefined) return <Shell key={store.id} store={store} />;
  const error = stores.error ?? single.error;
  return (
    <main className="flex h-full flex-col items-center justify-center gap-4">
      {error !== null ? (
        error instanceof ApiProblem && error.code === 'store_not_found' ? (
          <>
            <Failure what={`There is no store “${id ?? ''}”`} says="Choose another one." />
            <StoreSwitcher current={null} />
          </>
        ) : (
          <Failure
            what="OrderFlow cannot be reached"
            says={sentence(error)}
            advice="Is the server running? This page tries again when you do."
            onRetry={() => {
              void stores.refetch();
              void single.refetch();
            }}
          />
        )
      ) : known?.length === 0 ? (
        <FirstStore />
      ) : (
        <div className="w-full max-w-4xl">
          <PageSkeleton />
        </div>
      )}
    </main>
  );
}

function Shell({ store }: { readonly store: Store }) {
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const place = placeAt(pathname);
  useEffect(() => {
    document.title = `${place === undefined ? 'OrderFlow' : place.label} · ${store.name}`;
  }, [place, store.name]);
  return (
    <StoreProvider store={store}>
      <a
        href="#content"
        className="absolute -top-20 left-2 z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:top-2"
      >
        Skip to the content
      </a>
      <div className="grid h-dvh grid-cols-[minmax(0,1fr)] grid-rows-[48px_minmax(0,1fr)_auto] md:grid-cols-[204px_minmax(0,1fr)] md:grid-rows-[48px_minmax(0,1fr)]">
        <SideNav />
        <TopBar />
        <main id="content" tabIndex={-1} className="min-w-0 overflow-y-auto outline-none">
          {store.status === 'suspended' && (
            <div className="px-4 pt-4 md:px-6">
              <Notice tone="people">
                <StoreIcon size={15} aria-hidden /> This store is suspended: it takes no orders. What is under
                way goes on.
              </Notice>
            </div>
          )}
          <Outlet />
        </main>
        <BottomNav />
        <FirstVisit />
      </div>
    </StoreProvider>
  );
}
