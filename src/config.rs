//! Settings: one table of keys (`config/keys.rs`), and where their values come from.
//!
//! ```text
//! flag  >  environment (ORDERFLOW__SECTION__KEY)  >  file (--config)  >  default
//! ```
//!
//! A key nobody knows, a value of another type and a value out of bounds each refuse the start, naming the key and where
//! it was set. Nothing here is read again after the start.

mod keys;
mod layers;
mod print;
#[cfg(test)]
mod tests;
mod value;

use std::path::Path;

pub use keys::{Auth, Config, Data, Gateway, Journal, Logs, Schedule, Server, Stores, Streams, Views};
pub use layers::{Effective, Flags, Origin};
pub use value::{AuthMode, LogFormat, Placement, Secret};

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("could not read the configuration file {file}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("the configuration file {file} is not TOML")]
    Toml {
        /// Which.
        file: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// No such key.
    #[error("unknown setting `{key}` from {origin}; did you mean `{nearest}`?")]
    UnknownKey {
        /// As it was spelled.
        key: String,
        /// Where it was set.
        origin: Origin,
        /// The known key most like it.
        nearest: &'static str,
    },
    /// The value is not of the key's type, or out of its bounds.
    #[error("setting `{key}` from {origin}: {why}")]
    Value {
        /// Which.
        key: &'static str,
        /// Where it was set.
        origin: Origin,
        /// What is wrong, and what is allowed.
        why: String,
    },
    /// Two settings do not go together.
    #[error("{0}")]
    Conflict(String),
    /// `--set` without a value.
    #[error("--set takes KEY=VALUE, not `{0}`")]
    Assignment(String),
}

impl Config {
    /// The settings of this process: from a file when there is one, its environment and its flags.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Effective, ConfigError> {
        layers::Layers::gather(file, std::env::vars_os(), flags)?.settle()
    }

    /// The settings of a file that is part of the program, and of its environment and flags.
    pub fn load_embedded(file: &str, text: &str, flags: &Flags) -> Result<Effective, ConfigError> {
        let mut layers = layers::Layers::default();
        layers.file(file, text)?;
        layers.over(std::env::vars_os(), flags)?;
        layers.settle()
    }

    /// The settings of a file's text alone, for tests.
    pub fn from_toml(text: &str) -> Result<Config, ConfigError> {
        let mut layers = layers::Layers::default();
        layers.file("(text)", text)?;
        layers.settle().map(|effective| effective.config)
    }

    /// Whether these settings go together.
    pub fn check(&self) -> Result<(), ConfigError> {
        let conflict = |why: String| Err(ConfigError::Conflict(why));
        if self.auth.mode == AuthMode::Required {
            return conflict(
                "auth.mode = \"required\" is not built yet: use \"open\" on a loopback address".into(),
            );
        }
        if !self.server.listen.ip().is_loopback() {
            let listen = self.server.listen;
            return conflict(format!(
                "auth.mode = \"open\" serves on loopback addresses only, and server.listen is {listen}: listen on \
                 127.0.0.1 and put an authenticating proxy in front"
            ));
        }
        if self.server.body_bytes_max > self.server.body_order_bytes_max {
            return conflict("server.body_bytes_max is above server.body_order_bytes_max".into());
        }
        if self.gateway.connect_timeout_ms > self.gateway.timeout_ms {
            return conflict(
                "gateway.connect_timeout_ms is above gateway.timeout_ms, so it could never pass".into(),
            );
        }
        if self.gateway.breaker_open_first_ms > self.gateway.breaker_open_max_ms {
            return conflict("gateway.breaker_open_first_ms is above gateway.breaker_open_max_ms".into());
        }
        Ok(())
    }
}
