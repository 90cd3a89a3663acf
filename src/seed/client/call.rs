//! A call and its answer.

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::ClientError;

/// A request that may be made more than once.
#[derive(Debug, Clone)]
pub struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) store: Option<String>,
    pub(super) key: Option<String>,
    pub(super) body: Option<Bytes>,
}

impl Call {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), store: None, key: None, body: None }
    }

    /// Reads.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Replaces or makes.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Changes in part.
    pub fn patch(path: impl Into<String>) -> Self {
        Self::new(Method::PATCH, path)
    }

    /// Makes; needs a [`Call::key`] unless a second one is refused by nature.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// On behalf of a store.
    pub fn store(mut self, id: impl Into<String>) -> Self {
        self.store = Some(id.into());
        self
    }

    /// Under an idempotency key.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With a JSON body that is ready.
    pub fn body(mut self, json: impl Into<Bytes>) -> Self {
        self.body = Some(json.into());
        self
    }

    /// With a JSON body.
    pub fn json(self, value: &impl Serialize) -> Self {
        self.body(serde_json::to_vec(value).expect("a body is plain data with text keys"))
    }

    /// The call in words, for errors.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Sets the pauses of calls apart that were pushed back together.
    pub(super) fn salt(&self) -> u64 {
        xxh3_64(self.key.as_deref().unwrap_or(&self.path).as_bytes())
    }
}

/// A text as one segment of a path, percent-encoded.
pub fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Whether this is the answer to an earlier call under the same key.
    pub replayed: bool,
    /// The body as sent.
    pub body: Bytes,
}

impl Answer {
    /// The body read as `T`; `what` names it in the error.
    pub fn read<T: DeserializeOwned>(&self, what: &str) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|source| ClientError::Unreadable { what: what.to_owned(), source })
    }

    /// The body of a success, or the refusal of `what`.
    pub fn success(self, what: &str) -> Result<Self, ClientError> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(ClientError::Refused { what: what.to_owned(), problem: Box::new(self.problem()) })
        }
    }

    /// The answer as a problem, whether or not it is written as one.
    pub fn problem(&self) -> Problem {
        let mut problem: Problem = serde_json::from_slice(&self.body).unwrap_or_default();
        problem.status = self.status.as_u16();
        problem
    }
}

/// A refusal in the words of RFC 9457.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Problem {
    /// The HTTP status.
    #[serde(skip)]
    pub status: u16,
    /// The stable code.
    #[serde(default)]
    pub code: String,
    /// The sentence for people.
    #[serde(default)]
    pub detail: String,
    /// Which parts of the body were wrong.
    #[serde(default)]
    pub errors: Vec<Fault>,
}

/// One wrong part of a body.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// Where, as a JSON pointer.
    #[serde(default)]
    pub pointer: String,
    /// What is wrong, in a sentence.
    #[serde(default)]
    pub detail: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.code.is_empty() {
            write!(f, " {}", self.code)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        for (place, fault) in self.errors.iter().take(3).enumerate() {
            let lead = if place == 0 { " (" } else { ", " };
            write!(f, "{lead}{}: {}", fault.pointer, fault.detail)?;
        }
        match self.errors.len() {
            0 => Ok(()),
            1..=3 => f.write_str(")"),
            more => write!(f, " and {} more)", more - 3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_skus_are_one_segment() {
        for (text, expected) in [
            ("85123A", "85123A"),
            ("gift_0001_20", "gift_0001_20"),
            ("BANK CHARGES", "BANK%20CHARGES"),
            ("a/b?c#d%", "a%2Fb%3Fc%23d%25"),
            ("é", "%C3%A9"),
        ] {
            assert_eq!(segment(text), expected);
        }
    }

    #[test]
    fn a_problem_is_read_whatever_the_body() {
        let answer = |status: StatusCode, body: &'static str| Answer {
            status,
            replayed: false,
            body: Bytes::from_static(body.as_bytes()),
        };
        let full = answer(
            StatusCode::UNPROCESSABLE_ENTITY,
            r#"{"type":"about:blank","code":"invalid","detail":"no","errors":[{"pointer":"/lines/0/sku","code":"x","detail":"unknown"}]}"#,
        );
        assert_eq!(full.problem().to_string(), "422 invalid: no (/lines/0/sku: unknown)");
        assert_eq!(answer(StatusCode::BAD_GATEWAY, "<html>").problem().to_string(), "502");
    }
}
