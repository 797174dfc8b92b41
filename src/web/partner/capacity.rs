//! Whether a service has room.

use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::base::time::Timestamp;
use crate::domain::access;
use crate::domain::directory;
use crate::domain::people::partners::PartnerScope;
use crate::domain::terms::Mode;
use crate::error::Result;
use crate::web::body::Raw;
use crate::web::extract::Call;
use crate::web::limits::Policy;
use crate::web::row::{Caller, Row};

/// Whether there is room.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct Capacity {
    /// Until when you take nobody, at most 90 days on; null when you take people.
    #[serde(deserialize_with = "said")]
    #[schema(value_type = Option<String>, format = DateTime, required = true)]
    full_until: Option<Timestamp>,
}

/// That it is said: whoever leaves it out has not said that there is room.
fn said<'de, D: serde::Deserializer<'de>>(read: D) -> std::result::Result<Option<Timestamp>, D::Error> {
    Option::deserialize(read)
}

/// Whether there is room, as it stands now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct CapacitySaid {
    /// Until when you take nobody; null when you take people.
    #[schema(value_type = Option<String>, format = DateTime)]
    full_until: Option<Timestamp>,
    /// Whether it is real: with a credential for trials nothing changes.
    mode: Mode,
}

/// `PUT /v1/partner/capacity`.
#[utoipa::path(put, path = "/v1/partner/capacity", tag = "partner", operation_id = "set_capacity", summary = "Say whether there is room",
    description = "While there is none, nobody is led to you and nothing is sent. What was sent stays with you. With a credential for trials nothing changes.",
    request_body = Capacity, responses((status = 200, description = "As it stands", body = CapacitySaid)))]
async fn set(call: Call, raw: Raw) -> Result<HttpResponse> {
    let body = raw.parse::<Capacity>(&call).await?;
    let token = call.partner()?;
    let app = &call.shared.app;
    let said = app
        .enter(&call.share(), move |entry| {
            let (tx, who) = access::partner_acting(entry, &token)?;
            let Capacity { full_until } = body?;
            directory::set_capacity(tx, &who, full_until)?;
            Ok(CapacitySaid { full_until, mode: who.mode })
        })
        .await?;
    Ok(HttpResponse::Ok().json(said))
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::of(__path_set, set, Caller::Partner(PartnerScope::ReferralsWrite), Policy::Bulk).json()]
}
