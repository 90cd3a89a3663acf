//! A flat order, and the draft it stands for.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::value::RawValue;

use crate::order::{Address, Customer, Draft, DraftLine, DraftPayment, Invalid};
use crate::types::{Currency, Decimal, DecimalError};

/// Under which key of the meta data a name stands that no address takes.
const NAME_KEY: &str = "customer_name";

/// Cards everybody may name, and what the gateway calls them. A real card's number is nothing that we want to see.
const TEST_CARDS: [(&str, &str); 15] = [
    ("4242424242424242", "pm_card_visa"),
    ("5555555555554444", "pm_card_mastercard"),
    ("4000000000000002", "pm_card_visa_chargeDeclined"),
    ("4000000000009995", "pm_card_visa_chargeDeclinedInsufficientFunds"),
    ("4000000000009987", "pm_card_visa_chargeDeclinedLostCard"),
    ("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard"),
    ("4000000000000069", "pm_card_chargeDeclinedExpiredCard"),
    ("4000000000000127", "pm_card_chargeDeclinedIncorrectCvc"),
    ("4000000000000119", "pm_card_chargeDeclinedProcessingError"),
    ("4000002760003184", "pm_card_authenticationRequired"),
    ("4100000000000019", "pm_card_radarBlock"),
    ("4000000000009235", "pm_card_riskLevelElevated"),
    ("4000000000000259", "pm_card_createDispute"),
    ("4000000000007726", "pm_card_pendingRefund"),
    ("4000000000005126", "pm_card_refundFail"),
];

/// An order as a plain shop sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Flat {
    /// The recipient.
    #[serde(default, alias = "name")]
    customer_name: Option<Arc<str>>,
    /// Who orders.
    #[serde(default, alias = "customer_email")]
    email: Option<Arc<str>>,
    /// The shop's own id for a returning customer.
    #[serde(default)]
    customer_id: Option<Arc<str>>,
    /// ISO 4217 code; must be the store's.
    currency: String,
    /// The one item.
    #[serde(default)]
    sku: Option<String>,
    /// How many of it.
    #[serde(default)]
    quantity: Option<Whole>,
    /// Price apiece, as a decimal; the SKU's own where it is missing.
    #[serde(default)]
    price: Option<Price>,
    /// Several items, instead of `sku`.
    #[serde(default)]
    items: Option<Vec<FlatItem>>,
    /// Street and number.
    #[serde(default)]
    street: Option<Arc<str>>,
    /// Flat, floor.
    #[serde(default)]
    street2: Option<Arc<str>>,
    /// Town.
    #[serde(default)]
    city: Option<Arc<str>>,
    /// State, county.
    #[serde(default)]
    state: Option<Arc<str>>,
    /// Postal code.
    #[serde(default, alias = "zip")]
    postal_code: Option<Arc<str>>,
    /// ISO 3166-1 alpha-2 code.
    #[serde(default)]
    country: Option<Arc<str>>,
    /// The gateway's token of the card.
    #[serde(default)]
    payment_method: Option<String>,
    /// The number of a test card, instead of `payment_method`.
    #[serde(default)]
    card_number: Option<String>,
}

/// One of several items.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FlatItem {
    /// Which SKU.
    sku: String,
    /// How many.
    quantity: Whole,
    /// Price apiece, as a decimal; the SKU's own where it is missing.
    #[serde(default)]
    price: Option<Price>,
}

/// Where things stood in the body: faults of the draft are said there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    has_items: bool,
    has_card_number: bool,
}

impl Shape {
    /// The same fault, where its sender finds it.
    pub(super) fn placed(self, fault: Invalid) -> Invalid {
        let mut parts = fault.pointer.split('/').skip(1);
        let parts = (parts.next(), parts.next(), parts.next());
        let pointer = match parts {
            (Some("lines"), Some(at), Some(field)) => {
                let field = if field == "unit_price" { "price" } else { field };
                if self.has_items { format!("/items/{at}/{field}") } else { format!("/{field}") }
            }
            (Some("lines"), ..) => if self.has_items { "/items" } else { "/quantity" }.to_owned(),
            (Some("customer"), Some("id"), _) => "/customer_id".to_owned(),
            (Some("customer"), ..) => "/email".to_owned(),
            (Some("shipping_address"), Some("name"), _) | (Some("metadata"), ..) => {
                "/customer_name".to_owned()
            }
            (Some("shipping_address"), Some("line1"), _) => "/street".to_owned(),
            (Some("shipping_address"), Some("line2"), _) => "/street2".to_owned(),
            (Some("shipping_address"), Some(field), _) => format!("/{field}"),
            (Some("payment"), ..) => {
                if self.has_card_number { "/card_number" } else { "/payment_method" }.to_owned()
            }
            _ => fault.pointer,
        };
        Invalid { pointer, ..fault }
    }
}

impl Flat {
    /// Where things stand in it.
    pub(super) fn shape(&self) -> Shape {
        Shape { has_items: self.items.is_some(), has_card_number: self.card_number.is_some() }
    }

    /// The order it stands for, or everything that keeps it from being one.
    pub(super) fn draft(self) -> Result<Draft, Vec<Invalid>> {
        let mut faults = Vec::new();
        let lines = self.lines(&mut faults);
        let payment_method = self.payment_method(&mut faults);
        let (shipping_address, metadata) = match self.address(&mut faults) {
            Some(address) => (Some(address), None),
            None => (None, self.customer_name),
        };
        let metadata =
            metadata.map(|name| (NAME_KEY.to_owned(), name.as_ref().to_owned())).into_iter().collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Draft {
            customer: Customer { id: self.customer_id, email: self.email, ip: None },
            currency: self.currency,
            lines,
            shipping_address,
            payment: DraftPayment { payment_method },
            metadata,
        })
    }

    fn lines(&self, faults: &mut Vec<Invalid>) -> Vec<DraftLine> {
        // An unknown currency is said once, by the draft; its prices cannot be read.
        let minor_digits = self.currency.parse::<Currency>().ok().map(Currency::minor_digits);
        let mut unit_price = |price: &Option<Price>, pointer: String| {
            let (price, digits) = (price.as_ref()?, minor_digits?);
            price
                .minor_units(digits)
                .map_err(|why| faults.push(unpriced(pointer, why, &self.currency, digits)))
                .ok()
        };
        if let Some(items) = &self.items {
            let line = |(at, item): (usize, &FlatItem)| DraftLine {
                sku: item.sku.clone(),
                quantity: item.quantity.0,
                unit_price: unit_price(&item.price, format!("/items/{at}/price")),
            };
            let lines = items.iter().enumerate().map(line).collect();
            if self.sku.is_some() || self.quantity.is_some() || self.price.is_some() {
                let detail = "an order has either items, or a sku with its quantity and price";
                faults.push(Invalid::new("/items", "either_or", detail));
            }
            return lines;
        }
        let price = unit_price(&self.price, "/price".to_owned());
        if self.sku.is_none() {
            faults.push(Invalid::new("/sku", "missing_field", "missing field `sku`, or `items`"));
        }
        if self.quantity.is_none() {
            faults.push(Invalid::new("/quantity", "missing_field", "missing field `quantity`"));
        }
        let both = self.sku.clone().zip(self.quantity.as_ref().map(|quantity| quantity.0));
        both.map(|(sku, quantity)| DraftLine { sku, quantity, unit_price: price }).into_iter().collect()
    }

    fn payment_method(&self, faults: &mut Vec<Invalid>) -> String {
        match (&self.payment_method, &self.card_number) {
            (Some(method), None) => method.clone(),
            (None, Some(number)) => test_card(number).map(str::to_owned).unwrap_or_else(|| {
                let detail =
                    "only numbers of test cards are taken; send the gateway's token as payment_method";
                faults.push(Invalid::new("/card_number", "card_number_not_taken", detail));
                String::new()
            }),
            (Some(_), Some(_)) => {
                let detail = "a card is named by payment_method or by card_number";
                faults.push(Invalid::new("/card_number", "either_or", detail));
                String::new()
            }
            (None, None) => {
                let detail = "missing field `payment_method`, or `card_number`";
                faults.push(Invalid::new("/payment_method", "missing_field", detail));
                String::new()
            }
        }
    }

    fn address(&self, faults: &mut Vec<Invalid>) -> Option<Address> {
        let Flat { street, street2, city, state, postal_code, country, .. } = self;
        let is_there = [street, street2, city, state, postal_code, country].iter().any(|part| part.is_some());
        if !is_there {
            return None;
        }
        if country.is_none() {
            faults.push(Invalid::new("/country", "missing_field", "an address has a country"));
        }
        Some(Address {
            name: self.customer_name.clone(),
            line1: street.clone(),
            line2: street2.clone(),
            city: city.clone(),
            state: state.clone(),
            postal_code: postal_code.clone(),
            country: country.clone()?,
        })
    }
}

fn unpriced(pointer: String, why: DecimalError, currency: &str, minor_digits: u32) -> Invalid {
    match why {
        DecimalError::Fraction => {
            let detail = format!("{currency} has {minor_digits} digits behind the point");
            Invalid::new(pointer, "too_many_decimals", detail)
        }
        DecimalError::Malformed => {
            Invalid::new(pointer, "invalid_price", "a price is digits with at most one point, as in 19.99")
        }
        DecimalError::Negative | DecimalError::TooLarge => {
            Invalid::new(pointer, "invalid_price", format!("a price cannot be {why}"))
        }
    }
}

fn test_card(number: &str) -> Option<&'static str> {
    let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    TEST_CARDS.iter().find(|(card, _)| *card == digits).map(|(_, token)| *token)
}

/// A whole number, as a number or as text.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;

        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number)
                    .map(Whole)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Whole, E> {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let is_number = digits.bytes().all(|b| b.is_ascii_digit());
                let number = text.parse().ok().filter(|_| is_number);
                number.map(Whole).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(WholeVisitor)
    }
}

/// A decimal price, kept as it was written: what goes through a float is not the price any more.
struct Price(String);

impl Price {
    fn minor_units(&self, minor_digits: u32) -> Result<i64, DecimalError> {
        self.0.parse::<Decimal>()?.minor_units(minor_digits)
    }
}

impl<'de> Deserialize<'de> for Price {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map(Price).map_err(de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Price(text.to_owned())),
            _ => Err(de::Error::custom("invalid type: expected a decimal number, or one as text")),
        }
    }
}
