//! The one table from what the domain refuses and what the machine cannot do now to what a client sees: status, stable
//! code, title, retry advice and a sentence (RFC 9457).
//!
//! The outward sentence is the detail of a problem. Inward causes are logged where they happen and never stand here.

mod from;
mod table;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::order::Invalid;

pub use table::{Code, Kind};

/// What the `type` of every problem begins with; its code follows.
pub const TYPE_PREFIX: &str = "urn:orderflow:problem:";

/// Why a request was refused, as its client will see it.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(Box<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    errors: Vec<Invalid>,
    standing: Option<Standing>,
    etag: Option<String>,
    allow: Option<String>,
}

/// What a refused move should have known.
#[derive(Clone, Debug, PartialEq)]
struct Standing {
    status_now: Cow<'static, str>,
    legal: Vec<&'static str>,
}

impl Problem {
    /// A problem with its table's own sentence.
    pub fn new(code: Code) -> Self {
        let detail = Cow::Borrowed(code.kind().detail);
        Self(Box::new(Inner { code, detail, errors: Vec::new(), standing: None, etag: None, allow: None }))
    }

    /// A problem with a sentence of its own.
    pub fn because(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut problem = Self::new(code);
        problem.0.detail = detail.into();
        problem
    }

    /// What was sent is wrong in these places.
    pub fn invalid(errors: Vec<Invalid>) -> Self {
        let mut problem = Self::new(Code::ValidationFailed);
        problem.0.errors = errors;
        problem
    }

    /// The same, with the places that are wrong.
    pub fn with_errors(mut self, errors: Vec<Invalid>) -> Self {
        self.0.errors = errors;
        self
    }

    /// The same, with the state that forbade the move, and the moves it allows.
    pub fn with_standing(mut self, status_now: impl Into<Cow<'static, str>>, legal: &[&'static str]) -> Self {
        self.0.standing = Some(Standing { status_now: status_now.into(), legal: legal.to_vec() });
        self
    }

    /// The same, with the entity tag of what is there instead.
    pub fn with_etag(mut self, etag: impl Into<String>) -> Self {
        self.0.etag = Some(etag.into());
        self
    }

    /// The same, with the methods that the route knows.
    pub fn with_allow(mut self, allow: impl Into<String>) -> Self {
        self.0.allow = Some(allow.into());
        self
    }

    /// Which problem it is.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Its row of the table.
    pub fn kind(&self) -> &'static Kind {
        self.0.code.kind()
    }

    /// Its sentence.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What the `Allow` header says, for a method that the route does not know.
    pub fn allow(&self) -> Option<&str> {
        self.0.allow.as_deref()
    }

    /// The entity tag of what is there, for a request that expected something else.
    pub fn etag(&self) -> Option<&str> {
        self.0.etag.as_deref()
    }

    /// Seconds to wait before trying again, spread over clients by their request ids: not all of them come back at once.
    pub fn retry_after_s(&self, request_id: &str) -> Option<u64> {
        let least = self.kind().retry_after_s?;
        Some(least + xxhash_rust::xxh3::xxh3_64(request_id.as_bytes()) % (least + 1))
    }

    /// The body, for one request.
    pub fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let Inner { code, detail, errors, standing, etag: _, allow: _ } = &*self.0;
        let kind = code.kind();
        let body = Body {
            kind: Type(kind.code),
            title: kind.title,
            status: kind.status,
            detail,
            instance,
            code: kind.code,
            request_id,
            errors,
            status_now: standing.as_ref().map(|standing| &*standing.status_now),
            legal: standing.as_ref().map(|standing| &*standing.legal),
        };
        serde_json::to_vec(&body).expect("a problem has string keys and goes to memory")
    }
}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind().code, self.0.detail)
    }
}

impl std::error::Error for Problem {}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: Type,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[Invalid]>::is_empty")]
    errors: &'a [Invalid],
    #[serde(skip_serializing_if = "Option::is_none")]
    status_now: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal: Option<&'a [&'static str]>,
}

struct Type(&'static str);

impl Serialize for Type {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{TYPE_PREFIX}{}", self.0))
    }
}
