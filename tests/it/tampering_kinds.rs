//! Every kind of edit by somebody who can write to the database has the outcome that the table says: each is made by itself,
//! looked at, and put back.

mod of_cases;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use diesel::RunQueryDsl as _;
use recourse::base::secret::{new_token, sha256};
use recourse::domain::casework::colleagues;
use recourse::domain::ledger::audit;
use recourse::domain::people::platforms::Scope;
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::Mode;
use recourse::domain::triage::Queue;
use recourse::domain::unit::Look;
use recourse::domain::watch::soundness::{self, Finding};
use recourse::error::Result;
use recourse::statistics::sound;
use recourse::{domain::webhooks, jobs};
use reqwest::Method;
use serde_json::json;

use self::table::{Kind, Outcome};
use crate::harness::client::{Caller, Platform, Staff, full, small};
use crate::harness::{TEST, World, on_both_with};
use crate::jobs::Counted;
use crate::tampering_heads::{cut, gone};
use crate::tampering_rows::literal;
use crate::walls::walled;
use crate::webhooks::over_loopback;

/// Who would gain by an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gain {
    Nobody,
    Advocate,
    OwnSession,
    ClosedAccount,
    NewAccount,
    LiveToken,
    LiveSecret,
    TrialToken,
    TrialSecret,
    RevokedToken,
    RevokedSecret,
    OwnSecret,
    OwnCredential,
    NamedCase,
}

/// Those whose rows are edited, and the tokens that somebody made up.
struct Scene {
    who: Staff,
    named: Staff,
    closed: Staff,
    live: Platform,
    trial: Platform,
    revoked: Platform,
    own_session: String,
    own_secret: String,
    words: BTreeMap<&'static str, String>,
}

const OF_CASE: &str = "alarms assessments blind_indexes clocks readings notes left_out reports events deliveries key_wraps \
                       idempotency audit_events cases";

impl Scene {
    async fn set(world: &World) -> Self {
        let (closed, revoked) = (world.staff(Role::SafeguardingLead).await, world.platform("spark").await);
        let (name, client) = (closed.username.clone(), revoked.client_id.parse().unwrap());
        let end = world.app.write(TEST, move |tx| {
            colleagues::close(tx, &name)?;
            webhooks::revoke_client(tx, &client)
        });
        end.await.unwrap();
        let (who, lead, mover) = (
            world.staff(Role::Advocate).await,
            world.staff(Role::SafeguardingLead).await,
            world.staff(Role::Lead).await,
        );
        let named = walled(world, Role::Advocate).await;
        let live = world.platform_with("spark", Mode::Live, Scope::ALL).await;
        let trial = world.platform_with("spark", Mode::Test, &[]).await;
        let ember = world.platform("ember").await;
        let hook = json!({"url": "http://127.0.0.1:9/hook", "types": ["report.received"]});
        for platform in [&live, &ember] {
            platform.caller.post("/v1/webhook-endpoints", &hook).await.expect(201);
        }
        world.on_rota(&who, 8).await;
        let mut urgent = full("K-9");
        urgent["answers"] = json!({"not_safe_now": "yes"});
        ember.submit(&urgent).await;
        let report = live.submit(&full("K-1")).await;
        live.submit(&full("K-2")).await;
        let more = json!({"statement": "And then it went on."});
        live.caller.post(&format!("/v1/reports/{report}/additions"), &more).await.expect(201);
        let case = lead.case_of("K-1").await;
        let another = Self::other(&live, &lead, "K-3").await;
        lead.take(&case).await;
        lead.act(&case, "notes", &json!({"text": "read in full"})).await.expect(201);
        let lower = json!({"priority": "p3", "reason_code": "professional_judgement", "text": "It was long ago."});
        lead.act_seen(&case, "priority", &lower).await.expect(202);
        lead.case(&another).await;
        // Something is owed: word of a wall that was met.
        named.caller.get(&format!("/v1/triage/cases/{case}")).await.expect(404);
        jobs::tick(std::sync::Arc::clone(&world.app)).await.unwrap();
        for _ in 0..2 {
            world.pass(1);
            jobs::once(&world.app, "sign").await.unwrap();
        }
        // What happens since then no digest knows.
        lead.case(&another).await;
        let fresh = Self::other(&live, &lead, "K-4").await;
        let theirs = format!("staff_sessions WHERE staff_id = '{}'", mover.id);
        world.tamper(&format!(
            "CREATE TABLE older AS SELECT * FROM staff; CREATE TABLE signed_out AS SELECT * FROM {theirs}"
        ));
        mover.caller.request(Method::DELETE, "/v1/triage/sessions/current").send().await.unwrap();
        let name = mover.username.clone();
        world.app.write(TEST, move |tx| colleagues::set_queues(tx, &name, &[Queue::Fraud])).await.unwrap();
        let (own_session, own_secret) = (new_token("rcs_staff").into_exposed(), new_token("rcs_live").into_exposed());
        let of = |word: &str| literal(world, &sha256(word.as_bytes()));
        let words = BTreeMap::from([
            ("made", table::made().to_owned()),
            ("who", who.id.clone()),
            ("lead", lead.id.clone()),
            ("mover", mover.id.clone()),
            ("named", named.id.clone()),
            ("closed", closed.id.clone()),
            ("live", live.client_id.clone()),
            ("trial", trial.client_id.clone()),
            ("revoked", revoked.client_id.clone()),
            ("ember", "(SELECT id FROM platforms WHERE slug = 'ember')".to_owned()),
            ("first", format!("(SELECT min(id) FROM reports WHERE case_id = '{case}')")),
            ("own", of(&own_session)),
            ("own_secret", of(&own_secret)),
            ("zero", literal(world, &[0; 32])),
            ("cut_case", cut(&case, 1)),
            ("cut_another", cut(&another, 1)),
            ("gone_case", gone(&case)),
            ("gone_fresh", gone(&fresh)),
            ("of_case", OF_CASE.to_owned()),
            ("case", case),
            ("another", another),
        ]);
        Self { who, named, closed, live, trial, revoked, own_session, own_secret, words }
    }

    async fn other(spark: &Platform, lead: &Staff, reference: &str) -> String {
        let mut body = small(reference);
        body["reporter"]["platform_account_ref"] = json!(format!("by-{reference}"));
        spark.submit(&body).await;
        lead.case_of(reference).await
    }

    /// The text with every name in braces replaced, also within what was put there.
    fn told(&self, text: &str) -> String {
        let told = |text: String, (name, word): (&&str, &String)| text.replace(&format!("{{{name}}}"), word);
        let once = self.words.iter().fold(text.to_owned(), told);
        self.words.iter().fold(once, told)
    }

    /// Whether it is given now.
    async fn is_given(&self, world: &World, gain: Gain) -> bool {
        let status = match gain {
            Gain::Nobody => return false,
            Gain::ClosedAccount => return is_account(world, self.closed.username.clone()).await,
            Gain::NewAccount => return is_account(world, "nobody-here".to_owned()).await,
            Gain::Advocate => self.who.caller.get("/v1/triage/queues").await.status,
            Gain::OwnSession => world.caller(&self.own_session).get("/v1/triage/queues").await.status,
            Gain::NamedCase => self.named.caller.get(&self.told("/v1/triage/cases/{case}")).await.status,
            Gain::LiveToken => self.live.caller.get("/v1/status").await.status,
            Gain::TrialToken => self.trial.caller.get("/v1/status").await.status,
            Gain::RevokedToken => self.revoked.caller.get("/v1/status").await.status,
            Gain::LiveSecret => token(world, &self.live.client_id, &self.live.client_secret).await,
            Gain::TrialSecret => token(world, &self.trial.client_id, &self.trial.client_secret).await,
            Gain::RevokedSecret => token(world, &self.revoked.client_id, &self.revoked.client_secret).await,
            Gain::OwnSecret => token(world, &self.live.client_id, &self.own_secret).await,
            Gain::OwnCredential => token(world, "plc_00000000000000000000000001", &self.own_secret).await,
        };
        let refused = if gain == Gain::NamedCase { 404 } else { 401 };
        assert!(status == 200 || status == refused, "{gain:?}: {status}");
        status == 200
    }
}

/// Whether it is somebody's without any edit.
fn is_right(gain: Gain) -> bool {
    [Gain::Advocate, Gain::LiveToken, Gain::LiveSecret, Gain::TrialToken, Gain::TrialSecret].contains(&gain)
}

async fn is_account(world: &World, name: String) -> bool {
    world.app.read(move |rx| Ok(staff::account(rx, &name)?.is_some())).await.unwrap()
}

async fn token(world: &World, id: &str, secret: &str) -> u16 {
    let request = world.caller("").request(Method::POST, "/oauth/token").basic_auth(id, Some(secret));
    let form = request.header("Content-Type", "application/x-www-form-urlencoded");
    Caller::send(form.body("grant_type=client_credentials")).await.status
}

/// Whatever `recourse check` looks at that somebody could have changed, each as `table code`.
async fn found(world: &World) -> BTreeSet<String> {
    let mark = world.app.high_water().unwrap().unwrap();
    let mut found = world.app.read(looked).await.unwrap();
    if world.app.lacks_digest(&mark).await.unwrap() {
        found.insert("audit_digests digest_gone".to_owned());
    }
    found
}

fn looked(rx: &mut Look<'_>) -> Result<BTreeSet<String>> {
    let keyring = &rx.kit().keyring;
    let heads = audit::heads(rx, "", 1_000)?;
    let owners: Vec<String> = heads.iter().map(|(id, _)| id.clone()).collect();
    let mut all: Vec<Finding> = soundness::proofs(rx)?;
    all.extend(soundness::records(rx, &owners)?);
    all.extend(soundness::names(rx, &owners)?);
    all.extend(soundness::digests(rx)?.found);
    all.extend(soundness::pairs(rx)?);
    all.extend(soundness::contradictions(rx, "", 1_000)?.0);
    all.extend(soundness::seals(rx, &sound::tables(), &owners, &mut BTreeMap::new())?);
    let mut words: BTreeSet<String> = all.iter().map(|one| format!("{} {}", one.table, one.code)).collect();
    for (chain, head) in heads {
        if !audit::verify(rx, keyring, &chain, &head)? {
            words.insert("audit_events chain_broken".to_owned());
        }
    }
    Ok(words)
}

/// How many rows of the table differ from those that are kept.
async fn differing(world: &World, table: &str) -> i64 {
    let statement = format!(
        "SELECT (SELECT count(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM kept_{table}) a) + (SELECT count(*) FROM \
         (SELECT * FROM kept_{table} EXCEPT SELECT * FROM {table}) b) AS n"
    );
    let rows: Vec<Counted> = world.app.read(move |rx| Ok(diesel::sql_query(statement).load(rx.conn())?)).await.unwrap();
    rows[0].n
}

async fn walk(world: &World, scene: &Scene, kind: &Kind) {
    let (name, tables, edit, gain, outcome) = *kind;
    let (tables, edit) = (scene.told(tables), scene.told(edit));
    let tables: Vec<&str> = tables.split_whitespace().collect();
    assert_eq!(scene.is_given(world, gain).await, is_right(gain), "before {name}");
    let keep = tables.iter().map(|table| format!("CREATE TABLE kept_{table} AS SELECT * FROM {table};"));
    world.tamper(&format!("{} {edit}", keep.collect::<String>()));
    let mut changed = 0;
    for table in &tables {
        changed += differing(world, table).await;
    }
    assert!(changed > 0 || tables.is_empty(), "{name} changes nothing: {edit}");
    let found = found(world).await;
    match outcome {
        Outcome::Refused(code) => {
            assert!(!scene.is_given(world, gain).await, "{name} is of use");
            assert!(found.contains(code), "{name}: {code} is not among {found:?}");
        }
        Outcome::Found(code) => assert!(found.contains(code), "{name}: {code} is not among {found:?}"),
        Outcome::Named(_) => {
            assert_eq!(found, BTreeSet::new(), "{name} is found: say so, and take it out of decision 35");
        }
    }
    let back = tables.iter().map(|table| {
        format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}; DROP TABLE kept_{table};")
    });
    let back: String = back.collect();
    if !back.is_empty() {
        world.tamper(&back);
    }
    assert_eq!(scene.is_given(world, gain).await, is_right(gain), "after {name}");
}

#[test]
fn each_kind_of_edit_has_the_outcome_that_is_said_of_it() {
    on_both_with(over_loopback, |world| async move {
        let scene = Scene::set(&world).await;
        assert_eq!(found(&world).await, BTreeSet::new());
        for kind in table::all() {
            walk(&world, &scene, &kind).await;
        }
        assert_eq!(found(&world).await, BTreeSet::new(), "everything was put back");
    });
}

#[test]
fn at_least_forty_kinds_are_tried_and_decision_35_names_those_that_nothing_finds() {
    let all = table::all();
    let kinds: BTreeSet<&str> = all.iter().map(|kind| kind.0).collect();
    assert_eq!(kinds.len(), all.len(), "each kind once");
    assert!(kinds.len() >= 40, "{}", kinds.len());
    let decision = include_str!("../../docs/decisions/0035-proofs-of-rows.md");
    let (_, list) = decision.split_once("**What a database writer still can do.**").unwrap();
    let bullets = list.lines().filter_map(|line| line.strip_prefix("- *")?.split_once('*'));
    let said: BTreeSet<&str> = bullets.map(|(words, _)| words).collect();
    let tried: BTreeSet<&str> =
        all.iter().filter_map(|kind| if let Outcome::Named(words) = kind.4 { Some(words) } else { None }).collect();
    assert_eq!(said, tried);
}
