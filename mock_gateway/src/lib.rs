#![doc = include_str!("../README.md")]

mod bank;
mod books;
mod clock;
mod form;
mod http;
mod journal;
mod memory;
mod notices;
mod render;
mod server;
mod teller;
mod weather;

pub use books::{Asked, Books, Said};
pub use journal::LoadError;
pub use server::{Options, Running, StartError, start};
pub use weather::ScriptError;
