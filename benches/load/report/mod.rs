//! Figures, what they should be, and how they are shown.

mod figure;
mod json;
mod table;

pub(super) use figure::{Budget, Figure, Row};
pub(super) use json::document;
pub(super) use table::table;
