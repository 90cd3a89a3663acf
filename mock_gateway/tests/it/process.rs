//! The bank as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::*;

/// A bank in a process of its own; killed when dropped.
pub(crate) struct Process {
    child: Child,
    url: String,
}

impl Process {
    pub(crate) fn start(arguments: &[&str]) -> Process {
        Process::of(&mut command(arguments))
    }

    /// Of a command that becomes the bank.
    pub(crate) fn of(command: &mut Command) -> Process {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("its output is text");
        let url = line.trim_end().strip_prefix("mock_gateway listening on ");
        let url = url.unwrap_or_else(|| panic!("the first line was {line:?}")).to_owned();
        Process { child, url }
    }

    pub(crate) fn shop(&self) -> Shop {
        Shop::at(&self.url, "sk_test_shop")
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it was alive");
        self.child.wait().expect("it is gone");
    }

    /// Waits until it ends by itself; its exit code and what it said of it.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        let mut errors = self.child.stderr.take().expect("its errors are piped");
        errors.read_to_string(&mut said).expect("its errors are text");
        (self.child.wait().expect("it is gone").code(), said)
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status();
        assert!(sent.expect("kill runs").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already, in most tests.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock_gateway"));
    command.args(["--listen", "127.0.0.1:0"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[tokio::test]
async fn it_names_its_address_serves_and_stops_when_told() {
    for name in ["-TERM", "-INT"] {
        let mut bank = Process::start(&[]);
        assert!(bank.url.starts_with("http://127.0.0.1:"), "{}", bank.url);
        let shop = bank.shop();
        shop.create("k", SALE).await.ok();
        // What is in flight is finished.
        let slow = tokio::spawn({
            let slow = with(SALE, &[("payment_method", "pm_of_slow_1000")]);
            let shop = shop.clone();
            async move { shop.create("slow", &slow).await }
        });
        until("the slow one is in flight", async || {
            number(&shop.get("/_bank/stats").await.ok(), "in_flight") == 2
        })
        .await;
        bank.signal(name);
        assert_eq!(slow.await.expect("no panic").ok()["status"], "succeeded");
        let status = tokio::task::spawn_blocking(move || bank.child.wait()).await;
        let status = status.expect("no panic").expect("a child that can be waited for");
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn it_ends_with_whoever_started_it_when_asked_to() {
    let mut child = command(&["--until-stdin-ends"]).stdin(Stdio::piped()).spawn().expect("it runs");
    let mut first = String::new();
    let output = child.stdout.as_mut().expect("a pipe");
    std::io::BufReader::new(output).read_line(&mut first).expect("readable");
    assert!(first.contains("http://127.0.0.1:"), "{first}");
    assert!(child.try_wait().expect("a child of ours").is_none(), "it stays while its input does");
    drop(child.stdin.take());
    assert_eq!(child.wait().expect("a child of ours").code(), Some(0));
}

#[test]
fn wrong_arguments_are_explained() {
    for (arguments, word) in [
        (&["--listen", "nowhere"][..], "invalid value"),
        (&["--data", "/nonexistent/folder/file"][..], "/nonexistent/folder/file"),
        (&["--scenario", "/nonexistent"][..], "/nonexistent"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mock_gateway"));
        if arguments[0] != "--listen" {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let output = command.args(arguments).output().expect("it runs");
        assert!(!output.status.success());
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains(word), "{said}");
    }
    let remote = Command::new(env!("CARGO_BIN_EXE_mock_gateway"))
        .args(["--listen", "0.0.0.0:0"])
        .output()
        .expect("it runs");
    assert!(String::from_utf8_lossy(&remote.stderr).contains("loopback"));
}

#[tokio::test]
async fn a_scenario_file_begins_at_once() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(br#"[{"after_ms":0,"weather":{"mode":"down"}}]"#).expect("room for it");
    let bank = Process::start(&["--scenario", file.path().to_str().expect("a plain path")]);
    assert_eq!(bank.shop().create("k", SALE).await.status, 503);
}
