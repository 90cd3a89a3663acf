//! What a shopper wants: from a stranger's JSON to a cart that can be decided on.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

use crate::types::text::{has_card_number, is_plain};
use crate::types::{Amount, Currency, LineId, Quantity, Sku};

/// The most lines of one order; real baskets reach 675.
pub const LINES_MAX: usize = 1_000;
/// The most characters of a name, a street, an e-mail address, a customer's id.
const TEXT_LENGTH_MAX: usize = 256;
/// The most entries of an order's meta data.
const METADATA_ENTRIES_MAX: usize = 50;
/// The most characters of a meta data key.
const METADATA_KEY_LENGTH_MAX: usize = 40;
/// The most characters of a meta data value.
const METADATA_VALUE_LENGTH_MAX: usize = 500;

/// One thing that is wrong with what was sent, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Invalid {
    /// JSON pointer into the body (RFC 6901).
    pub pointer: String,
    /// Stable word for programs.
    pub code: &'static str,
    /// Sentence for people.
    pub detail: String,
}

impl Invalid {
    /// A fault at a place.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// An order as asked for: well formed, not yet priced.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// Who wants it.
    pub customer: Customer,
    /// ISO 4217 code; must be the store's.
    pub currency: String,
    /// What is wanted; the same SKU may stand on several lines.
    pub lines: Vec<DraftLine>,
    /// Where it goes.
    #[serde(default)]
    pub shipping_address: Option<Address>,
    /// How it is paid.
    pub payment: DraftPayment,
    /// The shop's own notes.
    #[serde(default, deserialize_with = "no_key_twice")]
    pub metadata: BTreeMap<String, String>,
}

/// One line as asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftLine {
    /// Which SKU.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// Minor units apiece; the SKU's own price where it is missing.
    #[serde(default)]
    pub unit_price: Option<i64>,
}

/// How an order is paid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DraftPayment {
    /// The gateway's token for the shopper's card.
    pub payment_method: String,
}

/// Who an order is for. At least an id or an e-mail address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// The shop's own id for a returning customer; guests have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Arc<str>>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Arc<str>>,
    /// Address the order was placed from, as the shop saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

/// A postal address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Arc<str>>,
    /// Street.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line1: Option<Arc<str>>,
    /// Flat, floor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line2: Option<Arc<str>>,
    /// Town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Arc<str>>,
    /// State, county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Arc<str>>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<Arc<str>>,
    /// ISO 3166-1 alpha-2 code.
    pub country: Arc<str>,
}

/// What the catalogue says of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Minor units apiece, where the SKU has a price.
    pub unit_price: Option<Amount>,
}

/// An order that can be decided on: checked, priced, its sums known to fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cart {
    /// Who it is for.
    pub customer: Customer,
    /// The store's currency.
    pub currency: Currency,
    /// At least one line, in the order sent.
    pub lines: Vec<Line>,
    /// Where it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipping_address: Option<Address>,
    /// How it is paid.
    pub payment: PaymentChoice,
    /// The shop's own notes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Sum of the lines; nothing is added to it yet, so it is the total too.
    pub total: Amount,
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// The line's id.
    pub id: LineId,
    /// Which SKU.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// Minor units apiece.
    pub unit_price: Amount,
}

/// How a cart is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentChoice {
    /// The gateway's token for the shopper's card.
    pub payment_method: Arc<str>,
}

impl Draft {
    /// Checks everything that can be checked without the store. An empty list means: well formed.
    pub fn faults(&self) -> Vec<Invalid> {
        let mut faults = Vec::new();
        self.customer.check(&mut faults);
        if self.currency.parse::<Currency>().is_err() {
            faults.push(Invalid::new("/currency", "unknown_currency", "not an ISO 4217 code in use"));
        }
        if self.lines.is_empty() || self.lines.len() > LINES_MAX {
            let detail = format!("an order has 1 to {LINES_MAX} lines");
            faults.push(Invalid::new("/lines", "line_count", detail));
        }
        for (at, line) in self.lines.iter().take(LINES_MAX).enumerate() {
            line.check(at, &mut faults);
        }
        if let Some(address) = &self.shipping_address {
            address.check(&mut faults);
        }
        let method = &self.payment.payment_method;
        check_text("/payment/payment_method", method, 1, TEXT_LENGTH_MAX, &mut faults);
        // It would stand in the journal for ever.
        if has_card_number(method) {
            let detail = "card numbers are not taken; send the gateway's token";
            faults.push(Invalid::new("/payment/payment_method", "card_number_not_taken", detail));
        }
        check_metadata(&self.metadata, &mut faults);
        faults
    }

    /// Prices the draft from the store's currency and catalogue, with an id for each line.
    pub fn priced(
        self,
        store_currency: Currency,
        catalogue: impl Fn(&str) -> Option<Listed>,
        mut line_id: impl FnMut() -> LineId,
    ) -> Result<Cart, Vec<Invalid>> {
        let mut faults = Vec::new();
        if self.currency != store_currency.as_str() {
            let detail = format!("this store sells in {store_currency}");
            faults.push(Invalid::new("/currency", "currency_mismatch", detail));
        }
        let mut total = Some(Amount::ZERO);
        let mut lines = Vec::with_capacity(self.lines.len());
        for (at, line) in self.lines.iter().enumerate() {
            match line.priced(at, &catalogue) {
                Ok((sku, quantity, unit_price)) => {
                    let price = unit_price.times(quantity.units());
                    total = total.zip(price).and_then(|(sum, price)| sum.plus(price));
                    lines.push(Line { id: line_id(), sku, quantity, unit_price });
                }
                Err(fault) => faults.push(fault),
            }
        }
        if total.is_none() {
            faults.push(Invalid::new("/lines", "total_too_large", "the order's total is out of bounds"));
        }
        match total {
            Some(total) if faults.is_empty() => Ok(Cart {
                customer: self.customer,
                currency: store_currency,
                lines,
                shipping_address: self.shipping_address,
                payment: PaymentChoice { payment_method: self.payment.payment_method.into() },
                metadata: self.metadata,
                total,
            }),
            _ => Err(faults),
        }
    }
}

impl DraftLine {
    fn check(&self, at: usize, faults: &mut Vec<Invalid>) {
        if let Err(why) = self.sku.parse::<Sku>() {
            faults.push(Invalid::new(format!("/lines/{at}/sku"), "invalid_sku", why.to_string()));
        }
        if self.quantity().is_none() {
            let detail = format!("a quantity is 1 to {}", crate::types::quantity::QUANTITY_MAX);
            faults.push(Invalid::new(format!("/lines/{at}/quantity"), "invalid_quantity", detail));
        }
        if let Some(price) = self.unit_price
            && price_of(price).is_none()
        {
            let detail = format!("a price is 1 to {} minor units", crate::types::money::AMOUNT_MAX);
            faults.push(Invalid::new(format!("/lines/{at}/unit_price"), "invalid_price", detail));
        }
    }

    fn quantity(&self) -> Option<Quantity> {
        u32::try_from(self.quantity).ok().and_then(Quantity::new)
    }

    fn priced(
        &self,
        at: usize,
        catalogue: &impl Fn(&str) -> Option<Listed>,
    ) -> Result<(Sku, Quantity, Amount), Invalid> {
        let pointer = |field: &str| format!("/lines/{at}/{field}");
        let sku: Sku = self.sku.parse().map_err(|why: crate::types::quantity::SkuError| {
            Invalid::new(pointer("sku"), "invalid_sku", why.to_string())
        })?;
        let quantity = self
            .quantity()
            .ok_or_else(|| Invalid::new(pointer("quantity"), "invalid_quantity", "not a quantity"))?;
        let listed = catalogue(sku.as_str()).ok_or_else(|| {
            Invalid::new(pointer("sku"), "unknown_sku", format!("this store does not sell {sku}"))
        })?;
        let unit_price = match self.unit_price {
            Some(price) => price_of(price),
            None => listed.unit_price.filter(|price| !price.is_zero()),
        }
        .ok_or_else(|| {
            let detail = format!("{sku} has no price of its own: the line must say one");
            Invalid::new(pointer("unit_price"), "price_missing", detail)
        })?;
        Ok((sku, quantity, unit_price))
    }
}

fn price_of(minor: i64) -> Option<Amount> {
    Amount::new(minor).filter(|price| !price.is_zero())
}

impl Customer {
    fn check(&self, faults: &mut Vec<Invalid>) {
        if self.id.is_none() && self.email.is_none() {
            faults.push(Invalid::new("/customer", "customer_unknown", "give an id or an e-mail address"));
        }
        if let Some(id) = &self.id {
            check_text("/customer/id", id, 1, TEXT_LENGTH_MAX, faults);
        }
        if let Some(email) = &self.email {
            check_text("/customer/email", email, 3, TEXT_LENGTH_MAX, faults);
            if !email.contains('@') {
                faults.push(Invalid::new("/customer/email", "invalid_email", "no @ in it"));
            }
        }
    }
}

impl Address {
    fn check(&self, faults: &mut Vec<Invalid>) {
        let fields = [
            ("name", &self.name),
            ("line1", &self.line1),
            ("line2", &self.line2),
            ("city", &self.city),
            ("state", &self.state),
            ("postal_code", &self.postal_code),
        ];
        for (field, value) in fields {
            if let Some(value) = value {
                check_text(&format!("/shipping_address/{field}"), value, 0, TEXT_LENGTH_MAX, faults);
            }
        }
        let is_code = self.country.len() == 2 && self.country.bytes().all(|b| b.is_ascii_uppercase());
        if !is_code {
            let detail = "two capital letters, as in ISO 3166-1";
            faults.push(Invalid::new("/shipping_address/country", "invalid_country", detail));
        }
    }
}

fn check_text(pointer: &str, text: &str, least: usize, most: usize, faults: &mut Vec<Invalid>) {
    let length = text.chars().count();
    if length < least || length > most {
        faults.push(Invalid::new(pointer, "invalid_length", format!("{least} to {most} characters")));
    }
    if !is_plain(text) {
        faults.push(Invalid::new(
            pointer,
            "control_character",
            "control and hidden characters are not taken",
        ));
    }
}

/// Reads notes of which none has two meanings: a map would silently keep the last one of a key.
fn no_key_twice<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Notes;

    impl<'de> Visitor<'de> for Notes {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut notes = BTreeMap::new();
            while let Some(key) = map.next_key::<String>()? {
                if notes.contains_key(&key) {
                    return Err(de::Error::custom(format_args!("duplicate field `{key}`")));
                }
                let value = map.next_value()?;
                notes.insert(key, value);
            }
            Ok(notes)
        }
    }

    deserializer.deserialize_map(Notes)
}

fn check_metadata(metadata: &BTreeMap<String, String>, faults: &mut Vec<Invalid>) {
    if metadata.len() > METADATA_ENTRIES_MAX {
        let detail = format!("at most {METADATA_ENTRIES_MAX} entries");
        faults.push(Invalid::new("/metadata", "too_many_entries", detail));
    }
    for (key, value) in metadata.iter().take(METADATA_ENTRIES_MAX) {
        let pointer = format!("/metadata/{}", key.replace('~', "~0").replace('/', "~1"));
        check_text(&pointer, key, 1, METADATA_KEY_LENGTH_MAX, faults);
        check_text(&pointer, value, 0, METADATA_VALUE_LENGTH_MAX, faults);
    }
}
