//! What makes two orders look alike: stable hashes of who ordered, with what, from where and to where.

use std::borrow::Cow;
use std::net::IpAddr;
use std::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::xxh3_64;

use super::command::Facts;

/// A stable hash of one normalised value; sixteen hexadecimal digits in JSON, which has no integers of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mark(NonZeroU64);

impl Mark {
    /// The mark of a value.
    pub fn of(value: &[u8]) -> Self {
        Self(NonZeroU64::new(xxh3_64(value)).unwrap_or(NonZeroU64::MAX))
    }

    pub(super) const fn bits(self) -> u64 {
        self.0.get()
    }
}

impl Serialize for Mark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 16];
        for (place, digit) in text.iter_mut().rev().enumerate() {
            *digit = DIGITS[usize::from((self.bits() >> (4 * place)) as u8 & 0xF)];
        }
        serializer.serialize_str(std::str::from_utf8(&text).expect("hexadecimal digits are ASCII"))
    }
}

impl<'de> Deserialize<'de> for Mark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        let bits = u64::from_str_radix(&text, 16).map_err(de::Error::custom)?;
        NonZeroU64::new(bits).map(Self).ok_or_else(|| de::Error::custom("a mark is never zero"))
    }
}

/// The marks of one order. What it does not say leaves none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    /// Of the customer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Mark>,
    /// Of the payment method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<Mark>,
    /// Of the e-mail address, in small letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Mark>,
    /// Of street, postal code and country, in small letters and without differences in spacing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Mark>,
    /// Of the IP address; version 4 within version 6 is version 4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<Mark>,
}

/// In what respect orders are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dimension {
    /// The same customer id.
    Customer,
    /// The same payment method.
    Card,
    /// The same e-mail address.
    Email,
    /// The same delivery address.
    Address,
    /// The same IP address.
    Ip,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Dimension; 5] =
        [Dimension::Customer, Dimension::Card, Dimension::Email, Dimension::Address, Dimension::Ip];

    pub(super) const fn place(self) -> usize {
        match self {
            Dimension::Customer => 0,
            Dimension::Card => 1,
            Dimension::Email => 2,
            Dimension::Address => 3,
            Dimension::Ip => 4,
        }
    }
}

impl Marks {
    /// The mark in one dimension.
    pub const fn get(&self, dimension: Dimension) -> Option<Mark> {
        match dimension {
            Dimension::Customer => self.customer,
            Dimension::Card => self.card,
            Dimension::Email => self.email,
            Dimension::Address => self.address,
            Dimension::Ip => self.ip,
        }
    }

    /// The marks of an order whose e-mail address is, normalised, `email`.
    pub(super) fn of(facts: &Facts, email: Option<&str>) -> Self {
        let text = |value: &str| Mark::of(value.trim().as_bytes());
        Self {
            customer: facts.customer_id.as_deref().map(text),
            card: Some(text(&facts.payment_method)),
            email: email.map(|email| Mark::of(email.as_bytes())),
            address: address(facts),
            ip: facts.ip.map(ip),
        }
    }
}

/// An e-mail address without differences that mail servers do not make.
pub(super) fn normal_email(email: &str) -> Cow<'_, str> {
    let email = email.trim();
    if email.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        Cow::Borrowed(email)
    } else {
        Cow::Owned(email.to_lowercase())
    }
}

fn ip(ip: IpAddr) -> Mark {
    match ip.to_canonical() {
        IpAddr::V4(ip) => Mark::of(&ip.octets()),
        IpAddr::V6(ip) => Mark::of(&ip.octets()),
    }
}

fn address(facts: &Facts) -> Option<Mark> {
    // A country alone is no address.
    if facts.address_line.is_none() && facts.postal_code.is_none() {
        return None;
    }
    let mut normal = String::with_capacity(96);
    for (part, gap) in [(&facts.address_line, Some(' ')), (&facts.postal_code, None), (&facts.country, None)]
    {
        for (place, word) in part.as_deref().unwrap_or_default().split_whitespace().enumerate() {
            if place > 0 {
                normal.extend(gap);
            }
            if word.is_ascii() {
                let from = normal.len();
                normal.push_str(word);
                normal[from..].make_ascii_lowercase();
            } else {
                normal.extend(word.chars().flat_map(char::to_lowercase));
            }
        }
        normal.push('\n');
    }
    Some(Mark::of(normal.as_bytes()))
}
