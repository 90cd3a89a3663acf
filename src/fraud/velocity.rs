//! How many orders that look alike came before: a window over the store's most recent assessments.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::map::Map;
use crate::types::{OrderId, Timestamp};

use super::event::{Assessed, Decision, Level};
use super::marks::{Dimension, Mark, Marks};

/// The most assessments that the window holds.
pub const WINDOW_MAX: usize = 4_096;

const HOUR_MICROS: i64 = 3_600 * 1_000_000;
const DAY_MICROS: i64 = 24 * HOUR_MICROS;

// A count of the whole window fits its type.
const _: () = assert!(WINDOW_MAX <= u16::MAX as usize);

/// How far back to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Span {
    /// The last hour.
    Hour,
    /// The last 24 hours.
    Day,
}

/// One assessment as later ones need it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// Which order.
    pub order: OrderId,
    /// When.
    pub at: Timestamp,
    /// What became of it.
    pub decision: Decision,
    /// How risky it looked.
    pub score: u8,
    /// The rules that made the decision.
    pub rules: Box<[Arc<str>]>,
    /// What it is compared by.
    pub marks: Marks,
}

impl Assessment {
    /// What the window keeps of an event.
    pub fn of(assessed: &Assessed, at: Timestamp) -> Self {
        let Assessed { order, decision, score, level: _, rules, errors: _, marks } = assessed;
        let rules = rules.as_slice().into();
        Self { order: *order, at, decision: *decision, score: *score, rules, marks: *marks }
    }

    /// The score in a word.
    pub fn level(&self) -> Level {
        Level::of(self.score)
    }
}

/// The store's last [`WINDOW_MAX`] assessments of the last 24 hours.
///
/// Counting is exact at any time. Dimensions that rules ask for are [tracked](Velocity::track): their counts are kept up
/// to date and only corrected for what has aged since the last assessment. Others are counted one by one.
#[derive(Clone, Debug, Default)]
pub struct Velocity {
    window: VecDeque<Assessment>,
    /// How many assessments have left the window: the number of the one in front.
    left: u64,
    /// The number of an order's assessment.
    numbers: Map<OrderId, u64>,
    /// Where in the window the last hour begins, as of the last assessment.
    hour: usize,
    tracked: [Option<Counts>; Dimension::ALL.len()],
}

type Counts = HashMap<u64, Count, BuildHasherDefault<AsItIs>>;

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    hour: u16,
    day: u16,
}

impl Velocity {
    /// The window over the most recent assessments, given oldest first.
    pub fn restore(assessments: impl IntoIterator<Item = Assessment>) -> Self {
        let mut velocity = Self::default();
        for assessment in assessments {
            velocity.push(assessment);
        }
        velocity
    }

    /// The assessments, oldest first.
    pub fn assessments(&self) -> impl Iterator<Item = &Assessment> {
        self.window.iter()
    }

    /// The order's assessment, while the window holds it.
    pub fn of(&self, order: OrderId) -> Option<&Assessment> {
        let number = self.numbers.get(&order)?;
        self.window.get(usize::try_from(number.checked_sub(self.left)?).ok()?)
    }

    /// Adds the newest assessment.
    pub fn push(&mut self, assessment: Assessment) {
        let now = assessment.at;
        while let Some(aged) = self.window.get(self.hour).filter(|one| is_past(one, Span::Hour, now)) {
            let marks = aged.marks;
            self.hour += 1;
            self.count(&marks, |count| count.hour = count.hour.saturating_sub(1));
        }
        while self.window.front().is_some_and(|one| is_past(one, Span::Day, now)) {
            self.drop_oldest();
        }
        if self.window.len() == WINDOW_MAX {
            self.drop_oldest();
        }
        let marks = assessment.marks;
        self.numbers.insert(assessment.order, self.left + self.window.len() as u64);
        self.window.push_back(assessment);
        self.count(&marks, |count| {
            count.hour += 1;
            count.day += 1;
        });
    }

    /// How many earlier orders bore the same mark.
    pub fn earlier(&self, dimension: Dimension, mark: Option<Mark>, span: Span, now: Timestamp) -> u16 {
        let Some(mark) = mark else { return 0 };
        let alike = |one: &&Assessment| one.marks.get(dimension) == Some(mark);
        let Some(counts) = &self.tracked[dimension.place()] else {
            let within = self.window.iter().rev().take_while(|one| !is_past(one, span, now));
            return within.filter(alike).count() as u16;
        };
        let Some(count) = counts.get(&mark.bits()) else { return 0 };
        // What has aged since the last assessment; nothing, while orders keep coming.
        let (count, from) = match span {
            Span::Hour => (count.hour, self.hour),
            Span::Day => (count.day, 0),
        };
        let aged = self.window.range(from..).take_while(|one| is_past(one, span, now));
        count.saturating_sub(aged.filter(alike).count() as u16)
    }

    /// Keeps the counts of these dimensions up to date, and no others.
    pub fn track(&mut self, wanted: impl Fn(Dimension) -> bool) {
        for dimension in Dimension::ALL {
            let tracked = &mut self.tracked[dimension.place()];
            match (wanted(dimension), tracked.is_some()) {
                (true, true) | (false, false) => {}
                (false, true) => *tracked = None,
                (true, false) => {
                    let mut counts = Counts::default();
                    for (place, one) in self.window.iter().enumerate() {
                        if let Some(mark) = one.marks.get(dimension) {
                            let count = counts.entry(mark.bits()).or_default();
                            count.day += 1;
                            count.hour += u16::from(place >= self.hour);
                        }
                    }
                    *tracked = Some(counts);
                }
            }
        }
    }

    fn drop_oldest(&mut self) {
        let Some(oldest) = self.window.pop_front() else { return };
        if self.numbers.get(&oldest.order) == Some(&self.left) {
            self.numbers.remove(&oldest.order);
        }
        self.left += 1;
        let within_hour = self.hour == 0;
        self.hour = self.hour.saturating_sub(1);
        self.count(&oldest.marks, |count| {
            count.day = count.day.saturating_sub(1);
            count.hour = count.hour.saturating_sub(u16::from(within_hour));
        });
    }

    fn count(&mut self, marks: &Marks, change: impl Fn(&mut Count)) {
        for dimension in Dimension::ALL {
            let counts = self.tracked[dimension.place()].as_mut();
            if let Some((counts, mark)) = counts.zip(marks.get(dimension)) {
                let count = counts.entry(mark.bits()).or_default();
                change(count);
                if *count == Count::default() {
                    counts.remove(&mark.bits());
                }
            }
        }
    }
}

/// The same assessments give the same counts, however the window came to be.
impl PartialEq for Velocity {
    fn eq(&self, other: &Self) -> bool {
        self.window == other.window
    }
}

fn is_past(one: &Assessment, span: Span, now: Timestamp) -> bool {
    let micros = match span {
        Span::Hour => HOUR_MICROS,
        Span::Day => DAY_MICROS,
    };
    one.at.micros() <= now.micros().saturating_sub(micros)
}

/// Marks are hashes already.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, bits: u64) {
        self.0 = bits;
    }
}
