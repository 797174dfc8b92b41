//! The cookie that carries a colleague's session in a browser. Its name begins with `__Host-`: a browser takes it from this host
//! alone, for all paths, and sends it by https, or to itself.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HeaderValue};

use crate::base::secret::Sensitive;
use crate::domain::people::staff::{Carrier, looks_like_session};

/// Its name.
const SESSION: &str = "__Host-recourse";
/// What a browser is told to do with it. Without an end of its own, it goes with the browser.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// The token of the session that the browser sends, if it sends one of the right form.
pub(super) fn session(request: &HttpRequest) -> Option<Sensitive<String>> {
    let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut tokens = lines.flat_map(|line| line.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == SESSION && looks_like_session(value, Carrier::Page)).then(|| Sensitive::new(value.to_owned()))
    });
    tokens.next()
}

/// Has the browser keep the token.
pub(super) fn set(token: &Sensitive<String>) -> HeaderValue {
    // A token is letters and digits.
    HeaderValue::try_from(format!("{SESSION}={}; {ATTRIBUTES}", token.expose())).unwrap_or_else(|_| ended())
}

/// Has the browser forget it.
pub(super) fn ended() -> HeaderValue {
    HeaderValue::from_static("__Host-recourse=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0")
}
