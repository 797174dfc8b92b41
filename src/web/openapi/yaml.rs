//! The document as YAML that every reader reads alike. `yes` is a word in YAML 1.2 and a truth value in YAML 1.1, which
//! many readers still follow; a day is a text in the one and a date in the other. What could be taken for something
//! else is put in quotes.

/// The words that YAML 1.1 takes for truth values, in lower case.
const TRUTHS: [&str; 6] = ["y", "yes", "n", "no", "on", "off"];

/// `text` with quotes around each plain value that YAML 1.1 does not read as text.
pub(super) fn unmistakable(text: &str) -> String {
    text.lines().map(|line| quoted(line) + "\n").collect()
}

fn quoted(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let at = match (line.trim_start().starts_with("- "), line.find(": ")) {
        (_, Some(colon)) => colon + 2,
        (true, None) => indent + 2,
        (false, None) => return line.to_owned(),
    };
    let (before, value) = line.split_at(at);
    if is_mistakable(value) { format!("{before}'{value}'") } else { line.to_owned() }
}

/// Whether a plain value is text in YAML 1.2 and something else in YAML 1.1: a truth value, a day, a time, or a number
/// in another notation.
fn is_mistakable(value: &str) -> bool {
    let numeric = |b: u8| b.is_ascii_digit() || b"-+.:_TZt ".contains(&b);
    let other = |b: u8| b"-:_".contains(&b);
    TRUTHS.contains(&value.to_lowercase().as_str())
        || (value.starts_with(|first: char| first.is_ascii_digit())
            && value.bytes().all(numeric)
            && value.bytes().any(other))
}

#[cfg(test)]
mod tests {
    use super::unmistakable;

    #[test]
    fn words_days_and_times_are_quoted_and_the_rest_is_not() {
        for (plain, wanted) in [
            ("- yes", "- 'yes'"),
            ("  - No", "  - 'No'"),
            ("a: off", "a: 'off'"),
            ("since: 2026-11-20T00:00:00Z", "since: '2026-11-20T00:00:00Z'"),
            ("from: 2026-11-02", "from: '2026-11-02'"),
            ("- 12:30:00", "- '12:30:00'"),
            ("- 1_000", "- '1_000'"),
            ("maximum: 100", "maximum: 100"),
            ("minimum: 0.5", "minimum: 0.5"),
            ("openapi: 3.1.0", "openapi: 3.1.0"),
            ("- '999'", "- '999'"),
            ("- not_asked", "- not_asked"),
            ("required: true", "required: true"),
            ("yes:", "yes:"),
            ("- name: no", "- name: 'no'"),
        ] {
            assert_eq!(unmistakable(plain), format!("{wanted}\n"));
        }
    }
}
