//! What the disk can do, because every commit is synced.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::clock::{millis, now, since};

const WRITES: usize = 300;
const WRITE_BYTES: usize = 4_096;

/// The cost of a small synced append in that directory, in milliseconds: the middle one, and one of a hundred.
pub(super) fn sync_ms(directory: &Path) -> Result<[f64; 2]> {
    let mut file = tempfile::tempfile_in(directory)?;
    let mut costs = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let begun = now();
        file.write_all(&[7; WRITE_BYTES])?;
        file.sync_data()?;
        costs.push(millis(since(begun)));
    }
    costs.sort_by(f64::total_cmp);
    Ok([costs[WRITES / 2], costs[WRITES - 1 - WRITES / 100]])
}

/// Bytes of the files in a directory, in MiB.
pub(super) fn size_mib(directory: &Path) -> f64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let bytes: u64 = entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => (size_mib(&entry.path()) * 1_048_576.0) as u64,
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum();
    bytes as f64 / 1_048_576.0
}
