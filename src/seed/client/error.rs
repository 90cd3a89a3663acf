//! Why a call has no answer that can be used.

use std::time::Duration;

use reqwest::StatusCode;

use super::Problem;

/// Why a call failed for good.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("`{url}` is not an address to call: {why}")]
    Address {
        /// As given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The client itself could not be made.
    #[error("could not set up the HTTP client")]
    Setup(#[source] reqwest::Error),
    /// Nobody answered for as long as patience lasts.
    #[error("no answer from {base} for {} s; is `orderflow serve` running there?", .waited.as_secs())]
    Unreachable {
        /// The service.
        base: String,
        /// For how long it was tried.
        waited: Duration,
        /// The last failure.
        source: reqwest::Error,
    },
    /// The service kept saying "later".
    #[error("{call} was pushed back with {status} for {} s", .waited.as_secs())]
    PushedBack {
        /// Method and path.
        call: String,
        /// 429 or 503.
        status: StatusCode,
        /// For how long.
        waited: Duration,
    },
    /// An earlier call under the same key never ended.
    #[error("{call} was answered for {} s as if the same call were still running: {problem}", .waited.as_secs())]
    StillRunning {
        /// Method and path.
        call: String,
        /// For how long.
        waited: Duration,
        /// The last answer.
        problem: Box<Problem>,
    },
    /// The service kept failing.
    #[error("{call} failed for {} s: {problem}", .waited.as_secs())]
    Failing {
        /// Method and path.
        call: String,
        /// For how long.
        waited: Duration,
        /// The last answer.
        problem: Box<Problem>,
    },
    /// The service said no.
    #[error("{what} was refused: {problem}")]
    Refused {
        /// What was asked for.
        what: String,
        /// The answer.
        problem: Box<Problem>,
    },
    /// The answer is not what the contract says.
    #[error("could not read {what} as the service answered it")]
    Unreadable {
        /// What was asked for.
        what: String,
        /// Where it went wrong.
        source: serde_json::Error,
    },
}
