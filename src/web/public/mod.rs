//! The public pages: published editions and the pages around them, from memory. Nothing here can reach the database, so
//! no figure moves when a report comes in, and the pages stand while everything else is down.

mod budget;
mod calendar;
mod changes;
mod help;
mod home;
mod method;
mod platform;
mod served;
pub(super) mod services;
mod shown;
mod site;
mod verify;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};

use super::Shared;
use super::row::Row;
use crate::app::App;
use crate::base::time::Timestamp;
use crate::pages::frame::Head;
use crate::statistics::editions::{self, PublicKey, Shelf};
use served::SOON;
use shown::{Chosen, Pages};
pub use site::site_pages;

/// How often the folder of editions is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// The pages, replaced as a whole when an edition is published.
#[derive(Debug, Default)]
pub struct Public(RwLock<Option<Arc<Pages>>>);

impl Public {
    /// Nothing until they were read for the first time.
    fn pages(&self) -> Option<Arc<Pages>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the shelf and replaces what is served. What does not verify is left out, and told of in the log.
    ///
    /// # Errors
    /// When a page cannot be made.
    pub fn load(&self, folder: &Path, key: &PublicKey, now: Timestamp) -> anyhow::Result<()> {
        let (found, flaws) = Shelf::read(folder, key)?;
        for flaw in flaws {
            tracing::error!(place = flaw.place, what = flaw.what, "published files are not as they were signed");
        }
        let pages = Pages::of(&found, key, now)?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(pages));
        Ok(())
    }
}

/// Looks for changes of the folder now and then, and reads it again when there are any.
pub(super) async fn follow(public: Arc<Public>, app: Arc<App>) {
    let folder = app.editions().public().to_owned();
    let key = PublicKey::of(&editions::signer(&app.kit.keyring));
    let mut ticks = tokio::time::interval(LOOK);
    let mut before = None;
    loop {
        ticks.tick().await;
        let day = app.clock.now().day();
        let now = Some((fingerprint(&folder), day));
        if now == before {
            continue;
        }
        let (shared, place, key) = (Arc::clone(&public), folder.clone(), key.clone());
        match tokio::task::spawn_blocking(move || shared.load(&place, &key, day)).await {
            Ok(Ok(())) => before = now,
            Ok(Err(error)) => tracing::error!(%error, "the public pages cannot be made; the former ones stand"),
            Err(error) => tracing::error!(%error, "the public pages cannot be made; the former ones stand"),
        }
    }
}

/// What tells that something was published or committed to: the names in the folder, and the calendar's time of change.
fn fingerprint(folder: &Path) -> Vec<(String, Option<std::time::SystemTime>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| {
            let changed = entry.metadata().and_then(|about| about.modified()).ok();
            (entry.file_name().to_string_lossy().into_owned(), changed)
        })
        .collect();
    all.sort();
    all
}

/// The pages.
pub(super) fn rows() -> Vec<Row> {
    ["/", Head::HELP, "/transparency", "/transparency/{page:.*}"]
        .into_iter()
        .map(|path| Row::pages(path, page))
        .collect()
}

/// Any public page.
pub(super) async fn page(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let Some(pages) = shared.public.pages() else {
        return HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "1")).finish();
    };
    let path = request.path().trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    if path == "/transparency"
        && let Some(latest) = pages.latest()
    {
        return lead_to(&format!("/transparency/{latest}"), StatusCode::FOUND);
    }
    match pages.chosen(path, request.query_string()) {
        Chosen::Nothing => {}
        Chosen::Page(place) => return lead_to(&place, StatusCode::SEE_OTHER),
        Chosen::NoSuchValue => return missing(&pages),
    }
    match pages.at(path) {
        Some(served) => served.answer(StatusCode::OK, request.headers()),
        None => missing(&pages),
    }
}

fn missing(pages: &Pages) -> HttpResponse {
    match pages.at("/404") {
        Some(page) => page.answer(StatusCode::NOT_FOUND, &HeaderMap::new()),
        None => HttpResponse::NotFound().finish(),
    }
}

fn lead_to(place: &str, status: StatusCode) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::LOCATION, place))
        .insert_header((header::CACHE_CONTROL, SOON))
        .finish()
}
