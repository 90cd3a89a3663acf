//! Running a script behind the shim, and what it did to the disk.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::script::{DIRECTORY, SCRIPT, Script};

/// One call of a child, or one line that it told.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) what: What,
    pub(crate) has_failed: bool,
    /// Below the directory; empty for itself.
    pub(crate) path: String,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Open { is_new: bool, cuts: bool },
    Read,
    Write { offset: usize, bytes: Vec<u8> },
    Sync,
    Truncate { length: usize },
    Rename { to: String },
    Unlink { is_done: bool },
    Look,
    Told(String),
}

impl Call {
    pub(crate) fn is_told(&self) -> bool {
        matches!(self.what, What::Told(_))
    }

    pub(crate) fn needs_room(&self) -> bool {
        matches!(self.what, What::Write { .. } | What::Open { is_new: true, .. })
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.what, What::Write { .. })
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = if self.has_failed { " FAILS" } else { "" };
        match &self.what {
            What::Open { is_new, .. } => write!(f, "open{} {}", if *is_new { " new" } else { "" }, self.path),
            What::Read => write!(f, "read {}", self.path),
            What::Write { offset, bytes } => {
                write!(f, "write {} at {offset}, {} bytes", self.path, bytes.len())
            }
            What::Sync => write!(f, "sync {}", self.path),
            What::Truncate { length } => write!(f, "truncate {} to {length}", self.path),
            What::Rename { to } => write!(f, "rename {} to {to}", self.path),
            What::Unlink { .. } => write!(f, "unlink {}", self.path),
            What::Look => write!(f, "look at {}", self.path),
            What::Told(line) => write!(f, "told: {line}"),
        }?;
        f.write_str(failed)
    }
}

/// The library that stands between.
pub(crate) struct Shim(PathBuf);

impl Shim {
    /// Builds it in a directory.
    pub(crate) fn build(directory: &Path) -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/disk/shim.c");
        let library = directory.join("shim.so");
        let built = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .args(["-ldl", "-pthread"])
            .status()
            .expect("there is a C compiler: tools/ensure.sh installs one");
        assert!(built.success(), "the shim is built");
        Self(library)
    }

    /// Runs a script in a directory, with a fault or none, to its end.
    pub(crate) fn run(
        &self,
        script: Script,
        directory: &Path,
        fault: Option<&str>,
        sequences: &str,
    ) -> Result<Vec<Call>, String> {
        let trace = directory.with_extension("trace");
        let mut child = Command::new(std::env::current_exe().expect("this program has a file"));
        child
            .env("LD_PRELOAD", &self.0)
            .env(SCRIPT, script.name())
            .env(DIRECTORY, directory)
            .env("ORDERFLOW_DISK_SEQUENCES", sequences)
            .env("DISK_ROOT", directory)
            .env("DISK_TRACE", &trace)
            .env_remove("DISK_FAULT")
            .stdin(Stdio::null());
        if let Some(fault) = fault {
            child.env("DISK_FAULT", fault);
        }
        let output = child.output().map_err(|error| format!("the child does not start: {error}"))?;
        let calls = fs::read(&trace).map(|bytes| calls(&bytes)).unwrap_or_default();
        fs::remove_file(&trace).map_err(|error| format!("no trace: {error}"))?;
        if output.status.success() {
            Ok(calls)
        } else {
            Err(format!(
                "the child ended with {}: {}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ))
        }
    }
}

fn calls(mut bytes: &[u8]) -> Vec<Call> {
    let mut calls = Vec::new();
    while let Some((note, rest)) = bytes.split_at_checked(16) {
        let path_bytes = usize::from(u16::from_ne_bytes([note[2], note[3]]));
        let data_bytes = u32::from_ne_bytes(note[4..8].try_into().expect("four bytes")) as usize;
        let offset = u64::from_ne_bytes(note[8..16].try_into().expect("eight bytes"));
        let place = usize::try_from(offset).unwrap_or(usize::MAX);
        let (path, rest) = rest.split_at(path_bytes);
        let (data, rest) = rest.split_at(data_bytes);
        let text = || String::from_utf8_lossy(data).trim_end().to_owned();
        let what = match note[0] {
            b'o' => What::Open { is_new: offset & 1 != 0, cuts: offset & 2 != 0 },
            b'R' => What::Read,
            b'w' => What::Write { offset: place, bytes: data.to_owned() },
            b's' => What::Sync,
            b't' => What::Truncate { length: place },
            b'r' => What::Rename { to: text() },
            b'u' => What::Unlink { is_done: true },
            b'U' => What::Unlink { is_done: false },
            b'L' => What::Look,
            b'n' => What::Told(text()),
            other => panic!("the shim notes no {other}"),
        };
        calls.push(Call { what, has_failed: note[1] != 0, path: String::from_utf8_lossy(path).into_owned() });
        bytes = rest;
    }
    calls
}
