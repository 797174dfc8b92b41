//! What she told a colleague live, as it is sent and as it is kept.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::id::ReportId;
use crate::base::secret::silent;
use crate::domain::case::named::Named;
use crate::domain::casework::notes::Way;
use crate::domain::terms::contact::{ChannelBody, LONGEST, MOST, leads_to_her};
use crate::domain::terms::identifiers::{Alike, Identifier, IdentifierKind, Use};
use crate::domain::terms::words::{Answer, Channel, YesNoUnknown};
use crate::domain::vault::Keyring;
use crate::error::rules::{Casework, Form};
use crate::error::{Result, Violations};

/// How long the hours may be, and what else she said, in characters.
const LONGEST_HOURS: usize = 500;
const LONGEST_SAID: usize = 2_000;

/// What she told a colleague live of how she may be reached. It replaces all that was said before.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWishes {
    /// By which way she told it: `phone`, `video` or `in_person`.
    pub how: Way,
    /// What she said when she was asked whether she is alone. Only what she says alone counts: `yes`.
    pub alone: Answer,
    /// Whether we may contact her at all.
    pub may_contact: bool,
    /// Ways that are safe; at least one when we may contact her. `phone`, `sms` and `email` have the number or address.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub channels: Vec<ChannelBody>,
    /// Ways that are not safe: one number or address, or without a value the whole way.
    #[serde(default)]
    #[schema(max_items = 10)]
    pub never: Vec<ChannelBody>,
    /// When she may be reached, in her words.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 500)]
    pub hours: Option<String>,
    /// What else she said of it: whom to ask for, a word between you, what to say when somebody else answers.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub said: Option<String>,
    /// Whether a voicemail may be left.
    #[serde(default)]
    pub voicemail_safe: Option<bool>,
    /// Whether someone else uses or sees the device; unknown counts as yes.
    #[serde(default)]
    pub device_shared: Option<YesNoUnknown>,
}

/// The same, as it is kept, sealed under `contact`.
#[derive(Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) how: Way,
    pub(super) may_contact: bool,
    pub(super) channels: Vec<ChannelBody>,
    pub(super) never: Vec<ChannelBody>,
    pub(super) hours: Option<String>,
    pub(super) said: Option<String>,
    pub(super) voicemail_safe: Option<bool>,
    pub(super) device_shared: Option<YesNoUnknown>,
    /// In which country her numbers were written, as far as that is known.
    pub(super) country: Option<String>,
    /// Which it is of several of one instant.
    pub(super) number: u32,
    /// The reports of the same instant that were there before.
    pub(super) beside: Vec<ReportId>,
}

silent! { NewWishes Told }

impl Told {
    /// What was told, where it is sound.
    ///
    /// # Errors
    /// `Invalid` with all that is wrong with it.
    pub(super) fn of(new: &NewWishes, country: Option<&str>) -> Result<Self> {
        let mut v = Violations::default();
        v.require(new.how.is_live(), "/how", Casework::ToldNotLive);
        v.require(new.alone == Answer::Yes, "/alone", Casework::ToldNotAlone);
        v.require(!new.may_contact || !new.channels.is_empty(), "/channels", Casework::NoSafeWay);
        v.require(new.may_contact || new.channels.is_empty(), "/channels", Casework::NoContactWanted);
        text_is_sound(&mut v, "/hours", new.hours.as_deref(), LONGEST_HOURS);
        text_is_sound(&mut v, "/said", new.said.as_deref(), LONGEST_SAID);
        ways_are_sound(&mut v, "/channels", &new.channels, true);
        ways_are_sound(&mut v, "/never", &new.never, false);
        for (i, never) in new.never.iter().take(MOST).enumerate() {
            let forbids = new.channels.iter().take(MOST).any(|way| may_be(never, way, country));
            v.require(!forbids, &format!("/never/{i}"), Casework::SafeAndNever);
        }
        v.into_result()?;
        Ok(Self {
            how: new.how,
            may_contact: new.may_contact,
            channels: each_once(&new.channels),
            never: each_once(&new.never),
            hours: new.hours.clone(),
            said: new.said.clone(),
            voicemail_safe: new.voicemail_safe,
            device_shared: new.device_shared,
            country: country.map(str::to_owned),
            number: 0,
            beside: Vec::new(),
        })
    }
}

/// Whether what forbids this one forbids that one as well. In doubt it does.
fn may_be(never: &ChannelBody, way: &ChannelBody, country: Option<&str>) -> bool {
    never.kind == way.kind
        && match (alike(never, country), alike(way, country)) {
            (Some(never), Some(way)) => never.may_be(&way),
            (None, _) => true,
            (Some(_), None) => false,
        }
}

/// The number or address of a way, to be compared.
pub(super) fn alike(way: &ChannelBody, country: Option<&str>) -> Option<Alike> {
    let kind = match way.kind {
        Channel::Phone | Channel::Sms => IdentifierKind::Phone,
        Channel::Email => IdentifierKind::Email,
        Channel::Portal | Channel::Platform => IdentifierKind::Handle,
    };
    Some(Alike::of(Identifier::new(kind, way.value.as_deref()?).in_country(country)))
}

/// Her numbers and addresses, for walls alone: a colleague close to her must not meet her case.
pub(super) fn named(keyring: &Keyring, told: &Told) -> Vec<Named> {
    let mut all = Vec::new();
    for way in told.channels.iter().chain(&told.never) {
        let (kind, Some(value)) = (way.kind, &way.value) else { continue };
        let kind = match kind {
            Channel::Phone | Channel::Sms => IdentifierKind::Phone,
            Channel::Email => IdentifierKind::Email,
            Channel::Portal | Channel::Platform => continue,
        };
        let digests = Identifier::new(kind, value).in_country(told.country.as_deref()).digests(keyring);
        let at_wall = digests.into_iter().filter(|(_, used)| *used != Use::Match);
        all.extend(at_wall.map(|(digest, _)| Named { role: "reporter", kind: kind.as_str(), digest, used: Use::Wall }));
    }
    all
}

fn text_is_sound(v: &mut Violations, at: &str, text: Option<&str>, longest: usize) {
    let Some(text) = text else { return };
    let fits = !text.trim().is_empty() && text.chars().count() <= longest;
    v.require(fits, at, Casework::NoteLength(longest));
}

fn ways_are_sound(v: &mut Violations, at: &str, ways: &[ChannelBody], safe: bool) {
    v.require(ways.len() <= MOST, at, Form::TooMany(MOST));
    for (i, way) in ways.iter().take(MOST).enumerate() {
        let at = format!("{at}/{i}/value");
        let needs_value = match way.kind {
            Channel::Phone | Channel::Sms | Channel::Email => safe,
            Channel::Portal | Channel::Platform => false,
        };
        match &way.value {
            None => v.require(!needs_value, &at, Casework::NoValue),
            Some(value) => {
                let leads =
                    value.chars().count() <= LONGEST && !value.trim().is_empty() && leads_to_her(way.kind, value);
                v.require(leads, &at, Form::ChannelValue);
            }
        }
    }
}

fn each_once(ways: &[ChannelBody]) -> Vec<ChannelBody> {
    let mut all: Vec<ChannelBody> = Vec::new();
    for way in ways {
        if !all.iter().any(|known| known.kind == way.kind && known.value == way.value) {
            all.push(way.clone());
        }
    }
    all
}
