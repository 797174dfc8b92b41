//! The platform API: what a dating app's server calls.

mod batch;
mod events;
mod reports;
mod requests;
mod status;
mod token;
mod webhooks;

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, LINK};
use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::idempotent::Scoped;
use super::row::Row;
use crate::base::page::Page;
use crate::db::Tx;
use crate::domain::access::{self, Presented, Tenant};
use crate::domain::ledger::events::EventType;
use crate::error::{Error, Result};

impl Scoped for Tenant {
    fn scope(&self) -> String {
        format!("{}:{}", self.platform, self.mode.as_str())
    }

    /// A platform's own reports stay its own.
    fn check_sight(&self, _: &mut Tx<'_>, _: &str) -> Result<()> {
        Ok(())
    }
}

/// What platforms call.
pub(super) fn rows() -> Vec<Row> {
    let rooms = [
        token::rows(),
        status::rows(),
        reports::rows(),
        batch::rows(),
        requests::rows(),
        events::rows(),
        webhooks::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

/// Lets the platform behind a token in.
fn enter(token: Presented) -> impl FnOnce(&mut Tx<'_>) -> Result<Tenant> + Send {
    move |tx| access::platform_acting(tx, &token)
}

/// Refuses a list of types that names some again and again.
fn few(types: &[EventType]) -> Result<()> {
    if types.len() <= 100 { Ok(()) } else { Err(Error::invalid("/types", "too_many", "at most 100")) }
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(in crate::web) struct List<T> {
    /// The entries, in order.
    pub(in crate::web) data: Vec<T>,
    /// Whether there is a next page.
    pub(in crate::web) has_more: bool,
    /// The `cursor` of the next page.
    pub(in crate::web) next_cursor: Option<String>,
}

// By hand, so that each list has a name of its own and names its entries: the derive would spell the entries out again.
impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        let entries = ArrayBuilder::new().items(Ref::from_schema_name(T::name()));
        let more = ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether there is a next page."));
        let cursor = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("A page of a list."))
            .property("data", entries.description(Some("The entries, in order.")))
            .property("has_more", more)
            .property("next_cursor", cursor.description(Some("The `cursor` of the next page.")))
            .required("data")
            .required("has_more")
            .into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    /// `ReportList` for a list of `ReportView`.
    fn name() -> Cow<'static, str> {
        let entry = T::name();
        let stem = entry.strip_suffix("View").or_else(|| entry.strip_suffix("Summary")).unwrap_or(&entry);
        format!("{stem}List").into()
    }

    fn schemas(all: &mut Vec<(String, RefOr<Schema>)>) {
        all.push((T::name().into(), T::schema()));
        T::schemas(all);
    }
}

/// A page as HTTP, with the link to the next one.
pub(in crate::web) fn list_response<T: Serialize>(request: &actix_web::HttpRequest, page: Page<T>) -> HttpResponse {
    let link = page.next.as_ref().map(|cursor| next_link(request, cursor));
    let list = List { has_more: page.next.is_some(), data: page.data, next_cursor: page.next };
    let mut response = HttpResponse::Ok().json(list);
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The same query with another cursor, which also stands in the place of the `after` that began a walk.
fn next_link(request: &actix_web::HttpRequest, cursor: &str) -> String {
    let is_place = |pair: &str| pair.starts_with("cursor=") || pair.starts_with("after=");
    let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !is_place(pair));
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("cursor={cursor}"));
    format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))
}
