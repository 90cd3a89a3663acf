//! Opening a data file: lock it, replay it, cut off a torn end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Entry, Journal, frame};
use crate::bank::{Bank, Era};
use crate::clock;

const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It cannot be opened, read or written.
    #[error("cannot use the data file {}", file.display())]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the data file {} is in use by another process", file.display())]
    InUse {
        /// The file.
        file: PathBuf,
    },
    /// A line in it is not what was written.
    #[error("the data file {} is damaged at byte {offset}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where the bad line begins.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
}

/// Opens or makes the file; returns the bank as the file tells it, writing to the file from here on.
pub(crate) fn open(path: &Path) -> Result<(Bank, Journal), LoadError> {
    let unusable = |source| LoadError::Unusable { file: path.to_owned(), source };
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path).map_err(unusable)?;
    lock(&file).map_err(|error| match error {
        TryLockError::WouldBlock => LoadError::InUse { file: path.to_owned() },
        TryLockError::Error(source) => unusable(source),
    })?;
    let (mut bank, last, sound) = replay(&file, path)?;
    let length = file.metadata().map_err(unusable)?.len();
    if length > sound {
        tracing::warn!(file = %path.display(), bytes = length - sound, "torn end cut off");
        file.set_len(sound).map_err(unusable)?;
        file.sync_data().map_err(unusable)?;
    }
    file.seek(SeekFrom::End(0)).map_err(unusable)?;
    let last = if last == 0 {
        begin(&mut file, path, &bank).map_err(unusable)?;
        1
    } else {
        last
    };
    let journal = Journal::start(file, last).map_err(unusable)?;
    bank.write_to(journal.appender(), last);
    Ok((bank, journal))
}

/// Takes the file for this process alone. Patient for a moment: a process that was just killed, or a child
/// between its fork and its exec, may still hold a copy of the old handle.
fn lock(file: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            locked => return locked,
        }
    }
    file.try_lock()
}

/// The first line names the era, so that ids mean the same after a restart.
fn begin(file: &mut File, path: &Path, bank: &Bank) -> io::Result<()> {
    let mut line = Vec::new();
    frame::write(1, &Entry::reset(bank.era.seed()), &mut line);
    file.write_all(&line)?;
    file.sync_all()?;
    // The file's name has to survive too.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// Returns the bank, the number of the last line, and how many bytes are sound.
fn replay(file: &File, path: &Path) -> Result<(Bank, u64, u64), LoadError> {
    let mut bank = Bank::new(Era::new(clock::unrepeated()));
    let (mut last, mut offset) = (0, 0);
    let mut reader = BufReader::with_capacity(1 << 20, file.take(u64::MAX));
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        let read = read.map_err(|source| LoadError::Unusable { file: path.to_owned(), source })?;
        if line.pop() != Some(b'\n') {
            return Ok((bank, last, offset));
        }
        let restored = frame::read(&line).and_then(|(seq, entry)| {
            if seq != last + 1 {
                return Err(format!("line {seq} follows line {last}"));
            }
            let entry: Entry<'_> = serde_json::from_str(entry.get()).map_err(|error| error.to_string())?;
            entry.restore(&mut bank)
        });
        restored.map_err(|what| LoadError::Damaged { file: path.to_owned(), offset, what })?;
        last += 1;
        offset += read as u64;
    }
}
