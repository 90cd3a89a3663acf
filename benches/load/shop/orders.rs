//! Orders without end: returning customers, one to three lines, a key each.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::time::Instant;

use tokio::sync::Notify;

use super::{Catalogue, Dice};
use crate::load::client::{Answer, Request};
use crate::load::drive::Source;

/// Customers who come again and again.
pub(in crate::load) const CUSTOMERS: u64 = 10_000;
const LINES_MAX: u64 = 3;
const QUANTITY_MAX: u64 = 3;

/// Streets and cities, for the look of it.
const STREETS: [&str; 6] =
    ["Loop Road", "Mill Lane", "Harbour Street", "Station Road", "High Street", "Elm Avenue"];
const CITIES: [(&str, &str); 6] = [
    ("London", "GB"),
    ("Berlin", "DE"),
    ("Lyon", "FR"),
    ("Portland", "US"),
    ("Utrecht", "NL"),
    ("Porto", "PT"),
];

/// How orders spread over stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Mix {
    /// In turn.
    Even,
    /// Every second one to the first store, the others in turn.
    HalfToFirst,
}

/// An order that was taken.
#[derive(Debug, Clone)]
pub(in crate::load) struct Kept {
    /// Whose.
    pub(in crate::load) store: String,
    /// Its id.
    pub(in crate::load) id: String,
    /// When it was sent, or should have been.
    pub(in crate::load) begun: Instant,
}

/// Orders for some stores.
pub(in crate::load) struct Orders {
    run: &'static str,
    heads: Vec<Vec<u8>>,
    stores: Vec<String>,
    skus: u64,
    mix: Mix,
    next: Cell<u64>,
    most: u64,
    keep_every: u64,
    kept: RefCell<Vec<Kept>>,
    arrived: Notify,
    body: RefCell<Vec<u8>>,
}

impl Orders {
    /// Orders for those stores, no two runs of them alike by their keys.
    pub(in crate::load) fn new(run: &'static str, stores: Vec<String>, skus: u64) -> Self {
        let heads = stores.iter().map(|store| head(store)).collect();
        Self {
            run,
            heads,
            stores,
            skus,
            mix: Mix::Even,
            next: Cell::new(0),
            most: u64::MAX,
            keep_every: u64::MAX,
            kept: RefCell::default(),
            arrived: Notify::new(),
            body: RefCell::default(),
        }
    }

    /// No more than so many.
    pub(in crate::load) fn at_most(mut self, most: u64) -> Self {
        self.most = most;
        self
    }

    /// Spread like that.
    pub(in crate::load) fn spread(mut self, mix: Mix) -> Self {
        self.mix = mix;
        self
    }

    /// Keeps the id of every `nth` order taken.
    pub(in crate::load) fn keeping(mut self, nth: u64) -> Self {
        self.keep_every = nth;
        self
    }

    /// What was kept since this was last asked.
    pub(in crate::load) fn kept(&self) -> Vec<Kept> {
        self.kept.take()
    }

    /// The newest that is kept, as soon as there is one; older ones are forgotten.
    pub(in crate::load) async fn newest(&self) -> Kept {
        loop {
            let newest = self.kept.take().pop();
            match newest {
                Some(kept) => return kept,
                None => self.arrived.notified().await,
            }
        }
    }

    fn store(&self, number: u64) -> usize {
        let count = u64::try_from(self.stores.len()).expect("a count fits").max(1);
        let place = match self.mix {
            Mix::Even => number % count,
            Mix::HalfToFirst if number.is_multiple_of(2) => 0,
            Mix::HalfToFirst => (number / 2) % count,
        };
        usize::try_from(place).expect("less than the count")
    }
}

impl Source for Orders {
    fn next(&self, request: &mut Vec<u8>) -> Option<u64> {
        let number = self.next.get();
        if number >= self.most {
            return None;
        }
        self.next.set(number + 1);
        let mut body = self.body.borrow_mut();
        body.clear();
        write_order(&mut body, number, self.skus);
        Request::from_head(request, &self.heads[self.store(number)])
            .header("Idempotency-Key", format_args!("{}-{number}", self.run))
            .json(&body);
        Some(number)
    }

    fn answered(&self, ticket: u64, answer: &Answer<'_>, begun: Instant) {
        if !ticket.is_multiple_of(self.keep_every) {
            return;
        }
        if let Some(id) = id_in(answer.body) {
            let store = self.stores[self.store(ticket)].clone();
            self.kept.borrow_mut().push(Kept { store, id: id.to_owned(), begun });
            self.arrived.notify_one();
        }
    }
}

/// A customer's id.
pub(in crate::load) fn customer_id(customer: u64) -> String {
    format!("cus_{customer:05}")
}

/// A customer's mail address.
pub(in crate::load) fn customer_email(customer: u64) -> String {
    format!("shopper-{customer:05}@mail.example")
}

fn head(store: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _unfinished = Request::begin(&mut bytes, "POST", "/v1/orders").header("X-Store-ID", store);
    bytes
}

fn write_order(into: &mut Vec<u8>, number: u64, skus: u64) {
    let mut dice = Dice::of(number);
    let customer = dice.roll(CUSTOMERS);
    let (high, low) = (customer / 250, customer % 250 + 1);
    let written = write!(
        into,
        r#"{{"customer":{{"id":"cus_{customer:05}","email":"shopper-{customer:05}@mail.example","ip":"198.51.{high}.{low}"}},"currency":"USD","lines":["#
    )
    .and_then(|()| write_lines(into, &mut dice, skus))
    .and_then(|()| {
        let (city, country) = CITIES[pick(customer, CITIES.len())];
        let street = STREETS[pick(customer / 6, STREETS.len())];
        let house = customer % 199 + 1;
        let card = if dice.roll(4) == 0 { "pm_card_mastercard" } else { "pm_card_visa" };
        write!(
            into,
            r#"],"shipping_address":{{"name":"Shopper {customer}","line1":"{house} {street}","city":"{city}","postal_code":"{:05}","country":"{country}"}},"payment":{{"payment_method":"{card}"}},"metadata":{{"channel":"web"}}}}"#,
            10_000 + customer,
        )
    });
    written.expect("a vector takes bytes");
}

fn write_lines(into: &mut Vec<u8>, dice: &mut Dice, skus: u64) -> std::io::Result<()> {
    let count = 1 + dice.roll(LINES_MAX);
    // Goods far enough apart that no order names one twice.
    let first = dice.roll(skus);
    let apart = (skus / LINES_MAX).max(1);
    for line in 0..count {
        let sku = (first + line * apart) % skus;
        let quantity = 1 + dice.roll(QUANTITY_MAX);
        let price = Catalogue::price(sku);
        let comma = if line == 0 { "" } else { "," };
        write!(into, r#"{comma}{{"sku":"SKU-{sku:04}","quantity":{quantity},"unit_price":{price}}}"#)?;
    }
    Ok(())
}

fn pick(number: u64, count: usize) -> usize {
    usize::try_from(number).expect("a small number") % count
}

/// The order's id in an answer that holds it.
fn id_in(body: &[u8]) -> Option<&str> {
    const BEFORE: &[u8] = b"\"ord_";
    let begin = body.windows(BEFORE.len()).position(|window| window == BEFORE)? + 1;
    let length = body[begin..].iter().position(|&byte| byte == b'"')?;
    std::str::from_utf8(&body[begin..begin + length]).ok()
}
