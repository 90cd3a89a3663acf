//! A form as browsers send it, read as the flat JSON it stands for: `a=1&items[0][sku]=MUG` is
//! `{"a": "1", "items": [{"sku": "MUG"}]}`.
//!
//! A field left empty is one that was not filled in. Nothing is guessed: a name that comes twice, a list with a gap and a
//! name that is neither `word` nor `word[number][word]` are refused.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::order::Invalid;
use crate::problem::{Code, Problem};

/// The most fields of one form: a thousand items with a handful of fields each, and some.
const FIELDS_MAX: usize = 8_192;

/// What stands under one name.
enum Field {
    Text(String),
    List(BTreeMap<u32, Map<String, Value>>),
}

/// Where a name points to.
enum Place {
    Here(String),
    In { list: String, index: u32, member: String },
}

/// The JSON that a form stands for.
pub(super) fn to_json(body: &[u8]) -> Result<Vec<u8>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("it is not UTF-8"))?;
    let mut fields: BTreeMap<String, Field> = BTreeMap::new();
    let mut faults = Vec::new();
    for (count, pair) in text.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        if count == FIELDS_MAX {
            return Err(malformed(&format!("it has more than {FIELDS_MAX} fields")));
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if value.is_empty() {
            continue;
        }
        let place =
            Place::of(&name).ok_or_else(|| malformed(&format!("`{name:.80}` is no name of a field")))?;
        faults.extend(put(&mut fields, place, value).err());
    }
    let object = fields.into_iter().map(|(name, field)| {
        let value = match field {
            Field::Text(text) => Value::String(text),
            Field::List(items) => {
                if let Some((at, _)) =
                    items.keys().enumerate().find(|(at, index)| *at as u64 != u64::from(**index))
                {
                    let detail = "items are numbered from 0 without gaps";
                    faults.push(Invalid::new(format!("/{name}/{at}"), "missing_field", detail));
                }
                Value::Array(items.into_values().map(Value::Object).collect())
            }
        };
        (name, value)
    });
    let object: Map<String, Value> = object.collect();
    if faults.is_empty() {
        Ok(serde_json::to_vec(&object).expect("text keys and text values go to memory"))
    } else {
        Err(Problem::invalid(faults))
    }
}

fn malformed(why: &str) -> Problem {
    Problem::because(Code::MalformedForm, format!("the body is not one form: {why}"))
}

fn decoded(text: &str) -> Result<String, Problem> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| malformed("it is not UTF-8"))?;
    Ok(decoded.into_owned())
}

impl Place {
    fn of(name: &str) -> Option<Self> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word.bytes().all(|b| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-'))
        };
        let Some((list, rest)) = name.split_once('[') else {
            return is_word(name).then(|| Place::Here(name.to_owned()));
        };
        let (index, member) = rest.strip_suffix(']')?.split_once("][")?;
        let is_number = (1..=6).contains(&index.len()) && index.bytes().all(|b| b.is_ascii_digit());
        let is_place = is_word(list) && is_number && is_word(member);
        is_place.then_some(())?;
        Some(Place::In { list: list.to_owned(), index: index.parse().ok()?, member: member.to_owned() })
    }
}

fn put(fields: &mut BTreeMap<String, Field>, place: Place, value: String) -> Result<(), Invalid> {
    let twice = |pointer: String| Invalid::new(pointer, "duplicate_field", "the form says it twice");
    match place {
        Place::Here(name) => match fields.entry(name) {
            Entry::Vacant(free) => {
                free.insert(Field::Text(value));
                Ok(())
            }
            Entry::Occupied(taken) => Err(twice(format!("/{}", taken.key()))),
        },
        Place::In { list, index, member } => {
            let pointer = format!("/{list}/{index}/{member}");
            match fields.entry(list).or_insert_with(|| Field::List(BTreeMap::new())) {
                Field::List(items) => {
                    match items.entry(index).or_default().insert(member, Value::String(value)) {
                        None => Ok(()),
                        Some(_) => Err(twice(pointer)),
                    }
                }
                Field::Text(_) => Err(twice(pointer)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: &str) -> String {
        match to_json(form.as_bytes()) {
            Ok(json) => String::from_utf8(json).expect("JSON is text"),
            Err(problem) => {
                let body: Value = serde_json::from_slice(&problem.body("/", "r")).expect("JSON");
                let error = &body["errors"][0];
                format!("{} {} {}", body["status"], error["pointer"], error["code"]).replace('"', "")
            }
        }
    }

    #[test]
    fn a_form_is_flat_json() {
        for (form, json) in [
            ("", "{}"),
            ("a=1&b=two+words", r#"{"a":"1","b":"two words"}"#),
            ("a=%C3%A9%2B%26&b=&&c=x%3Dy=z", r#"{"a":"é+&","c":"x=y=z"}"#),
            (
                "items[1][sku]=B&items[0][sku]=A&items[0][quantity]=2",
                r#"{"items":[{"quantity":"2","sku":"A"},{"sku":"B"}]}"#,
            ),
            ("items%5B0%5D%5Bsku%5D=A", r#"{"items":[{"sku":"A"}]}"#),
        ] {
            assert_eq!(read(form), json, "{form}");
        }
    }

    #[test]
    fn what_is_no_form_or_says_things_twice_is_refused() {
        for (form, says) in [
            ("a=1&a=2", "422 /a duplicate_field"),
            ("items[0][sku]=A&items[0][sku]=B", "422 /items/0/sku duplicate_field"),
            ("items=A&items[0][sku]=B", "422 /items/0/sku duplicate_field"),
            ("items[0][sku]=A&items=B", "422 /items duplicate_field"),
            ("items[0][sku]=A&items[2][sku]=B", "422 /items/1 missing_field"),
            ("items[999999][sku]=A", "422 /items/0 missing_field"),
            ("items[][sku]=A", "400 null null"),
            ("items[0]=A", "400 null null"),
            ("items[0][a][b]=A", "400 null null"),
            ("items[-1][sku]=A", "400 null null"),
            ("items[9999999][sku]=A", "400 null null"),
            ("=1", "400 null null"),
            ("a%FF=1", "400 null null"),
            ("a=%ff", "400 null null"),
            ("a b=1", "400 null null"),
        ] {
            assert_eq!(read(form), says, "{form}");
        }
        assert_eq!(
            read(&"a=&".repeat(FIELDS_MAX + 1)),
            "400 null null",
            "so many that nobody filled them in"
        );
    }
}
