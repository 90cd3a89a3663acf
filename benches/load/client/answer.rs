//! Reading answers: status, length, nothing else that nobody asked for.

use std::io;
use std::ops::Range;

const HEADERS_MAX: usize = 48;

/// An answer.
#[derive(Debug)]
pub(in crate::load) struct Answer<'a> {
    /// Its status.
    pub(in crate::load) status: u16,
    /// Its body.
    pub(in crate::load) body: &'a [u8],
}

impl Answer<'_> {
    /// Taken, made, found.
    pub(in crate::load) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// "Not now": the caller's quota or the node's fullness.
    pub(in crate::load) fn is_refusal(&self) -> bool {
        self.status == 429 || self.status == 503
    }
}

/// How much of an answer is there.
#[derive(Debug)]
pub(super) enum Progress {
    /// All of it.
    Whole(Whole),
    /// Not before there are so many bytes.
    Needs(usize),
}

/// Where things are in a whole answer.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) status: u16,
    pub(super) body: Body,
    /// How many bytes the answer has in all.
    pub(super) length: usize,
}

/// A body as it came.
#[derive(Debug)]
pub(super) enum Body {
    /// In one piece.
    Plain(Range<usize>),
    /// In chunks.
    Chunked(Vec<Range<usize>>),
}

/// Finds the answer that `bytes` begin with.
pub(super) fn progress(bytes: &[u8]) -> io::Result<Progress> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = head.parse(bytes).map_err(invalid)? else {
        return Ok(Progress::Needs(bytes.len() + 1));
    };
    let status = head.code.ok_or_else(|| invalid("an answer without a status"))?;
    let mut length = 0;
    let mut is_chunked = false;
    for header in head.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).map_err(invalid)?;
            length = text.trim().parse().map_err(invalid)?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            is_chunked = true;
        }
    }
    if is_chunked {
        return chunked(bytes, begin, status);
    }
    let end = begin + length;
    if bytes.len() < end {
        return Ok(Progress::Needs(end));
    }
    Ok(Progress::Whole(Whole { status, body: Body::Plain(begin..end), length: end }))
}

fn chunked(bytes: &[u8], mut at: usize, status: u16) -> io::Result<Progress> {
    let mut chunks = Vec::new();
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let size = httparse::parse_chunk_size(rest).map_err(|_| invalid("a chunk without a size"))?;
        let httparse::Status::Complete((head, size)) = size else {
            return Ok(Progress::Needs(bytes.len().max(at) + 1));
        };
        let begin = at + head;
        let end = begin + usize::try_from(size).map_err(invalid)?;
        at = end + 2;
        if bytes.len() < at {
            return Ok(Progress::Needs(at));
        }
        if size == 0 {
            return Ok(Progress::Whole(Whole { status, body: Body::Chunked(chunks), length: at }));
        }
        chunks.push(begin..end);
    }
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}
