//! Countries in the telephone network: calling code, what is dialled before a number inside the country, and how long
//! its numbers are.
//!
//! From the metadata of libphonenumber 9.0.33 (Apache-2.0), fixed and mobile numbers only. Belarus, Lithuania and
//! Mexico have, beside what is dialled now, what people still write from before. The ports of that library bring
//! sixteen crates and more, their own database and its regular expressions, for what these four columns give. What is
//! dialled for abroad stands in `phones.toml`; carriers' codes inside a country (Brazil, Colombia) are not known.

/// A country in the telephone network.
#[derive(Debug)]
pub(super) struct Country {
    /// ISO 3166-1 alpha-2.
    pub(super) region: &'static str,
    /// The calling code. Several countries may share one; the first of them stands for the code.
    pub(super) code: &'static str,
    /// What may stand before a number inside the country, by spaces; empty when nothing does.
    pub(super) trunk: &'static str,
    /// How many digits a number has after the calling code: at the least, and at the most.
    pub(super) digits: (usize, usize),
}

impl Country {
    /// The digits that are dialled from abroad after the calling code; nothing when no number is so short or so long.
    fn number<'n>(&self, digits: &'n str) -> Option<&'n str> {
        let fits = |number: &&str| (self.digits.0..=self.digits.1).contains(&number.len());
        let stripped =
            |digits: &'n str| self.trunk.split_whitespace().filter_map(|trunk| digits.strip_prefix(trunk)).find(fits);
        // Some write it twice.
        std::iter::successors(stripped(digits), |digits| stripped(digits)).last().or_else(|| Some(digits).filter(fits))
    }

    fn full(&self, number: &str) -> String {
        format!("+{}{number}", self.code)
    }
}

/// A number that was written with its calling code, in the one form that it has.
pub(super) fn from_abroad(digits: &str) -> String {
    placed(digits).unwrap_or_else(|| format!("+{digits}"))
}

/// Whether the digits are a calling code and a number that a country of it has.
pub(super) fn is_placed(digits: &str) -> bool {
    placed(digits).is_some()
}

fn placed(digits: &str) -> Option<String> {
    let country = of_code(digits)?;
    let own = digits.strip_prefix(country.code)?;
    let mobile = if country.region == "AR" { argentine_mobile(own) } else { None };
    Some(country.full(mobile.as_deref().or_else(|| country.number(own))?))
}

/// A number in the form in which a wall compares it, where people write it in two: Argentina's mobiles without the
/// 9, Brazil's without the ninth digit that they were given, Italy's with a zero that they do not have.
pub(super) fn also_written(full: &str) -> Option<String> {
    let own = |code: &str, digits: usize| full.strip_prefix(code).filter(|own| own.len() == digits);
    if let Some(mobile) = own("+54", 11).and_then(|own| own.strip_prefix('9')) {
        return Some(format!("+54{mobile}"));
    }
    if let Some((town, mobile)) = own("+55", 11).and_then(|own| own.split_at_checked(2)) {
        let old = mobile.strip_prefix('9').filter(|old| old.starts_with(['6', '7', '8', '9']))?;
        return Some(format!("+55{town}{old}"));
    }
    let mobile = own("+39", 11).and_then(|own| own.strip_prefix('0')).filter(|own| own.starts_with('3'))?;
    Some(format!("+39{mobile}"))
}

/// The first country of the calling code with which the digits begin.
fn of_code(digits: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| digits.starts_with(country.code))
}

/// What stands behind the calling code; all of it when there is none.
pub(super) fn own_digits(digits: &str) -> &str {
    of_code(digits).and_then(|country| digits.strip_prefix(country.code)).unwrap_or(digits)
}

/// A mobile of Argentina has a 15 behind its town inside the country, and a 9 in front of it from abroad. Towns have two
/// to four digits, so where the 15 could be another's it is left as it is.
fn argentine_mobile(digits: &str) -> Option<String> {
    let own = digits.strip_prefix('0').unwrap_or(digits);
    let own = if own.len() == 13 { own.strip_prefix('9')? } else { own };
    if own.len() != 12 {
        return None;
    }
    let split =
        |town: usize| own.split_at_checked(town).and_then(|(town, rest)| Some((town, rest.strip_prefix("15")?)));
    let found = if own.starts_with("11") { split(2) } else { split(3).xor(split(4)) };
    found.map(|(town, rest)| format!("9{town}{rest}"))
}

/// A number that was written inside a country, in the form that it has from abroad; nothing when that country has no
/// such number.
pub(super) fn from_inside(digits: &str, region: &str) -> Option<String> {
    let country = COUNTRIES.iter().find(|country| country.region == region)?;
    if let Some(mobile) = argentine_mobile(digits).filter(|_| region == "AR") {
        return Some(country.full(&mobile));
    }
    let own = country.number(digits);
    // People and platforms also leave out the plus.
    let bare = digits.strip_prefix(country.code).and_then(|rest| country.number(rest));
    let is_dialled = own.is_some_and(|number| number.len() < digits.len());
    let number = if is_dialled || country.trunk.is_empty() { own.or(bare) } else { bare.or(own) };
    Some(country.full(number?))
}

const fn row(region: &'static str, code: &'static str, trunk: &'static str, least: usize, most: usize) -> Country {
    Country { region, code, trunk, digits: (least, most) }
}

/// By calling code.
pub(super) const COUNTRIES: [Country; 245] = [
    row("US", "1", "1", 10, 10),
    row("AG", "1", "1", 10, 10),
    row("AI", "1", "1", 10, 10),
    row("AS", "1", "1", 10, 10),
    row("BB", "1", "1", 10, 10),
    row("BM", "1", "1", 10, 10),
    row("BS", "1", "1", 10, 10),
    row("CA", "1", "1", 10, 10),
    row("DM", "1", "1", 10, 10),
    row("DO", "1", "1", 10, 10),
    row("GD", "1", "1", 10, 10),
    row("GU", "1", "1", 10, 10),
    row("JM", "1", "1", 10, 10),
    row("KN", "1", "1", 10, 10),
    row("KY", "1", "1", 10, 10),
    row("LC", "1", "1", 10, 10),
    row("MP", "1", "1", 10, 10),
    row("MS", "1", "1", 10, 10),
    row("PR", "1", "1", 10, 10),
    row("SX", "1", "1", 10, 10),
    row("TC", "1", "1", 10, 10),
    row("TT", "1", "1", 10, 10),
    row("VC", "1", "1", 10, 10),
    row("VG", "1", "1", 10, 10),
    row("VI", "1", "1", 10, 10),
    row("EG", "20", "0", 8, 10),
    row("SS", "211", "0", 9, 9),
    row("MA", "212", "0", 9, 9),
    row("EH", "212", "0", 9, 9),
    row("DZ", "213", "0", 8, 9),
    row("TN", "216", "", 8, 8),
    row("LY", "218", "0", 9, 9),
    row("GM", "220", "", 7, 7),
    row("SN", "221", "", 9, 9),
    row("MR", "222", "", 8, 8),
    row("ML", "223", "", 8, 8),
    row("GN", "224", "", 8, 9),
    row("CI", "225", "", 10, 10),
    row("BF", "226", "", 8, 8),
    row("NE", "227", "", 8, 8),
    row("TG", "228", "", 8, 8),
    row("BJ", "229", "", 10, 10),
    row("MU", "230", "", 7, 8),
    row("LR", "231", "0", 7, 9),
    row("SL", "232", "0", 8, 8),
    row("GH", "233", "0", 9, 9),
    row("NG", "234", "0", 10, 10),
    row("TD", "235", "", 8, 8),
    row("CF", "236", "", 8, 8),
    row("CM", "237", "", 9, 9),
    row("CV", "238", "", 7, 7),
    row("ST", "239", "", 7, 7),
    row("GQ", "240", "", 9, 9),
    row("GA", "241", "", 7, 8),
    row("CG", "242", "", 9, 9),
    row("CD", "243", "0", 7, 10),
    row("AO", "244", "", 9, 9),
    row("GW", "245", "", 9, 9),
    row("IO", "246", "", 7, 7),
    row("AC", "247", "", 5, 5),
    row("SC", "248", "", 7, 7),
    row("SD", "249", "0", 9, 9),
    row("RW", "250", "0", 8, 9),
    row("ET", "251", "0", 9, 9),
    row("SO", "252", "0", 6, 9),
    row("DJ", "253", "", 8, 8),
    row("KE", "254", "0", 7, 9),
    row("TZ", "255", "0", 9, 9),
    row("UG", "256", "0", 9, 9),
    row("BI", "257", "", 8, 8),
    row("MZ", "258", "", 8, 9),
    row("ZM", "260", "0", 9, 9),
    row("MG", "261", "0", 9, 9),
    row("RE", "262", "0", 9, 9),
    row("YT", "262", "0", 9, 9),
    row("ZW", "263", "0", 5, 10),
    row("NA", "264", "0", 8, 9),
    row("MW", "265", "0", 7, 9),
    row("LS", "266", "", 8, 8),
    row("BW", "267", "", 7, 8),
    row("SZ", "268", "", 8, 8),
    row("KM", "269", "", 7, 7),
    row("ZA", "27", "0", 5, 9),
    row("SH", "290", "", 4, 5),
    row("TA", "290", "", 4, 4),
    row("ER", "291", "0", 7, 7),
    row("AW", "297", "", 7, 7),
    row("FO", "298", "", 6, 6),
    row("GL", "299", "", 6, 6),
    row("GR", "30", "", 10, 10),
    row("NL", "31", "0", 9, 11),
    row("BE", "32", "0", 8, 9),
    row("FR", "33", "0", 9, 9),
    row("ES", "34", "", 9, 9),
    row("GI", "350", "", 8, 8),
    row("PT", "351", "", 9, 9),
    row("LU", "352", "", 4, 11),
    row("IE", "353", "0", 7, 10),
    row("IS", "354", "", 7, 9),
    row("AL", "355", "0", 8, 9),
    row("MT", "356", "", 8, 8),
    row("CY", "357", "", 8, 8),
    row("FI", "358", "0", 5, 10),
    row("AX", "358", "0", 6, 10),
    row("BG", "359", "0", 6, 9),
    row("HU", "36", "06", 8, 9),
    row("LT", "370", "0 8", 8, 8),
    row("LV", "371", "", 8, 8),
    row("EE", "372", "", 7, 8),
    row("MD", "373", "0", 8, 8),
    row("AM", "374", "0", 8, 8),
    row("BY", "375", "80 8 0", 9, 9),
    row("AD", "376", "", 6, 9),
    row("MC", "377", "0", 8, 9),
    row("SM", "378", "", 8, 10),
    row("UA", "380", "0", 9, 9),
    row("RS", "381", "0", 7, 12),
    row("ME", "382", "0", 8, 8),
    row("XK", "383", "0", 8, 12),
    row("HR", "385", "0", 8, 9),
    row("SI", "386", "0", 8, 8),
    row("BA", "387", "0", 8, 9),
    row("MK", "389", "0", 8, 8),
    row("IT", "39", "", 6, 12),
    row("VA", "39", "", 6, 11),
    row("RO", "40", "0", 6, 9),
    row("CH", "41", "0", 9, 9),
    row("CZ", "420", "", 9, 9),
    row("SK", "421", "0", 6, 9),
    row("LI", "423", "0", 7, 9),
    row("AT", "43", "0", 4, 13),
    row("GB", "44", "0", 9, 10),
    row("GG", "44", "0", 10, 10),
    row("IM", "44", "0", 10, 10),
    row("JE", "44", "0", 10, 10),
    row("DK", "45", "", 8, 8),
    row("SE", "46", "0", 7, 9),
    row("NO", "47", "", 8, 8),
    row("SJ", "47", "", 8, 8),
    row("PL", "48", "", 7, 9),
    row("DE", "49", "0", 5, 15),
    row("FK", "500", "", 5, 5),
    row("BZ", "501", "", 7, 7),
    row("GT", "502", "", 8, 8),
    row("SV", "503", "", 8, 8),
    row("HN", "504", "", 8, 8),
    row("NI", "505", "", 8, 8),
    row("CR", "506", "", 8, 8),
    row("PA", "507", "", 7, 8),
    row("PM", "508", "0", 6, 9),
    row("HT", "509", "", 8, 8),
    row("PE", "51", "0", 8, 9),
    row("MX", "52", "01 1", 10, 10),
    row("CU", "53", "0", 6, 10),
    row("AR", "54", "0", 10, 11),
    row("BR", "55", "0", 10, 11),
    row("CL", "56", "", 9, 9),
    row("CO", "57", "0", 8, 10),
    row("VE", "58", "0", 10, 10),
    row("GP", "590", "0", 9, 9),
    row("BL", "590", "0", 9, 9),
    row("MF", "590", "0", 9, 9),
    row("BO", "591", "0", 8, 8),
    row("GY", "592", "", 7, 7),
    row("EC", "593", "0", 8, 9),
    row("GF", "594", "0", 9, 9),
    row("PY", "595", "0", 7, 9),
    row("MQ", "596", "0", 9, 9),
    row("SR", "597", "", 6, 7),
    row("UY", "598", "0", 8, 8),
    row("CW", "599", "", 7, 8),
    row("BQ", "599", "", 7, 7),
    row("MY", "60", "0", 8, 10),
    row("AU", "61", "0", 9, 9),
    row("CC", "61", "0", 9, 9),
    row("CX", "61", "0", 9, 9),
    row("ID", "62", "0", 7, 12),
    row("PH", "63", "0", 6, 10),
    row("NZ", "64", "0", 8, 10),
    row("SG", "65", "", 8, 8),
    row("TH", "66", "0", 8, 9),
    row("TL", "670", "", 7, 8),
    row("NF", "672", "", 6, 6),
    row("BN", "673", "", 7, 7),
    row("NR", "674", "", 7, 7),
    row("PG", "675", "", 7, 8),
    row("TO", "676", "", 5, 7),
    row("SB", "677", "", 5, 7),
    row("VU", "678", "", 5, 7),
    row("FJ", "679", "", 7, 7),
    row("PW", "680", "", 7, 7),
    row("WF", "681", "", 6, 6),
    row("CK", "682", "", 5, 5),
    row("NU", "683", "", 4, 7),
    row("WS", "685", "", 5, 10),
    row("KI", "686", "0", 5, 8),
    row("NC", "687", "", 6, 6),
    row("TV", "688", "", 5, 7),
    row("PF", "689", "", 8, 8),
    row("TK", "690", "", 4, 7),
    row("FM", "691", "", 7, 7),
    row("MH", "692", "1", 7, 7),
    row("RU", "7", "8", 10, 10),
    row("KZ", "7", "8", 10, 10),
    row("JP", "81", "0", 9, 10),
    row("KR", "82", "0", 5, 10),
    row("VN", "84", "0", 9, 10),
    row("KP", "850", "0", 8, 10),
    row("HK", "852", "", 8, 8),
    row("MO", "853", "", 8, 8),
    row("KH", "855", "0", 8, 9),
    row("LA", "856", "0", 8, 10),
    row("CN", "86", "0", 7, 11),
    row("BD", "880", "0", 6, 10),
    row("TW", "886", "0", 8, 9),
    row("TR", "90", "0", 10, 10),
    row("IN", "91", "0", 10, 10),
    row("PK", "92", "0", 9, 10),
    row("AF", "93", "0", 9, 9),
    row("LK", "94", "0", 9, 9),
    row("MM", "95", "0", 6, 10),
    row("MV", "960", "", 7, 7),
    row("LB", "961", "0", 7, 8),
    row("JO", "962", "0", 8, 9),
    row("SY", "963", "0", 8, 9),
    row("IQ", "964", "0", 8, 10),
    row("KW", "965", "", 8, 8),
    row("SA", "966", "0", 9, 9),
    row("YE", "967", "0", 7, 9),
    row("OM", "968", "", 8, 8),
    row("PS", "970", "0", 8, 9),
    row("AE", "971", "0", 8, 9),
    row("IL", "972", "0", 8, 12),
    row("BH", "973", "", 8, 8),
    row("QA", "974", "", 8, 8),
    row("BT", "975", "", 7, 8),
    row("MN", "976", "0", 8, 10),
    row("NP", "977", "0", 8, 10),
    row("IR", "98", "0", 6, 10),
    row("TJ", "992", "", 9, 9),
    row("TM", "993", "8", 8, 8),
    row("AZ", "994", "0", 9, 9),
    row("GE", "995", "0", 9, 9),
    row("KG", "996", "0", 9, 9),
    row("UZ", "998", "", 9, 9),
];
