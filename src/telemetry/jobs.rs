//! Figures of scheduled jobs, read from their board when scraped.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::schedule::{Board, JobView};

/// Name, help, and what it is of a job.
type Figure<T> = (&'static str, &'static str, fn(&JobView) -> T);

/// The board of the jobs.
#[derive(Debug)]
pub(super) struct Jobs(pub(super) Arc<Board>);

impl Collector for Jobs {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let jobs = self.0.jobs();
        let counters: [Figure<u64>; 2] = [
            ("job_runs", "Runs of scheduled jobs that are over", |job| job.runs),
            ("job_failures", "Runs of scheduled jobs that failed", |job| job.failures),
        ];
        for (name, help, value) in counters {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            for job in &*jobs {
                let label = [("job", job.name)];
                let sample = metric.encode_family(&label)?;
                ConstCounter::new(value(job)).encode(sample)?;
            }
        }
        let gauges: [Figure<f64>; 2] = [
            ("job_last_duration_seconds", "How long the last run of a scheduled job took", |job| {
                job.last_run.as_ref().map_or(0.0, |run| run.duration_ms as f64 / 1_000.0)
            }),
            ("job_running", "Whether a scheduled job runs", |job| {
                f64::from(u8::from(job.running_since.is_some()))
            }),
        ];
        for (name, help, value) in gauges {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for job in &*jobs {
                let label = [("job", job.name)];
                let sample = metric.encode_family(&label)?;
                ConstGauge::new(value(job)).encode(sample)?;
            }
        }
        Ok(())
    }
}
