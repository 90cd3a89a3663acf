//! The types settings have, each read from TOML or from the text of a flag or an environment variable.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use toml::Value;

use crate::schedule::{Slot, Zone};

/// A type that a setting may have.
pub(super) trait Setting: Sized {
    /// What is expected, for people.
    const EXPECTED: &'static str;

    /// From a file. Nothing, when the type is another.
    fn from_toml(value: &Value) -> Option<Self>;

    /// As in a file.
    fn to_toml(&self) -> Value;

    /// From a flag or the environment: the text is what would stand in the file, without quotes.
    fn from_text(text: &str) -> Option<Self>;
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl Setting for $type {
            const EXPECTED: &'static str = "a whole number, not negative";

            fn from_toml(value: &Value) -> Option<Self> {
                value.as_integer().and_then(|number| Self::try_from(number).ok())
            }

            fn to_toml(&self) -> Value {
                Value::Integer(i64::try_from(*self).unwrap_or(i64::MAX))
            }

            fn from_text(text: &str) -> Option<Self> {
                text.replace('_', "").parse().ok()
            }
        }
    )+};
}

integers!(u32, u64, usize);

impl Setting for String {
    const EXPECTED: &'static str = "text";

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().map(Self::from)
    }

    fn to_toml(&self) -> Value {
        Value::String(self.clone())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Setting for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::from_text)
    }

    fn to_toml(&self) -> Value {
        Value::String(self.display().to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| text.into())
    }
}

impl Setting for SocketAddr {
    const EXPECTED: &'static str = "an address and a port, like 127.0.0.1:8080";

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::from_text)
    }

    fn to_toml(&self) -> Value {
        Value::String(self.to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Setting for Zone {
    const EXPECTED: &'static str = "a time zone of the IANA database, like UTC or Europe/Berlin";

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().and_then(Self::from_text)
    }

    fn to_toml(&self) -> Value {
        Value::String(self.to_string())
    }

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Setting for Slot {
    const EXPECTED: &'static str = "a table like { cron = \"0 */5 * * * *\", enabled = true }, or the line alone: second, minute, hour, \
         day of the month, month, day of the week";

    fn from_toml(value: &Value) -> Option<Self> {
        let Some(table) = value.as_table() else { return value.as_str().and_then(Self::from_text) };
        let is_known = |key: &String| matches!(key.as_str(), "cron" | "enabled");
        if !table.keys().all(is_known) {
            return None;
        }
        let cron = table.get("cron")?.as_str()?.parse().ok()?;
        let enabled = table.get("enabled").map_or(Some(true), Value::as_bool)?;
        Some(Self { cron, enabled })
    }

    fn to_toml(&self) -> Value {
        let cron = ("cron".to_owned(), Value::String(self.cron.to_string()));
        let enabled = ("enabled".to_owned(), Value::Boolean(self.enabled));
        Value::Table([cron, enabled].into_iter().collect())
    }

    fn from_text(text: &str) -> Option<Self> {
        match text.trim().starts_with('{') {
            true => Self::from_toml(&format!("slot = {text}").parse::<toml::Table>().ok()?["slot"]),
            false => text.parse().ok().map(|cron| Self { cron, enabled: true }),
        }
    }
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for whoever must send it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl Setting for Secret {
    const EXPECTED: &'static str = "text";

    fn from_toml(value: &Value) -> Option<Self> {
        value.as_str().map(Self::from)
    }

    fn to_toml(&self) -> Value {
        Value::String(self.0.clone())
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

macro_rules! choices {
    ($($(#[doc = $doc:literal])* $name:ident, $expected:literal { $($(#[doc = $choice_doc:literal])* $choice:ident = $text:literal,)+ })+) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[doc = $choice_doc])* $choice,)+
        }

        impl Setting for $name {
            const EXPECTED: &'static str = $expected;

            fn from_toml(value: &Value) -> Option<Self> {
                value.as_str().and_then(Self::from_text)
            }

            fn to_toml(&self) -> Value {
                Value::String(match self { $(Self::$choice => $text,)+ }.into())
            }

            fn from_text(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$choice),)+ _ => None }
            }
        }
    )+};
}

choices! {
    /// Who may call.
    AuthMode, "\"open\" or \"required\"" {
        /// Anybody who can reach the address, which must be a loopback one.
        Open = "open",
        /// Whoever has a key.
        Required = "required",
    }

    /// On which threads stores live.
    Placement, "\"shared\" or \"apart\"" {
        /// On the threads that also speak HTTP.
        Shared = "shared",
        /// On threads of their own.
        Apart = "apart",
    }

    /// How log lines are written.
    LogFormat, "\"text\" or \"json\"" {
        /// For people.
        Text = "text",
        /// For programs: one JSON object a line.
        Json = "json",
    }
}
