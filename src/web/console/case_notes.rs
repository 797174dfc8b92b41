//! What stands out of a case: what asks for care before anything is done about it.

use super::case_page::Floor;
use crate::domain::case::Case;
use crate::domain::casefile::{CaseView, KeptView};
use crate::domain::directory::Called;
use crate::domain::terms::words::DesiredOutcome;
use crate::domain::triage::{Rules, Signal};
use crate::pages::spans::Writer;

/// Something that stands out.
pub(super) struct Banner {
    pub(super) title: &'static str,
    pub(super) text: String,
    pub(super) class: &'static str,
}

const WITHDRAWAL: &str = "Look for coercion. Speak with her live and alone before anything is decided, by another way than the wish came. A wish closes nothing.";
const CHILD: &str =
    "The child rule holds: she or he is under 18, or may be. The safeguarding lead decides what is shared, and signs.";
const RECORD_ONLY: &str =
    "She wishes nothing to be done at the platform. It may be asked to keep evidence, and nothing else.";
const MIRROR: &str = "The subject has reported this reporter too. Read both before anything is done about either: look for related cases.";
const SENIOR_FIRST: &str =
    "A lead reads this case before anything is asked of the platform. Until then it may be asked to keep evidence.";

/// What stands out of a case, for whoever is a lead, and for others.
pub(super) fn banners(view: &CaseView, case: &Case, rules: &Rules, is_lead: bool, writer: Writer) -> Vec<Banner> {
    let mut all: Vec<Banner> = view.kept.into_iter().filter_map(|kept| kept_words(kept, writer)).collect();
    let mut add = |title, text: &str, class| all.push(Banner { title, text: text.to_owned(), class });
    if view.withdrawal_wished_at.is_some() {
        add("A wish to withdraw is on record", WITHDRAWAL, "grave-note");
    }
    let floors = || view.assessment.iter().flat_map(|assessed| &assessed.floors);
    for note in floors().filter_map(|floor| rules.note_of(floor)) {
        add("It is a matter of time", note, "grave-note");
    }
    if floors().any(|floor| rules.is_of_signal(&floor.code, Signal::MirrorReports)) {
        let (title, text) =
            if is_lead { ("Mirror reports", MIRROR) } else { ("A senior reads this first", SENIOR_FIRST) };
        add(title, text, "grave-note");
    }
    if case.child {
        add("A child", CHILD, "warn");
    }
    if view.reports.last().map(|report| report.desired_outcome) == Some(DesiredOutcome::RecordOnly) {
        add("Only on record", RECORD_ONLY, "warn");
    }
    all
}

/// That a service is silent, and how it is rung.
pub(super) fn to_ring(service: &Called) -> Banner {
    let how = if service.telephones.is_empty() {
        "No telephone of theirs stands in the directory: find one out".to_owned()
    } else {
        format!("Ring {}", service.telephones.join(" or "))
    };
    let text = format!("{}. {how}, and write down at the referral what they say.", service.name);
    Banner { title: "A service is silent", text, class: "grave-note" }
}

/// What is still kept of a closed case.
fn kept_words(kept: KeptView, writer: Writer) -> Option<Banner> {
    let banner = |title, text| Some(Banner { title, text, class: "warn" });
    let on = |at| writer.write(at).clock;
    let part = if kept.contact_erased_at.is_some() { "all that was said in it" } else { "how she may be reached" };
    match (kept.erased_at, kept.erase_at, kept.contact_erased_at) {
        _ if kept.held => banner("A legal hold stands", "Nothing of this case is destroyed while it does.".to_owned()),
        (Some(at), ..) => banner(
            "All that was said was destroyed",
            match kept.record_ended_at {
                None => format!("Since {}: its period had ended. What happened stands in the record.", on(at)),
                Some(record) => format!("Since {}: its period had ended. Since {} its record too.", on(at), on(record)),
            },
        ),
        (None, Some(at), _) => banner(
            "Something will be destroyed",
            format!("The period ends for {part}: {}. If it must be kept, tell whoever runs the service.", on(at)),
        ),
        (None, None, Some(at)) => banner(
            "How she may be reached was destroyed",
            format!("Since {}: its period had ended. Ask the platform, if she must be reached.", on(at)),
        ),
        (None, None, None) => None,
    }
}

/// The floors that fired, in their words. That the subject has reported the reporter too is for leads: what others need of it is
/// that a senior reads the case first.
pub(super) fn floors(view: &CaseView, rules: &Rules, is_lead: bool) -> Vec<Floor> {
    let all = view.assessment.iter().flat_map(|assessed| &assessed.floors);
    let shown = all.map(|floor| {
        if !is_lead && rules.is_of_signal(&floor.code, Signal::MirrorReports) {
            return Floor { code: String::new(), text: "A senior reads this first.".to_owned() };
        }
        Floor { code: floor.code.clone(), text: floor.text.clone() }
    });
    shown.collect()
}
