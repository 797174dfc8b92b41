//! How long what people said is kept after its case is closed: a published file, like the rules, that an operator may replace. Its
//! periods are those of the retention proposal of `domain.md` 5.6.

use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

/// The built-in periods.
const BUILT_IN: &str = include_str!("periods.toml");
/// The format this program reads.
const FORMAT: u32 = 1;
const DAY: Duration = Duration::from_hours(24);
/// The longest month and the longest year there are, so that nothing goes before its time.
const MONTH: u32 = 31;
const YEAR: u32 = 366;

/// The periods of a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    version: String,
    contact_days: u32,
    not_referred_months: u32,
    referred_years: u32,
    child_until_age: u32,
    child_youngest_age: u32,
    after_hold_months: u32,
    record_years: u32,
    notice_days: u32,
}

impl File {
    fn check(&self) -> Result<(), String> {
        if self.format != FORMAT {
            return Err(format!("format {} is not known: this version reads format {FORMAT}", self.format));
        }
        if self.version.is_empty() || self.version.len() > 60 {
            return Err("`version` has 1 to 60 characters".to_owned());
        }
        let bounds = [
            ("contact_days", self.contact_days, 14, 365),
            ("not_referred_months", self.not_referred_months, 6, 240),
            ("referred_years", self.referred_years, 1, 30),
            ("child_until_age", self.child_until_age, 18, 40),
            ("child_youngest_age", self.child_youngest_age, 0, 17),
            ("after_hold_months", self.after_hold_months, 0, 240),
            ("record_years", self.record_years, 1, 30),
            ("notice_days", self.notice_days, 3, 60),
        ];
        for (name, value, least, most) in bounds {
            if value < least || value > most {
                return Err(format!("`{name}` is from {least} to {most}"));
            }
        }
        if self.referred_years * 12 < self.not_referred_months {
            return Err("what a service was sent is kept no shorter than what none was sent".to_owned());
        }
        Ok(())
    }
}

/// The periods in force. While a file cannot be used there are none, and nothing is destroyed: what is gone comes back by no mending.
#[derive(Clone, Debug)]
pub struct Periods {
    file: Result<File, String>,
}

static LOADED: LazyLock<Periods> = LazyLock::new(|| Periods { file: read(BUILT_IN) });

fn read(text: &str) -> Result<File, String> {
    let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    file.check().map(|()| file)
}

fn days(count: u32) -> Duration {
    DAY * count
}

impl Periods {
    /// The built-in periods.
    #[must_use]
    pub fn built_in() -> Self {
        LOADED.clone()
    }

    /// No periods, because those of the operator cannot be used: why.
    #[must_use]
    pub const fn unusable(reason: String) -> Self {
        Self { file: Err(reason) }
    }

    /// Reads a file of periods.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        read(text).map(|file| Self { file: Ok(file) })
    }

    /// The version of the file in force; empty where there is none.
    #[must_use]
    pub fn version(&self) -> &str {
        self.file.as_ref().map_or("", |file| &file.version)
    }

    /// Why the operator's file is not in force.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.file.as_ref().err().map(String::as_str)
    }

    /// The periods; nothing while a file cannot be used.
    #[must_use]
    pub fn in_force(&self) -> Option<Kept> {
        let file = self.file.as_ref().ok()?;
        Some(Kept {
            contact: days(file.contact_days),
            not_referred: days(file.not_referred_months * MONTH),
            referred: days(file.referred_years * YEAR),
            child: days((file.child_until_age - file.child_youngest_age) * YEAR),
            after_hold: days(file.after_hold_months * MONTH),
            record: days(file.record_years * YEAR),
            notice: days(file.notice_days),
        })
    }
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// How she may be reached, from the close.
    pub contact: Duration,
    /// All of a case of which nothing was sent, from the last that came in or happened to it.
    pub not_referred: Duration,
    /// All of one of which something was sent, from the close.
    pub referred: Duration,
    /// All of a child's case, from its first report.
    pub child: Duration,
    /// All of a case that was on hold, from the end of the hold.
    pub after_hold: Duration,
    /// The record of a case, from the destruction of all that was said in it.
    pub record: Duration,
    /// From the announcement until the destruction.
    pub notice: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_periods_are_those_of_the_proposal() {
        let periods = Periods::built_in();
        assert_eq!((periods.version(), periods.failure()), ("periods-1", None));
        let kept = periods.in_force().unwrap();
        let Kept { contact, not_referred, referred, child, after_hold, record, notice } = kept;
        let all = [contact, not_referred, referred, child, after_hold, record, notice];
        assert_eq!(all.map(|period| period.as_secs() / 86_400), [30, 744, 2_196, 4_392, 372, 2_562, 7]);
    }

    #[test]
    fn a_file_that_would_destroy_too_soon_is_refused_and_destroys_nothing() {
        for (from, to, told) in [
            ("format = 1", "format = 2", "format 2 is not known"),
            ("version = \"periods-1\"", "version = \"\"", "`version`"),
            ("contact_days = 30", "contact_days = 13", "`contact_days` is from 14 to 365"),
            ("contact_days = 30", "contact_days = -1", "invalid value"),
            ("not_referred_months = 24", "not_referred_months = 5", "`not_referred_months`"),
            ("referred_years = 6", "referred_years = 1", "kept no shorter"),
            ("referred_years = 6", "referred_years = 4294967295", "`referred_years`"),
            ("child_until_age = 25", "child_until_age = 17", "`child_until_age`"),
            ("child_youngest_age = 13", "child_youngest_age = 18", "`child_youngest_age`"),
            ("notice_days = 7", "notice_days = 0", "`notice_days`"),
            ("notice_days", "notices_days", "notices_days"),
        ] {
            assert!(BUILT_IN.contains(from), "{from}");
            let wrong = Periods::parse(&BUILT_IN.replacen(from, to, 1)).unwrap_err();
            assert!(wrong.contains(told), "{to}: {wrong}");
        }
        let none = Periods::unusable("why".to_owned());
        assert_eq!((none.version(), none.failure(), none.in_force()), ("", Some("why"), None));
    }
}
