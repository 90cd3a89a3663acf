//! The flow graph with its figures, and the state machines, both from what the code itself runs on.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;

use super::door::Through;
use super::headers::X_STORE_ID;
use super::query::Params;
use super::reply::{self, Reply};
use crate::flow::{self, Edge, Figures, Kind, Machine, Node};
use crate::problem::{Code, Problem};
use crate::types::StoreId;

/// Whose figures.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Those of one store since it was woken; of the whole node since it started, where it is missing.
    #[serde(default)]
    store: Option<StoreId>,
}

/// The graph.
#[derive(Serialize)]
struct Graph {
    /// Whose figures: `node` or `store`.
    scope: &'static str,
    /// Which store's.
    store_id: Option<StoreId>,
    nodes: Vec<NodeView>,
    edges: Vec<EdgeView>,
}

/// A place that things flow through.
#[derive(Serialize)]
struct NodeView {
    id: &'static str,
    kind: Kind,
    label: &'static str,
    /// Where it is called, for a place of the API.
    routes: &'static [&'static str],
    /// Kinds of events that are recorded here on the way.
    records: &'static [&'static str],
    /// How often something arrived or was done here.
    count: u64,
}

/// One way from a node to another.
#[derive(Serialize)]
struct EdgeView {
    id: String,
    from: &'static str,
    to: &'static str,
    /// The kind of event that goes along it, or what the bank is asked.
    topic: &'static str,
    count: u64,
    failures: u64,
    /// From what led to it to its recording.
    time_us: Times,
}

/// Times in microseconds, null where none was taken. Quantiles are upper bounds, to the next power of two, and known of
/// the whole node only.
#[derive(Serialize)]
struct Times {
    timed: u64,
    mean: Option<u64>,
    p50: Option<u64>,
    p95: Option<u64>,
    longest: Option<u64>,
}

/// Nodes, and edges with what went along them.
pub(super) async fn graph(door: Through, request: HttpRequest, Params(asked): Params<Asked>) -> Reply {
    // The header names a store too, but the graph is the node's unless the query asks for one's.
    if let (Some(asked), Some(named)) = (&asked.store, request.headers().get(X_STORE_ID))
        && named.as_bytes() != asked.as_str().as_bytes()
    {
        return Err(Problem::because(Code::MalformedQuery, "the header names another store than the query"));
    }
    let view = match asked.store {
        None => {
            let tally = &door.directory().node().flow;
            Graph::of("node", None, |node| tally.at(node), |edge| tally.along(edge))
        }
        Some(store) => {
            let tenant = door.directory().enter(&store).await?;
            let tally = tenant.flow();
            Graph::of("store", Some(store), |node| tally.at(node), |edge| tally.along(edge))
        }
    };
    Ok(reply::view(&view))
}

impl Graph {
    fn of(
        scope: &'static str,
        store_id: Option<StoreId>,
        at: impl Fn(Node) -> u64,
        along: impl Fn(Edge) -> Figures,
    ) -> Self {
        let nodes = Node::ALL.iter().map(|&node| NodeView {
            id: node.id(),
            kind: node.kind(),
            label: node.label(),
            routes: node.routes(),
            records: node.records(),
            count: at(node),
        });
        let edges = Edge::ALL.iter().map(|&edge| {
            let Figures { count, failed, timed, mean_us, longest_us, p50_us, p95_us } = along(edge);
            EdgeView {
                id: edge.id(),
                from: edge.from().id(),
                to: edge.to().id(),
                topic: edge.topic(),
                count,
                failures: failed,
                time_us: Times { timed, mean: mean_us, p50: p50_us, p95: p95_us, longest: longest_us },
            }
        });
        Self { scope, store_id, nodes: nodes.collect(), edges: edges.collect() }
    }
}

/// Every machine.
#[derive(Serialize)]
struct Machines {
    data: &'static [Machine],
}

/// What each aggregate does in which state when asked what, found by asking it. Found and written once, on a thread where
/// that may take its time; until then whoever asks waits together.
pub(super) async fn machines() -> Reply {
    static WRITTEN: OnceCell<Bytes> = OnceCell::const_new();
    let written = WRITTEN.get_or_try_init(|| async {
        let write = || serde_json::to_vec(&Machines { data: flow::machines() });
        // Whoever gives up waiting leaves the work to itself, and the next one to ask finds it done.
        let body = web::block(write).await.map_err(|_| Code::Internal)?;
        Ok::<_, Problem>(body.expect("a view has string keys and goes to memory").into())
    });
    Ok(reply::json(StatusCode::OK, written.await?.clone()))
}
