//! Cases that may be of the same people: asked for by itself, and each look is on record.

use actix_web::HttpResponse;
use actix_web::http::Method;
use askama::Template;

use super::seat::Seated;
use super::{page, words};
use crate::base::id::CaseKind;
use crate::domain::access::Sight;
use crate::domain::casefile::related::{self, RelatedCase, RelatedCaseList, Why};
use crate::domain::terms::Mode;
use crate::domain::unit::{Look, Unit};
use crate::error::Result;
use crate::pages::shell::Shell;
use crate::pages::spans::{Moment, Writer};
use crate::web::desk;
use crate::web::extract::Call;
use crate::web::row::{Caller, Row};

struct Line {
    id: String,
    category: String,
    state: String,
    priority: String,
    level: &'static str,
    since: Moment,
    why: String,
}

#[derive(Template)]
#[template(path = "console/related.html")]
struct RelatedPage {
    shell: Shell,
    path: String,
    lines: Vec<Line>,
}

async fn show(call: Call) -> Result<HttpResponse> {
    let id = call.id::<CaseKind>("id")?;
    let path = format!("/console/cases/{id}");
    let read = |rx: &mut Look<'_>, sight: &Sight| {
        let is_trial = sight.case().mode == Mode::Test;
        Ok((Seated::of(rx, sight.who()), is_trial, related::related(rx, sight)?))
    };
    let record = |tx: &mut Unit<'_>, grant, (seated, is_trial, found): (Seated, bool, RelatedCaseList)| {
        Ok((seated, is_trial, related::record(tx, grant, found)?))
    };
    let (seated, is_trial, found) = desk::look_around(&call, call.bearer()?, id, read, record).await?;
    let writer = seated.writer(&call);
    let mut shell = seated.shell(&call, "Related cases", "");
    shell.is_trial = is_trial;
    let lines = found.data.iter().map(|one| line(writer, one)).collect();
    page(&RelatedPage { shell, path, lines })
}

fn line(writer: Writer, one: &RelatedCase) -> Line {
    let why = one.why.iter().map(|why| match why {
        Why::SameSubject => "names the same subject",
        Why::Mirror => "its reporter is the subject here: a senior reads both",
        Why::OtherPlatform => "from another platform: possibly the same person",
    });
    Line {
        id: one.case.id.to_string(),
        category: words::category(one.case.category),
        state: words::plain(words::state(one.case.state)),
        priority: words::priority(one.case.priority),
        level: one.case.priority.as_str(),
        since: writer.write(one.case.received_at),
        why: why.collect::<Vec<_>>().join("; "),
    }
}

pub(super) fn rows() -> Vec<Row> {
    vec![Row::page("/console/cases/{id}/related", Method::GET, show, Caller::Browser).recorded()]
}
