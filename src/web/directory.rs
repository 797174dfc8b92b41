//! Services of the directory, as answers tell of them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::domain::directory::{
    Ages, Agreement, Audience, Cost, Doubt, Evidence, Hours, Kind, Mark, Need, OnBill, Opening, Service, Way, WayIn,
};

/// A service, as everybody may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct PublicServiceView {
    /// Its id.
    #[schema(value_type = String, example = "svc_00000000000000000000000000")]
    id: ServiceId,
    /// Its name.
    name: String,
    /// Whose it is.
    organisation: String,
    /// What it is.
    kind: Kind,
    /// What it helps with.
    helps_with: Vec<Need>,
    /// Where: countries (ISO 3166-1), their parts (ISO 3166-2), and areas by their names.
    areas: Vec<String>,
    /// Which ages it takes, in years.
    ages: Ages,
    /// For whom it is; empty where it is for everyone.
    for_whom: Vec<Audience>,
    /// The languages that are spoken there, BCP 47.
    languages: Vec<String>,
    /// How it is reached.
    channels: Vec<Way>,
    /// What a contact costs.
    cost: Cost,
    /// Whether a bill shows it.
    on_bill: OnBill,
    /// When somebody is there; null where nobody knows.
    hours: Option<Hours>,
    /// Whether its number may be wrong: nobody has looked it up lately, or at its source.
    check_number: bool,
    /// When it was looked up.
    #[schema(value_type = String, format = DateTime)]
    checked_at: Timestamp,
    /// Where it was read.
    sources: Vec<String>,
}

impl PublicServiceView {
    pub(super) fn of(service: &Service, now: Timestamp) -> Self {
        let entry = service.entry.clone();
        // Whether anything is agreed with us is nothing to whoever only wants to ring.
        let check_number =
            service.doubts(now).iter().any(|doubt| doubt.asks_to_check() && *doubt != Doubt::NoAgreement);
        Self {
            id: service.id.clone(),
            name: entry.name,
            organisation: entry.organisation,
            kind: entry.kind,
            helps_with: entry.helps_with,
            areas: entry.areas,
            ages: entry.ages,
            for_whom: entry.for_whom,
            languages: entry.languages,
            channels: entry.channels,
            cost: entry.cost,
            on_bill: entry.on_bill,
            hours: entry.hours,
            check_number,
            checked_at: entry.checked_at,
            sources: entry.sources,
        }
    }
}

/// A service, as colleagues see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ServiceView {
    #[serde(flatten)]
    public: PublicServiceView,
    /// Its short name in commands and rules.
    #[schema(example = "national-stalking-helpline")]
    slug: String,
    /// What else is to be known before anybody is led there.
    marks: Vec<Mark>,
    /// Whether somebody is there now.
    opening: Opening,
    /// How a referral comes to it.
    ways_in: Vec<WayIn>,
    /// What it needs of a referral, in words.
    needs: Vec<String>,
    /// Within what time it says that it answers, such as `48h`.
    #[schema(value_type = Option<String>, example = "48h")]
    answers_within: Option<crate::base::span::Span>,
    /// What was agreed with it.
    agreement: Option<Agreement>,
    /// Why nobody is referred there from here; empty where somebody may be.
    doubts: Vec<Doubt>,
    /// Until when it takes nobody.
    #[schema(value_type = Option<String>, format = DateTime)]
    full_until: Option<Timestamp>,
    /// Whether everybody sees it.
    is_public: bool,
    /// Where what is known of it comes from.
    evidence: Evidence,
    /// From when on it is not relied on.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// What else a colleague should know.
    note: Option<String>,
    /// Its version.
    version: i64,
}

impl ServiceView {
    pub(super) fn of(service: &Service, now: Timestamp) -> Self {
        let mut public = PublicServiceView::of(service, now);
        let doubts = service.doubts(now);
        public.check_number = doubts.iter().any(|doubt| doubt.asks_to_check());
        let entry = service.entry.clone();
        let expires_at = entry.expires_at();
        Self {
            public,
            slug: entry.slug,
            marks: entry.marks,
            opening: service.opening(now),
            ways_in: entry.ways_in,
            needs: entry.needs,
            answers_within: entry.answers_within,
            agreement: entry.agreement,
            doubts,
            full_until: service.full_until.filter(|until| now < *until),
            is_public: entry.public,
            evidence: entry.evidence,
            expires_at,
            note: entry.note,
            version: service.version,
        }
    }

    pub(super) fn slug(&self) -> &str {
        &self.slug
    }

    pub(super) const fn version(&self) -> i64 {
        self.version
    }
}
