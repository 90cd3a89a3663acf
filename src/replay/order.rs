//! From an invoice to the body of `POST /v1/orders`, or to the reason why it is refused.

use std::fmt;
use std::ops::AddAssign;

use bytes::Bytes;
use serde::Serialize;

use super::country;
use super::orders::{Agreement, Invoice};
use crate::types::{Decimal, DecimalError};

/// What the replayed shop's prices are in.
pub(super) const CURRENCY: &str = "GBP";
const MINOR_DIGITS: u32 = 2;
/// What a replayed order is paid with: a card that the bank always takes.
pub const CARD: &str = "pm_card_visa";

/// Lines, units and pence of one order or of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sums {
    /// Lines.
    pub lines: u64,
    /// Units.
    pub units: u64,
    /// Minor units of money.
    pub pence: i64,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Sums) {
        self.lines += other.lines;
        self.units += other.units;
        self.pence += other.pence;
    }
}

/// An order that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Ready {
    /// The invoice's number.
    pub invoice: String,
    /// The body.
    pub body: Bytes,
    /// What the file says it comes to.
    pub sums: Sums,
}

/// Why the replay does not send an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A price is not a whole number of pence, and nobody may round another's money.
    FractionOfPenny {
        /// Whose price.
        sku: String,
        /// As written.
        unit_price: Decimal,
    },
    /// A line sells nothing.
    NoUnits {
        /// Of what.
        sku: String,
        /// As written.
        quantity: i64,
    },
    /// Its lines name different customers or countries.
    Disagreement,
    /// A country without a code.
    UnknownCountry(String),
    /// It comes to more than can be counted.
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::FractionOfPenny { sku, unit_price } => {
                write!(f, "the price {unit_price} of SKU {sku} is not a whole number of pence")
            }
            Refusal::NoUnits { sku, quantity } => write!(f, "a line sells {quantity} of SKU {sku}"),
            Refusal::Disagreement => f.write_str("its lines name different customers or countries"),
            Refusal::UnknownCountry(name) => write!(f, "no code is known for country `{name}`"),
            Refusal::TooLarge => f.write_str("it comes to more than can be counted"),
        }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    customer: Customer,
    currency: &'static str,
    lines: Vec<BodyLine<'a>>,
    shipping_address: Address,
    payment: Payment<'a>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    email: String,
}

#[derive(Serialize)]
struct BodyLine<'a> {
    sku: &'a str,
    quantity: u64,
    unit_price: i64,
}

#[derive(Serialize)]
struct Address {
    country: &'static str,
}

#[derive(Serialize)]
struct Payment<'a> {
    payment_method: &'a str,
}

#[derive(Serialize)]
struct Metadata<'a> {
    invoice: &'a str,
    at: &'a str,
    country: &'a str,
}

/// Checks an invoice and writes it as an order paid with that card.
pub fn ready(invoice: &Invoice, payment_method: &str) -> Result<Ready, Refusal> {
    let country = checked_country(invoice)?;
    let mut sums = Sums::default();
    let mut lines = Vec::with_capacity(invoice.lines.len());
    for line in &invoice.lines {
        let unit_price = line.unit_price.minor_units(MINOR_DIGITS).map_err(|why| match why {
            DecimalError::Fraction => {
                Refusal::FractionOfPenny { sku: line.sku.clone(), unit_price: line.unit_price }
            }
            DecimalError::Malformed | DecimalError::Negative | DecimalError::TooLarge => Refusal::TooLarge,
        })?;
        let none = || Refusal::NoUnits { sku: line.sku.clone(), quantity: line.quantity };
        let quantity = u64::try_from(line.quantity).ok().filter(|units| *units > 0).ok_or_else(none)?;
        let pence = unit_price.checked_mul(line.quantity).ok_or(Refusal::TooLarge)?;
        sums.lines += 1;
        sums.units = sums.units.checked_add(quantity).ok_or(Refusal::TooLarge)?;
        sums.pence = sums.pence.checked_add(pence).ok_or(Refusal::TooLarge)?;
        lines.push(BodyLine { sku: &line.sku, quantity, unit_price });
    }
    let number = &invoice.number;
    let customer = match &invoice.customer {
        Some(customer) => {
            Customer { id: Some(format!("cus_{customer}")), email: format!("{customer}@example.com") }
        }
        None => Customer { id: None, email: format!("guest-{number}@example.com") },
    };
    let body = Body {
        customer,
        currency: CURRENCY,
        lines,
        // The shop's books hold the country alone.
        shipping_address: Address { country },
        payment: Payment { payment_method },
        metadata: Metadata { invoice: number, at: &invoice.at, country: &invoice.country },
    };
    let body = serde_json::to_vec(&body).expect("an order is plain data with text keys");
    Ok(Ready { invoice: number.clone(), body: body.into(), sums })
}

fn checked_country(invoice: &Invoice) -> Result<&'static str, Refusal> {
    match invoice.agreement {
        Agreement::Broken => Err(Refusal::Disagreement),
        Agreement::Whole => {
            country::code(&invoice.country).ok_or_else(|| Refusal::UnknownCountry(invoice.country.clone()))
        }
    }
}

/// The key under which an invoice is sent, the same in every run.
pub(super) fn key(store: &str, invoice: &str) -> String {
    format!("replay-{store}-{invoice}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::orders::Line;
    use super::*;

    fn line(sku: &str, quantity: i64, price: &str) -> Line {
        Line { sku: sku.to_owned(), quantity, unit_price: price.parse().expect("a price") }
    }

    fn invoice(lines: Vec<Line>) -> Invoice {
        Invoice {
            number: "489434".to_owned(),
            at: "2009-12-01T07:45:00Z".to_owned(),
            customer: Some("13085".to_owned()),
            country: "EIRE".to_owned(),
            agreement: Agreement::Whole,
            lines,
        }
    }

    #[test]
    fn an_invoice_becomes_an_order_line_by_line() {
        let order =
            ready(&invoice(vec![line("A", 12, "6.95"), line("A", 48, "2.1"), line("M", 1, "0")]), CARD)
                .expect("a good invoice");
        assert_eq!(order.sums, Sums { lines: 3, units: 61, pence: 12 * 695 + 48 * 210 });
        let body: Value = serde_json::from_slice(&order.body).expect("JSON");
        assert_eq!(body["customer"], json!({ "id": "cus_13085", "email": "13085@example.com" }));
        assert_eq!(body["lines"][1], json!({ "sku": "A", "quantity": 48, "unit_price": 210 }));
        assert_eq!(body["shipping_address"], json!({ "country": "IE" }));
        assert_eq!(body["payment"], json!({ "payment_method": "pm_card_visa" }));
        assert_eq!(
            body["metadata"],
            json!({ "invoice": "489434", "at": "2009-12-01T07:45:00Z", "country": "EIRE" })
        );
    }

    #[test]
    fn a_guest_has_a_mail_address_and_no_id() {
        let order = ready(&Invoice { customer: None, ..invoice(vec![line("A", 1, "1")]) }, CARD)
            .expect("a good invoice");
        let body: Value = serde_json::from_slice(&order.body).expect("JSON");
        assert_eq!(body["customer"], json!({ "email": "guest-489434@example.com" }));
    }

    #[test]
    fn a_fraction_of_a_penny_in_any_line_refuses_the_order() {
        let refusal = ready(&invoice(vec![line("A", 1, "1.00"), line("PADS", 1, "0.001")]), CARD)
            .expect_err("a fraction");
        assert_eq!(refusal.to_string(), "the price 0.001 of SKU PADS is not a whole number of pence");
        // Ten thousand of them would be whole pounds; the price still is not.
        assert!(ready(&invoice(vec![line("PADS", 10_000, "0.001")]), CARD).is_err());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (broken, expected) in [
            (invoice(vec![line("A", 0, "1")]), Refusal::NoUnits { sku: "A".into(), quantity: 0 }),
            (invoice(vec![line("A", -2, "1")]), Refusal::NoUnits { sku: "A".into(), quantity: -2 }),
            (invoice(vec![line("A", i64::MAX, "2")]), Refusal::TooLarge),
            (Invoice { agreement: Agreement::Broken, ..invoice(vec![]) }, Refusal::Disagreement),
            (
                Invoice { country: "Atlantis".into(), ..invoice(vec![]) },
                Refusal::UnknownCountry("Atlantis".into()),
            ),
        ] {
            assert_eq!(ready(&broken, CARD).expect_err("refused"), expected);
        }
    }
}
