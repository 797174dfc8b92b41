//! What mails to colleagues say: nothing of a case, on purpose.

use crate::domain::paging::{Notice, Urgency};

/// The subject and text of a mail. A screen that lights up beside somebody must tell nothing: no name, no word of
/// violence, no case.
pub(super) fn words(notice: &Notice, sign_in: &str) -> (&'static str, String) {
    let (subject, first) = match notice {
        Notice::Page { urgency: Urgency::Now, .. } => {
            ("Please sign in now", "Something needs a person now. It comes again until somebody takes it.")
        }
        Notice::Page { urgency: Urgency::Today, .. } => {
            ("Please sign in today", "Something needs a person today. It comes again until somebody takes it.")
        }
        Notice::Offer { .. } => (
            "Please sign in now",
            "Something is handed to you and needs you now. Whoever has it keeps it until you take it, and not for long.",
        ),
        Notice::OfferOver => ("There is nothing to take", "What was handed to you is in other hands, or is done."),
        Notice::NotTaken => ("It was not taken", "What you handed over was not taken. You have it still."),
        Notice::HandedOver { .. } => {
            ("Something was handed to you", "Something was handed to you, and is kept for you for a while.")
        }
        Notice::Second { .. } => (
            "Please sign in when you can",
            "Something waits for a second person, and you may be it. A list says what, once you are signed in.",
        ),
        Notice::Unseen => (
            "Please ask whoever runs the service",
            "Something is where nobody can work on it. `recourse check` says what, and what to do.",
        ),
        Notice::EmptyShift { .. } => (
            "Please look at the rota",
            "Nobody of the shift that has begun is signed in. Somebody is needed in their place.",
        ),
        Notice::FactorClosed => (
            "You cannot sign in just now",
            "Ten wrong codes came with your password, so nobody signs in with it. What you have open goes on. Call a lead: they open it again. If it was not you, somebody has your password: say so.",
        ),
        Notice::FactorOpen => {
            ("You can sign in again", "Your second factor was opened again. If you asked nobody to, call a lead.")
        }
        Notice::ColleagueShutOut => (
            "A colleague cannot sign in",
            "Ten wrong codes came with a colleague's right password. Call them. Open their second factor again once you have heard their voice.",
        ),
        Notice::StaleServices => (
            "Please look at the directory",
            "Some numbers and addresses are to be looked up again within a fortnight. The directory says which.",
        ),
        Notice::UnsafeContact => (
            "Please look at the record now",
            "Something was done that you are to know of at once. The record says more.",
        ),
        Notice::Wall => {
            ("Please look at the record", "A colleague was turned away from something. The record says more.")
        }
        Notice::Left => {
            ("Please look at the record", "A colleague has stepped back from something. The record says more.")
        }
    };
    (subject, format!("{first}\n\nSign in: {sign_in}\n\nThis message says no more than that on purpose.\n"))
}

/// The subject and text of a mail to a service: the same on every occasion, so that nobody who sees one, or counts them, learns what it
/// is about. The address opens nothing.
pub(super) fn to_service(home: &str) -> (&'static str, String) {
    let text = format!(
        "Something waits for you, in your inbox or in your own system.\n\nThe inbox: {home}/inbox\n\nThis message says no more \
         than that on purpose. Please do not answer it.\n"
    );
    ("Something waits for you", text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::id::{ActId, AlarmId, CaseId, ShiftId};
    use crate::base::time::Timestamp;

    #[test]
    fn the_mails_are_neutral() {
        let page = |urgency| Notice::Page { alarm: AlarmId::random(), ring: 3, urgency, last: false };
        let empty = Notice::EmptyShift { shift: ShiftId::random() };
        let notices = [
            page(Urgency::Now),
            page(Urgency::Today),
            Notice::Wall,
            Notice::Left,
            Notice::Offer { case: CaseId::random(), until: Timestamp::from_micros(0) },
            Notice::OfferOver,
            Notice::NotTaken,
            Notice::HandedOver { case: CaseId::random() },
            Notice::Second { act: ActId::random() },
            Notice::UnsafeContact,
            Notice::Unseen,
            empty,
            Notice::FactorClosed,
            Notice::FactorOpen,
            Notice::ColleagueShutOut,
            Notice::StaleServices,
        ];
        let all: Vec<String> = notices
            .iter()
            .map(|notice| words(notice, "https://recourse.example"))
            .map(|(subject, text)| format!("Subject: {subject}\n\n{text}"))
            .collect();
        let (subject, text) = to_service("https://recourse.example");
        let all = [all, vec![format!("Subject: {subject}\n\n{text}")]].concat();
        insta::assert_snapshot!(all.join("---\n"));
    }
}
