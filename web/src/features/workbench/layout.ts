import { graphlib, layout } from '@dagrejs/dagre';
import type { Chart, Flow } from './flows';

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Placed {
  /** The middle of each node. */
  readonly nodes: ReadonlyMap<string, Point>;
  /** The line of each way, as an SVG path, and points along it for whatever travels. */
  readonly ways: ReadonlyMap<string, Line>;
}
export interface Line {
  readonly path: string;
  readonly points: readonly Point[];
  readonly label: Point;
  /** On which side of the line there is room for words. */
  readonly room: 'above' | 'left' | 'right' | 'on';
  /** How far it reaches to the side. */
  readonly span: number;
}

export const NODE = { width: 140, height: 40 } as const;
const STEP = { x: 218, y: 114 } as const;
/** Points along a line; between them dots go straight. */
const SAMPLES = 24;

/** Where everything stands. The same graph and flow always give the same picture. */
export function place(chart: Chart, flow: Flow): Placed {
  const nodes = flow.seats === null ? byMachine(chart) : bySeats(chart, flow.seats);
  const pairs = new Set(chart.ways.map((way) => way.id));
  const ways = new Map(
    chart.ways.map((way) => {
      const from = nodes.get(way.from) ?? { x: 0, y: 0 };
      const to = nodes.get(way.to) ?? { x: 0, y: 0 };
      const isBothWays = pairs.has(`${way.to}>${way.from}`);
      return [way.id, line(from, to, isBothWays, [...nodes.values()], flow.isLevel === true)] as const;
    }),
  );
  return { nodes, ways };
}

function bySeats(chart: Chart, seats: NonNullable<Flow['seats']>): Map<string, Point> {
  return new Map(
    chart.nodes.map((node) => {
      const [column, row] = seats[node.id] ?? [0, 0];
      return [node.id, { x: column * STEP.x, y: row * STEP.y }] as const;
    }),
  );
}

function byMachine(chart: Chart): Map<string, Point> {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: 'TB', nodesep: 22, ranksep: 46, ranker: 'network-simplex' });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of chart.nodes) graph.setNode(node.id, { ...NODE });
  for (const way of chart.ways) graph.setEdge(way.from, way.to);
  layout(graph);
  return new Map(
    chart.nodes.map((node) => {
      const { x, y } = graph.node(node.id) as Point;
      return [node.id, { x, y }] as const;
    }),
  );
}

/** Where a line leaves a node towards another point: the middle of a side, moved a little where there are two lines. */
function side(at: Point, towards: Point, shift: number, leans: boolean): { point: Point; out: Point } {
  const dx = towards.x - at.x;
  const dy = towards.y - at.y;
  const isBeside = leans && Math.abs(dx) > NODE.width;
  const isAcross = isBeside || Math.abs(dx) * NODE.height > Math.abs(dy) * NODE.width * 0.72;
  if (isAcross) {
    const sign = Math.sign(dx) || 1;
    return { point: { x: at.x + (sign * NODE.width) / 2, y: at.y + shift }, out: { x: sign, y: 0 } };
  }
  const sign = Math.sign(dy) || 1;
  return { point: { x: at.x + shift * 1.8, y: at.y + (sign * NODE.height) / 2 }, out: { x: 0, y: sign } };
}

function line(from: Point, to: Point, isBothWays: boolean, nodes: readonly Point[], leans: boolean): Line {
  // There and back run beside each other, each on its right.
  const shift = isBothWays ? 9 : 0;
  const isLevel = Math.abs(from.y - to.y) < 1;
  const isUpright = Math.abs(from.x - to.x) < 1;
  const blocked = nodes.some((node) => node !== from && node !== to && isBetween(from, to, node));
  if ((isLevel || isUpright) && blocked) return around(from, to, isLevel);
  const turn = isLevel ? Math.sign(to.x - from.x) : -Math.sign(to.y - from.y);
  const start = side(from, to, shift * turn, leans);
  const end = side(to, from, shift * turn, leans);
  const reach = Math.max(28, Math.hypot(end.point.x - start.point.x, end.point.y - start.point.y) * 0.42);
  const a = { x: start.point.x + start.out.x * reach, y: start.point.y + start.out.y * reach };
  const b = { x: end.point.x + end.out.x * reach, y: end.point.y + end.out.y * reach };
  const room = isLevel ? 'above' : isUpright ? (shift * turn < 0 ? 'left' : 'right') : 'on';
  return curve(start.point, a, b, end.point, room, room === 'on' ? 0.64 : 0.5);
}

function isBetween(from: Point, to: Point, node: Point): boolean {
  const isIn = (value: number, a: number, b: number) => value > Math.min(a, b) && value < Math.max(a, b);
  if (Math.abs(from.y - to.y) < 1)
    return Math.abs(node.y - from.y) < NODE.height && isIn(node.x, from.x, to.x);
  if (Math.abs(from.x - to.x) < 1)
    return Math.abs(node.x - from.x) < NODE.width && isIn(node.y, from.y, to.y);
  return false;
}

/** Something stands between: the line goes round it. */
function around(from: Point, to: Point, isLevel: boolean): Line {
  const rise = isLevel ? { x: 0, y: -NODE.height * 1.5 } : { x: NODE.width * 0.95, y: 0 };
  const half = isLevel ? { x: 0, y: -NODE.height / 2 } : { x: NODE.width / 2, y: 0 };
  const start = { x: from.x + half.x, y: from.y + half.y };
  const end = { x: to.x + half.x, y: to.y + half.y };
  return curve(
    start,
    { x: start.x + rise.x, y: start.y + rise.y },
    { x: end.x + rise.x, y: end.y + rise.y },
    end,
  );
}

function curve(start: Point, a: Point, b: Point, end: Point, room: Line['room'] = 'on', words = 0.5): Line {
  const at = (t: number): Point => {
    const u = 1 - t;
    const [p, q, r, s] = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
    return { x: p * start.x + q * a.x + r * b.x + s * end.x, y: p * start.y + q * a.y + r * b.y + s * end.y };
  };
  const points = Array.from({ length: SAMPLES + 1 }, (_, nth) => at(nth / SAMPLES));
  const n = (value: number) => value.toFixed(1);
  const path = `M${n(start.x)},${n(start.y)}C${n(a.x)},${n(a.y)} ${n(b.x)},${n(b.y)} ${n(end.x)},${n(end.y)}`;
  return { path, points, label: at(words), room, span: Math.abs(end.x - start.x) };
}

/** A place along a line: 0 where it begins, 1 where it ends. */
export function along(points: readonly Point[], share: number): Point {
  const place = Math.min(Math.max(share, 0), 1) * (points.length - 1);
  const nth = Math.min(Math.floor(place), points.length - 2);
  const [a, b] = [points[nth], points[nth + 1]];
  if (a === undefined || b === undefined) return { x: 0, y: 0 };
  const rest = place - nth;
  return { x: a.x + (b.x - a.x) * rest, y: a.y + (b.y - a.y) * rest };
}
