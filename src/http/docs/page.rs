//! The document for people: plain HTML, made from the same file, without a script and without a word to any other server.

use std::fmt::Write as _;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::shapes::{self, Field};
use super::{Api, Fields, Route, refusals};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
h1,h2,h3{line-height:1.2}h2{border-bottom:1px solid #ccc;margin-top:3rem}h3{margin-top:2.5rem}code,pre{font:14px/1.45 ui-monospace,monospace}\
pre{background:#f4f4f2;padding:.8rem;overflow:auto}table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid #eee}\
.m{display:inline-block;min-width:4.2rem;text-transform:uppercase;color:#06c}small{color:#666}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#242424}td,th{border-color:#333}.m{color:#7bf}}";

/// What the page may load: its own style, known by its hash, and nothing else.
pub(super) fn policy() -> String {
    let hash = base64(&Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The page.
pub(super) fn of(api: &Api, document: &Value) -> String {
    let mut page = Page(String::with_capacity(256 * 1024));
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>OrderFlow: the API</title>");
    page.raw("<meta name=\"viewport\" content=\"width=device-width\"><style>")
        .raw(STYLE)
        .raw("</style></head>\n<body>\n");
    page.raw("<h1>OrderFlow ").text(env!("CARGO_PKG_VERSION")).raw("</h1>\n");
    page.element("p", document["info"]["description"].as_str().unwrap_or_default());
    page.raw("<p>For programs: <a href=\"/openapi.json\">/openapi.json</a> (OpenAPI 3.1).</p>\n");
    let tags = tags(api);
    for tag in &tags {
        let says = api.tags.get(*tag).map_or("", String::as_str);
        page.raw("<h2 id=\"").text(tag).raw("\">").text(tag).raw("</h2>\n").element("p", says).raw("<ul>\n");
        for route in api.routes.iter().filter(|route| route.tag == **tag) {
            page.raw("<li><a href=\"#").text(&route.anchor()).raw("\"><code><span class=\"m\">");
            page.text(&route.method).raw("</span>").text(&route.path).raw("</code></a></li>\n");
        }
        page.raw("</ul>\n");
        for route in api.routes.iter().filter(|route| route.tag == **tag) {
            page.route(api, route, document);
        }
    }
    page.raw("<h2 id=\"schemas\">Shapes</h2>\n");
    for (name, list) in &api.words {
        page.heading(name).element("p", &list.replace('|', " · "));
    }
    for (name, fields) in api.requests.iter().chain(&api.views) {
        page.heading(name).members(api, fields);
    }
    page.raw("</body>\n</html>\n");
    page.0
}

/// Every noun once, in the order of the file.
fn tags(api: &Api) -> Vec<&str> {
    let mut tags: Vec<&str> = Vec::new();
    for route in &api.routes {
        if !tags.contains(&route.tag.as_str()) {
            tags.push(&route.tag);
        }
    }
    tags
}

struct Page(String);

impl Page {
    fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// Text, whatever is in it.
    fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                c => self.0.push(c),
            }
        }
        self
    }

    fn element(&mut self, name: &str, text: &str) -> &mut Self {
        self.raw("<").raw(name).raw(">").text(text).raw("</").raw(name).raw(">\n")
    }

    fn heading(&mut self, name: &str) -> &mut Self {
        self.raw("<h3 id=\"").text(name).raw("\"><code>").text(name).raw("</code></h3>\n")
    }

    fn route(&mut self, api: &Api, route: &Route, document: &Value) {
        self.raw("<h3 id=\"").text(&route.anchor()).raw("\"><code><span class=\"m\">").text(&route.method);
        self.raw("</span>").text(&route.path).raw("</code></h3>\n").element("p", &route.does);
        let operation = &document["paths"][&route.path][&route.method];
        let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        if !parameters.is_empty() {
            self.raw("<table><tr><th>parameter</th><th>in</th><th></th></tr>\n");
            for parameter in parameters {
                let said = |member: &str| parameter[member].as_str().unwrap_or_default();
                let must = if parameter["required"] == true { " <small>required</small>" } else { "" };
                self.raw("<tr><td><code>").text(said("name")).raw("</code>").raw(must).raw("</td><td>");
                self.text(said("in")).raw("</td><td>").text(said("description")).raw("</td></tr>\n");
            }
            self.raw("</table>\n");
        }
        if let Some(body) = &route.body {
            self.raw("<p>Body: ").shape(api, body);
            self.raw(if route.is_body_optional { ", which may be missing" } else { "" }).raw("</p>\n");
        }
        for (status, answer) in &route.answers {
            self.raw("<p>").text(status).raw(": ").shape(api, answer).raw("</p>\n");
        }
        self.element("pre", &curl(api, route));
        if let Some(answer) =
            route.answers.values().next().filter(|answer| !answer.contains('/') && *answer != "json")
        {
            let sample = serde_json::to_string_pretty(&shapes::sample(api, answer)).unwrap_or_default();
            self.raw("<details><summary>An answer</summary>").element("pre", &sample).raw("</details>\n");
        }
        let refusals = refusals::of(route);
        if !refusals.is_empty() {
            self.raw("<details><summary>Refusals</summary><table>\n");
            for kind in refusals.iter().map(|code| code.kind()) {
                self.raw("<tr><td>").text(&kind.status.to_string()).raw("</td><td><code>").text(kind.code);
                self.raw("</code></td><td>").text(kind.detail).raw("</td></tr>\n");
            }
            self.raw("</table></details>\n");
        }
    }

    fn members(&mut self, api: &Api, fields: &Fields) -> &mut Self {
        self.raw("<table>\n");
        for field in Field::all(fields) {
            let may = if field.is_required { "" } else { " <small>may be missing</small>" };
            self.raw("<tr><td><code>").text(field.name).raw("</code>").raw(may).raw("</td><td>");
            self.shape(api, field.shape).raw("</td><td>").text(field.says).raw("</td></tr>\n");
        }
        self.raw("</table>\n")
    }

    /// A type, with a link where it has a name.
    fn shape(&mut self, api: &Api, shape: &str) -> &mut Self {
        let bare = shape.trim_end_matches('?').trim_end_matches("[]").trim_start_matches("page:");
        let is_named =
            api.words.contains_key(bare) || api.requests.contains_key(bare) || api.views.contains_key(bare);
        let list = if shape.starts_with("page:") { "a page of " } else { "" };
        let many = if shape.contains("[]") { ", a list" } else { "" };
        let null = if shape.ends_with('?') { " or null" } else { "" };
        self.raw(list);
        if is_named {
            self.raw("<a href=\"#").text(bare).raw("\"><code>").text(bare).raw("</code></a>");
        } else {
            let words = bare.trim_start_matches("one:").replace('|', " · ");
            self.raw("<code>").text(&words).raw("</code>");
        }
        self.raw(many).raw(null)
    }
}

/// A call that can be tried.
fn curl(api: &Api, route: &Route) -> String {
    let mut path = route.path.clone();
    if let (Some(name), Some(text)) = (route.parameter(), &route.id) {
        let sample = Field::of(name, text).sample(api);
        path = path.replace(&format!("{{{name}}}"), sample.as_str().unwrap_or_default());
    }
    let mut text = format!("curl -i -X {} http://127.0.0.1:8080{path}", route.method.to_uppercase());
    let mut header = |name: &str, value: &str| {
        write!(text, " \\\n  -H '{name}: {value}'").expect("a string takes text");
    };
    if route.is_of_a_store() {
        header("X-Store-ID", "acme");
    }
    if route.is_write() {
        header("Idempotency-Key", "one-of-a-kind");
    }
    for field in Field::all(&route.takes).filter(|field| field.is_required) {
        header(field.name, field.sample(api).as_str().unwrap_or_default());
    }
    if let Some(body) = &route.body {
        header("Content-Type", "application/json");
        // What stands between single quotes holds none.
        let sample = shapes::sample(api, body).to_string().replace('\'', "\\u0027");
        write!(text, " \\\n  -d '{sample}'").expect("a string takes text");
    }
    text
}

/// Base 64 (RFC 4648) of a hash.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).expect("six bits");
            text.push(if place <= chunk.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_64_is_that_of_the_standard() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xFB, 0xFF]), "+/8=");
    }

    #[test]
    fn nothing_of_a_text_becomes_part_of_the_page() {
        let mut page = Page(String::new());
        page.element("p", "<script>\"&");
        assert_eq!(page.0, "<p>&lt;script&gt;&quot;&amp;</p>\n");
    }
}
