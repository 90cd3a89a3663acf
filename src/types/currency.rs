//! Currencies: the ISO 4217 codes in use, each with the number of its minor digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A currency in use today, by its ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// The text is no ISO 4217 code in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 4217 currency code")]
pub struct CurrencyError;

/// Codes whose minor unit is a hundredth, from ISO 4217 list one.
const TWO_DIGITS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD \
CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR \
ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD \
NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL \
THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW ZWG";
/// Codes without a minor unit.
const NO_DIGITS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Codes whose minor unit is a thousandth.
const THREE_DIGITS: &str = "BHD IQD JOD KWD LYD OMR TND";

/// Whether a list holds a code. The lists are sorted, three letters and a space an entry, so this is a binary search.
fn holds(list: &str, code: [u8; 3]) -> bool {
    let list = list.as_bytes();
    let (mut low, mut high) = (0, list.len().div_ceil(4));
    while low < high {
        let middle = usize::midpoint(low, high);
        match list[middle * 4..middle * 4 + 3].cmp(&code) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

impl Currency {
    /// The code in capitals.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a code is ASCII")
    }

    /// How many decimal digits the minor unit stands for.
    pub fn minor_digits(self) -> u32 {
        if holds(NO_DIGITS, self.0) {
            0
        } else if holds(THREE_DIGITS, self.0) {
            3
        } else {
            2
        }
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        let is_known = [TWO_DIGITS, NO_DIGITS, THREE_DIGITS].iter().any(|list| holds(list, code));
        if is_known { Ok(Self(code)) } else { Err(CurrencyError) }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_code_is_found() {
        for list in [TWO_DIGITS, NO_DIGITS, THREE_DIGITS] {
            let codes: Vec<&str> = list.split(' ').collect();
            assert!(codes.is_sorted() && codes.iter().all(|code| code.len() == 3));
            assert!(codes.iter().all(|code| code.parse::<Currency>().is_ok()));
        }
    }

    #[test]
    fn codes_are_exact() {
        assert_eq!("JPY".parse::<Currency>().map(Currency::minor_digits), Ok(0));
        assert_eq!("USD".parse::<Currency>().map(Currency::minor_digits), Ok(2));
        assert_eq!("KWD".parse::<Currency>().map(Currency::minor_digits), Ok(3));
        assert_eq!(
            "KWD".parse::<Currency>().map(|code| format!("{code} {code:?}")),
            Ok("KWD KWD".to_owned())
        );
        for bad in ["usd", "XXX", "", "US", "USDT", "U D"] {
            assert_eq!(bad.parse::<Currency>(), Err(CurrencyError), "{bad}");
        }
    }
}
