//! What the kernel knows about a process.

use std::time::Duration;

use anyhow::{Context, Result};

/// Ticks a second in `/proc/<id>/stat`: a constant of Linux's interface on every common architecture.
const TICKS_A_SECOND: f64 = 100.0;

/// Processor time used, in user and kernel mode, by all threads, dead ones too.
pub(super) fn cpu(id: u32) -> Result<Duration> {
    used(id, 2)
}

/// The same, and that of the children that it has waited for.
pub(super) fn cpu_with_ended_children(id: u32) -> Result<Duration> {
    used(id, 4)
}

/// Adds up the fields utime, stime, cutime and cstime, or the first of them.
fn used(id: u32, fields: usize) -> Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).context("reading processor time")?;
    // The name of the program is in brackets and may hold anything.
    let after_name = text.rsplit_once(')').context("a process without a name")?.1;
    let ticks = after_name.split_ascii_whitespace().skip(11).take(fields).map(str::parse::<f64>);
    let sum = ticks.sum::<Result<f64, _>>().context("a process without processor time")?;
    Ok(Duration::from_secs_f64(sum / TICKS_A_SECOND))
}

/// Resident memory, in MiB.
pub(super) fn resident_mib(id: u32) -> Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/status")).context("reading resident memory")?;
    let line =
        text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("a process without memory")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().context("reading resident memory")?;
    Ok(kib / 1_024.0)
}

/// Threads of a process.
pub(super) fn threads(id: u32) -> usize {
    std::fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count)
}

/// Processor time that everything on this machine has used, the host's claims on it included.
pub(super) fn machine_cpu() -> Result<Duration> {
    const IDLE: [usize; 2] = [3, 4];
    const FIELDS: usize = 8;
    let text = std::fs::read_to_string("/proc/stat").context("reading the machine's processor time")?;
    let all = text.lines().next().context("a machine without processors")?;
    let fields = all.split_ascii_whitespace().skip(1).take(FIELDS).enumerate();
    let busy: f64 = fields
        .filter(|(place, _)| !IDLE.contains(place))
        .filter_map(|(_, ticks)| ticks.parse::<f64>().ok())
        .sum();
    Ok(Duration::from_secs_f64(busy / TICKS_A_SECOND))
}
