//! What it was measured on.

use std::path::Path;

use serde::Serialize;

use super::disk;

/// A machine, at a time.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    /// When.
    pub(super) date: String,
    /// Processors that this program may use.
    pub(super) cores: usize,
    /// Which.
    pub(super) processor: String,
    /// Memory, in MiB.
    pub(super) memory_mib: u64,
    /// Its kernel.
    pub(super) kernel: String,
    /// What a small synced write costs where the data goes, in milliseconds: the middle one, and one of a hundred.
    pub(super) sync_ms: Option<[f64; 2]>,
}

impl Machine {
    /// This one.
    pub(super) fn here(data: &Path) -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim().to_owned())
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        let memory_kib: u64 = memory.trim_end_matches("kB").trim().parse().unwrap_or(0);
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into()),
            memory_mib: memory_kib / 1_024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            sync_ms: disk::sync_ms(data).ok(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { date, cores, processor, memory_mib, kernel, sync_ms } = self;
        write!(f, "{date} · {cores} cores · {processor} · {memory_mib} MiB · Linux {kernel}")?;
        match sync_ms {
            Some([p50, p99]) => write!(f, " · a synced 4 KiB write: p50 {p50:.2} ms, p99 {p99:.2} ms"),
            None => Ok(()),
        }
    }
}
