//! How a person may be reached. A wish that nobody can read may have been "not by phone": then nobody reaches her by
//! any way until a person has asked.

use super::body::{Channel, ChannelBody, ContactBody, Source, YesNoUnknown};
use super::found::Found;
use super::members::{Codes, Members, Read, code, object, text};
use super::said::yes_no_unknown;
use crate::base::json::Json;
use crate::domain::terms::contact::{LONGEST, MOST, leads_to_her};
use crate::error::rules::Form;

/// The contact wishes.
pub(super) fn contact(members: &mut Members, found: &mut Found) -> Option<ContactBody> {
    let place = members.place("contact");
    let whole = members.take("contact", found)?;
    let mut own = Found::default();
    let read = match object(whole.clone(), &place, &mut own) {
        Read::Is(inner) => Some(wishes(&mut own, inner, &place)),
        Read::Absent | Read::Unusable => None,
    };
    let reach = read.iter().flat_map(|wishes| wishes.channels.iter().cloned()).collect();
    found.take_contact(own, &whole, reach);
    if found.contact_is_barred() { Some(barred()) } else { read }
}

fn wishes(own: &mut Found, mut inner: Members, place: &str) -> ContactBody {
    let source = inner.code("source", Codes(Source::ALL, Source::as_str), own).known();
    let may_contact = inner.boolean("may_contact", own).known().unwrap_or(false);
    let channels = inner.list("channels", own);
    if channels.len() > MOST {
        own.leave_out(&format!("{place}/channels"), &Form::TooMany(MOST), &Json::Null);
    }
    let channels = channels.into_iter().take(MOST).enumerate();
    let channels = channels.filter_map(|(i, value)| channel(value, &format!("{place}/channels/{i}"), own)).collect();
    let mut never: Vec<Channel> = Vec::new();
    let all = inner.list("never", own);
    if all.len() > MOST {
        own.read_anyway(&format!("{place}/never"), &Form::TooMany(MOST));
    }
    for (i, value) in all.into_iter().enumerate() {
        let at = format!("{place}/never/{i}");
        match code(&value, &at, Codes(Channel::ALL, Channel::as_str), own) {
            Read::Is(way) if never.contains(&way) => {}
            Read::Is(way) => never.push(way),
            // Whoever wrote it meant some way.
            Read::Absent => own.leave_out(&at, &Form::Channel, &Json::Null),
            Read::Unusable => {}
        }
    }
    let voicemail_safe = inner.boolean("voicemail_safe", own).known();
    let device_shared = yes_no_unknown(&mut inner, "device_shared", own).known();
    inner.finish(own);
    ContactBody { source, may_contact, channels, never, voicemail_safe, device_shared }
}

fn channel(value: Json, place: &str, own: &mut Found) -> Option<ChannelBody> {
    let mut inner = object(value, place, own).known()?;
    let kind = inner
        .take("type", own)
        .map(|value| code(&value, &format!("{place}/type"), Codes(Channel::ALL, Channel::as_str), own));
    let value_place = inner.place("value");
    let value = inner.take("value", own).map_or(Read::Absent, |value| {
        let mut of_value = Found::default();
        let read = text(value.clone(), &value_place, LONGEST, &mut of_value);
        // What an app cut in half is marked by this.
        let is_half = matches!(&read, Read::Is(value) if value.contains('\u{fffd}'));
        let is_wish = matches!((&read, &kind), (Read::Is(value), Some(Read::Is(way))) if !leads_to_her(*way, value));
        if of_value.broken().is_empty() && !is_half && !is_wish {
            return read;
        }
        // Half an address, or a number without what stood before it, reaches somebody else.
        own.leave_out(&value_place, &Form::ChannelValue, &value);
        Read::Unusable
    });
    inner.finish(own);
    match kind {
        Some(Read::Is(kind)) => Some(ChannelBody { kind, value: value.known() }),
        Some(Read::Unusable) => None,
        None | Some(Read::Absent) => {
            own.leave_out(place, &Form::Channel, &Json::Null);
            None
        }
    }
}

/// No contact, by any way, on a device that may not be hers alone.
pub(super) fn barred() -> ContactBody {
    ContactBody {
        source: None,
        may_contact: false,
        channels: Vec::new(),
        never: Channel::ALL.to_vec(),
        voicemail_safe: Some(false),
        device_shared: Some(YesNoUnknown::Unknown),
    }
}
