//! The catalogue of problems, for whoever reads a code and wants to know what to do.

use actix_web::HttpResponse;

use super::limits::Policy;
use super::problem::catalogue;
use super::row::{Caching, Caller, Row};

/// `GET /problems`.
#[utoipa::path(get, path = "/problems", tag = "service", operation_id = "list_problems",
    summary = "What each problem means", description = "A table of all codes, with what to do about each.",
    responses((status = 200, description = "The catalogue", content_type = "text/markdown", body = String)))]
async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/markdown; charset=utf-8").body(catalogue())
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::of(__path_page, page, Caller::Anyone, Policy::Portal).cached(Caching::As("max-age=3600"))]
}
