//! Every text the bank keeps (metadata, keys, descriptions), packed into pages and named by eight
//! bytes. A text is never changed and never freed before the bank is reset: objects are versions, and
//! old versions go on being answered.

use std::num::NonZeroU64;

const PAGE_BYTES: usize = 1 << 20;
const FIRST_PAGE_BYTES: usize = 1 << 12;

/// Names one text: page (from 1), offset, length.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Text(NonZeroU64);

/// The pages.
#[derive(Default)]
pub(crate) struct Texts {
    pages: Vec<Vec<u8>>,
}

impl Texts {
    /// Keeps a text. The callers' limits hold it far below a page.
    pub(crate) fn put(&mut self, text: &str) -> Text {
        assert!(text.len() < PAGE_BYTES, "texts are bounded at the edge");
        let room = self.pages.last().map_or(0, |page| PAGE_BYTES - page.len());
        if room < text.len() || self.pages.is_empty() {
            let capacity = if self.pages.is_empty() { FIRST_PAGE_BYTES } else { PAGE_BYTES };
            self.pages.push(Vec::with_capacity(capacity));
        }
        let number = self.pages.len() as u64;
        let page = self.pages.last_mut().expect("a page was just made sure of");
        let offset = page.len() as u64;
        page.extend_from_slice(text.as_bytes());
        let packed = number << 40 | offset << 20 | text.len() as u64;
        Text(NonZeroU64::new(packed).expect("pages are numbered from one"))
    }

    /// How much was put in.
    pub(crate) fn bytes_held(&self) -> u64 {
        self.pages.iter().map(|page| page.len() as u64).sum()
    }

    /// The bytes, for copying into an answer.
    pub(crate) fn bytes(&self, text: Text) -> &[u8] {
        let packed = text.0.get();
        let page = (packed >> 40) as usize - 1;
        let offset = (packed >> 20) as usize & (PAGE_BYTES - 1);
        let length = packed as usize & (PAGE_BYTES - 1);
        &self.pages[page][offset..offset + length]
    }

    /// The text itself.
    pub(crate) fn get(&self, text: Text) -> &str {
        std::str::from_utf8(self.bytes(text)).expect("only whole texts are put in")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_whole() {
        let mut texts = Texts::default();
        let long = "é".repeat(300_000);
        let names: Vec<Text> = (0..5).map(|_| texts.put(&long)).collect();
        let empty = texts.put("");
        let short = texts.put("pm_card_visa");
        for name in names {
            assert_eq!(texts.get(name), long);
        }
        assert_eq!(texts.get(empty), "");
        assert_eq!(texts.get(short), "pm_card_visa");
    }
}
