//! The journal by exhaustion: real SQLite, real files, the shipped journal, and a disk on which every call fails once.
//!
//! ```text
//!  this program ──starts──▶ itself, with the shim in front of libc ──▶ files
//!       │                     plays a fixed script, notes what it was told of each append
//!       └── opens what is left without faults, and compares: what was acknowledged is there, what was refused is not
//! ```
//!
//! *fault*: the k-th call fails once or from then on for ever, for want of the disk or of room; what is left is opened as it is, and
//! as a power failure after it would leave it. *image*: the power fails after the k-th call. *cut*, *flip*: a file of a stopped
//! journal ends early, or a bit of it has changed; then it may also say that it is damaged, and where.
//!
//! Which call is the k-th is the same in nearly every run: when a reader is in the way of a checkpoint, SQLite looks again a time
//! or two more or less, and a case late in a script may mean a neighbour.
//!
//! A sample, or with `ORDERFLOW_DISK=n` n times as much, or `all`; drawn from `ORDERFLOW_DISK_SEED`. `ORDERFLOW_DISK_ONE=fault/first/io-once/17` plays one
//! case and shows it. `ORDERFLOW_DISK_IN` says in which directory; memory unless said, since syncs are reckoned, not waited for.

mod books;
mod case;
mod dice;
mod script;
mod stage;
mod trace;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use books::Found;
use case::{Case, Kept, WAYS};
use dice::Dice;
use orderflow::types::clock::monotonic;
use stage::Stage;
use world::Left;

const SEED: u64 = 20_261_122;
/// How many cases of each kind a sample has.
const SAMPLE: Sample = Sample { faults: 320, images: 240, cuts: 240, flips: 500 };
/// How many bits `all` flips.
const FLIPS: usize = 20_000;

#[derive(Clone, Copy)]
struct Sample {
    faults: usize,
    images: usize,
    cuts: usize,
    flips: usize,
}

impl Sample {
    const fn times(self, times: usize) -> Self {
        let Self { faults, images, cuts, flips } = self;
        Self { faults: faults * times, images: images * times, cuts: cuts * times, flips: flips * times }
    }
}

#[derive(Default)]
struct Tally {
    faults: usize,
    images: usize,
    cuts: usize,
    flips: usize,
    /// Cases in which nothing went wrong after all.
    idle: usize,
    recovered: usize,
    refused: usize,
    violations: Vec<String>,
}

fn main() -> ExitCode {
    if let Ok(script) = std::env::var(script::SCRIPT) {
        let directory = std::env::var(script::DIRECTORY).expect("the child is told where");
        return script::live(&script, Path::new(&directory));
    }
    let seed = std::env::var("ORDERFLOW_DISK_SEED")
        .map_or(SEED, |text| text.parse().expect("ORDERFLOW_DISK_SEED is a number"));
    let began = monotonic();
    let stage = Stage::set(&within(), seed);
    if let Ok(name) = std::env::var("ORDERFLOW_DISK_ONE") {
        let case = Case::named(&name).unwrap_or_else(|| panic!("there is no case {name}"));
        return match stage.play(case) {
            Ok(outcome) => {
                println!("{}{case}: {:?}", outcome.story, outcome.found);
                ExitCode::SUCCESS
            }
            Err(why) => {
                println!("{case}: {why}");
                ExitCode::FAILURE
            }
        };
    }
    let sample = match std::env::var("ORDERFLOW_DISK").as_deref() {
        Ok("all") => None,
        Ok(times) => Some(SAMPLE.times(times.parse().expect("ORDERFLOW_DISK is a number, or all"))),
        Err(_) => Some(SAMPLE),
    };
    let (cases, possible) = cases(&stage, seed, sample);
    let tally = play(&stage, &cases);
    for violation in &tally.violations {
        println!("ORDERFLOW_DISK_SEED={seed} ORDERFLOW_DISK_ONE={violation}");
    }
    let calls: usize =
        stage.plays.iter().map(|play| play.calls.iter().filter(|call| !call.is_told()).count()).sum();
    let Tally { faults, images, cuts, flips, idle, recovered, refused, violations } = &tally;
    println!(
        "disk: seed={seed} calls={calls} faults={faults}/{} images={images}/{} cuts={cuts}/{} flips={flips} idle={idle} \
         recovered={recovered} refused={refused} violations={} seconds={}",
        possible.faults,
        possible.images,
        possible.cuts,
        violations.len(),
        monotonic().duration_since(began).as_secs(),
    );
    if violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Where the files stand.
fn within() -> PathBuf {
    let memory = Path::new("/dev/shm");
    std::env::var_os("ORDERFLOW_DISK_IN").map_or_else(
        || if tempfile::tempdir_in(memory).is_ok() { memory.to_owned() } else { std::env::temp_dir() },
        PathBuf::from,
    )
}

/// The cases to play, and how many there are of each kind.
fn cases(stage: &Stage, seed: u64, sample: Option<Sample>) -> (Vec<Case>, Sample) {
    let mut dice = Dice::new(seed);
    let (mut faults, mut images, mut cuts) = (Vec::new(), Vec::new(), Vec::new());
    for play in &stage.plays {
        let script = play.script;
        let disk = play.calls.iter().filter(|call| !call.is_told());
        for (call, what) in (1..).zip(disk) {
            for (way, name) in WAYS.iter().enumerate() {
                let applies = match *name {
                    "room-once" | "room-ever" => what.needs_room(),
                    "room-half" => what.is_write(),
                    _ => true,
                };
                if applies {
                    faults.push(Case::Fault { script, way, call });
                }
            }
        }
        for after in 1..=play.calls.len() {
            let looks = matches!(play.calls[after - 1].what, trace::What::Look | trace::What::Read);
            images.extend(Left::ALL.iter().filter(|_| !looks).map(|&left| Case::Image {
                script,
                after,
                left,
            }));
        }
    }
    let cut = |file: Kept, length: usize| Case::Cut { file, length };
    cuts.extend((0..stage.log_bytes).map(|length| cut(Kept::Log, length)));
    cuts.extend((0..stage.table_bytes).step_by(61).map(|length| cut(Kept::Table, length)));
    let possible = Sample { faults: faults.len(), images: images.len(), cuts: cuts.len(), flips: FLIPS };
    let wanted = sample.unwrap_or(possible);
    let mut cases = strided(&faults, wanted.faults, &mut dice);
    cases.extend(strided(&images, wanted.images, &mut dice));
    let marks: Vec<Case> = stage.log_marks().into_iter().map(|length| cut(Kept::Log, length)).collect();
    if sample.is_some() {
        cases.extend(strided(&marks, wanted.cuts / 2, &mut dice));
        cases.extend(strided(&cuts, wanted.cuts / 2, &mut dice));
    } else {
        cases.extend(cuts);
    }
    cases.extend((0..wanted.flips).map(|nth| flip(stage, nth, &mut dice)));
    (cases, possible)
}

/// About so many of them, evenly, from a place on that the dice say.
fn strided(cases: &[Case], wanted: usize, dice: &mut Dice) -> Vec<Case> {
    let stride = cases.len().div_ceil(wanted.max(1)).max(1);
    let start = usize::try_from(dice.roll(stride as u64)).expect("a small number");
    cases.iter().skip(start).step_by(stride).copied().collect()
}

/// A bit anywhere, or, every other time, in what describes a page or a frame.
fn flip(stage: &Stage, nth: usize, dice: &mut Dice) -> Case {
    let file = if nth % 4 < 2 { Kept::Log } else { Kept::Table };
    let bytes = if file == Kept::Log { stage.log_bytes } else { stage.table_bytes };
    let mut at = usize::try_from(dice.roll(bytes as u64)).expect("a small number");
    if nth.is_multiple_of(2) {
        let (start, size) = if file == Kept::Log { (32, 24 + 16_384) } else { (0, 16_384) };
        let part = at.saturating_sub(start) / size;
        at = start
            + part * size
            + usize::try_from(dice.roll(if file == Kept::Log { 28 } else { 48 })).expect("small");
    }
    Case::Flip { file, at: at.min(bytes - 1), bit: u8::try_from(dice.roll(8)).expect("a small number") }
}

/// Plays the cases on all cores.
fn play(stage: &Stage, cases: &[Case]) -> Tally {
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played = stage.play(case);
                    tally.lock().expect("nobody panics with it").add(case, played);
                }
            });
        }
    });
    tally.into_inner().expect("nobody panicked with it")
}

impl Tally {
    fn add(&mut self, case: Case, played: Result<stage::Outcome, String>) {
        match case {
            Case::Fault { .. } => self.faults += 1,
            Case::Image { .. } => self.images += 1,
            Case::Cut { .. } => self.cuts += 1,
            Case::Flip { .. } => self.flips += 1,
        }
        match played {
            Ok(outcome) => {
                self.idle += usize::from(!outcome.has_struck);
                self.recovered += outcome.found.iter().filter(|found| **found == Found::Whole).count();
                self.refused += outcome.found.iter().filter(|found| **found == Found::Refused).count();
            }
            Err(why) => self.violations.push(format!("{case}: {why}")),
        }
    }
}
