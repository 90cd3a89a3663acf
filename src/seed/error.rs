//! Why a seed could not be planted.

use std::io;

use super::client::ClientError;

/// Why a seed could not be planted.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("could not read seed file {file}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// It is neither TOML nor JSON.
    #[error("{file}:{line}: {why}")]
    Syntax {
        /// Which.
        file: String,
        /// Where, from 1.
        line: usize,
        /// What was expected.
        why: String,
    },
    /// A key or a value is wrong.
    #[error("{file}: {key}: {why}")]
    Content {
        /// Which, and the line where it is known.
        file: String,
        /// The key, as `stores[0].skus[3].on_hand`.
        key: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store is there, in another currency, which a store never changes.
    #[error("{file}: {key}: the store is there with currency {theirs}, the file says {ours}")]
    Currency {
        /// Which.
        file: String,
        /// The key.
        key: String,
        /// The service's.
        theirs: String,
        /// The file's.
        ours: String,
    },
    /// The service did not do what a key asks for.
    #[error("{file}: {key}")]
    Service {
        /// Which.
        file: String,
        /// The key.
        key: String,
        /// What the service said.
        source: ClientError,
    },
    /// There is no client to call with.
    #[error("could not start seeding")]
    Client(#[from] ClientError),
}
