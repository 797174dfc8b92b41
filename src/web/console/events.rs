//! What happened in a case, in words.

use std::collections::BTreeMap;

use super::words::plain;
use crate::base::id::StaffId;
use crate::domain::casefile::timeline::TimelineEntry;

/// Who did something.
pub(super) fn who(entry: &TimelineEntry) -> String {
    // Whoever's call it was in which this happened, it is the service that did it.
    if matches!(entry.kind.as_str(), "alarm_opened" | "assessed" | "on_call_paged" | "queue_changed") {
        return "The service".to_owned();
    }
    match (&entry.who.username, entry.who.kind.as_str()) {
        (Some(name), _) => name.clone(),
        (None, "staff") => "A colleague".to_owned(),
        (None, "platform") => "The platform".to_owned(),
        (None, "operator") => "Whoever runs the service".to_owned(),
        (None, _) => "The service".to_owned(),
    }
}

/// What is destroyed when its period ends.
fn kept(part: &str) -> &'static str {
    if part == "contact" { "how she may be reached" } else { "all that was said in the case" }
}

/// What they did.
pub(super) fn what(entry: &TimelineEntry, known: &BTreeMap<StaffId, String>) -> String {
    let text = |name: &str| entry.details.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let of = |name: &str| plain(text(name)).to_lowercase();
    let named = |name: &str| {
        let id = text(name).parse::<StaffId>().ok();
        id.and_then(|id| known.get(&id).cloned()).unwrap_or_else(|| "a colleague".to_owned())
    };
    match entry.kind.as_str() {
        "case_opened" => "sent the report that opened the case".to_owned(),
        "report_joined" => "sent a further report".to_owned(),
        "addition_received" => "added to a report".to_owned(),
        "withdrawal_asked" => "passed on a wish to withdraw".to_owned(),
        "assessed" => format!("ran the rules: {}", text("priority").to_uppercase()),
        "priority_changed" => {
            format!("changed the priority from {} to {}", text("from").to_uppercase(), text("to").to_uppercase())
        }
        "case_read" => "opened the case".to_owned(),
        "related_read" => "looked for related cases".to_owned(),
        "wall_met" => "met a wall".to_owned(),
        "claimed" => "took the case".to_owned(),
        "released" => "gave it back".to_owned(),
        "passed" => "gave it back: not this one".to_owned(),
        "claim_ended" => format!("ended the {} of {}", of("what"), named("staff")),
        "assigned" => format!("handed it to {}", named("to")),
        "handed_over" => format!("handed it on to {}", named("to")),
        "queue_changed" | "case_moved" => format!("moved it from {} to {}", of("from"), of("to")),
        "note_written" => match text("records") {
            "" => "wrote a note".to_owned(),
            _ => format!("recorded: {}", of("records")),
        },
        "consent_given" => format!("recorded a consent: {}", of("scopes")),
        "consent_narrowed" => format!("recorded what is left of a consent: {}", of("scopes")),
        "consent_withdrawn" => "recorded that a consent was taken back".to_owned(),
        "hold_placed" => format!("placed a legal hold: {}", of("why")),
        "hold_ended" => "ended a legal hold".to_owned(),
        "case_erasing" => format!("announced what its period ends: {} will be destroyed", kept(text("part"))),
        "case_erased" => format!("destroyed {}", kept(text("part"))),
        "referral_drafted" => "drafted a referral".to_owned(),
        "referral_moved" => format!("moved a referral: {}; it is {}", of("made"), of("state")),
        "referral_asked" => "asked a second person to send a referral".to_owned(),
        "referral_shared" => "let a service see what came in since".to_owned(),
        "act_proposed" => format!("proposed: {}", of("act_kind")),
        "act_decided" if entry.details.get("approved").is_some_and(|yes| yes == true) => {
            format!("signed: {}", of("act_kind"))
        }
        "act_decided" => format!("refused: {}", of("act_kind")),
        "act_voided" => format!("ended what waited: {}", of("act_kind")),
        "act_withdrawn" => format!("took back: {}", of("act_kind")),
        "request_made" => format!("asked the platform: {}", of("action")),
        "request_answered" => format!("answered a request: {}", of("state")),
        "request_overdue" => "let the time of a request pass".to_owned(),
        "case_linked" => "linked it with another case".to_owned(),
        "alarm_opened" => format!("began an alarm: {}", of("reason")),
        "on_call_paged" => {
            let people = entry.details.get("people").and_then(|people| people.as_array()).into_iter().flatten();
            let people =
                people.filter_map(|id| id.as_str()?.parse::<StaffId>().ok()).filter_map(|id| known.get(&id).cloned());
            let people: Vec<String> = people.collect();
            if people.is_empty() {
                "rang, and reached nobody".to_owned()
            } else {
                format!("rang for {}", people.join(", "))
            }
        }
        other => plain(other).to_lowercase(),
    }
}
