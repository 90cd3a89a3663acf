//! Money under faults: every operation with every fault, inquiry, notice and crash. All cells, or so few that every pair is among them.

use std::collections::{BTreeMap, BTreeSet};

use super::dials::Dials;
use super::dice::Dice;
use super::fault::{Fault, Operation};
use super::plan::{Cell, Crash, Inquiry, Notice, Plan};
use super::run::{Outcome, run};
use super::world::{Death, Place, Window};

/// How many values each axis has.
const AXES: [usize; 5] =
    [Operation::ALL.len(), Fault::ALL.len(), Inquiry::ALL.len(), Notice::ALL.len(), Crash::ALL.len()];

/// A cell by its place on each axis.
type Coordinates = [usize; 5];

/// How many candidates are looked at for each cell that is chosen.
const CANDIDATES: usize = 60;

fn cell_at([operation, fault, inquiry, notice, crash]: Coordinates) -> Cell {
    Cell {
        operation: Operation::ALL[operation],
        fault: Some(Fault::ALL[fault]),
        inquiry: Inquiry::ALL[inquiry],
        notice: Notice::ALL[notice],
        crash: Crash::ALL[crash],
    }
}

/// Every cell: 12,000.
pub(crate) fn all() -> Vec<Cell> {
    let mut cells = vec![[0; 5]];
    for (axis, values) in AXES.iter().enumerate() {
        cells = cells
            .into_iter()
            .flat_map(|at| {
                (0..*values).map(move |value| {
                    let mut at = at;
                    at[axis] = value;
                    at
                })
            })
            .collect();
    }
    cells.into_iter().map(cell_at).collect()
}

type Pair = (usize, usize, usize, usize);

fn pairs_of(at: &Coordinates) -> impl Iterator<Item = Pair> + '_ {
    (0..5).flat_map(move |one| (one + 1..5).map(move |other| (one, at[one], other, at[other])))
}

/// Cells among which every pair of values of two axes is.
pub(crate) fn pairwise() -> Vec<Cell> {
    let mut missing: BTreeSet<Pair> = BTreeSet::new();
    for (one, values) in AXES.iter().enumerate() {
        for (other, others) in AXES.iter().enumerate().skip(one + 1) {
            missing.extend((0..*values).flat_map(|x| (0..*others).map(move |y| (one, x, other, y))));
        }
    }
    let mut dice = Dice::new(0, "pairs");
    let mut cells = Vec::new();
    while let Some((one, x, other, y)) = missing.first().copied() {
        let candidates = (0..CANDIDATES).map(|_| {
            let mut at = AXES.map(|values| usize::try_from(dice.below(values as u64)).expect("an index"));
            (at[one], at[other]) = (x, y);
            at
        });
        let best = candidates.max_by_key(|at| pairs_of(at).filter(|pair| missing.contains(pair)).count());
        let at = best.expect("there are candidates");
        for pair in pairs_of(&at) {
            missing.remove(&pair);
        }
        cells.push(cell_at(at));
    }
    cells
}

/// Runs cells, having looked once where each operation's call comes.
#[derive(Default)]
pub(crate) struct Matrix {
    places: BTreeMap<Operation, Place>,
}

impl Matrix {
    /// Runs a cell under a seed.
    pub(crate) fn run(&mut self, seed: u64, cell: Cell) -> Outcome {
        let death = self.death(seed, cell);
        let plan = Plan { dials: Dials::of_one(), cell: Some(cell) };
        run(seed, plan, &death.into_iter().collect::<Vec<_>>())
    }

    fn death(&mut self, seed: u64, cell: Cell) -> Option<Death> {
        if cell.crash == Crash::Never {
            return None;
        }
        let place = self.place(seed, cell.operation);
        Some(match cell.crash {
            Crash::Never | Crash::BeforeIntent => Death::At(Window::BeforeCommit, place.begun),
            Crash::BeforeSend => Death::At(Window::AfterCommit, place.durable),
            Crash::BeforeRecord => Death::At(Window::Sent, place.sent + 1),
            Crash::BeforeReply => Death::At(Window::AfterCommit, place.durable + 1),
        })
    }

    /// Where an operation's call comes when nothing goes wrong. Another seed changes nothing of that.
    fn place(&mut self, seed: u64, operation: Operation) -> Place {
        *self.places.entry(operation).or_insert_with(|| {
            let calm = Cell {
                operation,
                fault: None,
                inquiry: Inquiry::Answers,
                notice: Notice::Never,
                crash: Crash::Never,
            };
            let rehearsal = run(seed, Plan { dials: Dials::of_one(), cell: Some(calm) }, &[]);
            let place = rehearsal.places.get(&operation).copied();
            place.unwrap_or_else(|| panic!("nobody calls for {operation:?}:\n{}", rehearsal.trace))
        })
    }
}
