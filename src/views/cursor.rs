//! Cursors: where a list goes on, in a form that means nothing to whoever carries it.

use super::error::ViewsError;
use crate::types::StoreId;

/// Which list a cursor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    Orders = 1,
    Items = 2,
    Ledger = 3,
    Reviews = 4,
    Stores = 5,
    Alerts = 6,
    Returns = 7,
}

/// A place in a list of one store, or in the list of all stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    list: List,
    store: u64,
    /// What was shown last.
    pub(super) last: u128,
}

const BYTES: usize = 1 + 8 + 16 + 4;

impl Cursor {
    /// After what was shown last.
    pub(super) fn after(list: List, store: Option<&StoreId>, last: u128) -> Self {
        Self { list, store: store.map_or(0, StoreId::hash), last }
    }

    /// As text.
    pub(super) fn encode(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(2 * BYTES);
        for byte in self.bytes() {
            write!(text, "{byte:02x}").expect("writing to memory");
        }
        text
    }

    /// Where the list of this store goes on. Refuses a cursor of another list, or of another store.
    pub(super) fn decode(text: &str, list: List, store: Option<&StoreId>) -> Result<Self, ViewsError> {
        if text.len() != 2 * BYTES || !text.is_ascii() {
            return Err(ViewsError::Cursor);
        }
        let mut bytes = [0; BYTES];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&text[2 * place..2 * place + 2], 16).map_err(|_| ViewsError::Cursor)?;
        }
        let last: [u8; 16] = bytes[9..25].try_into().map_err(|_| ViewsError::Cursor)?;
        let cursor = Self::after(list, store, u128::from_be_bytes(last));
        if cursor.bytes() == bytes { Ok(cursor) } else { Err(ViewsError::Cursor) }
    }

    fn bytes(&self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[0] = self.list as u8;
        bytes[1..9].copy_from_slice(&self.store.to_be_bytes());
        bytes[9..25].copy_from_slice(&self.last.to_be_bytes());
        let sum = xxhash_rust::xxh3::xxh3_64(&bytes[..25]).to_be_bytes();
        bytes[25..].copy_from_slice(&sum[..4]);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_own_list_only() {
        let (acme, gifts): (StoreId, StoreId) =
            ("acme".parse().expect("legal"), "gifts".parse().expect("legal"));
        let cursor = Cursor::after(List::Orders, Some(&acme), 77);
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text, List::Orders, Some(&acme)).ok(), Some(cursor));
        assert!(Cursor::decode(&text, List::Orders, Some(&gifts)).is_err());
        assert!(Cursor::decode(&text, List::Items, Some(&acme)).is_err());
        assert!(Cursor::decode(&text, List::Orders, None).is_err());
        for bad in ["", "00", "é", &text[1..], &text.replace('4', "5"), &"é".repeat(BYTES)] {
            assert!(Cursor::decode(bad, List::Orders, Some(&acme)).is_err(), "{bad}");
        }
    }
}
