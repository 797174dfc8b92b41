//! What a spreadsheet makes of a cell: a table that anybody may open must still say what it said.

/// Names of months as spreadsheets know them in the languages whose letters are plain.
const MONTHS: [&str; 31] = [
    "jan",
    "january",
    "feb",
    "february",
    "mar",
    "march",
    "apr",
    "april",
    "may",
    "jun",
    "june",
    "jul",
    "july",
    "aug",
    "august",
    "sep",
    "sept",
    "september",
    "oct",
    "october",
    "nov",
    "november",
    "dec",
    "december",
    "mai",
    "mag",
    "avr",
    "okt",
    "dez",
    "ene",
    "juin",
];
/// What may stand between the parts of a number, a date or a time.
const BETWEEN: [char; 14] = [' ', '-', '/', '.', ':', ',', '%', '\'', '(', ')', '+', '$', '€', '£'];

/// Whether a spreadsheet takes a text for a number, a date, a time or a truth value, and shows something else: `1-2` becomes
/// the first of February, `1E10` ten thousand million.
#[must_use]
pub fn is_value(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    if ["true", "false"].contains(&text.as_str()) {
        return true;
    }
    let (mut digits, mut word) = (false, String::new());
    for letter in text.chars() {
        if letter.is_numeric() || BETWEEN.contains(&letter) {
            if !is_part(&word, digits) {
                return false;
            }
            word.clear();
            digits = digits || letter.is_numeric();
        } else {
            word.push(letter);
        }
    }
    is_part(&word, digits) && digits
}

/// Whether letters can stand in a value: none, a month, the half of a day, or an exponent after digits.
fn is_part(word: &str, after_digits: bool) -> bool {
    word.is_empty()
        || MONTHS.contains(&word)
        || (after_digits && ["e", "d", "a", "p", "am", "pm", "t", "z", "h"].contains(&word))
}

#[cfg(test)]
mod tests {
    use super::is_value;

    #[test]
    fn numbers_dates_times_and_truth_values_are_known() {
        for text in [
            "1-2",
            "1E10",
            "1e10",
            "12",
            "007",
            "3/4",
            "24-7",
            "2026-11",
            "2026-11-26",
            "mar-1",
            "5may",
            "may 5",
            "1-jan-26",
            "10:30",
            "10:30 pm",
            "12.5",
            "1,000",
            "50%",
            "$5",
            "(3)",
            "TRUE",
            "false",
            "１２",
            "٣",
            "2026-11-26t10:30z",
        ] {
            assert!(is_value(text), "{text}");
        }
        for text in [
            "spark", "9gag", "3fun", "app-01", "a1", "mar", "may", "e10", "meet-24", "24seven", "2go", "50plus",
            "truth", "", "-", "爱1", "okcupid2",
        ] {
            assert!(!is_value(text), "{text}");
        }
    }
}
