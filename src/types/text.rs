//! What text we take from strangers.

/// Whether a text holds neither control characters nor marks that turn the direction of writing or hide themselves.
pub fn is_plain(text: &str) -> bool {
    // ASCII first: almost every text is, and it is one comparison a byte.
    text.bytes().all(|b| (0x20..0x7F).contains(&b)) || !text.chars().any(is_hidden)
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_pass_and_tricks_do_not() {
        for good in ["", "Ada Lovelace", "Zoë", "李雷", "O'Brien & Söhne", "🙂"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in
            ["a\u{0}", "a\nb", "\u{1b}[31m", "a\u{202e}b", "a\u{200b}b", "\u{feff}a", "a\u{7f}", "a\u{85}"]
        {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
