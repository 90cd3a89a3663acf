//! The text of an id and back. Nothing is stored: an id is the object's number and the bank's era.

/// What an id names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Intent,
    Charge,
    Refund,
    Transaction,
    LedgerRow,
    Request,
    Customer,
    Method,
    Endpoint,
    Event,
    Dispute,
}

impl Kind {
    fn prefix(self) -> &'static str {
        match self {
            Kind::Intent => "pi_3",
            Kind::Charge => "ch_3",
            Kind::Refund => "re_3",
            Kind::Transaction => "txn_3",
            Kind::LedgerRow => "led_3",
            Kind::Request => "req_3",
            Kind::Customer => "cus_3",
            Kind::Method => "pm_3",
            Kind::Endpoint => "we_3",
            Kind::Event => "evt_3",
            Kind::Dispute => "dp_3",
        }
    }

    /// What the wire calls it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Kind::Intent => "payment_intent",
            Kind::Charge => "charge",
            Kind::Refund => "refund",
            Kind::Transaction => "balance_transaction",
            Kind::LedgerRow => "ledger row",
            Kind::Request => "request",
            Kind::Customer => "customer",
            Kind::Method => "PaymentMethod",
            Kind::Endpoint => "webhook endpoint",
            Kind::Event => "event",
            Kind::Dispute => "dispute",
        }
    }
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
const NUMBER_DIGITS: usize = 7;
const TAG_DIGITS: usize = 12;

/// Distinguishes this bank's ids from those it gave out before a reset, or in an earlier life without a
/// data file: an id that somebody remembered must not name another payment.
#[derive(Clone, Copy)]
pub(crate) struct Era {
    seed: u64,
    tag: [u8; TAG_DIGITS],
}

impl Era {
    pub(crate) fn new(seed: u64) -> Era {
        let mut tag = [0; TAG_DIGITS];
        let mut rest = xxhash_rust::xxh3::xxh3_64(&seed.to_le_bytes());
        for digit in &mut tag {
            *digit = DIGITS[(rest & 31) as usize];
            rest >>= 5;
        }
        Era { seed, tag }
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Writes the id of object `number`.
    pub(crate) fn write(&self, kind: Kind, number: u32, out: &mut Vec<u8>) {
        out.extend_from_slice(kind.prefix().as_bytes());
        for place in (0..NUMBER_DIGITS).rev() {
            let digit = (u64::from(number) >> (5 * place)) & 31;
            out.push(DIGITS[digit as usize]);
        }
        out.extend_from_slice(&self.tag);
    }

    /// The id of object `number`.
    pub(crate) fn id(&self, kind: Kind, number: u32) -> String {
        let mut out = Vec::with_capacity(24);
        self.write(kind, number, &mut out);
        String::from_utf8(out).expect("ids are plain letters and digits")
    }

    /// The number an id stands for, if it is one of ours.
    pub(crate) fn parse(&self, kind: Kind, id: &str) -> Option<u32> {
        let rest = id.strip_prefix(kind.prefix())?.as_bytes();
        if rest.len() != NUMBER_DIGITS + TAG_DIGITS || rest[NUMBER_DIGITS..] != self.tag {
            return None;
        }
        let mut number = 0u64;
        for byte in &rest[..NUMBER_DIGITS] {
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'v' => byte - b'a' + 10,
                _ => return None,
            };
            number = number << 5 | u64::from(digit);
        }
        u32::try_from(number).ok()
    }

    /// Writes an intent's client secret.
    pub(crate) fn write_secret(&self, number: u32, out: &mut Vec<u8>) {
        self.write(Kind::Intent, number, out);
        out.extend_from_slice(b"_secret_");
        let mut rest = xxhash_rust::xxh3::xxh3_64_with_seed(&number.to_le_bytes(), self.seed);
        for _ in 0..TAG_DIGITS {
            out.push(DIGITS[(rest & 31) as usize]);
            rest >>= 5;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_names_its_object_in_its_era_only() {
        let era = Era::new(1);
        for number in [0, 1, 31, 32, 4_000_000_000, u32::MAX] {
            let id = era.id(Kind::Intent, number);
            assert_eq!(era.parse(Kind::Intent, &id), Some(number));
            assert_eq!(era.parse(Kind::Charge, &id), None);
            assert_eq!(Era::new(2).parse(Kind::Intent, &id), None);
        }
        assert_eq!(era.parse(Kind::Intent, "pi_nonsense"), None);
    }

    #[test]
    fn ids_sort_in_order_of_creation() {
        let era = Era::new(7);
        assert!(era.id(Kind::Intent, 9) < era.id(Kind::Intent, 10));
        assert!(era.id(Kind::Intent, 31) < era.id(Kind::Intent, 32));
    }
}
