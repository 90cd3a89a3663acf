//! Log lines as they are shown: each with the trace of the order it is about, which whoever wrote the line need not know.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::telemetry::LogLine;
use crate::types::{OrderId, StoreId, TraceId};
use crate::views::{Views, ViewsError, ViewsReader};

/// So long views are waited for: a line without its trace is better than none.
const PATIENCE: Duration = Duration::from_millis(500);

/// A line, and what follows from the order it is about.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    #[serde(flatten)]
    line: &'a LogLine,
    trace_id: Option<TraceId>,
}

/// The traces of the orders that some lines are about: as many as there are lines, at most.
#[derive(Debug, Default)]
pub(super) struct Traces(HashMap<(StoreId, OrderId), TraceId>);

impl Traces {
    /// Looks the orders of some lines up. What cannot be read now has none: a log is wanted most when something is wrong.
    pub(super) async fn of(views: &Views, lines: &[Arc<LogLine>]) -> Self {
        let mut orders: Vec<_> = lines.iter().filter_map(|line| subject(line)).collect();
        orders.sort_unstable();
        orders.dedup();
        let mut traces = Self::default();
        traces.look(views, &orders).await;
        orders.retain(|subject| !traces.0.contains_key(subject));
        // Something is said of an order sooner than views show it.
        if !orders.is_empty() && views.lag() > 0 && views.caught_up(PATIENCE).await.is_ok() {
            traces.look(views, &orders).await;
        }
        traces
    }

    async fn look(&mut self, views: &Views, orders: &[(StoreId, OrderId)]) {
        if orders.is_empty() {
            return;
        }
        let orders = orders.to_vec();
        let look = move |views: &mut ViewsReader| -> Result<Vec<_>, ViewsError> {
            let mut found = Vec::new();
            for (store, order) in orders {
                found.extend(views.trace(&store, order)?.map(|trace| ((store, order), trace)));
            }
            Ok(found)
        };
        self.0.extend(views.read(look).await.unwrap_or_default());
    }

    /// A line with its trace.
    pub(super) fn shown<'a>(&self, line: &'a LogLine) -> Shown<'a> {
        Shown { line, trace_id: subject(line).and_then(|subject| self.0.get(&subject).copied()) }
    }
}

fn subject(line: &LogLine) -> Option<(StoreId, OrderId)> {
    Some((line.store_id.clone()?, line.order_id?))
}
