//! How pages write numbers, days and text: one place, so that the same thing is always said in the same way.

use crate::base::time::Timestamp;

/// A number with commas: `12,345`.
#[must_use]
pub fn thousands(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("−{text}") } else { text }
}

/// A number in a sentence: words up to ten.
#[must_use]
pub fn number(number: usize) -> String {
    let words = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    words.get(number).map_or_else(|| thousands(i64::try_from(number).unwrap_or(i64::MAX)), |word| (*word).to_owned())
}

/// A number at the beginning of a sentence.
#[must_use]
pub fn capital(number: usize) -> String {
    let word = self::number(number);
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

/// A day in words: `12 November 2026`.
#[must_use]
pub fn day(at: Timestamp) -> String {
    let text = at.to_string();
    let mut parts = text.split('T').next().unwrap_or_default().split('-');
    let (year, month, day) = (parts.next(), parts.next(), parts.next());
    let months = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let month = month.and_then(|month| month.parse::<usize>().ok()).and_then(|month| months.get(month.wrapping_sub(1)));
    format!(
        "{} {} {}",
        day.unwrap_or_default().trim_start_matches('0'),
        month.copied().unwrap_or_default(),
        year.unwrap_or_default()
    )
}

/// Text as it stands in a page.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
