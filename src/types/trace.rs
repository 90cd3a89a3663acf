//! The one id under which everything about an order is found, in whoever's books (W3C Trace Context).

use std::fmt;
use std::num::NonZeroU128;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ids::OrderId;

/// How many hexadecimal digits a trace id has.
const DIGITS: usize = 32;

/// A trace id: 32 lower-case hexadecimal digits on the wire, never all noughts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

/// Why a text is no trace id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 32 lower-case hexadecimal digits, not all of them 0")]
pub struct TraceIdError;

impl TraceId {
    /// The trace of an order that came without one: its id's bits, which are as unlikely to be anybody else's.
    pub const fn of_order(id: OrderId) -> Self {
        match NonZeroU128::new(id.bits()) {
            Some(bits) => Self(bits),
            None => Self(NonZeroU128::MIN),
        }
    }

    /// The order whose trace this is, if that order came without one.
    pub const fn as_order(self) -> OrderId {
        OrderId::from_bits(self.0.get())
    }

    /// As stored where bytes are.
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TraceId {
    type Err = TraceIdError;

    fn from_str(text: &str) -> Result<Self, TraceIdError> {
        let is_hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let bits = u128::from_str_radix(text, 16).ok().filter(|_| is_hex && text.len() == DIGITS);
        bits.and_then(NonZeroU128::new).map(Self).ok_or(TraceIdError)
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.to_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for TraceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = TraceId;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a trace id")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<TraceId, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<TraceId, E> {
                let bits = bytes.try_into().map(u128::from_be_bytes).ok().and_then(NonZeroU128::new);
                bits.map(TraceId).ok_or_else(|| E::invalid_length(bytes.len(), &self))
            }
        }
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(Visitor)
        } else {
            deserializer.deserialize_bytes(Visitor)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    #[test]
    fn a_trace_is_read_as_it_is_written_and_nothing_else_is() {
        let trace: TraceId = TEXT.parse().expect("a trace id");
        assert_eq!((trace.to_string(), format!("{trace:?}")), (TEXT.to_owned(), TEXT.to_owned()));
        let no_text = serde_json::from_str::<TraceId>("7").map_err(|error| error.to_string());
        assert!(matches!(&no_text, Err(why) if why.contains("expected a trace id")), "{no_text:?}");
        assert_eq!(serde_json::to_value(trace).expect("JSON"), TEXT);
        let packed = rmp_serde::to_vec(&trace).expect("bytes");
        assert_eq!(rmp_serde::from_slice::<TraceId>(&packed).expect("a trace id"), trace);
        let nought = "0".repeat(32);
        for bad in
            ["", &TEXT[1..], &TEXT.to_uppercase(), &nought, &format!("+{}", &TEXT[1..]), &format!("{TEXT}0")]
        {
            assert_eq!(bad.parse::<TraceId>(), Err(TraceIdError), "{bad}");
        }
    }

    #[test]
    fn an_order_without_one_has_one_of_its_own() {
        let order = OrderId::from_bits(7);
        assert_eq!(TraceId::of_order(order).as_order(), order);
        assert_eq!(TraceId::of_order(order).to_string(), format!("{:032x}", 7));
        assert_ne!(TraceId::of_order(OrderId::from_bits(0)).to_string(), "0".repeat(32), "never all noughts");
    }
}
