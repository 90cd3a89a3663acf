//! Programs that the bench starts, and ends.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::clock::{now, since};
use super::procfs;

/// A program says within this time where it listens.
const GREETS_WITHIN: Duration = Duration::from_secs(60);
/// A program that was asked to stop has so long, then it is killed.
const STOPS_WITHIN: Duration = Duration::from_secs(15);
const SHOWN_LOG_BYTES: u64 = 1_500;

/// A running program that listens somewhere. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Program {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Where it listens.
    pub(super) address: SocketAddr,
    /// When it was started.
    pub(super) started: Instant,
}

impl Program {
    /// Starts it and waits until its first line says where it listens. What it says after that goes to a file.
    pub(super) fn start(name: &'static str, command: &mut Command, logs: &Path) -> Result<Self> {
        let log = logs.join(format!("{name}.log"));
        let errors = File::options().create(true).append(true).open(&log).context("making a log file")?;
        let output = errors.try_clone().context("a log file's second handle")?;
        let started = now();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .with_context(|| format!("starting {name} ({})", command.get_program().display()))?;
        let stdout = child.stdout.take().context("standard output was asked for as a pipe")?;
        let (greeting, greeted) = mpsc::channel();
        std::thread::spawn(move || read(BufReader::new(stdout), &greeting, output));
        let silent = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut program = Self { name, child, log, address: silent, started };
        // From here on a failure drops `program`, which ends the child.
        let Ok(first) = greeted.recv_timeout(GREETS_WITHIN) else {
            bail!("{name} did not say where it listens{}", program.last_words());
        };
        program.address = address_in(&first).with_context(|| {
            format!("{name} said {first:?} and not where it listens{}", program.last_words())
        })?;
        Ok(program)
    }

    /// Its process id.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time it has used.
    pub(super) fn cpu(&self) -> Result<Duration> {
        procfs::cpu(self.id()).with_context(|| format!("{} has gone{}", self.name, self.last_words()))
    }

    /// Resident memory, in MiB.
    pub(super) fn resident_mib(&self) -> Result<f64> {
        procfs::resident_mib(self.id())
            .with_context(|| format!("{} has gone{}", self.name, self.last_words()))
    }

    /// Says no when it has ended by itself.
    pub(super) fn alive(&mut self) -> Result<()> {
        match self.child.try_wait().with_context(|| format!("looking after {}", self.name))? {
            None => Ok(()),
            Some(status) => bail!("{} ended by itself: {status}{}", self.name, self.last_words()),
        }
    }

    /// Ends it at once, as a power cut would.
    pub(super) fn kill(mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.name))?;
        Ok(())
    }

    /// Asks it to stop, and says how long that took.
    pub(super) fn stop(mut self) -> Result<Duration> {
        let begun = now();
        // Not waited for yet, so the id is still this child's.
        let asked = Command::new("kill").args(["-TERM", &self.id().to_string()]).status();
        if !asked.context("asking a program to stop")?.success() {
            bail!("{} could not be asked to stop", self.name);
        }
        while since(begun) < STOPS_WITHIN {
            if let Some(status) = self.child.try_wait().with_context(|| format!("stopping {}", self.name))? {
                if !status.success() {
                    bail!("{} stopped with {status}{}", self.name, self.last_words());
                }
                return Ok(since(begun));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("{} did not stop within {} s{}", self.name, STOPS_WITHIN.as_secs(), self.last_words())
    }

    /// The end of its log, for a person who wants to know why.
    pub(super) fn last_words(&self) -> String {
        match tail(&self.log) {
            Ok(words) if !words.trim().is_empty() => format!("; its log ends: {}", words.trim()),
            Ok(_) | Err(_) => String::new(),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Ended already, or to be ended: either is fine, and there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands the first line over and copies the others, so that the pipe never fills.
fn read(mut output: impl BufRead, greeting: &mpsc::Sender<String>, mut log: impl Write) {
    let mut line = String::new();
    if output.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
        let _ = greeting.send(line);
    }
    let _ = std::io::copy(&mut output, &mut log);
}

/// The address in a greeting like `listening on http://127.0.0.1:8080`.
fn address_in(greeting: &str) -> Option<SocketAddr> {
    let words = greeting.split(|letter: char| !(letter.is_ascii_digit() || letter == '.' || letter == ':'));
    words.map(|word| word.trim_matches(':')).find_map(|word| word.parse().ok())
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SHOWN_LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
