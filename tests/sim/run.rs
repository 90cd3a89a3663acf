//! One seed from beginning to end: shops open, things fail, things are well again, and then everything must be right.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use orderflow::journal::memory::{MemoryJournal, Plan as DiskPlan, Survivors};
use orderflow::journal::{Health, Journal as _};

use super::check;
use super::fault::{Fault, Operation};
use super::life::{Ended, live};
use super::people;
use super::plan::Plan;
use super::world::{Death, Place, START, Window, World};

/// More lives than any seed needs.
const LIVES_MAX: u64 = 60;
/// In a cell of the matrix the call that fails has come by then.
const STRIKES_WITHIN: Duration = Duration::from_secs(20);
/// Nothing happened for so long: nothing will.
const REST: Duration = Duration::from_secs(240);
/// Everything comes to its end within so long once faults are over.
const END_WITHIN: Duration = Duration::from_secs(3 * 3_600);
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) trace: String,
    pub(crate) windows: BTreeMap<Window, u64>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) looked_at: BTreeMap<&'static str, u64>,
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) violations: Vec<String>,
    pub(crate) simulated_ms: u64,
    /// Where the first call of each kind came in its life.
    pub(crate) places: BTreeMap<Operation, Place>,
}

/// Runs a plan under a seed. `deaths` are those of the lives in which things fail, one a life.
pub(crate) fn run(seed: u64, plan: Plan, deaths: &[Death]) -> Outcome {
    let folder = folder();
    let world = World::new(seed, plan);
    let (_, mut left) =
        live(&world, folder.path(), 0, None, Survivors::default(), |world, node| async move {
            people::open_shops(&world, &node).await;
        });
    world.opened();
    let mut away = world.dice("away");
    let mut deaths = deaths.iter().copied();
    for _ in 0..LIVES_MAX {
        let away_ms = away.below(world.plan.dials.away_ms + 1);
        let (ended, survivors) =
            live(&world, folder.path(), away_ms, deaths.next(), left, |world, node| async move {
                people::work(Rc::clone(&world), Rc::clone(&node)).await;
                if world.plan.cell.is_none() {
                    world.set_calm(true);
                }
                settle(&world, &node).await;
                check::all(&world, &node).await;
            });
        left = survivors;
        if ended == Ended::Done {
            check::journal(&world, &left, folder.path());
            return outcome(&world);
        }
    }
    world.violated(1, format!("no end after {LIVES_MAX} lives"));
    outcome(&world)
}

/// The deaths that a seed draws.
pub(crate) fn deaths_of(seed: u64, plan: &Plan) -> Vec<Death> {
    let mut dice = super::dice::Dice::new(seed, "deaths");
    let draw = |_| match dice.below(3) {
        0 => Death::After(dice.below(plan.dials.span_ms + 1)),
        1 => Death::At(dice.of(Window::ALL), dice.within(1, 4)),
        _ => Death::At(dice.of(Window::ALL), dice.within(1, 60)),
    };
    (0..plan.dials.crashes).map(draw).collect()
}

fn outcome(world: &World) -> Outcome {
    Outcome {
        trace: world.trace(),
        windows: world.windows(),
        counts: world.counts.borrow().clone(),
        looked_at: world.looked_at.borrow().clone(),
        faults: world.faults(),
        violations: world.violations(),
        places: Operation::ALL.iter().filter_map(|one| world.place_of(*one).map(|at| (*one, at))).collect(),
        simulated_ms: u64::try_from(world.now().micros() - START.micros()).unwrap_or(0) / 1_000,
    }
}

/// In memory where there is such a place: what is tested of disks is the journal's port, not this machine's.
fn folder() -> tempfile::TempDir {
    let shared = Path::new("/dev/shm");
    let made = if shared.is_dir() { tempfile::tempdir_in(shared) } else { tempfile::tempdir() };
    made.expect("a folder")
}

/// Waits until nothing happens any more.
async fn settle(world: &Rc<World>, node: &Rc<super::life::Node>) {
    // Whatever a single fault strikes comes by itself; then the bank comes back.
    tokio::time::sleep(STRIKES_WITHIN).await;
    let back = world.back_ms().saturating_sub(world.passed_ms());
    tokio::time::sleep(Duration::from_millis(back)).await;
    let begun = tokio::time::Instant::now();
    let (mut end, mut since) = (node.journal.end(), begun);
    while since.elapsed() < REST {
        if begun.elapsed() > END_WITHIN {
            return world.violated(8, "things still happen hours after faults are over".to_owned());
        }
        tokio::time::sleep(LOOK_EVERY).await;
        if begun.elapsed() >= check::DOUBT_MAX && begun.elapsed() < check::DOUBT_MAX + LOOK_EVERY {
            check::doubts(world, node).await;
        }
        let now = node.journal.end();
        // Whoever has no room to write is not at rest.
        if now != end || node.journal.health() != Health::Good {
            (end, since) = (now, tokio::time::Instant::now());
        }
    }
    world.note(|line| write!(line, "at rest"));
}

/// A journal that holds what was left.
pub(crate) fn reopened(left: &Survivors) -> std::sync::Arc<MemoryJournal> {
    MemoryJournal::recover_inline(left.clone(), DiskPlan::faultless())
}
