import type { FlowEdge, FlowGraph, FlowNode } from '@/api';

/*
 * Which part of the graph is looked at, and where its nodes stand. The graph itself comes from the program; a node that has
 * no seat here is shown in the picture of everything.
 */

/** Column and row, in steps of the grid; halves are fine. */
export type Seat = readonly [column: number, row: number];

export interface Flow {
  readonly id: string;
  readonly label: string;
  readonly about: string;
  /** Where each node stands; null for all of them, laid out by machine. */
  readonly seats: Readonly<Record<string, Seat>> | null;
  /** Nodes that are only where things come from: what goes on between them is another flow's. */
  readonly outer?: readonly string[];
  /** Whether it reads from left to right all the way, so that lines leave nodes at their sides. */
  readonly isLevel?: boolean;
}

export const FLOWS: readonly Flow[] = [
  {
    id: 'order',
    label: 'Order',
    about: 'From placing to the door',
    // Along the top to confirmed, down at the right, and back along the bottom to the shopper's door.
    seats: {
      bank: [3, 0],
      payment_retry: [4, 0],
      retry_order: [2, 0],
      place_order: [0, 1],
      reserve_stock: [1, 1],
      assess_risk: [2, 1],
      pay: [3, 1],
      commit_stock: [4, 1],
      confirm: [5, 1],
      review: [2, 2],
      challenge: [3, 2],
      pick_and_pack: [4, 2],
      ship: [4, 3],
      carry: [3, 3],
      track: [2, 3],
      goods: [1, 2.5],
      complete: [1, 3.5],
    },
  },
  {
    id: 'undo',
    label: 'The way back',
    about: 'Canceling, expiring, refunding',
    outer: ['reserve_stock', 'assess_risk', 'review', 'pay', 'track', 'bank'],
    isLevel: true,
    seats: {
      cancel_order: [0, 0],
      order_deadline: [0, 0.72],
      reserve_stock: [0, 1.44],
      assess_risk: [0, 2.16],
      review: [0, 2.88],
      pay: [0, 3.6],
      track: [0, 4.32],
      undo: [1.4, 1.9],
      refund_order: [1.4, 4.32],
      stop_fulfillment: [2.8, 0.1],
      hold_expiry: [4.2, 0.3],
      release_stock: [2.8, 1.15],
      withdraw_review: [2.8, 2.2],
      undo_payment: [2.8, 3.3],
      refund_check: [2.8, 4.32],
      closed: [4.2, 1.5],
      books: [4.2, 2.9],
      bank: [4.2, 4],
    },
  },
  {
    id: 'returns',
    label: 'Goods back',
    about: 'Returns: received, booked, paid for',
    isLevel: true,
    seats: {
      return_order: [0, 1],
      tend_return: [1, 1],
      take_back: [2, 1],
      undo_payment: [3, 0],
      bank: [4, 0],
      books: [4, 1],
      goods: [3, 2],
    },
  },
  {
    id: 'notice',
    label: 'Stock and alerts',
    about: 'What people should know of',
    outer: ['track', 'assess_risk', 'review'],
    isLevel: true,
    seats: {
      manage_stock: [0, 0],
      stock: [1.28, 0],
      parcel_silence: [0, 1],
      track: [1.28, 1],
      notice: [2.56, 0.5],
      alerts: [3.84, 0.5],
      tend_alert: [5.12, 0],
      alert_patience: [5.12, 1],
      manage_rules: [0, 2],
      assess_risk: [1.28, 2],
      manage_store: [3.2, 2],
      settings: [4.48, 2],
      review_lapse: [0, 3],
      review: [1.28, 3],
    },
  },
  { id: 'all', label: 'Everything', about: 'The whole program', seats: null },
];

export const flowOf = (id: string | undefined): Flow =>
  FLOWS.find((flow) => flow.id === id) ?? (FLOWS[0] as Flow);

/** All ways from one node to another, drawn as one. */
export interface Way {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly edges: readonly FlowEdge[];
}

export interface Chart {
  readonly nodes: readonly FlowNode[];
  readonly ways: readonly Way[];
  /** The way that an edge is part of, by the edge's id. */
  readonly wayOf: ReadonlyMap<string, string>;
}

/** The part of the graph that a flow is about. */
export function chartOf(graph: FlowGraph, flow: Flow): Chart {
  const seats = flow.seats;
  const nodes = graph.nodes.filter((node) => seats === null || node.id in seats);
  const there = new Set(nodes.map((node) => node.id));
  const outer = new Set(flow.outer ?? []);
  const ways = new Map<string, FlowEdge[]>();
  for (const edge of graph.edges) {
    if (!there.has(edge.from) || !there.has(edge.to)) continue;
    if (outer.has(edge.from) && outer.has(edge.to)) continue;
    const id = `${edge.from}>${edge.to}`;
    ways.set(id, [...(ways.get(id) ?? []), edge]);
  }
  const list: Way[] = [...ways].map(([id, edges]) => ({
    id,
    from: edges[0]?.from ?? '',
    to: edges[0]?.to ?? '',
    edges,
  }));
  const wayOf = new Map(list.flatMap((way) => way.edges.map((edge) => [edge.id, way.id] as const)));
  return { nodes, ways: list, wayOf };
}
