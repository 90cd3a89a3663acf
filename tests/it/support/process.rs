//! A program that a story started, and that ends with it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// Debug builds on busy cores are slow to start; longer than this is broken.
const START_MAX: Duration = Duration::from_secs(30);

/// A running program whose first line said where it listens.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Kept open: a program whose standard output is gone may fail at its next line.
    _out: Lines<BufReader<ChildStdout>>,
    /// Where it listens.
    pub(crate) url: String,
    log: PathBuf,
}

impl Process {
    /// Starts a program and reads from its first line where it listens; standard error goes to the end of a file.
    pub(crate) async fn start(command: Command, log: &Path) -> Self {
        let started = Self::try_start(command, log).await;
        started.unwrap_or_else(|code| panic!("it ended at once, {code:?}:\n{}", tail(log)))
    }

    /// The same, or the exit code of one that ended before it listened; nothing when a signal ended it.
    pub(crate) async fn try_start(mut command: Command, log: &Path) -> Result<Self, Option<i32>> {
        let file =
            std::fs::File::options().create(true).append(true).open(log).expect("a log in our directory");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).kill_on_drop(true);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        let mut out = BufReader::new(child.stdout.take().expect("standard output is piped")).lines();
        let first = timeout(START_MAX, out.next_line()).await.expect("it starts in time").expect("readable");
        let Some(first) = first else {
            return Err(child.wait().await.expect("it can be waited for").code());
        };
        let url = first.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.unwrap_or_else(|| panic!("no address in {first:?}")).to_owned();
        Ok(Self { child, _out: out, url, log: log.to_owned() })
    }

    /// Ends it at once, without a chance to tidy up.
    pub(crate) async fn kill9(mut self) {
        self.child.kill().await.expect("a child of ours can be killed");
    }

    /// Asks it to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.signal(Signal::TERM);
    }

    /// Lets it stand still, until it may go on.
    pub(crate) fn stand_still(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub(crate) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Its number in the system.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs, since nobody waited for it")
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.id()).expect("a process id")).expect("not nought");
        kill_process(pid, signal).expect("a child of ours can be told");
    }

    /// Waits for its end; returns its exit code, or nothing when a signal ended it.
    pub(crate) async fn ended(mut self, limit: Duration) -> Option<i32> {
        match timeout(limit, self.child.wait()).await {
            Ok(status) => status.expect("a child of ours can be waited for").code(),
            Err(_) => panic!("it did not end within {limit:?}:\n{}", tail(&self.log)),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let ended = self.child.try_wait();
            eprintln!("── {} ── ended: {ended:?}\n{}", self.log.display(), tail(&self.log));
        }
    }
}

/// The end of a log, for messages.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
