//! Metadata: up to fifty short pairs on every object. Kept as the JSON text it is answered as.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::trouble::Trouble;
use crate::render::json::push_text;

const PAIRS_MAX: usize = 50;
const KEY_CHARS_MAX: usize = 40;
const VALUE_CHARS_MAX: usize = 500;

/// What a request wants done to an object's metadata.
#[derive(Default)]
pub(crate) struct Change<'a> {
    /// `metadata=`: forget everything that was there.
    pub(crate) clear: bool,
    /// An empty value takes its key away.
    pub(crate) pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Change<'a> {
    /// Notes one pair of the form.
    pub(crate) fn note(&mut self, rest: &'a str, value: &'a str) -> Result<(), Trouble> {
        if rest.is_empty() {
            self.clear = true;
            return if value.is_empty() {
                Ok(())
            } else {
                let message = "Invalid object: metadata takes pairs, as in metadata[key]=value";
                Err(Trouble::invalid("metadata", message.to_owned()))
            };
        }
        let param = || format!("metadata{rest}");
        let Some(key) = crate::form::key(rest).filter(|key| !key.is_empty()) else {
            let message = "Metadata keys are one level deep and not empty".to_owned();
            return Err(Trouble::invalid(&param(), message));
        };
        if key.chars().count() > KEY_CHARS_MAX {
            let message = format!("Metadata keys have at most {KEY_CHARS_MAX} characters");
            return Err(Trouble::invalid(&param(), message));
        }
        if value.chars().count() > VALUE_CHARS_MAX {
            let message = format!("Metadata values have at most {VALUE_CHARS_MAX} characters");
            return Err(Trouble::invalid(&param(), message));
        }
        self.pairs.retain(|(known, _)| *known != key);
        self.pairs.push((key, value));
        Ok(())
    }

    pub(crate) fn is_nothing(&self) -> bool {
        !self.clear && self.pairs.is_empty()
    }

    /// The value this request gives a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a str> {
        let found = self.pairs.iter().find(|(known, _)| *known == key);
        found.map(|(_, value)| *value)
    }

    /// The metadata after the change; `None` for none at all.
    pub(crate) fn applied_to(&self, before: Option<&str>) -> Result<Option<String>, Trouble> {
        match before {
            Some(before) if !self.clear => self.merged(read(before)),
            Some(_) | None => self.fresh(),
        }
    }

    fn fresh(&self) -> Result<Option<String>, Trouble> {
        let kept = || self.pairs.iter().filter(|(_, value)| !value.is_empty());
        bounded(kept().count())?;
        Ok(written(kept().map(|(key, value)| (*key, *value))))
    }

    fn merged(&self, mut map: Map<String, Value>) -> Result<Option<String>, Trouble> {
        for (key, value) in &self.pairs {
            if value.is_empty() {
                map.remove(*key);
            } else {
                map.insert((*key).to_owned(), Value::from(*value));
            }
        }
        bounded(map.len())?;
        let pairs = map.iter();
        Ok(written(pairs.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))))
    }
}

/// Lays one object's pairs over another's.
pub(crate) fn overlay(below: Option<&str>, above: &str) -> String {
    let mut map = below.map(read).unwrap_or_default();
    map.extend(read(above));
    let pairs = map.iter();
    written(pairs.map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default())))
        .unwrap_or_else(|| "{}".to_owned())
}

/// The pairs of a stored metadata text.
pub(crate) fn read(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("stored metadata is an object this bank wrote")
}

/// Name and value of each pair as they are spelled in the stored text, quotes included. A text has one
/// spelling only, so spellings can be compared and hashed in place of texts.
pub(crate) fn spelled_pairs(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = &text[1..];
    std::iter::from_fn(move || {
        let (key, after) = spelled(rest)?;
        let (value, after) = spelled(after.get(1..)?)?;
        rest = after.get(1..).unwrap_or_default();
        Some((key, value))
    })
}

/// One string at the start of the text, and what follows it.
fn spelled(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 1;
    loop {
        match text.get(at)? {
            b'\\' => at += 2,
            b'"' => return text.split_at_checked(at + 1),
            _ => at += 1,
        }
    }
}

/// How a text is spelled.
pub(crate) fn spelling(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_text(&mut out, text);
    out
}

/// Whether a stored text holds this pair of spellings.
pub(crate) fn holds(text: &[u8], pair: (&[u8], &[u8])) -> bool {
    spelled_pairs(text).any(|known| known == pair)
}

/// The value under a key of letters and underscores.
pub(crate) fn value<'a>(text: &'a str, key: &str) -> Option<Cow<'a, str>> {
    let is_it = |spelled: &[u8]| spelled.get(1..spelled.len() - 1) == Some(key.as_bytes());
    let (_, value) = spelled_pairs(text.as_bytes()).find(|(known, _)| is_it(known))?;
    let value = std::str::from_utf8(value).expect("cut at quotes from a whole text");
    if value.contains('\\') {
        let read = serde_json::from_str(value);
        return Some(Cow::Owned(read.expect("this bank spelled it")));
    }
    Some(Cow::Borrowed(&value[1..value.len() - 1]))
}

fn bounded(pairs: usize) -> Result<(), Trouble> {
    if pairs <= PAIRS_MAX {
        return Ok(());
    }
    let message = format!("Metadata has at most {PAIRS_MAX} keys");
    Err(Trouble::invalid("metadata", message))
}

fn written<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<String> {
    let mut out = Vec::with_capacity(128);
    for (key, value) in pairs {
        out.push(if out.is_empty() { b'{' } else { b',' });
        push_text(&mut out, key);
        out.push(b':');
        push_text(&mut out, value);
    }
    if out.is_empty() {
        return None;
    }
    out.push(b'}');
    Some(String::from_utf8(out).expect("made of whole texts"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change<'a>(pairs: &[(&'a str, &'a str)]) -> Change<'a> {
        let mut change = Change::default();
        for (rest, value) in pairs {
            change.note(rest, value).expect("a good pair");
        }
        change
    }

    #[test]
    fn pairs_are_set_merged_and_cleared() {
        let first = change(&[("[a]", "1"), ("[b]", "2"), ("[c]", "")]);
        let text = first.applied_to(None).expect("few pairs");
        assert_eq!(text.as_deref(), Some(r#"{"a":"1","b":"2"}"#));
        let merged = change(&[("[a]", ""), ("[c]", "3")]).applied_to(text.as_deref());
        assert_eq!(merged.expect("few pairs").as_deref(), Some(r#"{"b":"2","c":"3"}"#));
        let cleared = change(&[("", "")]).applied_to(text.as_deref());
        assert_eq!(cleared.expect("few pairs"), None);
    }

    #[test]
    fn limits_are_kept() {
        let long = "k".repeat(41);
        let rest = format!("[{long}]");
        assert!(Change::default().note(&rest, "v").is_err());
        assert!(Change::default().note("[k]", &"v".repeat(501)).is_err());
        assert!(Change::default().note("[k]", &"ž".repeat(500)).is_ok());
        assert!(Change::default().note("[a][b]", "v").is_err());
        let names: Vec<String> = (0..51).map(|n| format!("[k{n}]")).collect();
        let mut many = Change::default();
        for name in &names {
            many.note(name, "v").expect("a good pair");
        }
        assert!(many.applied_to(None).is_err());
    }

    fn holds(text: &str, key: &str, value: &str) -> bool {
        super::holds(text.as_bytes(), (&spelling(key), &spelling(value)))
    }

    #[test]
    fn a_value_is_read_with_its_escapes() {
        let text = r#"{"note":"a \"b\"","store_id":"acme"}"#;
        assert_eq!(value(text, "note").as_deref(), Some("a \"b\""));
        assert_eq!(value(text, "store_id").as_deref(), Some("acme"));
        assert_eq!(value(text, "store"), None);
        assert_eq!(value("{}", "store"), None);
    }

    #[test]
    fn a_pair_is_found_only_as_a_pair() {
        let text = r#"{"note":"say \"order_id\":\"x\"","order_id":"ord_1","b":"2"}"#;
        assert!(holds(text, "order_id", "ord_1"));
        assert!(holds(text, "b", "2"));
        assert!(!holds(text, "order_id", "x"));
        assert!(!holds(text, "order_id", "ord_"));
        assert!(!holds(text, "id", "ord_1"));
    }
}
