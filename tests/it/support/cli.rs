//! The command line, for commands that end by themselves.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// The longest a command may take.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit code; nothing when a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard output.
    pub(crate) out: String,
    /// What it wrote to standard error.
    pub(crate) err: String,
}

/// The program, with nothing of our environment that could change its settings.
pub(crate) fn program() -> Command {
    let mut command = bound_to_us(Path::new(env!("CARGO_BIN_EXE_orderflow")));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("ORDERFLOW")) {
            command.env_remove(name);
        }
    }
    command
}

/// A program that the system ends should we be killed, so that nothing is left running; where this system has a word for that.
pub(crate) fn bound_to_us(program: &Path) -> Command {
    const SETPRIV: &str = "/usr/bin/setpriv";
    if !Path::new(SETPRIV).exists() {
        return Command::new(program);
    }
    let mut command = Command::new(SETPRIV);
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Runs `orderflow` with these arguments to its end.
pub(crate) async fn orderflow(arguments: &[&str]) -> Finished {
    finish(program().args(arguments)).await
}

/// Runs a command to its end.
pub(crate) async fn finish(command: &mut Command) -> Finished {
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output =
        timeout(COMMAND_MAX, running).await.unwrap_or_else(|_| panic!("it did not end: {command:?}"));
    let output = output.unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    Finished {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Finished {
    /// What it wrote, after it must have succeeded.
    #[track_caller]
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        self.out
    }

    /// What it complained about, after it must have failed by itself.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        let has_failed = self.code.is_some_and(|code| code != 0);
        assert!(has_failed, "exit {:?}\n{}\n{}", self.code, self.out, self.err);
        assert!(
            !self.err.contains("panicked at"),
            "it panicked in place of saying what is wrong:\n{}",
            self.err
        );
        self.err
    }
}
