import type { Event as StoreEvent, FlowEdge, FlowGraph } from '@/api';

/** Where in the graph an event is seen: on its way along an edge, or at a node; nowhere, for kinds this page has no place for. */
export interface Whereabouts {
  readonly edge: FlowEdge | null;
  readonly node: string | null;
  readonly isFailure: boolean;
}

type Data = Readonly<Record<string, unknown>>;

/** Failures by their nature: what people would not want to see. */
const FAILURES = new Set([
  'order.capture_failed',
  'order.lines_unpaid',
  'payment.outcome_unknown',
  'payment.declined',
  'payment.capture_failed',
  'payment.refund_failed',
  'payment.integrity_failure',
  'shipment.attempt_failed',
  'shipment.returned',
  'shipment.failed',
  'shipment.stalled',
]);

/** From which node an order's end came, as the server counts it. */
function endedFrom(event: StoreEvent, data: Data): string {
  if (event.actor === 'api') return 'cancel_order';
  switch (data.reason) {
    case 'out_of_stock':
      return event.actor === 'fulfillment' ? 'track' : 'reserve_stock';
    case 'fraudulent':
      return data.risk === undefined || data.risk === null ? 'review' : 'assess_risk';
    case 'payment_failed':
      return 'pay';
    default:
      return 'cancel_order';
  }
}

/** Where it came from, for types that several edges carry; null where it stays at a node. */
function origin(event: StoreEvent, data: Data): string | null | undefined {
  switch (event.type) {
    case 'order.canceled':
      return endedFrom(event, data);
    case 'order.shipped':
      return event.actor === 'payment' ? 'pay' : 'pick_and_pack';
    case 'payment.refund_requested':
      return event.actor === 'returns' ? 'take_back' : 'refund_order';
    case 'alert.resolved':
      return data.by === 'person' ? 'tend_alert' : 'notice';
    case 'inventory.released':
      if (data.parcel !== undefined && data.parcel !== null) return null;
      return data.reason === 'expired' ? 'hold_expiry' : 'undo';
    case 'inventory.updated':
      return 'lines' in data ? null : 'manage_stock';
    case 'fraud.review_approved':
    case 'fraud.review_rejected':
      return data.by === 'lapse' ? 'review_lapse' : null;
    case 'payment.retry_started':
      if (data.hurried === true) return null;
      return event.actor === 'bank' ? 'hear_bank' : 'payment_retry';
    default:
      return undefined;
  }
}

/** Where things stand, for one graph. */
export class Atlas {
  readonly #edges = new Map<string, FlowEdge[]>();
  readonly #nodes = new Map<string, string[]>();

  constructor(graph: FlowGraph) {
    for (const edge of graph.edges) {
      this.#edges.set(edge.topic, [...(this.#edges.get(edge.topic) ?? []), edge]);
    }
    for (const node of graph.nodes) {
      for (const type of node.records) this.#nodes.set(type, [...(this.#nodes.get(type) ?? []), node.id]);
    }
  }

  locate(event: StoreEvent): Whereabouts {
    const data = (event.data ?? {}) as Data;
    const isFailure = FAILURES.has(event.type);
    const from = origin(event, data);
    const edges = this.#edges.get(event.type) ?? [];
    const edge =
      from === null
        ? null
        : ((from === undefined ? undefined : edges.find((one) => one.from === from)) ??
          (from === undefined || edges.length === 1 ? edges[0] : undefined) ??
          null);
    if (edge !== null) return { edge, node: edge.to, isFailure };
    const nodes = this.#nodes.get(event.type) ?? [];
    const node = event.type === 'inventory.updated' ? stockNode(data, nodes) : (nodes[0] ?? null);
    return { edge: null, node, isFailure };
  }
}

/** Stock that was promised, sold or taken back is booked at different places, all under one type. */
function stockNode(data: Data, nodes: readonly string[]): string | null {
  const wanted =
    'receipt' in data ? 'take_back' : 'number' in data || 'parcel' in data ? 'ship' : 'commit_stock';
  return nodes.find((node) => node === wanted) ?? nodes[0] ?? null;
}
