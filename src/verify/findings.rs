//! What differs.

use std::fmt;

use serde::Serialize;

use super::invariants;

/// How many differences are kept; the rest is counted.
pub(super) const KEPT_MAX: usize = 1_000;

/// Something that is not as the journal has it, or not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Whose it is; empty for the node's own.
    pub store: String,
    /// What it is about: an id, a SKU, a table.
    pub subject: String,
    /// Which of its figures.
    pub what: String,
    /// What the journal says, or the rule.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// Which of the thirty invariants it violates, by number.
    pub invariant: usize,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, subject, what, expected, found, invariant } = self;
        let store = if store.is_empty() { "(node)" } else { store };
        write!(f, "{store} {subject}: {what}: expected {expected}, found {found} [{invariant}]")
    }
}

/// All differences so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) kept: Vec<Difference>,
    pub(super) count: u64,
    /// The invariant that is checked just now; by what differs, where none is named.
    under: Option<usize>,
    looked_at: [u64; invariants::COUNT],
    violations: [u64; invariants::COUNT],
}

impl Findings {
    /// Checks one invariant: what differs meanwhile violates it.
    pub(super) fn under<T>(&mut self, invariant: usize, check: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.under.replace(invariant);
        let checked = check(self);
        self.under = before;
        checked
    }

    /// So many things more were looked at for an invariant.
    pub(super) fn look(&mut self, invariant: usize, count: u64) {
        self.looked_at[invariant - 1] += count;
    }

    /// How many things were looked at for an invariant.
    pub(super) fn looked_at(&self, invariant: usize) -> u64 {
        self.looked_at[invariant - 1]
    }

    /// How many differences violate an invariant.
    pub(super) fn violations(&self, invariant: usize) -> u64 {
        self.violations[invariant - 1]
    }

    /// Something differs.
    pub(super) fn add(
        &mut self,
        store: &str,
        subject: &(impl fmt::Display + ?Sized),
        what: &str,
        expected: &(impl fmt::Display + ?Sized),
        found: &(impl fmt::Display + ?Sized),
    ) {
        let invariant = self.under.unwrap_or_else(|| invariants::of_word(what));
        self.count += 1;
        self.violations[invariant - 1] += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Difference {
                store: store.to_owned(),
                subject: subject.to_string(),
                what: what.to_owned(),
                expected: expected.to_string(),
                found: found.to_string(),
                invariant,
            });
        }
    }

    /// Something differs, unless both are alike.
    pub(super) fn compare<T: PartialEq + fmt::Display + ?Sized>(
        &mut self,
        store: &str,
        subject: &(impl fmt::Display + ?Sized),
        what: &str,
        expected: &T,
        found: &T,
    ) {
        if expected != found {
            self.add(store, subject, what, expected, found);
        }
    }
}
