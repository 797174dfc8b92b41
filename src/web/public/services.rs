//! The directory of services for everybody, from memory: an answer is made once and served until the directory changes, or
//! time changes what is said of a service.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderValue;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::served::{Manner, SOON, Served};
use crate::app::App;
use crate::base::page::{Limit, Page, read_cursor};
use crate::base::time::Timestamp;
use crate::domain::directory::{Book, Kind, Need, Service};
use crate::domain::terms::acknowledgement::{self, EmergencyLine};
use crate::domain::terms::places;
use crate::domain::terms::taxonomy::CategoryCode;
use crate::error::rules::{Form, Parameter};
use crate::error::{Error, Refused, Result};
use crate::web::directory::PublicServiceView;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::row::{Caching, Caller, Row};

/// How many answers are kept. Whoever asks for ever other ones only has them made.
const MOST: usize = 500;

/// Which services.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::web) struct PublicServicesQuery {
    /// Those that help in this country, ISO 3166-1 alpha-2. Its emergency number stands first; without one, those of several.
    #[param(min_length = 2, max_length = 2)]
    country: Option<String>,
    /// Those that help in this part of it, ISO 3166-2.
    #[param(max_length = 6)]
    region: Option<String>,
    /// Those that help with this category, by GET /v1/categories.
    category: Option<CategoryCode>,
    /// How many services, 1 to 100; more is coerced.
    #[param(minimum = 1, maximum = 100, default = 25)]
    limit: Option<u64>,
    /// Where the last page ended.
    #[param(max_length = 512, pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// Whom to call in danger, and services that help.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PublicServiceList)]
pub(in crate::web) struct PublicServices {
    /// Whom to call in danger. Show them first.
    emergency: Vec<EmergencyLine>,
    /// The services: the nearest first, then by name.
    data: Vec<PublicServiceView>,
    /// Whether there is a next page.
    has_more: bool,
    /// The `cursor` of the next page.
    next_cursor: Option<String>,
}

/// What was asked, in its one form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Asked {
    country: Option<String>,
    region: Option<String>,
    category: Option<CategoryCode>,
    limit: usize,
    cursor: Option<String>,
}

impl Asked {
    fn of(query: PublicServicesQuery) -> Result<Self> {
        let refused = |name: &str, wanted: Form| {
            Error::from(Refused::Query { name: name.to_owned(), wanted: Parameter::Form(wanted) })
        };
        let region = match query.region {
            None => None,
            Some(text) => Some(places::region(&text).ok_or_else(|| refused("region", Form::Region))?),
        };
        let of_region = region.as_deref().and_then(|region| region.split('-').next());
        let country = match query.country {
            None => of_region.map(str::to_owned),
            Some(text) => Some(places::country(&text).ok_or_else(|| refused("country", Form::Country))?),
        };
        if of_region.is_some_and(|of| country.as_deref() != Some(of)) {
            return Err(refused("region", Form::Region));
        }
        let limit = Limit::coerce(query.limit).get();
        Ok(Self { country, region, category: query.category, limit, cursor: query.cursor })
    }

    /// The link to the next page.
    fn next(&self, cursor: &str) -> String {
        let category = self.category.map(|category| category.to_string());
        let filters = [("country", &self.country), ("region", &self.region), ("category", &category)];
        let filters = filters.iter().filter_map(|(name, value)| Some(format!("{name}={}&", value.as_ref()?)));
        let filters: String = filters.collect();
        format!("</v1/public/services?{filters}limit={}&cursor={cursor}>; rel=\"next\"", self.limit)
    }

    /// What its cursors belong to.
    fn name(&self) -> String {
        format!("help:{:?}:{:?}:{:?}", self.country, self.region, self.category)
    }
}

/// Answers of one revision of the directory, each until then.
#[derive(Debug, Default)]
pub(crate) struct Answers(Mutex<Kept>);

/// The answers that were made, and of which revision.
#[derive(Debug, Default)]
struct Kept {
    revision: i64,
    answers: HashMap<Asked, (Arc<Served>, Option<Timestamp>)>,
}

impl Answers {
    fn kept(&self, asked: &Asked, revision: i64, now: Timestamp) -> Option<Arc<Served>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (served, until) = kept.answers.get(asked).filter(|_| kept.revision == revision)?;
        until.is_none_or(|until| now < until).then(|| Arc::clone(served))
    }

    fn keep(&self, asked: Asked, revision: i64, served: &Arc<Served>, until: Option<Timestamp>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.revision != revision || kept.answers.len() >= MOST {
            *kept = Kept { revision, answers: HashMap::new() };
        }
        kept.answers.insert(asked, (Arc::clone(served), until));
    }
}

/// The directory as it is known: looked at once a second at the most, by whoever asks then. While the database is away, what was
/// known stands.
async fn known(app: &Arc<App>, now: Timestamp) -> Result<Arc<Book>> {
    let known = match app.directory.known() {
        Some(known) if !app.directory.is_due(now) => return Ok(known),
        known => known,
    };
    match (app.read_directory().await, known) {
        (Ok(read), _) => Ok(read),
        (Err(error), Some(known)) => {
            tracing::debug!(%error, "the directory could not be read; the former one stands");
            Ok(known)
        }
        (Err(error), None) => Err(error),
    }
}

/// `GET /v1/public/services`.
#[utoipa::path(get, path = "/v1/public/services", tag = "public", operation_id = "public_services", summary = "Help, for everybody",
    description = "Emergency numbers first, then services, each with the day on which it was looked up. No credential is asked for, and the answer may be kept for five minutes.",
    params(PublicServicesQuery), responses((status = 200, description = "Whom to turn to", body = PublicServices, headers(("ETag" = String), ("Access-Control-Allow-Origin" = String))), (status = 304, description = "Unchanged", headers(("ETag" = String), ("Access-Control-Allow-Origin" = String)))))]
async fn list(call: Call) -> Result<HttpResponse> {
    let asked = Asked::of(call.query()?)?;
    let app = &call.shared.app;
    let now = app.clock.now();
    let book = known(app, now).await?;
    let answers = &call.shared.answers;
    let served = if let Some(served) = answers.kept(&asked, book.revision, now) {
        served
    } else {
        let (page, until) = made(&asked, &book, |category| app.routing.needs_of(category), now)?;
        let text = serde_json::to_vec(&page).map_err(anyhow::Error::new)?;
        let link = page.next_cursor.as_ref().and_then(|cursor| HeaderValue::try_from(asked.next(cursor)).ok());
        let served = Arc::new(Served::new("services.json", text).sent(Manner { link, ..Manner::default() }));
        answers.keep(asked, book.revision, &served, until);
        served
    };
    Ok(served.answer(StatusCode::OK, call.request().headers()))
}

/// The answer, and until when it holds.
fn made<'n>(
    asked: &Asked,
    book: &Book,
    needs_of: impl Fn(CategoryCode) -> &'n [Need],
    now: Timestamp,
) -> Result<(PublicServices, Option<Timestamp>)> {
    let (name, region) = (asked.name(), asked.region.as_deref());
    let after: Option<(usize, String)> = match asked.cursor.as_deref() {
        None => None,
        Some(text) => {
            let wanted = Parameter::Cursor;
            let refused = || Error::from(Refused::Query { name: "cursor".to_owned(), wanted });
            Some(read_cursor(&name, text).ok_or_else(refused)?)
        }
    };
    let all = asked.country.as_deref().map_or_else(|| book.services(), |country| book.in_country(country));
    let needs = asked.category.map(needs_of);
    let near = |service: &Service| match asked.country.as_deref() {
        None => Some(0),
        Some(country) => service.places().hold(country, region).map(crate::domain::directory::Holds::parts),
    };
    let fitting = all.iter().filter(|service| {
        let entry = &service.entry;
        let helps = needs.is_none_or(|needs| entry.helps_with.iter().any(|need| needs.contains(need)));
        entry.public && helps && entry.kind != Kind::SelfConcern
    });
    let mut rows: Vec<(usize, &Arc<Service>)> = fitting.filter_map(|service| Some((near(service)?, service))).collect();
    rows.sort_by(|(one, first), (other, second)| one.cmp(other).then_with(|| first.entry.slug.cmp(&second.entry.slug)));
    let until = rows.iter().filter_map(|(_, service)| service.changes_after(now)).min();
    let key = |(near, service): &(usize, &Arc<Service>)| (*near, service.entry.slug.clone());
    rows.retain(|row| after.as_ref().is_none_or(|after| key(row) > *after));
    let limit = Limit::coerce(u64::try_from(asked.limit).ok());
    rows.truncate(limit.get() + 1);
    let views: Vec<((usize, String), PublicServiceView)> =
        rows.iter().map(|row| (key(row), PublicServiceView::of(row.1, now))).collect();
    let size =
        |(_, view): &((usize, String), PublicServiceView)| serde_json::to_string(view).map_or(0, |text| text.len());
    let page = Page::cut_short(views, limit, &name, |(key, _)| key.clone(), size).map(|(_, view)| view);
    let emergency = acknowledgement::emergency(asked.country.as_deref());
    let answer = PublicServices { emergency, has_more: page.next.is_some(), data: page.data, next_cursor: page.next };
    Ok((answer, until))
}

/// The directory, as an operation of the API.
pub(in crate::web) fn rows() -> Vec<Row> {
    vec![Row::of(__path_list, list, Caller::Anyone, Policy::Public).cached(Caching::As(SOON)).refused_with(&["503"])]
}
