//! The inbox: pages for people of services, who read and answer what was handed over to them. It stands on the floor of the console
//! and adds no rule: what may be read and said is what the partner API says.

mod answers;
pub(super) mod calls;
mod capacity;
mod form;
mod known;
mod list;
mod one;
mod seat;
mod words;

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::door;
use super::page::{A_YEAR, file};
use super::row::{Caller, Row};
use super::surfaces::INBOX;

/// The pages of the inbox, and what their script asks for.
pub(super) fn rows() -> Vec<Row> {
    let rooms = [
        assets(),
        door::rows(&INBOX, Caller::Reader),
        list::rows(),
        capacity::rows(),
        known::rows(),
        one::rows(),
        answers::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

fn assets() -> Vec<Row> {
    vec![
        Row::page("/inbox/style.css", Method::GET, style, Caller::Anyone).for_script().cached(A_YEAR),
        Row::page("/inbox/console.js", Method::GET, script, Caller::Anyone).for_script().cached(A_YEAR),
    ]
}

async fn style() -> HttpResponse {
    file("text/css; charset=utf-8", INBOX.style)
}

async fn script() -> HttpResponse {
    file("text/javascript; charset=utf-8", INBOX.script)
}
