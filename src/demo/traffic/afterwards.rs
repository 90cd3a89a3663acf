//! What shoppers do after they ordered: most of them nothing.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::shoppers::{CHALLENGED, Dice};
use crate::seed::client::{Call, Client};

/// How many are thinking at once.
const THINKING_MAX: usize = 256;

/// An order that was taken.
#[derive(Debug, Clone)]
pub(super) struct Taken {
    pub(super) store: &'static str,
    pub(super) id: String,
    /// Minor units.
    pub(super) total: i64,
    pub(super) card: &'static str,
    pub(super) dice: Dice,
    /// Its shopper thinks no more of it.
    pub(super) is_forgotten: bool,
}

/// A second thought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thought {
    /// The bank asks whether it is them, and they say so.
    PassChallenge,
    /// They do not want it any more.
    Cancel,
    /// They want some of their money back, in minor units.
    WantBack(i64),
    /// They send a piece of it back, once it is there.
    SendBack,
}

/// How often somebody who wants to send something back looks whether it is there, and for how long.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOKS_MAX: u32 = 60;

/// Thinks about orders until nobody tells of any.
pub(super) async fn think(client: &Client, bank: &Client, heard: mpsc::Receiver<Taken>) {
    let orders = stream::unfold(heard, async |mut heard| Some((heard.recv().await?, heard)));
    let thoughts = orders.filter_map(async |taken| Some((thought(&taken)?, taken)));
    thoughts
        .for_each_concurrent(THINKING_MAX, async |((after, thought), taken)| {
            sleep(after).await;
            act(client, bank, &taken, thought).await;
        })
        .await;
}

/// What a shopper thinks, and how long it takes.
fn thought(taken: &Taken) -> Option<(Duration, Thought)> {
    if taken.is_forgotten {
        return None;
    }
    let dice = &taken.dice;
    let seconds = |least: u64, spread: u64| Duration::from_secs(least + dice.roll("pause", spread));
    if taken.card == CHALLENGED {
        // One in three never looks at the phone again.
        return (dice.roll("challenge", 3) > 0).then(|| (seconds(5, 10), Thought::PassChallenge));
    }
    match dice.roll("afterwards", 100) {
        0..=2 => Some((seconds(2, 20), Thought::Cancel)),
        3..=6 => {
            let share = i64::try_from(10 + dice.roll("share", 40)).expect("less than a hundred");
            let amount = (taken.total / 100).saturating_mul(share).max(1);
            Some((seconds(15, 30), Thought::WantBack(amount)))
        }
        7..=11 => Some((seconds(10, 20), Thought::SendBack)),
        _ => None,
    }
}

/// Does what was thought. The shop may refuse: it may be too late, or nothing was paid. Nobody is told of that.
async fn act(client: &Client, bank: &Client, taken: &Taken, thought: Thought) {
    let Taken { store, id, .. } = taken;
    let call = match thought {
        Thought::PassChallenge => {
            let _ = pass_challenge(client, bank, taken).await;
            return;
        }
        Thought::SendBack => {
            let _ = send_back(client, taken).await;
            return;
        }
        Thought::Cancel => {
            Call::post(format!("/v1/orders/{id}/cancel")).json(&json!({ "reason": "customer" }))
        }
        Thought::WantBack(amount) => Call::post(format!("/v1/orders/{id}/refunds"))
            .json(&json!({ "amount": amount, "reason": "goodwill" })),
    };
    drop(client.send(&call.store(*store).key(format!("demo-{thought:?}-{id}"))).await);
}

/// A piece of the first line comes back, as soon as all of it has arrived. What never arrives is forgotten.
async fn send_back(client: &Client, taken: &Taken) -> Option<()> {
    let look = Call::get(format!("/v1/orders/{}", taken.id)).store(taken.store);
    for _ in 0..LOOKS_MAX {
        let order: Value = client.send(&look).await.ok()?.read("an order").ok()?;
        match order["status"].as_str()? {
            "completed" => {
                const REASONS: [&str; 4] = ["unwanted", "wrong_size", "damaged", "not_as_described"];
                let reason = REASONS[usize::try_from(taken.dice.roll("reason", 4)).ok()?];
                let line = json!({ "sku": order["lines"][0]["sku"], "quantity": 1, "reason": reason });
                let wish =
                    Call::post(format!("/v1/orders/{}/returns", taken.id)).json(&json!({ "lines": [line] }));
                let key = format!("demo-{:?}-{}", Thought::SendBack, taken.id);
                return client.send(&wish.store(taken.store).key(key)).await.ok().map(drop);
            }
            "canceled" | "expired" => return None,
            _ => sleep(LOOK_EVERY).await,
        }
    }
    None
}

/// The shop's timeline knows the bank's name for the payment.
async fn pass_challenge(client: &Client, bank: &Client, taken: &Taken) -> Option<()> {
    let timeline = Call::get(format!("/v1/orders/{}/timeline", taken.id)).store(taken.store);
    let told: Value = client.send(&timeline).await.ok()?.read("a timeline").ok()?;
    let events = told["data"].as_array()?;
    let asks = events.iter().find(|event| event["type"] == "payment.requires_action")?;
    let intent = asks["data"]["intent"].as_str()?;
    let passes = Call::post(format!("/_bank/challenges/{intent}")).json(&json!({ "outcome": "passed" }));
    bank.send(&passes).await.ok().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::client::Patience;
    use crate::seed::fake::Fake;

    fn taken(number: u64, card: &'static str) -> Taken {
        let dice = Dice::of(&number.to_string(), 1);
        Taken { store: "acme", id: format!("ord_{number}"), total: 3_998, card, dice, is_forgotten: false }
    }

    #[test]
    fn most_are_content_and_nobody_wants_more_back_than_they_paid() {
        let thoughts: Vec<_> =
            (0..1_000).filter_map(|number| thought(&taken(number, "pm_card_visa"))).collect();
        assert!((80..170).contains(&thoughts.len()), "{}", thoughts.len());
        let count = |wanted| thoughts.iter().filter(|(_, thought)| *thought == wanted).count();
        let (canceled, sent_back) = (count(Thought::Cancel), count(Thought::SendBack));
        assert!(canceled > 0 && sent_back > 0 && canceled + sent_back < thoughts.len());
        for (after, thought) in thoughts {
            assert!((2..=45).contains(&after.as_secs()), "{after:?}");
            if let Thought::WantBack(amount) = thought {
                assert!((1..2_000).contains(&amount), "{amount}");
            }
        }
        let passed = (0..300).filter(|number| thought(&taken(*number, CHALLENGED)).is_some()).count();
        assert!((150..250).contains(&passed), "two of three answer their bank: {passed}");
    }

    #[actix_web::test]
    async fn what_was_thought_is_done() {
        let fake = Fake::start();
        fake.with(|books| drop(books.stores.insert("acme".into(), json!({}))));
        let client = Client::new(&fake.url, 1, Patience::default()).expect("a good address");
        let order = taken(7, "pm_card_visa");
        act(&client, &client, &order, Thought::Cancel).await;
        act(&client, &client, &order, Thought::WantBack(100)).await;
        let writes = fake.with(|books| books.writes.clone());
        assert_eq!(writes, ["POST /v1/orders/ord_7/cancel", "POST /v1/orders/ord_7/refunds"]);
        // What is not there is not sent back, nor what will never be.
        act(&client, &client, &order, Thought::SendBack).await;
        let stands = |status: &str| {
            let order = json!({ "status": status, "lines": [{ "sku": "MUG" }] });
            fake.with(|books| drop(books.orders.insert(("acme".into(), "7".into()), order)));
        };
        stands("canceled");
        act(&client, &client, &order, Thought::SendBack).await;
        assert_eq!(fake.with(|books| books.writes.len()), 2);
        stands("completed");
        act(&client, &client, &order, Thought::SendBack).await;
        assert_eq!(fake.with(|books| books.writes[2..].to_vec()), ["POST /v1/orders/ord_7/returns"]);
        fake.stop().await;
    }
}
