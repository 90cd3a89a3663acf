//! A script of weather changes, timed from the moment it is put in place.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::config::{Weather, Wish};

const STEPS_MAX: usize = 10_000;

/// Why a scenario file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It cannot be read.
    #[error("cannot read the scenario {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It is not a scenario.
    #[error("the scenario {} makes no sense: {what}", file.display())]
    Nonsense {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StepWish {
    after_ms: u64,
    weather: Wish,
    store_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeededWish {
    seed: Option<u64>,
    steps: Vec<StepWish>,
}

/// One change.
pub(crate) struct Step {
    pub(crate) after_ms: u64,
    pub(crate) store: Option<String>,
    pub(crate) weather: Weather,
}

/// All changes, in order of time.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) steps: Vec<Step>,
}

impl Script {
    /// Reads `[{"after_ms", "weather"}, …]` or `{"seed", "steps": […]}`. A step without a seed of its own
    /// gets one from the script's.
    pub(crate) fn parse(json: &[u8]) -> Result<Script, String> {
        let is_list = json.trim_ascii_start().starts_with(b"[");
        let wish: Result<SeededWish, _> = if is_list {
            serde_json::from_slice(json).map(|steps| SeededWish { seed: None, steps })
        } else {
            serde_json::from_slice(json)
        };
        let wish = wish.map_err(|error| error.to_string())?;
        if wish.steps.len() > STEPS_MAX {
            return Err(format!("steps: there are more than {STEPS_MAX}"));
        }
        let mut steps = Vec::with_capacity(wish.steps.len());
        for (place, mut step) in wish.steps.into_iter().enumerate() {
            let own = wish.seed.map(|seed| seed.wrapping_add(place as u64));
            step.weather.seed = step.weather.seed.or(own);
            let weather = step.weather.granted();
            steps.push(Step {
                after_ms: step.after_ms,
                store: step.store_id,
                weather: weather.map_err(|what| format!("steps[{place}].weather.{what}"))?,
            });
        }
        steps.sort_by_key(|step| step.after_ms);
        Ok(Script { steps })
    }

    /// Reads a file.
    pub(crate) fn load(path: &Path) -> Result<Script, ScriptError> {
        let json = std::fs::read(path)
            .map_err(|source| ScriptError::Unreadable { file: path.to_owned(), source })?;
        Script::parse(&json).map_err(|what| ScriptError::Nonsense { file: path.to_owned(), what })
    }
}
