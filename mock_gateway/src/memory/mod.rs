//! Containers that stay compact and even-tempered at millions of rows: none of them ever copies
//! everything it holds in order to grow.

mod paged;
mod shards;
mod texts;
mod versions;

pub(crate) use paged::Paged;
pub(crate) use shards::Shards;
pub(crate) use texts::{Text, Texts};
pub(crate) use versions::{Version, Versions};
