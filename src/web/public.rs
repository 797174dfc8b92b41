//! The public pages: published editions and the pages around them, from memory. Nothing here can reach the database, so
//! no figure moves when a report comes in, and the pages stand while everything else is down.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use super::Shared;
use super::row::Row;
use super::tags::Tags;
use crate::app::App;
use crate::base::secret::{hex, sha256};
use crate::base::time::Timestamp;
use crate::statistics::editions::{self, Edition, EditionId, PublicKey, Shelf, Successor};

/// Pages set no cookie, run no script and load nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
/// How often the folder of editions is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);
/// Signed bytes never change, nor does what is served of an edition that cannot be replaced.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Pages around the editions change when one is published; and any edition may be replaced, and then says so.
const SOON: &str = "public, max-age=300";

/// A file in memory, with the forms in which it is sent.
#[derive(Clone, Debug)]
struct Served {
    plain: Bytes,
    gzip: Option<Bytes>,
    brotli: Option<Bytes>,
    /// Its SHA-256, in hexadecimal, with the coding where it is packed: plain, gzip, brotli.
    tags: [HeaderValue; 3],
    hash: String,
    kind: HeaderValue,
    is_page: bool,
    manner: Manner,
}

/// How a file is sent.
#[derive(Clone, Debug, Default)]
struct Manner {
    /// Whether it may be kept for a year without asking again.
    forever: bool,
    /// Whether it is there for verifying and not for reading.
    to_keep: bool,
    /// Which edition replaces it, or is replaced by it.
    link: Option<HeaderValue>,
}

/// What is served, by path.
#[derive(Debug, Default)]
struct Pages {
    by_path: HashMap<String, Served>,
    latest: Option<EditionId>,
    /// The values of each dimension of a table: `2026-q3/platform-category` → dimension, codes.
    filters: HashMap<String, Vec<(String, Vec<String>)>>,
}

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

impl Pages {
    fn of(shelf: &Shelf, key: &PublicKey, now: Timestamp) -> anyhow::Result<Self> {
        let mut pages = Self { latest: shelf.latest().map(|edition| edition.id), ..Self::default() };
        for file in editions::site_pages(shelf, key, now)? {
            pages.by_path.insert(file.path.clone(), Served::new(&file.path, file.bytes, Manner::default()));
        }
        for edition in shelf.editions() {
            let within = format!("/transparency/{}", edition.id);
            for (path, bytes) in &edition.files {
                // One file that cannot say what it must is left out, and stands in nobody's way.
                if let Err(error) = pages.add(shelf, edition, (path, bytes)) {
                    tracing::error!(edition = %edition.id, path, %error, "a file of a replaced edition is not shown");
                }
            }
            for table in edition.manifest.plan.keys() {
                pages.filters.insert(format!("{within}/{table}"), dimensions(edition, table));
            }
        }
        Ok(pages)
    }

    /// A file of an edition: where it is read, with a notice if the edition was replaced, and as it was signed.
    fn add(&mut self, found: &Shelf, edition: &Edition, (path, signed): (&str, &[u8])) -> anyhow::Result<()> {
        let within = format!("/transparency/{}", edition.id);
        let at = match path.strip_suffix(".html") {
            Some("index") => within.clone(),
            Some(page) => format!("{within}/{page}"),
            None => format!("{within}/{path}"),
        };
        let successor = Successor::of(found, edition.id);
        let served = Served::new(path, signed.to_vec(), Manner::default());
        let read = match &successor {
            Some(successor) => Served::new(path, successor.noted(found, path, signed)?, Manner::default()),
            None => served.clone(),
        };
        let link = match (&successor, editions::predecessor(edition)) {
            (Some(next), _) if next.is_out => link(&next.place(found, path), "successor-version"),
            (_, Some(before)) => link(&format!("/transparency/{before}"), "predecessor-version"),
            _ => None,
        };
        let manner = Manner { forever: edition.id.is_replacement(), to_keep: false, link };
        self.by_path.insert(at, Served { manner, ..read });
        let manner = Manner { forever: true, to_keep: true, link: None };
        self.by_path.insert(format!("{within}/signed/{path}"), Served { manner, ..served });
        Ok(())
    }
}

/// A link to a version before or after. Paths of editions always make a header.
fn link(place: &str, relation: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("<{place}>; rel=\"{relation}\"")).ok()
}

/// The dimensions of a published table with their values.
fn dimensions(edition: &Edition, table: &str) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (key, _) in edition.figures(table) {
        for (name, code) in key {
            match all.iter_mut().find(|(known, _)| known == name) {
                Some((_, codes)) if codes.contains(code) => {}
                Some((_, codes)) => codes.push(code.clone()),
                None => all.push((name.clone(), vec![code.clone()])),
            }
        }
    }
    all
}

impl Served {
    fn new(path: &str, bytes: Vec<u8>, manner: Manner) -> Self {
        let (gzip, brotli) = (smaller(&bytes, gzip), smaller(&bytes, brotli));
        let (hash, kind) = (hex(&sha256(&bytes)), kind(path));
        // Hexadecimal digits always make a header.
        let tag = |coding: &str| {
            HeaderValue::try_from(format!("\"{hash}{coding}\"")).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        let tags = [tag(""), tag("-gzip"), tag("-br")];
        let is_page = kind.starts_with("text/html");
        Self { tags, hash, gzip, brotli, kind: HeaderValue::from_static(kind), is_page, manner, plain: bytes.into() }
    }
}

/// A compressed form, where it is worth it.
fn smaller(bytes: &[u8], pack: fn(&[u8]) -> std::io::Result<Vec<u8>>) -> Option<Bytes> {
    pack(bytes).ok().filter(|packed| packed.len() + 64 < bytes.len()).map(Bytes::from)
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    packer.write_all(bytes)?;
    packer.finish()
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packer = brotli::CompressorWriter::new(Vec::new(), 4_096, 5, 20);
    packer.write_all(bytes)?;
    packer.flush()?;
    Ok(packer.into_inner())
}

fn kind(path: &str) -> &'static str {
    let ending = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map_or("html", |(_, ending)| ending);
    match ending {
        "css" => "text/css; charset=utf-8",
        "csv" => "text/csv; charset=utf-8; header=present",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "sig" => "text/plain; charset=utf-8",
        _ => "text/html; charset=utf-8",
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
    ["/", "/transparency", "/transparency/{page:.*}"].into_iter().map(|path| Row::pages(path, page)).collect()
}

/// Any page below `/` and `/transparency`.
pub(super) async fn page(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let Some(pages) = shared.public.pages() else {
        return HttpResponse::ServiceUnavailable().insert_header((header::RETRY_AFTER, "1")).finish();
    };
    let path = request.path().trim_end_matches('/');
    let path = if path.is_empty() { "/" } else { path };
    if path == "/transparency"
        && let Some(latest) = pages.latest
    {
        return lead_to(&format!("/transparency/{latest}"), StatusCode::FOUND);
    }
    match chosen(&pages, path, request.query_string()) {
        Chosen::Nothing => {}
        Chosen::Page(place) => return lead_to(&place, StatusCode::SEE_OTHER),
        Chosen::NoSuchValue => return missing(&pages),
    }
    match pages.by_path.get(path) {
        Some(served) => answer(served, StatusCode::OK, request.headers()),
        None => missing(&pages),
    }
}

fn missing(pages: &Pages) -> HttpResponse {
    match pages.by_path.get("/404") {
        Some(page) => answer(page, StatusCode::NOT_FOUND, &HeaderMap::new()),
        None => HttpResponse::NotFound().finish(),
    }
}

fn lead_to(place: &str, status: StatusCode) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::LOCATION, place))
        .insert_header((header::CACHE_CONTROL, SOON))
        .finish()
}

/// Where a filter leads.
enum Chosen {
    /// Nothing was chosen.
    Nothing,
    /// To this page.
    Page(String),
    /// To none: only existing cells have one.
    NoSuchValue,
}

/// Reads a filter: it leads to the page of the value that was chosen, and within it to the other one.
fn chosen(pages: &Pages, path: &str, query: &str) -> Chosen {
    let dimensions = if query.is_empty() { None } else { pages.filters.get(path) };
    let Some(dimensions) = dimensions else { return Chosen::Nothing };
    let mut all: Vec<(&str, String)> = Vec::new();
    for (name, code) in url::form_urlencoded::parse(query.as_bytes()) {
        // What is no filter of the table changes nothing.
        let Some((known, codes)) = dimensions.iter().find(|(known, _)| *known == name) else { return Chosen::Nothing };
        if code.is_empty() {
            continue;
        }
        if !codes.iter().any(|known| *known == code) {
            return Chosen::NoSuchValue;
        }
        all.push((known, code.into_owned()));
    }
    Chosen::Page(match all.as_slice() {
        [] => path.to_owned(),
        [(name, code)] => format!("{path}/{name}/{code}"),
        [(name, code), (_, other), ..] => format!("{path}/{name}/{code}#{other}"),
    })
}

/// The best form that the caller takes, or that nothing changed.
fn answer(served: &Served, status: StatusCode, asked: &HeaderMap) -> HttpResponse {
    let [plain, gzip, brotli] = &served.tags;
    let (body, tag, coding) = match (&served.brotli, &served.gzip) {
        (Some(body), _) if takes(asked, "br") => (body, brotli, Some("br")),
        (_, Some(body)) if takes(asked, "gzip") => (body, gzip, Some("gzip")),
        _ => (&served.plain, plain, None),
    };
    // What is not there may be there soon.
    let cached = match (status, served.manner.forever) {
        (StatusCode::NOT_FOUND, _) => "no-store",
        (_, true) => FOREVER,
        (_, false) => SOON,
    };
    let tags = Tags::of(asked, header::IF_NONE_MATCH);
    let known = tags == Tags::Any || tags.name(&served.hash);
    let mut response = HttpResponse::new(if known { StatusCode::NOT_MODIFIED } else { status });
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    if let Some(link) = &served.manner.link {
        headers.insert(header::LINK, link.clone());
    }
    if served.manner.to_keep {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    // Figures and pictures may be used on any site; pages may not be framed.
    if !served.is_page {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        let policy = HeaderName::from_static("cross-origin-resource-policy");
        headers.insert(policy, HeaderValue::from_static("cross-origin"));
    }
    if known {
        return response;
    }
    headers.insert(header::CONTENT_TYPE, served.kind.clone());
    if let Some(coding) = coding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response.set_body(BoxBody::new(body.clone()))
}

/// Whether the caller takes a coding.
fn takes(asked: &HeaderMap, coding: &str) -> bool {
    let words = asked.get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split(',')).any(|word| {
        let (name, quality) = word.split_once(';').unwrap_or((word, ""));
        let refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}
