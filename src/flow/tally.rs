//! Figures of what went along the edges and through the nodes: counted where events are handed to the journal and calls to
//! the bank. An event that was timed costs two relaxed additions for the node and two for the store; there is nothing to
//! lock, nothing to allocate but the first time, and threads do not share what they add to.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::edges::Edge;
use super::graph::Node;
use super::marks::Mark;

/// Times are kept in powers of two of microseconds; the last class takes all that is longer (more than nine hours).
const CLASSES: usize = 36;
/// Into how many parts the node's figures are split, so that threads do not fight over one counter. Stores that live on
/// one thread add to the same ones where the number of threads divides this.
const PARTS: usize = 8;
/// How many edges a store counts side by side. An order goes along few of them all, and they stand together in the table.
const TOGETHER: usize = 8;

/// Figures of the whole node since it started.
#[derive(Debug, Default)]
pub struct Tally {
    parts: [Part; PARTS],
}

#[derive(Debug)]
struct Part {
    edges: [Timed; Edge::COUNT],
    nodes: [AtomicU64; Node::ALL.len()],
}

#[derive(Debug)]
struct Timed {
    classes: [AtomicU64; CLASSES],
    counts: Counts,
}

/// Figures of one store since it was woken.
#[derive(Debug)]
pub struct StoreTally {
    /// Made once something goes along one of them.
    edges: [OnceLock<Box<[Counts; TOGETHER]>>; Edge::COUNT.div_ceil(TOGETHER)],
    /// What was done at a node on the way; arrivals are counted by their edges.
    nodes: [AtomicU64; Node::ALL.len()],
}

/// What one edge counts.
#[derive(Debug, Default)]
struct Counts {
    /// For a store; the node's are counted by class.
    timed: AtomicU64,
    untimed: AtomicU64,
    failed: AtomicU64,
    time_us: AtomicU64,
    longest_us: AtomicU64,
}

/// What is known of one edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// How often something went along it, failures too.
    pub count: u64,
    /// How often that was a failure.
    pub failed: u64,
    /// How many of them were timed, from what led to it to its recording.
    pub timed: u64,
    /// Their mean, in microseconds; nothing, where none was timed.
    pub mean_us: Option<u64>,
    /// The longest, in microseconds.
    pub longest_us: Option<u64>,
    /// Half of them took no longer, in microseconds, to the next power of two; known of the whole node only.
    pub p50_us: Option<u64>,
    /// 95 of a hundred took no longer; likewise.
    pub p95_us: Option<u64>,
}

impl Default for StoreTally {
    fn default() -> Self {
        Self { edges: std::array::from_fn(|_| OnceLock::new()), nodes: noughts() }
    }
}

impl Default for Part {
    fn default() -> Self {
        let timed = |_| Timed { classes: noughts(), counts: Counts::default() };
        Self { edges: std::array::from_fn(timed), nodes: noughts() }
    }
}

fn noughts<const N: usize>() -> [AtomicU64; N] {
    std::array::from_fn(|_| AtomicU64::new(0))
}

impl Counts {
    /// One more, but for counting those that were timed.
    fn add(&self, is_failure: bool, took_us: Option<u64>) {
        if is_failure {
            self.failed.fetch_add(1, Relaxed);
        }
        match took_us {
            None => {
                self.untimed.fetch_add(1, Relaxed);
            }
            Some(took_us) => {
                self.time_us.fetch_add(took_us, Relaxed);
                // Read first: the longest seldom changes.
                if self.longest_us.load(Relaxed) < took_us {
                    self.longest_us.fetch_max(took_us, Relaxed);
                }
            }
        }
    }
}

impl StoreTally {
    /// Something happened; `took` is the time since what led to it, where that is known.
    pub fn count(&self, mark: Mark, took: Option<Duration>) {
        match mark {
            Mark::Along(edge) => self.along_edge(edge, false, took),
            Mark::Failed(edge) => self.along_edge(edge, true, took),
            Mark::At(node) => {
                self.nodes[node as usize].fetch_add(1, Relaxed);
            }
        }
    }

    fn along_edge(&self, edge: Edge, is_failure: bool, took: Option<Duration>) {
        let (these, nth) = (edge as usize / TOGETHER, edge as usize % TOGETHER);
        let counts = &self.edges[these].get_or_init(Box::default)[nth];
        if took.is_some() {
            counts.timed.fetch_add(1, Relaxed);
        }
        counts.add(is_failure, took.map(micros));
    }

    /// How often something arrived at a node, or was done there on the way.
    pub fn at(&self, node: Node) -> u64 {
        let arrived = Edge::ALL.iter().filter(|edge| edge.to() == node).map(|edge| self.along(*edge).count);
        self.nodes[node as usize].load(Relaxed) + arrived.sum::<u64>()
    }

    /// What is known of an edge.
    pub fn along(&self, edge: Edge) -> Figures {
        let (these, nth) = (edge as usize / TOGETHER, edge as usize % TOGETHER);
        let mut sum = Sum::default();
        if let Some(counts) = self.edges[these].get() {
            sum.timed = counts[nth].timed.load(Relaxed);
            sum.add(&counts[nth]);
        }
        sum.figures(None)
    }
}

impl Tally {
    /// Something happened in a store; whatever tells stores apart also says where it is counted.
    pub fn count(&self, store_hash: u64, mark: Mark, took: Option<Duration>) {
        let part = &self.parts[(store_hash % PARTS as u64) as usize];
        let (edge, is_failure) = match mark {
            Mark::Along(edge) => (edge, false),
            Mark::Failed(edge) => (edge, true),
            Mark::At(node) => {
                part.nodes[node as usize].fetch_add(1, Relaxed);
                return;
            }
        };
        let Timed { classes, counts } = &part.edges[edge as usize];
        let took_us = took.map(micros);
        if let Some(took_us) = took_us {
            classes[class(took_us)].fetch_add(1, Relaxed);
        }
        counts.add(is_failure, took_us);
    }

    /// How often something arrived at a node, or was done there on the way.
    pub fn at(&self, node: Node) -> u64 {
        let arrived = Edge::ALL.iter().filter(|edge| edge.to() == node).map(|edge| self.along(*edge).count);
        let done = self.parts.iter().map(|part| part.nodes[node as usize].load(Relaxed));
        done.sum::<u64>() + arrived.sum::<u64>()
    }

    /// What is known of an edge.
    pub fn along(&self, edge: Edge) -> Figures {
        let mut all = [0_u64; CLASSES];
        let mut sum = Sum::default();
        for part in &self.parts {
            let Timed { classes, counts } = &part.edges[edge as usize];
            for (sum, class) in all.iter_mut().zip(classes) {
                *sum += class.load(Relaxed);
            }
            sum.add(counts);
        }
        sum.timed = all.iter().sum();
        sum.figures(Some(&all))
    }
}

/// What an edge counts, read.
#[derive(Default)]
struct Sum {
    timed: u64,
    untimed: u64,
    failed: u64,
    time_us: u64,
    longest_us: u64,
}

impl Sum {
    fn add(&mut self, counts: &Counts) {
        self.untimed += counts.untimed.load(Relaxed);
        self.failed += counts.failed.load(Relaxed);
        self.time_us = self.time_us.saturating_add(counts.time_us.load(Relaxed));
        self.longest_us = self.longest_us.max(counts.longest_us.load(Relaxed));
    }

    fn figures(&self, classes: Option<&[u64; CLASSES]>) -> Figures {
        let is_timed = self.timed > 0;
        Figures {
            count: self.timed + self.untimed,
            failed: self.failed,
            timed: self.timed,
            mean_us: self.time_us.checked_div(self.timed),
            longest_us: is_timed.then_some(self.longest_us),
            p50_us: classes.and_then(|classes| quantile(classes, 50)),
            p95_us: classes.and_then(|classes| quantile(classes, 95)),
        }
    }
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// The class of a time: how many bits it needs.
fn class(took_us: u64) -> usize {
    (u64::BITS - took_us.leading_zeros()).min(CLASSES as u32 - 1) as usize
}

/// The upper bound of the class in which the time is that so many of a hundred do not exceed.
fn quantile(classes: &[u64; CLASSES], percent: u64) -> Option<u64> {
    let all: u64 = classes.iter().sum();
    let wanted = (all * percent).div_ceil(100).max(1);
    let mut seen = 0;
    let reached = |count: &u64| {
        seen += count;
        seen >= wanted
    };
    classes.iter().position(reached).map(|class| (1_u64 << class) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_along_is_counted_timed_and_its_failures_are_told() {
        let (tally, us) = (Tally::default(), Duration::from_micros);
        assert_eq!(tally.along(Edge::Held).mean_us, None);
        for took in [100, 100, 100, 5_000] {
            tally.count(7, Mark::Along(Edge::Held), Some(us(took)));
        }
        tally.count(7, Mark::Failed(Edge::Declined), None);
        tally.count(7, Mark::At(Node::Pay), Some(us(1)));
        let held = tally.along(Edge::Held);
        assert_eq!((held.count, held.failed, held.timed), (4, 0, 4));
        assert_eq!((held.mean_us, held.longest_us), (Some(1_325), Some(5_000)));
        assert_eq!((held.p50_us, held.p95_us), (Some(127), Some(8_191)));
        let declined = tally.along(Edge::Declined);
        assert_eq!((declined.count, declined.failed, declined.mean_us), (1, 1, None));
        assert_eq!(
            (tally.at(Node::AssessRisk), tally.at(Node::Pay)),
            (4, 2),
            "arrivals, and what was done there"
        );
        assert_eq!(tally.at(Node::Bank), 0);
    }

    #[test]
    fn every_time_has_a_class() {
        assert_eq!([class(0), class(1), class(2), class(3), class(4)], [0, 1, 2, 2, 3]);
        assert_eq!(class(u64::MAX), CLASSES - 1);
    }
}
