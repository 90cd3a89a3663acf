//! The small language in which `api.toml` writes types, as JSON Schema and as samples.

use serde_json::{Map, Value, json};

use super::{Api, Fields};
use crate::types::money::AMOUNT_MAX;

/// A point in time that all samples share.
const SAMPLE_TIME: &str = "2026-11-21T12:00:00.000000Z";
/// An id that all samples share.
const SAMPLE_ID: &str = "01HF7YAT00000000000000000A";

/// One member of an object, a parameter or a header: `TYPE; description ~ sample`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) is_required: bool,
    pub(super) shape: &'a str,
    pub(super) says: &'a str,
    sample: Option<&'a str>,
}

impl<'a> Field<'a> {
    /// Reads a member.
    pub(super) fn of(name: &'a str, text: &'a str) -> Self {
        let (text, sample) =
            text.rsplit_once(" ~ ").map_or((text, None), |(text, sample)| (text, Some(sample)));
        let (shape, says) = text.split_once("; ").unwrap_or((text, ""));
        let is_required = !name.ends_with('?');
        Self { name: name.trim_end_matches('?'), is_required, shape, says, sample }
    }

    /// All members of an object.
    pub(super) fn all(fields: &'a Fields) -> impl Iterator<Item = Self> {
        fields.iter().map(|(name, text)| Self::of(name, text))
    }

    /// Its schema, with its description and, where one was given, an example.
    pub(super) fn schema(&self) -> Value {
        let mut schema = schema(self.shape);
        if let Some(members) = schema.as_object_mut() {
            if !self.says.is_empty() {
                members.insert("description".into(), self.says.into());
            }
            if self.sample.is_some_and(|sample| sample != "null") {
                members.insert("examples".into(), json!([self.given()]));
            }
        }
        schema
    }

    /// What it looks like.
    pub(super) fn sample(&self, api: &Api) -> Value {
        if self.sample.is_some() { self.given() } else { sample(api, self.shape) }
    }

    fn given(&self) -> Value {
        let text = self.sample.unwrap_or_default();
        let read = || serde_json::from_str(text).unwrap_or(Value::Null);
        match self.shape.trim_end_matches('?') {
            _ if text == "null" => Value::Null,
            "int" | "integer" | "number" | "bool" | "money" | "price" | "json" | "texts" => read(),
            shape if shape.ends_with("[]") => json!([text]),
            _ => text.into(),
        }
    }
}

/// An object of these members, with a description of each.
pub(super) fn object(fields: &Fields) -> Value {
    let properties: Map<String, Value> =
        Field::all(fields).map(|field| (field.name.to_owned(), field.schema())).collect();
    let required: Vec<&str> =
        Field::all(fields).filter(|field| field.is_required).map(|field| field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

/// One of these words.
pub(super) fn words(words: &str) -> Value {
    json!({ "type": "string", "enum": words.split('|').collect::<Vec<_>>() })
}

/// The schema of a type.
pub(super) fn schema(shape: &str) -> Value {
    if let Some(inner) = shape.strip_suffix('?') {
        return nullable(schema(inner));
    }
    if let Some(inner) = shape.strip_suffix("[]") {
        return json!({ "type": "array", "items": schema(inner) });
    }
    if let Some(prefix) = shape.strip_prefix("id:") {
        return json!({ "type": "string", "pattern": format!("^{prefix}_[0-9A-HJKMNP-TV-Z]{{26}}$") });
    }
    if let Some(list) = shape.strip_prefix("one:") {
        return words(list);
    }
    if let Some(entry) = shape.strip_prefix("page:") {
        return json!({
            "type": "object",
            "properties": {
                "data": { "type": "array", "items": schema(entry) },
                "next_cursor": {
                    "type": ["string", "null"],
                    "description": "Where the next page begins; null on the last",
                },
            },
            "required": ["data", "next_cursor"],
        });
    }
    match shape {
        "text" => json!({ "type": "string" }),
        "int" => json!({ "type": "integer", "minimum": 0 }),
        "integer" => json!({ "type": "integer" }),
        "number" => json!({ "type": "number" }),
        "bool" => json!({ "type": "boolean" }),
        "time" => json!({ "type": "string", "format": "date-time" }),
        "money" => json!({ "type": "integer", "minimum": 0, "maximum": AMOUNT_MAX }),
        "price" => json!({ "type": "integer", "minimum": 1, "maximum": AMOUNT_MAX }),
        "json" => json!({}),
        "texts" => json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        name => json!({ "$ref": format!("#/components/schemas/{name}") }),
    }
}

fn nullable(mut schema: Value) -> Value {
    if let Some(kind) = schema["type"].as_str().map(str::to_owned) {
        schema["type"] = json!([kind, "null"]);
        if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            words.push(Value::Null);
        }
        schema
    } else {
        json!({ "anyOf": [schema, { "type": "null" }] })
    }
}

/// What something of a type looks like.
pub(super) fn sample(api: &Api, shape: &str) -> Value {
    if shape.ends_with('?') {
        return Value::Null;
    }
    if let Some(inner) = shape.strip_suffix("[]") {
        return json!([sample(api, inner)]);
    }
    if let Some(prefix) = shape.strip_prefix("id:") {
        return format!("{prefix}_{SAMPLE_ID}").into();
    }
    if let Some(list) = shape.strip_prefix("one:") {
        return first_word(list);
    }
    if let Some(entry) = shape.strip_prefix("page:") {
        return json!({ "data": [sample(api, entry)], "next_cursor": null });
    }
    match shape {
        "text" => "text".into(),
        "int" | "integer" | "money" | "price" => 1.into(),
        "number" => json!(1.0),
        "bool" => true.into(),
        "time" => SAMPLE_TIME.into(),
        "json" | "texts" => json!({}),
        name => match (api.words.get(name), api.requests.get(name).or_else(|| api.views.get(name))) {
            (Some(list), _) => first_word(list),
            (None, Some(fields)) => sample_object(api, fields),
            (None, None) => Value::Null,
        },
    }
}

fn first_word(list: &str) -> Value {
    list.split('|').next().unwrap_or_default().into()
}

/// What may be missing is shown where it says something.
fn sample_object(api: &Api, fields: &Fields) -> Value {
    let shown = Field::all(fields).map(|field| (field, field.sample(api)));
    let shown = shown.filter(|(field, sample)| field.is_required || !sample.is_null());
    shown.map(|(field, sample)| (field.name.to_owned(), sample)).collect::<Map<_, _>>().into()
}
