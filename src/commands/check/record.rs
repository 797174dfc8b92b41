//! What `recourse check` says of the record: chains, rows beside them, digests, and the file beside the keyring.

use std::sync::Arc;

use anyhow::Context as _;
use recourse::app::App;
use recourse::domain::ledger::audit;
use recourse::domain::watch::soundness::{self, Finding, Signed};

use super::{Report, SOME};

/// Whether every chain is whole.
pub(super) async fn chains(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let (mut broken, mut after, mut contradicted) = (Vec::new(), String::new(), 0);
    loop {
        let (from, kit) = (after.clone(), Arc::clone(app));
        let (found, bad, rows) = app
            .read(move |rx| {
                let heads = audit::heads(rx, &from, SOME)?;
                let mut bad = Vec::new();
                for (chain, head) in &heads {
                    if !audit::verify(rx, &kit.kit.keyring, chain, head)? {
                        bad.push(chain.clone());
                    }
                }
                let chains: Vec<String> = heads.into_iter().map(|(chain, _)| chain).collect();
                let rows = soundness::records(rx, &chains)?;
                Ok((chains, bad, rows))
            })
            .await?;
        let Some(last) = found.last() else { break };
        after.clone_from(last);
        report.audit_chains += found.len();
        broken.extend(bad);
        contradicted += rows.len();
        report.problems.extend(rows);
    }
    report.said.push(format!("audit: {} chains, {} broken", report.audit_chains, broken.len()));
    report.said.push(format!("record: {contradicted} rows that say something else"));
    for chain in &broken {
        let detail = "somebody changed the record outside the service; keep the database as it is and compare with a \
                      backup";
        report.problem("chain_broken", "audit_events", chain, detail);
    }
    Ok(())
}

/// Whether the database has what the file beside the keyring remembers of it.
pub(super) async fn high_water(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let Some(mark) = app.high_water().with_context(|| format!("{}", app.high_water_file().display()))? else {
        report.said.push("high water: no file beside the keyring; the next start makes it".to_owned());
        return Ok(());
    };
    let lacks = app.lacks_digest(&mark).await?;
    report.said.push(format!("high water: the newest digest is {}", if lacks { "MISSING" } else { "there" }));
    if lacks {
        let detail = "the digest that the file beside the keyring remembers is not here: the database is an older one, or \
                      somebody removed digests. Compare with your copies of the digests and with a backup";
        report.problem("digest_gone", "audit_digests", "newest", detail);
    }
    Ok(())
}

/// Whether digests and chains are as they were signed.
pub(super) async fn digest(app: &Arc<App>, report: &mut Report) -> anyhow::Result<()> {
    let Signed { newest, found } = app.read(soundness::digests).await?;
    report.said.push(match newest {
        None => "audit digest: none yet; the service signs one a day".to_owned(),
        Some((at, chains, holds)) => {
            let word = if holds { "signature holds" } else { "signature DOES NOT hold" };
            let (cut, gone) = (of_code(&found, "chain_cut"), of_code(&found, "chain_gone"));
            format!("audit digest: of {at}, {chains} chains, {word}; since then {cut} cut, {gone} gone")
        }
    });
    report.problems.extend(found);
    Ok(())
}

fn of_code(found: &[Finding], code: &str) -> usize {
    found.iter().filter(|finding| finding.code == code).count()
}
