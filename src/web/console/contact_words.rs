//! How she may be reached, in words: in red where contact is not safe.

use super::case_words::Contact;
use crate::domain::casefile::CaseView;
use crate::domain::casework::ContactInForce;
use crate::domain::terms::contact::ChannelBody;
use crate::domain::terms::words::{Channel, YesNoUnknown};
use crate::pages::spans::Writer;

/// A way.
pub(super) const fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Portal => "When she comes back to her pages",
        Channel::Email => "E-mail",
        Channel::Phone => "A call",
        Channel::Sms => "A text message",
        Channel::Platform => "A message through the app",
    }
}

/// How she may be reached.
pub(super) fn contact(view: &CaseView, writer: Writer) -> Contact {
    let closed = |title, line: &str| Contact { title, is_safe: false, lines: vec![(String::new(), line.to_owned())] };
    let Some(wishes) = &view.contact_in_force else {
        return closed(
            "How she may be reached is not for your role",
            "Your role reads what was done, and not what people said.",
        );
    };
    if wishes.contact_barred || wishes.unreadable {
        return closed(
            "Do not contact her",
            "What she said of it could not be read. Ask her first how she may be reached, when she comes to us or by a way that she has named safe.",
        );
    }
    let mut lines = Vec::new();
    if wishes.may_contact {
        lines.push(("Safe, if checked just before".to_owned(), ways(&wishes.channels)));
    } else {
        lines.push((
            String::new(),
            "She has not said that we may. Wait until she comes to us, or record why we wait.".to_owned(),
        ));
    }
    if !wishes.never.is_empty() {
        lines.push(("Unsafe".to_owned(), ways(&wishes.never)));
    }
    lines.extend(beside(wishes));
    if let Some(at) = wishes.said_at {
        lines.push(("Said".to_owned(), format!("{}. Not said counts as unsafe.", writer.write(at).clock)));
    }
    let title = if wishes.may_contact { "Contact by these ways only" } else { "Do not contact her" };
    Contact { title, is_safe: wishes.may_contact && wishes.never.is_empty(), lines }
}

fn beside(wishes: &ContactInForce) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let voicemail =
        if wishes.voicemail_safe == Some(true) { "may be left" } else { "never: she has not said that it is safe" };
    lines.push(("Voicemail".to_owned(), voicemail.to_owned()));
    if wishes.device_shared != Some(YesNoUnknown::No) {
        lines.push(("Her device".to_owned(), "somebody else may use or see it".to_owned()));
    }
    lines.extend(wishes.hours.iter().map(|hours| ("When".to_owned(), hours.clone())));
    lines.extend(wishes.said.iter().map(|said| ("She said".to_owned(), said.clone())));
    lines
}

fn ways(all: &[ChannelBody]) -> String {
    let way = |one: &ChannelBody| match &one.value {
        Some(value) => format!("{} ({value})", channel(one.kind)),
        None => channel(one.kind).to_owned(),
    };
    if all.is_empty() { "none".to_owned() } else { all.iter().map(way).collect::<Vec<_>>().join("; ") }
}
