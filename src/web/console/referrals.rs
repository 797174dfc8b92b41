//! What was handed over of a case: what she agreed to, where each referral stands, and what she is owed to know. Each look is on
//! record.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;

use super::referral_words as words;
use super::seat::Seated;
use super::{contact_words, page};
use crate::base::id::{CaseKind, ServiceId, StaffId};
use crate::domain::access::Sight;
use crate::domain::casework::owed_words::OwedWordView;
use crate::domain::directory::{self, Called};
use crate::domain::people::staff;
use crate::domain::referrals::consents::{self, ConsentList, ConsentState, ConsentView};
use crate::domain::referrals::state::State;
use crate::domain::referrals::{self, By, ReferralList, ReferralView, Remark, Sheet, StepView};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::row::{Caller, Row};

/// A way to a form, and what it is called.
type Way = (String, &'static str);

struct Agreed {
    service: String,
    state: &'static str,
    scopes: String,
    until: Option<Moment>,
    fallbacks: String,
    words: Option<String>,
    ways: Vec<Way>,
}

struct Done {
    at: Moment,
    who: String,
    what: &'static str,
    more: Vec<String>,
}

struct Handed {
    id: String,
    service: String,
    state: &'static str,
    waits: Vec<(&'static str, Moment)>,
    remarks: Vec<&'static str>,
    notice: Option<&'static str>,
    /// By which telephones they are rung, while something is waited for.
    ring: String,
    facts: Vec<(&'static str, String)>,
    steps: Vec<Done>,
    ways: Vec<Way>,
}

struct Owed {
    label: String,
    what: &'static str,
    since: Moment,
    told: Option<Moment>,
}

#[derive(Template)]
#[template(path = "console/referrals.html")]
struct ReferralsPage {
    shell: Shell,
    path: String,
    agreed: Vec<Agreed>,
    handed: Vec<Handed>,
    owed: Vec<Owed>,
    has_more: bool,
}

/// What names stand for: services and colleagues.
struct Names {
    services: BTreeMap<ServiceId, Called>,
    colleagues: BTreeMap<StaffId, String>,
}

impl Names {
    fn service(&self, id: &ServiceId) -> String {
        let called = self.services.get(id).map(|called| called.name.clone());
        called.unwrap_or_else(|| "A service that is not in the directory".to_owned())
    }
}

/// What the page is made of.
type Read = (Seated, bool, Names, ConsentList, ReferralList);

async fn show(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let path = format!("/console/cases/{id}");
    let read = |rx: &mut Look<'_>, sight: &Sight| {
        let is_trial = sight.case().mode == Mode::Test;
        let (agreed, handed) = (consents::list(rx, sight)?, referrals::list(rx, sight)?);
        let names = names(rx, &agreed, &handed)?;
        Ok((Seated::of(rx, sight.who()), is_trial, names, agreed, handed))
    };
    let record = |tx: &mut Unit<'_>, grant, (seated, is_trial, names, agreed, handed): Read| {
        let (agreed, handed) = referrals::record_with_consents(tx, grant, agreed, handed)?;
        Ok((seated, is_trial, names, agreed, handed))
    };
    let (seated, is_trial, names, agreed, handed) = desk::look(&call, call.bearer()?, id, read, record).await?;
    let writer = seated.writer(&call);
    let mut shell = seated.shell(&call, "Referrals", "");
    shell.is_trial = is_trial;
    shell.done = call.request().query_string().strip_prefix("done=").and_then(said_of).map(str::to_owned);
    page(&ReferralsPage {
        shell,
        agreed: agreed.data.into_iter().map(|one| consent(one, &names, &path, writer)).collect(),
        handed: handed.data.into_iter().map(|one| referral(one, &names, &path, writer)).collect(),
        owed: handed.to_tell.into_iter().map(|one| owed(one, writer)).collect(),
        has_more: handed.has_more || agreed.has_more,
        path,
    })
}

fn said_of(done: &str) -> Option<&'static str> {
    Some(match done {
        "agreed" => "What she agreed to is recorded.",
        "taken-back" => "What she took back is recorded, and holds.",
        "drafted" => "It is drafted. Send it: nothing has left yet.",
        "sent" => "It is sent. Ring them where it is urgent.",
        "asked" => "The safeguarding lead is asked to sign it.",
        "said" => "What they said is written down.",
        "recalled" => "It is taken back.",
        "replaced" => "It went to the other service.",
        "shared" => "What has come in is shared.",
        _ => return None,
    })
}

fn names(rx: &mut Look<'_>, agreed: &ConsentList, handed: &ReferralList) -> Result<Names> {
    let mut services = BTreeMap::new();
    let of_consents = agreed.data.iter().flat_map(|one| [&one.service_id].into_iter().chain(&one.fallbacks));
    for id in of_consents.chain(handed.data.iter().map(|one| &one.service_id)) {
        if !services.contains_key(id)
            && let Some(called) = directory::called(rx, id)?
        {
            services.insert(id.clone(), called);
        }
    }
    Ok(Names { services, colleagues: staff::every_name(rx)? })
}

fn consent(one: ConsentView, names: &Names, path: &str, writer: Writer) -> Agreed {
    let shown = if one.scopes.is_empty() { &one.given_scopes } else { &one.scopes };
    let fallbacks: Vec<String> = one.fallbacks.iter().map(|id| names.service(id)).collect();
    let takes_back = (format!("{path}/take-back?consent={}", one.id), "She takes it back, or a part");
    let drafts = (format!("{path}/refer?consent={}", one.id), "Draft a referral on it");
    Agreed {
        service: names.service(&one.service_id),
        state: words::consent(one.state),
        scopes: shown.iter().map(|share| words::share(*share)).collect::<Vec<_>>().join("; "),
        until: one.expires_at.map(|at| writer.write(at)),
        fallbacks: fallbacks.join(", then "),
        words: one.words,
        ways: match one.state {
            ConsentState::InForce => vec![drafts, takes_back],
            ConsentState::Expired | ConsentState::BeforeAWish => vec![takes_back],
            ConsentState::Withdrawn | ConsentState::Unreadable => Vec::new(),
        },
    }
}

fn referral(one: ReferralView, names: &Names, path: &str, writer: Writer) -> Handed {
    let mut facts = Vec::new();
    let mut remarks = Vec::new();
    if let Some(about) = &one.about {
        facts.push(("Who makes the first contact", words::hand_over(about.handover).to_owned()));
        facts.extend(about.label.clone().map(|label| ("What she calls them", label)));
        facts.extend(about.word.clone().map(|word| ("The word that she says", word)));
        remarks.extend(about.remarks.iter().map(|remark| remark_of(*remark)));
        if about.time_critical {
            remarks.push("It cannot wait for the next working day.");
        }
    }
    facts.extend(one.summary.clone().map(|summary| ("Summary", summary)));
    facts.extend(one.sheet.iter().flat_map(|sheet| sheet_of(sheet, writer)));
    Handed {
        ways: ways(&one, path),
        id: one.id.to_string(),
        service: names.service(&one.service_id),
        state: words::state(one.state),
        waits: one.waits_for.iter().map(|due| (words::phase(due.phase), writer.write(due.due_at))).collect(),
        remarks,
        ring: if one.waits_for.is_empty() || one.sent_at.is_none() {
            String::new()
        } else {
            names.services.get(&one.service_id).map(|called| called.telephones.join(", ")).unwrap_or_default()
        },
        notice: one.notice.filter(|_| !one.state.has_ended()).map(words::notice),
        facts,
        steps: one.steps.into_iter().map(|step| done(step, names, writer)).collect(),
    }
}

const fn remark_of(remark: Remark) -> &'static str {
    match remark {
        Remark::ToBeSigned => "It waits for the safeguarding lead, who signs it.",
        Remark::KnowingClosed => "It was sent knowing that nobody is there until the answer is due.",
        Remark::AloneOnShift => "It went out unsigned, because one person was at work alone.",
    }
}

fn sheet_of(sheet: &Sheet, writer: Writer) -> Vec<(&'static str, String)> {
    let mut facts = vec![("Call her", sheet.name_to_use.clone())];
    facts.extend(sheet.channels.iter().map(|way| (contact_words::channel(way.channel), way.value.clone())));
    facts.push(("Safe times", format!("{} ({})", sheet.safe_times, sheet.zone)));
    facts.push(("If somebody else answers", sheet.if_somebody_else.clone()));
    facts.push(("Who shares her device", sheet.shared_with.clone()));
    facts.push(("Never contact", sheet.never_contact.clone()));
    facts.push(("She confirmed this", writer.write(sheet.confirmed_at).clock));
    facts
}

/// The forms of what can be done with one, by where it stands.
fn ways(one: &ReferralView, path: &str) -> Vec<Way> {
    let way = |leaf: &str, label| (format!("{path}/{leaf}?referral={}", one.id), label);
    let is_asked = one.about.as_ref().is_some_and(|about| about.remarks.contains(&Remark::ToBeSigned));
    let said = way("service-said", "Write down what they said");
    let recall = way("recall", "Take it back");
    match one.state {
        State::Drafted if is_asked => vec![way("sign", "Sign it"), recall],
        State::Drafted => vec![way("send", "Send it"), recall],
        State::Sent | State::Received => vec![said, way("replace", "Ask another service instead"), recall],
        State::Accepted | State::Contacted | State::UnableToContact => {
            vec![said, way("share", "Share what has come in since"), recall]
        }
        State::Declined | State::Expired => vec![way("replace", "Ask another service instead")],
        State::Withdrawn if !one.waits_for.is_empty() => vec![said],
        State::Withdrawn | State::Closed => Vec::new(),
    }
}

fn done(step: StepView, names: &Names, writer: Writer) -> Done {
    let colleague = || {
        let id: Option<StaffId> = step.by_id.as_ref().and_then(|id| id.parse().ok());
        id.and_then(|id| names.colleagues.get(&id).cloned()).unwrap_or_else(|| "A colleague".to_owned())
    };
    let who = match (&step.who, step.by) {
        (Some(who), By::Staff) => format!("{who}, by telephone to {}", colleague()),
        (None, By::Staff) => colleague(),
        (_, By::Service) => "The service".to_owned(),
        (_, By::System) => "Recourse".to_owned(),
    };
    let reason = step.reason.map(|reason| words::reason(reason).to_owned());
    let outcome = step.outcome.map(|outcome| words::outcome(outcome).to_owned());
    let missing = step.missing.map(|missing| format!("Missing: {missing}"));
    let more = [reason, outcome, missing, step.words].into_iter().flatten().collect();
    Done { at: writer.write(step.said_at.unwrap_or(step.at)), who, what: words::step(step.step), more }
}

fn owed(one: OwedWordView, writer: Writer) -> Owed {
    Owed {
        label: one.label.unwrap_or_else(|| "the service".to_owned()),
        what: one.code.map_or("something that does not open", words::owed),
        since: writer.write(one.at),
        told: one.told_at.map(|at| writer.write(at)),
    }
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/console/cases/{id}/referrals", Method::GET, show, Caller::Browser).recorded()]
}
