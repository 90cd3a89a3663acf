//! Logs as SQLite writes them, changed in every way.

use std::fs;

use super::*;

/// A log as SQLite writes it.
struct Log {
    order: Order,
    page_bytes: usize,
    salt: Sum,
    sum: Sum,
    bytes: Vec<u8>,
    /// Where each commit ends.
    ends: Vec<usize>,
}

impl Log {
    fn new(page_bytes: usize, is_big_endian: bool, salt: Sum) -> Self {
        let order: Order = if is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
        let magic = MAGIC | u32::from(is_big_endian);
        let page = u32::try_from(page_bytes).expect("small");
        let words = [magic, 3_007_000, page, 0, salt.0, salt.1];
        let mut bytes: Vec<u8> = words.into_iter().flat_map(u32::to_be_bytes).collect();
        let sum = checksum(order, (0, 0), &bytes);
        bytes.extend([sum.0, sum.1].into_iter().flat_map(u32::to_be_bytes));
        Self { order, page_bytes, salt, sum, bytes, ends: Vec::new() }
    }

    fn frame(&mut self, page: u32, mark: u32, content: u8) {
        let mut frame: Vec<u8> = [page, mark].into_iter().flat_map(u32::to_be_bytes).collect();
        frame.extend([self.salt.0, self.salt.1].into_iter().flat_map(u32::to_be_bytes));
        let content: Vec<u8> =
            (0..self.page_bytes).map(|at| content.wrapping_mul(31).wrapping_add(at as u8)).collect();
        self.sum = checksum(self.order, checksum(self.order, self.sum, &frame[..8]), &content);
        frame.extend([self.sum.0, self.sum.1].into_iter().flat_map(u32::to_be_bytes));
        frame.extend(content);
        self.bytes.extend(frame);
    }

    /// A commit of these pages, which rise.
    fn commit(&mut self, pages: &[u32], content: u8) {
        for (nth, page) in pages.iter().enumerate() {
            let mark = if nth + 1 == pages.len() { 40 } else { 0 };
            self.frame(*page, mark, content.wrapping_add(nth as u8));
        }
        self.ends.push(self.bytes.len());
    }

    /// Commits of one to three pages, as a journal's are: the last page again and again, and new ones.
    fn filled(page_bytes: usize, is_big_endian: bool, salt: Sum, commits: u8) -> Self {
        let mut log = Self::new(page_bytes, is_big_endian, salt);
        for nth in 0..commits {
            let first = 2 + u32::from(nth) / 3;
            let pages: Vec<u32> = (first..=first + u32::from(nth) % 3).collect();
            log.commit(&pages, nth.wrapping_mul(7).wrapping_add(salt.0 as u8));
        }
        log
    }
}

fn look(bytes: &[u8]) -> Wal {
    read(&mut &*bytes).expect("memory can be read")
}

fn is_damaged(bytes: &[u8]) -> bool {
    matches!(look(bytes), Wal::Damaged { .. })
}

const SALT: Sum = (0x1234_5678, 0x9abc_def0);
const OLD_SALT: Sum = (0x1234_5677, 0x0fed_cba9);

#[test]
fn a_log_is_as_long_as_its_pages() {
    assert_eq!((bytes(0, 4_096), bytes(1, 4_096), bytes(3, 4_096)), (0, 32 + 4_120, 32 + 3 * 4_120));
}

#[test]
fn whole_logs_and_such_as_end_anywhere_are_sound() {
    for is_big_endian in [false, true] {
        let log = Log::filled(64, is_big_endian, SALT, 9);
        for length in 0..=log.bytes.len() {
            assert_eq!(look(&log.bytes[..length]), Wal::Sound, "{length}");
        }
    }
}

#[test]
fn a_header_that_does_not_match_is_damage_unless_nothing_was_ever_written() {
    let log = Log::filled(64, false, SALT, 2);
    for bit in 0..HEADER_BYTES * 8 {
        let mut bytes = log.bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(is_damaged(&bytes) && is_damaged(&bytes[..HEADER_BYTES]), "bit {bit}");
    }
    // A file system that lost the header left noughts; what it lost besides cannot be seen where nothing follows.
    let nought = |behind: usize| vec![0; HEADER_BYTES + behind];
    assert_eq!(look(&nought(0)), Wal::Sound);
    assert_eq!(look(&nought(FRAME_HEADER_BYTES - 1)), Wal::Sound);
    assert!(is_damaged(&nought(FRAME_HEADER_BYTES)));
    let Wal::Damaged { what } = look(&nought(FRAME_HEADER_BYTES)) else { panic!("damage") };
    assert!(what.contains("header"), "{what}");
}

/// Frame 18 of 88 bytes each has its page and mark at the end of one sector and its salt in the next.
#[test]
fn every_bit_of_every_commit_but_the_last_is_missed() {
    for is_big_endian in [false, true] {
        let log = Log::filled(64, is_big_endian, SALT, 13);
        let [.., before, end] = log.ends[..] else { panic!("many commits") };
        for bit in HEADER_BYTES * 8..before * 8 {
            let mut bytes = log.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let number = (bit / 8 - HEADER_BYTES) / 88 + 1;
            let Wal::Damaged { what } = look(&bytes) else {
                panic!("bit {bit} of frame {number} took commits")
            };
            assert!(what.contains(&format!("frame {number} of")), "bit {bit}: {what}");
        }
        for bit in before * 8..end * 8 {
            let mut bytes = log.bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(look(&bytes), Wal::Sound, "bit {bit} of the last commit: it may have been cut off");
        }
    }
}

#[test]
fn damage_names_the_frame_that_goes_on_behind_it() {
    let mut log = Log::new(64, false, SALT);
    log.commit(&[2], 1);
    log.commit(&[2, 3], 2);
    log.commit(&[3], 3);
    log.bytes[HEADER_BYTES + 88 + 40] ^= 1;
    let Wal::Damaged { what } = look(&log.bytes) else { panic!("a commit goes on behind it") };
    assert!(what.contains("frame 2 of") && what.contains("frame 4 of a later commit"), "{what}");
}

/// A commit that was cut off: each of its sectors is there, or what stood there before is.
#[test]
fn a_commit_cut_off_in_any_of_its_sectors_is_no_damage() {
    for page_bytes in [64, 512, 1_024] {
        let old = Log::filled(page_bytes, false, OLD_SALT, 40);
        for commits in 1..20 {
            let log = Log::filled(page_bytes, false, SALT, commits);
            let begin = log.ends.len().checked_sub(2).map_or(HEADER_BYTES, |last| log.ends[last]);
            let end = log.bytes.len();
            let sectors: Vec<usize> = (begin / SECTOR_BYTES..=(end - 1) / SECTOR_BYTES).collect();
            for there in 0..1_u32 << sectors.len().min(10) {
                let mut bytes = old.bytes.clone();
                bytes[..begin].copy_from_slice(&log.bytes[..begin]);
                for (nth, sector) in sectors.iter().enumerate().filter(|(nth, _)| there >> nth & 1 == 1) {
                    let _ = nth;
                    let from = (sector * SECTOR_BYTES).max(begin);
                    let to = ((sector + 1) * SECTOR_BYTES).min(end);
                    bytes[from..to].copy_from_slice(&log.bytes[from..to]);
                }
                assert_eq!(look(&bytes), Wal::Sound, "{commits} commits of {page_bytes}, {there:b}");
            }
        }
    }
}

#[test]
fn what_is_left_of_an_earlier_round_is_none_of_this_one() {
    let old = Log::filled(64, false, OLD_SALT, 30);
    for commits in 1..20 {
        let log = Log::filled(64, false, SALT, commits);
        let mut bytes = old.bytes.clone();
        bytes[..log.bytes.len()].copy_from_slice(&log.bytes);
        assert_eq!(look(&bytes), Wal::Sound);
        let [.., before, _] = log.ends[..] else { continue };
        bytes[before - 1] ^= 0x80;
        assert!(is_damaged(&bytes), "the last commit but one of {commits}");
    }
}

#[test]
fn a_log_that_is_not_there_is_sound_and_one_that_cannot_be_read_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(examine(&folder.path().join("none")).expect("nothing to read"), Wal::Sound);
    assert!(examine(folder.path()).is_err(), "a folder is no log");
    let mut log = Log::filled(64, false, SALT, 3);
    log.bytes[HEADER_BYTES + 60] ^= 1;
    let path = folder.path().join("log");
    fs::write(&path, &log.bytes).expect("written");
    assert!(matches!(examine(&path).expect("readable"), Wal::Damaged { .. }));
    assert!(examine(&path.join("below a file")).is_err(), "whether there is one cannot be told");
}

#[test]
fn the_salt_vouches_for_what_stands_in_its_sector() {
    for page_bytes in [64, 512, 1_024, 4_096] {
        let frame_bytes = FRAME_HEADER_BYTES + page_bytes;
        let starts = (HEADER_BYTES..).step_by(frame_bytes);
        let mut apart = 0;
        for (number, start) in (1..=1_024).zip(starts) {
            let (mark_ends, salt_begins) = (start + 7, start + 8);
            let is_one_sector = mark_ends / SECTOR_BYTES == salt_begins / SECTOR_BYTES;
            assert_eq!(salt_vouches(number, frame_bytes), is_one_sector, "frame {number} of {frame_bytes}");
            apart += usize::from(!is_one_sector);
        }
        assert!(apart > 10, "{apart} of {frame_bytes}");
    }
}

/// The bytes of the second frame of a log, and what is known of the first.
fn second(is_big_endian: bool) -> (Frame, Vec<u8>, Order) {
    let mut log = Log::new(64, is_big_endian, SALT);
    let start = Frame::start(log.sum);
    log.commit(&[0x0102_0304, 0x8070_6051], 9);
    let (first, second) = log.bytes[HEADER_BYTES..].split_at(88);
    (start.next(first, log.order, SALT, 1), second.to_vec(), log.order)
}

#[test]
fn one_flipped_bit_is_found_and_taken_back_and_two_are_not_explained() {
    for is_big_endian in [false, true] {
        let (first, whole, order) = second(is_big_endian);
        let places = (0..8 * 8).chain(FRAME_HEADER_BYTES * 8..whole.len() * 8);
        let flipped = |bits: &[usize]| {
            let mut bytes = whole.clone();
            for bit in bits {
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            // At a place where the salt stands in another sector.
            let mut frame = first.next(&bytes, order, SALT, 18);
            let is_mended = frame.mend(&bytes, order);
            (frame, is_mended)
        };
        for bit in places {
            let (frame, is_mended) = flipped(&[bit]);
            assert!(is_mended && frame.is_sure && frame.link.is_none(), "bit {bit}");
            // What a word's upper bits add may be explained elsewhere as well; content comes first then.
            let is_lower_half = (bit / 8 % 4 < 2) != is_big_endian;
            if is_lower_half {
                assert_eq!((frame.page, frame.mark), (0x8070_6051, 40), "bit {bit}");
            }
        }
        // Bits of one word, of both words of a pair, and far from each other.
        for bits in [[0, 9], [3, 40], [5, 300], [200, 700], [330, 331]] {
            let (frame, is_mended) = flipped(&bits);
            assert!(!is_mended && !frame.is_sure, "bits {bits:?}");
        }
    }
}

#[test]
fn a_frame_goes_on_from_the_one_before_or_from_its_content_or_not() {
    let (first, whole, order) = second(false);
    let next = |before: &Frame, bytes: &[u8], salt, number| {
        let frame = before.next(bytes, order, salt, number);
        (frame.link, frame.is_sure)
    };
    let (vouched, apart) = (2, 18);
    for number in [vouched, apart] {
        assert_eq!(next(&first, &whole, SALT, number), (Some(Link::Carried), true));
        assert_eq!(
            next(&first, &whole, OLD_SALT, number),
            (None, true),
            "its sum is right, and its round is not"
        );
    }
    let mut changed = whole.clone();
    (changed[30], changed[50]) = (!changed[30], !changed[50]);
    assert_eq!(next(&first, &changed, SALT, vouched), (None, true), "the salt vouches");
    assert_eq!(next(&first, &changed, SALT, apart), (None, false));
    assert_eq!(
        next(&first, &changed, OLD_SALT, vouched),
        (None, false),
        "an earlier round vouches for nothing"
    );
    // What the frame before carries was changed, and its content was not.
    let before = Frame { carried: (1, 1), ..Frame::start(first.carried) };
    let before = Frame { reckoned: first.reckoned, ..before };
    assert_eq!(next(&before, &whole, SALT, apart), (Some(Link::Reckoned), true));
    assert_eq!(
        next(&before, &changed, SALT, apart),
        (None, false),
        "that one does not match says nothing of the next"
    );
}

#[test]
fn sums_go_on_from_one_another() {
    let words = |order: Order| checksum(order, (1, 2), &[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]);
    // 1 + 1 + 2 = 4, 2 + 2 + 4 = 8; 4 + 3 + 8 = 15, 8 + 4 + 15 = 27.
    assert_eq!(words(u32::from_be_bytes), (15, 27));
    let shifted = |value: u32| value << 24;
    let first = (1 + shifted(1) + 2, 2 + shifted(2) + 1 + shifted(1) + 2);
    let second = first.0 + shifted(3) + first.1;
    assert_eq!(words(u32::from_le_bytes), (second, first.1 + shifted(4) + second));
    for order in [u32::from_be_bytes as Order, u32::from_le_bytes] {
        assert_eq!(order(order_back(order, 0x0102_0304)), 0x0102_0304);
    }
}
