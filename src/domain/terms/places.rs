//! Countries and their parts, by the codes of ISO 3166.

use std::collections::HashSet;
use std::sync::LazyLock;

/// ISO 3166-1 alpha-2 as of 2026, and `XK`, which everybody uses for Kosovo.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
    BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
    ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
    HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
    LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
    NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
    SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
    UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| COUNTRIES.split_ascii_whitespace().collect());

/// A country by its code, whatever its case is. `UK` is read as `GB`; one that does not exist is none.
#[must_use]
pub fn country(text: &str) -> Option<String> {
    let code = text.to_ascii_uppercase();
    let code = if code == "UK" { "GB" } else { &code };
    KNOWN.contains(code).then(|| code.to_owned())
}

/// A part of a country that exists, by its code (ISO 3166-2), whatever its case is. Whether there is such a part is not
/// asked.
#[must_use]
pub fn region(text: &str) -> Option<String> {
    let text = text.to_ascii_uppercase().replace('_', "-");
    let (of, part) = text.split_once('-')?;
    let right = (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    right.then(|| country(of)).flatten().map(|of| format!("{of}-{part}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_stands_once_in_order() {
        let all: Vec<&str> = COUNTRIES.split_ascii_whitespace().collect();
        assert_eq!(all.len(), 250);
        assert!(all.is_sorted_by(|one, other| one < other));
        assert_eq!((country("uk").as_deref(), country("gb").as_deref(), country("ZZ")), (Some("GB"), Some("GB"), None));
        assert_eq!((region("uk_esx").as_deref(), region("GB"), region("GB-TOOLONG")), (Some("GB-ESX"), None, None));
    }
}
