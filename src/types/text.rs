//! What text we take from strangers.

/// Whether a text holds neither control characters nor marks that turn the direction of writing or hide themselves.
pub fn is_plain(text: &str) -> bool {
    // ASCII first: almost every text is, and it is one comparison a byte.
    text.bytes().all(|b| (0x20..0x7F).contains(&b)) || !text.chars().any(is_hidden)
}

/// Whether a text holds what may be the number of a payment card: 12 to 19 digits (ISO/IEC 7812), however they are set
/// apart, that are no part of a word. Whether its check digit is right does not matter: a mistyped number is nearly one.
pub fn has_card_number(text: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_stop = |c: char| !is_word(c) && !c.is_whitespace() && !is_between_digits(c);
    text.split(is_stop).any(|stretch| {
        let mut digits = 0;
        stretch.split_whitespace().any(|word| {
            let groups = || word.split(is_between_digits).map(|group| group.chars().count());
            let is_number = word.chars().all(|c| c.is_numeric() || is_between_digits(c));
            let fits = is_number && groups().all(|length| length <= CARD_DIGITS_MAX);
            digits = if fits { digits + groups().sum::<usize>() } else { 0 };
            digits >= CARD_DIGITS_MIN
        })
    })
}

/// The fewest digits of a card's number.
const CARD_DIGITS_MIN: usize = 12;
/// The most.
const CARD_DIGITS_MAX: usize = 19;

/// How people set groups of digits apart, besides by spaces.
fn is_between_digits(c: char) -> bool {
    matches!(c, '-' | '.' | '/' | '\u{2010}'..='\u{2015}')
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_cards_are_known_however_they_are_written() {
        for number in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            " 4242.4242.4242.4242 ",
            "3782 822463 10005",
            "4242424242424241",
            "420000000000",
            "6304000000000000000",
            "4242\u{a0}4242\u{2011}4242 4242",
            "card: 4242424242424242",
            "(4242424242424242)",
            "4242424242424242 12/27 123",
            "visa 4242424242424242, mine",
            "\u{664}\u{662}\u{664}\u{662}\u{664}\u{662}\u{664}\u{662}\u{664}\u{662}\u{664}\u{662}",
        ] {
            assert!(has_card_number(number), "{number}");
        }
        for token in [
            "",
            "pm_card_visa",
            "pm_1N3T00LkdIwHu7ixt44h1F8k",
            "tok_424242424242424242",
            "pm_of_slow_100000000000000",
            "42424242424",
            "42424242424242424242",
            "550e8400-e29b-41d4-a716-446655440000",
            "visa4242424242424242",
            "4242424242424242x",
            "+49 30 123456",
        ] {
            assert!(!has_card_number(token), "{token}");
        }
    }

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
