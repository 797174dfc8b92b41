//! `recourse admin case`: what whoever runs the service does for cases, and never to them.

use std::sync::Arc;

use clap::Subcommand;
use recourse::app::App;
use recourse::base::id::CaseId;
use recourse::base::output::{confirm, remark};
use recourse::domain::watch::renewal;
use recourse::error::Error;

use super::{by_operator, unknown};

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
}

fn case_id(text: &str) -> Result<CaseId, &'static str> {
    text.parse().map_err(|_| "an id has the form case_ and 26 characters; `recourse check` names the cases")
}

/// Runs a command about cases.
pub(super) async fn case(app: &Arc<App>, command: CaseCommand) -> Result<(), Error> {
    let CaseCommand::Names { case } = command;
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
