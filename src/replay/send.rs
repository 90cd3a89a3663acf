//! Every invoice as one order, in the order of the file, over a bounded number of connections.

use std::path::PathBuf;
use std::pin::pin;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tokio::sync::mpsc;

use super::error::ReplayError;
use super::order::{self, CURRENCY, Ready, Refusal, Sums};
use super::orders::{Invoices, OrdersError};
use super::pace::{Pace, Speed};
use super::progress::Progress;
use crate::seed::client::{Call, Client, ClientError, Problem};
use crate::seed::table;

/// Invoices read ahead of those being sent.
const READ_AHEAD: usize = 256;

/// An invoice that is not in the store, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its number.
    pub invoice: String,
    /// In words.
    pub reason: String,
}

/// What sending came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Orders that the service took from this run.
    pub taken: u64,
    /// Orders that it had taken before and answered again.
    pub replayed: u64,
    /// What the file says the orders taken and replayed come to.
    pub file: Sums,
    /// What the answers say.
    pub answered: Sums,
    /// Invoices that were not sent.
    pub refused_here: Vec<Refused>,
    /// Orders that the service refused.
    pub refused_there: Vec<Refused>,
}

impl Tally {
    /// Orders of this file that are in the store.
    pub fn accepted(&self) -> u64 {
        self.taken + self.replayed
    }

    /// Orders that were sent.
    pub fn sent(&self) -> u64 {
        self.accepted() + u64::try_from(self.refused_there.len()).expect("a count fits")
    }

    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Taken { replayed, file, answered } => {
                if replayed {
                    self.replayed += 1;
                } else {
                    self.taken += 1;
                }
                self.file += file;
                self.answered += answered;
            }
            Outcome::RefusedHere(refused) => self.refused_here.push(refused),
            Outcome::RefusedThere(refused) => self.refused_there.push(refused),
        }
    }
}

/// What became of one invoice.
enum Outcome {
    Taken { replayed: bool, file: Sums, answered: Sums },
    RefusedHere(Refused),
    RefusedThere(Refused),
}

/// An order as answered, as far as it is compared.
#[derive(Deserialize)]
struct OrderAnswer {
    currency: String,
    total: i64,
    lines: Vec<LineAnswer>,
}

#[derive(Deserialize)]
struct LineAnswer {
    quantity: u64,
}

/// What the reader hands over: an order to send, or an invoice not to be sent.
type Read = Result<Ready, (String, Refusal)>;

/// Sends the whole file.
pub(super) async fn send(
    client: &Client,
    store: &str,
    file: PathBuf,
    speed: Speed,
    connections: usize,
    progress: &mut Progress,
) -> Result<Tally, ReplayError> {
    let (hand_over, orders) = mpsc::channel(READ_AHEAD);
    let named = file.clone();
    let reader = tokio::task::spawn_blocking(move || read(file, &hand_over));
    let paced = stream::unfold((orders, Pace::new(speed)), |(mut orders, mut pace)| async move {
        let read: Read = orders.recv().await?;
        pace.wait().await;
        Some((read, (orders, pace)))
    });
    let mut outcomes = pin!(paced.map(|read| one(client, store, read)).buffer_unordered(connections));
    let mut tally = Tally::default();
    while let Some(outcome) = outcomes.next().await {
        tally.add(outcome?);
        progress.step();
    }
    // The channel is closed: the reader came to its end, good or bad.
    match reader.await.expect("reading a file does not panic") {
        Ok(()) => Ok(tally),
        Err(source) => Err(ReplayError::Orders { file: named.display().to_string(), source }),
    }
}

fn read(file: PathBuf, hand_over: &mpsc::Sender<Read>) -> Result<(), OrdersError> {
    for invoice in Invoices::new(table::open(&file).map_err(csv::Error::from)?)? {
        let invoice = invoice?;
        let read = order::ready(&invoice, order::CARD).map_err(|refusal| (invoice.number, refusal));
        if hand_over.blocking_send(read).is_err() {
            // Sending has failed and says so itself.
            break;
        }
    }
    Ok(())
}

async fn one(client: &Client, store: &str, read: Read) -> Result<Outcome, ReplayError> {
    let order = match read {
        Ok(order) => order,
        Err((invoice, refusal)) => {
            return Ok(Outcome::RefusedHere(Refused { invoice, reason: refusal.to_string() }));
        }
    };
    let key = order::key(store, &order.invoice);
    let call = Call::post("/v1/orders").store(store).key(key).body(order.body);
    let answer = client.send(&call).await?;
    if !answer.status.is_success() {
        let problem = answer.problem();
        return match about_the_order(&problem) {
            true => {
                Ok(Outcome::RefusedThere(Refused { invoice: order.invoice, reason: problem.to_string() }))
            }
            false => {
                let what = format!("the order of invoice {}", order.invoice);
                let problem = Box::new(problem);
                Err(ReplayError::Service(ClientError::Refused { what, problem }))
            }
        };
    }
    let taken: OrderAnswer = answer.read(&format!("the order of invoice {}", order.invoice))?;
    if taken.currency != CURRENCY {
        return Err(ReplayError::Currency { store: store.to_owned(), currency: taken.currency });
    }
    let answered = Sums {
        lines: u64::try_from(taken.lines.len()).expect("a count fits"),
        units: taken.lines.iter().map(|line| line.quantity).sum(),
        pence: taken.total,
    };
    Ok(Outcome::Taken { replayed: answer.replayed, file: order.sums, answered })
}

/// Whether a refusal is about this one order. Otherwise every order would be told the same, and there is no point in going on.
fn about_the_order(problem: &Problem) -> bool {
    !matches!(problem.status, 401 | 403 | 404 | 405 | 415)
}
