//! Columns of a store's orders, by the hundred: all that a filter looks at before it opens an order.
//!
//! A list of a million orders is a few thousand of these, read from the newest; whether an order may match is seen without
//! touching the order. Hashes may agree by chance, so whoever filters by one looks at the order too.

use crate::order::{FulfillmentStatus, PaymentStatus, Placed, Status};
use crate::types::TraceId;

/// How many orders a full segment holds.
pub(super) const SEGMENT_ORDERS: usize = 128;
/// Bytes an order takes: number, time, words, four hashes.
const ENTRY_BYTES: usize = 4 + 4 + 2 + 4 * 4;

/// What a list knows of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// The order's row.
    pub(super) no: u64,
    /// When it was placed, in milliseconds.
    pub(super) created_ms: i64,
    /// Its three words.
    pub(super) words: Words,
    /// Hash of the customer's id; zero for none.
    pub(super) customer: u32,
    /// Hash of the e-mail address in lower case; zero for none.
    pub(super) email: u32,
    /// Hash of the recipient's name in lower case; zero for none.
    pub(super) name: u32,
    /// Hash of the trace that it came with; zero for none.
    pub(super) trace: u32,
}

/// The three words an order is filtered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Words(u16);

impl Words {
    /// Packs three words.
    pub(super) fn of(status: Status, payment: PaymentStatus, fulfillment: FulfillmentStatus) -> Self {
        let place = |at: Option<usize>| u16::try_from(at.unwrap_or(0)).unwrap_or(0);
        let status = place(Status::ALL.iter().position(|one| *one == status));
        let payment = place(PaymentStatus::ALL.iter().position(|one| *one == payment));
        let fulfillment = place(FulfillmentStatus::ALL.iter().position(|one| *one == fulfillment));
        Self(status | payment << 5 | fulfillment << 10)
    }

    /// The words of an order.
    pub(crate) fn of_order(placed: &Placed) -> Self {
        Self::of(placed.status(), placed.payment_status(), placed.fulfillment_status())
    }
}

/// Words asked for, made ready to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct WordsAsked {
    mask: u16,
    bits: u16,
}

impl WordsAsked {
    /// Those that are given; any other word fits.
    pub(super) fn of(
        status: Option<Status>,
        payment: Option<PaymentStatus>,
        fulfillment: Option<FulfillmentStatus>,
    ) -> Self {
        let mut asked = Self::default();
        let mut ask = |shift: u16, place: Option<usize>| {
            if let Some(place) = place.and_then(|place| u16::try_from(place).ok()) {
                asked.mask |= 0x1F << shift;
                asked.bits |= place << shift;
            }
        };
        ask(0, status.and_then(|word| Status::ALL.iter().position(|one| *one == word)));
        ask(5, payment.and_then(|word| PaymentStatus::ALL.iter().position(|one| *one == word)));
        ask(10, fulfillment.and_then(|word| FulfillmentStatus::ALL.iter().position(|one| *one == word)));
        asked
    }

    /// Whether the words of an order are these.
    pub(super) fn fit(self, Words(bits): Words) -> bool {
        bits & self.mask == self.bits
    }
}

impl Entry {
    /// What a list knows of an order in row `no`.
    pub(super) fn of(no: u64, placed: &Placed) -> Self {
        let cart = &placed.cart;
        let name = cart.shipping_address.as_ref().and_then(|address| address.name.as_deref());
        Self {
            no,
            created_ms: placed.created_at.millis(),
            words: Words::of_order(placed),
            customer: cart.customer.id.as_deref().map_or(0, hash),
            email: cart.customer.email.as_deref().map_or(0, hash_folded),
            name: name.map_or(0, hash_folded),
            trace: placed.trace_id.map_or(0, hash_trace),
        }
    }
}

/// A hash of text as it is; never zero.
pub(super) fn hash(text: &str) -> u32 {
    let [a, b, c, d, ..] = xxhash_rust::xxh3::xxh3_64(text.as_bytes()).to_le_bytes();
    u32::from_le_bytes([a, b, c, d]).max(1)
}

/// A hash of text whatever its case; never zero.
pub(super) fn hash_folded(text: &str) -> u32 {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        hash(text)
    } else {
        hash(&text.to_lowercase())
    }
}

/// A hash of a trace; never zero.
pub(super) fn hash_trace(trace: TraceId) -> u32 {
    let [a, b, c, d, ..] = xxhash_rust::xxh3::xxh3_64(&trace.to_bytes()).to_le_bytes();
    u32::from_le_bytes([a, b, c, d]).max(1)
}

/// Orders of one store in rising order of rows: full and for good, or the one that still grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Segment {
    /// Row and time that the entries count from.
    base: Option<(u64, i64)>,
    bytes: Vec<u8>,
}

/// Bytes that stand before the entries.
const BASE_BYTES: usize = 16;

impl Segment {
    /// The segment stored as these bytes; nothing when they are none.
    pub(super) fn stored(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (base, entries) = split(bytes)?;
        Some(Self { base: Some(base), bytes: entries.to_vec() })
    }

    /// As stored.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let Some((no, ms)) = self.base else { return Vec::new() };
        let mut bytes = Vec::with_capacity(BASE_BYTES + self.bytes.len());
        bytes.extend_from_slice(&no.to_le_bytes());
        bytes.extend_from_slice(&ms.to_le_bytes());
        bytes.extend_from_slice(&self.bytes);
        bytes
    }

    /// How many orders it holds.
    pub(super) fn count(&self) -> usize {
        self.bytes.len() / ENTRY_BYTES
    }

    /// The row of its first order.
    pub(super) fn first(&self) -> Option<u64> {
        self.base.map(|(no, _)| no)
    }

    /// Whether the order in row `no` would be here.
    pub(super) fn spans(&self, no: u64) -> bool {
        let Some((first, _)) = self.base else { return false };
        let last =
            self.bytes.len().checked_sub(ENTRY_BYTES).map_or(0, |at| u64::from(number(&self.bytes, at)));
        (first..=first.saturating_add(last)).contains(&no)
    }

    /// Adds an order. Says no when the segment is full, or when the order is too far from its first.
    pub(super) fn push(&mut self, entry: &Entry) -> bool {
        let (no, ms) = *self.base.get_or_insert((entry.no, entry.created_ms));
        let no = entry.no.checked_sub(no).and_then(|no| u32::try_from(no).ok());
        let ms = entry.created_ms.checked_sub(ms).and_then(|ms| u32::try_from(ms).ok());
        let (Some(no), Some(ms)) = (no, ms) else { return false };
        if self.count() >= SEGMENT_ORDERS {
            return false;
        }
        let Words(words) = entry.words;
        self.bytes.extend_from_slice(&no.to_le_bytes());
        self.bytes.extend_from_slice(&ms.to_le_bytes());
        self.bytes.extend_from_slice(&words.to_le_bytes());
        for hash in [entry.customer, entry.email, entry.name, entry.trace] {
            self.bytes.extend_from_slice(&hash.to_le_bytes());
        }
        true
    }

    /// Changes the words of the order in row `no`; returns whether anything changed.
    pub(super) fn set_words(&mut self, no: u64, Words(words): Words) -> bool {
        let Some((first, _)) = self.base else { return false };
        let Some(wanted) = no.checked_sub(first).and_then(|no| u32::try_from(no).ok()) else { return false };
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = (low + high) / 2;
            if number(&self.bytes, middle * ENTRY_BYTES) < wanted { low = middle + 1 } else { high = middle }
        }
        let at = low * ENTRY_BYTES;
        if low >= self.count() || number(&self.bytes, at) != wanted {
            return false;
        }
        let place = &mut self.bytes[at + 8..at + 10];
        let is_new = place != words.to_le_bytes();
        place.copy_from_slice(&words.to_le_bytes());
        is_new
    }
}

/// The row and the time, in milliseconds, of the first order of a stored segment.
pub(super) fn base(bytes: &[u8]) -> Option<(u64, i64)> {
    split(bytes).map(|(base, _)| base)
}

/// Calls `each` for every order of a stored segment, newest first, until it says to stop. Returns whether to go on, or
/// nothing when the bytes are no segment.
pub(super) fn newest_first(bytes: &[u8], mut each: impl FnMut(&Stored<'_>) -> bool) -> Option<bool> {
    if bytes.is_empty() {
        return Some(true);
    }
    let (base, entries) = split(bytes)?;
    for entry in entries.rchunks_exact(ENTRY_BYTES) {
        if !each(&Stored { base, bytes: entry.first_chunk()? }) {
            return Some(false);
        }
    }
    Some(true)
}

/// What a stored segment knows of an order, read where it is asked for.
pub(super) struct Stored<'a> {
    base: (u64, i64),
    bytes: &'a [u8; ENTRY_BYTES],
}

impl Stored<'_> {
    /// The order's row.
    pub(super) fn no(&self) -> u64 {
        self.base.0.saturating_add(u64::from(number(self.bytes, 0)))
    }

    /// When it was placed, in milliseconds.
    pub(super) fn created_ms(&self) -> i64 {
        self.base.1.saturating_add(i64::from(number(self.bytes, 4)))
    }

    /// Its three words.
    pub(super) fn words(&self) -> Words {
        Words(u16::from_le_bytes([self.bytes[8], self.bytes[9]]))
    }

    /// Hash of the customer's id.
    pub(super) fn customer(&self) -> u32 {
        number(self.bytes, 10)
    }

    /// Hash of the e-mail address.
    pub(super) fn email(&self) -> u32 {
        number(self.bytes, 14)
    }

    /// Hash of the recipient's name.
    pub(super) fn name(&self) -> u32 {
        number(self.bytes, 18)
    }

    /// Hash of the trace that it came with.
    pub(super) fn trace(&self) -> u32 {
        number(self.bytes, 22)
    }
}

fn split(bytes: &[u8]) -> Option<((u64, i64), &[u8])> {
    let (no, rest) = bytes.split_first_chunk::<8>()?;
    let (ms, entries) = rest.split_first_chunk::<8>()?;
    let is_whole = !entries.is_empty() && entries.len().is_multiple_of(ENTRY_BYTES);
    is_whole.then_some(((u64::from_le_bytes(*no), i64::from_le_bytes(*ms)), entries))
}

fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(no: u64) -> Entry {
        let words = Words::of(Status::Pending, PaymentStatus::Awaiting, FulfillmentStatus::NotFulfilled);
        Entry {
            no,
            created_ms: 1_700_000_000_000 + i64::try_from(no).unwrap_or(0),
            words,
            customer: 1,
            email: 2,
            name: 3,
            trace: 4,
        }
    }

    #[test]
    fn a_segment_is_read_back_newest_first_and_changed_in_place() {
        let mut segment = Segment::default();
        for no in 1..=SEGMENT_ORDERS as u64 {
            assert!(segment.push(&entry(no * 3)));
        }
        assert!(!segment.push(&entry(10_000)), "full");
        let confirmed =
            Words::of(Status::Confirmed, PaymentStatus::Captured, FulfillmentStatus::NotFulfilled);
        assert!(segment.set_words(9, confirmed));
        assert!(!segment.set_words(9, confirmed), "nothing new");
        assert!(!segment.set_words(10, confirmed), "not there");
        let bytes = segment.to_bytes();
        assert_eq!(Segment::stored(&bytes).as_ref(), Some(&segment));
        let mut found = Vec::new();
        let whole = newest_first(&bytes, |stored| {
            found.push(Entry {
                no: stored.no(),
                created_ms: stored.created_ms(),
                words: stored.words(),
                customer: stored.customer(),
                email: stored.email(),
                name: stored.name(),
                trace: stored.trace(),
            });
            true
        });
        assert_eq!(whole, Some(true));
        assert_eq!(found.len(), SEGMENT_ORDERS);
        assert_eq!(found.last(), Some(&entry(3)));
        for (asked, expected) in [
            (WordsAsked::of(Some(Status::Confirmed), None, None), 1),
            (WordsAsked::of(Some(Status::Pending), Some(PaymentStatus::Captured), None), 0),
            (WordsAsked::of(Some(Status::Pending), Some(PaymentStatus::Awaiting), None), SEGMENT_ORDERS - 1),
            (WordsAsked::of(None, None, Some(FulfillmentStatus::NotFulfilled)), SEGMENT_ORDERS),
            (WordsAsked::default(), SEGMENT_ORDERS),
        ] {
            assert_eq!(found.iter().filter(|entry| asked.fit(entry.words)).count(), expected);
        }
    }

    #[test]
    fn an_order_far_from_the_first_begins_a_segment() {
        let mut segment = Segment::default();
        assert!(segment.push(&entry(1)));
        assert!(!segment.push(&entry(6_000_000_000)));
        assert_eq!(segment.count(), 1);
    }

    #[test]
    fn damage_is_seen() {
        assert_eq!(Segment::stored(&[1, 2, 3]), None);
        assert_eq!(newest_first(&[0; 17], |_| true), None);
    }
}
