//! Money: whole minor units, checked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most that one order, payment or refund may come to, in minor units. Above any real basket, and far
/// enough below `i64::MAX` that sums over a store's life cannot reach it.
pub const AMOUNT_MAX: i64 = 99_999_999_999;

/// An amount of money in minor units of a currency that the context knows. Never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// No money.
    pub const ZERO: Amount = Amount(0);

    /// An amount from minor units, when they are not negative and not above [`AMOUNT_MAX`].
    pub const fn new(minor: i64) -> Option<Self> {
        if minor >= 0 && minor <= AMOUNT_MAX { Some(Self(minor)) } else { None }
    }

    /// Minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum, when it is within bounds.
    pub fn plus(self, other: Amount) -> Option<Amount> {
        self.0.checked_add(other.0).and_then(Self::new)
    }

    /// What remains, when `other` is not more.
    pub fn minus(self, other: Amount) -> Option<Amount> {
        self.0.checked_sub(other.0).and_then(Self::new)
    }

    /// That many times this amount, when it is within bounds.
    pub fn times(self, count: u32) -> Option<Amount> {
        self.0.checked_mul(i64::from(count)).and_then(Self::new)
    }

    /// Whether this is no money at all.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_stay_within_bounds() {
        let most = Amount::new(AMOUNT_MAX).expect("the bound itself is legal");
        let one = Amount::new(1).expect("legal");
        assert_eq!(Amount::new(-1), None);
        assert_eq!(most.plus(one), None);
        assert_eq!(Amount::ZERO.minus(one), None);
        assert_eq!(most.times(2), None);
        assert_eq!(most.times(u32::MAX), None);
        assert_eq!(one.times(7).map(Amount::minor), Some(7));
        assert_eq!((format!("{one}"), format!("{one:?}")), ("1".to_owned(), "1".to_owned()));
    }
}
