//! What the server says of itself at `/metrics`.

use anyhow::Result;

use super::client::Control;

/// The samples of one scrape.
#[derive(Debug, Clone, Default)]
pub(super) struct Metrics {
    samples: Vec<(String, f64)>,
}

impl Metrics {
    /// Scrapes them.
    pub(super) async fn of(server: Control) -> Result<Self> {
        Ok(Self::read(&server.text("/metrics").await?))
    }

    /// A metric, added up over its labels; none where there is no such metric.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        let found = self.samples.iter().filter(|(sample, _)| sample == name);
        found.map(|(_, value)| *value).reduce(|sum, value| sum + value)
    }

    /// By how much a metric has grown since.
    pub(super) fn growth(&self, since: &Self, name: &str) -> Option<f64> {
        Some(self.sum(name)? - since.sum(name).unwrap_or(0.0))
    }

    fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.filter_map(|line| {
            let name = line.split(['{', ' ']).next()?;
            let after =
                line.rsplit_once('}').map_or_else(|| line.strip_prefix(name), |(_, after)| Some(after))?;
            let value = after.split_ascii_whitespace().next()?.parse().ok()?;
            Some((name.to_owned(), value))
        });
        Self { samples: samples.collect() }
    }
}
