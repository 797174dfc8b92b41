//! Whom a report names, as keyed hashes: for walls, for matching, and for the pair of a case.

use std::collections::HashMap;

use super::body::{
    AdditionBody, Channel, ChannelBody, ContactBody, IdentifierBody, Relation, ReportBody, Reporter, SubjectBody,
};
use super::found::LeftOut;
use super::left_out::texts_in;
use super::open::Named;
use super::reader::Taken;
use super::subject::kind_of;
use crate::domain::terms::identifiers::{
    Identifier, IdentifierKind, Place, Use, account_digest, account_wall_digest, is_no_means, is_no_one,
    is_no_reference, names_within, reference,
};
use crate::domain::unit::Kit;

/// So many names of one report or addition are kept: a text of many pages in the place of a name has thousands of words.
/// Those that matches compare come first, then those of what could be used, then the beginnings and ends of what could not.
const MOST: usize = 2_000;

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
pub(super) fn pair(kit: &Kit, place: Place<'_>, said: &Said<'_>) -> Option<[u8; 32]> {
    let [reporter, subject] = said.accounts().map(|(_, account)| account.filter(|account| !is_no_reference(account)));
    let (reporter, subject) = (reference(reporter?), reference(subject?));
    (said.reporter.relation == Relation::SelfReported).then(|| place.keyed(&kit.keyring, "pair", [&reporter, &subject]))
}

/// Everybody a report names. `stands_first`: whether a wall stands on the first rules.
pub(super) fn names(kit: &Kit, place: Place<'_>, said: &Said<'_>, stands_first: bool) -> Vec<Named> {
    let country = said.reporter.country.as_deref();
    let mut names = Vec::new();
    for (role, account) in said.accounts() {
        names.extend(account.into_iter().flat_map(|account| named_account(kit, place, role, account)));
    }
    if let Some(subject) = said.subject {
        names.extend(identified(kit, &subject.identifiers, country, stands_first));
    }
    names.extend(identified(kit, said.beyond, country, stands_first));
    for contact in reporter_contacts(said) {
        names.extend(named(kit, "reporter", &contact.in_country(country), stands_first));
    }
    names.extend(reporter_means(kit, place, said.reporter));
    names.extend(perhaps_named(kit, place, said.left_out, country));
    bounded(names)
}

/// Whom an addition names: its identifiers, those beyond the bound, and whoever stands in what was left out.
pub(super) fn names_of_addition(
    kit: &Kit,
    place: Place<'_>,
    taken: &Taken<AdditionBody>,
    country: Option<&str>,
    stands_first: bool,
) -> Vec<Named> {
    let Taken { body, found } = taken;
    let mut names = identified(kit, &body.identifiers, country, stands_first);
    names.extend(identified(kit, found.named_beyond(), country, stands_first));
    names.extend(perhaps_named(kit, place, found.left_out(), country));
    bounded(names)
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
pub(super) fn perhaps_named(kit: &Kit, place: Place<'_>, left_out: &[LeftOut], country: Option<&str>) -> Vec<Named> {
    let mut names = Vec::new();
    for text in texts_in(left_out) {
        if names.len() > 2 * MOST {
            // More than are kept, however many of them are the same.
            break;
        }
        let kind = kind_of(&text);
        let is_number = kind != IdentifierKind::Phone && text.chars().filter(|c| c.is_numeric()).count() >= 9;
        for kind in [Some(kind), is_number.then_some(IdentifierKind::Phone)].into_iter().flatten() {
            let digests = Identifier::new(kind, &text).in_country(country).digests(&kit.keyring);
            let broad = digests.into_iter().filter(|(_, used)| *used != Use::Match);
            let at_wall = |(digest, _)| Named { role: "subject", kind: kind.as_str(), digest, used: Use::Wall };
            names.extend(broad.map(at_wall));
        }
        for account in std::iter::once(text.clone()).chain(names_within(&text)).filter(|account| !is_no_one(account)) {
            let digest = account_wall_digest(&kit.keyring, place, &account);
            names.push(Named { role: "subject", kind: "account", digest, used: Use::Wall });
        }
    }
    names
}

fn named_account(kit: &Kit, place: Place<'_>, role: &'static str, account: &str) -> Vec<Named> {
    let named = |digest, used| Named { role, kind: "account", digest, used };
    let exact = account_digest(&kit.keyring, place, account);
    let broad = account_wall_digest(&kit.keyring, place, account);
    if is_no_reference(account) {
        // A word that may stand for nobody: it tells no two accounts apart, and a wall stands for whoever is called so.
        return vec![named(broad, Use::Wall)];
    }
    if exact == broad { vec![named(exact, Use::Both)] } else { vec![named(exact, Use::Match), named(broad, Use::Wall)] }
}

/// What the reporter reports with, in the platform's own names: so that one person with many accounts is one reporter.
fn reporter_means(kit: &Kit, place: Place<'_>, reporter: &Reporter) -> Vec<Named> {
    let means =
        [("device", &reporter.device_ref), ("payment", &reporter.payment_ref), ("network", &reporter.network_ref)];
    let named = |(kind, value): (&'static str, &Option<String>)| {
        let value = value.as_deref().filter(|value| !is_no_means(kind, value))?;
        let digest = place.keyed(&kit.keyring, "means", [kind, value]);
        Some(Named { role: "reporter", kind, digest, used: Use::Match })
    };
    means.into_iter().filter_map(named).collect()
}

/// The subject's identifiers, as somebody in `country` wrote them.
pub(super) fn identified(
    kit: &Kit,
    identifiers: &[IdentifierBody],
    country: Option<&str>,
    stands_first: bool,
) -> Vec<Named> {
    let identifier = |given: &IdentifierBody| Identifier::new(given.kind, &given.value).in_country(country);
    identifiers.iter().flat_map(|given| named(kit, "subject", &identifier(given), stands_first)).collect()
}

fn named(kit: &Kit, role: &'static str, identifier: &Identifier, stands_first: bool) -> Vec<Named> {
    let mut digests = identifier.digests(&kit.keyring);
    if stands_first && let Some(digest) = identifier.first_digest(&kit.keyring) {
        digests.push((digest, Use::Wall));
    }
    let kind = identifier.kind.as_str();
    digests.into_iter().map(|(digest, used)| Named { role, kind, digest, used }).collect()
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
