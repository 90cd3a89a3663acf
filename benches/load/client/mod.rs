//! HTTP/1.1 over loopback, with as little work as it takes.

mod answer;
mod connection;
mod control;
mod request;

pub(super) use answer::Answer;
pub(super) use connection::Connection;
pub(super) use control::Control;
pub(super) use request::Request;
