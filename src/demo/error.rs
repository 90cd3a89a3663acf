//! Why the demo ended otherwise than by Ctrl-C.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use super::Cause;
use crate::replay::OrdersError;
use crate::seed::SeedError;
use crate::seed::client::ClientError;

/// Why the demo ended otherwise than by Ctrl-C.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The system does not say where this program is.
    #[error("could not find out where this program is, to look for the bank beside it")]
    OwnPath(#[source] io::Error),
    /// There is no place for data.
    #[error("could not make the data directory; choose another with --data")]
    Directory(#[source] io::Error),
    /// The bank's program is not there.
    #[error("no bank at {program}; `cargo build --workspace` builds it beside this program")]
    NoBank {
        /// Where it should be.
        program: String,
    },
    /// The bank's program could not be started.
    #[error("could not start the bank {program}")]
    BankStart {
        /// Where it is.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// The bank did not say where it listens.
    #[error("the bank {program} said nothing for {} s", .waited.as_secs())]
    BankSilent {
        /// Where it is.
        program: String,
        /// For how long.
        waited: Duration,
    },
    /// The bank said something else than where it listens.
    #[error("the bank's first line should name its address and is: {said}")]
    BankGreeting {
        /// What it said.
        said: String,
    },
    /// The bank ended by itself; what it had to say stands above.
    #[error("the bank ended with {0}; is its address in use? choose another with --bank-listen")]
    BankEnded(ExitStatus),
    /// The bank could not be stopped.
    #[error("could not stop the bank")]
    BankStop(#[source] io::Error),
    /// Signals could not be listened to.
    #[error("could not listen for Ctrl-C")]
    Signals(#[source] io::Error),
    /// The server did not start.
    #[error("could not start the server")]
    ServerStart(#[source] Cause),
    /// The server ended by itself.
    #[error("the server ended by itself")]
    ServerEnded(#[source] Option<BoxedCause>),
    /// The server did not end well.
    #[error("the server did not stop well")]
    ServerStop(#[source] Cause),
    /// A second signal came while stopping.
    #[error("stopped at once, on a second signal")]
    Hurried,
    /// The service could not be called.
    #[error("could not call the server")]
    Client(#[from] ClientError),
    /// A store could not be filled.
    #[error("could not fill the demo stores")]
    Seed(#[from] SeedError),
    /// The embedded orders cannot be read.
    #[error("could not read the embedded orders")]
    Orders(#[from] OrdersError),
}

/// A cause that can stand in an `Option` and still be a source.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct BoxedCause(#[from] pub Cause);
