//! Settings as text: those in force for `orderflow config`, and the reference that `config/default.toml` is.

use std::fmt::{self, Write};

use super::{Config, Effective, Origin};

/// What stands for a secret.
const MASK: &str = "\"****\"";

impl fmt::Display for Effective {
    /// TOML again, each value with where it came from. Secrets are masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, section) in self.config.sections().iter().enumerate() {
            let gap = if nth == 0 { "" } else { "\n" };
            writeln!(f, "{gap}[{}]", section.name)?;
            for key in &section.keys {
                let value = if key.is_secret { MASK.to_owned() } else { key.value.to_string() };
                let origin = self.origins.get(key.name).unwrap_or(&Origin::Default);
                let line = format!("{} = {value}", short(key.name));
                writeln!(f, "{line:<48} # {origin}")?;
            }
        }
        Ok(())
    }
}

/// Every key with its default, its unit and its reason, as TOML: the text of `config/default.toml`.
pub(super) fn reference() -> String {
    let mut text = String::from(
        "# Every setting with its default. A file given by --config needs only what differs. Over a file goes the environment,\n\
         # ORDERFLOW__SECTION__KEY; over that go flags, --set section.key=value among them.\n",
    );
    let wrote = "a string takes text";
    for section in Config::default().sections() {
        writeln!(text).expect(wrote);
        comment(&mut text, section.about);
        writeln!(text, "[{}]", section.name).expect(wrote);
        for key in &section.keys {
            comment(&mut text, key.about);
            writeln!(text, "{} = {}", short(key.name), key.value).expect(wrote);
        }
    }
    text
}

fn comment(text: &mut String, about: &[&str]) {
    for line in about {
        writeln!(text, "#{line}").expect("a string takes text");
    }
}

fn short(name: &str) -> &str {
    name.split_once('.').map_or(name, |(_, key)| key)
}

impl Config {
    /// Every key with its default, its unit and its reason, as TOML.
    pub fn reference() -> String {
        reference()
    }
}
