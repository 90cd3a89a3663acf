//! What the file system and SQLite say, and what that means.

use super::super::check::emptied;
use super::super::checkpoint::Log;
use super::*;

#[test]
fn a_log_that_cannot_be_looked_for_is_not_taken_for_none() {
    let folder = tempfile::tempdir().expect("a directory");
    let path = folder.path().join("journal.db");
    assert!(matches!(has_log(&path), Ok(false)), "there is none");
    fs::write(beside(&path, "-wal"), "").expect("written");
    assert!(matches!(has_log(&path), Ok(false)), "nothing stands in it");
    fs::write(beside(&path, "-wal"), "x").expect("written");
    assert!(matches!(has_log(&path), Ok(true)));
    fs::write(&path, "").expect("written");
    assert!(has_log(&path.join("below a file")).is_err());
}

#[test]
fn only_what_can_pass_is_a_refusal() {
    let said = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
    let table = [
        (ffi::SQLITE_FULL, true),
        (ffi::SQLITE_READONLY, true),
        (ffi::SQLITE_READONLY_DBMOVED, false),
        (ffi::SQLITE_IOERR_FSYNC, false),
        (ffi::SQLITE_CORRUPT, false),
        (ffi::SQLITE_BUSY, false),
    ];
    for (code, is_one) in table {
        assert_eq!(is_refusal(&said(code)), is_one, "{code}");
    }
    assert!(!is_refusal(&rusqlite::Error::QueryReturnedNoRows));
}

#[test]
fn commits_go_through_a_log_whatever_somebody_has_set() {
    let folder = tempfile::tempdir().expect("a directory");
    let opened = || JournalFile::open(folder.path()).expect("opened");
    let mode = |file: &JournalFile| -> String {
        file.connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).expect("asked")
    };
    let file = opened();
    assert_eq!(mode(&file), "wal", "a new one");
    file.connection.pragma_update(None, "journal_mode", "DELETE").expect("set");
    assert_eq!(mode(&file), "delete");
    drop(file);
    assert_eq!(mode(&opened()), "wal");
}

#[test]
fn a_log_that_cannot_be_emptied_for_now_is_kept_and_why_is_known() {
    let path = Path::new("journal.db");
    let full = rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None);
    let held = Log { was_busy: true, pages: 3, moved: 1 };
    for (log, said) in [(Err(full), "emptying the log: "), (Ok(held), "somebody else reads")] {
        let why = emptied(path, log).expect("it passes").expect("it is kept");
        assert!(why.starts_with(said), "{why}");
    }
}

#[test]
fn a_log_that_cannot_be_emptied_for_another_reason_than_room_is_an_error() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = JournalFile::open(folder.path()).expect("opened");
    assert!(matches!(empty_log(&file.path, &file.connection), Ok(None)));
    // A log cannot be moved from within a change.
    file.connection.execute_batch("BEGIN IMMEDIATE").expect("begun");
    let why = empty_log(&file.path, &file.connection).expect_err("what failed is not known to pass");
    assert!(why.to_string().contains("emptying the log"), "{why}");
}
