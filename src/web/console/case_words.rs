//! What people said in a case, as its page shows it: their words as they came, and what they answered.

use super::words;
use crate::domain::casefile::{CaseView, ReportInCase};
use crate::domain::casework::requests::Words;
use crate::domain::terms::words::Answer;
use crate::pages::spans::{Moment, Writer};

/// Something that was said.
pub(super) struct Said {
    /// Of what kind it is, and by whom it was sent.
    pub(super) by: String,
    /// When it came.
    pub(super) at: Moment,
    /// The words.
    pub(super) words: Option<String>,
    /// What could not be used, as it came.
    pub(super) left_out: Vec<String>,
    /// What else was said, by what it is called.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Messages of the match.
    pub(super) messages: Vec<Message>,
}

/// A message between the two accounts.
pub(super) struct Message {
    pub(super) from: String,
    pub(super) text: String,
}

/// How she may be reached.
pub(super) struct Contact {
    pub(super) title: &'static str,
    pub(super) is_safe: bool,
    pub(super) lines: Vec<(String, String)>,
}

/// All that was said, the oldest first.
pub(super) fn said(view: &CaseView, writer: Writer) -> Vec<Said> {
    let mut all: Vec<(crate::base::time::Timestamp, Said)> =
        view.reports.iter().map(|report| (report.received_at, of_report(report, writer))).collect();
    for added in view.additions.iter().flatten() {
        let identifiers = added.identifiers.iter().map(|one| ("Identifier of the subject", one.value.clone()));
        all.push((
            added.received_at,
            Said {
                by: "Addition".to_owned(),
                at: writer.write(added.received_at),
                words: added.statement.clone(),
                left_out: added.left_out.iter().map(left_out).collect(),
                facts: identifiers.collect(),
                messages: Vec::new(),
            },
        ));
    }
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, said)| said).collect()
}

fn of_report(report: &ReportInCase, writer: Writer) -> Said {
    let mut facts = vec![
        ("About", words::category(report.category)),
        ("Hopes for", words::wish(report.desired_outcome).to_owned()),
        ("Reference of the platform", report.platform_report_ref.clone()),
    ];
    let content = report.content.as_ref();
    if let Some(subject) = content.and_then(|content| content.subject.as_ref()) {
        facts.extend(subject.display_name.iter().map(|name| ("Name on the subject’s profile", name.clone())));
        facts.extend(subject.identifiers.iter().map(|one| ("Identifier of the subject", one.value.clone())));
    }
    let messages = content.and_then(|content| content.platform_context.as_ref());
    let messages = messages.iter().flat_map(|context| context.messages.iter());
    Said {
        by: format!("Report, {}", words::relation(report.relation)),
        at: writer.write(report.received_at),
        words: content.and_then(|content| content.statement.clone()),
        left_out: content.iter().flat_map(|content| content.left_out.iter()).map(left_out).collect(),
        facts,
        messages: messages.map(|message| Message { from: from(message), text: message.text.clone() }).collect(),
    }
}

fn from(message: &crate::domain::intake::body::ContextMessage) -> String {
    let who = words::plain(message.from.as_str());
    message.at.as_ref().map_or_else(|| who.clone(), |at| format!("{who}, {at}"))
}

/// What she has already told: a question is not asked again that has an answer.
pub(super) fn told(view: &CaseView) -> Vec<(String, &'static str)> {
    let mut all = std::collections::BTreeMap::new();
    let reports = view.reports.iter().filter_map(|report| report.content.as_ref()).map(|content| &content.answers);
    let additions = view.additions.iter().flatten().map(|added| &added.answers);
    for answers in reports.chain(additions) {
        for (key, answer) in answers {
            if matches!(answer, Answer::Yes | Answer::No | Answer::Declined) {
                all.insert(key.clone(), *answer);
            }
        }
    }
    all.into_iter().map(|(key, answer)| (words::question(&key), words::answer(answer))).collect()
}

/// What was written about a request.
pub(super) fn of_request(words: &Words) -> Vec<String> {
    [&words.details, &words.agreement_record, &words.answer_note].into_iter().flatten().cloned().collect()
}

/// A value that could not be used: where it stood, and as it came.
fn left_out(left: &crate::domain::intake::LeftOut) -> String {
    format!("{}: {}", left.pointer.trim_start_matches('/').replace('/', ", "), left.value)
}
