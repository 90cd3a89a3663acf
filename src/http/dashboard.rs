//! Figures for dashboards: one store's, and the whole node's.

use serde::Serialize;

use super::door::Through;
use super::lists;
use super::recent::Recent;
use super::reply::{self, Reply};
use crate::problem::Code;
use crate::store::Tenant;
use crate::telemetry::Quantiles;

/// Figures of views, and what only the running node knows.
#[derive(Serialize)]
struct Stats<T> {
    #[serde(flatten)]
    stats: T,
    latency_ms: Quantiles,
}

/// The figures of one store.
pub(super) async fn store(door: Through, tenant: Tenant, recent: Recent) -> Reply {
    let make = async |tenant: Tenant| {
        let (store, now) = (tenant.id().clone(), door.directory().node().clock.now());
        let stats = lists::ask(&door, tenant.end(), move |views| views.stats(&store, now)).await?;
        let stats = stats.ok_or(Code::StoreNotFound)?;
        let latency_ms = door.latencies().of(tenant.id());
        Ok(reply::view(&Stats { stats, latency_ms }))
    };
    recent.or(tenant, make).await
}

/// The figures of all stores together.
pub(super) async fn node(door: Through) -> Reply {
    let node = door.directory().node();
    let now = node.clock.now();
    let stats = lists::ask(&door, node.journal.end(), move |views| views.node_stats(now)).await?;
    let latency_ms = door.latencies().of_all();
    Ok(reply::view(&Stats { stats, latency_ms }))
}
