//! Ids: one newtype per noun, prefixed on the wire, sortable by the time they were made.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use ulid::Ulid;

use super::clock::Timestamp;

/// Why a text is not the id it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id like {prefix}_… ({length} characters)", length = .prefix.len() + 1 + ulid::ULID_LEN)]
pub struct IdError {
    /// The prefix the id should have had.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// What stands before the underscore on the wire.
            pub const PREFIX: &'static str = $prefix;

            /// The id with exactly these bits.
            pub const fn from_bits(bits: u128) -> Self {
                Self(bits)
            }

            /// The id's bits, in the order in which ids sort.
            pub const fn bits(self) -> u128 {
                self.0
            }

            /// The id's bits as stored: big endian, so that bytes sort as ids do.
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.to_be_bytes()
            }

            /// The id stored as these bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(u128::from_be_bytes(bytes))
            }

            /// The id as on the wire, written into a buffer of the caller.
            pub fn encode<'a>(&self, buffer: &'a mut [u8; 32]) -> &'a str {
                const HEAD: usize = $prefix.len() + 1;
                buffer[..HEAD].copy_from_slice(concat!($prefix, "_").as_bytes());
                let mut digits = [0; ulid::ULID_LEN];
                Ulid(self.0).array_to_str(&mut digits);
                buffer[HEAD..HEAD + ulid::ULID_LEN].copy_from_slice(&digits);
                std::str::from_utf8(&buffer[..HEAD + ulid::ULID_LEN]).expect("base 32 is ASCII")
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.encode(&mut [0; 32]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.encode(&mut [0; 32]))
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = IdError { prefix: $prefix };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(wrong.clone())?;
                if !is_canonical(digits) {
                    return Err(wrong);
                }
                Ulid::from_string(digits).map(|id| Self(id.0)).map_err(|_| wrong)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.serialize_str(self.encode(&mut [0; 32]))
                } else {
                    serializer.serialize_bytes(&self.to_bytes())
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl de::Visitor<'_> for Visitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str(concat!("an id like ", $prefix, "_…"))
                    }
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<$name, E> {
                        let bytes = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
                        Ok($name::from_bytes(bytes))
                    }
                }
                if deserializer.is_human_readable() {
                    deserializer.deserialize_str(Visitor)
                } else {
                    deserializer.deserialize_bytes(Visitor)
                }
            }
        }

        impl From<Ulid> for $name {
            fn from(id: Ulid) -> Self {
                Self(id.0)
            }
        }
    )+};
}

ids! {
    /// An order.
    OrderId = "ord";
    /// A line of an order.
    LineId = "li";
    /// The one payment of an order.
    PaymentId = "pay";
    /// Stock held, then committed, for an order.
    ReservationId = "rsv";
    /// An alert.
    AlertId = "alr";
    /// An event as the outside knows it; derived from its place, never stored.
    EventId = "evt";
}

macro_rules! numbered_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        ///
        /// Spelled as the order's id with another prefix, and from the second on with the number after it: the order
        /// follows from the id, and needs no index.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            order: OrderId,
            number: u32,
        }

        impl $name {
            /// What stands before the first underscore on the wire.
            pub const PREFIX: &'static str = $prefix;

            /// The id of an order's `number`-th, counting from 1.
            pub const fn new(order: OrderId, number: u32) -> Self {
                Self { order, number }
            }

            /// Whose it is.
            pub const fn order(self) -> OrderId {
                self.order
            }

            /// Which of the order's, counting from 1.
            pub const fn number(self) -> u32 {
                self.number
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut digits = [0; ulid::ULID_LEN];
                Ulid(self.order.bits()).array_to_str(&mut digits);
                let digits = std::str::from_utf8(&digits).expect("base 32 is ASCII");
                match self.number {
                    1 => write!(f, concat!($prefix, "_{}"), digits),
                    number => write!(f, concat!($prefix, "_{}_{}"), digits, number),
                }
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let wrong = IdError { prefix: $prefix };
                let rest = text.strip_prefix(concat!($prefix, "_")).ok_or(wrong.clone())?;
                let (digits, number) = match rest.split_once('_') {
                    None => (rest, 1),
                    Some((digits, number)) => (digits, number.parse().map_err(|_| wrong.clone())?),
                };
                let order = Ulid::from_string(digits).map_err(|_| wrong.clone())?;
                let id = Self { order: OrderId(order.0), number };
                // One id, one spelling.
                if number > 0 && id.to_string() == text { Ok(id) } else { Err(wrong) }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )+};
}

numbered_ids! {
    /// Work at one location for an order.
    FulfillmentId = "fo";
    /// A parcel on its way: that of the fulfilment order with the same number.
    ShipmentId = "shp";
    /// A refund of an order's payment.
    RefundId = "ref";
    /// Goods of an order that come back.
    ReturnId = "ret";
}

/// One id, one spelling: lower case, the letters that stand for digits, and what 128 bits cannot hold are refused.
fn is_canonical(digits: &str) -> bool {
    let is_digit = |b: u8| matches!(b, b'0'..=b'9' | b'A'..=b'H' | b'J' | b'K' | b'M' | b'N' | b'P'..=b'T' | b'V'..=b'Z');
    digits.len() == ulid::ULID_LEN
        && digits.bytes().next().is_some_and(|first| first <= b'7')
        && digits.bytes().all(is_digit)
}

impl EventId {
    /// The id of the event at `sequence` of a store: time first, so that ids sort as events happened.
    pub fn of(store: &StoreId, sequence: u64, at: Timestamp) -> Self {
        let millis = u128::try_from(at.millis()).unwrap_or(0) & ((1 << 48) - 1);
        let owner = u128::from(store.hash() & 0xFFFF_FFFF);
        Self(millis << 80 | (u128::from(sequence) & ((1 << 48) - 1)) << 32 | owner)
    }
}

thread_local! {
    /// What the dice of this thread show, where a simulation has said so: a seed, and how often they were rolled.
    static FORESEEN: std::cell::Cell<Option<(u64, u64)>> = const { std::cell::Cell::new(None) };
}

/// From now on this thread's dice show what follows from `seed`: for simulations, whose runs are to repeat.
pub fn foresee(seed: u64) {
    FORESEEN.set(Some((seed, 0)));
}

pub(super) fn foreseen() -> Option<u64> {
    let (seed, rolls) = FORESEEN.get()?;
    FORESEEN.set(Some((seed, rolls + 1)));
    Some(xxhash_rust::xxh3::xxh3_64_with_seed(&rolls.to_le_bytes(), seed))
}

/// Makes ids: the only dice in the program. Ids of one source rise strictly, so lists by id are lists by age.
#[derive(Debug)]
pub struct IdSource {
    last: u128,
    dice: rand::rngs::SmallRng,
}

impl IdSource {
    /// A source whose ids follow from `seed` and the times asked for.
    pub fn seeded(seed: u64) -> Self {
        use rand::SeedableRng;
        Self { last: 0, dice: rand::rngs::SmallRng::seed_from_u64(seed) }
    }

    /// A source nobody can predict; on a thread that was told what comes, one of those.
    #[expect(clippy::disallowed_methods, reason = "the one place that rolls dice")]
    pub fn unpredictable() -> Self {
        Self::seeded(foreseen().unwrap_or_else(rand::random))
    }

    /// The same source, but every id will come after `id`.
    pub fn after(mut self, id: OrderId) -> Self {
        self.last = self.last.max(id.bits());
        self
    }

    /// The next id, not before `now` and not before any earlier one.
    pub fn next<T: From<Ulid>>(&mut self, now: Timestamp) -> T {
        use rand::RngExt;
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let fresh = Ulid::from_parts(millis, self.dice.random::<u128>()).0;
        // Within one millisecond, or when the clock stood back, count on with a gap nobody can guess.
        let gap = u128::from(self.dice.random::<u32>()) + 1;
        self.last = if fresh >> 80 > self.last >> 80 { fresh } else { self.last + gap };
        Ulid(self.last).into()
    }
}

impl OrderId {
    /// No id made at or after a time comes before this one.
    pub fn first_at(at: Timestamp) -> Self {
        let millis = u64::try_from(at.millis()).unwrap_or(0);
        Ulid::from_parts(millis, 0).into()
    }

    /// When it was made, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        let millis = u64::try_from(self.bits() >> 80).unwrap_or(u64::MAX);
        Timestamp::default().plus_millis(millis)
    }
}

/// The most characters a store id has.
pub const STORE_ID_LENGTH_MAX: usize = 64;

/// A tenant's id: 1–64 of `a-z 0-9 - _`, chosen by whoever provisions the store.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct StoreId(Arc<str>);

/// Why a text is not a store id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a store id is 1 to {STORE_ID_LENGTH_MAX} of a-z, 0-9, - and _")]
pub struct StoreIdError;

impl StoreId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A hash that is the same in every run: placement on threads and event ids rest on it.
    pub fn hash(&self) -> u64 {
        xxhash_rust::xxh3::xxh3_64(self.0.as_bytes())
    }
}

impl FromStr for StoreId {
    type Err = StoreIdError;

    fn from_str(text: &str) -> Result<Self, StoreIdError> {
        let legal = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if (1..=STORE_ID_LENGTH_MAX).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(StoreIdError)
        }
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for StoreId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_source_rise_even_when_the_clock_stands_back() {
        let mut source = IdSource::seeded(7);
        let mut last = OrderId::from_bits(0);
        for at in [5_000_000, 5_000_000, 4_000_000, 6_000_000, 0] {
            let id: OrderId = source.next(Timestamp::from_micros(at));
            assert!(id > last, "{id} after {last}");
            last = id;
        }
        for _ in 0..1_000 {
            let id: OrderId = source.next(Timestamp::from_micros(7_000_000));
            assert!(id > last && id.made_at() == Timestamp::from_micros(7_000_000), "{id} after {last}");
            last = id;
        }
    }

    #[test]
    fn only_a_thread_that_was_told_knows_what_comes() {
        let ids = |seed: Option<u64>| {
            let thread = std::thread::spawn(move || {
                if let Some(seed) = seed {
                    foresee(seed);
                }
                let next = || IdSource::unpredictable().next::<OrderId>(Timestamp::default());
                [next(), next(), next()]
            });
            thread.join().expect("it does not panic")
        };
        let told = ids(Some(7));
        assert_eq!(ids(Some(7)), told);
        assert!(
            told[0] != told[1] && told[1] != told[2] && told[0] != told[2],
            "each source is another: {told:?}"
        );
        assert_ne!(ids(Some(8)), told);
        assert_ne!(ids(None), ids(None));
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id: OrderId = IdSource::seeded(1).next(Timestamp::from_micros(1_700_000_000_000_000));
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        assert!(text.to_lowercase().parse::<OrderId>().is_err());
        assert!(text.replace("ord_", "pay_").parse::<OrderId>().is_err());
        assert!(text[..text.len() - 1].parse::<OrderId>().is_err());
        assert!("ord_7ZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<OrderId>().is_ok());
        for bad in [
            "ord_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "ord_01ARZ3NDEKTSV4RRFFQ69G5FAU",
            "ord_O1ARZ3NDEKTSV4RRFFQ69G5FAV",
        ] {
            assert!(bad.parse::<OrderId>().is_err(), "{bad}");
        }
        assert_eq!(serde_json::to_string(&id).ok(), Some(format!("\"{text}\"")));
    }

    #[test]
    fn what_an_order_has_several_of_is_numbered_and_leads_back_to_it() {
        let order: OrderId = IdSource::seeded(1).next(Timestamp::from_micros(1_700_000_000_000_000));
        let spelled = |number| RefundId::new(order, number).to_string();
        assert_eq!(spelled(1), order.to_string().replace("ord_", "ref_"));
        assert_eq!(spelled(12), format!("{}_12", spelled(1)));
        for number in [1, 2, 1_000_000, u32::MAX] {
            let id: RefundId = spelled(number).parse().expect("its own spelling");
            assert_eq!((id.order(), id.number()), (order, number));
        }
        for bad in [format!("{}_1", spelled(1)), format!("{}_0", spelled(1)), format!("{}_02", spelled(1))] {
            assert!(bad.parse::<RefundId>().is_err(), "{bad}");
        }
        assert!(spelled(2).replace("ref_", "ret_").parse::<RefundId>().is_err());
    }

    #[test]
    fn store_ids_are_narrow() {
        for good in ["a", "acme", "shop-1_b", &"x".repeat(64)] {
            let id: StoreId = good.parse().expect("legal");
            assert_eq!(
                (id.as_str(), id.to_string(), format!("{id:?}")),
                (good, good.to_owned(), good.to_owned())
            );
        }
        let hash = |text: &str| text.parse::<StoreId>().map(|id| id.hash());
        assert_eq!(hash("acme"), Ok(xxhash_rust::xxh3::xxh3_64(b"acme")), "placement rests on it");
        assert_ne!(hash("acme"), hash("acma"));
        for bad in ["", "Acme", "a b", "a/b", "ä", "../x", &"x".repeat(65)] {
            assert!(bad.parse::<StoreId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn event_ids_sort_by_time_then_sequence() {
        let store: StoreId = "acme".parse().expect("legal");
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        assert!(EventId::of(&store, 1, at) < EventId::of(&store, 2, at));
        assert!(EventId::of(&store, 9, at) < EventId::of(&store, 1, at.plus_millis(1)));
        // Time in 48 bits, sequence in 48, the store's hash in 32; what does not fit is cut.
        let owner = u128::from(store.hash()) & 0xFFFF_FFFF;
        let parts =
            |sequence, millis| EventId::of(&store, sequence, Timestamp::default().plus_millis(millis)).bits();
        assert_eq!(parts(5, 9), (9 << 80) + (5 << 32) + owner);
        assert_eq!(parts((1 << 48) + 5, (1 << 48) + 9), (9 << 80) + (5 << 32) + owner);
        assert_eq!(parts((1 << 48) - 1, (1 << 48) - 1), (((1 << 96) - 1) << 32) + owner);
    }
}
