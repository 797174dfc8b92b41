//! What is said of services, and of what survivors agree to.

use std::borrow::Cow;

use crate::error::rules::{Consents, Directory, Referring};

pub(super) fn consents(rule: Consents) -> Cow<'static, str> {
    match rule {
        Consents::UnknownService => "use the id of a service of the directory to which people who were harmed are referred".into(),
        Consents::NoScope => "say what the service may be given: at least one scope".into(),
        Consents::Twice => "name each once".into(),
        Consents::OnHerPages => "she gives it there herself: record how you heard it from her".into(),
        Consents::Interpreter => "what a relative or somebody else says for her is no consent: ask her again with a professional interpreter, or without one".into(),
        Consents::NotTold => "tell her first: who gets it, what, why, until when, and that she can end it".into(),
        Consents::ChannelNotConfirmed => "confirm that the way on which you spoke was safe".into(),
        Consents::GivenAt(days) => format!("say when she gave it: a time that has passed, within the last {days} days").into(),
        Consents::BeforeWish => "she wished to withdraw after that: ask her again".into(),
        Consents::Expires(days) => format!("choose a time that lies ahead, at most {days} days after she gave it").into(),
        Consents::NotAlone => "only what she says alone is a consent: ask her again when she is".into(),
        Consents::WhyUnknown => "say why it is not known whether she was alone".into(),
        Consents::NotOfThis => "leave it out: this consent does not have it".into(),
        Consents::NoFallback => "leave them out: nobody knows whether she was alone, so nobody else is asked in its place".into(),
        Consents::OfAChild => "this is a child's case: she gives it herself, as a child".into(),
        Consents::OfAnAdult => "this is not a child's case: she gives it herself, and nobody for her".into(),
        Consents::Understood => "say in her words what she understood".into(),
        Consents::NameOuts => "the name of this service tells something of her: ask her whether it may be said".into(),
        Consents::NothingTakenBack => "name what is left: less than before, and at least one; to take back all of it, withdraw it".into(),
    }
}

pub(super) fn directory(rule: &Directory) -> Cow<'static, str> {
    match rule {
        Directory::Slug => "use 2 to 60 characters of a-z, 0-9 and -, beginning with a letter or digit".into(),
        Directory::SlugTwice => "another entry has this short name; each has its own".into(),
        Directory::IdTwice => "another entry has this id; each has its own".into(),
        Directory::Nothing => "name at least one".into(),
        Directory::Area => "use a country (GB), a part of one by ISO 3166-2 (GB-ESX), or an area of areas.toml (sussex)".into(),
        Directory::Ages => "use ages from 0 to 120, `from` no higher than `to`".into(),
        Directory::Language => "use a BCP 47 tag, such as en".into(),
        Directory::Way => "give the number, address or page alone, of 1 to 200 characters; none for in_person, since no place stands here".into(),
        Directory::Address => "this looks like an address, and none stands here: a survivor hears it from the service itself".into(),
        Directory::Hours => "write hours as OpenStreetMap does, such as `Mo-Fr 09:30-16:00; PH off`, or 24/7".into(),
        Directory::Span => "use a whole number and m, h or d, such as 48h".into(),
        Directory::WaysIn => "`none` stands alone".into(),
        Directory::CheckedAhead => "nobody has looked it up by then: use a day that has passed, or today".into(),
        Directory::Expires(days) => format!("it expires within {days} days after it was looked up, and not before").into(),
        Directory::NoSource => "say where it was read, or mark it as general_knowledge".into(),
        Directory::Source => "use the address of a page, by https or http".into(),
        Directory::ForChildren => "a service for children says from or until which age, and is marked trained_for_children".into(),
        Directory::NoMail => "write one mail address and nothing else, such as referrals@harbour.example".into(),
        Directory::AgreementOutOfRange(days) | Directory::FullOutOfRange(days) => format!("choose a time within the next {days} days").into(),
        Directory::NoAgreement => "a way in needs an agreement: say by whom, and until when".into(),
        Directory::NotRead => "nobody has looked this entry up at its source: do so first (`recourse services check`), then open a way in".into(),
        Directory::NoZone => "the file gives hours and no zone of the IANA database for them: name it with --zone, such as --zone Europe/London".into(),
        Directory::File(reason) => reason.clone().into(),
    }
}

pub(super) fn referring(rule: Referring) -> Cow<'static, str> {
    match rule {
        Referring::UnknownService => "use the id of a service of the directory to which people who were harmed are referred".into(),
        Referring::NotReferable => "nobody is referred there: `doubts` of the service say why; choose another, or give her its number".into(),
        Referring::Full => "the service takes nobody now: choose another".into(),
        Referring::Conflict => "somebody close to somebody in this case works there or is known there: choose another".into(),
        Referring::NobodyReceives => "nobody of this service can receive it here, by the API, the inbox or the telephone: choose another, or give her its number".into(),
        Referring::NotForHer => "the service is not for her age: for a child choose one that is trained for children, for an adult none of those for children".into(),
        Referring::NotInForce => "name a consent of this case for this service that holds now: `consents` of the case says where each stands".into(),
        Referring::NotAgreed => "she has not agreed that this be given: leave it out, or ask her and record it".into(),
        Referring::NotSaidNow => "ask her where she is now".into(),
        Referring::Confirmed(hours) => format!("go through the contact sheet with her again: she confirmed it within the last {hours} hours").into(),
        Referring::AgreedPast => "choose a time that lies ahead".into(),
        Referring::NotDirect => "use phone, sms or email: a service reaches her by no other way".into(),
        Referring::NotANumber => "give the number or address alone; what else she said of it belongs to safe_times or never_contact".into(),
        Referring::NotOfThis => "leave it out: it does not go with the rest".into(),
        Referring::Forbidden => "she has said that this way is not safe: use another, or say that she changed this herself".into(),
        Referring::ClosedTillLate => "it opens only after its answer is due: choose one that is open, or send it knowing that".into(),
        Referring::MirrorReports => "the two have reported each other: a lead sends it".into(),
        Referring::NothingNew => "nothing has come in since that the service does not know".into(),
        Referring::NotOfThisMove => "leave it out: it does not go with this step".into(),
        Referring::NoReason => "say why they cannot take it".into(),
        Referring::NoOutcome => "say how it ended".into(),
        Referring::Happened(days) => format!("choose a time that has passed, within the last {days} days").into(),
    }
}
