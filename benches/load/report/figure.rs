//! A figure and its budget.

use std::time::Duration;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::load) enum Budget {
    /// No less.
    AtLeast(f64),
    /// No more.
    AtMost(f64),
}

/// A figure.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::load) struct Figure {
    /// Of what.
    pub(in crate::load) name: String,
    /// What it came to.
    pub(in crate::load) value: f64,
    /// In what.
    pub(in crate::load) unit: &'static str,
    /// What it should be, if anything.
    pub(in crate::load) budget: Option<Budget>,
}

impl Figure {
    /// Whether it is as it should be; none where nobody said how it should be.
    pub(in crate::load) fn is_met(&self) -> Option<bool> {
        self.budget.map(|budget| match budget {
            Budget::AtLeast(least) => self.value >= least,
            Budget::AtMost(most) => self.value <= most,
        })
    }

    /// Met or missed, and by how much.
    pub(in crate::load) fn verdict(&self) -> String {
        let Some((budget, is_met)) = self.budget.zip(self.is_met()) else { return String::new() };
        let (Budget::AtLeast(bound) | Budget::AtMost(bound)) = budget;
        let word = if is_met { "met" } else { "MISSED" };
        if bound == 0.0 {
            return word.to_owned();
        }
        format!("{word} by {:.0} %", (self.value - bound).abs() / bound.abs() * 100.0)
    }
}

/// A row of the report.
#[derive(Debug, Clone, Default)]
pub(in crate::load) struct Row {
    /// Its name.
    pub(in crate::load) name: &'static str,
    /// What was measured.
    pub(in crate::load) figures: Vec<Figure>,
    /// What a reader should know.
    pub(in crate::load) notes: Vec<String>,
    /// Why it could not be measured, or what it proved broken.
    pub(in crate::load) failed: Option<String>,
    /// How long it took to measure.
    pub(in crate::load) took: Duration,
}

impl Row {
    /// One without figures so far.
    pub(in crate::load) fn named(name: &'static str) -> Self {
        Self { name, ..Self::default() }
    }

    /// A figure that should be so.
    pub(in crate::load) fn judge(
        &mut self,
        name: impl Into<String>,
        value: f64,
        unit: &'static str,
        budget: Budget,
    ) {
        self.figures.push(Figure { name: name.into(), value, unit, budget: Some(budget) });
    }

    /// A figure that is only told.
    pub(in crate::load) fn tell(&mut self, name: impl Into<String>, value: f64, unit: &'static str) {
        self.figures.push(Figure { name: name.into(), value, unit, budget: None });
    }

    /// A figure that is only told, where it is known.
    pub(in crate::load) fn tell_known(
        &mut self,
        name: impl Into<String>,
        value: Option<f64>,
        unit: &'static str,
    ) {
        if let Some(value) = value {
            self.tell(name, value, unit);
        }
    }

    /// What a reader should know.
    pub(in crate::load) fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}
