//! What the child process does with its journal: always the same calls in the same order, until one fails.
//!
//! Everything waits for everything, and the journal's own clockwork stands still or is waited for, so that the k-th call of the disk is the same
//! in nearly every run. What becomes of each append is written to the file `told` of the directory, before the next step.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use orderflow::journal::sqlite::{Options, SqliteJournal};
use orderflow::journal::writer::Bounds;
use orderflow::journal::{Append, Health, Journal, Lane, Row, Settled};
use orderflow::types::Timestamp;
use orderflow::types::clock::monotonic;

/// Names the script in the environment of the child.
pub(crate) const SCRIPT: &str = "ORDERFLOW_DISK_SCRIPT";
/// Names its directory.
pub(crate) const DIRECTORY: &str = "ORDERFLOW_DISK_DIRECTORY";
const STORES: [&str; 3] = ["amber", "birch", "cedar"];
const PATIENCE: Duration = Duration::from_secs(30);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    /// Begins in an empty directory: appends, checkpoints, one of them beside a reader, appends, and an end in good order.
    First,
    /// The same, and dies before its end.
    Dies,
    /// Goes on where another died.
    Again,
    /// Begins and writes now and then: each time all of the log is moved, so that it starts over, in the place of the last.
    Idle,
    /// Begins, writes little, moves all of it, then much, and dies: the log holds everything but the beginning.
    Long,
}

impl Script {
    pub(crate) const ALL: [Self; 5] = [Self::First, Self::Dies, Self::Again, Self::Idle, Self::Long];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Dies => "dies",
            Self::Again => "again",
            Self::Idle => "idle",
            Self::Long => "long",
        }
    }
}

/// One append of a script: whose, how many rows, and how long each body is at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deed {
    pub(crate) store: usize,
    pub(crate) rows: u64,
    pub(crate) fill: usize,
}

/// The append with this number. Those of [`Script::Again`] begin at 1,000.
pub(crate) fn deed(number: u64) -> Deed {
    let (rows, fill) = match number % 10 {
        // More than a page holds.
        4 => (3, 20_000),
        // Several pages.
        6 => (40, 900),
        7 => (5, 200),
        _ => (1 + number % 3, 300),
    };
    Deed { store: usize::try_from(number % 3).expect("three stores"), rows, fill }
}

pub(crate) fn store_name(deed: &Deed) -> &'static str {
    STORES[deed.store]
}

/// The row of an append, at its place in the store's sequence.
pub(crate) fn row(number: u64, nth: u64, sequence: u64) -> Row {
    let deed = deed(number);
    let fill = "f".repeat(deed.fill);
    let store = store_name(&deed);
    let body = format!(
        r#"{{"v":1,"subject":"{store}","actor":"api","data":{{"append":{number},"row":{nth},"fill":"{fill}"}}}}"#
    );
    let at = Timestamp::from_micros(1_700_000_000_000_000 + sequence.cast_signed());
    Row { sequence, at, kind: "test.happened", body: body.into_bytes(), origin: None }
}

/// The child's whole life.
pub(crate) fn live(script: &str, directory: &Path) -> ExitCode {
    let script = Script::ALL.into_iter().find(|known| known.name() == script).expect("a script of these");
    let told =
        File::options().create(true).append(true).open(directory.join("told")).expect("told can be written");
    let mut clerk =
        Clerk { directory: directory.to_owned(), told, sequences: BTreeMap::new(), generation: 1 };
    if script == Script::Again {
        clerk.remember();
    }
    clerk.tell("begun");
    let bounds = Bounds { probe_ms: 2, ..Bounds::default() };
    let checkpoint_ms = if script == Script::Idle { 4 } else { 3_600_000 };
    let options = Options { bounds, checkpoint_ms, ..Options::default() };
    let journal = match SqliteJournal::open(directory, options) {
        Ok(journal) => journal,
        Err(error) => {
            clerk.tell(&format!("unopened {error:?}"));
            return ExitCode::SUCCESS;
        }
    };
    let mut desk = Desk::new(&journal);
    let went_well = match script {
        Script::First | Script::Dies => clerk.first(&mut desk),
        Script::Again => clerk.again(&mut desk),
        Script::Idle => clerk.idle(&mut desk),
        Script::Long => clerk.long(&mut desk),
    };
    if matches!(script, Script::Dies | Script::Long) {
        assert!(went_well, "nothing fails while a journal is prepared");
        std::process::exit(0);
    }
    if let Health::Poisoned(why) = journal.health() {
        clerk.tell(&format!("poisoned {why}"));
    }
    journal.close();
    drop(desk);
    drop(journal);
    clerk.tell("closed");
    ExitCode::SUCCESS
}

/// Hands over appends and hears of them.
struct Desk {
    journal: Arc<SqliteJournal>,
    lane: Lane,
    ticket: u64,
    settled: Receiver<Settled>,
    /// So often it is waited for room.
    waits: u32,
}

impl Desk {
    fn new(journal: &Arc<SqliteJournal>) -> Self {
        let (sender, settled) = channel();
        let lane = journal.open_lane(Box::new(move |outcome| drop(sender.send(outcome))));
        Self { journal: journal.clone(), lane, ticket: 0, settled, waits: 3 }
    }

    fn is_poisoned(&self) -> bool {
        matches!(self.journal.health(), Health::Poisoned(_))
    }

    /// Waits until it is so, the journal is poisoned, or the time is up.
    fn wait(&self, time: Duration, mut is_so: impl FnMut() -> bool) {
        let until = monotonic() + time;
        while !is_so() && !self.is_poisoned() && monotonic() < until {
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Has the log moved and cut.
    fn tidy(&self) {
        let before = self.journal.figures().checkpoints;
        self.journal.tidy();
        self.wait(Duration::from_millis(100), || self.journal.figures().checkpoints > before);
    }
}

struct Clerk {
    directory: PathBuf,
    told: File,
    sequences: BTreeMap<usize, u64>,
    generation: u64,
}

impl Clerk {
    /// One write, so that it stands in the trace as one.
    fn tell(&mut self, what: &str) {
        self.told.write_all(format!("{what}\n").as_bytes()).expect("told can be written");
    }

    /// Takes the sequences from the journal as it was left.
    fn remember(&mut self) {
        let known = std::env::var("ORDERFLOW_DISK_SEQUENCES").expect("they are handed over");
        for (store, sequence) in known.split(',').enumerate() {
            self.sequences.insert(store, sequence.parse().expect("a number"));
        }
    }

    /// Hands over these appends together; false when the journal is poisoned.
    fn append(&mut self, desk: &mut Desk, numbers: &[u64]) -> bool {
        let first = desk.ticket + 1;
        for &number in numbers {
            let deed = deed(number);
            let before = self.sequences.get(&deed.store).copied().unwrap_or(0);
            let rows = (1..=deed.rows).map(|nth| row(number, nth, before + nth)).collect();
            self.sequences.insert(deed.store, before + deed.rows);
            self.tell(&format!("sent {number}"));
            desk.ticket += 1;
            let store = store_name(&deed).parse().expect("a legal id");
            let append =
                Append { lane: desk.lane, ticket: desk.ticket, store, generation: self.generation, rows };
            desk.journal.append(append);
        }
        let mut refused = Vec::new();
        let until = monotonic() + PATIENCE;
        loop {
            match desk.settled.recv_timeout(Duration::from_millis(1)) {
                Ok(settled) => {
                    refused.extend(settled.refused);
                    if settled.ticket == desk.ticket {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) if desk.is_poisoned() => return false,
                Err(RecvTimeoutError::Timeout) => assert!(monotonic() < until, "an append is never settled"),
                Err(RecvTimeoutError::Disconnected) => panic!("the journal forgot its lane"),
            }
        }
        for (&number, ticket) in numbers.iter().zip(first..) {
            if refused.contains(&ticket) {
                self.tell(&format!("refused {number}"));
                *self.sequences.get_mut(&deed(number).store).expect("it sent something") -= deed(number).rows;
            } else {
                self.tell(&format!("taken {number}"));
            }
        }
        if !refused.is_empty() {
            self.generation += 1;
            if desk.waits > 0 {
                desk.waits -= 1;
                desk.wait(Duration::from_millis(60), || desk.journal.health() == Health::Good);
            }
        }
        !desk.is_poisoned()
    }

    fn append_each(&mut self, desk: &mut Desk, mut numbers: impl Iterator<Item = u64>) -> bool {
        numbers.all(|number| self.append(desk, &[number]))
    }

    /// Has the log moved while somebody reads an older state: a part stays, and the file is not synced yet.
    fn move_a_part(&mut self, desk: &mut Desk, between: &[u64]) -> bool {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
        let reader = rusqlite::Connection::open_with_flags(self.directory.join("journal.db"), flags);
        let reads = |reader: &rusqlite::Connection| {
            use rusqlite::config::DbConfig;
            reader.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            reader.execute_batch("BEGIN; SELECT count(*) FROM journal;")
        };
        // It may be this one whose call fails.
        let reader = reader.and_then(|reader| reads(&reader).map(|()| reader));
        let goes_on = self.append_each(desk, between.iter().copied());
        if goes_on {
            desk.tidy();
        }
        drop(reader);
        goes_on && !desk.is_poisoned()
    }

    fn first(&mut self, desk: &mut Desk) -> bool {
        self.append_each(desk, 1..=4) && self.append(desk, &[5, 6, 8]) && {
            desk.tidy();
            self.append_each(desk, 9..=12)
                && self.move_a_part(desk, &[13, 14])
                && self.append_each(desk, 15..=18)
                && self.move_a_part(desk, &[19])
                && self.append_each(desk, 20..=21)
        }
    }

    fn again(&mut self, desk: &mut Desk) -> bool {
        self.append_each(desk, 1_000..=1_002) && {
            desk.tidy();
            self.append_each(desk, 1_003..=1_005)
                && self.move_a_part(desk, &[1_006])
                && self.append(desk, &[1_007])
        }
    }

    /// The background moves what was written before the next is: nothing of the two happens at once.
    fn idle(&mut self, desk: &mut Desk) -> bool {
        (6..=23).filter(|number| number % 10 != 4).all(|number| {
            let before = desk.journal.figures().checkpoints;
            self.append(desk, &[number]) && {
                if desk.journal.health() == Health::Good {
                    desk.wait(Duration::from_millis(100), || desk.journal.figures().checkpoints > before);
                }
                !desk.is_poisoned()
            }
        })
    }

    fn long(&mut self, desk: &mut Desk) -> bool {
        self.append_each(desk, 1..=3) && {
            desk.tidy();
            self.append_each(desk, 4..=33)
        }
    }
}
