//! How deep a source nests, told before anything recursive reads it.
//!
//! The parser builds a tree as deep as the source is nested, and long chains such as `1 + 1 + 1` nest as well, so two
//! kilobytes of them could exhaust the stack. This reads the source once, without recursion, and refuses what could get
//! deeper than [`DEPTH_MAX`]. To be sure that it sees the same words as the parser it also refuses ways of writing that
//! no rule needs: raw, triple-quoted and byte texts, back-quoted names, and unusual escapes.

use super::rules::Problem;

/// The deepest nesting of a rule.
pub(super) const DEPTH_MAX: usize = 50;

/// One pair of brackets, or the whole source.
#[derive(Default)]
struct Level {
    /// Operators one after another since the last comma, `&&` or `||`.
    chain: usize,
    /// The deepest bracket among them.
    inner: usize,
    /// The deepest of what came before the last comma, `&&` or `||`.
    deepest: usize,
    /// How many `? :` there are, each within the one before.
    choices: usize,
    /// How many `&&` and `||` there are; the parser balances their trees.
    terms: usize,
}

impl Level {
    fn end_term(&mut self) {
        self.deepest = self.deepest.max(self.chain + self.inner);
        self.chain = 0;
        self.inner = 0;
    }

    fn depth(&mut self) -> usize {
        self.end_term();
        let balanced = (usize::BITS - self.terms.leading_zeros()) as usize;
        self.deepest + self.choices + balanced + 1
    }
}

/// Refuses a source that nests too deeply or that is written in an unusual way.
pub(super) fn check(source: &str) -> Result<(), Problem> {
    let mut levels: Vec<Level> = Vec::new();
    let mut level = Level::default();
    // Whether the last word or bracket was a value, so that a bracket now is a call or an index.
    let mut after_value = false;
    let mut characters = source.char_indices().peekable();
    let no = |at: usize, message: &str| Err(Problem::at(source, at, message));

    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let follows = std::mem::take(&mut after_value);
        match character {
            '(' | '[' | '{' => {
                // A call or an index is one more link of the chain that it follows.
                level.chain += usize::from(follows);
                levels.push(std::mem::take(&mut level));
            }
            ')' | ']' | '}' => {
                let depth = level.depth();
                let Some(outer) = levels.pop() else {
                    return no(at, "nothing is open that this could close");
                };
                level = outer;
                level.inner = level.inner.max(depth);
                after_value = true;
            }
            ',' => level.end_term(),
            '&' | '|' => {
                level.end_term();
                level.terms += 1;
            }
            '?' | ':' => {
                level.end_term();
                level.choices += 1;
            }
            '/' if next == Some('/') => {
                while characters.next_if(|(_, more)| *more != '\n').is_some() {}
                after_value = follows;
            }
            '.' | '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' => level.chain += 1,
            '"' | '\'' => {
                text(source, at, character, &mut characters)?;
                after_value = true;
            }
            '_' | 'a'..='z' | 'A'..='Z' | '0'..='9' => {
                let is_word = |c: char| c == '_' || c.is_ascii_alphanumeric();
                while characters.next_if(|(_, more)| is_word(*more)).is_some() {}
                let end = characters.peek().map_or(source.len(), |(end, _)| *end);
                let is_in = &source[at..end] == "in";
                level.chain += usize::from(is_in);
                after_value = !is_in;
                if let Some((_, '"' | '\'')) = characters.peek() {
                    return no(at, "a text begins with a plain quote, apart from the word before");
                }
            }
            ' ' | '\t' | '\n' | '\r' => after_value = follows,
            _ => return no(at, "this character is only allowed within a text"),
        }
        if levels.len() > DEPTH_MAX || level.chain + level.inner + level.choices > DEPTH_MAX {
            return no(at, TOO_DEEP);
        }
    }
    if !levels.is_empty() {
        return no(source.len(), "a bracket is not closed");
    }
    if level.depth() > DEPTH_MAX { no(source.len(), TOO_DEEP) } else { Ok(()) }
}

const TOO_DEEP: &str = "a rule may nest 50 deep, counting brackets, operators in a row and choices";
const _: () = assert!(DEPTH_MAX == 50);

/// Reads a text to its closing quote.
fn text(
    source: &str,
    from: usize,
    quote: char,
    characters: &mut std::iter::Peekable<std::str::CharIndices<'_>>,
) -> Result<(), Problem> {
    let no = |at: usize, message: &str| Err(Problem::at(source, at, message));
    loop {
        match characters.next() {
            None | Some((_, '\n' | '\r')) => return no(from, "this text is not closed"),
            Some((at, '\\')) => match characters.next() {
                Some((_, '\\' | '"' | '\'' | 'n' | 'r' | 't')) => {}
                _ => return no(at, r#"within a text, \ stands only before \ " ' n r and t"#),
            },
            Some((_, end)) if end == quote => break,
            Some(_) => {}
        }
    }
    match characters.peek() {
        Some((at, '"' | '\'')) => no(*at, "between two texts stands something"),
        _ => Ok(()),
    }
}
