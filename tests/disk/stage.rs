//! What all cases begin with, and each case.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::books::{Books, Found};
use crate::case::{Case, Kept, WAYS};
use crate::dice::Dice;
use crate::script::Script;
use crate::trace::{Call, Shim, What};
use crate::world::{Left, World};

const TABLE: &str = "journal.db";
const LOG: &str = "journal.db-wal";

/// A script that was played through without a fault.
pub(crate) struct Play {
    pub(crate) script: Script,
    /// What it begins with.
    from: Option<Stopped>,
    /// All it did, and told.
    pub(crate) calls: Vec<Call>,
}

/// A directory that a script has left, and what was promised of it.
#[derive(Clone)]
struct Stopped {
    directory: PathBuf,
    books: Books,
}

/// What the cases are made of.
pub(crate) struct Stage {
    shim: Shim,
    root: TempDir,
    seed: u64,
    pub(crate) plays: Vec<Play>,
    /// Closed in good order.
    closed: Stopped,
    /// Dead, with a long log.
    long: Stopped,
    /// Where the long log's commits end, and how many appends are taken then; from the beginning of the log.
    commits: Vec<(usize, usize)>,
    pub(crate) log_bytes: usize,
    pub(crate) table_bytes: usize,
}

/// What became of a case.
pub(crate) struct Outcome {
    pub(crate) found: Vec<Found>,
    /// Whether anything failed at all.
    pub(crate) has_struck: bool,
    /// What was done, for whoever looks at one case.
    pub(crate) story: String,
}

impl Stage {
    pub(crate) fn set(within: &Path, seed: u64) -> Self {
        let root =
            tempfile::Builder::new().prefix("orderflow-disk-").tempdir_in(within).expect("a directory");
        let shim = Shim::build(root.path());
        let play = |script: Script, name: &str, from: Option<&Stopped>| {
            let directory = root.path().join(name);
            begin(&directory, from).expect("a directory");
            let mut books = from.map(|from| from.books.clone()).unwrap_or_default();
            let sequences = text(&books);
            let calls = shim.run(script, &directory, None, &sequences).expect("without faults it ends well");
            books.read(&calls);
            assert!(books.refused.is_empty() && books.unknown.is_empty(), "{books:?}");
            let directory = root.path().join(name);
            let stopped = Stopped { directory, books };
            (Play { script, from: from.cloned(), calls }, stopped)
        };
        let (first, closed) = play(Script::First, "closed", None);
        let (_, dead) = play(Script::Dies, "dead", None);
        let (again, _) = play(Script::Again, "again", Some(&dead));
        let (idle, _) = play(Script::Idle, "idle", None);
        let (preparing, long) = play(Script::Long, "long", None);
        let commits = commits(&preparing.calls);
        let length = |of: &Stopped, file: &str| fs::read(of.directory.join(file)).expect("it is there").len();
        let (log_bytes, table_bytes) = (length(&long, LOG), length(&closed, TABLE));
        let plays = vec![first, again, idle];
        Self { shim, seed, plays, closed, long, commits, log_bytes, table_bytes, root }
    }

    /// Plays one case. The error is what was violated.
    pub(crate) fn play(&self, case: Case) -> Result<Outcome, String> {
        let place = tempfile::tempdir_in(self.root.path()).map_err(|error| error.to_string())?;
        match case {
            Case::Fault { script, way, call } => self.fault(place.path(), script, way, call),
            Case::Image { script, after, left } => self.image(place.path(), script, after, left),
            Case::Cut { file, length } => {
                let (stopped, name) = self.kept(file);
                let may_lack = match file {
                    Kept::Log => vec![stopped.books.records(self.taken_by(length))],
                    Kept::Table => Vec::new(),
                };
                changed(stopped, name, place.path(), &may_lack, |bytes| bytes.truncate(length))
            }
            Case::Flip { file, at, bit } => {
                let (stopped, name) = self.kept(file);
                let last = self.commits.len().checked_sub(2).map_or(0, |nth| self.commits[nth].1);
                let may_lack = match file {
                    Kept::Log => vec![stopped.books.records(last)],
                    Kept::Table => Vec::new(),
                };
                changed(stopped, name, place.path(), &may_lack, |bytes| bytes[at] ^= 1 << bit)
            }
        }
    }

    fn kept(&self, file: Kept) -> (&Stopped, &'static str) {
        match file {
            Kept::Log => (&self.long, LOG),
            Kept::Table => (&self.closed, TABLE),
        }
    }

    /// How many appends are taken in the table and so many bytes of the log.
    fn taken_by(&self, length: usize) -> usize {
        self.commits.iter().rev().find(|(end, _)| *end <= length).expect("the first ends at 0").1
    }

    /// Offsets in the long log where something begins or ends.
    pub(crate) fn log_marks(&self) -> Vec<usize> {
        let frames = (0..).map(|nth| 32 + nth * (24 + 16_384)).take_while(|at| *at <= self.log_bytes);
        frames.flat_map(|at| [at - 1, at, at + 1, at + 24]).filter(|at| *at <= self.log_bytes).collect()
    }

    fn play_of(&self, script: Script) -> Result<&Play, String> {
        self.plays.iter().find(|play| play.script == script).ok_or_else(|| "this script only prepares".into())
    }

    fn fault(&self, place: &Path, script: Script, way: usize, call: usize) -> Result<Outcome, String> {
        let play = self.play_of(script)?;
        let directory = place.join("data");
        begin(&directory, play.from.as_ref()).map_err(|error| error.to_string())?;
        let mut world = World::of(&directory).map_err(|error| error.to_string())?;
        let mut books = play.from.as_ref().map(|from| from.books.clone()).unwrap_or_default();
        let fault = format!("{call}:{}", WAYS[way]);
        let calls = self.shim.run(script, &directory, Some(&fault), &text(&books))?;
        books.read(&calls);
        // The process might die just after it was told of a refusal, before anything is written over what was refused.
        let is_refusal = |call: &Call| matches!(&call.what, What::Told(line) if line.starts_with("refused"));
        let at_refusal = calls.iter().position(is_refusal).map_or(0, |nth| nth + 1);
        calls[..at_refusal].iter().for_each(|call| world.call(call));
        let world_at_refusal = (at_refusal > 0).then(|| world.clone());
        calls[at_refusal..].iter().for_each(|call| world.call(call));
        let has_struck = calls.iter().any(|call| call.has_failed);
        let story = story(&calls);
        let failed = |what: &str, why: String| {
            let first =
                calls.iter().find(|call| call.has_failed).map_or("nothing".into(), ToString::to_string);
            format!("{what}: {why}; first: {first}\n{story}")
        };
        if !books.is_closed && books.unopened.is_none() {
            return Err(failed("it neither closed nor failed to open", String::new()));
        }
        // First what power failures leave, for looking changes what is there.
        let mut found = Vec::new();
        let mut compare = |world: &World, books: &Books, left: Left, when: &str| {
            let image = place.join(format!("{left:?}{when}"));
            fs::create_dir(&image).map_err(|error| error.to_string())?;
            let mut dice = Dice::new(self.seed ^ call as u64);
            world.write(&image, left, &mut dice).map_err(|error| error.to_string())?;
            found.push(
                books.compare(&image, &[]).map_err(|why| failed(&format!("{left:?} left {when}"), why))?,
            );
            Ok::<(), String>(())
        };
        if let Some(world) = world_at_refusal {
            let mut books = play.from.as_ref().map(|from| from.books.clone()).unwrap_or_default();
            books.read(&calls[..at_refusal]);
            compare(&world, &books, Left::Everything, "at the refusal")?;
            compare(&world, &books, Left::Torn, "at the refusal")?;
        }
        compare(&world, &books, Left::Nothing, "at the end")?;
        compare(&world, &books, Left::Remembered, "at the end")?;
        found.push(books.compare(&directory, &[]).map_err(|why| failed("opened again", why))?);
        if found.contains(&Found::Refused) {
            return Err(failed("nothing was damaged, and it says so", format!("{found:?}")));
        }
        Ok(Outcome { found, has_struck, story })
    }

    fn image(&self, place: &Path, script: Script, after: usize, left: Left) -> Result<Outcome, String> {
        let play = self.play_of(script)?;
        let mut books = play.from.as_ref().map(|from| from.books.clone()).unwrap_or_default();
        let mut world = match &play.from {
            Some(from) => World::of(&from.directory).map_err(|error| error.to_string())?,
            None => World::default(),
        };
        let calls = &play.calls[..after.min(play.calls.len())];
        books.read(calls);
        calls.iter().for_each(|call| world.call(call));
        let mut dice = Dice::new(self.seed ^ ((after as u64) << 8) ^ left as u64);
        world.write(place, left, &mut dice).map_err(|error| error.to_string())?;
        let story = story(&calls[calls.len().saturating_sub(40)..]);
        let found = books.compare(place, &[]).and_then(|found| match found {
            Found::Whole => Ok(found),
            Found::Refused => Err("what a power failure leaves is taken for damage".into()),
        });
        let found = found.map_err(|why| format!("{why}\n{story}"))?;
        Ok(Outcome { found: vec![found], has_struck: world.unsynced() > 0, story })
    }
}

/// Puts a changed copy of a stopped journal in place, and compares.
fn changed(
    stopped: &Stopped,
    name: &str,
    place: &Path,
    may_lack: &[usize],
    how: impl FnOnce(&mut Vec<u8>),
) -> Result<Outcome, String> {
    let changed = begin(place, Some(stopped)).and_then(|()| {
        let mut bytes = fs::read(place.join(name))?;
        how(&mut bytes);
        fs::write(place.join(name), bytes)
    });
    changed.map_err(|error| error.to_string())?;
    let found = stopped.books.compare(place, may_lack)?;
    Ok(Outcome { found: vec![found], has_struck: true, story: String::new() })
}

/// Puts in place what a script begins with.
fn begin(directory: &Path, from: Option<&Stopped>) -> std::io::Result<()> {
    fs::create_dir_all(directory)?;
    for name in from.iter().flat_map(|_| [TABLE, LOG, "lock"]) {
        let file = from.expect("there is one").directory.join(name);
        if file.exists() {
            fs::copy(file, directory.join(name))?;
        }
    }
    Ok(())
}

fn text(books: &Books) -> String {
    books.sequences().map(|sequence| sequence.to_string()).join(",")
}

fn story(calls: &[Call]) -> String {
    calls
        .iter()
        .filter(|call| call.is_told() || call.has_failed || !matches!(call.what, What::Look | What::Read))
        .fold(String::new(), |story, call| format!("{story}  {call}\n"))
}

/// Where each commit of the log's last round ends, and how many appends are taken then.
fn commits(calls: &[Call]) -> Vec<(usize, usize)> {
    let (mut commits, mut end, mut taken) = (vec![(0, 0)], 0, 0);
    for call in calls {
        match &call.what {
            What::Write { offset: 0, .. } if call.path == LOG => {
                end = 32;
                commits = vec![(0, taken)];
            }
            What::Write { offset, bytes } if call.path == LOG => end = end.max(offset + bytes.len()),
            What::Told(line) if line.starts_with("taken") => {
                taken += 1;
                commits.push((end, taken));
            }
            _ => {}
        }
    }
    commits
}
