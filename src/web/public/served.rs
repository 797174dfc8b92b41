//! A file in memory, and how it is sent: in the best form that the caller takes, or as not changed.

use std::io::Write as _;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;

use crate::base::secret::{hex, sha256};
use crate::web::tags::Tags;

/// Pages set no cookie, run no script and load nothing from elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
/// Signed bytes never change, nor does what is served of an edition that cannot be replaced.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Pages around the editions change when one is published; and any edition may be replaced, and then says so.
pub(super) const SOON: &str = "public, max-age=300";

/// A file in memory, with the forms in which it is sent.
#[derive(Clone, Debug)]
pub(super) struct Served {
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
pub(super) struct Manner {
    /// Whether it may be kept for a year without asking again.
    pub(super) forever: bool,
    /// Whether it is there for verifying and not for reading.
    pub(super) to_keep: bool,
    /// Which edition replaces it, or is replaced by it.
    pub(super) link: Option<HeaderValue>,
}

impl Served {
    /// A file with its path, whose ending says what it is, and its bytes.
    pub(super) fn new(path: &str, bytes: Vec<u8>) -> Self {
        let (gzip, brotli) = (smaller(&bytes, gzip), smaller(&bytes, brotli));
        let (hash, kind) = (hex(&sha256(&bytes)), kind(path));
        // Hexadecimal digits always make a header.
        let tag = |coding: &str| {
            HeaderValue::try_from(format!("\"{hash}{coding}\"")).unwrap_or_else(|_| HeaderValue::from_static(""))
        };
        let tags = [tag(""), tag("-gzip"), tag("-br")];
        let is_page = kind.starts_with("text/html");
        let (kind, manner) = (HeaderValue::from_static(kind), Manner::default());
        Self { tags, hash, gzip, brotli, kind, is_page, manner, plain: bytes.into() }
    }

    /// This file, sent in that manner.
    pub(super) fn sent(self, manner: Manner) -> Self {
        Self { manner, ..self }
    }

    /// The best form that the caller takes, or that nothing changed.
    pub(super) fn answer(&self, status: StatusCode, asked: &HeaderMap) -> HttpResponse {
        let [plain, gzip, brotli] = &self.tags;
        let (body, tag, coding) = match (&self.brotli, &self.gzip) {
            (Some(body), _) if takes(asked, "br") => (body, brotli, Some("br")),
            (_, Some(body)) if takes(asked, "gzip") => (body, gzip, Some("gzip")),
            _ => (&self.plain, plain, None),
        };
        // What is not there may be there soon.
        let cached = match (status, self.manner.forever) {
            (StatusCode::NOT_FOUND, _) => "no-store",
            (_, true) => FOREVER,
            (_, false) => SOON,
        };
        let tags = Tags::of(asked, header::IF_NONE_MATCH);
        let known = tags == Tags::Any || tags.name(&self.hash);
        let mut response = HttpResponse::new(if known { StatusCode::NOT_MODIFIED } else { status });
        let headers = response.headers_mut();
        headers.insert(header::ETAG, tag.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        if let Some(link) = &self.manner.link {
            headers.insert(header::LINK, link.clone());
        }
        if self.manner.to_keep {
            headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
        }
        // Figures and pictures may be used on any site; pages may not be framed.
        if !self.is_page {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
            let policy = HeaderName::from_static("cross-origin-resource-policy");
            headers.insert(policy, HeaderValue::from_static("cross-origin"));
        }
        if known {
            return response;
        }
        headers.insert(header::CONTENT_TYPE, self.kind.clone());
        if let Some(coding) = coding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        response.set_body(BoxBody::new(body.clone()))
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

/// Whether the caller takes a coding.
fn takes(asked: &HeaderMap, coding: &str) -> bool {
    let words = asked.get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split(',')).any(|word| {
        let (name, quality) = word.split_once(';').unwrap_or((word, ""));
        let refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}
