//! Where values come from, lower layers first, and which of them counts.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Value;

use super::keys::NAMES;
use super::value::Setting;
use super::{Config, ConfigError};

/// What an environment variable that sets a key begins with.
const ENV_PREFIX: &str = "ORDERFLOW__";

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A file.
    File(String),
    /// An environment variable.
    Env(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(file) => write!(f, "file {file}"),
            Origin::Env(variable) => write!(f, "environment variable {variable}"),
            Origin::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// Settings in force, with where each came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The settings.
    pub config: Config,
    /// Where those came from that are not defaults.
    pub(super) origins: BTreeMap<&'static str, Origin>,
}

/// Flags that set keys: each pair is the flag's own name and `section.key=value`.
#[derive(Clone, Debug, Default)]
pub struct Flags(Vec<(&'static str, String)>);

impl Flags {
    /// No flags.
    pub fn none() -> Self {
        Self::default()
    }

    /// The flag `flag`, when given, sets `key`.
    pub fn with(mut self, flag: &'static str, key: &str, value: Option<impl fmt::Display>) -> Self {
        self.0.extend(value.map(|value| (flag, format!("{key}={value}"))));
        self
    }

    /// `--set KEY=VALUE`, any number of times.
    pub fn with_assignments(mut self, assignments: &[String]) -> Self {
        self.0.extend(assignments.iter().map(|assignment| ("--set", assignment.clone())));
        self
    }
}

/// A value as it was given.
enum Given {
    Toml(Value),
    Text(String),
}

/// Values as they were given; a later layer replaces an earlier one's.
#[derive(Default)]
pub(super) struct Layers(BTreeMap<&'static str, (Given, Origin)>);

impl Layers {
    pub(super) fn gather(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (OsString, OsString)>,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let mut layers = Self::default();
        if let Some(path) = file {
            let file = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|source| ConfigError::Read { file: file.clone(), source })?;
            layers.file(&file, &text)?;
        }
        layers.over(env, flags)?;
        Ok(layers)
    }

    /// What stands over every file.
    pub(super) fn over(
        &mut self,
        env: impl IntoIterator<Item = (OsString, OsString)>,
        flags: &Flags,
    ) -> Result<(), ConfigError> {
        self.env(env)?;
        for (flag, assignment) in &flags.0 {
            let (key, value) =
                assignment.split_once('=').ok_or_else(|| ConfigError::Assignment(assignment.clone()))?;
            self.put(key.trim(), Given::Text(value.into()), Origin::Flag(flag))?;
        }
        Ok(())
    }

    pub(super) fn file(&mut self, file: &str, text: &str) -> Result<(), ConfigError> {
        let table: toml::Table = text
            .parse()
            .map_err(|source| ConfigError::Toml { file: file.into(), source: Box::new(source) })?;
        for (section, value) in table {
            match value {
                Value::Table(keys) => {
                    for (key, value) in keys {
                        self.put(&format!("{section}.{key}"), Given::Toml(value), Origin::File(file.into()))?;
                    }
                }
                value => self.put(&section, Given::Toml(value), Origin::File(file.into()))?,
            }
        }
        Ok(())
    }

    fn env(&mut self, env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<(), ConfigError> {
        for (variable, value) in env {
            let variable = variable.to_string_lossy().into_owned();
            if let Some(path) = variable.strip_prefix(ENV_PREFIX) {
                let key = path.to_ascii_lowercase().replacen("__", ".", 1);
                let given = Given::Text(value.to_string_lossy().into_owned());
                self.put(&key, given, Origin::Env(variable.clone()))?;
            }
        }
        Ok(())
    }

    fn put(&mut self, key: &str, given: Given, origin: Origin) -> Result<(), ConfigError> {
        match NAMES.iter().find(|name| **name == key) {
            Some(name) => {
                self.0.insert(name, (given, origin));
                Ok(())
            }
            None => Err(ConfigError::UnknownKey { key: key.into(), origin, nearest: nearest(key) }),
        }
    }

    /// The value of a key, when it was given.
    pub(super) fn read<T: Setting>(&self, name: &'static str) -> Result<Option<T>, ConfigError> {
        let Some((given, _)) = self.0.get(name) else { return Ok(None) };
        let value = match given {
            Given::Toml(value) => T::from_toml(value),
            Given::Text(text) => T::from_text(text),
        };
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(self.fault(name, format!("expected {}", T::EXPECTED))),
        }
    }

    pub(super) fn bounded<T: PartialOrd + fmt::Display>(
        &self,
        name: &'static str,
        value: &T,
        bounds: RangeInclusive<T>,
    ) -> Result<(), ConfigError> {
        if bounds.contains(value) {
            Ok(())
        } else {
            let (least, most) = bounds.into_inner();
            Err(self.fault(name, format!("{value} is out of bounds, expected {least} to {most}")))
        }
    }

    pub(super) fn checked<T>(
        &self,
        name: &'static str,
        value: &T,
        check: impl Fn(&T) -> Result<(), &'static str>,
    ) -> Result<(), ConfigError> {
        check(value).map_err(|why| self.fault(name, why.into()))
    }

    fn fault(&self, key: &'static str, why: String) -> ConfigError {
        let origin = self.0.get(key).map_or(Origin::Default, |(_, origin)| origin.clone());
        ConfigError::Value { key, origin, why }
    }

    pub(super) fn into_origins(self) -> BTreeMap<&'static str, Origin> {
        self.0.into_iter().map(|(name, (_, origin))| (name, origin)).collect()
    }
}

/// The known key most like `key`; its own section and its own last word count most.
fn nearest(key: &str) -> &'static str {
    let likeness = |name: &&&str| {
        let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
        let whole = strsim::normalized_damerau_levenshtein(key, name);
        let part = strsim::normalized_damerau_levenshtein(&last(key), &last(name));
        (whole.max(part) * 1_000_000.0) as u64
    };
    NAMES.iter().max_by_key(likeness).expect("there are keys")
}
