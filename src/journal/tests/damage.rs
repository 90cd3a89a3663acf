//! Damage is found, named and never skipped.

use std::fs;
use std::path::Path;

use super::disk::{directory, open};
use super::*;
use crate::journal::sqlite::{Options, SqliteJournal, read_only};
use crate::journal::verify::Verified;

/// A stopped journal of some megabytes.
fn filled() -> tempfile::TempDir {
    let directory = directory();
    let journal = open(directory.path());
    let mut scribe = Scribe::new(&*journal);
    for batch in 0..20 {
        assert!(scribe.write("a", 1, batch * 1_000 + 1..=batch * 1_000 + 1_000));
    }
    directory
}

fn change(path: &Path, how: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("the file is there");
    how(&mut bytes);
    fs::write(path, bytes).expect("the file can be written");
}

/// Where the body of a sequence stands in the file.
fn find(bytes: &[u8], sequence: u64) -> usize {
    let text = format!(r#""data":{{"n":{sequence}}}"#).into_bytes();
    bytes.windows(text.len()).position(|window| window == text).expect("the record is in the file")
}

fn open_fails(directory: &Path) -> (Position, String) {
    damage(SqliteJournal::open(directory, Options::default()))
}

fn verify(directory: &Path) -> Result<Verified, JournalError> {
    read_only(directory)?.verify(&mut |_| ())
}

#[test]
fn a_flipped_bit_in_the_middle_is_found_where_it_is() {
    let directory = filled();
    change(&directory.path().join("journal.db"), |bytes| {
        let place = find(bytes, 7_000) + 9;
        bytes[place] ^= 1;
    });
    assert_eq!(damage(verify(directory.path())).0, 7_000);
    // Opening looks at the ends only; whoever reads the record is told.
    let journal = open(directory.path());
    let mut reader = journal.reader().expect("a reader");
    reader.read_at(&[6_999, 7_001], &mut |_| Ok(())).expect("its neighbours are whole");
    let (position, what) = damage(reader.read_at(&[7_000], &mut |_| Ok(())));
    assert_eq!(position, 7_000);
    assert!(what.contains("checksum"), "{what}");
    let mut seen = 0;
    let result = reader.read_after(0, usize::MAX, &mut |record| {
        seen = record.position;
        Ok(())
    });
    assert_eq!((damage(result).0, seen), (7_000, 6_999));
}

#[test]
fn damage_at_the_end_is_found_when_opening() {
    let directory = filled();
    change(&directory.path().join("journal.db"), |bytes| {
        let place = find(bytes, 19_500) + 9;
        bytes[place] ^= 1;
    });
    assert_eq!(open_fails(directory.path()).0, 19_500);
}

#[test]
fn no_flipped_bit_anywhere_goes_unnoticed_or_panics() {
    let directory = filled();
    let path = directory.path().join("journal.db");
    let whole = fs::read(&path).expect("the file is there");
    let clean = verify(directory.path()).expect("it is whole");
    let (mut found, mut tried) = (0, 0);
    // Steps that hit headers, cell pointers, interior pages and bodies alike.
    for place in (0..whole.len()).step_by(16_411 * 3) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        fs::write(&path, bytes).expect("the file can be written");
        tried += 1;
        match verify(directory.path()) {
            Err(_) => found += 1,
            // Free space in a page, or a field of the header that says nothing about records.
            Ok(verified) => assert_eq!(verified, clean),
        }
    }
    assert!(found * 10 >= tried * 9, "{found} of {tried}");
}

#[test]
fn a_file_cut_short_is_refused() {
    let directory = filled();
    let path = directory.path().join("journal.db");
    let whole = fs::read(&path).expect("the file is there");
    for length in
        [0, 50, 16_384, 40_000, whole.len() / 16_384 / 2 * 16_384, whole.len() - 1, whole.len() - 16_384]
    {
        fs::write(&path, &whole[..length]).expect("the file can be written");
        let (_, what) = open_fails(directory.path());
        assert!(!what.is_empty(), "cut to {length}");
        damage(verify(directory.path()));
    }
    fs::write(&path, &whole).expect("the file can be written");
    assert_eq!(open(directory.path()).end(), 20_000);
}

#[test]
fn another_file_in_its_place_is_refused() {
    let directory = directory();
    let path = directory.path().join("journal.db");
    fs::write(&path, "this is no database, however long the text may be ".repeat(100)).expect("written");
    open_fails(directory.path());
    fs::remove_file(&path).expect("removed");
    let other = rusqlite::Connection::open(&path).expect("opens");
    other.execute_batch("CREATE TABLE journal (position INTEGER PRIMARY KEY)").expect("creates");
    drop(other);
    assert!(open_fails(directory.path()).1.contains("mark"));
}

#[test]
fn a_format_of_later_or_of_never_is_refused_as_such() {
    let marked = |format: i64| {
        let directory = filled();
        let editor = rusqlite::Connection::open(directory.path().join("journal.db")).expect("opens");
        editor.pragma_update(None, "user_version", format).expect("marked");
        directory
    };
    let refused = SqliteJournal::open(marked(2).path(), Options::default());
    assert!(matches!(refused, Err(JournalError::Format { found: 2, known: 1, .. })));
    assert!(open_fails(marked(0).path()).1.contains("never written"));
}

#[test]
fn a_file_that_goes_on_behind_its_end_is_refused() {
    let directory = filled();
    change(&directory.path().join("journal.db"), |bytes| bytes.extend([0; 16_384]));
    let (position, what) = open_fails(directory.path());
    assert!(position == 1 && what.contains("its header says"), "{what}");
}

#[test]
fn verifying_looks_at_pages_that_hold_no_record() {
    let directory = filled();
    // The table of probes, behind the header and the journal's root.
    change(&directory.path().join("journal.db"), |bytes| bytes[2 * 16_384] = 0xff);
    let read = read_only(directory.path()).expect("no record is concerned");
    assert_eq!(damage(read.verify(&mut |_| ())).0, 1);
}

#[test]
fn records_that_were_taken_out_are_missed() {
    for (sql, position) in [
        ("DELETE FROM journal WHERE position = 4", 4),
        ("DELETE FROM journal WHERE position <= 3", 1),
        ("UPDATE journal SET position = 20002 WHERE position = 20000", 19_979),
    ] {
        let directory = filled();
        let editor = rusqlite::Connection::open(directory.path().join("journal.db")).expect("opens");
        editor.execute_batch(sql).expect("edited");
        drop(editor);
        let found = damage(verify(directory.path())).0;
        assert!(found == position || found == 20_000, "{sql}: {found}");
    }
}

#[test]
fn gaps_in_a_store_and_unreadable_bodies_are_found() {
    let bad_body = || {
        let mut bad = row("a", 2);
        bad.body = b"{}".to_vec();
        bad
    };
    let early = || Row { at: Timestamp::from_micros(0), ..row("a", 2) };
    for second in [row("a", 3), row("a", 1), bad_body(), early()] {
        let directory = directory();
        let journal = open(directory.path());
        let mut scribe = Scribe::new(&*journal);
        let ticket = scribe.append_rows("a", 1, vec![row("a", 1), second]);
        scribe.hear_until(ticket);
        assert_eq!(damage(journal.verify(&mut |_| ())).0, 2);
    }
}

/// A journal as a dead process left it: with a log that was never moved into the file.
fn with_log() -> tempfile::TempDir {
    let (running, left) = (directory(), directory());
    let options = Options { checkpoint_ms: 3_600_000, ..Options::default() };
    let journal = SqliteJournal::open(running.path(), options).expect("the journal opens");
    let mut scribe = Scribe::new(&*journal);
    for sequence in 1..=60 {
        assert!(scribe.write("a", 1, sequence..=sequence));
    }
    for name in ["journal.db", "journal.db-wal"] {
        fs::copy(running.path().join(name), left.path().join(name)).expect("a copy");
    }
    left
}

#[test]
fn a_damaged_log_is_refused_unless_it_is_the_end_that_was_cut_off() {
    let directory = with_log();
    let log = directory.path().join("journal.db-wal");
    let file = directory.path().join("journal.db");
    let (whole, start) = (fs::read(&log).expect("a log"), fs::read(&file).expect("a file"));
    let frame = 24 + 16_384;
    let frames = (whole.len() - 32) / frame;
    let restore = || fs::write(&file, &start).expect("the file can be written");

    // Anything that was synced, in frames or in the log's header.
    for place in [
        3,
        17,
        30,
        32 + 2,
        32 + 9,
        32 + 100,
        32 + 20 * frame + 5_000,
        32 + 30 * frame + 17,
        32 + (frames - 2) * frame + 99,
    ] {
        restore();
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        fs::write(&log, bytes).expect("written");
        let (position, what) = open_fails(directory.path());
        assert!(what.contains("log"), "{what}");
        damage(read_only(directory.path()).map(|_| ()));
        // What stands before the frame is what would be kept.
        restore();
        fs::write(&log, &whole[..32 + place.saturating_sub(32) / frame * frame]).expect("written");
        assert_eq!(position, open(directory.path()).end() + 1, "byte {place}");
    }

    // A commit cut off by a crash: it was never acknowledged.
    for length in [0, 20, 32, 32 + 10, 32 + frame, 32 + 25 * frame + 8_000, whole.len() - 1, whole.len()] {
        restore();
        fs::write(&log, &whole[..length]).expect("written");
        let journal = open(directory.path());
        assert_eq!(read_all(&*journal, 0).len() as Position, journal.end());
        assert_eq!(journal.end() == 60, length == whole.len());
    }
}

#[test]
fn a_log_without_its_file_is_refused() {
    let directory = with_log();
    fs::remove_file(directory.path().join("journal.db")).expect("removed");
    assert!(open_fails(directory.path()).1.contains("missing"));
}

#[test]
fn nothing_is_written_behind_a_log_that_could_not_be_emptied() {
    let directory = with_log();
    let other = rusqlite::Connection::open(directory.path().join("journal.db")).expect("opens");
    other.execute_batch("BEGIN; SELECT count(*) FROM journal;").expect("reads, and goes on reading");
    let journal = open(directory.path());
    assert_eq!(read_all(&*journal, 0).len(), 60, "reads are served");
    assert!(matches!(journal.health(), Health::Refusing(_)));
    let mut scribe = Scribe::new(&*journal);
    assert!(!scribe.write("a", 1, 61..=61));
    other.execute_batch("COMMIT").expect("leaves");
    wait_for(&*journal, |health| *health == Health::Good);
    assert!(scribe.write("a", 2, 61..=61));
}

/// A row that somebody took out of a running journal, the last one included.
#[test]
fn a_record_that_is_gone_is_missed_wherever_it_stood() {
    for gone in [7, 10] {
        let directory = directory();
        let journal = open(directory.path());
        assert!(Scribe::new(&*journal).write("a", 1, 1..=10));
        let mut reader = journal.reader().expect("a reader");
        let thief = rusqlite::Connection::open(directory.path().join("journal.db"))
            .expect("SQLite lets everybody in");
        assert_eq!(thief.execute("DELETE FROM journal WHERE position = ?1", [gone]).expect("taken out"), 1);
        let (position, what) = damage(reader.read_after(0, usize::MAX, &mut |_| Ok(())));
        assert_eq!(position, Position::try_from(gone).expect("positive"));
        assert!(what.contains("there is no record"), "{what}");
    }
}
