//! A look at SQLite's write-ahead log before SQLite opens it.
//!
//! The log is a header and frames, each a page with a checksum that continues the one before. SQLite reads frames up to
//! the first that does not match and forgets the rest: for a commit that was cut off by a crash this is right, since it was
//! never acknowledged. But the next commit starts only after the one before was synced. So when a frame does not match, and
//! *behind* it a frame of a later commit goes on from where it stood, then the frame was damaged after it was synced, and what
//! SQLite would forget was acknowledged.
//!
//! ```text
//! frame n     frame n+1
//! mark, sum   mark, sum      n+1 goes on from n: from the sum that n carries, or from the one that n's content gives
//! └ a commit ends here: n carries the mark of one, or n+1 has a page number that is not higher (a commit's pages rise)
//! ```
//!
//! A commit that was cut off may be there in any of its sectors, and where it is not there is what was in its place before. So
//! what a frame's header says counts only where it must be of this round: the frame goes on from the one before, the next goes on
//! from its content, its salt stands in the same sector, or one flipped bit explains all that does not match.
//!
//! What cannot be told apart from a cut-off commit: damage to the very last one, and a log that ends early.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const MAGIC: u32 = 0x377f_0682;
/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// How long a log of so many pages is.
pub(super) fn bytes(pages: u64, page_bytes: u64) -> u64 {
    if pages == 0 { 0 } else { HEADER_BYTES as u64 + pages * (FRAME_HEADER_BYTES as u64 + page_bytes) }
}

/// What the log looks like.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wal {
    /// Absent, empty, whole, or cut off in its last commit.
    Sound,
    /// Something that was synced has changed.
    Damaged {
        /// Where.
        what: String,
    },
}

/// Reads the log at `path`.
pub(super) fn examine(path: &Path) -> io::Result<Wal> {
    match File::open(path) {
        Ok(file) => read(&mut BufReader::with_capacity(1 << 20, file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Wal::Sound),
        Err(error) => Err(error),
    }
}

fn read(log: &mut impl Read) -> io::Result<Wal> {
    let mut header = [0; HEADER_BYTES];
    if !fill(log, &mut header)? {
        return Ok(Wal::Sound);
    }
    let order: Order = if word(&header, 0) & 1 == 0 { u32::from_le_bytes } else { u32::from_be_bytes };
    let is_header = word(&header, 0) & !1 == MAGIC
        && checksum(order, (0, 0), &header[..24]) == (word(&header, 24), word(&header, 28));
    let page_bytes = word(&header, 8) as usize;
    if !is_header {
        // A header is synced before any frame follows it, and one sector is written whole or not at all.
        let has_content = header.iter().any(|byte| *byte != 0) || fill(log, &mut [0; FRAME_HEADER_BYTES])?;
        let what = || "the header of the write-ahead log does not match its checksum".into();
        return Ok(if has_content { Wal::Damaged { what: what() } } else { Wal::Sound });
    }
    let salt = (word(&header, 16), word(&header, 20));
    let mut bytes = vec![0; FRAME_HEADER_BYTES + page_bytes];
    let mut before = Frame::start((word(&header, 24), word(&header, 28)));
    let (mut number, mut first_bad) = (0_u64, None);
    while fill(log, &mut bytes)? {
        number += 1;
        let frame = before.next(&bytes, order, salt, number);
        if let (Some(bad), Some(link)) = (first_bad, frame.link)
            && before.ends_a_commit(link, frame.page)
        {
            let what = format!(
                "frame {bad} of the write-ahead log does not match its checksum, though frame {number} of a later commit goes on"
            );
            return Ok(Wal::Damaged { what });
        }
        // Frames of an earlier round of the log, or the torn end of a commit, unless the chain goes on behind it.
        if first_bad.is_none() && frame.link != Some(Link::Carried) {
            first_bad = Some(number);
        }
        before = frame;
    }
    Ok(Wal::Sound)
}

type Sum = (u32, u32);

/// How a frame goes on from the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    /// From the sum that the frame before carries.
    Carried,
    /// From the sum that the content of the frame before gives, and which it does not carry.
    Reckoned,
}

/// What is known of a frame when the next is looked at.
struct Frame {
    page: u32,
    /// How many pages the file has after the commit that this frame ends; 0 where it ends none.
    mark: u32,
    carried: Sum,
    reckoned: Sum,
    link: Option<Link>,
    /// Page and mark are what was written when the sum was.
    is_sure: bool,
}

impl Frame {
    /// What stands before the first frame.
    fn start(sum: Sum) -> Self {
        Self { page: 0, mark: 0, carried: sum, reckoned: sum, link: Some(Link::Carried), is_sure: true }
    }

    fn next(&self, bytes: &[u8], order: Order, salt: Sum, number: u64) -> Self {
        let (page, mark) = (word(bytes, 0), word(bytes, 4));
        let carried = (word(bytes, 16), word(bytes, 20));
        let is_of_this_round = (word(bytes, 8), word(bytes, 12)) == salt;
        let reckoned = reckon(order, self.carried, bytes);
        let is_whole = reckoned == carried;
        let link = if !is_of_this_round {
            None
        } else if is_whole {
            Some(Link::Carried)
        } else if self.reckoned != self.carried && reckon(order, self.reckoned, bytes) == carried {
            Some(Link::Reckoned)
        } else {
            None
        };
        let mut frame = Self { page, mark, carried, reckoned, link, is_sure: is_whole || link.is_some() };
        if !frame.is_sure && is_of_this_round {
            frame.is_sure = salt_vouches(number, bytes.len()) || frame.mend(bytes, order);
        }
        frame
    }

    /// Whether a commit ends with this frame, given the page of the one that goes on from it.
    fn ends_a_commit(&self, link: Link, next_page: u32) -> bool {
        (self.is_sure || link == Link::Reckoned) && (self.mark != 0 || next_page <= self.page)
    }

    /// Whether one flipped bit explains why the content does not give the sum. Takes back a flip of page or mark.
    ///
    /// The sum is linear: what a change of a word adds to it depends on the word's place only.
    fn mend(&mut self, bytes: &[u8], order: Order) -> bool {
        let wanted =
            (self.carried.0.wrapping_sub(self.reckoned.0), self.carried.1.wrapping_sub(self.reckoned.1));
        // What 1 more in the first and in the second word of a pair adds, for the last pair, then for the one before.
        let (mut first, mut second) = ((1_u32, 1_u32), (0_u32, 1_u32));
        let earlier = |(one, other): Sum| (one.wrapping_add(other), one.wrapping_add(other.wrapping_mul(2)));
        let places = (0..8).step_by(8).chain((FRAME_HEADER_BYTES..bytes.len()).step_by(8));
        for place in places.rev() {
            for (at, weight) in [(place, first), (place + 4, second)] {
                let value = order(bytes[at..at + 4].try_into().expect("four bytes"));
                let flip = (0..u32::BITS).map(|bit| 1_u32 << bit).find(|flip| {
                    let change = (value ^ flip).wrapping_sub(value);
                    (weight.0.wrapping_mul(change), weight.1.wrapping_mul(change)) == wanted
                });
                let Some(flip) = flip else { continue };
                // The words of the header are written one way only, sums in the way of the machine.
                let mended = u32::from_be_bytes(order_back(order, value ^ flip));
                match at {
                    0 => self.page = mended,
                    4 => self.mark = mended,
                    _ => {}
                }
                return true;
            }
            (first, second) = (earlier(first), earlier(second));
        }
        false
    }
}

/// Whether page and mark stand in one sector with a part of the salt: then they are of this round if that is.
fn salt_vouches(number: u64, frame_bytes: usize) -> bool {
    let frame_bytes = frame_bytes as u64;
    let start = HEADER_BYTES as u64 + (number - 1) * frame_bytes;
    start % SECTOR_BYTES as u64 != SECTOR_BYTES as u64 - 8
}

fn reckon(order: Order, before: Sum, bytes: &[u8]) -> Sum {
    checksum(order, checksum(order, before, &bytes[..8]), &bytes[FRAME_HEADER_BYTES..])
}

/// How the words that are summed stand in the log.
type Order = fn([u8; 4]) -> u32;

/// The bytes that `order` reads as this value.
fn order_back(order: Order, value: u32) -> [u8; 4] {
    let bytes = value.to_be_bytes();
    if order(bytes) == value { bytes } else { value.to_le_bytes() }
}

/// Fills `buffer`; false when the log ends before.
fn fill(log: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn checksum(order: Order, mut sum: Sum, bytes: &[u8]) -> Sum {
    for pair in bytes.chunks_exact(8) {
        let at = |place: usize| order(pair[place..place + 4].try_into().expect("four bytes"));
        sum.0 = sum.0.wrapping_add(at(0)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(at(4)).wrapping_add(sum.0);
    }
    sum
}

#[cfg(test)]
mod tests;
