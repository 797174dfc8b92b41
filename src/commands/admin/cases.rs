//! `recourse admin case`: what whoever runs the service does for cases, and never to them.

use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::id::{CaseId, HoldId};
use recourse::base::output::{confirm, remark, say};
use recourse::base::time::Timestamp;
use recourse::domain::case::holds::{self, Hold, HoldReason};
use recourse::domain::retention::{self, Leaving};
use recourse::domain::watch::renewal;
use recourse::error::Error;

use super::{Listing, by_operator, say_json, unknown};
use crate::commands::services::day;

/// How many cases are looked at in one reading.
const SOME: i64 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum CaseCommand {
    /// Make the names of a case anew from what is sealed in it, after somebody changed them outside the service.
    Names {
        /// The case's id. Without one: all cases whose names were changed.
        #[arg(value_parser = case_id)]
        case: Option<CaseId>,
    },
    /// Place a legal hold: nothing of the case is destroyed while it stands, whatever the periods say.
    Hold {
        /// The case's id.
        #[arg(value_parser = case_id)]
        case: CaseId,
        /// For what: proceedings, preservation (the police have asked), claim, `court_order`, regulator or complaint.
        #[arg(long, value_parser = reason)]
        why: HoldReason,
        /// Until when: a day (2028-01-31) or a time of RFC 3339. Without it, until you end it.
        #[arg(long, value_parser = day)]
        until: Option<Timestamp>,
    },
    /// End a legal hold. All that was said in its case is kept for a year more (`after_hold_months`).
    EndHold {
        /// The hold's id, from `admin case holds`.
        #[arg(value_parser = hold_id)]
        hold: HoldId,
    },
    /// List the legal holds that stand.
    Holds {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
    /// List what will be destroyed since its period ends: of which case, what, and when.
    Leaving {
        /// Print one JSON object, for scripts.
        #[arg(long)]
        json: bool,
    },
}

fn hold_id(text: &str) -> Result<HoldId, &'static str> {
    text.parse().map_err(|_| "an id has the form hld_ and 26 characters; `recourse admin case holds` lists them")
}

fn reason(text: &str) -> Result<HoldReason, String> {
    let known = HoldReason::ALL.iter().map(|why| why.as_str()).collect::<Vec<_>>().join(", ");
    HoldReason::parse(text).ok_or_else(|| format!("it is one of: {known}"))
}

fn case_id(text: &str) -> Result<CaseId, &'static str> {
    text.parse().map_err(|_| "an id has the form case_ and 26 characters; `recourse check` names the cases")
}

/// Runs a command about cases.
pub(super) async fn case(app: &Arc<App>, command: CaseCommand) -> Result<(), Error> {
    match command {
        CaseCommand::Names { case } => names(app, case).await,
        CaseCommand::Hold { case, why, until } => hold(app, case, why, until).await,
        CaseCommand::EndHold { hold } => end_hold(app, hold).await,
        CaseCommand::Holds { json } => list_holds(app, json).await,
        CaseCommand::Leaving { json } => leaving(app, json).await,
    }
}

async fn hold(app: &Arc<App>, case: CaseId, why: HoldReason, until: Option<Timestamp>) -> Result<(), Error> {
    let id = case.clone();
    let placed = by_operator(app, move |tx| holds::place(tx, &id, why, until)).await;
    let hold = placed.map_err(|error| {
        let is_unknown = matches!(error, Error::NotFound);
        if is_unknown { unknown("case", case.as_str(), "check") } else { error }
    })?;
    confirm(format_args!("{hold} stands: nothing of {case} is destroyed"))?;
    Ok(())
}

async fn end_hold(app: &Arc<App>, hold: HoldId) -> Result<(), Error> {
    let id = hold.clone();
    let ended = by_operator(app, move |tx| holds::end(tx, &id)).await;
    let case = ended.map_err(|error| {
        let is_unknown = matches!(error, Error::NotFound);
        if is_unknown { unknown("hold", hold.as_str(), "admin case holds") } else { error }
    })?;
    confirm(format_args!("the hold of {case} has ended"))?;
    Ok(())
}

async fn list_holds(app: &Arc<App>, json: bool) -> Result<(), Error> {
    let now = app.clock.now();
    let all = app.read(holds::every).await?;
    let data: Vec<Hold> = all.into_iter().filter(|hold| hold.stands(now)).collect();
    if json {
        return say_json(&Listing { data });
    }
    for Hold { id, case_id, why, placed_at, until, .. } in data {
        let until = until.map_or_else(|| "ended".to_owned(), |until| until.to_string());
        say(format_args!("{id} {case_id} {} since {placed_at} until {until}", why.as_str()))?;
    }
    Ok(())
}

async fn leaving(app: &Arc<App>, json: bool) -> Result<(), Error> {
    let (mut all, mut last) = (Vec::<Leaving>::new(), None);
    loop {
        let from = last.clone();
        let some = app.read(move |rx| retention::leaving(rx, from.as_ref(), SOME)).await?;
        last = some.last().cloned();
        if some.is_empty() {
            break;
        }
        all.extend(some);
    }
    if json {
        return say_json(&Listing { data: all });
    }
    for Leaving { case_id, part, at } in all {
        say(format_args!("{case_id} {} on {at}", part.as_str()))?;
    }
    Ok(())
}

async fn names(app: &Arc<App>, case: Option<CaseId>) -> Result<(), Error> {
    let Some(case) = case else { return every(app).await };
    let id = case.clone();
    let fit = by_operator(app, move |tx| renewal::mend(tx, &id)).await.map_err(|error| {
        let is_unknown = matches!(error, Error::NotFound);
        if is_unknown { unknown("case", case.as_str(), "check") } else { error }
    })?;
    if !fit {
        return Err(Error::Erased);
    }
    Ok(confirm("its names are made anew")?)
}

/// One after the other, so that a case whose content does not open keeps no other waiting.
async fn every(app: &Arc<App>) -> Result<(), Error> {
    let (mut after, mut mended, mut left) = (String::new(), 0, 0);
    loop {
        let from = after.clone();
        let (some, changed) = app.read(move |rx| renewal::changed(rx, &from, SOME)).await?;
        let Some(last) = some.last() else { break };
        after = last.to_string();
        for case in changed {
            let id = case.clone();
            match by_operator(app, move |tx| renewal::mend(tx, &id)).await {
                Ok(true) => mended += 1,
                Ok(false) | Err(Error::Erased | Error::Internal(_) | Error::NotFound) => {
                    left += 1;
                    remark(format_args!(
                        "recourse: {case}: what its names are made of cannot be read: restore its rows of blind_indexes from a \
                         backup"
                    ));
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(confirm(format_args!("the names of {mended} cases are made anew, {left} cannot be"))?)
}
