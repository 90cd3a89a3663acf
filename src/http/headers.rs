//! Headers with a meaning of ours: each is taken once and whole, or the request is refused.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, IF_MATCH};

use crate::problem::{Code, Problem};
use crate::runtime::{Answer, Expected};
use crate::types::{RequestKey, StoreId, TraceId};

pub(super) const X_STORE_ID: HeaderName = HeaderName::from_static("x-store-id");
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The most characters of an idempotency key.
const KEY_LENGTH_MAX: usize = 255;
/// The most entity tags that one request may name.
const IF_MATCH_TAGS_MAX: usize = 64;
/// No answer is older than this, however patient its reader.
const AGE_MAX: Duration = Duration::from_secs(5);
/// The most characters of a request id that is echoed.
const REQUEST_ID_LENGTH_MAX: usize = 128;

/// The store that a request names. Exactly one header with exactly one id: nothing is guessed and nothing is trimmed.
pub(super) fn store_id(headers: &HeaderMap) -> Result<StoreId, Problem> {
    let mut named = headers.get_all(X_STORE_ID);
    let Some(first) = named.next() else { return Err(Code::StoreIdMissing.into()) };
    if named.next().is_some() {
        return Err(Problem::because(Code::StoreIdMalformed, "more than one X-Store-ID"));
    }
    first.to_str().ok().and_then(|text| text.parse().ok()).ok_or(Code::StoreIdMalformed.into())
}

/// The request's idempotency key with what it was sent with, when there is one.
pub(super) fn request_key(request: &HttpRequest, body: &[u8]) -> Result<Option<RequestKey>, Problem> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(first) = keys.next() else { return Ok(None) };
    if keys.next().is_some() {
        return Err(Problem::because(Code::IdempotencyKeyMalformed, "more than one Idempotency-Key"));
    }
    let key = unquoted(first.as_bytes()).ok_or(Code::IdempotencyKeyMalformed)?;
    let payload = [request.method().as_str().as_bytes(), request.path().as_bytes(), body];
    Ok(Some(RequestKey::new(&key, &payload)))
}

/// A key as its client means it: bare, or quoted as RFC 8941 writes strings. Both spellings are one key.
fn unquoted(text: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let text = std::str::from_utf8(text).ok()?;
    let key = match text.strip_prefix('"') {
        None => std::borrow::Cow::Borrowed(text),
        Some(rest) => {
            let inner = rest.strip_suffix('"')?;
            if inner.contains(['"', '\\']) { unescaped(inner)?.into() } else { inner.into() }
        }
    };
    let fits = (1..=KEY_LENGTH_MAX).contains(&key.len()) && key.bytes().all(|b| (0x20..0x7F).contains(&b));
    fits.then_some(key)
}

fn unescaped(inner: &str) -> Option<String> {
    let mut key = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            '"' => return None,
            '\\' => key.push(rest.next().filter(|c| matches!(c, '"' | '\\'))?),
            c => key.push(c),
        }
    }
    Some(key)
}

/// How old an answer may be that is made of views: `Cache-Control: max-age=1` (RFC 9111, 5.2.1). Nought where nobody says so: then
/// an answer shows all that was answered before.
pub(super) fn max_age(headers: &HeaderMap) -> Duration {
    let mut named = headers.get_all(CACHE_CONTROL);
    let first = named.next().and_then(|value| value.to_str().ok());
    let seconds = first.and_then(|text| text.trim().strip_prefix("max-age=")?.parse().ok());
    match (seconds, named.next()) {
        (Some(seconds), None) => Duration::from_secs(seconds).min(AGE_MAX),
        (None | Some(_), _) => Duration::ZERO,
    }
}

/// The request's own id, when it has one that can be echoed.
pub(super) fn own_request_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(X_REQUEST_ID)?;
    let fits =
        (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    fits.then(|| id.clone())
}

/// A trace that a request belongs to (W3C Trace Context, version 00).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trace<'a> {
    /// The whole trace.
    pub(super) id: TraceId,
    /// The caller's part of it.
    pub(super) parent: &'a str,
    /// Whether the caller records it, and what else its flags say.
    pub(super) flags: &'a str,
}

impl<'a> Trace<'a> {
    /// The request's trace, when it names one; a malformed one is as good as none.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        Self::parse(headers.get(TRACEPARENT)?.to_str().ok()?)
    }

    fn parse(text: &'a str) -> Option<Self> {
        let is_hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_nought = |text: &str| text.bytes().all(|b| b == b'0');
        let mut parts = text.split('-');
        let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_known = version == "00" && parts.next().is_none();
        let fits = parent.len() == 16 && flags.len() == 2;
        let is_legal = is_hex(parent) && is_hex(flags) && !is_nought(parent);
        let id = id.parse().ok().filter(|_| is_known && fits && is_legal)?;
        Some(Self { id, parent, flags })
    }

    /// The same trace, with our part of it as the parent.
    pub(super) fn passed_on(&self, span: &str) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("00-{}-{span}-{}", self.id, self.flags)).ok()
    }
}

/// The entity tag of what an answer shows.
pub(super) fn etag(answer: &Answer) -> String {
    format!("\"{}\"", answer.tag())
}

/// What the request expects to be there; nothing, where it names no condition. A weak tag is legal and never matches
/// (RFC 9110, 13.1.1).
pub(super) fn if_match(headers: &HeaderMap) -> Result<Option<Expected>, Problem> {
    let mut tags = Vec::new();
    let mut is_any = false;
    for value in headers.get_all(IF_MATCH) {
        let text = value.to_str().map_err(|_| if_match_malformed())?;
        if text.trim() == "*" {
            is_any = true;
        } else {
            entity_tags(text, &mut tags).ok_or_else(if_match_malformed)?;
        }
    }
    match (is_any, tags.is_empty()) {
        (true, true) => Ok(Some(Expected::Something)),
        (false, false) => {
            let strong = tags.into_iter().filter(|tag| !tag.is_weak).map(|tag| tag.opaque.into());
            Ok(Some(Expected::OneOf(strong.collect())))
        }
        (false, true) if !headers.contains_key(IF_MATCH) => Ok(None),
        (false, true) | (true, false) => Err(if_match_malformed()),
    }
}

fn if_match_malformed() -> Problem {
    let detail = "If-Match takes *, or entity tags as ETag has them, in their quotes and set apart by commas";
    Problem::because(Code::MalformedHeader, detail)
}

struct EntityTag<'a> {
    opaque: &'a str,
    is_weak: bool,
}

/// Reads a list of entity tags (RFC 9110, 8.8.3). A comma may stand inside a tag, so they are read one by one.
fn entity_tags<'a>(text: &'a str, tags: &mut Vec<EntityTag<'a>>) -> Option<()> {
    let mut rest = text.trim();
    loop {
        let is_weak = rest.starts_with("W/");
        let (opaque, after) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"')?.split_once('"')?;
        let is_legal = opaque.bytes().all(|b| b == 0x21 || (0x23..=0x7E).contains(&b));
        if !is_legal || tags.len() == IF_MATCH_TAGS_MAX {
            return None;
        }
        tags.push(EntityTag { opaque, is_weak });
        let after = after.trim_start();
        if after.is_empty() {
            return Some(());
        }
        rest = after.strip_prefix(',')?.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn key(headers: &[&str]) -> Result<Option<RequestKey>, u16> {
        let mut request = TestRequest::post().uri("/v1/orders");
        for header in headers {
            let value = HeaderValue::from_bytes(header.as_bytes()).expect("a header");
            request = request.append_header((IDEMPOTENCY_KEY, value));
        }
        request_key(&request.to_http_request(), b"{}").map_err(|problem| problem.kind().status)
    }

    #[test]
    fn a_key_is_bare_or_quoted_and_both_are_one() {
        let bare = key(&["order 1-é"]);
        assert_eq!(bare, Err(400), "only ASCII");
        let bare = key(&["order 1"]).expect("legal").expect("there");
        assert_eq!(key(&["\"order 1\""]), Ok(Some(bare)));
        assert_ne!(key(&["order 2"]), Ok(Some(bare)));
        assert_eq!(key(&[r#""a\"b\\c""#]), key(&[r#"a"b\c"#]));
        assert_eq!(key(&[]), Ok(None));
        assert!(key(&[&"k".repeat(255)]).is_ok() && key(&[&format!("\"{}\"", "k".repeat(255))]).is_ok());
        for bad in ["", "\"\"", "\"", "\"a", r#""a\b""#, r#""a"b""#, &"k".repeat(256)] {
            assert_eq!(key(&[bad]), Err(400), "{bad}");
        }
        assert_eq!(key(&["a", "a"]), Err(400), "one key a request");
    }

    #[test]
    fn what_a_key_came_with_counts() {
        let of = |method: TestRequest, body: &[u8]| {
            let request = method.insert_header((IDEMPOTENCY_KEY, "k")).to_http_request();
            request_key(&request, body).expect("legal").expect("there")
        };
        let first = of(TestRequest::post().uri("/v1/a"), b"1");
        assert_eq!(first, of(TestRequest::post().uri("/v1/a"), b"1"));
        for other in [
            of(TestRequest::post().uri("/v1/a"), b"2"),
            of(TestRequest::post().uri("/v1/b"), b"1"),
            of(TestRequest::put().uri("/v1/a"), b"1"),
        ] {
            assert_eq!(other.key, first.key);
            assert_ne!(other.payload, first.payload);
        }
    }

    #[test]
    fn traces_are_passed_on_and_rubbish_is_not() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace = Trace::parse(text).expect("legal");
        let passed = trace.passed_on("1111111111111111").expect("legal");
        assert_eq!(passed, "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01");
        let nought = "0".repeat(32);
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            &format!("00-{nought}-00f067aa0ba902b7-01"),
            &format!("{text}-extra"),
        ] {
            assert_eq!(Trace::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_edit_may_name_what_it_rests_on() {
        let answer = Answer { body: "{}".into(), version: 3, is_replayed: false };
        let read = |values: &[&str]| {
            let mut request = TestRequest::put();
            for value in values {
                request = request.append_header((IF_MATCH, *value));
            }
            if_match(request.to_http_request().headers()).map_err(|problem| problem.kind().status)
        };
        assert_eq!(read(&[]), Ok(None));
        let met = |values: &[&str], there: Option<&Answer>| {
            let expected = read(values).expect("well-formed").expect("there");
            expected.is_met_by(there.map(Answer::tag))
        };
        for good in [
            &["\"3\""][..],
            &["*"],
            &["\"1\", \"3\""],
            &["\"1\" ,\"3\""],
            &["\"1\"", "\"3\""],
            &["\"a,b\",\"3\""],
        ] {
            assert!(met(good, Some(&answer)), "{good:?}");
            assert!(!met(good, None), "nothing is there: {good:?}");
        }
        for other in ["\"2\"", "W/\"3\"", "\"\"", "\"03\"", "\"a,3\""] {
            assert!(!met(&[other], Some(&answer)), "{other}");
        }
        let many = vec!["\"1\""; IF_MATCH_TAGS_MAX + 1].join(",");
        for bad in [
            &["3"][..],
            &[""],
            &["\"3"],
            &["\"3\" \"4\""],
            &["\"3\","],
            &[",\"3\""],
            &["*, \"3\""],
            &["*", "\"3\""],
            &["w/\"3\""],
            &["\"a b\""],
            &[&many],
        ] {
            assert_eq!(read(bad), Err(400), "{bad:?}");
        }
        let unversioned = Answer { version: 0, ..answer };
        assert!(met(&[&etag(&unversioned)], Some(&unversioned)));
        let other = Answer { body: "[]".into(), ..unversioned.clone() };
        assert!(!met(&[&etag(&other)], Some(&unversioned)));
    }
}
