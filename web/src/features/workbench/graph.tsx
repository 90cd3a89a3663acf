import {
  BaseEdge,
  Controls,
  EdgeLabelRenderer,
  Handle,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
} from '@xyflow/react';
import type { Edge, EdgeProps, Node, NodeProps } from '@xyflow/react';
import '@xyflow/react/dist/base.css';
import { Clock, Globe, Landmark, UserRound, Zap } from 'lucide-react';
import type { LucideIcon } from 'lucide-react';
import { createContext, useContext, useEffect, useMemo, useRef } from 'react';
import type { FlowNode, Event as StoreEvent } from '@/api';
import { Hidden, TEXT, Tip, cx, formatCountShort } from '@/ui';
import { formatMicros, formatRate } from './figures';
import type { Waiting, WayFigures } from './figures';
import type { Chart, Flow, Way } from './flows';
import { NODE } from './layout';
import type { Line, Placed } from './layout';
import { Overlay } from './overlay';
import { failuresOf } from './traffic';
import type { Traffic } from './traffic';

/** What is picked out: its events are shown below. */
export interface Picked {
  readonly node: string | null;
  readonly way: string | null;
}

interface Shown {
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly figures: ReadonlyMap<string, WayFigures>;
  readonly rates: ReadonlyMap<string, number>;
  readonly picked: Picked;
  readonly hasLabels: boolean;
}

const ShownContext = createContext<Shown>({
  waiting: new Map(),
  figures: new Map(),
  rates: new Map(),
  picked: { node: null, way: null },
  hasLabels: true,
});

const ICONS: Record<FlowNode['kind'], LucideIcon> = {
  api: Globe,
  event: Zap,
  cron: Clock,
  human: UserRound,
  bank: Landmark,
};
const KINDS: Record<FlowNode['kind'], string> = {
  api: 'API',
  event: 'event',
  cron: 'clock',
  human: 'person',
  bank: 'bank',
};
const SHAPES: Record<FlowNode['kind'], string> = {
  api: 'rounded-full',
  event: 'rounded-md',
  cron: 'rounded-md border-dashed',
  human: 'rounded-md rounded-tr-2xl',
  bank: 'rounded-sm border-double border-4',
};

type StepNode = Node<{ node: FlowNode }, 'step'>;
type WayEdge = Edge<{ way: Way; line: Line }, 'way'>;

/** A place that things go through: what it is, what it does, how many wait there and why. */
function Step({ data: { node } }: NodeProps<StepNode>) {
  const { waiting, picked } = useContext(ShownContext);
  const wait = waiting.get(node.id);
  const Icon = ICONS[node.kind];
  const title = node.id.replace(/_/g, ' ');
  const card = (
    <button
      type="button"
      aria-pressed={picked.node === node.id}
      data-node={node.id}
      className={cx(
        'flex h-10 w-[140px] items-center gap-2 border bg-panel px-2.5 text-left transition-shadow',
        SHAPES[node.kind],
        wait !== undefined && GLOWS[wait.tone],
        picked.node === node.id
          ? 'border-accent ring-2 ring-accent'
          : wait === undefined && 'border-line-strong',
      )}
    >
      <Icon size={15} strokeWidth={1.8} className="shrink-0 text-ink-3" aria-label={KINDS[node.kind]} />
      <span className={cx('min-w-0 flex-1 truncate font-medium', title.length > 13 ? 'text-2xs' : 'text-sm')}>
        {title}
      </span>
      {wait !== undefined && wait.count > 0 && (
        <span
          className={cx(
            'absolute -top-2.5 -right-2 min-w-5 rounded-full border bg-panel px-1.5 text-center font-mono text-2xs font-semibold',
            BORDERS[wait.tone],
            TEXT[wait.tone],
          )}
        >
          {formatCountShort(wait.count)}
          <Hidden> wait</Hidden>
        </span>
      )}
    </button>
  );
  return (
    <>
      <Handle type="target" position={Position.Left} className="invisible" isConnectable={false} />
      <Tip text={wait === undefined ? `${KINDS[node.kind]}: ${node.label}` : wait.says}>{card}</Tip>
      <Handle type="source" position={Position.Right} className="invisible" isConnectable={false} />
    </>
  );
}

const GLOWS: Record<Waiting['tone'], string> = {
  waiting: 'border-waiting',
  moving: 'border-moving',
  people: 'border-people shadow-[0_0_0_4px_var(--people-soft)]',
  good: 'border-good',
  undone: 'border-undone',
  failed: 'border-failed shadow-[0_0_0_4px_var(--failed-soft)]',
};

const BORDERS: Record<Waiting['tone'], string> = {
  waiting: 'border-waiting',
  moving: 'border-moving',
  people: 'border-people',
  good: 'border-good',
  undone: 'border-undone',
  failed: 'border-failed',
};

/** All ways between two places: as wide as they are busy, with what goes along them. */
function WayLine({ id, data, markerEnd }: EdgeProps<WayEdge>) {
  const { figures, rates, picked, hasLabels } = useContext(ShownContext);
  if (data === undefined) return null;
  const { way, line } = data;
  const known = figures.get(id);
  const rate = rates.get(id) ?? 0;
  const isPicked = picked.way === id;
  const failed = rates.get(failuresOf(id)) ?? 0;
  const isBusy = rate > 0;
  const width = isPicked ? 3 : Math.min(6, 1.4 + Math.log2(1 + rate) * 0.7);
  const more = way.edges.length - 1;
  const topic = known?.busiest?.topic ?? way.edges[0]?.topic ?? '';
  const isLabelled = isPicked || (hasLabels && (isBusy || (known?.count ?? 0) > 0));
  return (
    <>
      <BaseEdge
        id={id}
        path={line.path}
        interactionWidth={18}
        {...(markerEnd === undefined ? {} : { markerEnd })}
        style={{
          strokeWidth: width,
          stroke: isPicked
            ? 'var(--accent)'
            : failed > 0
              ? 'var(--failed)'
              : isBusy
                ? 'var(--ink-3)'
                : 'var(--line-strong)',
        }}
      />
      {isLabelled && (
        <EdgeLabelRenderer>
          <div
            className={cx(
              'nodrag nopan pointer-events-none absolute font-mono text-[10px] leading-[12px] whitespace-nowrap',
              isPicked ? 'text-accent' : isBusy ? 'text-ink-2' : 'text-ink-3',
              ALIGNS[line.room],
            )}
            style={{
              transform: `${SHIFTS[line.room]} translate(${line.label.x}px, ${line.label.y}px)`,
              // Words over a short line end before the nodes do begin.
              ...(line.room === 'above' ? { maxWidth: line.span - 6 } : {}),
            }}
          >
            <div
              className={cx(
                'flex',
                line.room === 'above' ? 'mb-[7px] justify-center' : 'rounded-sm bg-canvas/80 px-0.5',
                line.room === 'left' && 'justify-end',
              )}
            >
              <span className="truncate">{shortTopic(topic)}</span>
              {more > 0 && <span className="shrink-0 text-ink-3">&nbsp;+{more}</span>}
            </div>
            <div className={cx('text-ink-3', line.room !== 'above' && 'rounded-sm bg-canvas/80 px-0.5')}>
              {isBusy ? formatRate(rate) : '\u00a0'}
            </div>
            {isBusy && (line.room !== 'on' || isPicked) && known !== undefined && known.p95 !== null && (
              <div className={cx('text-ink-3', line.room !== 'above' && 'rounded-sm bg-canvas/80 px-0.5')}>
                p95 {formatMicros(known.p95)}
              </div>
            )}
            {failed > 0 && <div className="text-failed">{formatRate(failed)} failed</div>}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

/** Words above a level line stand so that the line runs between what goes along it and how much. */
const SHIFTS: Record<Line['room'], string> = {
  above: 'translate(-50%, -13px)',
  left: 'translate(calc(-100% - 6px), -50%)',
  right: 'translate(6px, -50%)',
  on: 'translate(-50%, -50%)',
};
const ALIGNS: Record<Line['room'], string> = {
  above: 'text-center',
  left: 'text-right',
  right: 'text-left',
  on: 'text-center',
};

const shortTopic = (topic: string) =>
  topic.replace(/^(order|payment|inventory|fulfillment|shipment|fraud|alert|return|store)\./, '');

const nodeTypes = { step: Step };
const edgeTypes = { way: WayLine };

interface GraphProps {
  readonly flow: Flow;
  readonly chart: Chart;
  readonly placed: Placed;
  readonly traffic: Traffic;
  readonly waiting: ReadonlyMap<string, Waiting>;
  readonly figures: ReadonlyMap<string, WayFigures>;
  readonly rates: ReadonlyMap<string, number>;
  readonly picked: Picked;
  readonly onPick: (picked: Picked) => void;
  readonly onEvent: (event: StoreEvent) => void;
}

/** The graph, as things go through it. */
export function Graph(props: GraphProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({
  flow,
  chart,
  placed,
  traffic,
  waiting,
  figures,
  rates,
  picked,
  onPick,
  onEvent,
}: GraphProps) {
  const box = useRef<HTMLDivElement>(null);
  const { fitView } = useReactFlow();
  const nodes = useMemo<StepNode[]>(
    () =>
      chart.nodes.map((node) => {
        const at = placed.nodes.get(node.id) ?? { x: 0, y: 0 };
        return {
          id: node.id,
          type: 'step',
          position: { x: at.x - NODE.width / 2, y: at.y - NODE.height / 2 },
          data: { node },
          width: NODE.width,
          height: NODE.height,
          draggable: false,
          connectable: false,
          ariaLabel: `${node.id.replace(/_/g, ' ')}: ${node.label}`,
        };
      }),
    [chart, placed],
  );
  const edges = useMemo<WayEdge[]>(
    () =>
      chart.ways.flatMap((way): WayEdge[] => {
        const line = placed.ways.get(way.id);
        if (line === undefined) return [];
        return [
          {
            id: way.id,
            type: 'way',
            source: way.from,
            target: way.to,
            data: { way, line },
            markerEnd: 'way-end',
            ariaLabel: `${way.from} to ${way.to}: ${way.edges.map((edge) => edge.topic).join(', ')}`,
          },
        ];
      }),
    [chart, placed],
  );
  const shown = useMemo<Shown>(
    () => ({ waiting, figures, rates, picked, hasLabels: flow.seats !== null }),
    [waiting, figures, rates, picked, flow],
  );
  useEffect(() => {
    const frame = requestAnimationFrame(() => void fitView({ padding: 0.06, maxZoom: 1.15 }));
    return () => cancelAnimationFrame(frame);
  }, [fitView, flow.id]);
  useEffect(() => {
    const node = box.current;
    if (node === null) return;
    const observer = new ResizeObserver(() => void fitView({ padding: 0.06, maxZoom: 1.15 }));
    observer.observe(node);
    return () => observer.disconnect();
  }, [fitView]);
  return (
    <ShownContext value={shown}>
      <div ref={box} className="relative h-full w-full overflow-hidden bg-canvas" data-graph={flow.id}>
        <svg className="absolute size-0" aria-hidden>
          <defs>
            <marker
              id="way-end"
              viewBox="0 0 8 8"
              refX="7"
              refY="4"
              markerWidth="8"
              markerHeight="8"
              markerUnits="userSpaceOnUse"
              orient="auto"
            >
              <path d="M0.5,1 L7,4 L0.5,7 Z" fill="context-stroke" />
            </marker>
          </defs>
        </svg>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          fitView
          fitViewOptions={{ padding: 0.06, maxZoom: 1.15 }}
          minZoom={0.2}
          maxZoom={2.2}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          zoomOnDoubleClick={false}
          preventScrolling
          proOptions={{ hideAttribution: true }}
          onNodeClick={(_, node) => onPick({ node: picked.node === node.id ? null : node.id, way: null })}
          onEdgeClick={(_, edge) => onPick({ node: null, way: picked.way === edge.id ? null : edge.id })}
          onPaneClick={() => onPick({ node: null, way: null })}
        >
          <Controls
            showInteractive={false}
            position="bottom-right"
            className="overflow-hidden rounded-md border bg-panel [&_button]:flex [&_button]:size-7 [&_button]:items-center [&_button]:justify-center [&_button]:border-b [&_button]:last:border-b-0 [&_button:hover]:bg-hover [&_svg]:size-3 [&_svg]:fill-current"
          />
          <Overlay traffic={traffic} placed={placed} onEvent={onEvent} />
        </ReactFlow>
      </div>
    </ShownContext>
  );
}
