//! Rising numbers, packed: where in the journal something is to be found, as differences of seven bits a byte.

/// A list of numbers, each larger than the one before. Two bytes a number where records of several stores alternate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Postings {
    bytes: Vec<u8>,
    last: u64,
    count: usize,
}

impl Postings {
    /// The list stored as these bytes; nothing when they are no such list.
    pub(super) fn stored(bytes: &[u8]) -> Option<Self> {
        let mut postings = Self { bytes: bytes.to_vec(), last: 0, count: 0 };
        for value in Decoded::of(bytes) {
            postings.last = value?;
            postings.count += 1;
        }
        Some(postings)
    }

    /// Adds a number. One that is not larger than the last is there already, and stays out.
    pub(super) fn push(&mut self, value: u64) {
        if self.count > 0 && value <= self.last {
            return;
        }
        let mut rest = value - self.last;
        while rest >= 0x80 {
            self.bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        self.bytes.push(rest.to_le_bytes()[0]);
        self.last = value;
        self.count += 1;
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// As stored.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The first number.
    pub(super) fn first(&self) -> Option<u64> {
        Decoded::of(&self.bytes).next().flatten()
    }

    /// Empties the list and returns what it was.
    pub(super) fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// All numbers of a stored list, rising; nothing when the bytes are no such list.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u64>> {
    let mut values = Vec::with_capacity(bytes.len());
    for value in Decoded::of(bytes) {
        values.push(value?);
    }
    Some(values)
}

struct Decoded<'a> {
    rest: &'a [u8],
    last: u64,
}

impl<'a> Decoded<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, last: 0 }
    }
}

impl Iterator for Decoded<'_> {
    type Item = Option<u64>;

    fn next(&mut self) -> Option<Option<u64>> {
        if self.rest.is_empty() {
            return None;
        }
        let mut difference: u64 = 0;
        for (place, byte) in self.rest.iter().enumerate().take(10) {
            difference |= u64::from(byte & 0x7F).checked_shl(7 * u32::try_from(place).ok()?)?;
            if byte & 0x80 == 0 {
                self.rest = &self.rest[place + 1..];
                let Some(value) = self.last.checked_add(difference) else { break };
                self.last = value;
                return Some(Some(value));
            }
        }
        self.rest = &[];
        Some(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_read_back_and_repeats_stay_out() {
        let mut postings = Postings::default();
        let values = [1, 2, 130, 130, 129, 20_000, 5_000_000_000, u64::MAX];
        for value in values {
            postings.push(value);
        }
        let kept = vec![1, 2, 130, 20_000, 5_000_000_000, u64::MAX];
        assert_eq!(decode(postings.bytes()), Some(kept));
        assert_eq!(postings.first(), Some(1));
        assert_eq!(Postings::stored(postings.bytes()), Some(postings));
    }

    #[test]
    fn bytes_that_are_no_list_are_refused() {
        assert_eq!(decode(&[0x80]), None);
        assert_eq!(decode(&[0xFF; 12]), None);
        assert_eq!(decode(&[0x05, 0x81]), None);
    }
}
