//! Shoppers that nobody needs to be: orders at an even rate, four of five with baskets of the real shop's month, one at `acme`.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use serde_json::json;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::replay::{CARD, Invoice, Pace, Speed, ready};
use crate::seed::client::{Call, Client};

/// Orders waiting for an answer at once; more would be a crowd that no rate asked for.
const IN_FLIGHT_MAX: usize = 64;
/// One order of so many is for `acme`.
const ACME_EVERY: u64 = 5;
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// Cards, and how many of a hundred orders are paid with each: most are good, some are declined, and a few make the bank stumble.
const CARDS: [(&str, u64); 7] = [
    (CARD, 74),
    ("pm_card_mastercard", 18),
    ("pm_card_visa_chargeDeclined", 2),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", 2),
    ("pm_card_chargeDeclinedExpiredCard", 1),
    ("pm_of_flaky_2", 2),
    ("pm_of_timeout_after", 1),
];

/// What shoppers at `acme` choose from, with the most that one line takes.
const ACME_SKUS: [(&str, u64); 11] = [
    ("TSHIRT-S", 3),
    ("TSHIRT-M", 3),
    ("TSHIRT-L", 3),
    ("HOODIE-M", 2),
    ("HOODIE-L", 2),
    ("CAP-BLACK", 2),
    ("MUG-ENAMEL", 4),
    ("STICKERS-10", 5),
    ("ANVIL-25KG", 1),
    ("POSTER-SIGNED", 1),
    ("GIFT-CARD-50", 2),
];

/// One synthetic order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Synthetic {
    store: &'static str,
    key: String,
    body: Bytes,
}

/// Where the orders come from: the same seed makes the same orders.
#[derive(Debug)]
pub(super) struct Shoppers {
    baskets: Vec<Invoice>,
    seed: u64,
    next: u64,
}

impl Shoppers {
    /// Shoppers with those baskets, starting somewhere among them. Baskets that no order can be made of are left out.
    pub(super) fn new(baskets: Vec<Invoice>, seed: u64) -> Self {
        let baskets = baskets.into_iter().filter(|basket| ready(basket, CARD).is_ok()).collect();
        Self { baskets, seed, next: 0 }
    }

    fn order(&mut self) -> Synthetic {
        let number = self.next;
        self.next += 1;
        let dice = Dice { seed: xxh3_64_with_seed(&number.to_le_bytes(), self.seed) };
        let (store, body) = if number.is_multiple_of(ACME_EVERY) || self.baskets.is_empty() {
            ("acme", acme(&dice))
        } else {
            ("gifts", self.gifts(number, &dice))
        };
        Synthetic { store, key: format!("demo-{:016x}-{number}", self.seed), body }
    }

    fn gifts(&self, number: u64, dice: &Dice) -> Bytes {
        let count = u64::try_from(self.baskets.len()).expect("a count fits");
        let place = (self.seed % count + number) % count;
        let basket = &self.baskets[usize::try_from(place).expect("less than the count")];
        // A number of its own, so that a guest of one day is not the same guest of another.
        let own = Invoice { number: format!("{}-{number}", basket.number), ..basket.clone() };
        ready(&own, card(dice)).expect("baskets that cannot be ordered were left out").body
    }
}

/// Several rolls for one order.
struct Dice {
    seed: u64,
}

impl Dice {
    /// A number below `sides`, the same for the same purpose.
    fn roll(&self, purpose: &str, sides: u64) -> u64 {
        xxh3_64_with_seed(purpose.as_bytes(), self.seed) % sides
    }
}

fn card(dice: &Dice) -> &'static str {
    let mut rolled = dice.roll("card", 100);
    for (card, share) in CARDS {
        match rolled.checked_sub(share) {
            None => return card,
            Some(rest) => rolled = rest,
        }
    }
    CARD
}

fn acme(dice: &Dice) -> Bytes {
    let shopper = dice.roll("shopper", 500);
    let count = 1 + dice.roll("lines", 3);
    let mut lines: Vec<_> = (0..count)
        .map(|line| {
            let choice = usize::try_from(dice.roll(&format!("sku {line}"), 11)).expect("less than eleven");
            let (sku, most) = ACME_SKUS[choice];
            json!({ "sku": sku, "quantity": 1 + dice.roll(&format!("quantity {line}"), most) })
        })
        .collect();
    // Two of a hundred order more rocket skates than one has feet, which a person at the shop should look at.
    if dice.roll("greed", 100) < 2 {
        lines.push(json!({ "sku": "SKATES-ROCKET", "quantity": 7 }));
    }
    let domain = match dice.roll("mail", 100) {
        0 => "mailinator.example",
        1..=4 => "acme.example",
        _ => "example.com",
    };
    let ip = format!("203.0.113.{}", shopper % 254 + 1);
    // A guest is someone new; the others come back.
    let customer = if dice.roll("guest", 4) == 0 {
        json!({ "email": format!("guest-{:x}@{domain}", dice.seed), "ip": ip })
    } else {
        json!({ "id": format!("cus_{shopper}"), "email": format!("shopper-{shopper}@{domain}"), "ip": ip })
    };
    let body = json!({
        "customer": customer,
        "currency": "USD",
        "lines": lines,
        "shipping_address": {
            "name": format!("Shopper {shopper}"),
            "line1": format!("{} Loop Road", shopper + 1),
            "city": "Springfield",
            "postal_code": format!("{:05}", 10_000 + shopper),
            "country": "US",
        },
        "payment": { "payment_method": card(dice) },
        "metadata": { "channel": "demo" },
    });
    serde_json::to_vec(&body).expect("an order is plain data with text keys").into()
}

/// What became of the orders so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts {
    pub(super) taken: u64,
    pub(super) refused: u64,
    pub(super) lost: u64,
}

/// Sends orders at that rate until dropped, or until `most` are answered. 429 and 503 are waited out, which slows it down; a refusal is
/// said the first time and counted from then on.
pub(super) async fn run(client: &Client, shoppers: Shoppers, rate: NonZeroU32, most: usize) -> Counts {
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
            Ok(()) => counts.taken += 1,
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

async fn one(client: &Client, order: Synthetic) -> Result<(), Trouble> {
    let call = Call::post("/v1/orders").store(order.store).key(order.key).body(order.body);
    let answer = client.send(&call).await.map_err(|error| Trouble::Lost(error.to_string()))?;
    if answer.status.is_success() { Ok(()) } else { Err(Trouble::Refused(answer.problem().to_string())) }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn orders(seed: u64, count: usize) -> Vec<Synthetic> {
        let baskets = super::super::embedded::orders().expect("a good file");
        let mut shoppers = Shoppers::new(baskets, seed);
        assert_eq!(shoppers.baskets.len(), 2_745, "two baskets hold a fraction of a penny");
        (0..count).map(|_| shoppers.order()).collect()
    }

    #[test]
    fn one_seed_makes_one_day_and_another_seed_another() {
        let first = orders(1, 300);
        assert_eq!(first, orders(1, 300));
        assert_ne!(first[1].body, orders(2, 2)[1].body);
        let keys: HashSet<_> = first.iter().map(|order| &order.key).collect();
        assert_eq!(keys.len(), first.len());
        assert_eq!(first.iter().filter(|order| order.store == "acme").count(), 60);
    }

    #[test]
    fn the_month_starts_anew_when_it_is_over_with_other_guests() {
        let baskets: Vec<_> =
            super::super::embedded::orders().expect("a good file").into_iter().take(3).collect();
        let mut shoppers = Shoppers::new(baskets, 0);
        let mails: Vec<_> = (0..40)
            .map(|_| shoppers.order())
            .filter(|order| order.store == "gifts")
            .map(|order| {
                serde_json::from_slice::<Value>(&order.body).expect("JSON")["metadata"]["invoice"].clone()
            })
            .collect();
        let different: HashSet<_> = mails.iter().map(Value::to_string).collect();
        assert_eq!(different.len(), mails.len());
    }

    #[test]
    fn shoppers_at_acme_ask_for_what_acme_sells() {
        let [acme_plan, _] = super::super::embedded::plans().expect("good files");
        let sold: HashSet<_> = acme_plan.stores[0].skus.iter().map(|sku| sku.sku.to_string()).collect();
        for seed in 0..500 {
            let body: Value = serde_json::from_slice(&acme(&Dice { seed })).expect("JSON");
            for line in body["lines"].as_array().expect("lines") {
                assert!(sold.contains(line["sku"].as_str().expect("text")), "{line}");
                assert!(line["quantity"].as_u64().is_some_and(|units| units > 0), "{line}");
            }
        }
        assert_eq!(CARDS.iter().map(|(_, share)| share).sum::<u64>(), 100);
    }
}
