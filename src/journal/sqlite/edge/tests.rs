//! Pages and headers, each with what does not fit.

use std::fs;

use super::*;

/// A page of so many bytes with these cells, the first at its end.
fn page(bytes: usize, kind: u8, right: Option<u32>, cells: &[Vec<u8>]) -> Vec<u8> {
    let mut page = vec![0; bytes];
    page[0] = kind;
    page[3..5].copy_from_slice(&u16::try_from(cells.len()).expect("few").to_be_bytes());
    let header = if right.is_some() { 12 } else { 8 };
    let mut start = bytes;
    for (nth, cell) in cells.iter().enumerate() {
        start -= cell.len();
        page[start..start + cell.len()].copy_from_slice(cell);
        let at = header + 2 * nth;
        page[at..at + 2].copy_from_slice(&u16::try_from(start).expect("small").to_be_bytes());
    }
    page[5..7].copy_from_slice(&u16::try_from(start).expect("small").to_be_bytes());
    if let Some(right) = right {
        page[8..12].copy_from_slice(&right.to_be_bytes());
    }
    page
}

/// A record of two bytes at a position below 128.
fn record(position: u8) -> Vec<u8> {
    vec![2, position, 0xaa, 0xbb]
}

/// A page's pointer to another, and the last position on that.
fn pointer(key: u8) -> Vec<u8> {
    vec![0, 0, 0, 9, key]
}

fn leaf_page(positions: impl IntoIterator<Item = u8>) -> Vec<u8> {
    page(64, LEAF, None, &positions.into_iter().map(record).collect::<Vec<_>>())
}

fn interior_page(keys: impl IntoIterator<Item = u8>) -> Vec<u8> {
    page(64, INTERIOR, Some(77), &keys.into_iter().map(pointer).collect::<Vec<_>>())
}

/// Where something does not fit, and a word of what.
fn says<T: std::fmt::Debug>(found: Result<T, Misfit>, position: Position, word: &str) {
    let misfit = found.expect_err(word);
    assert!(
        misfit.position == position && misfit.what.contains(word),
        "{misfit:?} is not {position}: {word}"
    );
}

#[test]
fn the_last_page_goes_on_where_the_one_before_ended() {
    assert_eq!(leaf(&leaf_page(1..=3), 0), Ok(3));
    assert_eq!(leaf(&leaf_page(41..=43), 40), Ok(43));
    assert_eq!(leaf(&leaf_page([]), 0), Ok(0), "an empty journal");
    says(leaf(&leaf_page([]), 40), 41, "empty");
    says(leaf(&leaf_page([42]), 40), 41, "no record, but Some(42)");
    says(leaf(&leaf_page([41, 43]), 40), 42, "no record");
    says(leaf(&leaf_page([41, 41]), 40), 42, "no record");
}

#[test]
fn the_last_page_has_neither_holes_nor_room_that_nobody_needs() {
    let changed = |at: usize, value: u8| {
        let mut page = leaf_page(41..=43);
        page[at] = value;
        leaf(&page, 40)
    };
    assert_eq!(changed(7, 0), Ok(43));
    says(changed(1, 1), 44, "holes");
    says(changed(2, 1), 44, "holes");
    says(changed(7, 1), 44, "holes");
    says(changed(6, 51), 44, "more room, or less");
    says(changed(6, 53), 44, "more room, or less");
}

#[test]
fn a_page_above_names_rising_positions_and_the_page_after_them() {
    assert_eq!(interior(&interior_page([10, 20, 30]), 0), Ok((30, 77)));
    assert_eq!(interior(&interior_page([21]), 20), Ok((21, 77)));
    says(interior(&interior_page([20]), 20), 21, "do not rise");
    says(interior(&interior_page([10, 20, 20]), 0), 21, "do not rise");
    says(interior(&interior_page([]), 20), 21, "no page but its last");
}

#[test]
fn cells_stand_inside_their_page_and_behind_its_pointers() {
    let with = |count: u16, at: u16| {
        let mut page = vec![0; 64];
        page[3..5].copy_from_slice(&count.to_be_bytes());
        page[8..10].copy_from_slice(&at.to_be_bytes());
        cells(&page, 8, 6)
    };
    assert_eq!(with(0, 0), Ok(vec![]));
    assert_eq!(with(1, 10), Ok(vec![10]), "right behind the pointers");
    assert_eq!(with(1, 60), Ok(vec![60]), "four bytes before the end");
    says(with(1, 9), 7, "outside");
    says(with(1, 61), 7, "outside");
    says(with(29, 60), 7, "counts 29");
    // As many as there is room for, and none of them has any.
    says(with(28, 60), 7, "outside");
}

#[test]
fn numbers_are_as_long_as_they_say() {
    assert_eq!(varint(&[9, 0x7f], 1), Some((127, 2)));
    assert_eq!(varint(&[0x81, 0x00], 0), Some((128, 2)));
    assert_eq!(varint(&[0xff, 0x7f, 1], 0), Some((16_383, 2)));
    assert_eq!(varint(&[0x81, 0x80, 0x00], 0), Some((16_384, 3)));
    assert_eq!(varint(&[0xff; 9], 0), Some((u64::MAX, 9)), "the ninth byte counts whole");
    assert_eq!(varint(&[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81, 0x02], 0), Some((0x102, 9)));
    assert_eq!((varint(&[0x81], 0), varint(&[1], 1)), (None, None));
}

/// Files of pages: the first of them is the header's.
fn file_of(pages: &[Vec<u8>]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut bytes = vec![0; usize::try_from(PAGE_BYTES).expect("small")];
    for page in pages {
        bytes.extend_from_slice(page);
    }
    fs::write(file.path(), bytes).expect("written");
    file
}

fn large(kind: u8, right: Option<u32>, cells: &[Vec<u8>]) -> Vec<u8> {
    page(usize::try_from(PAGE_BYTES).expect("small"), kind, right, cells)
}

fn end_of(pages: &[Vec<u8>]) -> Result<Position, Misfit> {
    examine(file_of(pages).path()).expect("readable")
}

#[test]
fn the_edge_is_followed_from_the_root_to_the_last_page() {
    let last = |positions: std::ops::RangeInclusive<u8>| {
        large(LEAF, None, &positions.map(record).collect::<Vec<_>>())
    };
    assert_eq!(end_of(&[last(1..=5)]), Ok(5));
    let above = |right, key| large(INTERIOR, Some(right), &[pointer(key)]);
    assert_eq!(end_of(&[above(3, 10), above(4, 20), last(21..=22)]), Ok(22));
    says(end_of(&[above(3, 10), last(12..=13)]), 11, "page 3: there is no record");
    says(end_of(&[above(2, 10)]), 11, "page 2: its keys do not rise");
    for nowhere in [0, 1, 4] {
        says(end_of(&[above(nowhere, 10), last(11..=12)]), 11, &format!("page {nowhere}, of 3"));
    }
    says(end_of(&[large(5 + 8 + 1, None, &[])]), 1, "page 2: it is of kind 14");
    // Nineteen pages above the last are a table still.
    let tower = |height: u8| {
        let mut pages: Vec<Vec<u8>> = (1..=height).map(|nth| above(u32::from(nth) + 2, nth)).collect();
        pages.push(last(height + 1..=height + 1));
        end_of(&pages)
    };
    assert_eq!(tower(19), Ok(20));
    says(tower(20), 21, "deeper");
}

/// A header as making a journal leaves it.
fn header() -> Vec<u8> {
    let mut header = vec![0; HEADER_BYTES];
    for (at, bytes) in HEADER {
        header[*at..*at + bytes.len()].copy_from_slice(bytes);
    }
    (header[18], header[19]) = (2, 2);
    header[60..64].copy_from_slice(&u32::try_from(FORMAT).expect("small").to_be_bytes());
    header[68..72].copy_from_slice(&u32::try_from(APPLICATION_ID).expect("four bytes").to_be_bytes());
    header
}

fn header_with(change: impl FnOnce(&mut Vec<u8>)) -> Result<(), Misfit> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let mut header = header();
    change(&mut header);
    fs::write(file.path(), header).expect("written");
    examine_header(file.path()).expect("readable")
}

#[test]
fn a_header_is_what_it_was_when_the_file_was_made_but_for_its_counts() {
    assert_eq!(header_with(|_| ()), Ok(()));
    for count in [24, 28, 40, 92, 96] {
        assert_eq!(header_with(|header| header[count] = 1), Ok(()), "byte {count}");
    }
    for fixed in [0, 15, 16, 17, 20, 21, 22, 23, 44, 47, 52, 56, 59, 64, 72, 91] {
        says(header_with(|header| header[fixed] ^= 0x40), 1, "no journal's at byte");
    }
    assert_eq!(header_with(|header| (header[18], header[19]) = (1, 1)), Ok(()), "not yet by a log");
    for ways in [(1, 2), (2, 1), (3, 3)] {
        says(header_with(|header| (header[18], header[19]) = ways), 1, "no way of writing");
    }
    assert_eq!(header_with(|header| (header[35], header[39]) = (9, 4)), Ok(()), "free pages");
    says(header_with(|header| header[35] = 9), 1, "free pages");
    says(header_with(|header| header[39] = 9), 1, "free pages");
    says(header_with(|header| header.truncate(HEADER_BYTES - 1)), 1, "shorter");
}

#[test]
fn what_does_not_claim_to_be_of_this_format_is_for_others_to_judge() {
    for marked in [60, 63, 68, 71] {
        let odd = header_with(|header| {
            header[marked] ^= 1;
            header[0] = 0;
        });
        assert_eq!(odd, Ok(()), "byte {marked}");
    }
}

#[test]
fn a_start_that_cannot_be_read_is_no_short_one() {
    let folder = tempfile::tempdir().expect("a directory");
    assert!(examine_header(folder.path()).is_err(), "a directory has no bytes");
}
