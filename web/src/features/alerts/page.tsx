import { useMutation, useQueryClient } from '@tanstack/react-query';
import { BellOff, CircleCheckBig, History } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { ApiProblem, ask, freshKey, sentence, useStore } from '@/api';
import type { Alert } from '@/api';
import {
  Button,
  Empty,
  Failure,
  Kbd,
  Skeleton,
  TextInput,
  capital,
  cx,
  formatCount,
  toast,
  useGo,
  useKeys,
  useNow,
  useSearch,
  useSetSearch,
} from '@/ui';
import { VIEWS, inView, saveName, savedName, viewOf, worstFirst } from './desk';
import type { View } from './desk';
import { kindOf, targetOf } from './kinds';
import { AlertRow } from './row';
import type { Act } from './row';
import { useOpenAlerts, useResolvedAlerts } from './use-alerts';

const DONE: Record<Act['verb'], string> = {
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  silence: 'silenced',
};

/** What is wrong, who looks after it, and what was. */
export function Page() {
  const store = useStore();
  const client = useQueryClient();
  const go = useGo();
  const search = useSearch();
  const setSearch = useSetSearch();
  // Silences end by the clock; a minute is fine enough for the lists.
  const now = Math.floor(useNow() / 5_000) * 5_000;
  const view = viewOf(search.status);
  const open = useOpenAlerts();
  const resolved = useResolvedAlerts(view === 'resolved');
  const [name, setName] = useState(() => savedName(localStorage));
  const list = useRef<HTMLUListElement>(null);

  const alerts = useMemo(
    () =>
      view === 'resolved'
        ? (resolved.data?.pages.flatMap((page) => page.data) ?? [])
        : worstFirst(inView(open.data ?? [], view, now), now),
    [view, resolved.data, open.data, now],
  );
  const asked = view === 'resolved' ? resolved : open;
  const selected = alerts.findIndex((alert) => alert.id === search.alert);

  const act = useMutation({
    mutationFn: ({ alert, act: wish, key }: { alert: Alert; act: Act; key: string }) => {
      const options = { store: store.id, path: { id: alert.id }, key };
      if (wish.verb === 'silence') {
        return ask('post', '/v1/alerts/{id}/silence', { ...options, body: { minutes: wish.minutes } });
      }
      const body = name.trim() === '' ? {} : { by: name.trim() };
      return wish.verb === 'resolve'
        ? ask('post', '/v1/alerts/{id}/resolve', { ...options, body })
        : ask('post', '/v1/alerts/{id}/acknowledge', { ...options, body });
    },
    onSuccess: ({ body }, { act: wish }) => {
      toast('done', `${capital(kindOf(body.kind).word)} ${DONE[wish.verb]}`, body.subject);
      void client.invalidateQueries({ queryKey: [store.id, 'alerts'] });
    },
    onError: (error) => {
      const isLate = error instanceof ApiProblem && error.status === 409;
      toast(
        isLate ? 'info' : 'failed',
        isLate ? 'It has moved on meanwhile' : 'That did not work',
        sentence(error),
      );
      void client.invalidateQueries({ queryKey: [store.id, 'alerts'] });
    },
  });
  const wish = (alert: Alert | undefined, what: Act) => {
    if (alert === undefined || act.isPending) return;
    if (alert.status === 'resolved' || (what.verb === 'acknowledge' && alert.status !== 'firing')) return;
    act.mutate({ alert, act: what, key: freshKey() });
  };
  const select = (index: number) => {
    const alert = alerts[index];
    if (alert !== undefined) setSearch({ alert: alert.id }, { replace: true });
  };
  useKeys({
    j: () => select(Math.min(alerts.length - 1, selected + 1)),
    k: () => select(Math.max(0, selected - 1)),
    e: () => wish(alerts[selected], { verb: 'acknowledge' }),
    x: () => wish(alerts[selected], { verb: 'resolve' }),
    m: () => wish(alerts[selected], { verb: 'silence', minutes: 60 }),
    Enter: () => {
      const alert = alerts[selected];
      const target = alert === undefined ? null : targetOf(alert);
      if (target !== null) go(target.to, target.search);
    },
  });
  const chosen = alerts[selected]?.id;
  useEffect(() => {
    if (chosen !== undefined) list.current?.querySelector(`#${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);

  return (
    <div className="flex h-full min-h-0 flex-col">
      <header className="flex flex-col gap-3 border-b bg-panel px-4 pt-4 md:px-6">
        <div className="flex min-h-8 flex-wrap items-center gap-3">
          <h1 className="text-lg font-semibold">Alerts</h1>
          <p className="ml-auto flex items-center gap-1.5 text-xs text-ink-3 max-lg:hidden">
            <Kbd>j</Kbd>
            <Kbd>k</Kbd> move, <Kbd>e</Kbd> acknowledge, <Kbd>x</Kbd> resolve, <Kbd>m</Kbd> silence for an
            hour
          </p>
          <label className="flex items-center gap-2 text-xs whitespace-nowrap text-ink-3 max-lg:ml-auto">
            You are
            <span className="w-32">
              <TextInput
                value={name}
                maxLength={80}
                placeholder="your name"
                onChange={(event) => {
                  setName(event.target.value);
                  saveName(localStorage, event.target.value);
                }}
              />
            </span>
          </label>
        </div>
        <Views view={view} alerts={open.data ?? []} now={now} isKnown={open.data !== undefined} />
      </header>
      {asked.data === undefined ? (
        asked.error === null ? (
          <div className="flex flex-col gap-3 p-4 md:px-6" aria-busy="true">
            <Skeleton className="h-20" />
            <Skeleton className="h-20" />
            <Skeleton className="h-20" />
          </div>
        ) : (
          <Failure
            what="Alerts cannot be read"
            says={sentence(asked.error)}
            onRetry={() => void asked.refetch()}
          />
        )
      ) : alerts.length === 0 ? (
        <NothingHere view={view} />
      ) : (
        <div className="min-h-0 flex-1 overflow-y-auto bg-panel">
          <ul ref={list} aria-label="Alerts" className="divide-y">
            {alerts.map((alert) => (
              <AlertRow
                key={alert.id}
                alert={alert}
                now={now}
                isSelected={alert.id === search.alert}
                isBusy={act.isPending && act.variables.alert.id === alert.id}
                onSelect={() => setSearch({ alert: alert.id }, { replace: true })}
                onAct={(what) => wish(alert, what)}
              />
            ))}
          </ul>
          {view === 'resolved' && resolved.hasNextPage && (
            <div className="p-4 md:px-6">
              <Button busy={resolved.isFetchingNextPage} onClick={() => void resolved.fetchNextPage()}>
                Older ones
              </Button>
            </div>
          )}
        </div>
      )}
    </div>
  );
}

function Views({
  view,
  alerts,
  now,
  isKnown,
}: {
  readonly view: View;
  readonly alerts: readonly Alert[];
  readonly now: number;
  readonly isKnown: boolean;
}) {
  const setSearch = useSetSearch();
  return (
    <div role="group" aria-label="Which" className="-mx-1 flex gap-1 overflow-x-auto">
      {VIEWS.map((one) => {
        const isOn = one === view;
        const count = inView(alerts, one, now).length;
        return (
          <button
            key={one}
            type="button"
            aria-pressed={isOn}
            onClick={() => setSearch({ status: one === 'open' ? null : one, alert: null })}
            className={cx(
              '-mb-px flex h-9 items-center gap-1.5 border-b-2 px-2 text-sm whitespace-nowrap focus-visible:-outline-offset-2',
              isOn ? 'border-accent font-medium text-ink' : 'border-transparent text-ink-2 hover:text-ink',
            )}
          >
            {capital(one)}
            {one !== 'resolved' && isKnown && (
              <span
                className={cx(
                  'font-mono text-xs',
                  one === 'firing' && count > 0 ? 'font-medium text-failed' : 'text-ink-3',
                )}
              >
                {formatCount(count)}
              </span>
            )}
          </button>
        );
      })}
    </div>
  );
}

function NothingHere({ view }: { readonly view: View }) {
  switch (view) {
    case 'open':
    case 'firing':
      return (
        <Empty icon={CircleCheckBig} title={view === 'open' ? 'All is well' : 'Nothing is firing'}>
          Low stock, payments that wait for the bank, a bank that does not answer, orders that stand still:
          what needs a person appears here in the moment it happens, and goes when its condition clears.
        </Empty>
      );
    case 'acknowledged':
      return (
        <Empty icon={CircleCheckBig} title="Nobody looks after anything">
          An alert that somebody acknowledges stands here until its condition clears, and escalates no more.
        </Empty>
      );
    case 'silenced':
      return (
        <Empty icon={BellOff} title="Nothing is silenced">
          A silenced alert does not escalate for a while. It is counted on, and comes back by itself.
        </Empty>
      );
    case 'resolved':
      return (
        <Empty icon={History} title="Nothing was wrong yet">
          Alerts that are over stay here, with what ended them.
        </Empty>
      );
  }
}
