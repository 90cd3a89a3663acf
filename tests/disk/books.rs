//! What was promised, and whether a journal holds it.

use std::path::Path;

use orderflow::journal::sqlite::{Options, SqliteJournal};
use orderflow::journal::{Append, Journal, JournalError};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::script::{deed, row, store_name};
use crate::trace::{Call, What};

/// What a child said of its appends, in the order in which it handed them over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    /// Those it was told of as taken. Their records stand in the journal in this order.
    pub(crate) taken: Vec<u64>,
    /// Those it was told of as refused.
    pub(crate) refused: Vec<u64>,
    /// Those it heard nothing of.
    pub(crate) unknown: Vec<u64>,
    /// Why the journal did not open.
    pub(crate) unopened: Option<String>,
    pub(crate) is_closed: bool,
}

/// How a directory was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Everything is there.
    Whole,
    /// It says that it is damaged, and where.
    Refused,
}

impl Books {
    /// Reads on, in what a child called and told.
    pub(crate) fn read(&mut self, calls: &[Call]) {
        for call in calls {
            let What::Told(line) = &call.what else { continue };
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let number = || rest.parse().expect("the number of an append");
            match word {
                "sent" => self.unknown.push(number()),
                "taken" => {
                    let number = self.decided(number());
                    self.taken.push(number);
                }
                "refused" => {
                    let number = self.decided(number());
                    self.refused.push(number);
                }
                "unopened" => self.unopened = Some(rest.to_owned()),
                "closed" => self.is_closed = true,
                _ => {}
            }
        }
    }

    fn decided(&mut self, number: u64) -> u64 {
        self.unknown.retain(|unknown| *unknown != number);
        number
    }

    /// How far each store's sequence got.
    pub(crate) fn sequences(&self) -> [u64; 3] {
        let mut sequences = [0; 3];
        for deed in self.taken.iter().map(|number| deed(*number)) {
            sequences[deed.store] += deed.rows;
        }
        sequences
    }

    /// How many records the first appends have.
    pub(crate) fn records(&self, appends: usize) -> usize {
        self.taken[..appends].iter().map(|number| usize::try_from(deed(*number).rows).expect("few")).sum()
    }

    /// The records that these appends are, one after the other.
    fn expected(appends: impl Iterator<Item = u64>) -> Vec<Record> {
        let mut sequences = [0; 3];
        let mut records = Vec::new();
        for number in appends {
            let deed = deed(number);
            for nth in 1..=deed.rows {
                sequences[deed.store] += 1;
                let row = row(number, nth, sequences[deed.store]);
                records.push(Record {
                    append: number,
                    store: store_name(&deed).to_owned(),
                    sequence: row.sequence,
                    body: row.body,
                });
            }
        }
        records
    }

    /// Opens what is in the directory and compares. Of the taken, the last `may_lack` may be missing, whole; behind them, those of
    /// which nobody was told may be there, whole and in their order.
    pub(crate) fn compare(&self, directory: &Path, may_lack: &[usize]) -> Result<Found, String> {
        let options = Options { checkpoint_ms: 3_600_000, ..Options::default() };
        let journal = match SqliteJournal::open(directory, options) {
            Ok(journal) => journal,
            Err(error) => return said(&error, "opening"),
        };
        let mut found = Vec::new();
        let read = journal.reader().and_then(|mut reader| {
            reader.read_after(0, usize::MAX, &mut |record| {
                found.push(Record {
                    append: 0,
                    store: record.store.to_owned(),
                    sequence: record.sequence,
                    body: record.bytes.to_owned(),
                });
                Ok(())
            })
        });
        let taken = Self::expected(self.taken.iter().copied());
        let least = taken.len().min(journal.end().try_into().unwrap_or(usize::MAX));
        if let Err(error) = read {
            // Where it is damaged it says so; what is in front of that, and how much there is, must be right all the same.
            if found[..] != taken[..found.len().min(taken.len())] {
                return Err("damaged, and something else in front of the damage".into());
            }
            if least < taken.len() {
                return Err(format!("damaged, and it ends at {least} instead of {}", taken.len()));
            }
            return said(&error, "reading");
        }
        let lacks = |count: usize| found.len() == count && found[..] == taken[..count];
        if found.len() >= taken.len() {
            if found[..taken.len()] != taken[..] {
                return Err(first_difference(&found, &taken));
            }
            let all = Self::expected(self.taken.iter().chain(&self.unknown).copied());
            let ends: Vec<usize> = (0..=self.unknown.len())
                .map(|count| Self::expected(self.taken.iter().chain(&self.unknown[..count]).copied()).len())
                .collect();
            if !ends.contains(&found.len()) || found[..] != all[..found.len()] {
                let behind =
                    String::from_utf8_lossy(&found[taken.len()].body).chars().take(90).collect::<String>();
                return Err(format!(
                    "{} records behind the {} acknowledged, unknown were {:?}, refused {:?}: {behind}",
                    found.len() - taken.len(),
                    taken.len(),
                    self.unknown,
                    self.refused,
                ));
            }
        } else if !may_lack.iter().any(|count| lacks(*count)) {
            return Err(format!("{} of {} acknowledged records are there", found.len(), taken.len()));
        }
        goes_on(&journal, found.len())?;
        journal.close();
        Ok(Found::Whole)
    }
}

/// One record as it is found.
#[derive(Clone, Debug)]
struct Record {
    /// Which append it is of; not read back.
    append: u64,
    store: String,
    sequence: u64,
    body: Vec<u8>,
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.store == other.store && self.sequence == other.sequence && self.body == other.body
    }
}

/// Damage is said with file and position; of a later format is said, too. Anything else is not loud enough.
fn said(error: &JournalError, doing: &str) -> Result<Found, String> {
    match error {
        JournalError::Damaged { file, position, what }
            if !file.is_empty() && *position > 0 && !what.is_empty() =>
        {
            Ok(Found::Refused)
        }
        JournalError::Format { .. } => Ok(Found::Refused),
        other => Err(format!("{doing}: {other:?}")),
    }
}

fn first_difference(found: &[Record], taken: &[Record]) -> String {
    let at = found.iter().zip(taken).position(|(found, taken)| found != taken).unwrap_or_default();
    let taken = &taken[at];
    format!(
        "position {}: {} {} instead of {} {} of append {}",
        at + 1,
        found[at].store,
        found[at].sequence,
        taken.store,
        taken.sequence,
        taken.append
    )
}

/// A recovered journal takes appends.
fn goes_on(journal: &SqliteJournal, end: usize) -> Result<(), String> {
    let (sender, settled) = channel();
    let lane = journal.open_lane(Box::new(move |outcome| drop(sender.send(outcome))));
    let store = "dahlia".parse().expect("a legal id");
    let mut row = row(1, 1, 1);
    row.sequence = 1;
    journal.append(Append { lane, ticket: 1, store, generation: 1, rows: vec![row] });
    match settled.recv_timeout(Duration::from_secs(20)) {
        Ok(settled) if settled.refused.is_empty() && settled.end == end as u64 + 1 => Ok(()),
        other => Err(format!("the recovered journal takes no append: {other:?}, {:?}", journal.health())),
    }
}
