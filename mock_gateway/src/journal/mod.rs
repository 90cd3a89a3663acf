//! The data file: every change of the bank's state as one line of JSON with a checksum, written and synced
//! before the answer goes out.
//!
//! ```text
//! {"crc":"9ae0daaf","seq":17,"entry":{"at":1767225600000,"account":"sk_test_1","intent":{…},…}}
//! ```
//!
//! The checksum covers everything from `"seq"` to the end of the line. A line that lacks its end was being
//! written when the process died; nobody was told of it, so it is cut off. Any other line that does not
//! check is damage, and the bank refuses to start on it.

mod entry;
mod frame;
mod party;
mod reader;
mod writer;

pub(crate) use entry::Entry;
pub use reader::LoadError;
pub(crate) use reader::open;
pub(crate) use writer::{Appender, Broken, Journal};
