//! Which objects are shown whole instead of by id.

use super::trouble::Trouble;

/// What can be shown whole, in order of its bit.
const NAMES: [&str; 7] = [
    "latest_charge",
    "payment_intent",
    "charge",
    "customer",
    "payment_method",
    "balance_transaction",
    "source",
];

/// Names asked for of the object itself, and of the objects shown whole inside it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Expand {
    own: u8,
    inner: u8,
}

const LATEST_CHARGE: u8 = 1;
const INTENT: u8 = 1 << 1;
const CHARGE: u8 = 1 << 2;
const CUSTOMER: u8 = 1 << 3;
const METHOD: u8 = 1 << 4;
const TRANSACTION: u8 = 1 << 5;
const SOURCE: u8 = 1 << 6;

impl Expand {
    /// Notes one `expand[]` value; inside lists the names begin with `data.`.
    pub(crate) fn note(&mut self, value: &str) -> Result<(), Trouble> {
        let cannot = || {
            let message = format!("This property cannot be expanded ({value}).");
            Trouble::invalid("expand", message)
        };
        let bit = |name: &str| {
            let place = NAMES.iter().position(|known| *known == name);
            place.map(|place| 1u8 << place).ok_or_else(cannot)
        };
        let path = value.strip_prefix("data.").unwrap_or(value);
        let (outer, inner) = path.split_once('.').map_or((path, None), |(o, i)| (o, Some(i)));
        self.own |= bit(outer)?;
        if let Some(inner) = inner {
            self.inner |= bit(inner)?;
        }
        Ok(())
    }

    pub(crate) fn latest_charge(self) -> bool {
        self.own & LATEST_CHARGE != 0
    }

    pub(crate) fn intent(self) -> bool {
        self.own & INTENT != 0
    }

    pub(crate) fn charge(self) -> bool {
        self.own & CHARGE != 0
    }

    pub(crate) fn customer(self) -> bool {
        self.own & CUSTOMER != 0
    }

    pub(crate) fn method(self) -> bool {
        self.own & METHOD != 0
    }

    pub(crate) fn transaction(self) -> bool {
        self.own & TRANSACTION != 0
    }

    pub(crate) fn source(self) -> bool {
        self.own & SOURCE != 0
    }

    /// What is asked of an object that is shown whole inside.
    pub(crate) fn inside(self) -> Expand {
        Expand { own: self.inner, inner: 0 }
    }

    /// Shows more than the versions that an answer is remembered by: such an answer is remembered as a text.
    pub(crate) fn is_deep(self) -> bool {
        self.own & !(LATEST_CHARGE | INTENT | CHARGE) != 0 || self.inner != 0
    }

    pub(crate) fn bits(self) -> u16 {
        u16::from(self.own) | u16::from(self.inner) << 8
    }

    pub(crate) fn from_bits(bits: u16) -> Expand {
        Expand { own: bits as u8, inner: (bits >> 8) as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_levels_are_read_and_no_more() {
        let mut expand = Expand::default();
        expand.note("data.latest_charge.balance_transaction").expect("two levels");
        assert!(expand.latest_charge() && !expand.transaction() && expand.inside().transaction());
        assert!(expand.is_deep());
        assert_eq!(Expand::from_bits(expand.bits()), expand);
        for wrong in ["amount", "latest_charge.amount", "latest_charge.payment_intent.customer", ""] {
            assert!(expand.note(wrong).is_err(), "{wrong}");
        }
    }
}
