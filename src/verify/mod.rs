//! `orderflow verify`: derives every state, balance and figure from the journal by code of its own, and reports what
//! differs from the views.
//!
//! Nothing here shares a fold with the product: events are read as plain JSON, and what they mean is written down a second
//! time, as straightforwardly as can be. Two parts are checked: the journal against the rules that must hold whatever the
//! product thinks (no money twice, no stock that is not there, no step that is not in the table), and the views against
//! the journal, first where they are, then brought up to the journal's end in a copy. Nothing is changed on disk. With
//! `--bank` the bank's own books are the third side ([`BankReport`]). What it all says of the thirty things that must hold is
//! told by number ([`Invariant`]).

mod alerts;
mod bank;
mod calls;
mod compare;
mod findings;
mod fraud;
mod goods;
mod invariants;
mod model;
mod money;
mod order;
mod returns;
mod stock;
mod tenant;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::journal::{self, JournalError, Position, Reader};
use crate::views::{Snapshot, ViewsError};

pub use bank::{Args as BankArgs, BankError, BankReport, Read, Source};
pub use findings::Difference;
use findings::Findings;
pub use invariants::Invariant;
use model::Model;

/// What `orderflow verify` is told on the command line.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct Args {
    /// Where the data is; a node may be running there
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// The banks whose books are compared as well.
    #[command(flatten)]
    pub bank: BankArgs,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

const HELP: &str = "\
Reads, and changes nothing. Three sides are held against each other: the journal against the rules that must hold, the views \
against the journal, and, with --bank, the bank's books against the journal, order by order and to the minor unit. A node may \
be at work meanwhile: what moves just then is counted as in flight, and only what must hold at any time is asked of it.

The report names each difference with the number of the invariant that it violates, then says of each of the thirty how many \
things were looked at, or why it cannot be checked from here. Exits 1 on any difference, or where something cannot be read.

  orderflow verify --data ./data
  orderflow verify --data ./data --bank http://127.0.0.1:4010
  orderflow verify --data ./data --bank https://api.stripe.com --bank-key sk_live_… --bank-shared";

/// What a check found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The journal's last position.
    pub records: u64,
    /// Stores with events.
    pub stores: u64,
    /// Orders placed.
    pub orders: u64,
    /// Orders that something is still to happen to.
    pub in_flight: u64,
    /// Where the views were; nothing where there were none.
    pub views_position: Option<Position>,
    /// Money taken and given back, by store and currency.
    pub balances: Vec<Balance>,
    /// What comparing with the bank's books came to; nothing where none were read.
    pub bank: Option<BankReport>,
    /// The thirty things that must hold.
    pub invariants: Vec<Invariant>,
    /// Kinds of events that the checker knows nothing of: what they change is not checked.
    pub unchecked_kinds: Vec<String>,
    /// How many differences there are.
    pub difference_count: u64,
    /// The differences, up to a bound.
    pub differences: Vec<Difference>,
    /// Whether it is printed as JSON.
    #[serde(skip)]
    pub is_json: bool,
}

/// The money of one store, in minor units, as the payments' events have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Balance {
    /// Whose.
    pub store: String,
    /// Of what.
    pub currency: String,
    /// Taken.
    pub captured: i64,
    /// Given back.
    pub refunded: i64,
}

/// The data cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The journal cannot be read, or is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The views cannot be read.
    #[error(transparent)]
    Views(#[from] ViewsError),
    /// The bank's books cannot be read.
    #[error(transparent)]
    Bank(#[from] BankError),
}

impl Report {
    /// Whether nothing differs.
    pub fn is_clean(&self) -> bool {
        self.difference_count == 0
    }
}

/// How many records are read at once.
const STRIDE: usize = 4_096;

/// Checks a data directory.
pub fn run(args: &Args) -> Result<Report, VerifyError> {
    // The views first: the journal is then at least as far.
    let (views, mut findings) = open_views(&args.data);
    // Then the bank, between two looks at the journal: an order of which there is nothing new in between stood still.
    let before = journal::sqlite::read_only(&args.data)?.end();
    let books = if args.bank.is_wanted() { Some(args.bank.read(&mut findings)?) } else { None };
    let journal = journal::sqlite::read_only(&args.data)?;
    let end = journal.end();
    let bar = Bar::new(end);
    journal.verify(&mut |position| bar.at("journal", position))?;
    let mut reader = journal.reader()?;
    let at_bank = |model: &Model, findings: &mut Findings| {
        books.map(|books| bank::against(model, books, before, &args.bank, findings))
    };
    let report = check(reader.as_mut(), end, (views, &args.data), at_bank, findings, &bar)?;
    Ok(Report { is_json: args.json, ..report })
}

/// Checks a journal, wherever it is, up to a position, and the views of it in a directory.
pub fn of(reader: &mut dyn Reader, end: Position, views_in: &Path) -> Result<Report, VerifyError> {
    let (views, findings) = open_views(views_in);
    check(reader, end, (views, views_in), |_, _| None, findings, &Bar::new(end))
}

/// The views of a directory, and what is to be said where they cannot be read.
fn open_views(directory: &Path) -> (Option<Snapshot>, Findings) {
    let mut findings = Findings::default();
    let views = Snapshot::open(directory).unwrap_or_else(|why| {
        findings.add("", "views", "readable", "views that can be read", &why);
        None
    });
    (views, findings)
}

fn check(
    reader: &mut dyn Reader,
    end: Position,
    (views, views_in): (Option<Snapshot>, &Path),
    at_bank: impl FnOnce(&Model, &mut Findings) -> Option<BankReport>,
    mut findings: Findings,
    bar: &Bar,
) -> Result<Report, VerifyError> {
    let mut model = Model::default();
    let views_position = views.as_ref().map(Snapshot::position);
    if let Some(views) = &views {
        if views.position() > end {
            findings.add("", "views", "position", &format!("at most {end}"), &views.position());
        } else {
            derive(reader, &mut model, views.position(), &mut findings, bar)?;
            findings.under(16, |findings| compare::all(&model, views, findings))?;
        }
    }
    let is_at_end = views_position == Some(end);
    drop(views);
    derive(reader, &mut model, end, &mut findings, bar)?;
    if !is_at_end {
        let brought_up = Snapshot::brought_up(views_in, reader, end, &mut |at| bar.at("views", at))?;
        findings.under(16, |findings| compare::all(&model, &brought_up, findings))?;
    }
    let in_flight = model.finish(&mut findings);
    let bank = at_bank(&model, &mut findings);
    bar.end();
    Ok(Report {
        records: end,
        stores: model.stores.len() as u64,
        orders: model.orders_placed(),
        in_flight,
        views_position,
        balances: model.balances(),
        invariants: invariants::all(&findings, bank.is_some()),
        bank,
        unchecked_kinds: model.unchecked.iter().cloned().collect(),
        difference_count: findings.count,
        differences: findings.kept,
        is_json: false,
    })
}

/// Folds the journal up to a position into the model.
fn derive(
    reader: &mut dyn Reader,
    model: &mut Model,
    until: Position,
    findings: &mut Findings,
    bar: &Bar,
) -> Result<(), JournalError> {
    while model.position < until {
        let limit = usize::try_from(until - model.position).unwrap_or(usize::MAX).min(STRIDE);
        reader.read_after(model.position, limit, &mut |record| {
            model.apply(&record, findings);
            Ok(())
        })?;
        bar.at("deriving", model.position);
    }
    Ok(())
}

/// Progress on a terminal; nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new(end: Position) -> Self {
        let bar = ProgressBar::new(end);
        let style = ProgressStyle::with_template(
            "{prefix:>9} [{bar:32}] {human_pos}/{human_len} {per_sec} {eta} left",
        )
        .expect("the template is well formed");
        bar.set_style(style.progress_chars("=> "));
        Self(bar)
    }

    fn at(&self, what: &'static str, position: Position) {
        if self.0.prefix() != what {
            self.0.set_prefix(what);
        }
        self.0.set_position(position);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_json {
            let json = serde_json::to_string(self).expect("a report has string keys and goes to memory");
            return f.write_str(&json);
        }
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        let more = self.difference_count.saturating_sub(self.differences.len() as u64);
        if more > 0 {
            writeln!(f, "… and {more} more")?;
        }
        for Balance { store, currency, captured, refunded } in &self.balances {
            writeln!(
                f,
                "{store}: {captured} {currency} captured, {refunded} refunded, {} net",
                captured - refunded
            )?;
        }
        if let Some(bank) = &self.bank {
            writeln!(f, "{bank}")?;
        }
        writeln!(f, "  #  must hold                    looked at")?;
        for invariant in &self.invariants {
            writeln!(f, "{invariant}")?;
        }
        if !self.unchecked_kinds.is_empty() {
            writeln!(f, "not checked: {}", self.unchecked_kinds.join(", "))?;
        }
        let views = match self.views_position {
            Some(position) => format!("views at {position}"),
            None => "no views".to_owned(),
        };
        write!(
            f,
            "{} records, {views}, {} stores, {} orders ({} in flight), {} differences",
            self.records, self.stores, self.orders, self.in_flight, self.difference_count
        )
    }
}
