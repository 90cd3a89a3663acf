//! The disk as a power failure leaves it: reckoned from the calls.
//!
//! A write is on the disk for certain once its file was synced after it. Before that it may be there, in whole, in some of its
//! sectors, or not, whatever became of the writes around it and of other files. After a sync that failed, the kernel holds what
//! was not synced for clean: then no later sync puts it there either. Names are the directory's: they come in their order, and
//! are certain once that was synced.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::dice::Dice;
use crate::trace::{Call, What};

const SECTOR: usize = 512;

/// What has become of a change when the power fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// On the disk.
    Synced,
    /// In memory; the next sync of its file would put it there.
    Waiting,
    /// In memory, and held for clean.
    Forgotten,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

#[derive(Clone, Debug)]
enum Name {
    Is { path: String, file: usize },
    Moves { from: String, to: String },
    Goes { path: String },
}

/// How much of what was not synced is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing.
    Nothing,
    /// Everything: a process died, and no more.
    Everything,
    /// Everything but what the kernel held for clean: it got round to the rest.
    Remembered,
    /// Of each change, by chance.
    Some,
    /// Of each sector, by chance.
    Torn,
    /// All of one file, nothing of the others.
    OneFile,
    /// What came first, up to a place; the change in that place is torn.
    Front,
}

impl Left {
    pub(crate) const ALL: [Self; 6] =
        [Self::Nothing, Self::Everything, Self::Some, Self::Torn, Self::OneFile, Self::Front];
}

/// All files of a directory.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    files: Vec<Vec<(State, Change)>>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    waiting_names: Vec<Name>,
}

impl World {
    /// What stands in a directory, all of it synced.
    pub(crate) fn of(directory: &Path) -> io::Result<Self> {
        let mut world = Self::default();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let bytes = fs::read(entry.path())?;
            let file = world.files.len();
            world.files.push(vec![(State::Synced, Change::Write { offset: 0, bytes })]);
            world.names.insert(entry.file_name().to_string_lossy().into_owned(), file);
        }
        world.synced_names = world.names.clone();
        Ok(world)
    }

    pub(crate) fn call(&mut self, call: &Call) {
        let file = self.names.get(&call.path).copied();
        if call.has_failed {
            if matches!(call.what, What::Sync) {
                self.settle(file, State::Forgotten);
            }
            return;
        }
        match &call.what {
            What::Open { is_new: true, .. } => {
                let file = self.files.len();
                self.files.push(Vec::new());
                self.name(Name::Is { path: call.path.clone(), file });
            }
            What::Open { cuts: true, .. } => self.change(file, Change::Truncate { length: 0 }),
            What::Write { offset, bytes } => {
                self.change(file, Change::Write { offset: *offset, bytes: bytes.clone() });
            }
            What::Truncate { length } => self.change(file, Change::Truncate { length: *length }),
            What::Sync if call.path.is_empty() => {
                for name in std::mem::take(&mut self.waiting_names) {
                    apply(&mut self.synced_names, &name);
                }
            }
            What::Sync => self.settle(file, State::Synced),
            What::Rename { to } => self.name(Name::Moves { from: call.path.clone(), to: to.clone() }),
            What::Unlink { is_done: true } => self.name(Name::Goes { path: call.path.clone() }),
            What::Open { .. } | What::Read | What::Unlink { .. } | What::Look | What::Told(_) => {}
        }
    }

    fn name(&mut self, name: Name) {
        apply(&mut self.names, &name);
        self.waiting_names.push(name);
    }

    fn change(&mut self, file: Option<usize>, change: Change) {
        // Of a file that was removed while it was open nothing is left.
        if let Some(file) = file {
            self.files[file].push((State::Waiting, change));
        }
    }

    fn settle(&mut self, file: Option<usize>, becomes: State) {
        let Some(file) = file else { return };
        for (state, _) in &mut self.files[file] {
            if *state == State::Waiting {
                *state = becomes;
            }
        }
    }

    /// How many changes are not on the disk for certain.
    pub(crate) fn unsynced(&self) -> usize {
        let changes = self.files.iter().flatten().filter(|(state, _)| *state != State::Synced).count();
        changes + self.waiting_names.len()
    }

    /// Writes what the power failure leaves into an empty directory. Shared memory is not a file's.
    pub(crate) fn write(&self, to: &Path, left: Left, dice: &mut Dice) -> io::Result<()> {
        let mut names = self.synced_names.clone();
        let come = match left {
            Left::Nothing => 0,
            Left::Everything | Left::Remembered => self.waiting_names.len(),
            _ => usize::try_from(dice.roll(self.waiting_names.len() as u64 + 1)).expect("few"),
        };
        for name in &self.waiting_names[..come] {
            apply(&mut names, name);
        }
        let of_one = dice.roll(self.files.len().max(1) as u64);
        for (path, file) in names {
            if path.ends_with("-shm") || path == "told" {
                continue;
            }
            let mut bytes = Vec::new();
            let changes = &self.files[file];
            let waiting = changes.iter().filter(|(state, _)| *state != State::Synced).count() as u64;
            let (front, mut nth) = (dice.roll(waiting + 1), 0);
            for (state, change) in changes {
                let mut fate = Fate::Kept;
                if *state != State::Synced {
                    nth += 1;
                    fate = match left {
                        Left::Nothing => Fate::Lost,
                        Left::Everything => Fate::Kept,
                        Left::Remembered if *state == State::Waiting => Fate::Kept,
                        Left::Remembered => Fate::Lost,
                        Left::Some => {
                            *[Fate::Kept, Fate::Lost].get(usize::from(dice.likely(50))).expect("two")
                        }
                        Left::Torn => Fate::Torn,
                        Left::OneFile if of_one == file as u64 => Fate::Kept,
                        Left::OneFile => Fate::Lost,
                        Left::Front if nth < front => Fate::Kept,
                        Left::Front if nth == front => Fate::Torn,
                        Left::Front => Fate::Lost,
                    };
                }
                change.apply(&mut bytes, fate, dice);
            }
            fs::write(to.join(path), bytes)?;
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Kept,
    Torn,
    Lost,
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>, fate: Fate, dice: &mut Dice) {
        match (self, fate) {
            (_, Fate::Lost) => {}
            (Self::Write { offset, bytes }, Fate::Kept) => put(file, *offset, bytes),
            (Self::Write { offset, bytes }, Fate::Torn) => {
                let mut at = 0;
                while at < bytes.len() {
                    let end = (at + SECTOR - (offset + at) % SECTOR).min(bytes.len());
                    if dice.likely(60) {
                        put(file, offset + at, &bytes[at..end]);
                    }
                    at = end;
                }
            }
            (Self::Truncate { length }, Fate::Kept) => file.resize(*length, 0),
            (Self::Truncate { length }, Fate::Torn) => {
                if dice.likely(50) {
                    file.resize(*length, 0);
                }
            }
        }
    }
}

fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if file.len() < offset + bytes.len() {
        file.resize(offset + bytes.len(), 0);
    }
    file[offset..offset + bytes.len()].copy_from_slice(bytes);
}

fn apply(names: &mut BTreeMap<String, usize>, name: &Name) {
    match name {
        Name::Is { path, file } => {
            names.insert(path.clone(), *file);
        }
        Name::Moves { from, to } => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Name::Goes { path } => {
            names.remove(path);
        }
    }
}
