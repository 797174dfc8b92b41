//! Finding a case by its id, or by a platform's reference: exactly, and in no other way. A search by names or numbers would tell
//! whoever searches what stands in cases.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;
use serde::Deserialize;

use super::seat::Seated;
use super::{page, words};
use crate::base::id::CaseId;
use crate::base::page::Limit;
use crate::domain::access::Acting;
use crate::domain::case::Case;
use crate::domain::casefile::queues::{self, Filter};
use crate::domain::terms::Mode;
use crate::domain::unit::Look;
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::web::browsers::see;
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::row::{Caller, Row};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wanted {
    q: String,
}

/// A case that was found.
struct Found {
    id: String,
    category: String,
    state: String,
    priority: String,
    level: &'static str,
    is_trial: bool,
}

#[derive(Template)]
#[template(path = "console/find.html")]
struct FindPage {
    shell: Shell,
    q: String,
    is_asked: bool,
    found: Vec<Found>,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let Wanted { q } = serde_urlencoded::from_str(call.request().query_string()).unwrap_or_default();
    let q = q.trim().to_owned();
    if let Ok(id) = q.parse::<CaseId>() {
        // Its page says whether there is such a case for whoever asks.
        return Ok(see(&format!("/console/cases/{id}")));
    }
    let (bearer, asked) = (call.bearer()?, q.clone());
    let (seated, cases) = desk::search(&call, bearer, move |rx, who| read(rx, who, &asked)).await?;
    let found = cases.iter().map(|case| Found {
        id: case.id.to_string(),
        category: words::category(case.category),
        state: words::plain(words::state(case.state)),
        priority: words::priority(case.priority),
        level: case.priority.as_str(),
        is_trial: case.mode == Mode::Test,
    });
    let shell = seated.shell(&call, "Find a case", "/console/find");
    page(&FindPage { shell, is_asked: !q.is_empty(), found: found.collect(), q })
}

/// The cases of this reference, real and trial.
fn read(rx: &mut Look<'_>, who: &Acting, reference: &str) -> Result<(Seated, Vec<Case>)> {
    let mut all = Vec::new();
    // A reference has 255 characters at the most, and none of them is NUL, which PostgreSQL does not even compare.
    if !reference.is_empty() && reference.chars().count() <= 255 && !reference.contains('\0') {
        for mode in [Mode::Live, Mode::Test] {
            let filter = Filter {
                mode,
                queue: None,
                state: None,
                priority: None,
                category: None,
                assigned_to: None,
                platform_report_ref: Some(reference.to_owned()),
            };
            all.extend(queues::list(rx, who, &filter, None, Limit::coerce(None))?.data);
        }
    }
    Ok((Seated::of(rx, who), all))
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/console/find", Method::GET, show, Caller::Browser)]
}
