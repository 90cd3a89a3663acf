//! What differs.

use std::fmt;

use serde::Serialize;

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
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, subject, what, expected, found } = self;
        let store = if store.is_empty() { "(node)" } else { store };
        write!(f, "{store} {subject}: {what}: expected {expected}, found {found}")
    }
}

/// All differences so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) kept: Vec<Difference>,
    pub(super) count: u64,
}

impl Findings {
    /// Something differs.
    pub(super) fn add(
        &mut self,
        store: &str,
        subject: &(impl fmt::Display + ?Sized),
        what: &str,
        expected: &(impl fmt::Display + ?Sized),
        found: &(impl fmt::Display + ?Sized),
    ) {
        self.count += 1;
        if self.kept.len() < KEPT_MAX {
            self.kept.push(Difference {
                store: store.to_owned(),
                subject: subject.to_string(),
                what: what.to_owned(),
                expected: expected.to_string(),
                found: found.to_string(),
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
