import { useQuery } from '@tanstack/react-query';
import { ChevronDown, ChevronUp, History, Monitor, Workflow } from 'lucide-react';
import { useEffect, useEffectEvent, useMemo, useState, useSyncExternalStore } from 'react';
import { get, sentence, timelineQuery, useEvents, useStore, useStream } from '@/api';
import type { Event as StoreEvent, FlowEdge, FlowGraph } from '@/api';
import {
  Button,
  Dialog,
  Empty,
  Failure,
  IconButton,
  Link,
  Select,
  Skeleton,
  Tabs,
  TextInput,
  cx,
  useKeys,
  useMedia,
  useSearch,
  useSetSearch,
} from '@/ui';
import { EventSheet, Events } from './drawer';
import { Endpoints } from './endpoints';
import { figuresOf, flowsQuery, useWaiting } from './figures';
import { FLOWS, chartOf, flowOf } from './flows';
import { Graph } from './graph';
import type { Picked } from './graph';
import { Jobs } from './jobs';
import { place as layOut } from './layout';
import { Logs } from './logs';
import { Machines } from './machines';
import { reelOf, shownAt, stepFrom } from './replay';
import type { Reel } from './replay';
import { ReplayBar } from './replay-bar';
import { StateThen, States } from './states';
import type { Looked } from './states';
import { Traffic, failuresOf } from './traffic';
import type { Seen } from './traffic';
import { Atlas } from './whereabouts';

/** How often lists and figures beside the graph follow, in milliseconds; the graph itself is drawn each frame. */
const FOLLOW_MS = 400;
/** More events than so many a look are not read by anybody: the list then follows every third look. */
const BUSY = 120;
/** So many events from before the page was opened are listed. */
const LAST = 80;
/** What waits now and what is busy now is not what was then. */
const NOTHING = new Map<string, never>();

/** The program as it works: events on their way, one order's life again, and everything one needs to find out why. */
export function Page() {
  const store = useStore();
  const search = useSearch();
  const isNarrow = useMedia('(max-width: 767px)');
  const flows = useQuery({ ...flowsQuery(store.id), enabled: !isNarrow });
  if (isNarrow) {
    return (
      <Empty
        icon={Monitor}
        title="The Workbench needs a wider screen"
        actions={
          search.replay === undefined ? (
            <Link to="/orders" className="text-accent underline underline-offset-2">
              Orders are at home here
            </Link>
          ) : (
            <Link to={`/orders/${search.replay}`} className="text-accent underline underline-offset-2">
              The order’s own page tells its story, too
            </Link>
          )
        }
      >
        It draws the whole program. Turn the phone, or open this address on a desk.
      </Empty>
    );
  }
  if (flows.data === undefined) {
    return flows.error === null ? (
      <div className="p-6">
        <Skeleton className="h-[60dvh]" />
      </div>
    ) : (
      <Failure
        what="The graph could not be read"
        says={sentence(flows.error)}
        onRetry={() => void flows.refetch()}
      />
    );
  }
  return <Workbench graph={flows.data.ours} node={flows.data.node} />;
}

/** The shape of the graph, which does not change while the program runs; figures do. */
function useShape(graph: FlowGraph): FlowGraph {
  const shape = graph.edges.map((edge) => edge.id).join();
  const [kept, setKept] = useState({ shape, graph });
  if (kept.shape !== shape) setKept({ shape, graph });
  return kept.shape === shape ? kept.graph : graph;
}

function Workbench({
  graph,
  node,
}: {
  readonly graph: FlowGraph;
  readonly node: ReadonlyMap<string, FlowEdge>;
}) {
  const search = useSearch();
  const setSearch = useSetSearch();
  const stream = useStream();
  const store = useStore();
  // Where the stream begins is known once it is connected.
  const isKnown = useSyncExternalStore(stream.watch, () => stream.sequence !== null);
  const shape = useShape(graph);
  const flow = flowOf(search.flow);
  const chart = useMemo(() => chartOf(shape, flow), [shape, flow]);
  const placed = useMemo(() => layOut(chart, flow), [chart, flow]);
  const atlas = useMemo(() => new Atlas(shape), [shape]);
  const [live] = useState(() => {
    const traffic = new Traffic(atlas, chart.wayOf);
    traffic.remember(stream.recent());
    return traffic;
  });
  const [again] = useState(() => new Traffic(atlas, chart.wayOf));
  const replayed = search.replay ?? null;
  const traffic = replayed === null ? live : again;
  const [sheet, setSheet] = useState<StoreEvent | null>(null);
  const looked = useMemo(() => lookedIn(search.look), [search.look]);
  const setLooked = ({ aggregate, id }: Looked) =>
    setSearch({ look: `${aggregate}:${id}` }, { replace: true });
  const [isTall, setTall] = useState(false);
  const [isOpen, setOpen] = useState(true);
  const waiting = useWaiting();
  const picked = useMemo<Picked>(
    () => ({ node: search.node ?? null, way: search.way ?? null }),
    [search.node, search.way],
  );
  const tab = search.tab ?? 'events';

  useEffect(() => {
    live.look(atlas, chart.wayOf);
    again.look(atlas, chart.wayOf);
  }, [live, again, atlas, chart]);
  useEvents((events, skipped) => live.hear(events, performance.now(), skipped));

  const [seen, setSeen] = useState<readonly Seen[]>(live.seen);
  const [rates, setRates] = useState<ReadonlyMap<string, number>>(new Map());
  const [looks] = useState({ count: 0, heard: 0, traffic });
  const follow = useEffectEvent(() => {
    const isBusy = looks.traffic === traffic && traffic.heard - looks.heard > BUSY;
    looks.count += 1;
    looks.heard = traffic.heard;
    looks.traffic = traffic;
    if (!isBusy || looks.count % 3 === 0) setSeen(traffic.seen);
    const now = performance.now();
    const next = new Map<string, number>();
    for (const way of chart.ways) {
      for (const id of [way.id, failuresOf(way.id)]) {
        const rate = live.rate(id, now);
        if (rate > 0) next.set(id, rate);
      }
    }
    const isSame = next.size === rates.size && [...next].every(([id, rate]) => rates.get(id) === rate);
    if (!isSame) setRates(next);
  });
  useEffect(() => {
    follow();
    const timer = setInterval(() => follow(), FOLLOW_MS);
    return () => clearInterval(timer);
  }, [traffic]);

  // What happened last is listed before anything new does.
  const past = useQuery({
    queryKey: [store.id, 'events', 'last'],
    queryFn: async ({ signal }) => {
      const after = Math.max(0, (stream.sequence ?? 0) - LAST);
      return (await get('/v1/events', { store: store.id, query: { after, limit: LAST }, signal })).data;
    },
    enabled: isKnown && live.seen.length === 0,
    staleTime: Infinity,
    gcTime: 0,
  });
  useEffect(() => {
    const first = live.seen[0]?.event.sequence ?? Infinity;
    live.remember(past.data?.filter((event) => event.sequence < first) ?? []);
    follow();
  }, [live, past.data]);

  const figures = useMemo(() => {
    // The newest counts, by the shape's ways.
    const counts = new Map(graph.edges.map((edge) => [edge.id, edge]));
    return new Map(
      chart.ways.map((way) => [
        way.id,
        figuresOf({ ...way, edges: way.edges.map((edge) => counts.get(edge.id) ?? edge) }, node),
      ]),
    );
  }, [graph, chart, node]);

  const replay = useReplay(replayed, again);
  const current = replay.current;
  // What replay has reached is listed at once, however still it stands.
  useEffect(() => {
    if (replayed !== null) follow();
  }, [replayed, current]);
  const openEvent = (event: StoreEvent) => {
    setSheet(event);
    if (event.order_id !== null) setLooked({ aggregate: aggregateOf(event), id: event.order_id });
    else if (event.type.startsWith('inventory.')) setLooked({ aggregate: 'item', id: event.subject });
    else if (event.type.startsWith('alert.')) setLooked({ aggregate: 'alert', id: event.subject });
  };
  const show = (id: string) => {
    setOpen(true);
    setSearch({ tab: id === 'events' ? null : id }, { replace: true });
  };
  useKeys(
    replayed === null
      ? {}
      : {
          p: replay.toggle,
          ArrowLeft: () => replay.step(-1),
          ArrowRight: () => replay.step(1),
          Escape: () => setSearch({ replay: null }),
        },
  );

  return (
    <div className="flex h-full min-h-[560px] flex-col">
      <header className="flex flex-wrap items-center gap-3 border-b bg-panel px-4 py-2">
        <h1 className="flex items-center gap-2 text-base font-semibold">
          <Workflow size={16} aria-hidden /> Workbench
        </h1>
        <Select
          aria-label="Which part"
          value={flow.id}
          choices={FLOWS.map((one) => ({ value: one.id, label: one.label }))}
          onChange={(id) => setSearch({ flow: id === 'order' ? null : id, node: null, way: null })}
          className="w-40"
        />
        <span className="hidden text-sm text-ink-3 lg:inline">{flow.about}</span>
        <div className="ml-auto">
          <ReplayField
            key={replayed ?? ''}
            value={replayed ?? ''}
            onReplay={(id) => setSearch({ replay: id })}
          />
        </div>
      </header>
      {replayed !== null &&
        (replay.error !== null ? (
          <p role="alert" className="border-b bg-failed-soft px-4 py-2 text-sm text-failed">
            {replay.error}{' '}
            <button type="button" className="underline" onClick={() => setSearch({ replay: null })}>
              Back to live
            </button>
          </p>
        ) : (
          <ReplayBar
            order={replayed}
            reel={replay.reel}
            place={replay.place}
            speed={replay.speed}
            isPlaying={replay.isPlaying}
            onSeek={replay.seek}
            onStep={replay.step}
            onSpeed={replay.setSpeed}
            onPlay={replay.toggle}
            onLeave={() => setSearch({ replay: null })}
          />
        ))}
      <div className="flex min-h-0 flex-1">
        <div className="min-w-0 flex-1">
          <Graph
            flow={flow}
            chart={chart}
            placed={placed}
            traffic={traffic}
            waiting={replayed === null ? waiting : NOTHING}
            figures={figures}
            rates={replayed === null ? rates : NOTHING}
            picked={picked}
            onPick={(next) => {
              setSearch({ node: next.node, way: next.way }, { replace: true });
              if (next.node !== null || next.way !== null) show('events');
            }}
            onEvent={openEvent}
          />
        </div>
        {replayed !== null && current !== null && (
          <aside
            tabIndex={0}
            aria-label="The state then"
            className="hidden w-[320px] shrink-0 overflow-y-auto border-l bg-panel p-4 lg:block"
          >
            <p className="mb-3 font-mono text-sm font-semibold">{current.event.type}</p>
            <StateThen
              looked={{ aggregate: aggregateOf(current.event), id: replayed }}
              sequence={current.event.sequence}
              previous={current.previous}
            />
          </aside>
        )}
      </div>
      <section
        aria-label="Drawer"
        className={cx(
          'flex min-h-0 shrink-0 flex-col border-t bg-panel',
          isOpen ? (isTall ? 'h-[62%]' : 'h-[264px]') : 'h-10',
        )}
      >
        <div className="relative flex min-h-0 flex-1 flex-col overflow-hidden">
          <Tabs
            label="What is shown below"
            value={tab}
            onChange={show}
            className="flex min-h-0 flex-1 flex-col [&>[role=tablist]]:shrink-0 [&>[role=tabpanel]]:min-h-0 [&>[role=tabpanel]]:flex-1 [&>[role=tabpanel]]:overflow-y-auto"
            tabs={[
              {
                id: 'events',
                label: pickedWords(picked) ?? 'Events',
                content: (
                  <Events
                    seen={seen}
                    picked={picked}
                    order={replayed}
                    current={current?.event.sequence ?? null}
                    isReading={replayed === null && (past.isLoading || !isKnown)}
                    onEvent={openEvent}
                  />
                ),
              },
              { id: 'logs', label: 'Logs', content: <Logs order={replayed} /> },
              { id: 'state', label: 'State', content: <States looked={looked} onLook={setLooked} /> },
              { id: 'endpoints', label: 'Endpoints', content: <Endpoints /> },
              { id: 'schedules', label: 'Schedules', content: <Jobs /> },
              { id: 'machines', label: 'State machines', content: <Machines /> },
            ]}
          />
          <span className="absolute top-1 right-2 flex">
            {isOpen && (
              <IconButton label={isTall ? 'Lower' : 'Taller'} onClick={() => setTall(!isTall)}>
                <ChevronUp size={16} aria-hidden className={cx(isTall && 'rotate-180')} />
              </IconButton>
            )}
            <IconButton
              label={isOpen ? 'Close the drawer' : 'Open the drawer'}
              onClick={() => setOpen(!isOpen)}
            >
              <ChevronDown size={16} aria-hidden className={cx(!isOpen && 'rotate-180')} />
            </IconButton>
          </span>
        </div>
      </section>
      <Dialog
        side
        open={sheet !== null}
        onClose={() => setSheet(null)}
        title={sheet?.type ?? ''}
        footer={
          sheet === null || sheet.order_id === null ? undefined : (
            <>
              <Button
                onClick={() => {
                  setSearch({ replay: sheet.order_id });
                  setSheet(null);
                }}
              >
                <History size={14} aria-hidden /> Replay this order
              </Button>
              <Button
                onClick={() => {
                  show('state');
                  setSheet(null);
                }}
              >
                Look at its state
              </Button>
              <Link
                to={`/orders/${sheet.order_id}`}
                className="text-sm text-accent underline underline-offset-2"
              >
                Open the order
              </Link>
            </>
          )
        }
      >
        {sheet !== null && <EventSheet event={sheet} />}
      </Dialog>
    </div>
  );
}

/** What an address says is looked into. */
function lookedIn(text: string | undefined): Looked | null {
  const colon = text?.indexOf(':') ?? -1;
  if (text === undefined || colon < 1) return null;
  return { aggregate: text.slice(0, colon) as Looked['aggregate'], id: text.slice(colon + 1) };
}

function pickedWords({ node, way }: Picked): string | null {
  if (way !== null) return `Events · ${way.replace('>', ' → ').replace(/_/g, ' ')}`;
  return node === null ? null : `Events · ${node.replace(/_/g, ' ')}`;
}

/** Which aggregate an event of an order made. */
function aggregateOf(event: StoreEvent): Looked['aggregate'] {
  switch (event.type.slice(0, event.type.indexOf('.'))) {
    case 'payment':
      return 'payment';
    case 'inventory':
      return 'reservation';
    case 'fraud':
      return event.type.startsWith('fraud.review') ? 'review' : 'order';
    case 'fulfillment':
    case 'shipment':
      return 'fulfillment';
    case 'return':
      return 'returns';
    default:
      return 'order';
  }
}

function ReplayField({
  value,
  onReplay,
}: {
  readonly value: string;
  readonly onReplay: (id: string) => void;
}) {
  const [text, setText] = useState(value);
  return (
    <form
      className="flex items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') onReplay(text.trim());
      }}
    >
      <TextInput
        aria-label="Order to replay"
        placeholder="ord_… to replay"
        value={text}
        onChange={(event) => setText(event.target.value)}
        className="w-64 font-mono text-xs"
      />
      <Button type="submit">
        <History size={14} aria-hidden /> Replay
      </Button>
    </form>
  );
}

interface Replay {
  readonly reel: Reel;
  readonly place: number;
  readonly speed: number;
  readonly isPlaying: boolean;
  readonly error: string | null;
  readonly current: { readonly event: StoreEvent; readonly previous: number | null } | null;
  readonly seek: (place: number) => void;
  readonly step: (by: 1 | -1) => void;
  readonly setSpeed: (speed: number) => void;
  readonly toggle: () => void;
}

/** One order's events, let go again at their times. */
function useReplay(order: string | null, traffic: Traffic): Replay {
  const store = useStore();
  const timeline = useQuery({
    ...timelineQuery(store.id, order ?? ''),
    enabled: order !== null,
    retry: false,
  });
  const reel = useMemo(() => reelOf(timeline.data ?? []), [timeline.data]);
  const [place, setPlace] = useState(0);
  const [speed, setSpeed] = useState(1);
  const [isPlaying, setPlaying] = useState(true);
  const [of, setOf] = useState(order);
  if (of !== order) {
    setOf(order);
    setPlace(0);
    setPlaying(true);
  }
  const shown = shownAt(reel, place);

  // What was shown stands in the list; what was just reached travels.
  const show = useEffectEvent((before: number, after: number) => {
    if (after < before || after - before > 3) {
      traffic.clear();
      traffic.remember(reel.events.slice(0, Math.max(0, after - 1)));
      traffic.hear(reel.events.slice(Math.max(0, after - 1), after), performance.now());
    } else if (after > before) {
      traffic.hear(reel.events.slice(before, after), performance.now());
    }
  });
  const [reached] = useState({ count: 0, reel });
  useEffect(() => {
    if (reached.reel !== reel) {
      reached.reel = reel;
      reached.count = 0;
      traffic.clear();
    }
    show(reached.count, shown);
    reached.count = shown;
  }, [reached, reel, shown, traffic]);

  const tick = useEffectEvent((passed: number) => {
    const next = Math.min(reel.length, place + passed * speed);
    setPlace(next);
    if (next >= reel.length && reel.length > 0) setPlaying(false);
  });
  useEffect(() => {
    if (order === null || !isPlaying || reel.length === 0) return;
    let frame = 0;
    let before = performance.now();
    const run = (now: number) => {
      // Thirty times a second is enough for a bar; dots are drawn by themselves.
      if (now - before >= 33) {
        tick(now - before);
        before = now;
      }
      frame = requestAnimationFrame(run);
    };
    frame = requestAnimationFrame(run);
    return () => cancelAnimationFrame(frame);
  }, [order, isPlaying, reel]);

  const event = reel.events[shown - 1];
  const current = useMemo(() => {
    if (event === undefined) return null;
    const kin = reel.events.slice(0, shown - 1).filter((one) => aggregateOf(one) === aggregateOf(event));
    return { event, previous: kin.at(-1)?.sequence ?? null };
  }, [event, reel, shown]);
  return {
    reel,
    place,
    speed,
    isPlaying,
    error: timeline.error === null || order === null ? null : `${sentence(timeline.error)}.`,
    current,
    seek: (to) => {
      setPlaying(false);
      setPlace(to);
    },
    step: (by) => {
      setPlaying(false);
      setPlace(stepFrom(reel, place, by));
    },
    setSpeed,
    toggle: () => {
      if (place >= reel.length) setPlace(0);
      setPlaying(!isPlaying || place >= reel.length);
    },
  };
}
