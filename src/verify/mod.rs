//! `orderflow verify`: derives every state, balance and figure from the journal by code of its own, and reports what
//! differs from the views.
//!
//! Nothing here shares a fold with the product: events are read as plain JSON, and what they mean is written down a second
//! time, as straightforwardly as can be. Two parts are checked: the journal against the rules that must hold whatever the
//! product thinks (no money twice, no stock that is not there, no step that is not in the table), and the views against
//! the journal, first where they are, then brought up to the journal's end in a copy. Nothing is changed on disk.

mod alerts;
mod compare;
mod findings;
mod fraud;
mod goods;
mod model;
mod money;
mod order;
mod returns;
mod stock;
mod tenant;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::journal::{self, JournalError, Position, Reader};
use crate::views::{Snapshot, ViewsError};

pub use findings::Difference;
use findings::Findings;
use model::Model;

/// What `orderflow verify` is told on the command line.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where the data is; a node may be running there
    #[arg(long, value_name = "DIR", default_value = "./data")]
    pub data: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
}

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
    let mut findings = Findings::default();
    let views = match Snapshot::open(&args.data) {
        Ok(views) => views,
        Err(why) => {
            findings.add("", "views", "readable", "views that can be read", &why);
            None
        }
    };
    let journal = journal::sqlite::read_only(&args.data)?;
    let end = journal.end();
    let bar = Bar::new(end);
    journal.verify(&mut |position| bar.at("journal", position))?;
    let mut reader = journal.reader()?;
    let mut model = Model::default();
    let views_position = views.as_ref().map(Snapshot::position);
    if let Some(views) = &views {
        if views.position() > end {
            findings.add("", "views", "position", &format!("at most {end}"), &views.position());
        } else {
            derive(reader.as_mut(), &mut model, views.position(), &mut findings, &bar)?;
            compare::all(&model, views, &mut findings)?;
        }
    }
    let is_at_end = views_position == Some(end);
    drop(views);
    derive(reader.as_mut(), &mut model, end, &mut findings, &bar)?;
    if !is_at_end {
        let brought_up =
            Snapshot::brought_up(&args.data, reader.as_mut(), end, &mut |at| bar.at("views", at))?;
        compare::all(&model, &brought_up, &mut findings)?;
    }
    let in_flight = model.finish(&mut findings);
    bar.end();
    Ok(Report {
        records: end,
        stores: model.stores.len() as u64,
        orders: model.orders_placed(),
        in_flight,
        views_position,
        balances: model.balances(),
        unchecked_kinds: model.unchecked.iter().cloned().collect(),
        difference_count: findings.count,
        differences: findings.kept,
        is_json: args.json,
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
