//! Whether a form comes from a page of ours. A browser says where a call comes from; another site cannot make it say something else.

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName, ORIGIN};
use url::Url;

use crate::config::Config;

/// Whether the browser says that the call comes from a page of this service: by `Sec-Fetch-Site`, or, where a browser is too old for
/// that, by an `Origin` of ours. Who says nothing comes from nowhere.
pub(super) fn is_ours(request: &HttpRequest, config: &Config) -> bool {
    let header = |name: HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    match header(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin",
        None => header(ORIGIN).is_some_and(|origin| is_named(origin, header(HOST), config)),
    }
}

/// Whether an origin is that of `base_url`, or of the name by which this very call came.
fn is_named(origin: &str, host: Option<&str>, config: &Config) -> bool {
    let of = |url: &str| Url::parse(url).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
    let Some(origin) = of(origin) else { return false };
    let base = of(&config.base_url());
    let called = host.and_then(|host| of(&format!("{}://{host}", if config.is_by_https() { "https" } else { "http" })));
    base.as_ref() == Some(&origin) || called == Some(origin)
}

/// Whether a browser asks before anybody has: what it gets so is read by nobody.
pub(super) fn is_ahead(request: &HttpRequest) -> bool {
    let purposes = [HeaderName::from_static("sec-purpose"), HeaderName::from_static("purpose")];
    purposes.iter().any(|name| request.headers().contains_key(name))
}
