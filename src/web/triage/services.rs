//! The directory of services, as colleagues use it, and what is proposed for a case.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::visit;
use crate::base::id::{CaseId, CaseKind, ServiceId, ServiceKind};
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::secret::silent;
use crate::base::time::Timestamp;
use crate::domain::access::Sight;
use crate::domain::directory::{self, Audience, Check, Kind, Need};
use crate::domain::ledger::idempotency::Reply;
use crate::domain::referrals::routing::{
    self, Access, Ask, Conflicts, Emergency, Label, LeftOut, Place, Proposal, Proposed, Question, Told,
};
use crate::domain::terms::places;
use crate::domain::terms::words::AgeBand;
use crate::domain::unit::Look;
use crate::domain::vault::Owner;
use crate::error::rules::{Form, Parameter};
use crate::error::{Error, Refused, Result, Violations};
use crate::web::body::Raw;
use crate::web::desk;
use crate::web::directory::ServiceView;
use crate::web::extract::Call;
use crate::web::idempotent::{json, render, tagged};
use crate::web::limits::Policy;
use crate::web::lists::{List, list_response};
use crate::web::row::{Caller, Row};
use crate::web::tags::etag;

/// Which services, and which part of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct ServicesQuery {
    /// Those that help in this country, ISO 3166-1 alpha-2, or in a part of it.
    #[param(min_length = 2, max_length = 2)]
    country: Option<String>,
    /// Those of this kind.
    kind: Option<Kind>,
    /// Those that help with this.
    need: Option<Need>,
    /// `true`: those that end within a fortnight, or have ended.
    stale: Option<bool>,
    /// How many entries, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

type ServiceList = List<ServiceView>;

/// How long an entry may be in an answer, in bytes: pages are cut short by it.
fn size(view: &ServiceView) -> usize {
    serde_json::to_string(view).map_or(0, |text| text.len())
}

/// `GET /v1/triage/services`.
#[utoipa::path(get, path = "/v1/triage/services", tag = "triage", operation_id = "list_services", summary = "The directory of services",
    description = "By their short names. What speaks against a referral stands in `doubts`.",
    params(ServicesQuery), responses((status = 200, description = "A page", body = ServiceList)))]
async fn list(call: Call) -> Result<HttpResponse> {
    let query: ServicesQuery = call.query()?;
    let wrong = |name: &str, wanted| Error::from(Refused::Query { name: name.to_owned(), wanted });
    let country = match query.country.as_deref() {
        None => None,
        Some(text) => {
            let wanted = Parameter::Form(Form::Country);
            Some(places::country(text).ok_or_else(|| wrong("country", wanted))?)
        }
    };
    // Its filters are part of what a cursor belongs to.
    let name = format!("services:{country:?}:{:?}:{:?}:{:?}", query.kind, query.need, query.stale);
    let after = match query.cursor.as_deref() {
        None => String::new(),
        Some(text) => read_cursor(&name, text).ok_or_else(|| wrong("cursor", Parameter::Cursor))?,
    };
    let limit = Limit::coerce(query.limit);
    let app = std::sync::Arc::clone(&call.shared.app);
    let page = desk::read(&call, call.bearer()?, move |rx, _| {
        let (book, now) = (app.directory.now(rx)?, rx.now());
        let all = country.as_deref().map_or_else(|| book.services(), |country| book.in_country(country));
        let fitting = all.iter().filter(|service| {
            let entry = &service.entry;
            entry.slug > after
                && query.kind.is_none_or(|kind| entry.kind == kind)
                && query.need.is_none_or(|need| entry.helps_with.contains(&need))
                && query.stale.is_none_or(|stale| service.is_stale(now) == stale)
        });
        let views: Vec<ServiceView> =
            fitting.take(limit.get() + 1).map(|service| ServiceView::of(service, now)).collect();
        Ok(Page::cut_short(views, limit, &name, |view| view.slug().to_owned(), size))
    });
    Ok(list_response(call.request(), page.await?))
}

/// `GET /v1/triage/services/{id}`.
#[utoipa::path(get, path = "/v1/triage/services/{id}", tag = "triage", operation_id = "get_service", summary = "A service", description = "What is known of it, since when, and what speaks against a referral.",
    params(("id" = inline(ServiceId), Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = ServiceView)))]
async fn read(call: Call) -> Result<HttpResponse> {
    let id = call.id::<ServiceKind>("id");
    let app = std::sync::Arc::clone(&call.shared.app);
    let view = desk::read(&call, call.bearer()?, move |rx, _| {
        let book = app.directory.now(rx)?;
        let service = book.find(&id?).ok_or(Error::NotFound)?;
        Ok(ServiceView::of(service, rx.now()))
    });
    let view = view.await?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag(view.version()))).json(view))
}

/// What was looked up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct ServiceCheckBody {
    /// Where, if not where it was read before: the address of a page.
    #[serde(default)]
    #[schema(max_length = 400)]
    source: Option<String>,
    /// From when on it is not relied on, if sooner than after 90 days.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// `POST /v1/triage/services/{id}/check`.
#[utoipa::path(post, path = "/v1/triage/services/{id}/check", tag = "triage", operation_id = "check_service", summary = "Say that a service was looked up",
    description = "For leads, once they have looked it up at its source just now and all of it is right. It is relied on for 90 days from then.",
    params(("id" = inline(ServiceId), Path, description = "The service's id")), request_body = ServiceCheckBody,
    responses((status = 200, description = "It is noted", body = ServiceView)))]
async fn check(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<ServiceCheckBody>(&call).await?;
    let id = call.id::<ServiceKind>("id");
    let answered = desk::once(&call, visit(&call, &raw)?, move |tx, who| {
        let ServiceCheckBody { source, expires_at } = body?;
        let service = directory::check(tx, who, &id?, Check { source, expires_at })?;
        let view = ServiceView::of(&service, tx.now());
        Ok(Reply::of(Owner::service(&service.id), tagged(view.version(), json(StatusCode::OK, &view)?)))
    });
    Ok(render(answered.await?))
}

/// Where she says she is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct PlaceBody {
    /// The country, ISO 3166-1 alpha-2.
    #[serde(default)]
    #[schema(max_length = 2, example = "GB")]
    country: Option<String>,
    /// The part of it, ISO 3166-2.
    #[serde(default)]
    #[schema(max_length = 6, example = "GB-ESX")]
    region: Option<String>,
    /// Whether she said so now. Where she did not, ask: emergency numbers of several countries are shown.
    said_now: bool,
}

/// What she told of herself. Leave out what she did not tell, whatever a report says.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::web) struct ToldBody {
    /// Her age in years.
    #[schema(minimum = 0, maximum = 120)]
    age: Option<u8>,
    /// Her age as far as she told it.
    age_band: Option<AgeBand>,
    /// The groups to which she says she belongs.
    #[schema(max_items = 8)]
    groups: Vec<Audience>,
    /// Whether she asked for people of her own community.
    same_community: bool,
}

/// What routing is asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct RoutingBody {
    /// Where she says she is.
    place: PlaceBody,
    /// What she told of herself.
    #[serde(default)]
    told: ToldBody,
    /// The language in which she wants to speak, BCP 47.
    #[serde(default)]
    #[schema(max_length = 100, example = "en")]
    language: Option<String>,
    /// What keeps her from a way.
    #[serde(default)]
    #[schema(max_items = 8)]
    access: Vec<Access>,
    /// Whether she was asked if he, or somebody close to him, works for a service or the police.
    conflicts_asked: bool,
    /// Services for which one of them works.
    #[serde(default)]
    #[schema(inline, max_items = 40)]
    conflicts: Vec<ServiceId>,
    /// Kinds of services for which one of them works, such as `police`.
    #[serde(default)]
    #[schema(max_items = 10)]
    conflict_kinds: Vec<Kind>,
}

silent! { PlaceBody ToldBody RoutingBody }

/// How many of a list are taken.
const MANY: usize = 40;

impl RoutingBody {
    fn question(self) -> Result<Question> {
        let mut wrong = Violations::default();
        let PlaceBody { country, region, said_now } = self.place;
        let read =
            |place: &str, text: Option<String>, rule, form: fn(&str) -> Option<String>, wrong: &mut Violations| {
                let form = text.as_deref().map(form);
                if form == Some(None) {
                    wrong.add(place, rule);
                }
                form.flatten()
            };
        let mut country = read("/place/country", country, Form::Country, places::country, &mut wrong);
        let region = read("/place/region", region, Form::Region, places::region, &mut wrong);
        let of_region = region.as_deref().and_then(|region| region.split('-').next()).map(str::to_owned);
        match (&country, of_region) {
            (None, of_region) => country = of_region,
            (Some(country), Some(of_region)) if *country != of_region => wrong.add("/place/region", Form::Region),
            (Some(_), _) => {}
        }
        if self.told.age.is_some_and(|age| age > 120) {
            wrong.add("/told/age", Form::WholeNumber);
        }
        if self.language.as_ref().is_some_and(|tag| tag.len() > 100) {
            wrong.add("/language", Form::Locale);
        }
        for (place, length) in [
            ("/told/groups", self.told.groups.len()),
            ("/access", self.access.len()),
            ("/conflicts", self.conflicts.len()),
            ("/conflict_kinds", self.conflict_kinds.len()),
        ] {
            if length > MANY {
                wrong.add(place, Form::TooMany(MANY));
            }
        }
        wrong.into_result()?;
        let ToldBody { age, age_band, groups, same_community } = self.told;
        Ok(Question {
            place: Place { country, region, said_now },
            told: Told { age, age_band, groups, same_community },
            language: self.language,
            access: self.access,
            conflicts: Conflicts { asked: self.conflicts_asked, services: self.conflicts, kinds: self.conflict_kinds },
        })
    }
}

/// A service that is proposed.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct ProposedService {
    /// The service.
    service: ServiceView,
    /// Which rule proposes it.
    #[schema(example = "stalking_advocate")]
    rule: String,
    /// Why, for a colleague.
    why: String,
    /// What to know before she is led there.
    labels: Vec<Label>,
    /// Whether a referral can go there from here; if not, `doubts` of the service say why, and she can turn to it herself.
    referable: bool,
}

impl ProposedService {
    fn of(proposed: Proposed, now: Timestamp) -> Self {
        let Proposed { service, rule, why, labels, doubts, .. } = proposed;
        Self { service: ServiceView::of(&service, now), rule, why, labels, referable: doubts.is_empty() }
    }
}

/// A service that a rule would propose, and that is left out.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct LeftOutService {
    /// Its id.
    #[schema(value_type = String)]
    id: ServiceId,
    /// Its name.
    name: String,
    /// Why.
    why: LeftOut,
}

/// What is proposed. Nothing of it is stored, and nobody is referred by it.
#[derive(Serialize, ToSchema)]
pub(in crate::web) struct RoutingAnswer {
    /// The version of the rules.
    #[schema(example = "routing-1")]
    rules: String,
    /// Whom to call in danger. Show it first.
    emergency: Vec<Emergency>,
    /// What to ask her, because it would change the answer.
    ask: Vec<Ask>,
    /// Three services at the most, the best first.
    services: Vec<ProposedService>,
    /// Services for one group: she has not said whether she belongs to it.
    for_one_group: Vec<ProposedService>,
    /// Services for adults, where nobody can say whether she is one: through the safeguarding lead alone.
    through_safeguarding_lead: Vec<ProposedService>,
    /// What a rule would propose and is left out, and why.
    left_out: Vec<LeftOutService>,
    /// How many more are left out.
    more_left_out: usize,
}

impl RoutingAnswer {
    fn of(proposal: Proposal, now: Timestamp) -> Self {
        let all = |some: Vec<Proposed>| some.into_iter().map(|one| ProposedService::of(one, now)).collect();
        let left_out = proposal.left_out.iter().map(|(service, why)| LeftOutService {
            id: service.id.clone(),
            name: service.entry.name.clone(),
            why: *why,
        });
        Self {
            left_out: left_out.collect(),
            rules: proposal.rules,
            emergency: proposal.emergency,
            ask: proposal.ask,
            services: all(proposal.services),
            for_one_group: all(proposal.for_one_group),
            through_safeguarding_lead: all(proposal.through_safeguarding_lead),
            more_left_out: proposal.more_left_out,
        }
    }
}

/// `POST /v1/triage/cases/{id}/routing`.
#[utoipa::path(post, path = "/v1/triage/cases/{id}/routing", tag = "triage", operation_id = "route_case", summary = "Which services could help",
    description = "One emergency line for the country where she says she is, and three services at the most, with reasons, by published rules. \
                   Nothing is stored, and the call needs no `Idempotency-Key`. It is a POST because an address would tell every proxy who she is.",
    params(("id" = inline(CaseId), Path, description = "The case's id")), request_body = RoutingBody,
    responses((status = 200, description = "What is proposed", body = RoutingAnswer)))]
async fn route(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<RoutingBody>(&call).await?;
    let case = call.id::<CaseKind>("id")?;
    let app = std::sync::Arc::clone(&call.shared.app);
    let work = move |rx: &mut Look<'_>, sight: &Sight| {
        let book = app.directory.now(rx)?;
        let proposal = routing::propose(rx, sight, &book, &app.routing, || body?.question())?;
        Ok(RoutingAnswer::of(proposal, rx.now()))
    };
    Ok(HttpResponse::Ok().json(desk::read_of(&call, call.bearer()?, case, work).await?))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_list, list, Caller::AnyStaff, Policy::Staff),
        Row::of(__path_read, read, Caller::AnyStaff, Policy::Staff).refused_with(&["404"]),
        Row::of(__path_check, check, Caller::Staff, Policy::Staff).json().keyed().refused_with(&["404"]),
        Row::of(__path_route, route, Caller::Staff, Policy::Staff).json(),
    ]
}
