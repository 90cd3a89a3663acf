//! The `orderflow` program: what its words on the command line do.

use std::borrow::Cow;
use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use orderflow::config::{Config, Effective, Flags};
use orderflow::http::{self, Page};
use orderflow::telemetry::LogBook;
use orderflow::{app, demo, export, replay, seed, telemetry, verify};

/// 10 to 20 % on this pattern of allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A durable, multi-tenant order orchestrator in one binary
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = "Start with `orderflow demo`.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API until Ctrl-C or SIGTERM
    Serve(Settings),
    /// Start the bank beside the server, fill two stores and serve, until Ctrl-C
    Demo(demo::Args),
    /// Send a real shop's orders to a running server and compare its books with theirs
    Replay(replay::Args),
    /// Fill a running server with stores, stock and rules from a file
    Seed(seed::Args),
    /// Derive every state, balance and stock figure again from the journal and name each difference; exits 1 on any
    Verify(verify::Args),
    /// Write every event as a line of JSON
    Export(export::Args),
    /// Print the API's description, OpenAPI 3.1
    Openapi,
    /// Print the settings in force, each with where it comes from; secrets are masked
    Config {
        #[command(flatten)]
        settings: Settings,
        /// Print every setting with its default, unit and reason instead
        #[arg(long)]
        reference: bool,
    },
}

/// Where settings come from: flag over environment (ORDERFLOW__SECTION__KEY) over file over default
#[derive(Debug, clap::Args)]
struct Settings {
    /// Settings that differ from the defaults, as TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one (server.listen) [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where to keep data (data.directory) [default: ./data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where the bank is (gateway.url) [default: http://127.0.0.1:4010]
    #[arg(long, value_name = "URL")]
    gateway_url: Option<String>,
    /// Any other setting; may be given many times. `orderflow config` lists them
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl Settings {
    fn load(&self) -> anyhow::Result<Effective> {
        let flags = Flags::none()
            .with_assignments(&self.set)
            .with("--listen", "server.listen", self.listen)
            .with("--data", "data.directory", self.data.as_ref().map(|data| data.display()))
            .with("--gateway-url", "gateway.url", self.gateway_url.as_ref());
        Ok(Config::load(self.config.as_deref(), &flags)?)
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("orderflow: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Serve(settings) => {
            let Effective { config, .. } = settings.load()?;
            let logs = telemetry::start_logs(&config.logs)?;
            actix::System::new().block_on(app::serve(config, fittings(logs)))
        }
        Command::Demo(args) => {
            let config = demo_config()?;
            let logs = telemetry::start_logs(&config.logs)?;
            let serve =
                async move |setup: demo::Setup| Ok(Served::start(config, fittings(logs), setup).await?);
            Ok(actix::System::new().block_on(demo::run(args, serve))?)
        }
        Command::Replay(args) => say(&actix::System::new().block_on(replay::run(args))?),
        Command::Seed(args) => say(&actix::System::new().block_on(seed::run(args))?),
        Command::Verify(args) => {
            let report = verify::run(&args)?;
            say(&report)?;
            if report.is_clean() { Ok(()) } else { Err(Differs(report.difference_count).into()) }
        }
        Command::Export(args) => {
            let report = export::run(&args)?;
            eprintln!("{} events, up to position {}", report.events, report.end);
            Ok(())
        }
        Command::Openapi => {
            let text = std::str::from_utf8(http::document()).expect("JSON is UTF-8");
            say(&text)
        }
        Command::Config { reference: true, .. } => say(&Config::reference().trim_end()),
        Command::Config { settings, reference: false } => say(&settings.load()?.to_string().trim_end()),
    }
}

/// The page as `web/` was built: here and not in the library, so that another page is only linked anew. Built for
/// development, the program reads it from there when it starts.
#[derive(rust_embed::RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Web;

/// What comes with the program.
fn fittings(logs: Arc<LogBook>) -> app::Fittings {
    let files = Web::iter().filter_map(|path| {
        let data: Cow<'static, [u8]> = Web::get(&path)?.data;
        Some((path.into_owned(), data))
    });
    app::Fittings { page: Arc::new(Page::of(files)), logs }
}

/// The books do not agree.
#[derive(Debug, thiserror::Error)]
#[error("{0} differences")]
struct Differs(u64);

/// Prints a text. A reader that has had enough, as `head` has, is no error.
fn say(text: &impl fmt::Display) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The demo's settings: what the environment says over what `config/demo.toml` says.
fn demo_config() -> anyhow::Result<Config> {
    let text = include_str!("../config/demo.toml");
    Ok(Config::load_embedded("config/demo.toml", text, &Flags::none())?.config)
}

/// The demo's server: a node in this process.
struct Served {
    running: app::Running,
    bank_key: String,
}

impl Served {
    async fn start(mut config: Config, fittings: app::Fittings, setup: demo::Setup) -> anyhow::Result<Self> {
        config.server.listen = setup.listen;
        config.data.directory = setup.data;
        config.gateway.url = setup.bank_url;
        let bank_key = config.gateway.secret_key.reveal().to_owned();
        let running = tokio::task::spawn_blocking(move || app::start(config, fittings)).await??;
        Ok(Self { running, bank_key })
    }
}

impl demo::Server for Served {
    fn url(&self) -> String {
        self.running.url().to_owned()
    }

    fn bank_key(&self) -> String {
        self.bank_key.clone()
    }

    async fn ended(&mut self) -> Result<(), demo::Cause> {
        self.running.ended().await;
        Ok(())
    }

    async fn stop(self) -> Result<(), demo::Cause> {
        Ok(tokio::task::spawn_blocking(move || self.running.stop()).await??)
    }
}
