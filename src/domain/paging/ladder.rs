//! The ladder: how often somebody is told again, and when the next one up is told too. Pure, so that every step can be
//! read and tested without a clock.
//!
//! The first page and the repeats of p0 are TSP-1's (section "Clocks"). Its hours for p1 follow the ladder of Access
//! Now's helpline, which reaches the shift lead after 60 minutes and the director after 90.

use std::time::Duration;

use super::Rung;
use crate::domain::triage::{Priority, Spans};

/// The ladder of one priority. Calendar time from the moment the alarm was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// How long until it is told again.
    pub repeat: Duration,
    /// From when on the lead is told too.
    pub lead: Duration,
    /// From when on the safeguarding lead is told too.
    pub safeguarding_lead: Duration,
}

impl Ladder {
    /// The ladder of a priority; how often it repeats is the rules' to say, where they do.
    #[must_use]
    pub fn of(priority: Priority, spans: &Spans) -> Self {
        let minutes = Duration::from_mins;
        let hours = Duration::from_hours;
        let (repeat, lead, safeguarding_lead) = match priority {
            Priority::P0 => (minutes(5), minutes(10), minutes(20)),
            Priority::P1 => (minutes(15), minutes(60), minutes(90)),
            Priority::P2 => (hours(4), hours(8), hours(24)),
            Priority::P3 | Priority::P4 => (hours(24), hours(48), hours(96)),
        };
        Self { repeat: spans.page_repeat.unwrap_or(repeat), lead, safeguarding_lead }
    }

    /// Who is told by now, when the alarm was opened so long ago.
    #[must_use]
    pub fn rung(&self, open_for: Duration) -> Rung {
        if open_for >= self.safeguarding_lead {
            Rung::SafeguardingLead
        } else if open_for >= self.lead {
            Rung::Lead
        } else {
            Rung::OnCall
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::triage::Rules;

    #[test]
    fn the_grid_of_the_ladder() {
        let mut lines = Vec::new();
        for priority in [Priority::P0, Priority::P1, Priority::P2, Priority::P3, Priority::P4] {
            let ladder = Ladder::of(priority, Rules::builtin().clocks(priority));
            let minutes = |span: Duration| span.as_secs() / 60;
            lines.push(format!(
                "{} repeat {} lead {} safeguarding_lead {}",
                priority.as_str(),
                minutes(ladder.repeat),
                minutes(ladder.lead),
                minutes(ladder.safeguarding_lead)
            ));
            // Nobody higher is told before somebody lower was told once.
            assert!(ladder.repeat <= ladder.lead && ladder.lead < ladder.safeguarding_lead);
        }
        insta::assert_snapshot!(lines.join("\n"), @r"
        p0 repeat 5 lead 10 safeguarding_lead 20
        p1 repeat 15 lead 60 safeguarding_lead 90
        p2 repeat 240 lead 480 safeguarding_lead 1440
        p3 repeat 1440 lead 2880 safeguarding_lead 5760
        p4 repeat 1440 lead 2880 safeguarding_lead 5760
        ");
    }
}
