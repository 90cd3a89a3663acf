//! The bank as a process.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use mock_gateway::Options;
use tokio::signal::unix::{SignalKind, signal};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A bank that speaks a subset of Stripe's /v1 and fails on request.
///
/// Payments: POST /v1/payment_intents and the rest, with any key like sk_test_….
/// Outages: GET and PUT /_bank/weather, PUT /_bank/scenario.
/// The truth: GET /_bank/ledger, GET /_bank/stats. POST /_bank/reset forgets everything.
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// Where to listen; port 0 picks a free one, and the first line on standard output names it.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4010")]
    listen: SocketAddr,
    /// Keep everything in this file, synced before every answer, and start from what it holds.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// A script of weather changes that begins at once: [{"after_ms": 0, "weather": {"mode": "slow"}}].
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Threads that serve requests.
    #[arg(long, value_name = "N", default_value_t = 1)]
    workers: usize,
    /// Stop when standard input ends: whoever started it with a pipe leaves nothing running, however it ends.
    #[arg(long)]
    until_stdin_ends: bool,
    /// Allow listening to other machines. There is no protection: anybody may do anything.
    #[arg(long)]
    allow_remote: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| "warn".to_owned());
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(arguments)),
        Err(error) => Err(format!("cannot start a runtime: {error}")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mock_gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    // Before anything is promised, so that a signal is never missed.
    let no_signals = |error| format!("cannot listen to signals: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(no_signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(no_signals)?;
    let bank = mock_gateway::start(Options {
        listen: arguments.listen,
        allow_remote: arguments.allow_remote,
        data: arguments.data,
        scenario: arguments.scenario,
        workers: arguments.workers,
    });
    let bank = bank.map_err(|error| with_causes(&error))?;
    let mut out = std::io::stdout();
    // Whoever closed our standard output does not need the line.
    let _ = writeln!(out, "mock_gateway listening on {}", bank.url()).and_then(|()| out.flush());
    let deserted = async {
        if arguments.until_stdin_ends {
            input_ends().await;
        } else {
            std::future::pending().await
        }
    };
    let failure = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        () = deserted => None,
        why = bank.failed() => Some(why),
    };
    bank.stop().await;
    failure.map_or(Ok(()), Err)
}

/// Resolves when standard input ends or cannot be read. On a thread of its own: reading it cannot be given up.
async fn input_ends() {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // What comes is nobody's to read, and how it ends is all the same.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = tell.send(());
    });
    let _ = told.await;
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
