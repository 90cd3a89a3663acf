//! `application/x-www-form-urlencoded`, as bodies and as query strings. Brackets may be raw or
//! percent-encoded; all names and values are decoded into one buffer.

/// Decoded pairs, in order.
#[derive(Default)]
pub(crate) struct Form {
    text: String,
    /// Ends of name and value of each pair; a NUL stands behind each part.
    ends: Vec<(u32, u32)>,
}

impl Form {
    /// Decodes; `None` when the result is not UTF-8.
    pub(crate) fn parse(raw: &[u8]) -> Option<Form> {
        let mut text = Vec::with_capacity(raw.len() + 32);
        let mut ends = Vec::with_capacity(16);
        for pair in raw.split(|byte| *byte == b'&') {
            if pair.is_empty() {
                continue;
            }
            let equals = pair.iter().position(|byte| *byte == b'=');
            let (name, value) = match equals {
                Some(at) => (&pair[..at], &pair[at + 1..]),
                None => (pair, &pair[pair.len()..]),
            };
            decode(name, &mut text);
            let name_end = text.len() as u32;
            // Keeps a sequence cut off at the end of one part from being completed by the next.
            text.push(0);
            decode(value, &mut text);
            ends.push((name_end, text.len() as u32));
            text.push(0);
        }
        let text = String::from_utf8(text).ok()?;
        Some(Form { text, ends })
    }

    /// Name and value of each pair.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |(name_end, value_end)| {
            let (name_end, value_end) = (*name_end as usize, *value_end as usize);
            let name = &self.text[start..name_end];
            let value = &self.text[name_end + 1..value_end];
            start = value_end + 1;
            (name, value)
        })
    }

    /// The last value under this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs().filter(|(known, _)| *known == name);
        found.last().map(|(_, value)| value)
    }
}

fn decode(raw: &[u8], out: &mut Vec<u8>) {
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            b'+' => out.push(b' '),
            b'%' => match (raw.get(at + 1).and_then(hex), raw.get(at + 2).and_then(hex)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    at += 2;
                }
                _ => out.push(b'%'),
            },
            byte => out.push(byte),
        }
        at += 1;
    }
}

fn hex(byte: &u8) -> Option<u8> {
    char::from(*byte).to_digit(16).map(|digit| digit as u8)
}

/// Splits `metadata[order_id]` into `metadata` and the rest, `[order_id]`.
pub(crate) fn base(name: &str) -> (&str, &str) {
    name.find('[').map_or((name, ""), |bracket| name.split_at(bracket))
}

/// The key inside `[key]`, when there is exactly one pair of brackets.
pub(crate) fn key(rest: &str) -> Option<&str> {
    let key = rest.strip_prefix('[')?.strip_suffix(']')?;
    (!key.contains(['[', ']'])).then_some(key)
}

/// `[]` or `[3]`.
pub(crate) fn is_index(rest: &str) -> bool {
    key(rest).is_some_and(|key| key.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(raw: &str) -> Option<Vec<(String, String)>> {
        let form = Form::parse(raw.as_bytes())?;
        let pairs = form.pairs();
        Some(pairs.map(|(n, v)| (n.to_owned(), v.to_owned())).collect())
    }

    #[test]
    fn brackets_raw_and_encoded_are_the_same() {
        let raw = pairs("metadata[order_id]=ord_1&expand[]=latest_charge");
        let encoded = pairs("metadata%5Border_id%5D=ord_1&expand%5B%5D=latest_charge");
        assert_eq!(raw, encoded);
    }

    #[test]
    fn odd_bodies_are_read_as_far_as_they_make_sense() {
        let read = pairs("a=1&&b&c=x+y%20z&d=%zz&e==").expect("utf-8");
        let expected = [("a", "1"), ("b", ""), ("c", "x y z"), ("d", "%zz"), ("e", "=")];
        let expected = expected.map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(read, expected);
        assert_eq!(pairs(""), Some(vec![]));
    }

    #[test]
    fn a_letter_cut_in_two_is_refused_even_when_the_next_part_would_complete_it() {
        assert_eq!(pairs("a=%C3&%A9=b"), None);
        assert_eq!(pairs("a=%C3%A9").map(|p| p[0].1.clone()).as_deref(), Some("é"));
    }

    #[test]
    fn names_split_at_their_brackets() {
        assert_eq!(base("metadata[a]"), ("metadata", "[a]"));
        assert_eq!(base("amount"), ("amount", ""));
        assert_eq!(key("[a]"), Some("a"));
        assert_eq!(key("[a][b]"), None);
        assert!(is_index("[]") && is_index("[12]") && !is_index("[a]"));
    }
}
