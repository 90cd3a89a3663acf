//! Figures for whoever scrapes them, in OpenMetrics text.

use std::fmt;
use std::time::Duration;

use actix_web::http::StatusCode;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::jobs::Jobs;
use crate::gateway::BreakerState;
use crate::journal::Health;
use crate::problem::Code;
use crate::schedule::Board;
use crate::store::Directory;

/// Counters of requests, and the registry that everything is scraped from.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// By the status's first digit, 1 to 5.
    answered: [Counter; 5],
    refused: Family<[(&'static str, &'static str); 1], Counter>,
    accept: Histogram,
    streams: Gauge,
}

/// Upper bounds of the accept histogram, in seconds.
const ACCEPT_BOUNDS: [f64; 12] =
    [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.5, 2.0, 10.0];

impl Metrics {
    /// Counters at nought.
    pub fn new(sources: Sources) -> Self {
        let mut registry = Registry::with_prefix("orderflow");
        let by_status = Family::<[(&'static str, &'static str); 1], Counter>::default();
        let answered = ["1xx", "2xx", "3xx", "4xx", "5xx"]
            .map(|class| by_status.get_or_create(&[("status", class)]).clone());
        let refused = Family::default();
        let accept = Histogram::new(ACCEPT_BOUNDS);
        registry.register("http_requests", "Requests answered, by class of status", by_status);
        registry.register("http_problems", "Requests refused, by problem code", refused.clone());
        registry.register("order_accept_seconds", "From an order's arrival to its answer", accept.clone());
        let streams = Gauge::default();
        registry.register("event_streams_open", "Clients that listen to a store's events", streams.clone());
        registry.register_collector(Box::new(sources));
        Self { registry, answered, refused, accept, streams }
    }

    /// A request was answered.
    pub fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        self.answered[class].inc();
    }

    /// A request was refused.
    pub fn refused(&self, code: Code) {
        self.refused.get_or_create(&[("code", code.kind().code)]).inc();
    }

    /// The same, with figures of scheduled jobs.
    pub fn with_jobs(mut self, board: std::sync::Arc<Board>) -> Self {
        self.registry.register_collector(Box::new(Jobs(board)));
        self
    }

    /// How many clients listen to events; whoever lets them in counts.
    pub fn streams(&self) -> Gauge {
        self.streams.clone()
    }

    /// An order was accepted.
    pub fn accepted(&self, took: Duration) {
        self.accept.observe(took.as_secs_f64());
    }

    /// Everything, as OpenMetrics text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::with_capacity(8_192);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Where figures come from that others keep: read when scraped.
#[derive(Debug)]
pub struct Sources(pub Directory);

impl Collector for Sources {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let node = self.0.node();
        let journal = node.journal.figures();
        let breaker = node.breaker.counters();
        let counters = [
            ("journal_commits", "Transactions committed", journal.commits),
            ("journal_appends", "Appends committed", journal.appends),
            ("journal_records", "Records committed", journal.records),
            ("journal_bytes", "Bytes of records committed", journal.bytes),
            ("journal_refused", "Appends refused", journal.refused),
            ("journal_commit_microseconds", "Time spent in commits", journal.commit_us),
            ("journal_checkpoints", "Checkpoints done", journal.checkpoints),
            ("gateway_breaker_opened", "How often the bank's breaker opened", breaker.opened),
            (
                "gateway_breaker_refused",
                "Calls to the bank not made while the breaker was open",
                breaker.refused,
            ),
            ("gateway_outages", "Calls to the bank that ended in an outage", breaker.outages),
            ("store_deaths", "How often a store's actors were broken up", node.deaths()),
        ];
        for (name, help, value) in counters {
            let counter = ConstCounter::new(value);
            let metric = encoder.encode_descriptor(name, help, None, counter.metric_type())?;
            counter.encode(metric)?;
        }
        let flag = |is_so: bool| i64::from(is_so);
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let state = node.breaker.state();
        let gauges = [
            ("stores_active", "Stores in memory", i64::try_from(self.0.active()).unwrap_or(i64::MAX)),
            ("stores_quarantined", "Stores set aside", whole(node.quarantined())),
            ("store_requests_in_flight", "Requests that stores work on", i64::from(node.in_flight())),
            ("views_lag_records", "Records that views trail the journal by", whole(node.views.lag())),
            ("journal_position", "The journal's end", whole(node.journal.end())),
            (
                "journal_healthy",
                "Whether the journal takes events",
                flag(node.journal.health() == Health::Good),
            ),
            (
                "gateway_breaker_open",
                "Whether calls to the bank are held back",
                flag(state != BreakerState::Closed),
            ),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
