//! The page for people: files that were built into the program, and how browsers get them.
//!
//! ```text
//!   /assets/app-4f9c.js   named after what is in it ──▶ kept for ever
//!   /                     ┐
//!   /orders/ord_01…       ┘ whatever else a browser asks for ──▶ index.html, looked at again each time
//!   /v1/nonsense, or not asked for as HTML ──▶ 404, as a problem
//! ```
//!
//! What may run in the page is what came with it: nothing inline, nothing from elsewhere. The library holds no file: the
//! program brings them, so that a changed page does not compile the library again.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use actix_web::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use super::door::Through;
use super::reply::{self, Reply};
use crate::problem::{Code, Problem};

/// What browsers are given where no other file is meant.
const INDEX: &str = "index.html";
/// Files below this folder are named after what is in them.
const HASHED: &str = "assets/";
/// Nothing below these is the page's.
const OURS: [&str; 2] = ["/v1/", "/orders/submit"];
/// What the page may do: run, show and ask for what came from here. `data:` is for the small pictures in style sheets.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// What the page that stands in for a missing one may do.
const POLICY_OF_NONE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const LOOK_AGAIN: &str = "no-cache";
/// Says how to come by the page, where the program was built without one.
const NO_PAGE: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>OrderFlow</title>\n<h1>OrderFlow ",
    env!("CARGO_PKG_VERSION"),
    "</h1>\n",
    include_str!("index.html")
);

/// The files of the page.
#[derive(Default)]
pub struct Page {
    files: BTreeMap<Box<str>, File>,
}

/// One file, in the forms in which it may be sent.
struct File {
    kind: &'static str,
    plain: Form,
    gzip: Option<Form>,
    brotli: Option<Form>,
}

/// A file as it is sent.
struct Form {
    bytes: Bytes,
    etag: HeaderValue,
}

impl Page {
    /// No page: whoever asks for it is told how to build it.
    pub fn none() -> Self {
        Self::default()
    }

    /// A page of these files, by their path below the page's folder. One that ends in `.br` or `.gz` is another file,
    /// compressed.
    pub fn of(files: impl IntoIterator<Item = (String, Cow<'static, [u8]>)>) -> Self {
        let mut all: BTreeMap<String, Bytes> = files
            .into_iter()
            .map(|(path, bytes)| match bytes {
                Cow::Borrowed(bytes) => (path, Bytes::from_static(bytes)),
                Cow::Owned(bytes) => (path, bytes.into()),
            })
            .collect();
        let plain: Vec<String> =
            all.keys().filter(|path| !path.ends_with(".br") && !path.ends_with(".gz")).cloned().collect();
        let mut take = |path: &str, as_what: &str| all.remove(path).map(|bytes| Form::of(bytes, as_what));
        let files = plain.into_iter().filter_map(|path| {
            let file = File {
                kind: kind(&path),
                plain: take(&path, "")?,
                gzip: take(&format!("{path}.gz"), "-gz"),
                brotli: take(&format!("{path}.br"), "-br"),
            };
            Some((path.into(), file))
        });
        Self { files: files.collect() }
    }

    /// Whether there is a page.
    pub fn is_there(&self) -> bool {
        self.files.contains_key(INDEX)
    }

    /// The answer to whoever asks for `path`; nothing, where the page has nothing to say.
    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<HttpResponse> {
        if method != Method::GET && method != Method::HEAD {
            return None;
        }
        let name = path.strip_prefix('/')?;
        if let Some(file) = self.files.get(name) {
            let keep = if name.starts_with(HASHED) { FOR_EVER } else { LOOK_AGAIN };
            return Some(file.answer(headers, keep));
        }
        let is_ours = OURS.iter().any(|ours| path.starts_with(ours));
        if path != "/" && (is_ours || !takes_html(headers)) {
            return None;
        }
        Some(match self.files.get(INDEX) {
            Some(index) => index.answer(headers, LOOK_AGAIN),
            None => {
                let response = reply::with(reply::json(StatusCode::OK, NO_PAGE), CONTENT_TYPE, HTML);
                guarded(response, POLICY_OF_NONE, LOOK_AGAIN)
            }
        })
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("files", &self.files.len()).finish_non_exhaustive()
    }
}

impl File {
    fn answer(&self, headers: &HeaderMap, keep: &'static str) -> HttpResponse {
        let takes = Encodings::of(headers);
        let (form, encoding) = match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if takes.brotli => (brotli, Some("br")),
            (_, Some(gzip)) if takes.gzip => (gzip, Some("gzip")),
            _ => (&self.plain, None),
        };
        let response = if has(headers, &form.etag) {
            HttpResponse::new(StatusCode::NOT_MODIFIED)
        } else {
            let response =
                reply::with(reply::json(StatusCode::OK, form.bytes.clone()), CONTENT_TYPE, self.kind);
            match encoding {
                Some(encoding) => reply::with(response, CONTENT_ENCODING, encoding),
                None => response,
            }
        };
        let response = reply::with(response, ETAG, form.etag.clone());
        let response = reply::with(response, VARY, "accept-encoding");
        guarded(response, POLICY, keep)
    }
}

impl Form {
    fn of(bytes: Bytes, as_what: &str) -> Self {
        let tag = format!("\"{:016x}{as_what}\"", xxhash_rust::xxh3::xxh3_64(&bytes));
        Self { bytes, etag: HeaderValue::try_from(tag).expect("hexadecimal digits are a header") }
    }
}

/// What surrounds everything that a browser may show.
fn guarded(response: HttpResponse, policy: &'static str, keep: &'static str) -> HttpResponse {
    let response = reply::with(response, CACHE_CONTROL, keep);
    let response = reply::with(response, CONTENT_SECURITY_POLICY, policy);
    let response = reply::with(response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    let response = reply::with(response, REFERRER_POLICY, "no-referrer");
    reply::with(response, CROSS_ORIGIN_OPENER_POLICY, "same-origin")
}

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const HTML: &str = "text/html; charset=utf-8";

/// What a file is, by the end of its name.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => HTML,
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// In which forms a file may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Encodings {
    brotli: bool,
    gzip: bool,
}

impl Encodings {
    /// What the header names; what it weighs with nought it does not want.
    fn of(headers: &HeaderMap) -> Self {
        let mut takes = Self::default();
        for named in values(headers, ACCEPT_ENCODING) {
            match named {
                (name, true) if name.eq_ignore_ascii_case("br") => takes.brotli = true,
                (name, true) if name.eq_ignore_ascii_case("gzip") => takes.gzip = true,
                _ => {}
            }
        }
        takes
    }
}

/// Whether somebody asks for a page and not for data: browsers name HTML, programs take anything.
fn takes_html(headers: &HeaderMap) -> bool {
    values(headers, ACCEPT).any(|(kind, is_wanted)| is_wanted && kind.eq_ignore_ascii_case("text/html"))
}

/// The values of a header with commas between, and whether each is wanted at all.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = (&str, bool)> {
    let lines = headers.get_all(name).filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|value| {
        let mut parts = value.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let weight = parts.find_map(|part| part.strip_prefix("q="));
        let is_nought = weight.and_then(|text| text.parse().ok()).is_some_and(|weight: f32| weight <= 0.0);
        (name, !is_nought)
    })
}

/// Whether the browser has this already.
fn has(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let etag = etag.to_str().unwrap_or_default();
    values(headers, IF_NONE_MATCH).any(|(tag, _)| tag == "*" || tag.trim_start_matches("W/") == etag)
}

/// The front of the page.
pub(super) async fn front(door: Through, request: HttpRequest) -> Reply {
    whatever(door, request).await
}

/// Whatever no route is for: a file of the page, the page itself, or nothing.
pub(super) async fn whatever(door: Through, request: HttpRequest) -> Reply {
    let answer = door.page().answer(request.method(), request.path(), request.headers());
    answer.ok_or_else(|| Problem::new(Code::NotFound))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let file = |path: &str, text: &'static str| (path.to_owned(), Cow::Borrowed(text.as_bytes()));
        Page::of([
            file("index.html", "<!doctype html>"),
            file("index.html.br", "brotli of it"),
            file("index.html.gz", "gzip of it"),
            file("assets/app-4f9c.js", "run()"),
            file("assets/app-4f9c.js.gz", "gzip of run()"),
            file("favicon.svg", "<svg/>"),
        ])
    }

    fn ask(path: &str, headers: &[(HeaderName, &str)]) -> Option<HttpResponse> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name.clone(), HeaderValue::from_str(value).expect("a header"));
        }
        page().answer(&Method::GET, path, &all)
    }

    fn header(response: &HttpResponse, name: HeaderName) -> String {
        let value = response.headers().get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    }

    const BROWSER: (HeaderName, &str) = (ACCEPT, "text/html,application/xhtml+xml,*/*;q=0.8");

    #[test]
    fn files_are_kept_for_ever_and_the_page_is_looked_at_again() {
        let script = ask("/assets/app-4f9c.js", &[]).expect("a file");
        assert_eq!(header(&script, CACHE_CONTROL), FOR_EVER);
        assert_eq!(header(&script, CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_eq!(header(&script, X_CONTENT_TYPE_OPTIONS), "nosniff");
        for path in ["/", "/favicon.svg"] {
            assert_eq!(header(&ask(path, &[]).expect("a file"), CACHE_CONTROL), LOOK_AGAIN, "{path}");
        }
        let front = ask("/", &[]).expect("the page");
        let policy = header(&front, CONTENT_SECURITY_POLICY);
        assert!(
            policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(header(&front, REFERRER_POLICY), "no-referrer");
    }

    #[test]
    fn a_browser_comes_in_anywhere_and_a_program_does_not() {
        for path in ["/orders", "/orders/ord_01HF7YAT00000000000000000A", "/workbench?order=x", "/a/b/c"] {
            let path = path.split('?').next().expect("a path");
            assert!(ask(path, &[BROWSER]).is_some(), "{path}");
            assert!(ask(path, &[]).is_none(), "{path}");
            assert!(ask(path, &[(ACCEPT, "*/*")]).is_none(), "{path}");
            assert!(ask(path, &[(ACCEPT, "text/html;q=0")]).is_none(), "{path}");
        }
        for path in ["/v1/nothing", "/v1/", "/orders/submit"] {
            assert!(ask(path, &[BROWSER]).is_none(), "{path}");
        }
        // A script that is not there is not the page.
        assert!(ask("/assets/gone-1234.js", &[(ACCEPT, "*/*")]).is_none());
        assert!(page().answer(&Method::POST, "/", &HeaderMap::new()).is_none());
        assert!(page().answer(&Method::HEAD, "/", &HeaderMap::new()).is_some());
    }

    #[test]
    fn the_smallest_form_that_is_understood_is_sent() {
        for (accepts, encoding, tag) in [
            ("gzip, deflate, br", "br", "-br\""),
            ("GZIP", "gzip", "-gz\""),
            ("br;q=0, gzip;q=0.5", "gzip", "-gz\""),
            ("deflate", "", "\""),
            ("", "", "\""),
        ] {
            let front = ask("/", &[(ACCEPT_ENCODING, accepts)]).expect("the page");
            assert_eq!(header(&front, CONTENT_ENCODING), encoding, "{accepts}");
            assert!(header(&front, ETAG).ends_with(tag), "{accepts}");
            assert_eq!(header(&front, VARY), "accept-encoding");
        }
        let script = ask("/assets/app-4f9c.js", &[(ACCEPT_ENCODING, "br, gzip")]).expect("a file");
        assert_eq!(header(&script, CONTENT_ENCODING), "gzip", "it comes in no smaller form");
        assert!(ask("/assets/app-4f9c.js.gz", &[]).is_none(), "a form is no file");
    }

    #[test]
    fn what_a_browser_has_is_not_sent_again() {
        let tag = header(&ask("/", &[]).expect("the page"), ETAG);
        for known in [tag.as_str(), "*", &format!("\"other\", {tag}"), &format!("W/{tag}")] {
            let again = ask("/", &[(IF_NONE_MATCH, known)]).expect("the page");
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
            assert_eq!(header(&again, ETAG), tag);
        }
        let other = ask("/", &[(IF_NONE_MATCH, "\"other\"")]).expect("the page");
        assert_eq!(other.status(), StatusCode::OK);
        // Another form is another answer.
        let packed = ask("/", &[(IF_NONE_MATCH, &tag), (ACCEPT_ENCODING, "br")]).expect("the page");
        assert_eq!(packed.status(), StatusCode::OK);
    }

    #[test]
    fn without_a_page_it_is_said_how_to_build_one() {
        assert!(page().is_there() && !Page::none().is_there());
        let front = Page::none().answer(&Method::GET, "/", &HeaderMap::new()).expect("an answer");
        assert_eq!(header(&front, CONTENT_SECURITY_POLICY), POLICY_OF_NONE);
        assert!(NO_PAGE.contains("make build") && NO_PAGE.contains("href=\"/docs\""));
    }
}
