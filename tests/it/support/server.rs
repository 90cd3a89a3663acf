//! The real server as a process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::Mutex;

use super::cli::{Finished, finish, program};
use super::disk::SmallDisk;
use super::http::{Address, Api};
use super::process::Process;

/// What the contract allows a graceful stop.
const STOP_MAX: Duration = Duration::from_secs(10);

/// A server with a data directory of its own. It may stop and start again; its directory stays.
#[derive(Debug)]
pub(crate) struct Server {
    /// Goes before the directory that it is mounted in.
    disk: Option<SmallDisk>,
    directory: TempDir,
    gateway_url: String,
    settings: Mutex<Vec<(String, String)>>,
    address: Address,
    /// One at a time may start or end it.
    process: Mutex<Option<Process>>,
    faults: Mutex<Option<String>>,
    /// How far its wall clock is off, as `faketime` takes it.
    clock: Mutex<Option<String>>,
}

impl Server {
    /// A server that has not been started; settings are `section.key` and value.
    pub(crate) fn new(
        gateway_url: &str,
        settings: Vec<(String, String)>,
        faults: Option<String>,
        disk_mib: Option<u32>,
    ) -> Arc<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Arc::new(Self {
            disk: disk_mib.and_then(|mib| SmallDisk::mounted(&directory.path().join("data"), mib)),
            directory,
            clock: Mutex::default(),
            gateway_url: gateway_url.to_owned(),
            settings: Mutex::new(settings),
            address: Address::default(),
            process: Mutex::default(),
            faults: Mutex::new(faults),
        })
    }

    /// Starts it, for the first time or again.
    pub(crate) async fn start(&self) {
        let mut process = self.process.lock().await;
        assert!(process.is_none(), "it runs already");
        let mut command = self.command().await;
        command.args(["--listen", "127.0.0.1:0"]);
        let started = Process::start(command, &self.directory.path().join("server.log")).await;
        self.address.moved(&started.url);
        *process = Some(started);
    }

    /// Runs it to its end, which it should come to by itself: for starts that must be refused.
    pub(crate) async fn start_refused(&self) -> String {
        finish(self.command().await.args(["--listen", "127.0.0.1:0"])).await.failed()
    }

    async fn command(&self) -> tokio::process::Command {
        let mut command = program();
        command.arg("serve").arg("--data").arg(self.data()).args(["--gateway-url", &self.gateway_url]);
        for (key, value) in &*self.settings.lock().await {
            let (section, key) = key.split_once('.').expect("section.key");
            let name = format!("ORDERFLOW__{}__{}", section.to_uppercase(), key.to_uppercase());
            command.env(name, value);
        }
        if let Some(faults) = &*self.faults.lock().await {
            command.env("ORDERFLOW_FAULTS", faults);
        }
        if let Some(off) = &*self.clock.lock().await {
            command.env("LD_PRELOAD", faketime()).env("FAKETIME", off).env("DONT_FAKE_MONOTONIC", "1");
        }
        command
    }

    /// Changes a setting, from the next start on.
    pub(crate) async fn set(&self, key: &str, value: &str) {
        self.settings.lock().await.push((key.to_owned(), value.to_owned()));
    }

    /// Arms other fault points, or none, from the next start on.
    #[cfg(feature = "faults")]
    pub(crate) async fn arm(&self, faults: Option<&str>) {
        *self.faults.lock().await = faults.map(str::to_owned);
    }

    /// Sets its wall clock off, `+30d` or `-1h` say, or right again, from the next start on.
    pub(crate) async fn set_clock(&self, off: Option<&str>) {
        *self.clock.lock().await = off.map(str::to_owned);
    }

    /// Stands still for a while.
    pub(crate) async fn stands_still(&self, during: Duration) {
        let process = self.process.lock().await;
        let process = process.as_ref().expect("it was started");
        process.stand_still();
        tokio::time::sleep(during).await;
        process.go_on();
    }

    /// Its number in the system.
    pub(crate) async fn id(&self) -> u32 {
        self.process.lock().await.as_ref().expect("it was started").id()
    }

    /// The disk that its data is on, where that is a small one of its own.
    pub(crate) fn disk(&self) -> Option<&SmallDisk> {
        self.disk.as_ref()
    }

    /// Ends it at once.
    pub(crate) async fn kill9(&self) {
        self.take().await.kill9().await;
    }

    /// Ends it at once and starts it again.
    pub(crate) async fn crash(&self) {
        self.kill9().await;
        self.start().await;
    }

    /// Asks it to stop and waits; it must exit with nought within ten seconds.
    pub(crate) async fn terminate(&self) {
        let process = self.take().await;
        process.ask_to_stop();
        assert_eq!(process.ended(STOP_MAX).await, Some(0), "a graceful stop");
    }

    /// Stops and starts it.
    pub(crate) async fn restart(&self) {
        self.terminate().await;
        self.start().await;
    }

    /// Starts it armed, and waits until a signal has ended it, which may be before it listens.
    #[cfg(feature = "faults")]
    pub(crate) async fn start_and_abort(&self, limit: Duration) {
        let mut command = self.command().await;
        command.args(["--listen", "127.0.0.1:0"]);
        let code = match Process::try_start(command, &self.directory.path().join("server.log")).await {
            Ok(process) => {
                self.address.moved(&process.url);
                process.ended(limit).await
            }
            Err(code) => code,
        };
        assert_eq!(code, None, "the armed place aborts the process");
    }

    async fn take(&self) -> Process {
        self.process.lock().await.take().expect("it was started")
    }

    /// A client of it, wherever it may move to.
    pub(crate) fn api(&self) -> Api {
        Api::at(self.address.clone())
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// What `orderflow verify` says of its directory; it must be stopped.
    pub(crate) async fn verify(&self) -> Finished {
        finish(program().arg("verify").arg("--data").arg(self.data())).await
    }

    /// What it says of it beside the books of these banks; it may run.
    pub(crate) async fn verify_with(&self, banks: &[String], more: &[&str]) -> Finished {
        let mut command = program();
        command.arg("verify").arg("--data").arg(self.data());
        for bank in banks {
            command.args(["--bank", bank]);
        }
        finish(command.args(more)).await
    }

    /// One figure of `/metrics`, summed over its labels.
    pub(crate) async fn metric(&self, name: &str) -> f64 {
        let text = self.api().get("/metrics").await.text;
        let samples: Vec<f64> = text.lines().filter_map(|line| sample(line, name)).collect();
        assert!(!samples.is_empty(), "no {name} in\n{text}");
        samples.iter().sum()
    }
}

/// The library that tells a program another time; `make chaos` installs it.
fn faketime() -> PathBuf {
    let found = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten().find_map(|folder| {
        let file = folder.path().join("faketime/libfaketime.so.1");
        file.exists().then_some(file)
    });
    found.expect("libfaketime is there: `sh tools/ensure.sh chaos`, or install Debian's package faketime")
}

fn sample(line: &str, name: &str) -> Option<f64> {
    let rest = line.strip_prefix(name)?;
    let rest = if rest.starts_with('{') { rest.split_once('}')?.1 } else { rest };
    rest.strip_prefix(' ')?.split(' ').next()?.parse().ok()
}
