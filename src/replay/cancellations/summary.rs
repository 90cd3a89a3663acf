//! What came back, and whether the service's books say the same as the shop's credit notes.

use std::collections::BTreeMap;
use std::fmt;

use super::carry::Carried;
use super::plan::{Reason, Unmatched};
use crate::replay::order::Sums;
use crate::replay::summary::{grouped, list, signed};

/// How many lines are named under one reason.
const NAMED_MAX: usize = 12;

/// What the credit notes of a file came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnsSummary {
    /// The store they went to.
    pub store: String,
    /// The service they went to.
    pub url: String,
    /// Orders of the store.
    pub orders: u64,
    /// Credit notes of the file.
    pub notes: u64,
    /// What their lines come to.
    pub file: Sums,
    /// What of that fits orders, at the credited price.
    pub matched: Sums,
    /// How many returns that makes.
    pub returns: u64,
    /// What fits no order.
    pub unmatched: Vec<Unmatched>,
    /// What the service made of the returns.
    pub carried: Carried,
    /// What the store has given back in all, by its own figures.
    pub store_refunded: i64,
}

impl ReturnsSummary {
    /// Where the service's books differ from the plan, in words; empty when they match.
    pub fn differences(&self) -> Vec<String> {
        let of = &self.carried;
        let mut found = Vec::new();
        if !of.refused.is_empty() {
            let refused = grouped(of.refused.len());
            found.push(format!("the service refused {refused} returns that its own orders have room for"));
        }
        let mut compare = |what: &str, theirs: i128, ours: i128| {
            if theirs != ours {
                found.push(format!("{what}: {} against {}", signed(theirs), signed(ours)));
            }
        };
        compare("units received, against those sent back", of.received_units.into(), of.planned_units.into());
        compare(
            "pence of those, against what they were bought for",
            of.received_pence.into(),
            of.planned_pence.into(),
        );
        let answered = i128::from(of.refunded) + i128::from(of.unpaid);
        compare("pence refunded and unpaid, against those received", answered, of.received_pence.into());
        if self.store_refunded < of.refunded {
            let (shown, asked) = (signed(self.store_refunded.into()), signed(of.refunded.into()));
            found.push(format!("pence refunded by the store's figures: {shown} against {asked} asked for"));
        }
        found
    }

    fn unmatched_by_reason(&self) -> BTreeMap<Reason, Vec<&Unmatched>> {
        let mut by_reason: BTreeMap<Reason, Vec<&Unmatched>> = BTreeMap::new();
        for one in &self.unmatched {
            by_reason.entry(one.reason).or_default().push(one);
        }
        by_reason
    }
}

impl fmt::Display for ReturnsSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, url, orders, notes, file, matched, returns, carried, .. } = self;
        writeln!(f, "store      {store} at {url}; {} orders", grouped(*orders))?;
        writeln!(
            f,
            "credits    {} notes of {} lines; {} lines fit orders, whole or in part",
            grouped(*notes),
            grouped(file.lines),
            grouped(matched.lines)
        )?;
        writeln!(
            f,
            "returns    {}: {} taken, {} replayed, {} refused by the service",
            grouped(*returns),
            grouped(carried.taken),
            grouped(carried.replayed),
            grouped(carried.refused.len())
        )?;
        writeln!(
            f,
            "units      file {} · matched {} · received {}",
            grouped(file.units),
            grouped(matched.units),
            grouped(carried.received_units)
        )?;
        writeln!(
            f,
            "pence      file {} · matched {} as credited, {} as bought · refunded {} · unpaid {}",
            signed(file.pence.into()),
            signed(matched.pence.into()),
            signed(carried.planned_pence.into()),
            signed(carried.refunded.into()),
            signed(carried.unpaid.into())
        )?;
        for (reason, lines) in self.unmatched_by_reason() {
            let units: u64 = lines.iter().map(|line| line.units).sum();
            let named: Vec<String> =
                lines.iter().take(NAMED_MAX).map(|line| format!("{} {}", line.note, line.sku)).collect();
            let (count, units, named) = (grouped(lines.len()), grouped(units), named.join(", "));
            write!(f, "unmatched  {reason}, {count} lines of {units} units: {named}")?;
            match lines.len().saturating_sub(NAMED_MAX) {
                0 => writeln!(f)?,
                more => writeln!(f, " and {} more", grouped(more))?,
            }
        }
        list(f, "refused", &carried.refused)?;
        let differences = self.differences();
        if differences.is_empty() {
            return f
                .write_str("match      what came back is booked and paid as the notes that fit orders say");
        }
        f.write_str("DIFFERENCE")?;
        for (place, difference) in differences.iter().enumerate() {
            let lead = if place == 0 { " " } else { "\n           " };
            write!(f, "{lead}{difference}")?;
        }
        Ok(())
    }
}
