//! Pages as answers, and the files that they need.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError as _};
use askama::Template;

use super::row::Caching;
use crate::error::{Error, Result};

/// A page.
pub(super) fn page(page: &impl Template) -> Result<HttpResponse> {
    answer(HttpResponse::Ok(), page)
}

/// A page that tells of an error.
pub(super) fn wrong(error: &Error, page: &impl Template) -> Result<HttpResponse> {
    answer(HttpResponse::build(error.status_code()), page)
}

/// A page with what else is said of it.
pub(super) fn answer(mut response: HttpResponseBuilder, page: &impl Template) -> Result<HttpResponse> {
    let body = page.render().map_err(anyhow::Error::new)?;
    Ok(response.content_type("text/html; charset=utf-8").body(body))
}

/// For how long a browser keeps the style sheet and the script: their addresses change with the program.
pub(super) const A_YEAR: Caching = Caching::As("private, max-age=31536000, immutable");

/// A file of a page.
pub(super) fn file(kind: &'static str, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::Ok().body(text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
