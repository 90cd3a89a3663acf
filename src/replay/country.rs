//! The file's names of countries as ISO 3166-1 alpha-2 codes.

/// Every name the shop wrote, with the code of the country it means.
///
/// `ZZ` is the code that ISO 3166 leaves to its users; here it stands for what is no one country: the West Indies are many, and the
/// shop itself wrote `Unspecified`. The name as written goes with the order all the same, in its meta data.
const CODES: [(&str, &str); 40] = [
    ("Australia", "AU"),
    ("Austria", "AT"),
    ("Bahrain", "BH"),
    ("Belgium", "BE"),
    ("Bermuda", "BM"),
    ("Brazil", "BR"),
    ("Canada", "CA"),
    ("Channel Islands", "JE"),
    ("Cyprus", "CY"),
    ("Denmark", "DK"),
    ("EIRE", "IE"),
    ("Finland", "FI"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("Greece", "GR"),
    ("Hong Kong", "HK"),
    ("Iceland", "IS"),
    ("Israel", "IL"),
    ("Italy", "IT"),
    ("Japan", "JP"),
    ("Korea", "KR"),
    ("Lebanon", "LB"),
    ("Lithuania", "LT"),
    ("Malta", "MT"),
    ("Netherlands", "NL"),
    ("Nigeria", "NG"),
    ("Norway", "NO"),
    ("Poland", "PL"),
    ("Portugal", "PT"),
    ("RSA", "ZA"),
    ("Singapore", "SG"),
    ("Spain", "ES"),
    ("Sweden", "SE"),
    ("Switzerland", "CH"),
    ("Thailand", "TH"),
    ("USA", "US"),
    ("United Arab Emirates", "AE"),
    ("United Kingdom", "GB"),
    ("Unspecified", "ZZ"),
    ("West Indies", "ZZ"),
];

/// The code of a country by the shop's name for it.
pub(super) fn code(name: &str) -> Option<&'static str> {
    let place = CODES.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    Some(CODES[place].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As counted in the full file.
    const NAMES_OF_THE_FILE: &str = "Australia|Austria|Bahrain|Belgium|Bermuda|Brazil|Canada|Channel Islands|Cyprus|Denmark|EIRE|\
        Finland|France|Germany|Greece|Hong Kong|Iceland|Israel|Italy|Japan|Korea|Lebanon|Lithuania|Malta|Netherlands|Nigeria|Norway|\
        Poland|Portugal|RSA|Singapore|Spain|Sweden|Switzerland|Thailand|USA|United Arab Emirates|United Kingdom|Unspecified|West Indies";

    #[test]
    fn every_name_of_the_file_has_a_code_and_no_other_does() {
        let names: Vec<_> = NAMES_OF_THE_FILE.split('|').collect();
        assert_eq!(names.len(), CODES.len());
        for name in names {
            let code = code(name).expect(name);
            assert!(code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase()), "{name}: {code}");
        }
        for other in ["", "france", "Atlantis", "EIRE "] {
            assert_eq!(code(other), None, "{other:?}");
        }
    }

    #[test]
    fn two_names_share_a_code_only_where_no_country_is_meant() {
        let mut codes: Vec<_> = CODES.iter().map(|(_, code)| code).filter(|code| **code != "ZZ").collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CODES.len() - 2);
        assert_eq!(
            [code("EIRE"), code("RSA"), code("Channel Islands")],
            [Some("IE"), Some("ZA"), Some("JE")]
        );
    }
}
