//! A bank, a server and its stores, in a directory of their own that goes when they go.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

use super::client::Control;
use super::clock::since;
use super::drive::{Closed, Listed, Tally, closed};
use super::process::Program;
use super::shop::Catalogue;

/// A started server is ready within this time, however much it has to come back to.
const READY_WITHIN: Duration = Duration::from_secs(120);
const LOOKS_EVERY: Duration = Duration::from_millis(1);
/// Connections that set a scene.
const SETTERS: usize = 32;

/// Where the programs are and where their data goes.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The server's program.
    pub(super) orderflow: PathBuf,
    /// The bank's.
    pub(super) mock_gateway: PathBuf,
    /// Settings of the server that are not the defaults.
    pub(super) settings: Vec<String>,
    /// The directory that directories are made in.
    pub(super) data: PathBuf,
}

/// The bank's weather.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    /// It answers at once.
    Ok,
    /// It is not there.
    Down,
}

impl Weather {
    async fn over(self, bank: Control) -> Result<()> {
        let mode = match self {
            Self::Ok => "ok",
            Self::Down => "down",
        };
        bank.put("/_bank/weather", None, &json!({ "mode": mode })).await
    }
}

/// A running bank and a running server.
#[derive(Debug)]
pub(super) struct Stage {
    place: Place,
    /// The bank.
    pub(super) bank: Program,
    /// The server.
    pub(super) server: Program,
    /// How long after its start it was first ready.
    pub(super) ready_after: Duration,
    // After the programs, so that it goes after them.
    directory: TempDir,
}

impl Stage {
    /// Starts both, empty, with the bank well.
    pub(super) async fn raise(place: &Place) -> Result<Self> {
        let directory = fresh_directory(&place.data)?;
        let bank = start_bank(place, directory.path())?;
        let server = start_server(place, directory.path(), &bank)?;
        let mut stage = Self { place: place.clone(), bank, server, ready_after: Duration::ZERO, directory };
        stage.ready_after = stage.ready().await?;
        Ok(stage)
    }

    /// Starts both and makes the stores with all they sell.
    pub(super) async fn with_stores(place: &Place, catalogue: Catalogue) -> Result<Self> {
        let stage = Self::raise(place).await?;
        stage.provision(catalogue).await?;
        stage.stock(catalogue, &catalogue.names()).await?;
        Ok(stage)
    }

    /// Makes the stores.
    pub(super) async fn provision(&self, catalogue: Catalogue) -> Result<Tally> {
        self.set("making the stores", catalogue.provisioning()).await
    }

    /// Gives those stores their rules and goods.
    pub(super) async fn stock(&self, catalogue: Catalogue, stores: &[String]) -> Result<Tally> {
        self.set("stocking the stores", catalogue.stocking(stores)).await
    }

    /// Sets the bank's weather.
    pub(super) async fn weather(&self, weather: Weather) -> Result<()> {
        weather.over(self.bank()).await
    }

    /// Requests to the server.
    pub(super) fn control(&self) -> Control {
        Control::new(self.server.address)
    }

    /// Requests to the bank.
    pub(super) fn bank(&self) -> Control {
        Control::new(self.bank.address)
    }

    /// Where the server keeps its data.
    pub(super) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Kills the server; the bank and the data stay.
    pub(super) fn kill_server(self) -> Result<Fallen> {
        let Self { place, bank, server, ready_after: _, directory } = self;
        server.kill()?;
        Ok(Fallen { place, bank, directory })
    }

    /// Stops the server as an operator would, and says how long that took.
    pub(super) fn stop_server(self) -> Result<(Duration, Fallen)> {
        let Self { place, bank, server, ready_after: _, directory } = self;
        let took = server.stop()?;
        Ok((took, Fallen { place, bank, directory }))
    }

    /// Waits until the server says that it is ready; how long after its start that was.
    pub(super) async fn ready(&self) -> Result<Duration> {
        loop {
            if self.control().status("/readyz").await.is_ok_and(|status| status == 200) {
                return Ok(since(self.server.started));
            }
            if since(self.server.started) > READY_WITHIN {
                let words = self.server.last_words();
                bail!("the server was not ready within {} s{words}", READY_WITHIN.as_secs());
            }
            sleep(LOOKS_EVERY).await;
        }
    }

    async fn set(&self, what: &str, requests: Vec<Vec<u8>>) -> Result<Tally> {
        let count = u64::try_from(requests.len()).expect("a count fits");
        let load = Closed { address: self.server.address, connections: SETTERS, lasts: None };
        let tally = closed(load, &Rc::new(Listed::new(requests))).await?.checked(what)?;
        if tally.accepted != count {
            bail!("{what}: {} of {count} requests were taken", tally.accepted);
        }
        Ok(tally)
    }
}

/// A bank and the data of a server that is no more.
#[derive(Debug)]
pub(super) struct Fallen {
    place: Place,
    bank: Program,
    directory: TempDir,
}

impl Fallen {
    /// Sets the bank's weather.
    pub(super) async fn weather(&self, weather: Weather) -> Result<()> {
        weather.over(Control::new(self.bank.address)).await
    }

    /// Starts the server again on its data; it may not be ready yet.
    pub(super) fn rise(self) -> Result<Stage> {
        let Self { place, bank, directory } = self;
        let server = start_server(&place, directory.path(), &bank)?;
        Ok(Stage { place, bank, server, ready_after: Duration::ZERO, directory })
    }
}

/// A directory that goes when it is dropped.
pub(super) fn fresh_directory(parent: &Path) -> Result<TempDir> {
    tempfile::Builder::new()
        .prefix("orderflow-load-")
        .tempdir_in(parent)
        .with_context(|| format!("making a directory in {}", parent.display()))
}

fn start_bank(place: &Place, directory: &Path) -> Result<Program> {
    let mut command = Command::new(&place.mock_gateway);
    command.args(["--listen", "127.0.0.1:0"]).current_dir(directory);
    Program::start("mock_gateway", &mut command, directory)
}

fn start_server(place: &Place, directory: &Path, bank: &Program) -> Result<Program> {
    let mut command = Command::new(&place.orderflow);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(directory.join("data"))
        .args(["--gateway-url", &format!("http://{}", bank.address)])
        .args(place.settings.iter().flat_map(|setting| ["--set", setting]))
        .current_dir(directory);
    Program::start("orderflow", &mut command, directory)
}
