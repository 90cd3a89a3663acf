//! The OpenAPI 3.1 document.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::shapes::{self, Field};
use super::{Api, Route, refusals};
use crate::problem::Code;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
const PROBLEM: &str = "application/problem+json";

/// The document.
pub(super) fn of(api: &Api) -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for route in &api.routes {
        paths.entry(&route.path).or_default().insert(route.method.clone(), operation(api, route));
    }
    let tags: Vec<Value> =
        api.tags.iter().map(|(name, says)| json!({ "name": name, "description": says })).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "OrderFlow",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Orders of many shops, taken at once and carried to the door",
            "description": "Money is whole minor units, times are RFC 3339 in UTC. A request with an Idempotency-Key may be \
                            repeated: the first accepted answer is given again. Refusals are RFC 9457 problems with a stable code.",
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags,
        "paths": paths,
        "components": { "schemas": schemas(api) },
    })
}

fn schemas(api: &Api) -> Map<String, Value> {
    let words = api.words.iter().map(|(name, list)| (name.clone(), shapes::words(list)));
    let requests = api.requests.iter().map(|(name, fields)| {
        let mut closed = shapes::object(fields);
        closed["additionalProperties"] = false.into();
        (name.clone(), closed)
    });
    let views = api.views.iter().map(|(name, fields)| (name.clone(), shapes::object(fields)));
    let with_example = |(name, mut schema): (String, Value)| {
        if schema["type"] == "object" {
            schema["examples"] = json!([shapes::sample(api, &name)]);
        }
        (name, schema)
    };
    words.chain(requests).chain(views).map(with_example).collect()
}

fn operation(api: &Api, route: &Route) -> Value {
    let summary = route.does.split_once(". ").map_or(route.does.trim_end_matches('.'), |(first, _)| first);
    let mut operation = json!({
        "operationId": route.anchor(),
        "tags": [route.tag],
        "summary": summary,
        "description": route.does,
        "parameters": parameters(route),
        "responses": responses(api, route),
    });
    if let Some(body) = &route.body {
        let content = json!({ "schema": shapes::schema(body), "example": shapes::sample(api, body) });
        let mut kinds = Map::from_iter([(JSON.to_owned(), content)]);
        if route.is_form {
            kinds.insert(FORM.to_owned(), json!({ "schema": shapes::schema(body) }));
        }
        operation["requestBody"] = json!({ "required": !route.is_body_optional, "content": kinds });
    }
    operation
}

fn parameters(route: &Route) -> Vec<Value> {
    let parameter = |place: &str, is_required: bool, field: Field<'_>| {
        let mut schema = field.schema();
        let says = schema.as_object_mut().and_then(|members| members.remove("description"));
        json!({ "name": field.name, "in": place, "required": is_required, "description": says.unwrap_or_else(|| "Which one".into()), "schema": schema })
    };
    let mut all = Vec::new();
    if let (Some(name), Some(text)) = (route.parameter(), &route.id) {
        all.push(parameter("path", true, Field::of(name, text)));
    }
    all.extend(Field::all(&route.and).map(|field| parameter("path", true, field)));
    all.extend(Field::all(&route.query).map(|field| parameter("query", false, field)));
    if route.is_of_a_store() {
        all.push(parameter("header", true, Field::of("X-Store-ID", "text; Which store ~ acme")));
    }
    if route.is_write() {
        let key = "text; The first accepted answer to it is given again; 1 to 255 visible characters ~ one-of-a-kind";
        all.push(parameter("header", false, Field::of("Idempotency-Key", key)));
    }
    if route.edits {
        let tags = "text; The ETag that the edit rests on, several, or * for whatever is there ~ \"1\"";
        all.push(parameter("header", false, Field::of("If-Match", tags)));
    }
    all.extend(Field::all(&route.takes).map(|field| parameter("header", field.is_required, field)));
    all
}

fn responses(api: &Api, route: &Route) -> Map<String, Value> {
    let mut all = Map::new();
    for (status, answer) in &route.answers {
        let (kind, content) = match answer.as_str() {
            kind if kind.contains('/') => (kind, json!({ "schema": { "type": "string" } })),
            shape => {
                let content =
                    json!({ "schema": shapes::schema(shape), "example": shapes::sample(api, shape) });
                (JSON, content)
            }
        };
        let mut headers = Map::from_iter([request_id()]);
        headers.extend(route.headers.iter().map(|name| (name.clone(), header(name))));
        let answer =
            json!({ "description": meaning(status), "headers": headers, "content": { kind: content } });
        all.insert(status.clone(), answer);
    }
    let mut problems: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in refusals::of(route) {
        problems.entry(code.kind().status).or_default().push(code);
    }
    for (status, codes) in problems {
        let refusal = refusal(&codes);
        match all.get_mut(&status.to_string()) {
            Some(answer) => answer["content"][PROBLEM] = refusal["content"][PROBLEM].clone(),
            None => drop(all.insert(status.to_string(), refusal)),
        }
    }
    all
}

/// All that may be refused with one status.
fn refusal(codes: &[Code]) -> Value {
    let kinds: Vec<_> = codes.iter().map(|code| code.kind()).collect();
    let says: Vec<String> = kinds.iter().map(|kind| format!("`{}`: {}", kind.code, kind.detail)).collect();
    let words: Vec<&str> = kinds.iter().map(|kind| kind.code).collect();
    let mut headers = Map::from_iter([request_id()]);
    if kinds.iter().any(|kind| kind.retry_after_s.is_some()) {
        headers.insert("Retry-After".into(), header("Retry-After"));
    }
    if codes.contains(&Code::PreconditionFailed) {
        headers.insert("ETag".into(), header("ETag"));
    }
    let schema = json!({ "$ref": "#/components/schemas/Problem", "properties": { "code": { "type": "string", "enum": words } } });
    json!({ "description": says.join("; "), "headers": headers, "content": { PROBLEM: { "schema": schema } } })
}

fn request_id() -> (String, Value) {
    ("X-Request-ID".into(), header("X-Request-ID"))
}

fn header(name: &str) -> Value {
    let (says, kind) = match name {
        "ETag" => ("What tells this state of it from every other; for If-Match", "string"),
        "Location" => ("Where it is", "string"),
        "Idempotent-Replayed" => {
            ("`true` where this is the first answer to the same request, again", "string")
        }
        "Retry-After" => ("Seconds after which the same request may succeed", "integer"),
        _ => ("The request's id: the caller's own, or one that was made", "string"),
    };
    json!({ "description": says, "schema": { "type": kind } })
}

fn meaning(status: &str) -> &'static str {
    match status {
        "201" => "It was made",
        "202" => "It was taken, and is durable",
        "503" => "Not now",
        _ => "As it is, or as it then stands",
    }
}
