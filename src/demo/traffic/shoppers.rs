//! Shoppers that nobody needs to be: four of five orders are baskets of the real shop's month, with its own returning customers, one is
//! made up for `acme`.

use std::ops::RangeInclusive;

use bytes::Bytes;
use serde_json::json;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::replay::{CARD, Invoice, ready};

/// One order of so many is for `acme`.
const ACME_EVERY: u64 = 5;

/// Cards, and how many of a hundred orders are paid with each: most are good, some are declined, and a few make the bank stumble.
const CARDS: [(&str, u64); 8] = [
    (CARD, 72),
    ("pm_card_mastercard", 19),
    ("pm_card_visa_chargeDeclined", 2),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", 2),
    ("pm_card_chargeDeclinedExpiredCard", 1),
    (CHALLENGED, 2),
    ("pm_of_flaky_2", 1),
    ("pm_of_timeout_after", 1),
];

/// A card whose bank wants to see its owner first.
pub(super) const CHALLENGED: &str = "pm_card_authenticationRequired";

/// Of the orders at `acme`, these have a shopper who never answers their bank: one sees orders expire soon, whatever the dice say.
const FORGOTTEN: RangeInclusive<u64> = 1..=3;

/// How many regular customers `acme` has.
const REGULARS: u64 = 60;

/// What shoppers at `acme` choose from, with the most that one line takes. The last prints are what many come for.
const ACME_SKUS: [(&str, u64); 13] = [
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
    ("POSTER-SIGNED", 1),
    ("POSTER-SIGNED", 1),
    ("GIFT-CARD-50", 2),
];

/// One synthetic order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Synthetic {
    pub(super) store: &'static str,
    pub(super) key: String,
    pub(super) card: &'static str,
    pub(super) body: Bytes,
    /// What its shopper does later follows from the same dice.
    pub(super) dice: Dice,
    /// Its shopper does nothing later.
    pub(super) is_forgotten: bool,
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

    /// The next order.
    pub(super) fn order(&mut self) -> Synthetic {
        let number = self.next;
        self.next += 1;
        let dice = Dice { seed: xxh3_64_with_seed(&number.to_le_bytes(), self.seed) };
        let is_at_acme = number.is_multiple_of(ACME_EVERY) || self.baskets.is_empty();
        let is_forgotten = is_at_acme && FORGOTTEN.contains(&(number / ACME_EVERY));
        let card = if is_forgotten { CHALLENGED } else { card(&dice) };
        let (store, body) =
            if is_at_acme { ("acme", acme(&dice, card)) } else { ("gifts", self.gifts(number, card)) };
        let key = format!("demo-{:016x}-{number}", self.seed);
        Synthetic { store, key, card, body, dice, is_forgotten }
    }

    fn gifts(&self, number: u64, card: &str) -> Bytes {
        let count = u64::try_from(self.baskets.len()).expect("a count fits");
        let place = (self.seed % count + number) % count;
        let basket = &self.baskets[usize::try_from(place).expect("less than the count")];
        // A number of its own, so that a guest of one day is not the same guest of another.
        let own = Invoice { number: format!("{}-{number}", basket.number), ..basket.clone() };
        ready(&own, card).expect("baskets that cannot be ordered were left out").body
    }
}

/// Several rolls for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dice {
    seed: u64,
}

impl Dice {
    /// Dice for what has this name.
    pub(super) fn of(name: &str, seed: u64) -> Self {
        Self { seed: xxh3_64_with_seed(name.as_bytes(), seed) }
    }

    /// A number below `sides`, the same for the same purpose.
    pub(super) fn roll(&self, purpose: &str, sides: u64) -> u64 {
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

fn acme(dice: &Dice, card: &str) -> Bytes {
    let shopper = dice.roll("shopper", REGULARS);
    let count = 1 + dice.roll("lines", 3);
    let mut lines: Vec<_> = (0..count)
        .map(|line| {
            let choice = usize::try_from(dice.roll(&format!("sku {line}"), 13)).expect("less than thirteen");
            let (sku, most) = ACME_SKUS[choice];
            json!({ "sku": sku, "quantity": 1 + dice.roll(&format!("quantity {line}"), most) })
        })
        .collect();
    // A few order more rocket skates than one has feet, which a person at the shop should look at.
    if dice.roll("greed", 100) < 6 {
        lines.push(json!({ "sku": "SKATES-ROCKET", "quantity": 7 }));
    }
    let domain = match dice.roll("mail", 100) {
        0..=1 => "mailinator.example",
        2..=4 => "acme.example",
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
        "payment": { "payment_method": card },
        "metadata": { "channel": "demo" },
    });
    serde_json::to_vec(&body).expect("an order is plain data with text keys").into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn orders(seed: u64, count: usize) -> Vec<Synthetic> {
        let baskets = crate::demo::embedded::orders().expect("a good file");
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
        let forgotten: Vec<_> = first.iter().filter(|order| order.is_forgotten).collect();
        assert_eq!(forgotten.len(), 3, "at once, whatever the seed");
        assert!(forgotten.iter().all(|order| order.card == CHALLENGED && order.store == "acme"));
    }

    #[test]
    fn the_month_starts_anew_when_it_is_over_with_other_guests() {
        let baskets: Vec<_> =
            crate::demo::embedded::orders().expect("a good file").into_iter().take(3).collect();
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
        let [acme_plan, _] = crate::demo::embedded::plans().expect("good files");
        let sold: HashSet<_> = acme_plan.stores[0].skus.iter().map(|sku| sku.sku.to_string()).collect();
        for seed in 0..500 {
            let body: Value = serde_json::from_slice(&acme(&Dice { seed }, CARD)).expect("JSON");
            for line in body["lines"].as_array().expect("lines") {
                assert!(sold.contains(line["sku"].as_str().expect("text")), "{line}");
                assert!(line["quantity"].as_u64().is_some_and(|units| units > 0), "{line}");
            }
        }
        assert_eq!(CARDS.iter().map(|(_, share)| share).sum::<u64>(), 100);
    }
}
