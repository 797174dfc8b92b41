//! What can be done with a case now, as its page offers it: by a button, by a link to a form, or not now and why.

use super::words;
use crate::domain::casework::offers::{Offer, OfferView, WhyNot};

/// Something that is done by a button alone.
pub(super) struct Press {
    pub(super) leaf: &'static str,
    pub(super) key: &'static str,
    pub(super) label: &'static str,
}

/// Something that can be done now, by a link.
pub(super) struct Way {
    pub(super) leaf: &'static str,
    pub(super) key: &'static str,
    pub(super) label: &'static str,
}

/// Something that cannot be done now.
pub(super) struct NotNow {
    pub(super) label: &'static str,
    pub(super) why: &'static str,
}

/// A form, and the acts that it is for: one of them is enough.
struct Leads {
    way: Way,
    acts: &'static [Offer],
}

const fn leads(leaf: &'static str, key: &'static str, label: &'static str, acts: &'static [Offer]) -> Leads {
    Leads { way: Way { leaf, key, label }, acts }
}

/// The forms, in the order of the page. To look for related cases, or at referrals, is a reading, and open to whoever reads the case.
const FORMS: [Leads; 16] = [
    leads("note", "w", "Write a note", &[Offer::Note]),
    leads("contact", "t", "Record a contact", &[Offer::Contact]),
    leads("routing", "", "Look who could help", &[Offer::Note]),
    leads("referrals", "", "Referrals, and what she agreed to", &[]),
    leads("emergency", "", "Record an emergency", &[Offer::Note]),
    leads("wishes", "", "Record how she may be reached", &[Offer::Wishes]),
    leads("hold", "h", "Put on hold", &[Offer::Hold]),
    leads("hand-over", "o", "Hand over", &[Offer::HandOver, Offer::Assign]),
    leads("resume", "", "Take it up again", &[Offer::Resume]),
    leads("reopen", "", "Reopen it", &[Offer::Reopen]),
    leads("priority", "p", "Change the priority", &[Offer::PriorityRaise, Offer::PriorityLower]),
    leads("ask", "a", "Ask the platform", &[Offer::AskPlatform]),
    leads("decide", "d", "Decide", &[Offer::Decide]),
    leads("link", "l", "Link with another case", &[Offer::Link]),
    leads("related", "e", "Look for related cases", &[]),
    leads("pass", "x", "Give it back", &[Offer::Pass, Offer::Leave]),
];

/// Why an act is not open; nothing where it is.
fn refused(offers: &[OfferView], act: Offer) -> Option<WhyNot> {
    offers.iter().find(|offer| offer.act == act).and_then(|offer| offer.why_not)
}

/// What is done by a button alone, as far as it can be done now. Whoever holds a case has taken it.
pub(super) fn presses(offers: &[OfferView], is_mine: bool) -> Vec<Press> {
    let is_open = |act| refused(offers, act).is_none();
    let take = Press { leaf: "claim", key: "c", label: "Take this case" };
    let begin = Press { leaf: "start", key: "s", label: "Start the review" };
    let (takes, begins) = (!is_mine && is_open(Offer::Claim), is_open(Offer::Start));
    [takes.then_some(take), begins.then_some(begin)].into_iter().flatten().collect()
}

/// The forms of what can be done now, and what cannot, with the reason. What a role never does is not spoken of, nor what
/// leads nowhere from where the case stands and has no key of its own.
pub(super) fn ways(offers: &[OfferView]) -> (Vec<Way>, Vec<NotNow>) {
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for Leads { way, acts } in FORMS {
        let refusals: Vec<WhyNot> = acts.iter().filter_map(|act| refused(offers, *act)).collect();
        if acts.is_empty() || refusals.len() < acts.len() {
            open.push(way);
        } else if let Some(why) = refusals.into_iter().find(|why| *why != WhyNot::Role)
            && (why != WhyNot::State || !way.key.is_empty())
        {
            closed.push(NotNow { label: way.label, why: words::why_not(why) });
        }
    }
    (open, closed)
}
