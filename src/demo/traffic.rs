//! A day at the shops: people who buy and think again, people who work there, and a bank that has its moods.
//!
//! ```text
//! shoppers ──order──▶ server ──taken──▶ second thoughts: the bank's question answered, canceled, some money back
//! staff    ──look──▶ reviews decided, shelves filled, alerts acknowledged
//! weather  ──now and then──▶ the bank is down for some seconds
//! ```
//!
//! Everything runs in one future and ends with it. The same seed makes the same orders and the same moods.

mod afterwards;
mod shoppers;
mod staff;
mod weather;

use std::num::NonZeroU32;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::replay::{Invoice, Pace, Speed};
use crate::seed::client::{Call, Client, ClientError};
use afterwards::Taken;
use shoppers::{Shoppers, Synthetic};

/// Orders waiting for an answer at once; more would be a crowd that no rate asked for.
const IN_FLIGHT_MAX: usize = 64;
/// Orders that somebody may still think about at once.
const TAKEN_MAX: usize = 256;
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// What a day is like.
#[derive(Debug)]
pub(super) struct Day {
    /// Orders a second.
    pub(super) rate: NonZeroU32,
    /// The same day again.
    pub(super) seed: u64,
    /// Whether the bank has its moods.
    pub(super) mood: Mood,
    /// After how many orders it ends.
    pub(super) most: usize,
}

/// Whether the bank has its moods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mood {
    /// It does what it is asked.
    Calm,
    /// It is down now and then.
    Changing,
}

/// Lives a day until dropped, or until its orders are answered.
pub(super) async fn run(client: &Client, bank: &Client, baskets: Vec<Invoice>, day: Day) -> Counts {
    let Day { rate, seed, mood, most } = day;
    let (taken, heard) = mpsc::channel(TAKEN_MAX);
    let orders = sell(client, Shoppers::new(baskets, seed), rate, most, taken);
    let others = async {
        let thinking = afterwards::think(client, bank, heard);
        let working = staff::work(client, seed);
        match mood {
            Mood::Calm => drop(tokio::join!(thinking, working)),
            Mood::Changing => drop(tokio::join!(thinking, working, weather::change(bank, seed))),
        }
        std::future::pending().await
    };
    tokio::select! {
        counts = orders => counts,
        counts = others => counts,
    }
}

#[derive(Deserialize)]
struct Placed {
    id: String,
    total: i64,
}

/// What became of the orders so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) taken: u64,
    pub(super) refused: u64,
    pub(super) lost: u64,
}

/// Sends orders at that rate until `most` are answered. 429 and 503 are waited out, which slows it down; a refusal is said the first
/// time and counted from then on. Whoever wants to hear of an order that was taken does, unless there are too many.
async fn sell(
    client: &Client,
    shoppers: Shoppers,
    rate: NonZeroU32,
    most: usize,
    taken: mpsc::Sender<Taken>,
) -> Counts {
    let orders = stream::unfold(
        (shoppers, Pace::new(Speed::PerSecond(rate))),
        |(mut shoppers, mut pace)| async move {
            pace.wait().await;
            Some((shoppers.order(), (shoppers, pace)))
        },
    );
    let answers = orders.take(most).map(|order| one(client, order)).buffer_unordered(IN_FLIGHT_MAX);
    let mut answers = std::pin::pin!(answers);
    let mut counts = Counts::default();
    let mut reported = crate::types::clock::instant();
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(order) => {
                counts.taken += 1;
                // Nobody needs to think twice about every order.
                drop(taken.try_send(order));
            }
            Err(Trouble::Refused(why)) => {
                if counts.refused == 0 {
                    eprintln!("traffic: an order was refused: {why}");
                }
                counts.refused += 1;
            }
            Err(Trouble::Lost(why)) => {
                if counts.lost == 0 {
                    eprintln!("traffic: an order was given up: {why}");
                }
                counts.lost += 1;
            }
        }
        if reported.elapsed() >= REPORT_EVERY {
            reported = crate::types::clock::instant();
            let Counts { taken, refused, lost } = counts;
            eprintln!(
                "traffic: {taken} orders taken, {refused} refused, {lost} given up, {} times told to wait",
                client.pushed_back()
            );
        }
    }
    counts
}

enum Trouble {
    Refused(String),
    Lost(String),
}

async fn one(client: &Client, order: Synthetic) -> Result<Taken, Trouble> {
    let Synthetic { store, key, card, body, dice, is_forgotten } = order;
    let call = Call::post("/v1/orders").store(store).key(key).body(body);
    let lost = |error: ClientError| Trouble::Lost(error.to_string());
    let answer = client.send(&call).await.map_err(lost)?;
    if !answer.status.is_success() {
        return Err(Trouble::Refused(answer.problem().to_string()));
    }
    let Placed { id, total } = answer.read("an order").map_err(lost)?;
    Ok(Taken { store, id, total, card, dice, is_forgotten })
}
