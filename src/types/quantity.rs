//! What is counted, and what it is counted of.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::text;

/// The most of one SKU that one line may ask for.
pub const QUANTITY_MAX: u32 = 1_000_000;

/// How many of a SKU: at least 1, at most [`QUANTITY_MAX`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Quantity(u32);

impl Quantity {
    /// A quantity within bounds.
    pub const fn new(units: u32) -> Option<Self> {
        if units >= 1 && units <= QUANTITY_MAX { Some(Self(units)) } else { None }
    }

    /// Units.
    pub const fn units(self) -> u32 {
        self.0
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let units = u32::deserialize(deserializer)?;
        Self::new(units).ok_or_else(|| de::Error::custom(format_args!("a quantity is 1 to {QUANTITY_MAX}")))
    }
}

/// The most bytes a SKU has.
pub const SKU_LENGTH_MAX: usize = 64;

/// A stock keeping unit as the shop spells it: 1–64 bytes, no control characters, no white space at the ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Sku(Arc<str>);

/// Why a text is not a SKU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a SKU is 1 to {SKU_LENGTH_MAX} bytes without control characters or white space at its ends")]
pub struct SkuError;

impl Sku {
    /// The SKU as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Sku {
    type Err = SkuError;

    fn from_str(value: &str) -> Result<Self, SkuError> {
        let fits = (1..=SKU_LENGTH_MAX).contains(&value.len());
        if fits && value.trim() == value && text::is_plain(value) {
            Ok(Self(value.into()))
        } else {
            Err(SkuError)
        }
    }
}

impl std::borrow::Borrow<str> for Sku {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Sku {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skus_of_a_real_shop_are_legal_and_rubbish_is_not() {
        for good in ["POST", "M", "gift_0001_20", "85123A", "a b", "ß/½"] {
            let sku: Sku = good.parse().expect("legal");
            let spelled =
                (sku.as_str().to_owned(), sku.to_string(), format!("{sku:?}"), serde_json::json!(sku));
            let good = good.to_owned();
            assert_eq!(spelled, (good.clone(), good.clone(), good.clone(), good.into()));
        }
        for bad in ["", " a", "a\n", "a\u{0}b", "a\u{202e}b", &"x".repeat(65)] {
            assert!(bad.parse::<Sku>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn quantities_are_at_least_one_and_have_a_bound() {
        let read = |text: &str| serde_json::from_str::<Quantity>(text).ok();
        for (units, is_legal) in [(0, false), (1, true), (QUANTITY_MAX, true), (QUANTITY_MAX + 1, false)] {
            let quantity = Quantity::new(units);
            assert_eq!(quantity.map(Quantity::units), is_legal.then_some(units));
            assert_eq!(read(&units.to_string()), quantity);
            assert_eq!(quantity.map(|quantity| format!("{quantity:?}")), is_legal.then(|| units.to_string()));
        }
        assert_eq!(read("1.5"), None);
    }
}
