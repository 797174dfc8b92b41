//! Lists: a page of entries and the way to the next one, the same for every surface.

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, LINK};
use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::base::page::Page;

/// A page of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    /// The entries, in order.
    pub(super) data: Vec<T>,
    /// Whether there is a next page.
    pub(super) has_more: bool,
    /// The `cursor` of the next page.
    pub(super) next_cursor: Option<String>,
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
pub(super) fn list_response<T: Serialize>(request: &actix_web::HttpRequest, page: Page<T>) -> HttpResponse {
    let link = page.next.as_ref().map(|cursor| next_link(request, cursor));
    let list = List { has_more: page.next.is_some(), data: page.data, next_cursor: page.next };
    let mut response = HttpResponse::Ok().json(list);
    if let Some(link) = link.and_then(|link| HeaderValue::try_from(link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    response
}

/// The link to the next page: the query that was called with this cursor, which also stands in the place of the `after`
/// that began a walk.
fn next_link(request: &actix_web::HttpRequest, cursor: &str) -> String {
    let is_place = |pair: &str| pair.starts_with("cursor=") || pair.starts_with("after=");
    let kept = request.query_string().split('&').filter(|pair| !pair.is_empty() && !is_place(pair));
    let mut query: Vec<String> = kept.map(str::to_owned).collect();
    query.push(format!("cursor={cursor}"));
    format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"))
}
