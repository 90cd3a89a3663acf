//! The thirty things that must hold, by number, and which of them a journal, its views and the bank's books can show.

use std::fmt;

use serde::Serialize;

use super::findings::Findings;

/// How many there are.
pub(super) const COUNT: usize = 30;

/// One of the thirty, and what this check says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invariant {
    /// Its number, from 1.
    pub number: u8,
    /// What must hold.
    pub name: &'static str,
    /// Of what: the things that are counted.
    pub of: &'static str,
    /// How many things were looked at; nothing where it cannot be checked here.
    pub looked_at: Option<u64>,
    /// How many differences violate it.
    pub violations: u64,
    /// Why it cannot be checked here, where it cannot.
    pub why_not: Option<&'static str>,
}

/// Where a thing can be seen from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// The journal, and the views where there are any.
    Journal,
    /// The journal, and more of it beside the bank's books.
    Both,
    /// The bank's books.
    Bank,
    /// Not here.
    Elsewhere(&'static str),
}

const CLIENT: From = From::Elsewhere("needs the log of a client: the seeded runs check it");
const RUNNING: From = From::Elsewhere("needs a node that runs: the seeded runs check it");
const OUTPUT: From = From::Elsewhere("needs everything that a node has said: the stories check it");

const ALL: [(&str, &str, From); COUNT] = [
    ("no accepted order lost", "", CLIENT),
    ("one order per key", "orders with a key", From::Journal),
    ("replay answers alike", "", CLIENT),
    ("charged at most once", "payments", From::Both),
    ("ended exactly one way", "orders that ended", From::Both),
    ("ledgers equal", "orders and sums", From::Both),
    ("refund <= capture", "refunds", From::Both),
    ("unknowns end", "doubts that ended", From::Bank),
    ("intent first", "calls that the bank booked", From::Bank),
    ("fraud gate", "assessments", From::Journal),
    ("no oversell", "changes of stock", From::Journal),
    ("stock conserved", "items", From::Journal),
    ("reservation ends once", "reservations", From::Journal),
    ("legal steps only", "events", From::Journal),
    ("sequence whole", "events", From::Journal),
    ("recovery equals", "documents", From::Journal),
    ("reads honest", "", CLIENT),
    ("timers", "tries by the clock", From::Journal),
    ("alerts single", "alerts", From::Journal),
    ("webhooks", "", From::Elsewhere("no outgoing webhooks in this release")),
    ("server-sent events resume", "", CLIENT),
    ("refusal has no effect", "", CLIENT),
    ("no cross-store read", "", OUTPUT),
    ("no cross-store write", "", CLIENT),
    ("one audit entry", "", From::Elsewhere("no audit trail in this release")),
    ("backup is a cut", "", From::Elsewhere("check the backup as any other directory")),
    ("bounded", "", RUNNING),
    ("nothing secret out", "", OUTPUT),
    ("order of money words", "payments shown as paid", From::Bank),
    ("graceful stop loses nothing", "", CLIENT),
];

/// What the check came to, invariant by invariant.
pub(super) fn all(findings: &Findings, with_bank: bool) -> Vec<Invariant> {
    let line = |(nth, (name, of, from)): (usize, &(&'static str, &'static str, From))| {
        let why_not = match from {
            From::Journal | From::Both => None,
            From::Bank if with_bank => None,
            From::Bank => Some("needs the bank's books: --bank URL"),
            From::Elsewhere(why) => Some(*why),
        };
        let looked_at = why_not.is_none().then(|| findings.looked_at(nth + 1));
        let number = u8::try_from(nth + 1).expect("thirty of them");
        Invariant { number, name, of, looked_at, violations: findings.violations(nth + 1), why_not }
    };
    ALL.iter().enumerate().map(line).collect()
}

/// Which invariant a difference violates that was found in the journal alone, by what differs. Most are about steps.
pub(super) fn of_word(what: &str) -> usize {
    match what {
        "request" => 2,
        "authorized" | "captured" => 4,
        "money kept of an order that ended" => 5,
        "total" | "canceled lines refunded" | "money kept, by order and by payment" => 6,
        "refunded" | "refunds asked for" | "amount of its refund" => 7,
        "verdict" | "level of its risk" => 10,
        "available" => 11,
        "on_hand"
        | "reserved"
        | "committed"
        | "damaged"
        | "ledger"
        | "reserved, by ledger and by holds"
        | "committed, by ledger and by holds"
        | "pieces that left"
        | "pieces that came back"
        | "value of what came back"
        | "pieces sent back, by order and by returns"
        | "receipt" => 12,
        "life of its hold" | "lines of its hold" | "stock" | "what it waits for" => 13,
        "sequence" | "time" | "body" => 15,
        "readable" | "position" => 16,
        "try for the money" => 18,
        "alerts kept" | "alerts of one kind and subject" => 19,
        "money before goods" => 29,
        _ => 14,
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, name, of, looked_at, violations, why_not } = self;
        write!(f, "{number:>3}  {name:<27}")?;
        match (looked_at, why_not) {
            (Some(count), _) => write!(f, "{count:>10} {of:<26} {violations:>6} violations"),
            (None, why) => write!(f, "         – {}", why.unwrap_or_default()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_evidence_names_them_all() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/invariants.md");
        let page = std::fs::read_to_string(page).expect("the page");
        let cells = |line: &str| {
            let mut cells = line.strip_prefix("| ")?.split(" | ").map(str::to_owned);
            Some((cells.next()?, cells.next()?)).filter(|(number, _)| number.parse::<u8>().is_ok())
        };
        let named: Vec<_> = page.lines().filter_map(cells).collect();
        let names =
            ALL.iter().enumerate().map(|(nth, (name, ..))| ((nth + 1).to_string(), (*name).to_owned()));
        assert_eq!(named, names.collect::<Vec<_>>());
    }

    #[test]
    fn thirty_of_them_and_each_says_how_it_was_checked_or_why_not() {
        let mut findings = Findings::default();
        findings.look(6, 3);
        findings.add("acme", "ord", "total", "5", "6");
        for with_bank in [false, true] {
            let all = all(&findings, with_bank);
            assert_eq!(all.len(), COUNT);
            assert!(all.iter().all(|one| one.looked_at.is_some() != one.why_not.is_some()), "{all:?}");
            assert_eq!((all[5].looked_at, all[5].violations), (Some(3), 1));
            assert_eq!(all[8].looked_at.is_some(), with_bank, "keys are seen at the bank");
        }
    }
}
