//! Headers with a meaning of ours: each is taken once and whole, or the request is refused.

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, IF_MATCH};

use crate::problem::{Code, Problem};
use crate::runtime::Answer;
use crate::types::{RequestKey, StoreId};

pub(super) const X_STORE_ID: HeaderName = HeaderName::from_static("x-store-id");
pub(super) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// The most characters of an idempotency key.
const KEY_LENGTH_MAX: usize = 255;
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
    pub(super) id: &'a str,
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
        let fits = id.len() == 32 && parent.len() == 16 && flags.len() == 2;
        let is_legal = is_hex(id) && is_hex(parent) && is_hex(flags) && !is_nought(id) && !is_nought(parent);
        (is_known && fits && is_legal).then_some(Self { id, parent, flags })
    }

    /// The same trace, with our part of it as the parent.
    pub(super) fn passed_on(&self, span: &str) -> Option<HeaderValue> {
        HeaderValue::try_from(format!("00-{}-{span}-{}", self.id, self.flags)).ok()
    }
}

/// The version of what an answer shows: its own, or for what has none a hash of all of it.
pub(super) fn etag(answer: &Answer) -> String {
    match answer.version {
        0 => format!("\"{:016x}\"", xxhash_rust::xxh3::xxh3_64(&answer.body)),
        version => format!("\"{version}\""),
    }
}

/// Whether an edit rests on a version.
pub(super) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(IF_MATCH)
}

/// Refuses an edit of something that is not at a version the request names. No header, no condition.
pub(super) fn expect_match(headers: &HeaderMap, current: Option<&Answer>) -> Result<(), Problem> {
    let tag = current.map(etag);
    for value in headers.get_all(IF_MATCH) {
        let text =
            value.to_str().map_err(|_| Problem::because(Code::MalformedHeader, "If-Match is not ASCII"))?;
        let mut named = text.split(',').map(str::trim);
        // A weak tag never matches here (RFC 9110, 13.1.1).
        if named.any(|named| (named == "*" && tag.is_some()) || Some(named) == tag.as_deref()) {
            return Ok(());
        }
    }
    match current {
        _ if !is_conditional(headers) => Ok(()),
        Some(answer) => Err(Problem::new(Code::PreconditionFailed).with_version(answer.version)),
        None => Err(Code::PreconditionFailed.into()),
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
    fn an_edit_may_name_the_version_it_rests_on() {
        let answer = Answer { body: "{}".into(), version: 3, is_replayed: false };
        let check = |header: Option<&str>, current: Option<&Answer>| {
            let mut request = TestRequest::put();
            if let Some(header) = header {
                request = request.insert_header((IF_MATCH, header));
            }
            expect_match(request.to_http_request().headers(), current)
                .map_err(|problem| problem.kind().status)
        };
        for good in [None, Some("\"3\""), Some("*"), Some("\"1\", \"3\"")] {
            assert_eq!(check(good, Some(&answer)), Ok(()), "{good:?}");
        }
        for bad in ["\"2\"", "W/\"3\"", "3", ""] {
            assert_eq!(check(Some(bad), Some(&answer)), Err(412), "{bad}");
        }
        assert_eq!((check(Some("*"), None), check(None, None)), (Err(412), Ok(())));
        let unversioned = Answer { version: 0, ..answer };
        assert_eq!(check(Some(&etag(&unversioned)), Some(&unversioned)), Ok(()));
    }
}
