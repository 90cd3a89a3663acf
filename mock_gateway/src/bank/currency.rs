//! The currencies, how many decimals they have, and the least that can be charged.

/// One of the bank's currencies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Currency(u8);

/// The most that one payment can be, in minor units: eight digits.
pub(crate) const AMOUNT_MAX: i64 = 99_999_999;

/// All codes, sorted.
const CODES: &[&str] = &[
    "aed", "afn", "all", "amd", "ang", "aoa", "ars", "aud", "awg", "azn", "bam", "bbd", "bdt", "bgn", "bhd",
    "bif", "bmd", "bnd", "bob", "brl", "bsd", "bwp", "byn", "bzd", "cad", "cdf", "chf", "clp", "cny", "cop",
    "crc", "cve", "czk", "djf", "dkk", "dop", "dzd", "egp", "etb", "eur", "fjd", "fkp", "gbp", "gel", "gip",
    "gmd", "gnf", "gtq", "gyd", "hkd", "hnl", "htg", "huf", "idr", "ils", "inr", "isk", "jmd", "jod", "jpy",
    "kes", "kgs", "khr", "kmf", "krw", "kwd", "kyd", "kzt", "lak", "lbp", "lkr", "lrd", "lsl", "mad", "mdl",
    "mga", "mkd", "mmk", "mnt", "mop", "mur", "mvr", "mwk", "mxn", "myr", "mzn", "nad", "ngn", "nio", "nok",
    "npr", "nzd", "omr", "pab", "pen", "pgk", "php", "pkr", "pln", "pyg", "qar", "ron", "rsd", "rub", "rwf",
    "sar", "sbd", "scr", "sek", "sgd", "shp", "sle", "sos", "srd", "std", "szl", "thb", "tjs", "tnd", "top",
    "try", "ttd", "twd", "tzs", "uah", "ugx", "usd", "uyu", "uzs", "vnd", "vuv", "wst", "xaf", "xcd", "xcg",
    "xof", "xpf", "yer", "zar", "zmw",
];

const ZERO_DECIMAL: &[&str] = &[
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof",
    "xpf",
];

const THREE_DECIMAL: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];

impl Currency {
    /// Accepts a code in either case.
    pub(crate) fn parse(code: &str) -> Option<Currency> {
        let mut lower = [0; 3];
        if code.len() != lower.len() {
            return None;
        }
        lower.copy_from_slice(code.as_bytes());
        lower.make_ascii_lowercase();
        let place = CODES.binary_search_by(|known| known.as_bytes().cmp(&lower));
        place.ok().map(|place| Currency(place as u8))
    }

    /// The code as the wire has it, in lower case.
    pub(crate) fn code(self) -> &'static str {
        CODES[usize::from(self.0)]
    }

    /// The least amount, in minor units. A real bank wants more, currency by currency; here the smallest coin will do, so
    /// that any real shop's orders can be played.
    pub(crate) fn least(self) -> i64 {
        self.step()
    }

    /// Three-decimal currencies are charged in tens of their smallest unit.
    pub(crate) fn step(self) -> i64 {
        if THREE_DECIMAL.contains(&self.code()) { 10 } else { 1 }
    }

    /// An amount as people write it: `12.50 usd`, `1250 jpy`.
    pub(crate) fn spell(self, amount: i64) -> String {
        let code = self.code();
        if ZERO_DECIMAL.contains(&code) {
            format!("{amount} {code}")
        } else if THREE_DECIMAL.contains(&code) {
            format!("{}.{:03} {code}", amount / 1000, amount % 1000)
        } else {
            format!("{}.{:02} {code}", amount / 100, amount % 100)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_and_the_tables_name_only_known_ones() {
        assert!(CODES.is_sorted());
        for code in CODES {
            assert_eq!(Currency::parse(code).map(Currency::code), Some(*code));
        }
        for code in ZERO_DECIMAL.iter().chain(THREE_DECIMAL) {
            assert!(Currency::parse(code).is_some(), "{code}");
        }
        assert_eq!(Currency::parse("USD").map(Currency::code), Some("usd"));
        assert_eq!(Currency::parse("xxx"), None);
        assert_eq!(Currency::parse("é1"), None);
    }

    #[test]
    fn amounts_are_spelled_with_their_decimals() {
        let spell = |code, amount| Currency::parse(code).map(|currency| currency.spell(amount));
        assert_eq!(spell("usd", 1_205).as_deref(), Some("12.05 usd"));
        assert_eq!(spell("jpy", 1_205).as_deref(), Some("1205 jpy"));
        assert_eq!(spell("kwd", 1_250).as_deref(), Some("1.250 kwd"));
    }
}
