//! A look at the right-hand edge of the table, past SQLite: from its root down to the page that ends it.
//!
//! A record carries a sum, so damage to it shows when it is read. Damage to the pages around it may keep it from ever being
//! read: a page that counts fewer records than it holds, or a pointer to another page than the last, and SQLite finds a whole
//! journal that ends early. What it does not compare is compared here. Records are only ever added at the end, so
//!
//! - below the last pointer of a page stand the positions that follow the last one it names, without a gap;
//! - the last page uses all room from its newest record on, and has no holes;
//! - the header, but for counts and the mark of the format, is what it was when the file was made.
//!
//! Reads the file by a handle of its own, which takes SQLite's locks on it along when it is closed: so no connection of this
//! process may be open.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use super::file::{APPLICATION_ID, FORMAT, PAGE_BYTES};
use crate::journal::Position;

/// The table's root: it is the first that was made.
pub(super) const ROOT: u32 = 2;
/// What stands at the file's start, by offset. Mark and format are for others to judge, counts change.
const HEADER: &[(usize, &[u8])] = &[
    (0, b"SQLite format 3\0"),
    (16, &[0x40, 0]),
    (20, &[0, 64, 32, 32]),
    (44, &[0, 0, 0, 4]),
    // No vacuum, UTF-8.
    (52, &[0, 0, 0, 0]),
    (56, &[0, 0, 0, 1]),
    (64, &[0, 0, 0, 0]),
    (72, &[0; 20]),
];
const HEADER_BYTES: usize = 100;
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;
/// Deeper is no table of this many pages.
const DEPTH_MAX: u32 = 20;

/// What does not fit, and the first position that cannot be vouched for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) position: Position,
    pub(super) what: String,
}

fn misfit<T>(position: Position, what: impl Into<String>) -> Result<T, Misfit> {
    Err(Misfit { position, what: what.into() })
}

/// The start of the file at `path` is that of a journal. Says nothing of a file that does not claim to be of this format.
pub(super) fn examine_header(path: &Path) -> io::Result<Result<(), Misfit>> {
    let mut header = [0; HEADER_BYTES];
    match File::open(path)?.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Ok(misfit(1, "the file is shorter than its header"));
        }
        Err(error) => return Err(error),
    }
    let (mark, format) = (long(&header, 68), long(&header, 60));
    if i64::from(mark) != APPLICATION_ID || i64::from(format) != FORMAT {
        return Ok(Ok(()));
    }
    let changed = HEADER.iter().find(|(at, bytes)| header[*at..*at + bytes.len()] != **bytes);
    if let Some((at, _)) = changed {
        return Ok(misfit(1, format!("the file's header is no journal's at byte {at}")));
    }
    // Read and written by a log; or not yet, where making the file was disturbed.
    if ![[2, 2], [1, 1]].contains(&[header[18], header[19]]) {
        return Ok(misfit(1, "the file's header names no way of writing it"));
    }
    if (long(&header, 32) == 0) != (long(&header, 36) == 0) {
        return Ok(misfit(1, "the file's header does not agree with itself on its free pages"));
    }
    Ok(Ok(()))
}

/// The position of the last record in the file at `path`, as the file alone has it.
pub(super) fn examine(path: &Path) -> io::Result<Result<Position, Misfit>> {
    let mut file = File::open(path)?;
    let pages = file.metadata()?.len() / PAGE_BYTES;
    let (mut page, mut before) = (ROOT, 0);
    for _ in 0..DEPTH_MAX {
        if page < ROOT || u64::from(page) > pages {
            return Ok(misfit(before + 1, format!("a pointer goes to page {page}, of {pages}")));
        }
        let mut bytes = vec![0; usize::try_from(PAGE_BYTES).expect("a page fits into memory")];
        file.seek(SeekFrom::Start(u64::from(page - 1) * PAGE_BYTES))?;
        file.read_exact(&mut bytes)?;
        let found = match bytes[0] {
            INTERIOR => interior(&bytes, before),
            LEAF => return Ok(leaf(&bytes, before).map_err(|misfit| misfit.on(page))),
            kind => misfit(before + 1, format!("it is of kind {kind}")),
        };
        match found {
            Ok((last, right)) => (before, page) = (last, right),
            Err(misfit) => return Ok(Err(misfit.on(page))),
        }
    }
    Ok(misfit(before + 1, "the table is deeper than any"))
}

impl Misfit {
    fn on(self, page: u32) -> Self {
        Self { what: format!("page {page}: {}", self.what), ..self }
    }
}

/// The last position that the page names, and the page with those after it.
fn interior(bytes: &[u8], before: Position) -> Result<(Position, u32), Misfit> {
    let mut last = before;
    for cell in cells(bytes, 12, before)? {
        let key = varint(bytes, cell + 4).map(|(key, _)| key);
        match key {
            Some(key) if key > last => last = key,
            _ => return misfit(last + 1, "its keys do not rise"),
        }
    }
    if last == before {
        return misfit(last + 1, "it names no page but its last");
    }
    Ok((last, long(bytes, 8)))
}

/// The last position on the last page.
fn leaf(bytes: &[u8], before: Position) -> Result<Position, Misfit> {
    let cells = cells(bytes, 8, before)?;
    let mut last = before;
    for &cell in &cells {
        let position =
            varint(bytes, cell).and_then(|(_, at)| varint(bytes, at)).map(|(position, _)| position);
        if position != Some(last + 1) {
            return misfit(last + 1, format!("there is no record, but {position:?}"));
        }
        last += 1;
    }
    let newest = cells.last().map_or(bytes.len(), |cell| *cell);
    if usize::from(short(bytes, 5)) != newest {
        return misfit(last + 1, "it uses more room, or less, than its records need");
    }
    if short(bytes, 1) != 0 || bytes[7] != 0 {
        return misfit(last + 1, "it has holes");
    }
    if last == before && before > 0 {
        return misfit(last + 1, "it is empty");
    }
    Ok(last)
}

/// Where a page's cells start, in their order.
fn cells(bytes: &[u8], header_bytes: usize, before: Position) -> Result<Vec<usize>, Misfit> {
    let count = usize::from(short(bytes, 3));
    let end = header_bytes + 2 * count;
    if end > bytes.len() {
        return misfit(before + 1, format!("it counts {count} cells"));
    }
    let cells: Vec<usize> = (header_bytes..end).step_by(2).map(|at| usize::from(short(bytes, at))).collect();
    if cells.iter().any(|cell| *cell < end || *cell + 4 > bytes.len()) {
        return misfit(before + 1, "one of its cells stands outside of it");
    }
    Ok(cells)
}

/// SQLite's number of one to nine bytes, and where it ends.
fn varint(bytes: &[u8], start: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for at in 0..9 {
        let byte = *bytes.get(start + at)?;
        if at == 8 {
            return Some((value << 8 | u64::from(byte), start + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            return Some((value, start + at + 1));
        }
    }
    None
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests;
