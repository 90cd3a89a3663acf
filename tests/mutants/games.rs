//! Games of ring A, a short while each, for a runner that knows tests.

#[allow(dead_code, reason = "ring A uses the rest")]
#[path = "core/bench.rs"]
mod bench;
#[allow(dead_code, reason = "ring A uses the rest")]
#[path = "core/dice.rs"]
mod dice;
#[allow(dead_code, reason = "ring A uses the rest")]
#[path = "core/game.rs"]
mod game;
#[path = "core/inventory/mod.rs"]
mod inventory;
#[path = "core/order/mod.rs"]
mod order;
#[path = "core/payment/mod.rs"]
mod payment;
#[allow(dead_code, reason = "ring A uses the rest")]
#[path = "core/tally.rs"]
mod tally;

use game::Game;
use tally::{Goals, Tally};

/// Commands a game.
const COMMANDS: u64 = 300_000;

#[test]
fn games_of_stock() {
    plays::<inventory::Table>(&inventory::GOALS);
}

#[test]
fn games_of_orders() {
    plays::<order::Table>(&order::GOALS);
}

#[test]
fn games_of_payments() {
    plays::<payment::Table>(&payment::GOALS);
}

/// Plays, and asks whether the games met what they are about.
fn plays<G: Game>(goals: &Goals) {
    let mut tally = Tally::default();
    let mut nth = 0;
    while tally.commands < COMMANDS {
        if let Err(failure) = game::play::<G>(dice::derived(1, nth), &mut tally) {
            panic!("{}: {:?}", failure.violation, failure.moves);
        }
        nth += 1;
    }
    let missed = tally.missed(goals);
    assert!(missed.is_empty(), "not met: {missed:?}");
}
