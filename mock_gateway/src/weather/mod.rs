//! How the bank behaves towards everybody, on purpose: outages, slowness, errors, lost answers. The weather
//! decides a request's [`Fate`] before the bank looks at it; it knows nothing of payments.

mod config;
mod dice;
mod fate;
mod script;
mod sky;

pub(crate) use config::{Mode, Weather, Wish};
pub(crate) use fate::{Fate, Injected};
pub(crate) use script::Script;
pub use script::ScriptError;
pub(crate) use sky::Sky;
