//! The kinds of abuse. Each goes on as quickly as it can and heeds no refusal.

mod bodies;
mod doors;
mod prepare;
mod reads;
mod slow;

use std::sync::mpsc::Sender;

use tokio::task::LocalSet;

use crate::child::{Given, Tally};
use crate::http::Request;
use crate::line::Line;
use prepare::Needs;

/// A kind of abuse.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How many events at most the abuser's log has before the service starts.
    pub(crate) log: usize,
    /// How many connections it has.
    lines: usize,
    needs: Needs,
    way: Way,
}

/// What an abuser does on each of its connections.
#[derive(Clone, Copy)]
enum Way {
    /// These calls in turn, each as soon as the one before was answered.
    Calls(fn(&Given) -> Vec<Request>),
    /// Lists, page by page to their ends.
    Walks,
    /// Many calls at once, whose answers it takes byte by byte.
    SlowReader,
    /// Long bodies, byte by byte.
    SlowBody,
    /// The heads of calls, byte by byte.
    SlowHead,
}

impl Kind {
    const fn of(name: &'static str, way: Way) -> Self {
        Self { name, log: 0, lines: 40, needs: Needs::Nothing, way }
    }

    const fn lines(self, lines: usize) -> Self {
        Self { lines, ..self }
    }

    const fn needs(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    const fn log(self, most: usize) -> Self {
        Self { log: most, ..self }
    }
}

/// One replay reaches 10,000 events; there are some of the endpoints beside.
const REPLAYED: usize = 9_900;

/// Every kind, in the order in which they are measured.
pub(crate) const ALL: &[Kind] = &[
    Kind::of("20,000 attachments in a report", Way::Calls(bodies::attachments)),
    Kind::of("8 MB of [1,1,1…] as a batch", Way::Calls(bodies::ones)),
    Kind::of("18,000 unknown members in a report", Way::Calls(bodies::unknown)),
    Kind::of("unknown members in batches of a hundred", Way::Calls(bodies::unknown_batches)),
    Kind::of("texts of U+FDFA", Way::Calls(bodies::ligatures)),
    Kind::of("batches of a hundred valid reports", Way::Calls(bodies::batches)),
    Kind::of("reports that all name one subject", Way::Calls(bodies::one_subject)),
    Kind::of("valid reports", Way::Calls(bodies::reports)),
    Kind::of("event filters that match nothing", Way::Calls(reads::nothing)).log(usize::MAX).needs(Needs::Places),
    Kind::of("replays of 9,900 events to ten endpoints", Way::Calls(reads::replays))
        .log(REPLAYED)
        .needs(Needs::Endpoints),
    Kind::of("lists to their ends", Way::Walks).log(usize::MAX).needs(Needs::Reports),
    Kind::of("a void token", Way::Calls(doors::void)),
    Kind::of("sign-ins by made-up names", Way::Calls(doors::sign_ins)),
    Kind::of("wrong secrets", Way::Calls(doors::secrets)),
    Kind::of("answers read byte by byte", Way::SlowReader).lines(400).needs(Needs::Reports),
    Kind::of("bodies sent byte by byte", Way::SlowBody).lines(400),
    Kind::of("heads sent byte by byte", Way::SlowHead).lines(1_000),
];

fn of_name(name: &str) -> &'static Kind {
    ALL.iter().find(|kind| kind.name == name).expect("a kind of abuse")
}

/// Makes ready what an abuse needs, and no more: what an idle client stands beside is the same.
pub(crate) fn make_ready(given: &Given) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, prepare::prepare(&of_name(&given.kind).needs, given));
}

/// Abuses the service for ever, on one thread: what is measured is the service, not a crowd of threads beside it.
pub(crate) fn abuse(given: &Given, tally: &Tally, begun: &Sender<()>) {
    let kind = of_name(&given.kind);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        prepare::prepare(&kind.needs, given).await;
        let calls = if let Way::Calls(make) = kind.way { make(given) } else { Vec::new() };
        begun.send(()).unwrap();
        for _ in 0..kind.lines {
            let (given, calls, tally, way) = (given.clone(), calls.clone(), tally.clone(), kind.way);
            tokio::task::spawn_local(async move {
                match way {
                    Way::Calls(_) => again(&given, calls, &tally).await,
                    Way::Walks => reads::walk(&given, &tally).await,
                    Way::SlowReader => slow::read(&given, &tally).await,
                    Way::SlowBody => slow::body(&given, &tally).await,
                    Way::SlowHead => slow::head(&given, &tally).await,
                }
            });
        }
        std::future::pending::<()>().await;
    });
}

/// The same calls again and again, each with a number of its own.
async fn again(given: &Given, mut calls: Vec<Request>, tally: &Tally) {
    let mut line = Line::to(given.address);
    loop {
        for call in &mut calls {
            tally.count(line.call(call.number(crate::http::unique())).await.status);
        }
    }
}
