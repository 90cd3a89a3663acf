//! Ring A: the pure decisions of every aggregate under millions of random commands, each beside a small model that shares no
//! code with them, and whole shops of them against a bank of a few lines.
//!
//! ```text
//!  one aggregate   commands drawn with knowledge of the state: mostly what would come next, often late, repeated, overtaken
//!                  or about something else. Each state is compared with the fold of its journal, so is what it decides and
//!                  what it owes; each event is held against a model that knows only events.
//!  shop            orders that share a shelf, with stock, fraud, money, work and returns wired as a store is; a bank that is
//!                  honest behind a line that is not; and power that fails and takes the end of the journal with it.
//! ```
//!
//! What is proved elsewhere: each domain's own `tests/laws.rs` says what holds of its answers one by one, in that domain's
//! words; `store/tests/ledgers.rs` plays one order in depth with proptest; here are volume, independent books, many orders on
//! one shelf, and journals that lose their end.
//!
//! `ORDERFLOW_CORE_COMMANDS` says how many commands (ten million unless said), `ORDERFLOW_CORE_SEED` where to begin, or, as
//! `payment:81985529216486895`, which one game to play again; `ORDERFLOW_CORE_TRACE=1`
//! shows what the commands of a violation led to. Arguments name games. The last line is for programs to read.

mod alert;
mod bench;
mod dice;
mod fraud;
mod fulfillment;
mod game;
mod inventory;
mod order;
mod payment;
mod returns;
mod run;
mod seeds;
mod self_check;
mod shop;
mod store;
mod tally;

use std::process::ExitCode;

fn main() -> ExitCode {
    game::keep_panics_quiet();
    match run::run(run::Plan::from_environment()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
