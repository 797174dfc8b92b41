//! What somebody who can write to the database can try, kind by kind, and what becomes of it: refused, found by `recourse
//! check`, or named in decision 35 as not found. A test walks the table on both databases.

use super::Gain::{
    self, Advocate, ClosedAccount, LiveSecret, LiveToken, NewAccount, Nobody, OwnCredential, OwnSecret, OwnSession,
    RevokedSecret, RevokedToken, TrialSecret, TrialToken,
};

/// What becomes of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Whoever would gain by it is turned away, and `check` says so of this table.
    Refused(&'static str),
    /// `check` says so of this table.
    Found(&'static str),
    /// Nothing finds it: decision 35 names it in these words.
    Named(&'static str),
}

use self::Outcome::{Found, Named, Refused};
use super::of_cases::{OF_CASES, OF_THE_RECORD, OF_WALLS};

/// A kind of edit: its name, the tables that it touches, the edit, who would gain by it, and what becomes of it.
pub(super) type Kind = (&'static str, &'static str, &'static str, Gain, Outcome);

const ACCOUNT: Outcome = Refused("staff not_as_written");
const SESSION: Outcome = Refused("staff_sessions not_as_written");
const CLIENT: Outcome = Refused("platform_clients not_as_written");

const OF_ACCOUNTS: &[Kind] = &[
    ("a role raised", "staff", "UPDATE staff SET role = 'safeguarding_lead' WHERE id = '{who}'", Advocate, ACCOUNT),
    ("a queue given", "staff", "UPDATE staff SET queues = queues || ' children' WHERE id = '{who}'", Advocate, ACCOUNT),
    ("all queues taken", "staff", "UPDATE staff SET queues = '' WHERE id = '{who}'", Advocate, ACCOUNT),
    (
        "a password of one's own",
        "staff",
        "UPDATE staff SET password_hash = '$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAA' WHERE id = '{who}'",
        Advocate,
        ACCOUNT,
    ),
    (
        "somebody's second factor",
        "staff",
        "UPDATE staff SET totp_secret = (SELECT o.totp_secret FROM staff o WHERE o.id = '{lead}') WHERE id = '{who}'",
        Advocate,
        ACCOUNT,
    ),
    ("an address for pages", "staff", "UPDATE staff SET mail = totp_secret WHERE id = '{who}'", Advocate, ACCOUNT),
    ("another human", "staff", "UPDATE staff SET person = '{lead}' WHERE id = '{who}'", Advocate, ACCOUNT),
    ("an older account", "staff", "UPDATE staff SET created_at = created_at - 1 WHERE id = '{who}'", Advocate, ACCOUNT),
    (
        "the proof of another's row",
        "staff",
        "UPDATE staff SET mac = (SELECT o.mac FROM staff o WHERE o.id = '{lead}') WHERE id = '{who}'",
        Advocate,
        ACCOUNT,
    ),
    (
        "a letter moved between columns",
        "staff",
        "UPDATE staff SET username = username || 'a', role = 'advocate' WHERE id = '{who}'",
        Advocate,
        ACCOUNT,
    ),
    (
        "a closed account opened",
        "staff",
        "UPDATE staff SET active = TRUE WHERE id = '{closed}'",
        ClosedAccount,
        ACCOUNT,
    ),
    (
        "an account made up",
        "staff",
        "UPDATE staff SET id = 'stf_00000000000000000000000001', username = 'nobody-here' WHERE id = '{lead}'",
        NewAccount,
        ACCOUNT,
    ),
    (
        "an account closed in its row",
        "staff",
        "UPDATE staff SET active = FALSE WHERE id = '{who}'",
        Advocate,
        Refused("staff account_not_recorded"),
    ),
    (
        "the door forgets",
        "sign_ins",
        "UPDATE sign_ins SET used_codes = '1' WHERE staff_id = '{who}'",
        Nobody,
        Found("sign_ins not_as_written"),
    ),
    (
        "the door is gone",
        "sign_ins",
        "DELETE FROM sign_ins WHERE staff_id = '{who}'",
        Nobody,
        Found("sign_ins not_as_written"),
    ),
];

const MADE: &str = "INSERT INTO staff_sessions (id, token_hash, staff_id, epoch, created_at, expires_at, seen_at, mac) SELECT \
                    'ses_00000000000000000000000001', {own}, staff_id, epoch, created_at, expires_at, seen_at, ";

const OF_SESSIONS: &[Kind] = &[
    (
        "a session made up",
        "staff_sessions",
        "{made} {zero} FROM staff_sessions WHERE staff_id = '{lead}'",
        OwnSession,
        SESSION,
    ),
    (
        "a session with another's proof",
        "staff_sessions",
        "{made} mac FROM staff_sessions WHERE staff_id = '{lead}'",
        OwnSession,
        SESSION,
    ),
    (
        "a session with its token for a proof",
        "staff_sessions",
        "{made} {own} FROM staff_sessions WHERE staff_id = '{lead}'",
        OwnSession,
        SESSION,
    ),
    (
        "a token of one's own",
        "staff_sessions",
        "UPDATE staff_sessions SET token_hash = {own} WHERE staff_id = '{lead}'",
        OwnSession,
        SESSION,
    ),
    (
        "a session given to another",
        "staff_sessions",
        "UPDATE staff_sessions SET staff_id = '{lead}' WHERE staff_id = '{who}'",
        Advocate,
        SESSION,
    ),
    (
        "a session made longer",
        "staff_sessions",
        "UPDATE staff_sessions SET expires_at = expires_at + 86400000000 WHERE staff_id = '{who}'",
        Advocate,
        SESSION,
    ),
    (
        "a session made older",
        "staff_sessions",
        "UPDATE staff_sessions SET created_at = created_at - 1 WHERE staff_id = '{who}'",
        Advocate,
        SESSION,
    ),
    (
        "a session renamed",
        "staff_sessions",
        "UPDATE staff_sessions SET id = 'ses_00000000000000000000000001' WHERE staff_id = '{who}'",
        Advocate,
        SESSION,
    ),
    (
        "a session put back",
        "staff_sessions",
        "INSERT INTO staff_sessions SELECT * FROM signed_out",
        Nobody,
        Named("Put back a session"),
    ),
    (
        "a session kept awake",
        "staff_sessions",
        "UPDATE staff_sessions SET seen_at = seen_at + 60000000 WHERE staff_id = '{who}'",
        Nobody,
        Named("Keep a session awake"),
    ),
];

const OF_CREDENTIALS: &[Kind] = &[
    (
        "scopes taken",
        "platform_clients",
        "UPDATE platform_clients SET scopes = 'reports:read' WHERE id = '{live}'",
        LiveSecret,
        CLIENT,
    ),
    (
        "scopes given",
        "platform_clients",
        "UPDATE platform_clients SET scopes = scopes || ' metrics:read' WHERE id = '{trial}'",
        TrialToken,
        CLIENT,
    ),
    (
        "a credential of another platform",
        "platform_clients",
        "UPDATE platform_clients SET platform_id = {ember} WHERE id = '{live}'",
        LiveToken,
        CLIENT,
    ),
    (
        "an older credential",
        "platform_clients",
        "UPDATE platform_clients SET created_at = 1 WHERE id = '{live}'",
        LiveToken,
        CLIENT,
    ),
    (
        "a trial made live",
        "platform_clients",
        "UPDATE platform_clients SET mode = 'live' WHERE id = '{trial}'",
        TrialSecret,
        CLIENT,
    ),
    (
        "a revocation taken back",
        "platform_clients",
        "UPDATE platform_clients SET revoked_at = NULL WHERE id = '{revoked}'",
        RevokedSecret,
        CLIENT,
    ),
    (
        "an epoch set back",
        "platform_clients",
        "UPDATE platform_clients SET revoked_at = NULL, epoch = 1 WHERE id = '{revoked}'",
        RevokedToken,
        CLIENT,
    ),
    (
        "a credential made up",
        "platform_clients",
        "INSERT INTO platform_clients (id, platform_id, mode, secret_hash, scopes, epoch, created_at, mac) SELECT \
         'plc_00000000000000000000000001', platform_id, mode, {own_secret}, scopes, epoch, created_at, mac FROM platform_clients \
         WHERE id = '{live}'",
        OwnCredential,
        CLIENT,
    ),
    (
        "a secret of one's own",
        "platform_clients",
        "UPDATE platform_clients SET secret_hash = {own_secret} WHERE id = '{live}'",
        OwnSecret,
        CLIENT,
    ),
    (
        "a credential removed",
        "platform_clients",
        "DELETE FROM platform_clients WHERE id = '{trial}'",
        TrialToken,
        Refused("platform_clients client_gone"),
    ),
    (
        "an endpoint proved without its challenge",
        "webhook_endpoints",
        "UPDATE webhook_endpoints SET state = 'active', verified_at = created_at",
        Nobody,
        Named("Prove a receiver"),
    ),
    (
        "an endpoint moved to another platform",
        "webhook_endpoints",
        "UPDATE webhook_endpoints SET platform_id = {ember}",
        Nobody,
        Found("webhook_endpoints does_not_open"),
    ),
];

/// All kinds.
pub(super) fn all() -> Vec<Kind> {
    [OF_ACCOUNTS, OF_SESSIONS, OF_CREDENTIALS, OF_CASES, OF_WALLS, OF_THE_RECORD].concat()
}

/// How a session is made up.
pub(super) const fn made() -> &'static str {
    MADE
}
