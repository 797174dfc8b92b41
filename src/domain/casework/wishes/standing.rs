//! What stands of what was said, step by step in order of time. Pure, so that every order of them can be tried.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::told::{Told, alike};
use crate::base::code::codes;
use crate::base::id::{ReportId, StaffId};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::case::contacts::{Heard, Said};
use crate::domain::casework::notes::Way;
use crate::domain::terms::contact::{ChannelBody, ContactBody, LONGEST};
use crate::domain::terms::identifiers::clean;
use crate::domain::terms::words::{Channel, Source, YesNoUnknown};

codes! {
    /// Who said how she may be reached.
    pub enum WishSource {
        /// Nobody has.
        Nobody = "nobody",
        /// She, in a report of hers.
        Report = "report",
        /// She, live to a colleague.
        Told = "told",
    }
}

/// How she may be reached by what is known now. Whoever contacts her asks once more just before.
#[derive(Serialize, ToSchema)]
pub struct ContactInForce {
    /// Whether we may contact her by any way. If not, wait until she comes to us.
    pub may_contact: bool,
    /// The ways that are safe, and no others.
    #[schema(max_items = 10)]
    pub channels: Vec<ChannelBody>,
    /// Ways that are not safe: what she or somebody else said so of, and what was safe before. Without a value it is the
    /// whole way.
    #[schema(max_items = 25)]
    pub never: Vec<ChannelBody>,
    /// Whether a voicemail may be left; null where that was not said, which is no yes.
    pub voicemail_safe: Option<bool>,
    /// Whether someone else uses or sees her device; null where that was not said, which is no no.
    pub device_shared: Option<YesNoUnknown>,
    /// When she may be reached, in her words.
    pub hours: Option<String>,
    /// What else she said of it.
    pub said: Option<String>,
    /// Who said it.
    pub source: WishSource,
    /// In which report.
    #[schema(value_type = Option<String>)]
    pub report_id: Option<ReportId>,
    /// To which colleague.
    #[schema(value_type = Option<String>)]
    pub told_to: Option<StaffId>,
    /// By which way she told it.
    pub how: Option<Way>,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub said_at: Option<Timestamp>,
    /// When something that came through a platform last took a way from it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub tightened_at: Option<Timestamp>,
    /// Whether something that was said of it does not open. It may have been anything, so no way is safe until somebody has
    /// asked her.
    pub unreadable: bool,
    /// Whether something that was sent of it could not be read. No way is safe until somebody has asked her.
    pub contact_barred: bool,
}

silent! { ContactInForce }

impl ContactInForce {
    /// The ways by which she may be contacted now, each to be confirmed just before.
    pub(in crate::domain) fn safe_channels(&self) -> BTreeSet<Channel> {
        self.channels.iter().map(|way| way.kind).collect()
    }

    /// Whether this number or address is, or may be, one that is not safe; in doubt it is. `country`: where she is.
    pub(in crate::domain) fn forbids(&self, kind: Channel, value: &str, country: Option<&str>) -> bool {
        let asked = alike(&ChannelBody { kind, value: Some(value.to_owned()) }, country);
        self.never.iter().filter(|never| never.kind == kind).any(|never| match (alike(never, country), &asked) {
            (Some(never), Some(asked)) => never.may_be(asked),
            (None, _) | (_, None) => true,
        })
    }
}

/// A way that was said to be safe, and in which country it was written.
struct Open {
    way: ChannelBody,
    country: Option<String>,
}

/// What stands by now.
#[derive(Default)]
pub(super) struct Standing {
    /// Whether she has said anything: then nothing that comes through a platform opens a way.
    spoken: bool,
    open: Vec<Open>,
    /// Whole ways that are not safe.
    never: BTreeSet<Channel>,
    /// Single numbers and addresses that are not.
    lost: Vec<ChannelBody>,
    voicemail_safe: Option<bool>,
    device_shared: Option<YesNoUnknown>,
    hours: Option<String>,
    said: Option<String>,
    source: Option<WishSource>,
    report: Option<ReportId>,
    told_to: Option<StaffId>,
    how: Option<Way>,
    said_at: Option<Timestamp>,
    tightened_at: Option<Timestamp>,
    unreadable: bool,
}

impl Standing {
    /// What she told a colleague live, in the place of all before.
    pub(super) fn told(&mut self, told: &Told, by: Option<StaffId>, at: Timestamp) {
        let open = told.channels.iter().map(|way| Open { way: way.clone(), country: told.country.clone() });
        let (whole, single): (Vec<_>, Vec<_>) = told.never.iter().cloned().partition(|way| way.value.is_none());
        *self = Self {
            spoken: true,
            open: open.collect(),
            never: whole.into_iter().map(|way| way.kind).collect(),
            lost: single,
            voicemail_safe: told.voicemail_safe,
            device_shared: told.device_shared,
            hours: told.hours.clone(),
            said: told.said.clone(),
            source: Some(WishSource::Told),
            told_to: by,
            how: Some(told.how),
            said_at: Some(at),
            ..Self::default()
        };
    }

    /// Something that does not open: no way is safe, whatever else is said, until she tells a colleague.
    pub(super) fn cannot_read(&mut self, at: Timestamp) {
        self.unreadable = true;
        self.close(at);
    }

    /// A report, which came after all that was said so far.
    pub(super) fn said(&mut self, said: &Said) {
        let Heard::Wishes(wishes) = &said.heard else { return self.cannot_read(said.at) };
        if said.hers && !wishes.may_contact {
            self.refuse(said);
        } else if said.hers && wishes.source == Some(Source::SaidNow) {
            if self.spoken {
                self.narrow(wishes, said);
            } else {
                self.open(wishes, said);
            }
            self.heed_the_device(wishes);
        }
        // Whoever says that a way is not safe may know it: a friend, and a profile too. Neither opens one.
        self.forbid(&wishes.never, said.at);
    }

    /// Her first words of it.
    fn open(&mut self, wishes: &ContactBody, said: &Said) {
        self.spoken = true;
        let open = wishes.channels.iter().map(|way| Open { way: way.clone(), country: said.country.clone() });
        self.open = open.collect();
        self.voicemail_safe = wishes.voicemail_safe;
        self.device_shared = wishes.device_shared;
        self.is_hers(said);
        // What was forbidden before stays so: nothing that comes through a platform loosens.
        let ways: Vec<Channel> = self.never.iter().chain(&wishes.never).copied().collect();
        self.forbid(&ways, said.at);
        self.tightened_at = None;
    }

    /// She says that we may not contact her.
    fn refuse(&mut self, said: &Said) {
        if !self.spoken {
            self.spoken = true;
            self.is_hers(said);
        }
        self.close(said.at);
    }

    fn is_hers(&mut self, said: &Said) {
        self.source = Some(WishSource::Report);
        self.report.clone_from(&said.report);
        self.said_at = Some(said.at);
    }

    /// Later words of hers that came through a platform: what they do not list is safe no longer.
    fn narrow(&mut self, wishes: &ContactBody, said: &Said) {
        let listed: Vec<_> =
            wishes.channels.iter().map(|way| (way.kind, alike(way, said.country.as_deref()))).collect();
        self.keep(said.at, |open| {
            let own = alike(&open.way, open.country.as_deref());
            listed.iter().any(|(kind, value)| {
                *kind == open.way.kind
                    && match (&own, value) {
                        (Some(own), Some(value)) => own.is(value),
                        // The whole way is as safe as before. A number where there was none may be anybody's.
                        (Some(_) | None, None) => true,
                        (None, Some(_)) => false,
                    }
            })
        });
    }

    /// Words of hers about her device and her voicemail: the more careful ones stand.
    fn heed_the_device(&mut self, wishes: &ContactBody) {
        if wishes.voicemail_safe == Some(false) {
            self.voicemail_safe = Some(false);
        }
        let worse = |one: YesNoUnknown, other: YesNoUnknown| match (one, other) {
            (YesNoUnknown::Yes, _) | (_, YesNoUnknown::Yes) => YesNoUnknown::Yes,
            (YesNoUnknown::Unknown, _) | (_, YesNoUnknown::Unknown) => YesNoUnknown::Unknown,
            (YesNoUnknown::No, YesNoUnknown::No) => YesNoUnknown::No,
        };
        if let Some(now) = wishes.device_shared {
            // Where she had not said it, a "no" through a platform makes nothing safer.
            self.device_shared = match (self.device_shared, now) {
                (Some(before), now) => Some(worse(before, now)),
                (None, YesNoUnknown::No) => None,
                (None, now @ (YesNoUnknown::Yes | YesNoUnknown::Unknown)) => Some(now),
            };
        }
    }

    fn forbid(&mut self, ways: &[Channel], at: Timestamp) {
        self.never.extend(ways);
        self.keep(at, |open| !ways.contains(&open.way.kind));
    }

    fn close(&mut self, at: Timestamp) {
        self.keep(at, |_| false);
    }

    /// Takes away what is not kept, and remembers it as not safe.
    fn keep(&mut self, at: Timestamp, is_kept: impl Fn(&Open) -> bool) {
        let (kept, lost): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open).into_iter().partition(is_kept);
        self.open = kept;
        if !lost.is_empty() {
            self.tightened_at = Some(at);
        }
        self.lost.extend(lost.into_iter().map(|open| open.way));
    }

    /// What is in force by now. `barred`: nobody contacts her by any way until somebody has asked.
    pub(super) fn in_force(mut self, barred: bool) -> ContactInForce {
        if barred || self.unreadable {
            self.lost.extend(std::mem::take(&mut self.open).into_iter().map(|open| open.way));
        }
        let whole = self.never.iter().map(|kind| ChannelBody { kind: *kind, value: None });
        let single = self.lost.iter().filter(|way| !self.never.contains(&way.kind) || way.value.is_some());
        let never: Vec<ChannelBody> = whole.chain(single.map(plain)).collect();
        let channels: Vec<ChannelBody> = self.open.iter().map(|open| plain(&open.way)).collect();
        ContactInForce {
            may_contact: !channels.is_empty(),
            channels,
            never,
            voicemail_safe: self.voicemail_safe,
            device_shared: self.device_shared,
            hours: self.hours,
            said: self.said,
            source: self.source.unwrap_or(WishSource::Nobody),
            report_id: self.report,
            told_to: self.told_to,
            how: self.how,
            said_at: self.said_at,
            tightened_at: self.tightened_at,
            unreadable: self.unreadable,
            contact_barred: barred,
        }
    }
}

/// The way as it is dialled and compared: marks that turn a number round on a screen are not in it.
fn plain(way: &ChannelBody) -> ChannelBody {
    let seen = |value| clean(value).chars().take(LONGEST).collect();
    ChannelBody { kind: way.kind, value: way.value.as_deref().map(seen) }
}
