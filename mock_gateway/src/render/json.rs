//! Writes JSON straight into the answer's buffer.

/// An object being written.
pub(crate) struct Json<'a> {
    out: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Json<'a> {
    pub(crate) fn object(out: &'a mut Vec<u8>) -> Self {
        out.push(b'{');
        Json { out, empty: true }
    }

    /// Writes a name; the caller writes the value.
    pub(crate) fn field(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        push_text(self.field(name), value);
    }

    pub(crate) fn text_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.raw(name, b"null"),
        }
    }

    /// A word that needs no escaping.
    pub(crate) fn word(&mut self, name: &str, value: &str) {
        let out = self.field(name);
        out.push(b'"');
        out.extend_from_slice(value.as_bytes());
        out.push(b'"');
    }

    pub(crate) fn word_or_null(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.word(name, value),
            None => self.raw(name, b"null"),
        }
    }

    pub(crate) fn int(&mut self, name: &str, value: i64) {
        push_int(self.field(name), value);
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.raw(name, if value { b"true" } else { b"false" });
    }

    /// JSON as it is.
    pub(crate) fn raw(&mut self, name: &str, value: &[u8]) {
        self.field(name).extend_from_slice(value);
    }

    /// Several whole fields as they are, without a comma around them.
    pub(crate) fn rest(&mut self, fields: &[u8]) {
        if !self.empty {
            self.out.push(b',');
        }
        self.empty = false;
        self.out.extend_from_slice(fields);
    }

    pub(crate) fn end(self) {
        self.out.push(b'}');
    }
}

pub(crate) fn push_int(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// A JSON string. What this writes for a text is the only spelling of it that the bank ever stores.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut plain = 0;
    for (at, byte) in bytes.iter().enumerate() {
        if !matches!(byte, b'"' | b'\\' | 0..=0x1f) {
            continue;
        }
        out.extend_from_slice(&bytes[plain..at]);
        plain = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            other => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(other >> 4)]);
                out.push(HEX[usize::from(other & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_read_back_by_a_real_parser() {
        for text in ["", "plain", "\"quoted\" \\ back", "a\nb\tc\r\u{1}\u{1f}", "Žofie 注文 🎁"] {
            let mut out = Vec::new();
            push_text(&mut out, text);
            let read: String = serde_json::from_slice(&out).expect("valid JSON");
            assert_eq!(read, text);
        }
    }

    #[test]
    fn fields_are_parted_by_commas() {
        let mut out = Vec::new();
        let mut json = Json::object(&mut out);
        json.int("a", -1);
        json.rest(b"\"b\":null,\"c\":[]");
        json.flag("d", true);
        json.text_or_null("e", None);
        json.end();
        assert_eq!(out, br#"{"a":-1,"b":null,"c":[],"d":true,"e":null}"#);
    }
}
