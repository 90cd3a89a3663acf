//! What was replayed, and whether the service's books say the same as the shop's.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::order::CURRENCY;
use super::send::{Refused, Tally};
use super::stock::Stocked;
use crate::seed::client::Stats;

/// How many invoices are named under one reason.
const NAMED_MAX: usize = 20;

/// What a replay came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The store it went to.
    pub store: String,
    /// The service it went to.
    pub url: String,
    /// Orders sent, taken and refused.
    pub tally: Tally,
    /// The store's figures when nothing was open any more.
    pub stats: Stats,
    /// What became of the shelves.
    pub stocked: Stocked,
    /// How long sending took.
    pub sending: Duration,
    /// How long the rest took to settle.
    pub settling: Duration,
    /// 429 and 503 that were waited out.
    pub pushed_back: u64,
    /// Calls without an answer that were made again.
    pub lost: u64,
}

impl Summary {
    /// Where the service's books differ from the file's, in words; empty when they match.
    pub fn differences(&self) -> Vec<String> {
        let Tally { taken: _, replayed: _, file, answered, refused_here: _, refused_there } = &self.tally;
        let orders = &self.stats.orders;
        let revenue = &self.stats.revenue;
        let mut found = Vec::new();
        if !refused_there.is_empty() {
            found.push(format!(
                "the service refused {} orders that the file holds to be good",
                grouped(refused_there.len())
            ));
        }
        let mut compare = |what: &str, theirs: i128, ours: i128| {
            if theirs != ours {
                let gap = theirs - ours;
                let sign = if gap < 0 { "-" } else { "+" };
                let gap = grouped(gap.unsigned_abs());
                found.push(format!(
                    "{what}: {} against {} of the file ({sign}{gap})",
                    signed(theirs),
                    signed(ours)
                ));
            }
        };
        compare("lines answered", answered.lines.into(), file.lines.into());
        compare("units answered", answered.units.into(), file.units.into());
        compare("pence answered", answered.pence.into(), file.pence.into());
        compare("pence captured", revenue.captured.into(), file.pence.into());
        compare("orders in the store", orders.total.into(), self.tally.accepted().into());
        if revenue.captured != file.pence && orders.canceled > 0 {
            found.push(format!(
                "{} orders were canceled, so their money was not taken or was given back",
                grouped(orders.canceled)
            ));
        }
        if revenue.currency != CURRENCY {
            found.push(format!("the store's figures are in {}, the file in {CURRENCY}", revenue.currency));
        }
        found
    }

    /// Orders sent a second, in tenths.
    fn tenths_per_second(&self) -> u128 {
        u128::from(self.tally.sent()) * 10_000 / self.sending.as_millis().max(1)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { store, url, tally, stats, stocked, sending, settling, pushed_back, lost } = self;
        let rate = self.tenths_per_second();
        writeln!(
            f,
            "store      {store} at {url}; {} SKUs stocked, {} left alone",
            grouped(stocked.filled),
            grouped(stocked.kept)
        )?;
        writeln!(
            f,
            "orders     {} sent: {} taken, {} replayed, {} refused by the service; {} not sent",
            grouped(tally.sent()),
            grouped(tally.taken),
            grouped(tally.replayed),
            grouped(tally.refused_there.len()),
            grouped(tally.refused_here.len())
        )?;
        writeln!(
            f,
            "time       {}.{:03} s sending ({}.{} orders/s), {}.{:03} s settling; {} answers 429 or 503 waited out, {} calls made again",
            sending.as_secs(),
            sending.subsec_millis(),
            grouped(rate / 10),
            rate % 10,
            settling.as_secs(),
            settling.subsec_millis(),
            grouped(*pushed_back),
            grouped(*lost)
        )?;
        writeln!(
            f,
            "settled    {} confirmed, {} completed, {} canceled of {} in the store",
            grouped(stats.orders.confirmed),
            grouped(stats.orders.completed),
            grouped(stats.orders.canceled),
            grouped(stats.orders.total)
        )?;
        writeln!(
            f,
            "lines      file {} · answered {}",
            grouped(tally.file.lines),
            grouped(tally.answered.lines)
        )?;
        writeln!(
            f,
            "units      file {} · answered {}",
            grouped(tally.file.units),
            grouped(tally.answered.units)
        )?;
        writeln!(
            f,
            "pence      file {} · answered {} · captured {} · refunded {}",
            signed(tally.file.pence.into()),
            signed(tally.answered.pence.into()),
            signed(stats.revenue.captured.into()),
            signed(stats.revenue.refunded.into())
        )?;
        list(f, "not sent", &tally.refused_here)?;
        list(f, "refused", &tally.refused_there)?;
        let differences = self.differences();
        if differences.is_empty() {
            return f.write_str("match      the service's books say what the file says");
        }
        f.write_str("DIFFERENCE")?;
        for (place, difference) in differences.iter().enumerate() {
            let lead = if place == 0 { " " } else { "\n           " };
            write!(f, "{lead}{difference}")?;
        }
        Ok(())
    }
}

/// Refused invoices under their reasons.
pub(super) fn list(f: &mut fmt::Formatter<'_>, label: &str, refused: &[Refused]) -> fmt::Result {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Refused { invoice, reason } in refused {
        by_reason.entry(reason).or_default().push(invoice);
    }
    for (reason, mut invoices) in by_reason {
        invoices.sort_unstable();
        let more = invoices.len().saturating_sub(NAMED_MAX);
        invoices.truncate(NAMED_MAX);
        write!(f, "{label:<10} {reason}: {}", invoices.join(", "))?;
        match more {
            0 => writeln!(f)?,
            more => writeln!(f, " and {} more", grouped(more))?,
        }
    }
    Ok(())
}

/// A count with a comma at every thousand.
pub(super) fn grouped(count: impl TryInto<u128>) -> String {
    let digits = count.try_into().unwrap_or(u128::MAX).to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The same for what may be below zero.
pub(super) fn signed(amount: i128) -> String {
    let sign = if amount < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(amount.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::super::order::Sums;
    use super::*;
    use crate::seed::client::{OrderFigures, Revenue};

    fn summary() -> Summary {
        let sums = Sums { lines: 1_234, units: 9_876, pence: 1_029_168_464 };
        Summary {
            store: "replay".to_owned(),
            url: "http://127.0.0.1:8080".to_owned(),
            tally: Tally { taken: 3, replayed: 1, file: sums, answered: sums, ..Tally::default() },
            stats: Stats {
                orders: OrderFigures {
                    total: 4,
                    pending: 0,
                    on_hold: 0,
                    confirmed: 3,
                    completed: 1,
                    canceled: 0,
                },
                revenue: Revenue { currency: "GBP".to_owned(), captured: 1_029_168_464, refunded: 0 },
            },
            stocked: Stocked { filled: 5, kept: 0 },
            sending: Duration::from_millis(2_000),
            settling: Duration::from_millis(250),
            pushed_back: 0,
            lost: 0,
        }
    }

    #[test]
    fn books_that_agree_match() {
        let summary = summary();
        assert_eq!(summary.differences(), Vec::<String>::new());
        let said = summary.to_string();
        assert!(
            said.contains("pence      file 1,029,168,464 · answered 1,029,168,464 · captured 1,029,168,464"),
            "{said}"
        );
        assert!(said.contains("(2.0 orders/s)"), "{said}");
        assert!(said.ends_with("match      the service's books say what the file says"), "{said}");
    }

    #[test]
    fn every_difference_is_named() {
        type Change = fn(&mut Summary);
        let changes: [(Change, &str); 7] = [
            (
                |it| it.tally.answered.pence += 1,
                "pence answered: 1,029,168,465 against 1,029,168,464 of the file (+1)",
            ),
            (|it| it.tally.answered.lines -= 4, "lines answered: 1,230 against 1,234 of the file (-4)"),
            (|it| it.tally.answered.units = 0, "units answered: 0 against 9,876"),
            (
                |it| it.stats.revenue.captured -= 1_000,
                "pence captured: 1,029,167,464 against 1,029,168,464 of the file (-1,000)",
            ),
            (|it| it.stats.orders.total = 5, "orders in the store: 5 against 4 of the file (+1)"),
            (|it| it.stats.revenue.currency = "USD".to_owned(), "the store's figures are in USD"),
            (
                |it| {
                    it.tally.refused_there.push(Refused { invoice: "7".to_owned(), reason: "422".to_owned() })
                },
                "the service refused 1 orders",
            ),
        ];
        for (change, says) in changes {
            let mut changed = summary();
            change(&mut changed);
            let said = changed.to_string();
            assert!(said.contains("DIFFERENCE") && said.contains(says), "{said}\ndoes not say {says:?}");
            assert_eq!(changed.differences().len(), 1, "{said}");
        }
        let mut canceled = summary();
        canceled.stats.revenue.captured = 0;
        canceled.stats.orders.canceled = 2;
        assert!(canceled.to_string().contains("2 orders were canceled"));
    }

    #[test]
    fn refused_invoices_stand_under_their_reason() {
        let mut summary = summary();
        for invoice in 100..125 {
            summary
                .tally
                .refused_here
                .push(Refused { invoice: invoice.to_string(), reason: "a fraction".to_owned() });
        }
        summary.tally.refused_here.push(Refused { invoice: "7".to_owned(), reason: "no units".to_owned() });
        let said = summary.to_string();
        assert!(
            said.contains("not sent   a fraction: 100, 101,") && said.contains("119 and 5 more\n"),
            "{said}"
        );
        assert!(said.contains("not sent   no units: 7\n"), "{said}");
        assert_eq!(summary.differences(), Vec::<String>::new(), "what is refused here is no difference");
    }

    #[test]
    fn thousands_are_set_apart() {
        for (count, text) in [(0_u64, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(count), text);
        }
        assert_eq!(signed(-1_000), "-1,000");
    }
}
