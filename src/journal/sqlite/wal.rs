//! A look at SQLite's write-ahead log before SQLite opens it.
//!
//! The log is a header and frames, each a page with a checksum that continues the one before. SQLite reads frames up to
//! the first that does not match and forgets the rest: for a commit that was cut off by a crash this is right, since it was
//! never acknowledged. But the next commit starts only after the one before was synced. So when a frame does not match,
//! and *behind* it a whole commit is followed by frames of the next, then the frame was damaged after it was synced, and
//! what SQLite would forget was acknowledged.
//!
//! What cannot be told apart from a cut-off commit: damage to the very last one.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
const MAGIC: u32 = 0x377f_0682;

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
    let order = if word(&header, 0) & 1 == 0 { u32::from_le_bytes } else { u32::from_be_bytes };
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
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    let mut sum = (word(&header, 24), word(&header, 28));
    let (mut number, mut first_bad, mut after_commit) = (0_u64, None, false);
    while fill(log, &mut frame)? {
        number += 1;
        let own = (word(&frame, 16), word(&frame, 20));
        let continued = checksum(order, checksum(order, sum, &frame[..8]), &frame[FRAME_HEADER_BYTES..]);
        let is_of_this_round = (word(&frame, 8), word(&frame, 12)) == salt;
        let follows = is_of_this_round && continued == own;
        match first_bad {
            // Frames of an earlier round of the log, or the torn end of a commit, unless the chain goes on behind it.
            None if !follows => first_bad = Some(number),
            Some(bad) if follows && after_commit => {
                let what = format!(
                    "frame {bad} of the write-ahead log does not match its checksum, though frame {number} of a later commit does"
                );
                return Ok(Wal::Damaged { what });
            }
            None | Some(_) => {}
        }
        after_commit = is_of_this_round && word(&frame, 4) != 0;
        sum = own;
    }
    Ok(Wal::Sound)
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

fn checksum(order: fn([u8; 4]) -> u32, mut sum: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    for pair in bytes.chunks_exact(8) {
        let at = |place: usize| order(pair[place..place + 4].try_into().expect("four bytes"));
        sum.0 = sum.0.wrapping_add(at(0)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(at(4)).wrapping_add(sum.0);
    }
    sum
}
