//! The machine itself: what is wrong is found, and shrunk to the moves that are needed.

use crate::dice::Dice;
use crate::game::{Game, Holds, play};
use crate::tally::Tally;

/// Breaks once it has been told 3, then 5, then 3 again, whatever comes between.
#[derive(Debug, Default)]
struct Brittle {
    told: usize,
}

const BREAKS: [u32; 3] = [3, 5, 3];

impl Game for Brittle {
    type Move = u32;
    const MOVES: (u32, u32) = (200, 200);

    fn start(_: &mut Dice) -> Self {
        Self::default()
    }

    fn draw(&mut self, dice: &mut Dice) -> u32 {
        dice.roll(10)
    }

    fn play(&mut self, made: &u32, _: &mut Tally) -> Holds {
        if BREAKS.get(self.told) == Some(made) {
            self.told += 1;
        }
        assert!(self.told < BREAKS.len(), "it broke");
        Ok(())
    }

    fn finish(&mut self, _: &mut Tally) -> Holds {
        Ok(())
    }
}

/// Says what is wrong with the machine, if anything.
pub(crate) fn check() -> Result<(), String> {
    let Err(failure) = play::<Brittle>(1, &mut Tally::default()) else {
        return Err("a game that breaks was not noticed".to_owned());
    };
    if failure.moves != ["3", "5", "3"] || !failure.violation.contains("it broke") {
        return Err(format!("it was not shrunk to what is needed: {failure:?}"));
    }
    Ok(())
}
