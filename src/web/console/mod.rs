//! The advocates' console: pages for colleagues, through the same door as their tools, and without a rule of their own.

mod account;
mod acts;
mod case;
mod case_notes;
mod case_page;
mod case_ways;
mod case_words;
mod contact_words;
mod door;
mod events;
mod find;
mod queues;
mod refreshed;
mod related;
mod seat;
mod second;
mod shift;
mod words;

use actix_web::http::Method;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError as _};
use askama::Template;

use super::row::{Caching, Caller, Row};
use super::surfaces::CONSOLE;
use crate::error::Result;

/// The pages of the console, and what their script asks for.
pub(super) fn rows() -> Vec<Row> {
    let rooms = [
        assets(),
        door::rows(),
        account::rows(),
        queues::rows(),
        refreshed::rows(),
        acts::rows(),
        case::rows(),
        second::rows(),
        find::rows(),
        shift::rows(),
        related::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

/// A page.
fn page(page: &impl Template) -> Result<HttpResponse> {
    answer(HttpResponse::Ok(), page)
}

/// A page that tells of an error.
fn wrong(error: &crate::error::Error, page: &impl Template) -> Result<HttpResponse> {
    answer(HttpResponse::build(error.status_code()), page)
}

fn answer(mut response: actix_web::HttpResponseBuilder, page: &impl Template) -> Result<HttpResponse> {
    let body = page.render().map_err(anyhow::Error::new)?;
    Ok(response.content_type("text/html; charset=utf-8").body(body))
}

/// For how long a browser keeps the style sheet and the script: their addresses change with the program.
const A_YEAR: Caching = Caching::As("private, max-age=31536000, immutable");

fn assets() -> Vec<Row> {
    vec![
        Row::page("/console/style.css", Method::GET, style, Caller::Anyone).for_script().cached(A_YEAR),
        Row::page("/console/console.js", Method::GET, script, Caller::Anyone).for_script().cached(A_YEAR),
    ]
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", CONSOLE.style)
}

async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", CONSOLE.script)
}

fn file(kind: &'static str, text: &'static str) -> HttpResponse {
    let mut response = HttpResponse::Ok().body(text);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
