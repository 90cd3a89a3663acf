//! `orderflow export`: events as JSON lines, as on the wire, each with its place in the journal.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::journal::{self, JournalError, Position, Record};
use crate::types::StoreId;
use crate::views::{EventView, ViewsError};

/// What `orderflow export` is told on the command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where the data is; a node may be running there
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// The events of this store only
    #[arg(long, value_name = "ID")]
    pub store: Option<StoreId>,
    /// The events after this position of the journal only
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    pub after: Position,
    /// Where to write to, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// How many events.
    pub events: u64,
    /// The journal's last position: where a later export may go on.
    pub end: Position,
}

/// Events cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An event cannot be read.
    #[error(transparent)]
    Event(#[from] ViewsError),
    /// The output cannot be written.
    #[error("writing events")]
    Output(#[source] io::Error),
}

/// An event on the wire, and its place.
#[derive(Serialize)]
struct Line<'a> {
    position: Position,
    #[serde(flatten)]
    event: &'a EventView,
}

/// How many records are read at once.
const STRIDE: usize = 4_096;

/// Writes the events of a data directory. A reader that has had enough, as `head` has, is no error.
pub fn run(args: &Args) -> Result<Report, ExportError> {
    let written = match &args.output {
        Some(path) => File::create(path).map_err(ExportError::Output).and_then(|file| write(args, file)),
        None => write(args, io::stdout().lock()),
    };
    match written {
        Err(ExportError::Output(why)) if args.output.is_none() && why.kind() == io::ErrorKind::BrokenPipe => {
            Ok(Report { events: 0, end: args.after })
        }
        written => written,
    }
}

fn write(args: &Args, to: impl Write) -> Result<Report, ExportError> {
    let journal = journal::sqlite::read_only(&args.data)?;
    let mut reader = journal.reader()?;
    let mut to = BufWriter::with_capacity(1 << 16, to);
    let mut report = Report { events: 0, end: journal.end() };
    let mut at = args.after;
    let mut failed = None;
    while at < report.end {
        let read = reader.read_after(at, STRIDE, &mut |record| {
            at = record.position;
            if args.store.as_ref().is_some_and(|store| store.as_str() != record.store) {
                return Ok(());
            }
            report.events += 1;
            line(&mut to, &record).map_err(|why| {
                failed = Some(why);
                JournalError::Io { file: String::new(), doing: "exporting", source: "stopped".into() }
            })
        });
        if let Some(why) = failed.take() {
            return Err(why);
        }
        if read? == 0 {
            break;
        }
    }
    to.flush().map_err(ExportError::Output)?;
    Ok(report)
}

fn line(to: &mut impl Write, record: &Record<'_>) -> Result<(), ExportError> {
    let event = EventView::of(record)?;
    let line = Line { position: record.position, event: &event };
    serde_json::to_writer(&mut *to, &line).map_err(|why| ExportError::Output(why.into()))?;
    to.write_all(b"\n").map_err(ExportError::Output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal as _;
    use crate::journal::sqlite::{Options, SqliteJournal};
    use crate::views::tests::world::{Wish, World};

    #[test]
    fn events_come_in_order_one_a_line_of_one_store_or_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = SqliteJournal::open(directory.path(), Options::default()).expect("a journal");
        let mut world = World::new(journal.clone());
        let acme = world.shop("acme", &[("MUG", 5)]);
        let gifts = world.shop("gifts", &[("MUG", 5)]);
        world.confirmed(&acme, &Wish::of(&[("MUG", 1)]));
        world.confirmed(&gifts, &Wish::of(&[("MUG", 1)]));
        let end = world.settle();
        let output = directory.path().join("events.jsonl");
        let export = |store: Option<StoreId>, after| {
            let (data, output_to) = (directory.path().to_owned(), Some(output.clone()));
            let report = run(&Args { data, store, after, output: output_to }).expect("exported");
            let text = std::fs::read_to_string(&output).expect("written");
            let lines: Vec<serde_json::Value> =
                text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
            assert_eq!((report.events, report.end), (lines.len() as u64, end));
            lines
        };
        let all = export(None, 0);
        assert_eq!(all.len() as u64, end);
        assert!((1..).zip(&all).all(|(position, event)| event["position"] == position));
        let one = export(Some(gifts), 0);
        assert!(
            (1..)
                .zip(&one)
                .all(|(sequence, event)| event["sequence"] == sequence && event["store_id"] == "gifts")
        );
        let created = one.iter().find(|event| event["type"] == "order.created").expect("an order");
        for field in ["id", "subject", "order_id", "at", "actor", "causation_id", "data"] {
            assert!(created.get(field).is_some(), "{field}");
        }
        assert_eq!(export(None, end - 3).len(), 3);
        drop(world);
        journal.close();
    }
}
