//! The advocates' console: pages for colleagues, through the same door as their tools, and without a rule of their own.

mod account;
mod acts;
mod board;
mod case;
mod case_notes;
mod case_page;
mod case_ways;
mod case_words;
mod contact_words;
mod events;
mod find;
mod queues;
mod referral_words;
mod referrals;
mod refreshed;
mod related;
mod routing;
mod seat;
mod second;
mod shift;
mod words;

use actix_web::HttpResponse;
use actix_web::http::Method;

use super::door;
use super::page::{A_YEAR, file, page};
use super::row::{Caller, Row};
use super::surfaces::CONSOLE;

/// The pages of the console, and what their script asks for.
pub(super) fn rows() -> Vec<Row> {
    let rooms = [
        assets(),
        door::rows(&CONSOLE, Caller::Browser),
        account::rows(),
        queues::rows(),
        refreshed::rows(),
        acts::rows(),
        case::rows(),
        second::rows(),
        find::rows(),
        shift::rows(),
        related::rows(),
        referrals::rows(),
        routing::rows(),
        board::rows(),
    ];
    rooms.into_iter().flatten().collect()
}

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
