//! Search: `metadata['order_id']:'ord_1' AND status:'succeeded'`.

use super::index;
use super::intent::Intent;
use super::lists::{Page, limit};
use super::metadata;
use super::trouble::Trouble;
use super::{Bank, Expand, Kind};
use crate::form::{self, Form};

const TERMS_MAX: usize = 10;

/// One condition.
#[derive(PartialEq, Eq, Debug)]
enum Term {
    /// Both spelled as in stored metadata.
    Metadata(Vec<u8>, Vec<u8>),
    Status(String),
    Currency(String),
    Customer(String),
}

/// A search for intents.
pub(crate) struct SearchAsk<'a> {
    terms: Vec<Term>,
    limit: usize,
    page: Option<&'a str>,
    pub(crate) expand: Expand,
}

impl<'a> SearchAsk<'a> {
    /// Reads the query string of a search.
    pub(crate) fn read(form: &'a Form) -> Result<Self, Trouble> {
        let (mut query, mut page, mut rows) = (None, None, 10);
        let mut expand = Expand::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("query", "") => query = Some(value),
                ("limit", "") => rows = limit(name, value)?,
                ("page", "") => page = Some(value),
                ("expand", rest) if form::is_index(rest) => expand.note(value)?,
                _ => return Err(Trouble::unknown(name)),
            }
        }
        let query = query.ok_or_else(|| Trouble::missing("query"))?;
        Ok(SearchAsk { terms: terms(query)?, limit: rows, page, expand })
    }

    /// The store that the search is about, if it says so.
    pub(crate) fn store(&self) -> Option<String> {
        self.terms.iter().find_map(|term| match term {
            Term::Metadata(key, value) if key == b"\"store_id\"" => serde_json::from_slice(value).ok(),
            Term::Metadata(..) | Term::Status(_) | Term::Currency(_) | Term::Customer(_) => None,
        })
    }
}

fn wrong(what: &str) -> Trouble {
    let message = format!(
        "We were unable to parse your search query: {what}. Write it as metadata['key']:'value' \
         AND status:'succeeded'; this bank searches metadata, status, currency and customer."
    );
    Trouble::invalid("query", message)
}

fn terms(query: &str) -> Result<Vec<Term>, Trouble> {
    let mut terms = Vec::new();
    let mut rest = query.trim();
    loop {
        let (term, after) = term(rest)?;
        terms.push(term);
        let after = after.trim_start();
        if after.is_empty() {
            return Ok(terms);
        }
        if terms.len() == TERMS_MAX {
            return Err(wrong("too many conditions"));
        }
        let joint = after.get(..3).filter(|word| word.eq_ignore_ascii_case("and"));
        let after = joint.map(|_| &after[3..]).filter(|rest| rest.starts_with(char::is_whitespace));
        rest = after.ok_or_else(|| wrong("conditions are joined with AND"))?.trim_start();
    }
}

fn term(text: &str) -> Result<(Term, &str), Trouble> {
    let end = text.find([':', '[']).ok_or_else(|| wrong("a condition has no ':'"))?;
    let (field, mut rest) = text.split_at(end);
    let mut key = None;
    if let Some(inside) = rest.strip_prefix('[') {
        let (name, after) = quoted(inside.trim_start())?;
        let after = after.trim_start().strip_prefix(']');
        rest = after.ok_or_else(|| wrong("a '[' is not closed"))?;
        key = Some(name);
    }
    let rest = rest.trim_start().strip_prefix(':');
    let rest = rest.ok_or_else(|| wrong("a condition has no ':'"))?;
    let (value, rest) = quoted(rest.trim_start())?;
    let term = match (field.trim(), key) {
        ("metadata", Some(key)) => Term::Metadata(metadata::spelling(&key), metadata::spelling(&value)),
        ("status", None) => Term::Status(value),
        ("currency", None) => Term::Currency(value.to_lowercase()),
        ("customer", None) => Term::Customer(value),
        (field, _) => return Err(wrong(&format!("there is no field {field}"))),
    };
    Ok((term, rest))
}

/// A text in single or double quotes; a backslash takes the next letter as it is.
fn quoted(text: &str) -> Result<(String, &str), Trouble> {
    let mut letters = text.char_indices();
    let Some((_, quote @ ('\'' | '"'))) = letters.next() else {
        return Err(wrong("a text is not in quotes"));
    };
    let mut value = String::new();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter if letter == quote => return Ok((value, &text[at + 1..])),
            letter => value.push(letter),
        }
    }
    Err(wrong("a quote is not closed"))
}

impl Bank {
    /// Intents that meet every condition, newest first.
    pub(crate) fn search(&self, account: Option<u32>, ask: &SearchAsk<'_>) -> Result<Page, Trouble> {
        let before = match ask.page {
            None => u32::MAX,
            Some(page) => self
                .era
                .parse(Kind::Intent, page)
                .ok_or_else(|| Trouble::invalid("page", format!("Invalid page: {page}")))?,
        };
        let mut numbers = Vec::new();
        let Some(account) = account else {
            return Ok(Page { numbers, has_more: false });
        };
        let mut visit = |number: u32| {
            let fits = number < before
                && !numbers.contains(&number)
                && self.meets(account, self.intents.current(number), &ask.terms);
            if fits {
                numbers.push(number);
            }
            numbers.len() > ask.limit
        };
        // The rarest pair decides where to look.
        let pairs = ask.terms.iter().filter_map(|term| match term {
            Term::Metadata(key, value) => Some(index::hash(account, (key, value))),
            Term::Status(_) | Term::Currency(_) | Term::Customer(_) => None,
        });
        match pairs.min_by_key(|hash| self.index.count(*hash)) {
            Some(hash) => {
                self.index.newest_first(hash).any(&mut visit);
            }
            None => {
                let own = &self.accounts.get(account).intents;
                (0..own.len()).rev().filter_map(|place| own.get(place).copied()).any(&mut visit);
            }
        }
        let has_more = numbers.len() > ask.limit;
        numbers.truncate(ask.limit);
        Ok(Page { numbers, has_more })
    }

    fn meets(&self, account: u32, intent: &Intent, terms: &[Term]) -> bool {
        intent.account == account
            && terms.iter().all(|term| match term {
                Term::Metadata(key, value) => {
                    intent.metadata.is_some_and(|text| metadata::holds(self.texts.bytes(text), (key, value)))
                }
                Term::Status(status) => intent.status.word() == status,
                Term::Currency(currency) => intent.currency.code() == currency,
                Term::Customer(customer) => {
                    intent.customer().is_some_and(|text| self.texts.bytes(text) == customer.as_bytes())
                }
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        let read = terms(r#"metadata['order_id']:'ord_1' AND status:"succeeded""#);
        let metadata = Term::Metadata(b"\"order_id\"".to_vec(), b"\"ord_1\"".to_vec());
        assert_eq!(read.ok(), Some(vec![metadata, Term::Status("succeeded".to_owned())]));
        let quoted = terms(r"metadata['o\'clock'] : 'a\\b'").ok();
        let metadata = Term::Metadata(b"\"o'clock\"".to_vec(), br#""a\\b""#.to_vec());
        assert_eq!(quoted, Some(vec![metadata]));
    }

    #[test]
    fn nonsense_is_refused() {
        for query in [
            "",
            "ord_1",
            "metadata['order_id']",
            "metadata['order_id']:ord_1",
            "metadata['order_id':'x'",
            "metadata['order_id']:'x",
            "status:'succeeded' OR status:'canceled'",
            "status:'succeeded' AND",
            "colour:'red'",
            "ž",
        ] {
            assert!(terms(query).is_err(), "{query}");
        }
    }
}
