//! A stranger's JSON: read straight into what is wanted, and only when that fails looked at again to say where and why.

use std::fmt;

use serde::de::{self, Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};

use super::strict::Strict;
use crate::order::Invalid;
use crate::problem::{Code, Problem};
use crate::types::text::{has_card_number, is_plain};

/// Reads a body. Objects are read as objects: fields by place, as derived readers take them from an array, are nobody's
/// idea of one.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    strictly(body).map_err(|first| explain::<T>(body, &first))
}

fn strictly<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = T::deserialize(Strict(&mut reader))?;
    reader.end()?;
    Ok(read)
}

/// Why a body cannot be read: no JSON at all, or JSON with something wrong somewhere.
#[cold]
fn explain<T: DeserializeOwned>(body: &[u8], first: &serde_json::Error) -> Problem {
    // Something may be wrong before the place where the body stops being JSON; that it is none weighs more.
    if let Err(error) = serde_json::from_slice::<WellFormed>(body)
        && !is_number_out_of_range(&error)
    {
        return malformed(&error);
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(Strict(&mut reader)) {
        // It came out right up to where something follows.
        Ok(_) => malformed(first),
        Err(error) => {
            let (pointer, inner) = (pointer(error.path()), error.into_inner());
            let is_data = inner.classify() == Category::Data || is_number_out_of_range(&inner);
            if is_data { Problem::invalid(vec![invalid(pointer, &inner)]) } else { malformed(&inner) }
        }
    }
}

fn is_number_out_of_range(error: &serde_json::Error) -> bool {
    error.to_string().starts_with("number out of range")
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::because(Code::MalformedJson, format!("the body is not one JSON value: {error}"))
}

/// A place as a JSON pointer (RFC 6901).
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => push_key(&mut pointer, key),
            Segment::Unknown => pointer.push_str("/-"),
        }
    }
    pointer
}

fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// What serde says, as a stable word; its sentences are fixed parts of its interface to people.
fn invalid(mut pointer: String, error: &serde_json::Error) -> Invalid {
    let text = error.to_string();
    // Line and column are of no use to whoever has a pointer.
    let detail = text.rsplit_once(" at line ").map_or(&*text, |(detail, _)| detail);
    let code = [
        ("unknown field", "unknown_field"),
        ("missing field", "missing_field"),
        ("duplicate field", "duplicate_field"),
        ("invalid type", "wrong_type"),
        ("invalid value", "out_of_range"),
        ("number out of range", "out_of_range"),
        ("invalid length", "invalid_length"),
        ("unknown variant", "unknown_value"),
    ]
    .into_iter()
    .find_map(|(begins, code)| detail.starts_with(begins).then_some(code))
    .unwrap_or("invalid_value");
    // A missing field is wrong where it should be. Unknown and repeated ones the path names itself, if it got that far.
    if let Some(field) = detail.split('`').nth(1)
        && matches!(code, "unknown_field" | "missing_field" | "duplicate_field")
        && (code == "missing_field" || !ends_with(&pointer, field))
    {
        push_key(&mut pointer, field);
    }
    // What serde says repeats the value, and nobody shall read a card's number twice.
    let detail = if has_card_number(detail) { "the value is none that is taken here" } else { detail };
    Invalid::new(pointer, code, detail)
}

fn ends_with(pointer: &str, field: &str) -> bool {
    let mut key = String::new();
    push_key(&mut key, field);
    pointer.ends_with(&key)
}

/// Any JSON value within the depth that is read at all; keeps nothing of it.
struct WellFormed;

impl<'de> Deserialize<'de> for WellFormed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for WellFormed {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<WellFormed>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<WellFormed, WellFormed>()?.is_some() {}
        Ok(self)
    }
}

/// Refuses texts for people that hold control or hidden characters.
pub(super) fn check_plain<const N: usize>(texts: [(&str, Option<&str>); N]) -> Result<(), Problem> {
    let is_hidden = |(_, text): &(&str, Option<&str>)| text.is_some_and(|text| !is_plain(text));
    let fault = |(pointer, _)| {
        Invalid::new(pointer, "control_character", "control and hidden characters are not taken")
    };
    let faults: Vec<Invalid> = texts.into_iter().filter(is_hidden).map(fault).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Draft;

    const GOOD: &str = r#"{"customer": {"id": "c"}, "currency": "USD", "lines": [{"sku": "a", "quantity": 1}],
        "payment": {"payment_method": "pm"}}"#;

    fn verdict(body: &str) -> String {
        match read::<Draft>(body.as_bytes()) {
            Ok(_) => "good".into(),
            Err(problem) => {
                let body: serde_json::Value = serde_json::from_slice(&problem.body("/", "r")).expect("JSON");
                let error = &body["errors"][0];
                match error.is_null() {
                    true => format!("{} {}", body["status"], body["code"].as_str().unwrap_or_default()),
                    false => {
                        format!("{} {} {}", body["status"], error["pointer"], error["code"]).replace('"', "")
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        assert_eq!(verdict(GOOD), "good");
        for (from, to, says) in [
            ("\"quantity\": 1", "\"quantity\": \"1\"", "422 /lines/0/quantity wrong_type"),
            ("\"quantity\": 1", "\"quantity\": 1.5", "422 /lines/0/quantity wrong_type"),
            ("\"quantity\": 1", "\"quantity\": 1e400", "422 /lines/0/quantity out_of_range"),
            ("\"quantity\": 1", "\"quantity\": 9223372036854775808", "422 /lines/0/quantity out_of_range"),
            ("\"quantity\": 1", "\"quantity\": 1, \"total\": 5", "422 /lines/0/total unknown_field"),
            ("\"quantity\": 1", "\"quantity\": 1, \"quantity\": 1", "422 /lines/0/quantity duplicate_field"),
            (", \"quantity\": 1", "", "422 /lines/0/quantity missing_field"),
            ("\"currency\": \"USD\", ", "", "422 /currency missing_field"),
            ("\"currency\"", "\"status\": 1, \"currency\"", "422 /status unknown_field"),
            ("{\"id\": \"c\"}", "{\"id\": \"c\", \"ip\": \"x\"}", "422 /customer/ip invalid_value"),
            ("{\"id\": \"c\"}", "{\"a/b~c\": 1}", "422 /customer/a~1b~0c unknown_field"),
            ("{\"id\": \"c\"}", "null", "422 /customer wrong_type"),
            ("{\"id\": \"c\"}", "[\"c\"]", "422 /customer wrong_type"),
            ("{\"sku\": \"a\", \"quantity\": 1}", "[\"a\", 1]", "422 /lines/0 wrong_type"),
            (
                "\"currency\"",
                "\"metadata\": {\"k\": \"1\", \"l\": \"2\", \"k\": \"3\"}, \"currency\"",
                "422 /metadata/k duplicate_field",
            ),
        ] {
            let body = GOOD.replace(from, to);
            assert_ne!(body, GOOD, "{from} is there");
            assert_eq!(verdict(&body), says, "{to}");
        }
        assert_eq!(verdict("[]"), "422  wrong_type");
    }

    #[test]
    fn what_is_no_json_is_400() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let in_metadata =
            |value: &str| GOOD.replace("\"currency\"", &format!("\"metadata\": {value}, \"currency\""));
        for body in [
            "",
            " ",
            "{",
            "nul",
            "{\"lines\": NaN}",
            "\u{feff}{}",
            &format!("{GOOD} x"),
            &format!("{GOOD}{GOOD}"),
            // Something else is wrong first; that it breaks off weighs more.
            "{\"nonsense\": 1, ",
            &deep(129),
            &deep(100_000),
            &in_metadata(&deep(129)),
            &in_metadata("{\"a\": \"\\ud800\"}"),
            &in_metadata("{\"a\": \"\u{1}\"}"),
        ] {
            assert_eq!(verdict(body), "400 malformed_json", "{}", &body[..body.len().min(60)]);
        }
    }
}
