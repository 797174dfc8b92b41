//! The cookies that carry sessions in a browser, one of each surface. Their names begin with `__Host-`: a browser takes them from this
//! host alone, for all paths, and sends them by https, or to itself.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderValue};

use super::surfaces::{Surface, Who};
use crate::base::secret::Sensitive;
use crate::domain::people::partners::accounts;
use crate::domain::people::staff::{Carrier, looks_like_session};

/// What a browser is told to do with it. Without an end of its own, it goes with the browser.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The token of the surface's session that the browser sends, if it sends one of the right form.
pub(super) fn session(request: &HttpRequest, surface: &Surface) -> Option<Sensitive<String>> {
    let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut tokens = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let fits = match surface.who {
            Who::Colleague => looks_like_session(value, Carrier::Page),
            Who::Reader => accounts::looks_like_session(value),
        };
        (name == surface.cookie && fits).then(|| Sensitive::new(value.to_owned()))
    });
    tokens.next()
}

/// Has the browser keep the token.
pub(super) fn set(surface: &Surface, token: &Sensitive<String>) -> HeaderValue {
    cookie(&format!("{}={}; {ATTRIBUTES}", surface.cookie, token.expose()))
}

/// Has the browser forget it.
pub(super) fn ended(surface: &Surface) -> HeaderValue {
    cookie(&format!("{}=; {ATTRIBUTES}; Max-Age=0", surface.cookie))
}

/// A token is letters and digits, and so are the names.
fn cookie(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
