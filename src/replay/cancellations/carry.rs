//! Carrying out: each return is asked for, agreed to, received and closed, over a bounded number of connections.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::LOOK_EVERY;
use super::plan::Planned;
use crate::replay::error::ReplayError;
use crate::replay::send::Refused;
use crate::seed::client::{Call, Client, ClientError};

/// What carrying out came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// Returns that the service took from this run.
    pub taken: u64,
    /// Returns that it had taken before and answered again.
    pub replayed: u64,
    /// Returns that it refused.
    pub refused: Vec<Refused>,
    /// Units of the returns taken and replayed, as planned.
    pub planned_units: u64,
    /// Pence that those were bought for.
    pub planned_pence: i64,
    /// Units that the service has received.
    pub received_units: u64,
    /// Pence that those cost.
    pub received_pence: i64,
    /// Pence that the payments give back.
    pub refunded: i64,
    /// Pence that do not go back, because no more of the order's money was there.
    pub unpaid: i64,
}

/// A return as answered, as far as it is compared.
#[derive(Deserialize)]
struct Answered {
    id: String,
    status: String,
    lines: Vec<Line>,
    refunds: Vec<Refund>,
    value_received: i64,
    amount_refunded: i64,
    amount_unpaid: i64,
}

#[derive(Deserialize)]
struct Line {
    received: u64,
}

#[derive(Deserialize)]
struct Refund {
    status: String,
}

enum Outcome {
    Done { is_replayed: bool, units: u64, pence: i64, answered: Answered },
    Refused(Refused),
}

/// Carries out all returns of a plan.
pub(super) async fn carry(
    client: &Client,
    store: &str,
    returns: &[Planned],
    connections: usize,
    patience: Duration,
    mut step: impl FnMut(),
) -> Result<Carried, ReplayError> {
    let mut outcomes = stream::iter(returns)
        .map(|planned| one(client, store, planned, patience))
        .buffer_unordered(connections);
    let mut carried = Carried::default();
    while let Some(outcome) = outcomes.try_next().await? {
        carried.add(outcome);
        step();
    }
    Ok(carried)
}

impl Carried {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Refused(refused) => self.refused.push(refused),
            Outcome::Done { is_replayed, units, pence, answered } => {
                if is_replayed {
                    self.replayed += 1;
                } else {
                    self.taken += 1;
                }
                self.planned_units += units;
                self.planned_pence += pence;
                self.received_units += answered.lines.iter().map(|line| line.received).sum::<u64>();
                self.received_pence += answered.value_received;
                self.refunded += answered.amount_refunded;
                self.unpaid += answered.amount_unpaid;
            }
        }
    }
}

async fn one(
    client: &Client,
    store: &str,
    planned: &Planned,
    patience: Duration,
) -> Result<Outcome, ClientError> {
    let Planned { note, order, lines } = planned;
    let wanted: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "line_id": line.id, "quantity": line.quantity, "reason": "other" }))
        .collect();
    let key = |what: &str| format!("replay-{store}-{note}-{order}-{what}");
    let call = Call::post(format!("/v1/orders/{order}/returns"))
        .store(store)
        .key(key("return"))
        .json(&json!({ "lines": wanted, "note": format!("credit note {note}") }));
    let asked = client.send(&call).await?;
    // A number of the store's own, or a return that the store cannot take any more, is about this one alone.
    if matches!(asked.status.as_u16(), 404 | 422) {
        let reason = asked.problem().to_string();
        return Ok(Outcome::Refused(Refused { invoice: note.clone(), reason }));
    }
    let what = format!("the return of credit note {note}");
    let is_replayed = asked.replayed;
    let asked: Answered = asked.success(&what)?.read(&what)?;
    let path = format!("/v1/returns/{}", asked.id);
    let step = async |name: &str, body: Value| -> Result<(), ClientError> {
        let call = Call::post(format!("{path}/{name}")).store(store).key(key(name)).json(&body);
        client.send(&call).await?.success(&what).map(drop)
    };
    // The first answer, also when it is an old one: whether the store wants to be asked for its agreement.
    if asked.status == "requested" {
        step("approve", json!({})).await?;
    }
    let pieces: Vec<Value> = lines
        .iter()
        .map(|line| json!({ "line_id": line.id, "quantity": line.quantity, "disposition": "restock" }))
        .collect();
    step("receive", json!({ "lines": pieces })).await?;
    step("close", json!({})).await?;
    let answered = paid(client, store, &path, patience).await?;
    let units = lines.iter().map(|line| u64::from(line.quantity)).sum();
    let pence = lines.iter().map(|line| line.unit_price * i64::from(line.quantity)).sum();
    Ok(Outcome::Done { is_replayed, units, pence, answered })
}

/// The return, once its payment has answered; as it is, when patience ends.
async fn paid(client: &Client, store: &str, path: &str, patience: Duration) -> Result<Answered, ClientError> {
    let began = crate::types::clock::instant();
    loop {
        let answered: Answered =
            client.send(&Call::get(path).store(store)).await?.success(path)?.read(path)?;
        let is_pending = answered.refunds.iter().any(|refund| refund.status == "pending");
        if !is_pending || began.elapsed() > patience {
            return Ok(answered);
        }
        sleep(LOOK_EVERY).await;
    }
}
