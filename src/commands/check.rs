//! `recourse check`: whether what is stored is whole.

use std::process::ExitCode;
use std::sync::Arc;

use recourse::app::App;
use recourse::config::Config;
use recourse::domain::{audit, outbox, webhooks};

/// How many chains are read at a time.
const CHAINS: i64 = 500;

/// Verifies what can be verified and says what to do. Fails when anything is wrong.
pub(super) async fn check(config: Config) -> anyhow::Result<ExitCode> {
    let app = super::open(config).await?;
    println!("keyring: belongs to this database");
    let mut sound = rules(&app);
    let (whole, count) = chains(&app).await?;
    sound &= whole;
    sound &= digest(&app, count).await?;
    let (waiting, dead) = app.db.read(outbox::depth).await?;
    println!("outbox: {waiting} waiting, {dead} dead");
    if dead > 0 {
        println!("  -> see their last_error; when mended: recourse admin outbox replay");
    }
    let hooks = app.db.read(webhooks::counts).await?;
    println!(
        "webhooks: {} endpoints, {} disabled; deliveries: {} pending, {} failed",
        hooks.endpoints, hooks.disabled, hooks.pending, hooks.failed
    );
    sound &= dead == 0;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn rules(app: &Arc<App>) -> bool {
    match app.kit.triage.failure() {
        None => println!("rules: {}", app.kit.triage.rules().version()),
        Some(reason) => {
            println!("rules: cannot be used: {reason}");
            println!("  -> every new case is p1 and the on-call is paged; mend rules_file and start again");
        }
    }
    app.kit.triage.failure().is_none()
}

/// Whether every chain is whole, and how many there are.
async fn chains(app: &Arc<App>) -> anyhow::Result<(bool, usize)> {
    let (mut total, mut broken, mut after) = (0_usize, Vec::new(), String::new());
    loop {
        let (from, kit) = (after.clone(), Arc::clone(app));
        let (found, bad) = app
            .db
            .read(move |rx| {
                let heads = audit::heads(rx, &from, CHAINS)?;
                let mut bad = Vec::new();
                for (chain, head) in &heads {
                    if !audit::verify(rx, &kit.kit.keyring, chain, head)? {
                        bad.push(chain.clone());
                    }
                }
                Ok((heads.into_iter().map(|(chain, _)| chain).collect::<Vec<_>>(), bad))
            })
            .await?;
        let Some(last) = found.last() else { break };
        after.clone_from(last);
        total += found.len();
        broken.extend(bad);
    }
    println!("audit: {total} chains, {} broken", broken.len());
    for chain in &broken {
        println!("  {chain}");
    }
    if !broken.is_empty() {
        println!(
            "  -> somebody changed the record outside the service; keep the database as it is and compare with a backup"
        );
    }
    Ok((broken.is_empty(), total))
}

/// Whether the newest digest is ours, and none of the chains it counted has vanished.
async fn digest(app: &Arc<App>, count: usize) -> anyhow::Result<bool> {
    let shared = Arc::clone(app);
    let newest = app.db.read(move |rx| audit::newest_digest(rx, &shared.kit.keyring)).await?;
    match newest {
        None => println!("audit digest: none yet; the service signs one a day"),
        Some((at, chains, true)) => println!("audit digest: of {at}, {chains} chains, signature holds"),
        Some((at, _, false)) => println!("audit digest: of {at}, signature DOES NOT hold: the row was changed"),
    }
    let vanished = newest.is_some_and(|(_, chains, _)| usize::try_from(chains).is_ok_and(|chains| chains > count));
    if vanished {
        println!("  -> there are fewer chains now than the digest counted: somebody removed cases outside the service");
    }
    Ok(newest.is_none_or(|(_, _, holds)| holds) && !vanished)
}
