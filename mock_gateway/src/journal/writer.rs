//! One thread writes and syncs; everything that waited meanwhile goes out with the next sync.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::{Entry, frame};

/// Lines that nobody waits for go out after this long.
const UNHURRIED: Duration = Duration::from_millis(50);

/// The data file could not be written. Nothing more is answered: memory is ahead of the disk.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the data file cannot be written: {0}")]
pub(crate) struct Broken(Arc<str>);

#[derive(Clone, Default)]
struct Progress {
    durable: u64,
    broken: Option<Broken>,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    last: u64,
    urgent: bool,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

/// Takes lines, in the order of the changes: it is used under the bank's lock.
#[derive(Clone)]
pub(crate) struct Appender(Arc<Shared>);

impl Appender {
    /// Queues an entry and returns its number.
    pub(crate) fn append(&self, entry: &Entry<'_>) -> u64 {
        let seq = self.queue(entry, true);
        self.0.filled.notify_one();
        seq
    }

    /// Queues an entry that goes out with whatever comes next.
    pub(crate) fn append_unhurried(&self, entry: &Entry<'_>) {
        self.queue(entry, false);
    }

    fn queue(&self, entry: &Entry<'_>, urgent: bool) -> u64 {
        let mut queue = self.0.queue.lock();
        queue.last += 1;
        queue.urgent |= urgent;
        let Queue { last, lines, .. } = &mut *queue;
        frame::write(*last, entry, lines);
        *last
    }
}

/// The open data file.
pub(crate) struct Journal {
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Starts writing behind line `last`.
    pub(super) fn start(file: File, last: u64) -> io::Result<Journal> {
        let shared = Arc::new(Shared::default());
        shared.queue.lock().last = last;
        let (tell, progress) = watch::channel(Progress { durable: last, broken: None });
        let thread = std::thread::Builder::new().name("bank data file".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || run(file, &shared, &tell)
        })?;
        Ok(Journal { shared, progress, thread: Mutex::new(Some(thread)) })
    }

    pub(crate) fn appender(&self) -> Appender {
        Appender(Arc::clone(&self.shared))
    }

    /// Returns once line `seq` is on disk.
    pub(crate) async fn durable(&self, seq: u64) -> Result<(), Broken> {
        let reached = |progress: &Progress| progress.durable >= seq || progress.broken.is_some();
        let mut progress = self.progress.clone();
        let seen = progress.wait_for(reached).await;
        match seen {
            Ok(progress) if progress.durable >= seq => Ok(()),
            Ok(progress) => Err(progress.broken.clone().unwrap_or_else(gone)),
            Err(_) => Err(gone()),
        }
    }

    /// Returns if writing ever fails.
    pub(crate) async fn broken(&self) -> Broken {
        let mut progress = self.progress.clone();
        let seen = progress.wait_for(|progress| progress.broken.is_some()).await;
        match seen {
            Ok(progress) => progress.broken.clone().unwrap_or_else(gone),
            // Closed in good order: there is nothing to tell, ever.
            Err(_) => std::future::pending().await,
        }
    }

    /// Writes what is left and closes the file.
    pub(crate) fn close(&self) {
        self.shared.queue.lock().closed = true;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.lock().take() {
            // A panicking writer has told everybody already, by dropping its end of the channel.
            let _ = thread.join();
        }
    }
}

fn gone() -> Broken {
    Broken("its writer is gone".into())
}

fn run(mut file: File, shared: &Shared, tell: &watch::Sender<Progress>) {
    let mut lines = Vec::new();
    loop {
        lines.clear();
        let (last, closed) = {
            let mut queue = shared.queue.lock();
            while !queue.urgent && !queue.closed {
                let timed_out = shared.filled.wait_for(&mut queue, UNHURRIED).timed_out();
                if timed_out && !queue.lines.is_empty() {
                    break;
                }
            }
            queue.urgent = false;
            std::mem::swap(&mut queue.lines, &mut lines);
            (queue.last, queue.closed)
        };
        if !lines.is_empty() {
            let written = file.write_all(&lines).and_then(|()| file.sync_data());
            if let Err(error) = written {
                // The same sync is never tried again: what it lost it would not write the second time.
                let why = Broken(error.to_string().into());
                tell.send_modify(|progress| progress.broken = Some(why));
                return;
            }
            tell.send_modify(|progress| progress.durable = last);
        } else if closed {
            return;
        }
    }
}
