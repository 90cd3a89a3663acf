//! The bank's moods: now and then it is down for some seconds, and comes back by itself, whatever becomes of the demo.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::shoppers::Dice;
use crate::seed::client::{Call, Client};
use crate::types::{Clock, Timestamp};

const FIRST_AFTER: Duration = Duration::from_secs(15);
const EVERY_S: u64 = 60;
const LASTS_S: u64 = 10;

/// Changes the weather until dropped.
pub(super) async fn change(bank: &Client, seed: u64) {
    sleep(FIRST_AFTER).await;
    for turn in 0_u64.. {
        // Whoever made other weather by hand shall have it.
        if is_fair(bank).await {
            let call = Call::put("/_bank/weather").json(&storm(Clock::SYSTEM.now()));
            drop(bank.send(&call).await);
        }
        let dice = Dice::of(&turn.to_string(), seed);
        sleep(Duration::from_secs(EVERY_S + dice.roll("weather", EVERY_S / 2))).await;
    }
}

async fn is_fair(bank: &Client) -> bool {
    let told = bank.send(&Call::get("/_bank/weather")).await;
    let told = told.and_then(|answer| answer.success("the weather")?.read::<Value>("the weather"));
    told.is_ok_and(|weather| weather["mode"] == "ok")
}

fn storm(now: Timestamp) -> Value {
    json!({ "mode": "down", "until": now.plus_secs(LASTS_S) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_ends_by_itself() {
        let storm = storm(Timestamp::from_micros(1_700_000_000_000_000));
        assert_eq!(storm, json!({ "mode": "down", "until": "2023-11-14T22:13:30.000000Z" }));
    }
}
