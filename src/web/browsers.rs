//! People who come with a browser: what the gate looks at before a page or a form, and how pages leave.

use std::borrow::Cow;

use actix_web::dev::ServiceRequest;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::Shared;
use super::cookies;
use super::desk;
use super::gate::{Bearer, Payer, count, of_network};
use super::inbox;
use super::limits::Policy;
use super::network::network;
use super::origins;
use super::refusals::Known;
use super::row::{Reader, Row};
use super::surfaces::{CONSOLE, Surface, Who};
use crate::base::secret::{hex, sha256};
use crate::db::Share;
use crate::error::{Error, Forbidden, Result, Unauthenticated};

/// Whether a path is one of a page for people at work, or would be. What is wrong there is said on a page.
pub(super) fn is_place(path: &str) -> bool {
    Surface::of(path).is_some()
}

/// Whether a person reads what is answered.
pub(super) fn is_read_by_person(request: &HttpRequest) -> bool {
    is_place(request.path()) && Row::called(request).is_none_or(|row| row.reader == Reader::Person)
}

/// What every call of a page is asked before who comes: a form comes from a page of ours, and nobody reads ahead what is put on
/// record.
pub(super) fn check(request: &HttpRequest, row: &Row, shared: &Shared) -> Result<()> {
    if *request.method() == Method::POST && !origins::is_ours(request, &shared.app.config) {
        return Err(Error::Forbidden(Forbidden::Origin));
    }
    if row.recorded && origins::is_ahead(request) {
        return Err(Error::Forbidden(Forbidden::Ahead));
    }
    Ok(())
}

/// Why nobody could look up just now who comes, in the extensions of their request: what they wrote is not lost by that.
#[derive(Clone)]
pub(super) struct Away(pub(super) Cow<'static, str>);

/// Looks up whose living session the cookie is of, and counts the call. A form of somebody who is not signed in any more goes on
/// to its handler, as a call of nobody; so does one that comes while nobody can look that up.
pub(super) async fn enter(request: &ServiceRequest, row: &Row, shared: &Shared) -> Result<()> {
    let network = network(request.request());
    let is_form = *request.method() == Method::POST && row.reader == Reader::Person;
    let who = match holder(request, shared).await {
        Err(Error::Unauthenticated(_)) if is_form => None,
        Err(Error::Unavailable(why)) if is_form => {
            request.extensions_mut().insert(Away(why));
            if let Some(token) = cookies::session(request.request(), surface_of(request)) {
                request.extensions_mut().insert(Bearer(token));
            }
            None
        }
        Err(refused) => {
            count(request, shared, Policy::Portal, &network)?;
            return Err(refused);
        }
        Ok(key) => Some(key),
    };
    request.extensions_mut().insert(Payer(who.clone().unwrap_or_else(|| network.clone())));
    let Some(key) = who else { return count(request, shared, Policy::Portal, &network) };
    let verdict = shared.limiter.check(row.policy, &key).of_own();
    request.extensions_mut().insert(verdict);
    verdict.into_result()
}

fn surface_of(request: &ServiceRequest) -> &'static Surface {
    Surface::of(request.path()).unwrap_or(&CONSOLE)
}

/// Whose living session the cookie of the surface is of.
async fn holder(request: &ServiceRequest, shared: &Shared) -> Result<String> {
    let surface = surface_of(request);
    let token = cookies::session(request.request(), surface).ok_or(Error::Unauthenticated(Unauthenticated::Missing))?;
    let share = of_network(request.request());
    let (who, share) = match surface.who {
        Who::Colleague => {
            let who = desk::holder(&shared.app, &share, token.clone()).await?.into_text();
            (who.clone(), Share::of(&who))
        }
        Who::Reader => inbox::calls::holder(&shared.app, &share, token.clone()).await?,
    };
    request.extensions_mut().insert(share);
    request.extensions_mut().insert(Known(who));
    let key = hex(&sha256(token.expose().as_bytes()));
    request.extensions_mut().insert(Bearer(token));
    Ok(key)
}

/// What a browser may do with a page: show it, with the style sheet and the script of this service, and send its forms here. Its
/// icon is an address without anything in it (`data:,`).
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";
/// What a page may ask of the machine: nothing.
const PERMISSIONS: &str = "accelerometer=(), ambient-light-sensor=(), autoplay=(), bluetooth=(), camera=(), \
                           clipboard-read=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), \
                           gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), \
                           midi=(), payment=(), picture-in-picture=(), publickey-credentials-get=(), \
                           screen-wake-lock=(), serial=(), usb=(), web-share=(), xr-spatial-tracking=()";

/// The headers of every answer below a place of pages. `same-origin` is the policy for referrers because under `no-referrer`
/// browsers send `Origin: null` with our own forms.
pub(super) fn guard(headers: &mut HeaderMap) {
    let all = [
        ("content-security-policy", POLICY),
        ("permissions-policy", PERMISSIONS),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-robots-tag", "noindex, nofollow"),
    ];
    for (name, value) in all {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

/// The way on to a page of ours.
pub(super) fn see(path: &str) -> HttpResponse {
    let mut response = HttpResponse::SeeOther().finish();
    if let Ok(place) = HeaderValue::try_from(path) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// Where somebody who is not signed in goes, to come back to the page that they asked for. A form is no page to come back to.
pub(super) fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    let surface = Surface::of(request.path()).unwrap_or(&CONSOLE);
    let asked = request.uri().path_and_query().filter(|_| *request.method() != Method::POST);
    let asked = asked.map_or_else(|| surface.home.to_owned(), ToString::to_string);
    see(&surface.sign_in_for(&asked))
}
