//! Moving the log: what the disk is made to take in, and what it means when it does not.

use std::path::Path;

use rusqlite::OpenFlags;

use super::*;

/// A laid out file, a connection that writes, and a mover that syncs what is at this path.
fn world(folder: &tempfile::TempDir, synced: impl AsRef<Path>) -> (Connection, Mover) {
    let path = folder.path().join("journal.db");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connect = || file::connect(&path, flags).expect("a connection");
    let moves = connect();
    file::lay_out(&moves).expect("an empty journal");
    (connect(), Mover::new(moves, File::open(synced).expect("a file")))
}

fn write(writer: &Connection) {
    writer.execute("INSERT INTO probe VALUES (zeroblob(9))", []).expect("written");
}

fn begin_to_read(folder: &tempfile::TempDir) -> Connection {
    let path = folder.path().join("journal.db");
    let reader = file::connect(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("a connection");
    reader.execute_batch("BEGIN; SELECT count(*) FROM probe").expect("reading");
    reader
}

#[test]
fn what_was_moved_of_a_log_is_synced_unless_that_was_all() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody can sync it: that shows who tries.
    let (writer, mut mover) = world(&folder, "/dev/null");
    write(&writer);
    let all = mover.advance().expect("nothing is left to sync");
    assert!(all.pages > 0 && all.moved == all.pages, "{all:?}");

    let reader = begin_to_read(&folder);
    write(&writer);
    let Err(Unmoved::Failed(why)) = mover.advance() else { panic!("it was not synced") };
    assert!(why.starts_with("syncing what was moved: "), "{why}");
    drop(reader);
    let Err(Unmoved::Failed(why)) = mover.advance() else { panic!("it was tried again") };
    assert_eq!(why, "it failed before");
}

#[test]
fn what_is_left_is_moved_once_nobody_reads_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (writer, mut mover) = world(&folder, folder.path().join("journal.db"));
    let reader = begin_to_read(&folder);
    write(&writer);
    let some = mover.advance().expect("synced");
    assert!(some.moved < some.pages, "{some:?}");
    drop(reader);
    let all = mover.advance().expect("moved");
    assert!(all.pages > 0 && all.moved == all.pages, "{all:?}");
}

#[test]
fn a_mover_that_failed_is_not_merely_held_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.db");
    std::fs::write(&path, [b'x'; 4_096]).expect("written");
    let connection = Connection::open(&path).expect("nothing is read yet");
    let mut mover = Mover::new(connection, File::open(&path).expect("a file"));
    let Err(Unmoved::Failed(why)) = mover.run(Mode::Passive) else { panic!("it is no database") };
    assert!(why.contains("not a database"), "{why}");
    let Err(Unmoved::Failed(why)) = mover.run(Mode::Passive) else { panic!("it was tried again") };
    assert_eq!(why, "it failed before");
}
