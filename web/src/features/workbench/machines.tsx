import { useQuery } from '@tanstack/react-query';
import { graphlib, layout } from '@dagrejs/dagre';
import { useMemo, useState } from 'react';
import { get, sentence } from '@/api';
import type { Machine } from '@/api';
import { Select, Skeleton, cx } from '@/ui';

interface Box {
  readonly id: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}
interface Arrow {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly labels: readonly string[];
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** What each aggregate does in which state, as the program itself says. */
export function Machines() {
  const machines = useQuery({
    queryKey: ['node', 'machines'],
    queryFn: async ({ signal }) => (await get('/v1/state-machines', { signal })).data,
    staleTime: Infinity,
  });
  const [name, setName] = useState('order');
  const [picked, setPicked] = useState<string | null>(null);
  if (machines.error !== null) return <p className="p-4 text-sm text-failed">{sentence(machines.error)}</p>;
  const machine = machines.data?.find((one) => one.name === name) ?? machines.data?.[0];
  if (machine === undefined) return <Skeleton className="m-4 h-40" />;
  return (
    <div className="flex flex-col gap-3 p-4">
      <div className="flex items-center gap-3">
        <Select
          aria-label="Which machine"
          value={machine.name}
          choices={(machines.data ?? []).map((one) => ({ value: one.name, label: one.name }))}
          onChange={(value) => {
            setName(value);
            setPicked(null);
          }}
          className="w-44"
        />
        <p className="text-sm text-ink-2">{machine.about}</p>
      </div>
      <Diagram machine={machine} picked={picked} onPick={setPicked} />
      <Steps machine={machine} picked={picked} />
    </div>
  );
}

const MARGIN = 10;

function draw(machine: Machine) {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 52 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const state of machine.states)
    graph.setNode(state, { width: Math.max(72, state.length * 7.4 + 24), height: 30 });
  const pairs = new Map<string, { from: string; to: string; labels: string[] }>();
  for (const step of machine.transitions) {
    if (step.from === step.to) continue;
    const id = `${step.from}>${step.to}`;
    const pair = pairs.get(id) ?? { from: step.from, to: step.to, labels: [] };
    pair.labels.push(step.on);
    pairs.set(id, pair);
  }
  for (const { from, to } of pairs.values()) graph.setEdge(from, to);
  layout(graph);
  const boxes: Box[] = machine.states.map((id) => {
    const { x, y, width } = graph.node(id) as { x: number; y: number; width: number };
    return { id, x, y, width };
  });
  const arrows: Arrow[] = [...pairs].map(([id, { from, to, labels }]) => ({
    id,
    from,
    to,
    labels,
    points: (graph.edge(from, to) as { points: { x: number; y: number }[] }).points,
  }));
  // Lines may go round outside of all boxes.
  const points = [
    ...arrows.flatMap((arrow) => arrow.points),
    ...boxes.flatMap(({ x, y, width }) => [
      { x: x - width / 2, y: y - 15 },
      { x: x + width / 2, y: y + 15 },
    ]),
  ];
  const left = Math.min(...points.map(({ x }) => x)) - MARGIN;
  const top = Math.min(...points.map(({ y }) => y)) - MARGIN;
  const width = Math.max(...points.map(({ x }) => x)) + MARGIN - left;
  const height = Math.max(...points.map(({ y }) => y)) + MARGIN - top;
  return { boxes, arrows, left, top, width, height };
}

function Diagram({
  machine,
  picked,
  onPick,
}: {
  readonly machine: Machine;
  readonly picked: string | null;
  readonly onPick: (state: string | null) => void;
}) {
  const { boxes, arrows, left, top, width, height } = useMemo(() => draw(machine), [machine]);
  return (
    <div className="overflow-x-auto rounded-md border bg-sunken">
      <svg
        width={width}
        height={height}
        viewBox={`${left} ${top} ${width} ${height}`}
        role="group"
        aria-label={`The states of ${machine.name}`}
        className="block"
      >
        <defs>
          <marker
            id="step-end"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0.5,1 L7,4 L0.5,7 Z" fill="context-stroke" />
          </marker>
        </defs>
        {arrows.map((arrow) => {
          const isLit = picked !== null && (arrow.from === picked || arrow.to === picked);
          return (
            <path
              key={arrow.id}
              d={smooth(arrow.points)}
              fill="none"
              stroke={isLit ? 'var(--accent)' : 'var(--line-strong)'}
              strokeWidth={isLit ? 1.8 : 1.2}
              markerEnd="url(#step-end)"
            >
              <title>{arrow.labels.join(', ')}</title>
            </path>
          );
        })}
        {boxes.map((box) => {
          const isEnd = machine.terminal.includes(box.id);
          const isPicked = picked === box.id;
          return (
            <g
              key={box.id}
              role="button"
              tabIndex={0}
              aria-pressed={isPicked}
              transform={`translate(${box.x - box.width / 2}, ${box.y - 15})`}
              onClick={() => onPick(isPicked ? null : box.id)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' || event.key === ' ') onPick(isPicked ? null : box.id);
              }}
              className="cursor-pointer outline-offset-2"
            >
              <rect
                width={box.width}
                height={30}
                rx={isEnd ? 15 : 6}
                fill="var(--panel)"
                stroke={isPicked ? 'var(--accent)' : isEnd ? 'var(--ink-3)' : 'var(--line-strong)'}
                strokeWidth={isEnd || isPicked ? 2 : 1}
                strokeDasharray={machine.resting.includes(box.id) || isEnd ? undefined : '4 3'}
              />
              <text
                x={box.width / 2}
                y={19.5}
                textAnchor="middle"
                fill="currentColor"
                className={cx('font-mono text-[12px]', box.id === machine.initial && 'font-semibold')}
              >
                {box.id}
              </text>
            </g>
          );
        })}
      </svg>
      <p className="border-t px-3 py-1.5 text-xs text-ink-3">
        Whole border: it may rest there. Dashed: something is owed and it moves on by itself. Round: nothing
        leaves it. Press a state for its steps.
      </p>
    </div>
  );
}

function smooth(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, nth) => {
    const next = rest[nth + 1];
    path +=
      next === undefined
        ? `L${point.x},${point.y}`
        : `Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`;
  });
  return path;
}

function Steps({ machine, picked }: { readonly machine: Machine; readonly picked: string | null }) {
  const steps = machine.transitions.filter(
    (step) => picked === null || step.from === picked || step.to === picked,
  );
  return (
    <table className="w-full text-left text-xs">
      <thead className="text-ink-3">
        <tr>
          <th className="py-1 pr-4 font-medium">In</th>
          <th className="py-1 pr-4 font-medium">hears</th>
          <th className="py-1 pr-4 font-medium">becomes</th>
          <th className="py-1 font-medium">and records</th>
        </tr>
      </thead>
      <tbody className="font-mono">
        {steps.map((step) => (
          <tr
            key={`${step.from}>${step.on}>${step.to}>${step.records.join()}`}
            className="border-t border-line/60"
          >
            <td className="py-1 pr-4">{step.from}</td>
            <td className="py-1 pr-4 text-accent">{step.on}</td>
            <td className="py-1 pr-4">
              {step.to === step.from ? <span className="text-ink-3">stays</span> : step.to}
            </td>
            <td className="py-1 text-ink-2">{step.records.join(', ')}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
