//! The file of what has run: small, whole, and on disk before anybody relies on it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::keys::Keys;
use super::plan::Record;

/// What the file is called in the data directory.
const FILE: &str = "schedule.json";
/// What it is called while it is written.
const NEXT: &str = "schedule.json.next";
/// What one is called that could not be read.
const DAMAGED: &str = "schedule.json.damaged";
/// The format that this release writes and reads.
const FORMAT: u32 = 1;

/// What is kept of all jobs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Records {
    format: u32,
    /// By name; jobs that this release does not know are left out when it is written anew.
    pub(super) jobs: BTreeMap<String, Record>,
    /// Keys of what was asked.
    pub(super) keys: Keys,
}

impl Records {
    /// What is kept of these.
    pub(super) fn new(jobs: BTreeMap<String, Record>, keys: Keys) -> Self {
        Self { format: FORMAT, jobs, keys }
    }
}

/// Where the file is.
#[derive(Debug)]
pub(super) struct Shelf {
    directory: PathBuf,
    /// How many times it was to be written.
    asked: AtomicU64,
    /// Which of those was the last to be written.
    written: Mutex<u64>,
}

impl Shelf {
    /// Opens the file of a data directory. One that cannot be understood is set aside under another name, loudly: what
    /// orders need does not depend on it, and jobs then begin as on a new node, none of them paused.
    pub(super) fn open(directory: &Path) -> io::Result<(Arc<Self>, Records)> {
        let shelf =
            Self { directory: directory.to_owned(), asked: AtomicU64::new(0), written: Mutex::new(0) };
        let path = directory.join(FILE);
        let records = match fs::read(&path) {
            Ok(bytes) => shelf.understood(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Records::new(BTreeMap::new(), Keys::default())
            }
            Err(error) => return Err(error),
        };
        Ok((Arc::new(shelf), records))
    }

    fn understood(&self, bytes: &[u8]) -> io::Result<Records> {
        let why = match serde_json::from_slice::<Records>(bytes) {
            Ok(records) if records.format == FORMAT => return Ok(records),
            Ok(records) => format!("it has format {}, this release reads {FORMAT}", records.format),
            Err(error) => error.to_string(),
        };
        let aside = self.directory.join(DAMAGED);
        tracing::error!(
            file = %self.directory.join(FILE).display(),
            set_aside = %aside.display(),
            reason = %why,
            "what jobs have run cannot be read: no job is paused any more, and nothing is caught up with"
        );
        fs::rename(self.directory.join(FILE), aside)?;
        self.sync_directory()?;
        Ok(Records::new(BTreeMap::new(), Keys::default()))
    }

    /// Writes the file; it is on disk when this resolves. Of several under way the last counts, whatever their order.
    pub(super) fn save(
        self: &Arc<Self>,
        records: &Records,
    ) -> impl Future<Output = io::Result<()>> + use<> + 'static {
        let bytes = serde_json::to_vec_pretty(records).expect("records have string keys and go to memory");
        let turn = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
        let shelf = Arc::clone(self);
        let writing = tokio::task::spawn_blocking(move || shelf.write(turn, &bytes));
        async move {
            let written = writing.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
            written.inspect_err(|error| tracing::error!(%error, "what jobs have run cannot be written"))
        }
    }

    fn write(&self, turn: u64, bytes: &[u8]) -> io::Result<()> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        if turn < *written {
            return Ok(());
        }
        let next = self.directory.join(NEXT);
        let mut file = File::create(&next)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&next, self.directory.join(FILE))?;
        self.sync_directory()?;
        *written = turn;
        Ok(())
    }

    /// Keeps the file from being written.
    #[cfg(test)]
    pub(super) fn hold(&self) -> std::sync::MutexGuard<'_, u64> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync_directory(&self) -> io::Result<()> {
        File::open(&self.directory)?.sync_all()
    }
}
