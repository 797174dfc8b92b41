//! How long a hand-over to a service may rest in each phase: a published file, like the rules, that an operator may replace.

use std::sync::LazyLock;
use std::time::Duration;

use serde::Deserialize;

use super::Priority;
use crate::base::code::codes;
use crate::base::span::Span;

/// The built-in spans.
const BUILT_IN: &str = include_str!("referrals.toml");
/// The format this program reads.
const FORMAT: u32 = 1;
/// No phase lasts longer: whoever is owed an answer is not left waiting for ever by a file.
const LONGEST: Duration = Duration::from_hours(60 * 24);
/// No phase is shorter: a person has to act in it.
const SHORTEST: Duration = Duration::from_mins(5);

/// A contact sheet is kept for as long as its service may look at it again, and not for a season.
const SHEET_KEPT: Duration = Duration::from_hours(30 * 24);
const SHEET: (Duration, Duration) = (Duration::from_hours(14 * 24), Duration::from_hours(90 * 24));

codes! {
    /// What a hand-over waits for.
    pub enum Phase as ReferralPhase {
        /// To be sent.
        Draft = "draft",
        /// To be received.
        Receipt = "receipt",
        /// To be accepted or declined.
        Answer = "answer",
        /// Her to be contacted.
        Contact = "contact",
        /// The next word of the service.
        NextWord = "next_word",
        /// The service to say that no copy is left.
        Acknowledgement = "acknowledgement",
    }
}

/// The spans of one phase.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    p0: Span,
    p1: Span,
    p2: Span,
    p3: Span,
}

impl Row {
    fn of(&self, priority: Priority) -> Duration {
        let span = match priority {
            Priority::P0 => self.p0,
            Priority::P1 => self.p1,
            Priority::P2 => self.p2,
            Priority::P3 | Priority::P4 => self.p3,
        };
        span.duration()
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    version: String,
    /// 30 days where a file says nothing.
    sheet_kept: Option<Span>,
    draft: Row,
    receipt: Row,
    answer: Row,
    contact: Row,
    next_word: Row,
    acknowledgement: Row,
}

impl File {
    const fn row(&self, phase: Phase) -> &Row {
        match phase {
            Phase::Draft => &self.draft,
            Phase::Receipt => &self.receipt,
            Phase::Answer => &self.answer,
            Phase::Contact => &self.contact,
            Phase::NextWord => &self.next_word,
            Phase::Acknowledgement => &self.acknowledgement,
        }
    }
}

/// The spans in force.
#[derive(Clone, Debug)]
pub struct ReferralSpans {
    /// Nothing where the built-in file itself could not be read, which a test rules out.
    file: Option<File>,
    failure: Option<String>,
}

static LOADED: LazyLock<ReferralSpans> = LazyLock::new(|| {
    ReferralSpans::parse(BUILT_IN).unwrap_or_else(|reason| ReferralSpans { file: None, failure: Some(reason) })
});

impl ReferralSpans {
    /// The built-in spans.
    #[must_use]
    pub fn built_in() -> Self {
        LOADED.clone()
    }

    /// The built-in spans in place of some that cannot be used, and why.
    #[must_use]
    pub fn in_place_of(reason: String) -> Self {
        Self { failure: Some(reason), ..Self::built_in() }
    }

    /// Reads a file of spans.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        if file.format != FORMAT {
            return Err(format!("format {} is not known: this version reads format {FORMAT}", file.format));
        }
        if file.version.is_empty() || file.version.len() > 60 {
            return Err("`version` has 1 to 60 characters".to_owned());
        }
        for phase in Phase::ALL {
            let (row, name) = (file.row(*phase), phase.as_str());
            let all = [row.p0, row.p1, row.p2, row.p3].map(Span::duration);
            if !all.is_sorted() {
                return Err(format!("[{name}]: what is more urgent has no longer span than what is less"));
            }
            if all.iter().any(|span| *span < SHORTEST || *span > LONGEST) {
                return Err(format!("[{name}]: a span lasts from 5m to 60d"));
            }
        }
        let kept = file.sheet_kept.map_or(SHEET_KEPT, Span::duration);
        if kept < SHEET.0 || kept > SHEET.1 {
            return Err("`sheet_kept` lasts from 14d to 90d".to_owned());
        }
        let late = |priority: &&Priority| file.receipt.of(**priority) > file.answer.of(**priority);
        if Priority::ALL.iter().any(|priority| late(&priority)) {
            return Err("[receipt]: a service receives before it answers, so no span is longer than that of [answer]"
                .to_owned());
        }
        Ok(Self { file: Some(file), failure: None })
    }

    /// The version of the file in force.
    #[must_use]
    pub fn version(&self) -> &str {
        self.file.as_ref().map_or("", |file| &file.version)
    }

    /// Why the operator's file is not in force.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How long a contact sheet is kept after its hand-over has ended.
    #[must_use]
    pub fn sheet_kept(&self) -> Duration {
        let said = self.file.as_ref().and_then(|file| file.sheet_kept);
        said.map_or(SHEET_KEPT, Span::duration)
    }

    /// How long the hand-overs of a case of this priority may rest in a phase.
    #[must_use]
    pub fn span(&self, phase: Phase, priority: Priority) -> Duration {
        self.file.as_ref().map_or(SHORTEST, |file| file.row(phase).of(priority))
    }

    /// All of them for a priority.
    #[must_use]
    pub fn of(&self, priority: Priority) -> PhaseSpans {
        PhaseSpans {
            all: std::array::from_fn(|at| Phase::ALL.get(at).map_or(SHORTEST, |phase| self.span(*phase, priority))),
        }
    }
}

/// The spans of one priority.
#[derive(Clone, Copy, Debug)]
pub struct PhaseSpans {
    all: [Duration; Phase::ALL.len()],
}

impl PhaseSpans {
    /// That of a phase.
    #[must_use]
    pub fn of(&self, phase: Phase) -> Duration {
        let at = Phase::ALL.iter().position(|one| *one == phase);
        at.and_then(|at| self.all.get(at)).copied().unwrap_or(SHORTEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_spans_are_those_of_the_table() {
        let spans = ReferralSpans::built_in();
        assert_eq!((spans.version(), spans.failure()), ("referrals-1", None));
        let minutes = |phase| Priority::ALL.iter().map(|p| spans.span(phase, *p).as_secs() / 60).collect::<Vec<_>>();
        assert_eq!(minutes(Phase::Draft), [30, 240, 1_440, 4_320, 4_320]);
        assert_eq!(minutes(Phase::Receipt), [15, 120, 1_440, 4_320, 4_320]);
        assert_eq!(minutes(Phase::Answer), [60, 1_440, 4_320, 10_080, 10_080]);
        assert_eq!(minutes(Phase::Contact), [240, 2_880, 7_200, 14_400, 14_400]);
        assert_eq!(minutes(Phase::NextWord), [1_440, 10_080, 20_160, 43_200, 43_200]);
        assert_eq!(minutes(Phase::Acknowledgement), [60; 5]);
        for phase in Phase::ALL {
            assert_eq!(spans.of(Priority::P1).of(*phase), spans.span(*phase, Priority::P1));
        }
    }

    #[test]
    fn a_file_that_would_let_a_hand_over_rest_is_refused() {
        for (from, to, told) in [
            ("format = 1", "format = 2", "format 2 is not known"),
            ("version = \"referrals-1\"", "version = \"\"", "`version`"),
            ("p0 = \"30m\"", "p0 = \"5h\"", "[draft]: what is more urgent"),
            ("p0 = \"30m\"", "p0 = \"1m\"", "[draft]: a span lasts"),
            ("p3 = \"30d\"", "p3 = \"61d\"", "[next_word]: a span lasts"),
            ("p0 = \"15m\"", "p0 = \"2h\"", "[receipt]: a service receives before"),
            ("p0 = \"15m\"", "p0 = \"15 m\"", "use a whole number"),
            ("p0 = \"15m\"", "p5 = \"15m\"", "p5"),
            ("[draft]", "[drafts]", "drafts"),
        ] {
            assert!(BUILT_IN.contains(from), "{from}");
            let wrong = ReferralSpans::parse(&BUILT_IN.replacen(from, to, 1)).unwrap_err();
            assert!(wrong.contains(told), "{to}: {wrong}");
        }
        let broken = ReferralSpans::in_place_of("why".to_owned());
        assert_eq!((broken.version(), broken.failure()), ("referrals-1", Some("why")));
    }
}
