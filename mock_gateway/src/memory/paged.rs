//! A list in pages: growing never moves what is already there.

const PAGE_BITS: u32 = 12;
const PAGE_ROWS: usize = 1 << PAGE_BITS;

/// An append-only list addressed by row number.
pub(crate) struct Paged<T> {
    pages: Vec<Vec<T>>,
    rows: usize,
    released_pages: usize,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Paged { pages: Vec::new(), rows: 0, released_pages: 0 }
    }
}

impl<T> Paged<T> {
    /// How many rows were ever pushed; also the number of the next one.
    pub(crate) fn len(&self) -> u32 {
        self.rows as u32
    }

    /// Appends and returns the new row's number.
    pub(crate) fn push(&mut self, row: T) -> u32 {
        let number = u32::try_from(self.rows).expect("a bank holds fewer than four billion rows");
        if self.rows >> PAGE_BITS == self.pages.len() {
            // The first page grows like any Vec, so that a small bank stays small.
            let capacity = if self.pages.is_empty() { 0 } else { PAGE_ROWS };
            self.pages.push(Vec::with_capacity(capacity));
        }
        let page = self.pages.last_mut().expect("a page was just made sure of");
        page.push(row);
        self.rows += 1;
        number
    }

    /// The row of this number, unless it was never pushed or has been released.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        let number = number as usize;
        self.pages.get(number >> PAGE_BITS)?.get(number & (PAGE_ROWS - 1))
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let number = number as usize;
        self.pages.get_mut(number >> PAGE_BITS)?.get_mut(number & (PAGE_ROWS - 1))
    }

    /// Frees whole pages that hold only rows below `number`.
    pub(crate) fn release_before(&mut self, number: u32) {
        while self.released_pages < (number as usize) >> PAGE_BITS {
            self.pages[self.released_pages] = Vec::new();
            self.released_pages += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_numbers_over_page_borders() {
        let mut list = Paged::default();
        for n in 0..10_000u32 {
            assert_eq!(list.push(n), n);
        }
        assert_eq!(list.len(), 10_000);
        assert_eq!(list.get(4_095), Some(&4_095));
        assert_eq!(list.get(4_096), Some(&4_096));
        assert_eq!(list.get(10_000), None);
    }

    #[test]
    fn released_pages_are_gone_and_the_rest_stays() {
        let mut list = Paged::default();
        for n in 0..10_000u32 {
            list.push(n);
        }
        list.release_before(5_000);
        assert_eq!(list.get(4_095), None);
        assert_eq!(list.get(4_096), Some(&4_096));
        assert_eq!(list.push(7), 10_000);
    }
}
