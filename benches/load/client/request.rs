//! The bytes of a request.

use std::io::Write;

/// A request under construction, in a buffer that is used again.
#[derive(Debug)]
pub(in crate::load) struct Request<'a> {
    into: &'a mut Vec<u8>,
}

impl<'a> Request<'a> {
    /// Begins one: its first line and what every request says.
    pub(in crate::load) fn begin(into: &'a mut Vec<u8>, method: &str, path: &str) -> Self {
        into.clear();
        for part in [method, " ", path, " HTTP/1.1\r\nHost: load\r\n"] {
            into.extend_from_slice(part.as_bytes());
        }
        Self { into }
    }

    /// Begins one with a head rendered earlier, up to and with a line's end.
    pub(in crate::load) fn from_head(into: &'a mut Vec<u8>, head: &[u8]) -> Self {
        into.clear();
        into.extend_from_slice(head);
        Self { into }
    }

    /// Adds a header.
    pub(in crate::load) fn header(self, name: &str, value: impl std::fmt::Display) -> Self {
        write!(self.into, "{name}: {value}\r\n").expect("a vector takes bytes");
        self
    }

    /// Ends it without a body.
    pub(in crate::load) fn end(self) {
        self.into.extend_from_slice(b"\r\n");
    }

    /// Ends it with a body of JSON.
    pub(in crate::load) fn json(self, body: &[u8]) {
        let length = body.len();
        write!(self.into, "Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n")
            .expect("a vector takes bytes");
        self.into.extend_from_slice(body);
    }
}
