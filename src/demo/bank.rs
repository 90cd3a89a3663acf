//! The bank as a child process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::error::DemoError;

/// What the first line on standard output begins with; the address follows.
const GREETING: &str = "mock_gateway listening on ";
const START_WITHIN: Duration = Duration::from_secs(10);
/// Short, because the server may have used most of the ten seconds that stopping takes at most.
const STOP_WITHIN: Duration = Duration::from_secs(3);

/// A running bank. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Bank {
    child: Child,
    /// Apart from the child, which closes its own when it is waited for.
    _input: ChildStdin,
    url: String,
}

/// The bank's program: beside this one.
pub(super) fn program() -> Result<PathBuf, DemoError> {
    let own = std::env::current_exe().map_err(DemoError::OwnPath)?;
    Ok(own.with_file_name(format!("mock_gateway{}", std::env::consts::EXE_SUFFIX)))
}

impl Bank {
    /// Starts it with the books of earlier days, and waits until it says where it listens.
    pub(super) async fn start(program: &Path, listen: SocketAddr, books: &Path) -> Result<Self, DemoError> {
        let at = || program.display().to_string();
        if !program.is_file() {
            return Err(DemoError::NoBank { program: at() });
        }
        let mut child = Command::new(program)
            .arg("--listen")
            .arg(listen.to_string())
            .arg("--until-stdin-ends")
            .arg("--data")
            .arg(books)
            // Held open until this program ends, in whatever way: the bank ends with it.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C goes to the whole group of the terminal. The bank is asked to stop later, when the server is done with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| DemoError::BankStart { program: at(), source })?;
        let input = child.stdin.take().expect("standard input was asked for as a pipe");
        let output = child.stdout.take().expect("standard output was asked for as a pipe");
        let mut lines = BufReader::new(output).lines();
        let first = match timeout(START_WITHIN, lines.next_line()).await {
            Ok(first) => first.map_err(|source| DemoError::BankStart { program: at(), source })?,
            Err(_) => {
                return Err(DemoError::BankSilent { program: at(), waited: START_WITHIN });
            }
        };
        let Some(greeting) = first else {
            let status =
                child.wait().await.map_err(|source| DemoError::BankStart { program: at(), source })?;
            return Err(DemoError::BankEnded(status));
        };
        let Some(url) = greeting.strip_prefix(GREETING) else {
            return Err(DemoError::BankGreeting { said: greeting });
        };
        let url = url.trim().to_owned();
        // A pipe that nobody empties would stop the bank one day.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, _input: input, url })
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Resolves when it ends by itself.
    pub(super) async fn ended(&mut self) -> DemoError {
        match self.child.wait().await {
            Ok(status) => DemoError::BankEnded(status),
            Err(source) => DemoError::BankStop(source),
        }
    }

    /// Asks it to stop and waits; kills it when it does not.
    pub(super) async fn stop(mut self) -> Result<(), DemoError> {
        if let Some(id) = self.child.id() {
            let id = i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id is a positive i32");
            // Not waited for yet, so the id is still this child's, alive or not.
            kill_process(id, Signal::TERM).map_err(|error| DemoError::BankStop(error.into()))?;
        }
        match timeout(STOP_WITHIN, self.child.wait()).await {
            Ok(ended) => judged(ended.map_err(DemoError::BankStop)?),
            Err(_) => self.child.kill().await.map_err(DemoError::BankStop),
        }
    }
}

/// A bank that ends by the signal it was sent has ended well.
fn judged(status: ExitStatus) -> Result<(), DemoError> {
    use std::os::unix::process::ExitStatusExt;
    if status.success() || status.signal() == Some(Signal::TERM.as_raw()) {
        Ok(())
    } else {
        Err(DemoError::BankEnded(status))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A program that stands in for the bank.
    pub(in super::super) fn script(directory: &Path, body: &str) -> PathBuf {
        let path = directory.join("mock_gateway");
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a file of ours");
        path
    }

    pub(in super::super) const GOOD: &str = "\
        trap 'echo stopped > \"$0.stopped\"; exit 0' TERM\n\
        echo \"mock_gateway listening on http://$2\"\n\
        while :; do sleep 0.02; done";

    pub(in super::super) const ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 4999);

    #[tokio::test]
    async fn says_where_it_listens_and_stops_when_asked() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let program = script(directory.path(), GOOD);
        let bank = Bank::start(&program, ADDRESS.into(), Path::new("books")).await.expect("started");
        assert_eq!(bank.url(), "http://127.0.0.1:4999");
        bank.stop().await.expect("stopped");
        assert!(directory.path().join("mock_gateway.stopped").exists(), "it was asked, not killed");
    }

    #[tokio::test]
    async fn what_goes_wrong_is_said() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let missing = Bank::start(&directory.path().join("none"), ADDRESS.into(), Path::new("books"))
            .await
            .expect_err("not there");
        assert!(missing.to_string().contains("cargo build --workspace"), "{missing}");
        for (body, says) in [("exit 3", "exit status: 3"), ("echo hello; sleep 5", "hello")] {
            let program = script(directory.path(), body);
            let started = Bank::start(&program, ADDRESS.into(), Path::new("books")).await;
            let error = started.expect_err(body);
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[tokio::test]
    async fn a_bank_that_dies_is_noticed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let program = script(directory.path(), "echo \"mock_gateway listening on http://$2\"; exit 7");
        let mut bank = Bank::start(&program, ADDRESS.into(), Path::new("books")).await.expect("started");
        assert!(matches!(bank.ended().await, DemoError::BankEnded(status) if status.code() == Some(7)));
    }
}
