//! Somebody who can write to the database writes rows that grant something: an account, a session, a credential. Each edit
//! is made by itself, refused where it would be used, found by `check`, and put back.

use recourse::base::secret::{Sensitive, hex, new_token, sha256};
use recourse::domain::people::staff::{self, Role};
use recourse::domain::terms::Mode;
use recourse::domain::watch::soundness::{self, Finding};
use reqwest::Method;

use crate::harness::client::{Caller, Platform, Staff};
use crate::harness::{TEST, World, on_both};

/// Where an edit would be used.
#[derive(Clone)]
enum Used {
    /// This token signs in a colleague.
    Session(String),
    /// This name has an account.
    Account(String),
    /// This credential gets a token.
    Credential(String, String),
    /// This access token counts.
    Token(String),
}

impl Used {
    async fn holds(&self, world: &World) -> bool {
        match self {
            Self::Session(token) => holds(world.caller(token).get("/v1/triage/queues").await.status),
            Self::Token(token) => holds(world.caller(token).get("/v1/status").await.status),
            Self::Credential(id, secret) => {
                let request = world.caller("").request(Method::POST, "/oauth/token").basic_auth(id, Some(secret));
                let form = request.header("Content-Type", "application/x-www-form-urlencoded");
                holds(Caller::send(form.body("grant_type=client_credentials")).await.status)
            }
            Self::Account(name) => {
                let name = name.clone();
                world.app.read(move |rx| Ok(staff::account(rx, &name)?.is_some())).await.unwrap()
            }
        }
    }
}

fn holds(status: u16) -> bool {
    assert!(status == 200 || status == 401, "{status}");
    status == 200
}

/// An edit of a table, who would have gained by it, and whether they have the right without it.
struct Edit {
    table: &'static str,
    sql: String,
    used: Used,
    is_right_before: bool,
}

/// Bytes as the database writes them.
pub(crate) fn literal(world: &World, bytes: &[u8]) -> String {
    let hex = hex(bytes);
    if world.config.database_url.is_some() { format!("'\\x{hex}'") } else { format!("x'{hex}'") }
}

async fn forged(world: &World) -> Vec<Finding> {
    world.app.read(soundness::proofs).await.unwrap()
}

/// Those whose rows are edited.
struct People {
    who: Staff,
    lead: Staff,
    closed: Staff,
    live: Platform,
    trial: Platform,
    revoked: Platform,
    other: Platform,
}

impl People {
    async fn come(world: &World) -> Self {
        let closed = world.staff(Role::SafeguardingLead).await;
        let revoked = world.platform("spark").await;
        let (name, client) = (closed.username.clone(), revoked.client_id.parse().unwrap());
        let end = world.app.write(TEST, move |tx| {
            recourse::domain::casework::colleagues::close(tx, &name)?;
            recourse::domain::webhooks::revoke_client(tx, &client)
        });
        end.await.unwrap();
        Self {
            who: world.staff(Role::Advocate).await,
            lead: world.staff(Role::SafeguardingLead).await,
            closed,
            live: world.platform("spark").await,
            trial: world.platform_with("spark", Mode::Test, &[]).await,
            revoked,
            other: world.platform("ember").await,
        }
    }
}

fn of_accounts(p: &People) -> Vec<Edit> {
    let (who, closed, lead) = (&p.who.id, &p.closed.id, &p.lead.id);
    let edit = |set: &str| Edit {
        table: "staff",
        sql: format!("UPDATE staff SET {set} WHERE id = '{who}'"),
        used: Used::Session(p.who.caller.token.clone()),
        is_right_before: true,
    };
    let of_lead = |column: &str| format!("{column} = (SELECT o.{column} FROM staff o WHERE o.id = '{lead}')");
    let mut all = vec![
        edit("role = 'safeguarding_lead'"),
        edit("queues = queues || ' children'"),
        edit("queues = ''"),
        edit("password_hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA'"),
        edit(&of_lead("totp_secret")),
        edit("created_at = created_at + 1"),
        edit("mac = (SELECT o.mac FROM staff o WHERE o.role = 'safeguarding_lead' AND o.active)"),
        // A column of one moved to the next.
        edit("username = username || 'a', role = 'advocate'"),
        edit("mail = totp_secret"),
    ];
    all.push(Edit {
        used: Used::Account(p.closed.username.clone()),
        sql: format!("UPDATE staff SET active = TRUE WHERE id = '{closed}'"),
        table: "staff",
        is_right_before: false,
    });
    all.push(Edit {
        used: Used::Account("nobody-here".to_owned()),
        sql: format!(
            "UPDATE staff SET id = 'stf_00000000000000000000000001', username = 'nobody-here' WHERE id = '{lead}'"
        ),
        table: "staff",
        is_right_before: false,
    });
    all
}

fn of_sessions(world: &World, p: &People) -> Vec<Edit> {
    let own = new_token("rcs_staff").into_exposed();
    let (hash, none) = (literal(world, &sha256(own.as_bytes())), literal(world, &[0; 32]));
    let made = format!(
        "INSERT INTO staff_sessions (id, token_hash, staff_id, epoch, created_at, expires_at, seen_at, mac) SELECT \
         'ses_00000000000000000000000001', {hash}, staff_id, epoch, created_at, expires_at, seen_at"
    );
    let from = format!("FROM staff_sessions WHERE staff_id = '{}'", p.lead.id);
    let new =
        |sql: String| Edit { table: "staff_sessions", sql, used: Used::Session(own.clone()), is_right_before: false };
    let mine = |set: &str| Edit {
        table: "staff_sessions",
        sql: format!("UPDATE staff_sessions SET {set} WHERE staff_id = '{}'", p.who.id),
        used: Used::Session(p.who.caller.token.clone()),
        is_right_before: true,
    };
    vec![
        new(format!("{made}, {none} {from}")),
        new(format!("{made}, {hash} {from}")),
        new(format!("{made}, mac {from}")),
        new(format!("UPDATE staff_sessions SET token_hash = {hash} WHERE staff_id = '{}'", p.lead.id)),
        mine(&format!("staff_id = '{}'", p.lead.id)),
        mine("expires_at = expires_at + 86400000000"),
        mine("created_at = created_at - 1"),
        mine("id = 'ses_00000000000000000000000001'"),
    ]
}

fn of_clients(world: &World, p: &People) -> Vec<Edit> {
    let own = new_token("rcs_live").into_exposed();
    let hash = literal(world, &sha256(own.as_bytes()));
    let new_id = "plc_00000000000000000000000001";
    let made = format!(
        "INSERT INTO platform_clients (id, platform_id, mode, secret_hash, scopes, epoch, created_at, mac) SELECT \
         '{new_id}', platform_id, mode, {hash}, scopes, epoch, created_at, mac FROM platform_clients WHERE id = '{}'",
        p.live.client_id
    );
    let of = |client: &Platform, set: &str, used: Used| Edit {
        table: "platform_clients",
        sql: format!("UPDATE platform_clients SET {set} WHERE id = '{}'", client.client_id),
        is_right_before: client.client_id != p.revoked.client_id,
        used,
    };
    let secret = |client: &Platform| Used::Credential(client.client_id.clone(), client.client_secret.clone());
    let token = |client: &Platform| Used::Token(client.caller.token.clone());
    let of_other = format!("(SELECT o.platform_id FROM platform_clients o WHERE o.id = '{}')", p.other.client_id);
    let mut all = vec![
        of(&p.live, "scopes = 'reports:read'", secret(&p.live)),
        of(&p.live, &format!("platform_id = {of_other}"), token(&p.live)),
        of(&p.live, "created_at = 1", token(&p.live)),
        of(&p.trial, "mode = 'live'", secret(&p.trial)),
        of(&p.trial, "scopes = 'reports:write reports:read requests:write'", token(&p.trial)),
        of(&p.revoked, "revoked_at = NULL", secret(&p.revoked)),
        of(&p.revoked, "revoked_at = NULL, epoch = 1", token(&p.revoked)),
    ];
    let with_own = |sql: String, id: &str| Edit {
        table: "platform_clients",
        sql,
        used: Used::Credential(id.to_owned(), own.clone()),
        is_right_before: false,
    };
    all.push(with_own(made, new_id));
    let id = p.live.client_id.as_str();
    all.push(with_own(format!("UPDATE platform_clients SET secret_hash = {hash} WHERE id = '{id}'"), id));
    all
}

#[test]
fn a_row_that_somebody_else_wrote_grants_nothing_and_is_found() {
    on_both(|world| async move {
        let people = People::come(&world).await;
        assert!(forged(&world).await.is_empty());
        let edits = of_accounts(&people).into_iter().chain(of_sessions(&world, &people));
        for edit in edits.chain(of_clients(&world, &people)) {
            let Edit { table, sql, used, is_right_before } = edit;
            assert_eq!(used.holds(&world).await, is_right_before, "before {sql}");
            world.tamper(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
            world.tamper(&sql);
            assert!(!used.holds(&world).await, "{sql}");
            let found = forged(&world).await;
            assert!(found.iter().any(|one| one.table == table && one.code == "not_as_written"), "{sql}: {found:?}");
            // Nobody else is kept from their work by it.
            let works = Used::Token(people.other.caller.token.clone()).holds(&world).await;
            assert!(works, "{sql}");
            world.tamper(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept"));
            assert_eq!(used.holds(&world).await, is_right_before, "after {sql}");
        }
        assert!(forged(&world).await.is_empty(), "everything was put back");
    });
}

#[test]
fn a_change_does_not_make_good_what_somebody_else_wrote_and_the_row_can_be_closed() {
    on_both(|world| async move {
        let who = world.staff(Role::Advocate).await;
        let spark = world.platform("spark").await;
        world.tamper(&format!("UPDATE staff SET role = 'safeguarding_lead' WHERE id = '{}'", who.id));
        world.tamper(&format!("UPDATE platform_clients SET epoch = 7 WHERE id = '{}'", spark.client_id));
        let (name, client) = (who.username.clone(), spark.client_id.parse().unwrap());
        let change = world.app.write(TEST, move |tx| {
            let queues = [recourse::domain::triage::Queue::Fraud];
            let queues = recourse::domain::casework::colleagues::set_queues(tx, &name, &queues).is_err();
            let secret = recourse::domain::webhooks::rotate_client(tx, &client).is_err();
            Ok((queues, secret))
        });
        assert_eq!(change.await.unwrap(), (true, true));
        assert_eq!(forged(&world).await.len(), 2);
        let (name, client) = (who.username.clone(), spark.client_id.parse().unwrap());
        let end = world.app.write(TEST, move |tx| {
            recourse::domain::casework::colleagues::close(tx, &name)?;
            recourse::domain::webhooks::revoke_client(tx, &client)
        });
        end.await.unwrap();
        assert_eq!(forged(&world).await, []);
        for used in [Used::Session(who.caller.token.clone()), Used::Token(spark.caller.token.clone())] {
            assert!(!used.holds(&world).await);
        }
        let name = Sensitive::new(who.username.clone());
        assert!(!Used::Account(name.into_exposed()).holds(&world).await);
    });
}
