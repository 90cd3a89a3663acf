//! What is played: random moves against the decisions of an aggregate, or of a whole shop, beside a model that knows better.
//!
//! A game follows from its seed. A move is drawn with knowledge of the state, and is then a plain value: moves that led to a
//! violation are played again without some of them until none can be left out.

use std::cell::RefCell;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bench::trace;
use crate::dice::Dice;
use crate::tally::Tally;

/// What is wrong, in words.
pub(crate) type Violation = String;

/// Whether everything holds.
pub(crate) type Holds = Result<(), Violation>;

/// Something that is played with moves.
pub(crate) trait Game: Sized {
    /// A move: whatever is random about it is in it.
    type Move: Debug + Clone;

    /// The least and the most moves of one game.
    const MOVES: (u32, u32);

    /// A game before its first move.
    fn start(dice: &mut Dice) -> Self;

    /// A move that makes sense now, mostly.
    fn draw(&mut self, dice: &mut Dice) -> Self::Move;

    /// Makes a move, and says what is wrong after it.
    fn play(&mut self, made: &Self::Move, tally: &mut Tally) -> Holds;

    /// What must hold when nobody moves any more.
    fn finish(&mut self, tally: &mut Tally) -> Holds;
}

/// A game that went wrong, and the fewest of its moves that still do.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The seed that leads there.
    pub(crate) seed: u64,
    /// What is wrong.
    pub(crate) violation: Violation,
    /// How many moves it took at first.
    pub(crate) moves_before: usize,
    /// The moves that are needed, one a line.
    pub(crate) moves: Vec<String>,
}

/// How often moves are tried without some of them.
const SHRINKS_MAX: u32 = 20_000;

/// Plays the game of a seed.
pub(crate) fn play<G: Game>(seed: u64, tally: &mut Tally) -> Result<(), Box<Failure>> {
    let mut moves: Vec<G::Move> = Vec::new();
    let played = guarded(|| {
        let mut dice = Dice::new(seed);
        let length = dice.between(G::MOVES.0, G::MOVES.1);
        let mut game = G::start(&mut dice);
        for _ in 0..length {
            moves.push(game.draw(&mut dice));
            game.play(moves.last().expect("just drawn"), tally)?;
        }
        game.finish(tally)
    });
    tally.games += 1;
    played.map_err(|violation| Box::new(shrunk::<G>(seed, moves, violation)))
}

/// Plays these moves instead of drawn ones.
fn replay<G: Game>(seed: u64, moves: &[G::Move]) -> Holds {
    guarded(|| {
        let mut dice = Dice::new(seed);
        let _length = dice.between(G::MOVES.0, G::MOVES.1);
        let mut game = G::start(&mut dice);
        let mut tally = Tally::default();
        for made in moves {
            game.play(made, &mut tally)?;
        }
        game.finish(&mut tally)
    })
}

fn shrunk<G: Game>(seed: u64, mut moves: Vec<G::Move>, mut violation: Violation) -> Failure {
    let moves_before = moves.len();
    let mut tries = 0;
    let mut part = moves.len().div_ceil(2).max(1);
    while tries < SHRINKS_MAX {
        let mut from = 0;
        let before = moves.len();
        while from < moves.len() && tries < SHRINKS_MAX {
            let to = (from + part).min(moves.len());
            let fewer: Vec<G::Move> = moves[..from].iter().chain(&moves[to..]).cloned().collect();
            tries += 1;
            match replay::<G>(seed, &fewer) {
                Err(why) => (moves, violation) = (fewer, why),
                Ok(()) => from = to,
            }
        }
        if part == 1 && moves.len() == before {
            break;
        }
        part = (part / 2).max(1);
    }
    trace(true);
    let _ = replay::<G>(seed, &moves);
    trace(false);
    let moves = moves.iter().map(|made| format!("{made:?}")).collect();
    Failure { seed, violation, moves_before, moves }
}

thread_local! {
    /// What a panic on this thread said, while one is expected.
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps what panics say for whoever reports the violation, instead of printing each.
pub(crate) fn keep_panics_quiet() {
    std::panic::set_hook(Box::new(|info| {
        SAID.with(|said| *said.borrow_mut() = Some(info.to_string()));
    }));
}

/// Runs something; a panic in it is a violation too.
fn guarded(run: impl FnOnce() -> Holds) -> Holds {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(held) => held,
        Err(_) => {
            let said = SAID.with(|said| said.borrow_mut().take());
            Err(format!("a panic: {}", said.unwrap_or_else(|| "it said nothing".to_owned())))
        }
    }
}

/// Says that something is wrong unless it holds.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($why:tt)+) => {
        if !$holds {
            return Err(format!($($why)+));
        }
    };
}
