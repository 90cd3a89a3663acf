//! Decimal text, read exactly: no floating point between a shop's file and its money.

use std::fmt;
use std::str::FromStr;

/// A decimal number as written, `digits / 10^scale`, never negative. Trailing zeros behind the point are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: u64,
    scale: u32,
}

/// Why a text is not the number it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not digits with at most one point between them.
    #[error("not a decimal number")]
    Malformed,
    /// Below zero.
    #[error("a negative number")]
    Negative,
    /// More digits than anything here can count.
    #[error("too large a number")]
    TooLarge,
    /// Not a whole number of minor units.
    #[error("not a whole number of minor units")]
    Fraction,
}

impl Decimal {
    /// One.
    pub const ONE: Decimal = Decimal { digits: 1, scale: 0 };

    /// Whole minor units of a currency with that many minor digits; refused when a fraction would be left.
    pub fn minor_units(self, minor_digits: u32) -> Result<i64, DecimalError> {
        let up = minor_digits.checked_sub(self.scale).ok_or(DecimalError::Fraction)?;
        10_u64
            .checked_pow(up)
            .and_then(|factor| self.digits.checked_mul(factor))
            .and_then(|units| i64::try_from(units).ok())
            .ok_or(DecimalError::TooLarge)
    }

    /// That many times this number, the fraction dropped; nothing when it is too much to count.
    pub fn of(self, count: u64) -> Option<u64> {
        let product = u128::from(self.digits) * u128::from(count);
        u64::try_from(product / 10_u128.pow(self.scale)).ok()
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let are_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        if negative {
            return Err(DecimalError::Negative);
        }
        let fraction = fraction.trim_end_matches('0');
        let mut digits: u64 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            digits = digits
                .checked_mul(10)
                .and_then(|tens| tens.checked_add(u64::from(digit - b'0')))
                .ok_or(DecimalError::TooLarge)?;
        }
        let scale = u32::try_from(fraction.len()).map_err(|_| DecimalError::TooLarge)?;
        // Zeros right behind the point cost no digits, so the scale has a bound of its own.
        if scale > 18 { Err(DecimalError::TooLarge) } else { Ok(Self { digits, scale }) }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10_u64.pow(self.scale);
        write!(f, "{}", self.digits / unit)?;
        match self.scale {
            0 => Ok(()),
            scale => write!(f, ".{:0width$}", self.digits % unit, width = scale as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DecimalError as E;

    #[test]
    fn prices_become_whole_minor_units_or_are_refused() {
        let table: [(&str, u32, Result<i64, E>); 31] = [
            ("0", 2, Ok(0)),
            ("0.00", 2, Ok(0)),
            ("6.95", 2, Ok(695)),
            ("2.1", 2, Ok(210)),
            ("12", 2, Ok(1_200)),
            ("0.01", 2, Ok(1)),
            ("10953.5", 2, Ok(1_095_350)),
            ("25111.09", 2, Ok(2_511_109)),
            ("007.10", 2, Ok(710)),
            ("1.500", 2, Ok(150)),
            ("1.5000000000000000000000000", 2, Ok(150)),
            ("0.001", 2, Err(E::Fraction)),
            ("1.999", 2, Err(E::Fraction)),
            ("1.5", 0, Err(E::Fraction)),
            ("100", 0, Ok(100)),
            ("1.234", 3, Ok(1_234)),
            ("", 2, Err(E::Malformed)),
            (".", 2, Err(E::Malformed)),
            (".5", 2, Err(E::Malformed)),
            ("5.", 2, Err(E::Malformed)),
            ("1.2.3", 2, Err(E::Malformed)),
            ("1,50", 2, Err(E::Malformed)),
            (" 1", 2, Err(E::Malformed)),
            ("1e3", 2, Err(E::Malformed)),
            ("+1", 2, Err(E::Malformed)),
            ("£1", 2, Err(E::Malformed)),
            ("١", 2, Err(E::Malformed)),
            ("--1", 2, Err(E::Malformed)),
            ("-1.50", 2, Err(E::Negative)),
            ("99999999999999999999", 2, Err(E::TooLarge)),
            ("18446744073709551615", 2, Err(E::TooLarge)),
        ];
        for (text, minor_digits, expected) in table {
            let read = text.parse::<Decimal>().and_then(|price| price.minor_units(minor_digits));
            assert_eq!(read, expected, "{text:?}");
        }
        assert_eq!("0.0000000000000000000001".parse::<Decimal>(), Err(E::TooLarge));
        let longest = "0.000000000000000001";
        assert_eq!(longest.parse::<Decimal>().map(|read| read.to_string()), Ok(longest.to_owned()));
    }

    #[test]
    fn a_factor_is_an_exact_ratio() {
        for (factor, count, product) in
            [("1", 7, 7), ("0.5", 7, 3), ("1.1", 10, 11), ("0.1", 30, 3), ("0", 9, 0), ("2.50", 3, 7)]
        {
            let factor: Decimal = factor.parse().expect("a decimal");
            assert_eq!(factor.of(count), Some(product), "{factor} x {count}");
        }
        let most: Decimal = "18446744073709551615".parse().expect("the largest");
        assert_eq!(most.of(2), None);
    }

    #[test]
    fn is_written_as_it_was_read() {
        for text in ["0", "1", "0.5", "12.03", "0.001"] {
            assert_eq!(text.parse::<Decimal>().map(|read| read.to_string()), Ok(text.to_owned()));
        }
    }
}
