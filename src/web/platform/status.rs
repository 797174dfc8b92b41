//! What a credential is, and the words of the contract: categories and answer keys.

use actix_web::HttpResponse;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::time::Timestamp;
use crate::domain::access;
use crate::domain::people::platforms::{self, Scope};
use crate::domain::terms::Mode;
use crate::domain::terms::taxonomy::{AnswerKey, Category, taxonomy};
use crate::error::{Error, Result};
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};

/// What the credential is.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct Credential {
    /// The platform.
    platform: PlatformName,
    /// Trial or real life.
    mode: Mode,
    /// What the token may ask for.
    scopes: Vec<Scope>,
    /// The service's time.
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
}

/// A platform's names.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct PlatformName {
    /// Its id.
    #[schema(example = "plt_00000000000000000000000000")]
    id: String,
    /// Its short name.
    #[schema(example = "spark")]
    slug: String,
    /// Its name for people.
    #[schema(example = "Spark")]
    name: String,
}

/// `GET /v1/status`.
#[utoipa::path(get, path = "/v1/status", tag = "platform", operation_id = "get_status", summary = "Check the credential",
    description = "Says whose it is, for which mode, and what it may ask for.",
    responses((status = 200, description = "The credential holds", body = Credential)))]
async fn status(call: Call) -> Result<HttpResponse> {
    let token = call.token()?;
    let status = call
        .shared
        .app
        .read_for(&call.share(), move |rx| {
            let tenant = access::platform(rx, &token)?;
            let found = platforms::get(rx, &tenant.platform)?.ok_or(Error::NotFound)?;
            let platform = PlatformName {
                id: found.id.to_string(),
                name: platforms::shown(&found.name, &found.slug),
                slug: found.slug,
            };
            Ok(Credential { platform, mode: tenant.mode, scopes: tenant.scopes, time: rx.now() })
        })
        .await?;
    Ok(HttpResponse::Ok().json(status))
}

/// The words of the contract.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct Categories {
    /// What a report can be about, with the statutory names for it.
    categories: &'static [Category],
    /// What can be asked, with the question to show.
    answer_keys: &'static [AnswerKey],
}

/// `GET /v1/categories`.
#[utoipa::path(get, path = "/v1/categories", tag = "platform", operation_id = "list_categories",
    summary = "Categories and answer keys",
    description = "Take the codes and the questions from here; both may grow.",
    responses((status = 200, description = "The taxonomy", body = Categories)))]
async fn categories(call: Call) -> Result<HttpResponse> {
    let token = call.token()?;
    call.shared.app.read_for(&call.share(), move |rx| access::platform(rx, &token).map(|_| ())).await?;
    let taxonomy = taxonomy();
    Ok(HttpResponse::Ok().json(Categories { categories: taxonomy.categories(), answer_keys: taxonomy.answer_keys() }))
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        Row::of(__path_status, status, Caller::Platform(None), Policy::Read),
        Row::of(__path_categories, categories, Caller::Platform(None), Policy::Read),
    ]
}
