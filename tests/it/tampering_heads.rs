//! Somebody who can write to the database cuts chains at their ends, removes cases with all that hangs on them, or takes digests
//! away: what was signed last knows better.

use recourse::domain::ledger::audit::{self, HeadsDigest};
use recourse::domain::people::staff::Role;
use recourse::domain::watch::soundness::{self, Finding};
use recourse::jobs;
use serde_json::json;

use crate::checking::{check, wrong};
use crate::harness::client::small;
use crate::harness::{TEST, World, on_both};

async fn found(world: &World) -> Vec<(&'static str, String)> {
    let found: Vec<Finding> = world.app.read(soundness::digests).await.unwrap().found;
    found.into_iter().map(|one| (one.code, one.id)).collect()
}

/// Cuts this many events off the end of a case's chain, as somebody does who knows how chains are made: the head is set back.
pub(crate) fn cut(case: &str, events: usize) -> String {
    let newest = format!("(SELECT audit_seq FROM cases WHERE id = '{case}')");
    format!(
        "DELETE FROM audit_events WHERE chain = '{case}' AND seq > {newest} - {events}; \
         UPDATE cases SET audit_seq = audit_seq - {events}, audit_head = (SELECT hash FROM audit_events WHERE chain = '{case}' \
         AND seq = (SELECT max(seq) FROM audit_events WHERE chain = '{case}')) WHERE id = '{case}'"
    )
}

/// The case, and every row that hangs on it.
pub(crate) fn gone(case: &str) -> String {
    let of_case = ["alarms", "assessments", "blind_indexes", "clocks", "readings", "notes", "left_out", "reports"];
    let of_case: Vec<String> =
        of_case.iter().map(|table| format!("DELETE FROM {table} WHERE case_id = '{case}'")).collect();
    let events = format!(
        "DELETE FROM deliveries; DELETE FROM events WHERE report_id IN (SELECT id FROM reports WHERE case_id = '{case}')"
    );
    format!(
        "{events}; {}; DELETE FROM key_wraps WHERE owner = '{case}'; DELETE FROM idempotency WHERE owner = '{case}'; DELETE FROM \
         audit_events WHERE chain = '{case}'; DELETE FROM cases WHERE id = '{case}'",
        of_case.join("; ")
    )
}

#[test]
fn what_was_cut_or_removed_since_the_newest_digest_is_missed_by_its_name() {
    on_both(|world| async move {
        let spark = world.platform("spark").await;
        let lead = world.staff(Role::SafeguardingLead).await;
        let mut cases = Vec::new();
        for n in 0..4 {
            let mut body = small(&format!("H-{n}"));
            body["reporter"]["platform_account_ref"] = json!(format!("reporter-{n}"));
            spark.submit(&body).await;
            let case = lead.case_of(&format!("H-{n}")).await;
            lead.case(&case).await;
            lead.case(&case).await;
            cases.push(case);
        }
        jobs::once(&world.app, "sign").await.unwrap();
        // The record goes on, and so does the world.
        lead.case(&cases[0]).await;
        lead.case(&cases[1]).await;
        world.pass(60);
        assert_eq!(found(&world).await, []);
        let whole = async |case: &str| {
            let chain = case.to_owned();
            let look = world.app.read(move |rx| {
                let head = audit::heads(rx, "", 1_000)?.into_iter().find(|(id, _)| *id == chain).unwrap().1;
                let keyring = &rx.kit().keyring;
                audit::verify(rx, keyring, &chain, &head)
            });
            look.await.unwrap()
        };
        // One event behind the digest is cut, which nothing knows; then one more, which it knows.
        world.tamper(&cut(&cases[0], 1));
        assert_eq!((found(&world).await, whole(&cases[0]).await), (Vec::new(), true));
        world.tamper(&cut(&cases[0], 1));
        assert_eq!((found(&world).await, whole(&cases[0]).await), (vec![("chain_cut", cases[0].clone())], true));
        // What is recorded from there on does not hide it.
        lead.case(&cases[0]).await;
        lead.case(&cases[0]).await;
        assert_eq!((found(&world).await, whole(&cases[0]).await), (vec![("chain_cut", cases[0].clone())], true));
        world.tamper(&gone(&cases[2]));
        let missed = vec![("chain_cut", cases[0].clone()), ("chain_gone", cases[2].clone())];
        let mut all = found(&world).await;
        all.sort();
        assert_eq!(all, missed);
        let (code, said) = check(&world, &[]);
        let problems = wrong(&said, "problems");
        assert_eq!(code, Some(1));
        for code in ["audit_events chain_cut", "audit_events chain_gone"] {
            assert!(problems.contains(code), "{code}: {problems:?}");
        }
        // Whoever takes the case out of what is kept as well changes what was signed.
        for edit in ["UPDATE audit_heads SET heads = '[]'", "DELETE FROM audit_heads"] {
            world.tamper(edit);
            assert!(found(&world).await.iter().any(|(code, _)| *code == "heads_changed"), "{edit}");
        }
    });
}

#[test]
fn a_digest_that_is_taken_away_or_made_up_is_found_and_what_is_kept_stays_small() {
    on_both(|world| async move {
        world.staff(Role::Lead).await;
        world.platform("spark").await;
        for _ in 0..3 {
            world.pass(60);
            jobs::once(&world.app, "sign").await.unwrap();
        }
        // In pages of one chain each, as of a world with more chains than one page has.
        world.pass(60);
        let (at, heads) = world.app.read(|rx| Ok((rx.now(), audit::heads(rx, "", 1_000)?))).await.unwrap();
        assert!(heads.len() > 1, "{heads:?}");
        let sign = world.app.write(TEST, move |tx| {
            let mut digest = HeadsDigest::begin(at);
            for head in &heads {
                let page = digest.take(std::slice::from_ref(head))?;
                audit::keep_heads(tx, &page)?;
            }
            let keyring = &tx.kit().keyring;
            digest.sign(tx, keyring)
        });
        sign.await.unwrap();
        assert_eq!(found(&world).await, []);
        world.tamper("CREATE TABLE kept AS SELECT * FROM audit_digests");
        world.tamper("CREATE TABLE kept_heads AS SELECT * FROM audit_heads");
        let at = |n: usize| format!("at = (SELECT at FROM kept ORDER BY at LIMIT 1 OFFSET {n})");
        for (edit, wanted) in [
            (format!("DELETE FROM audit_digests WHERE {}", at(0)), "digest_gone"),
            (format!("DELETE FROM audit_digests WHERE {}", at(1)), "digest_gone"),
            (format!("DELETE FROM audit_digests WHERE {}", at(2)), "digest_gone"),
            (format!("UPDATE audit_digests SET chains = chains - 1 WHERE {}", at(1)), "digest_changed"),
            (format!("UPDATE audit_digests SET at = at + 600000000 WHERE {}", at(1)), "digest_changed"),
            (format!("UPDATE audit_digests SET previous = signature WHERE {}", at(1)), "digest_changed"),
            // The newest is taken away, and with it all that was kept: what is left is no longer known.
            (format!("DELETE FROM audit_digests WHERE {}", at(3)), "heads_changed"),
            ("UPDATE audit_heads SET page = page + 10 WHERE page = 2".to_owned(), "heads_changed"),
            ("DELETE FROM audit_heads WHERE page = 1".to_owned(), "heads_changed"),
        ] {
            world.tamper(&edit);
            let found = found(&world).await;
            assert!(found.iter().any(|(code, _)| *code == wanted), "{edit}: {found:?}");
            world.tamper("DELETE FROM audit_digests; INSERT INTO audit_digests SELECT * FROM kept");
            world.tamper("DELETE FROM audit_heads; INSERT INTO audit_heads SELECT * FROM kept_heads");
        }
        assert_eq!(found(&world).await, [], "everything was put back");
    });
}
