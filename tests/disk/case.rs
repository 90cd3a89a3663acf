//! The cases: each has a name that repeats it alone.

use std::fmt;

use crate::script::Script;
use crate::world::Left;

/// How the k-th call fails.
pub(crate) const WAYS: [&str; 5] = ["io-once", "io-ever", "room-once", "room-ever", "room-half"];

/// Which of two files something is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// The log of a journal whose process died.
    Log,
    /// The table of one that was closed.
    Table,
}

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// The k-th call of a script fails.
    Fault { script: Script, way: usize, call: usize },
    /// The power fails after so many of a script's calls.
    Image { script: Script, after: usize, left: Left },
    /// A file ends early.
    Cut { file: Kept, length: usize },
    /// A bit of a file has changed.
    Flip { file: Kept, at: usize, bit: u8 },
}

impl Kept {
    const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Table => "table",
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault { script, way, call } => write!(f, "fault/{}/{}/{call}", script.name(), WAYS[*way]),
            Self::Image { script, after, left } => write!(f, "image/{}/{left:?}/{after}", script.name()),
            Self::Cut { file, length } => write!(f, "cut/{}/{length}", file.name()),
            Self::Flip { file, at, bit } => write!(f, "flip/{}/{bit}/{at}", file.name()),
        }
    }
}

impl Case {
    /// The case of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let parts: Vec<&str> = name.split('/').collect();
        let number = |nth: usize| parts.get(nth)?.parse().ok();
        let script = || Script::ALL.into_iter().find(|script| Some(&script.name()) == parts.get(1));
        let file = || [Kept::Log, Kept::Table].into_iter().find(|file| Some(&file.name()) == parts.get(1));
        match *parts.first()? {
            "fault" => {
                let way = WAYS.iter().position(|way| Some(way) == parts.get(2))?;
                Some(Self::Fault { script: script()?, way, call: number(3)? })
            }
            "image" => {
                let left =
                    Left::ALL.into_iter().find(|left| parts.get(2) == Some(&format!("{left:?}").as_str()))?;
                Some(Self::Image { script: script()?, after: number(3)?, left })
            }
            "cut" => Some(Self::Cut { file: file()?, length: number(2)? }),
            "flip" => {
                let bit = parts.get(2)?.parse().ok().filter(|bit| *bit < 8)?;
                Some(Self::Flip { file: file()?, at: number(3)?, bit })
            }
            _ => None,
        }
    }
}
