//! Whom a report names, as keyed hashes: for walls, for matching, and for the pair of a case.

use std::collections::HashMap;

use super::body::{
    AdditionBody, Channel, ChannelBody, ContactBody, IdentifierBody, Relation, ReportBody, Reporter, SubjectBody,
};
use super::found::LeftOut;
use super::left_out::texts_in;
use super::reader::Taken;
use super::subject::kind_of;
use crate::domain::case::named::Named;
use crate::domain::terms::identifiers::{
    Identifier, IdentifierKind, Place, Use, account_digest, account_wall_digest, is_no_means, is_no_one,
    is_no_reference, names_within, reference,
};
use crate::domain::vault::Keyring;

/// So many names of one report or addition are kept: a text of many pages in the place of a name has thousands of words.
/// Those that matches compare come first, then those of what could be used, then the beginnings and ends of what could not.
const MOST: usize = 2_000;

/// Whom something names. Only its transaction can tell whether a wall still stands on the first rules, so both answers are
/// there.
#[derive(Default)]
pub(super) struct Names {
    without_first: Vec<Named>,
    with_first: Vec<Named>,
}

impl Names {
    /// Those that a case keeps. `stands_first`: whether a wall stands on the first rules.
    pub(super) fn kept(&self, stands_first: bool) -> &[Named] {
        if stands_first { &self.with_first } else { &self.without_first }
    }

    fn add(&mut self, names: &[Named]) {
        self.without_first.extend(names);
        self.with_first.extend(names);
    }

    fn identify(&mut self, keyring: &Keyring, identifiers: &[IdentifierBody], country: Option<&str>) {
        for given in identifiers {
            self.name(keyring, "subject", &Identifier::new(given.kind, &given.value).in_country(country));
        }
    }

    fn name(&mut self, keyring: &Keyring, role: &'static str, identifier: &Identifier) {
        let kind = identifier.kind.as_str();
        let named = |(digest, used)| Named { role, kind, digest, used };
        let all: Vec<Named> = identifier.digests(keyring).into_iter().map(named).collect();
        self.add(&all);
        self.with_first.extend(identifier.first_digest(keyring).map(|digest| named((digest, Use::Wall))));
    }

    fn bounded(self) -> Self {
        Self { without_first: bounded(self.without_first), with_first: bounded(self.with_first) }
    }
}

/// The parts of a report that name people.
pub(super) struct Said<'a> {
    pub(super) reporter: &'a Reporter,
    pub(super) subject: Option<&'a SubjectBody>,
    pub(super) contact: Option<&'a ContactBody>,
    /// Ways to reach the reporter, of a contact that nobody may use.
    pub(super) reach: &'a [ChannelBody],
    /// Identifiers of the subject beyond those that are kept.
    pub(super) beyond: &'a [IdentifierBody],
    /// What could not be used: any text of it may name somebody.
    pub(super) left_out: &'a [LeftOut],
    /// Where the platform can answer about an image.
    pub(super) image_contact: Option<&'a str>,
}

impl<'a> Said<'a> {
    /// The parts of a report as it comes in.
    pub(super) fn of(taken: &'a Taken<ReportBody>) -> Self {
        let body = &taken.body;
        Self {
            reach: taken.found.reach(),
            beyond: taken.found.named_beyond(),
            left_out: taken.found.left_out(),
            reporter: &body.reporter,
            subject: body.subject.as_ref(),
            contact: body.contact.as_ref(),
            image_contact: body.intimate_image.as_ref().and_then(|image| image.contact.as_deref()),
        }
    }

    fn accounts(&self) -> [(&'static str, Option<&'a str>); 2] {
        let somebody = |account: &'a Option<String>| account.as_deref().filter(|account| !is_no_one(account));
        let subject = self.subject.and_then(|subject| somebody(&subject.platform_account_ref));
        [("reporter", somebody(&self.reporter.platform_account_ref)), ("subject", subject)]
    }
}

/// The keyed hash of the two accounts: only for the survivor's own report that names both, and nobody in their place.
pub(super) fn pair(keyring: &Keyring, place: Place<'_>, said: &Said<'_>) -> Option<[u8; 32]> {
    let [reporter, subject] = said.accounts().map(|(_, account)| account.filter(|account| !is_no_reference(account)));
    let (reporter, subject) = (reference(reporter?), reference(subject?));
    (said.reporter.relation == Relation::SelfReported).then(|| place.keyed(keyring, "pair", [&reporter, &subject]))
}

/// Everybody a report names.
pub(super) fn names(keyring: &Keyring, place: Place<'_>, said: &Said<'_>) -> Names {
    let country = said.reporter.country.as_deref();
    let mut names = Names::default();
    for (role, account) in said.accounts() {
        names.add(&account.map(|account| named_account(keyring, place, role, account)).unwrap_or_default());
    }
    if let Some(subject) = said.subject {
        names.identify(keyring, &subject.identifiers, country);
    }
    names.identify(keyring, said.beyond, country);
    for contact in reporter_contacts(said) {
        names.name(keyring, "reporter", &contact.in_country(country));
    }
    names.add(&reporter_means(keyring, place, said.reporter));
    names.add(&perhaps_named(keyring, place, said.left_out, country));
    names.bounded()
}

/// Whom an addition names: its identifiers, those beyond the bound, and whoever stands in what was left out. `country`:
/// where its report came from.
pub(super) fn names_of_addition(
    keyring: &Keyring,
    place: Place<'_>,
    taken: &Taken<AdditionBody>,
    country: Option<&str>,
) -> Names {
    let Taken { body, found } = taken;
    let mut names = identified(keyring, &body.identifiers, country);
    names.identify(keyring, found.named_beyond(), country);
    names.add(&perhaps_named(keyring, place, found.left_out(), country));
    names.bounded()
}

/// Each name once, and of too many those for matches first, then in the order in which they were found.
fn bounded(names: Vec<Named>) -> Vec<Named> {
    let mut places: HashMap<(&'static str, [u8; 32]), usize> = HashMap::new();
    let mut all: Vec<Named> = Vec::new();
    for named in names {
        let at = *places.entry((named.role, named.digest)).or_insert(all.len());
        if let Some(known) = all.get_mut(at) {
            known.used = known.used.and(named.used);
        } else {
            all.push(named);
        }
    }
    all.sort_by_key(|named| named.used == Use::Wall);
    all.truncate(MOST);
    all
}

/// Whom the values name that nobody could use, in whatever shape they came: for walls alone. `place` is where accounts
/// are looked for.
pub(super) fn perhaps_named(
    keyring: &Keyring,
    place: Place<'_>,
    left_out: &[LeftOut],
    country: Option<&str>,
) -> Vec<Named> {
    let mut names = Vec::new();
    for text in texts_in(left_out) {
        if names.len() > 2 * MOST {
            // More than are kept, however many of them are the same.
            break;
        }
        let kind = kind_of(&text);
        let is_number = kind != IdentifierKind::Phone && text.chars().filter(|c| c.is_numeric()).count() >= 9;
        for kind in [Some(kind), is_number.then_some(IdentifierKind::Phone)].into_iter().flatten() {
            let digests = Identifier::new(kind, &text).in_country(country).digests(keyring);
            let broad = digests.into_iter().filter(|(_, used)| *used != Use::Match);
            let at_wall = |(digest, _)| Named { role: "subject", kind: kind.as_str(), digest, used: Use::Wall };
            names.extend(broad.map(at_wall));
        }
        for account in std::iter::once(text.clone()).chain(names_within(&text)).filter(|account| !is_no_one(account)) {
            let digest = account_wall_digest(keyring, place, &account);
            names.push(Named { role: "subject", kind: "account", digest, used: Use::Wall });
        }
    }
    names
}

fn named_account(keyring: &Keyring, place: Place<'_>, role: &'static str, account: &str) -> Vec<Named> {
    let named = |digest, used| Named { role, kind: "account", digest, used };
    let exact = account_digest(keyring, place, account);
    let broad = account_wall_digest(keyring, place, account);
    if is_no_reference(account) {
        // A word that may stand for nobody: it tells no two accounts apart, and a wall stands for whoever is called so.
        return vec![named(broad, Use::Wall)];
    }
    if exact == broad { vec![named(exact, Use::Both)] } else { vec![named(exact, Use::Match), named(broad, Use::Wall)] }
}

/// What the reporter reports with, in the platform's own names: so that one person with many accounts is one reporter.
fn reporter_means(keyring: &Keyring, place: Place<'_>, reporter: &Reporter) -> Vec<Named> {
    let means =
        [("device", &reporter.device_ref), ("payment", &reporter.payment_ref), ("network", &reporter.network_ref)];
    let named = |(kind, value): (&'static str, &Option<String>)| {
        let value = value.as_deref().filter(|value| !is_no_means(kind, value))?;
        let digest = place.keyed(keyring, "means", [kind, value]);
        Some(Named { role: "reporter", kind, digest, used: Use::Match })
    };
    means.into_iter().filter_map(named).collect()
}

/// The subject's identifiers, as somebody in `country` wrote them.
pub(super) fn identified(keyring: &Keyring, identifiers: &[IdentifierBody], country: Option<&str>) -> Names {
    let mut names = Names::default();
    names.identify(keyring, identifiers, country);
    names
}

/// The reporter's own number and address: a colleague close to her must not meet her case either.
fn reporter_contacts<'a>(said: &'a Said<'_>) -> impl Iterator<Item = Identifier> + use<'a> {
    let channels = said.contact.into_iter().flat_map(|contact| contact.channels.iter()).chain(said.reach);
    let of_channels = channels.filter_map(|channel| {
        let value = channel.value.as_deref()?;
        match channel.kind {
            Channel::Email => Some(Identifier::new(IdentifierKind::Email, value)),
            Channel::Phone | Channel::Sms => Some(Identifier::new(IdentifierKind::Phone, value)),
            Channel::Portal | Channel::Platform => None,
        }
    });
    of_channels.chain(said.image_contact.map(Identifier::of_contact))
}
