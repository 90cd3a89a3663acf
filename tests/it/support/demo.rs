//! The whole demo as its user starts it, on free ports.

use std::time::Duration;

use tempfile::TempDir;

use super::cli::{orderflow, program};
use super::http::Api;
use super::process::Process;

/// The server may take ten seconds to stop, and its bank some more.
const STOP_MAX: Duration = Duration::from_secs(20);

const DATA: &str = "data";

/// A running demo with a data directory of its own.
#[derive(Debug)]
pub(crate) struct Demo {
    process: Process,
    directory: TempDir,
}

impl Demo {
    /// Starts it with these arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"), arguments).await
    }

    /// Stops it, and starts it on the same data.
    pub(crate) async fn again(self, arguments: &[&str]) -> Self {
        Self::start_in(self.stops().await, arguments).await
    }

    async fn start_in(directory: TempDir, arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["demo", "--listen", "127.0.0.1:0", "--bank-listen", "127.0.0.1:0"]);
        command.arg("--data").arg(directory.path().join(DATA)).args(arguments);
        let process = Process::start(command, &directory.path().join("demo.log")).await;
        Self { process, directory }
    }

    /// A client of its server.
    pub(crate) fn api(&self) -> Api {
        Api::to(&self.process.url)
    }

    /// Stops it, which it must do well.
    async fn stops(self) -> TempDir {
        self.process.ask_to_stop();
        assert_eq!(self.process.ended(STOP_MAX).await, Some(0), "it stops well");
        self.directory
    }

    /// Stops it and lets its journal prove itself.
    pub(crate) async fn ends(self) {
        let directory = self.stops().await;
        let data = directory.path().join(DATA);
        orderflow(&["verify", "--data", data.to_str().expect("a plain path")]).await.succeeded();
    }
}
