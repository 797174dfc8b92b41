//! Whether every sealed value opens where it stands. A kind of owner that seals something new gets its rows here.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::Serialize;

use super::Finding;
use crate::db::perhaps::Perhaps;
use crate::db::schema::{
    acts, additions, assessments, declarations, deliveries, idempotency, left_out, notes, reports, requests, staff,
    webhook_endpoints, webhook_secrets,
};
use crate::domain::unit::Look;
use crate::domain::vault::{Keyring, Keys, Opened, Scope, SealedAt};
use crate::error::Result;

/// How many values of a scope open, were erased, or are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seals {
    /// They open.
    pub opens: u64,
    /// Their key was destroyed on purpose.
    pub erased: u64,
    /// They do not open.
    pub wrong: u64,
}

/// A sealed value: table, row, owner, scope, column, and what is sealed.
struct Value {
    table: &'static str,
    row: String,
    owner: String,
    scope: Scope,
    field: &'static str,
    bytes: Vec<u8>,
}

/// Columns as they are read here: one that is damaged is named elsewhere, and hides none of the others.
type Word = Perhaps<String>;
type Bytes = Perhaps<Vec<u8>>;
type SomeBytes = Perhaps<Option<Vec<u8>>>;

/// Tries every sealed value of the owners, and their keys.
///
/// # Errors
/// What the database says.
pub fn seals(
    rx: &mut Look<'_>,
    keyring: &Keyring,
    owners: &[String],
    counts: &mut BTreeMap<&'static str, Seals>,
) -> Result<Vec<Finding>> {
    let (mut found, mut gone) = (Vec::new(), BTreeSet::new());
    let mut keys = Keys::load_many(rx, keyring, owners)?;
    for (owner, keys) in &mut keys {
        for scope in keys.unopenable() {
            found.push(Finding {
                code: "key_does_not_open",
                table: "key_wraps",
                id: format!("{owner} {scope}"),
                detail: "the keyring does not open this key: the row was changed; restore it from a backup",
            });
        }
    }
    for value in values(rx, owners)? {
        let Some(keys) = keys.get_mut(&value.owner) else { continue };
        let count = counts.entry(value.scope.as_str()).or_default();
        match keys.try_open(&SealedAt { scope: value.scope, field: value.field, row: &value.row }, &value.bytes) {
            Opened::Yes => count.opens += 1,
            Opened::Erased => {
                count.erased += 1;
                if gone.insert((value.owner.clone(), value.scope.as_str())) {
                    found.push(Finding {
                        code: "key_gone",
                        table: "key_wraps",
                        id: format!("{} {}", value.owner, value.scope.as_str()),
                        detail: "content is here, and the key that opens it is not, with no erasure on record: put the row \
                                 back from a backup that is older",
                    });
                }
            }
            Opened::No => {
                count.wrong += 1;
                found.push(Finding {
                    code: "does_not_open",
                    table: value.table,
                    id: value.row,
                    detail: "a sealed column was changed or moved: restore the row from a backup",
                });
            }
        }
    }
    Ok(found)
}

fn values(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    let mut all = of_reports(rx, owners)?;
    all.extend(of_additions(rx, owners)?);
    all.extend(of_left_out(rx, owners)?);
    all.extend(of_work(rx, owners)?);
    all.extend(of_requests(rx, owners)?);
    all.extend(of_staff(rx, owners)?);
    all.extend(of_endpoints(rx, owners)?);
    all.extend(of_answers(rx, owners)?);
    Ok(all)
}

/// The values of one row that are there.
fn row<const N: usize>(
    table: &'static str,
    (row, owner): (&Word, &Word),
    columns: [(Scope, &'static str, Option<Vec<u8>>); N],
) -> Vec<Value> {
    let (Some(row), Some(owner)) = (&row.0, &owner.0) else { return Vec::new() };
    let value = |(scope, field, bytes): (Scope, &'static str, Option<Vec<u8>>)| {
        bytes.map(|bytes| Value { table, row: row.clone(), owner: owner.clone(), scope, field, bytes })
    };
    columns.into_iter().filter_map(value).collect()
}

fn of_reports(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use reports as t;
    type Row = (Word, Word, Bytes, Bytes, Bytes, SomeBytes, SomeBytes);
    let rows: Vec<Row> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::id, t::case_id, t::statement, t::identity, t::answers, t::contact, t::subject))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, case, statement, identity, answers, contact, subject)| {
        let columns = [
            (Scope::Statement, "statement", statement.0),
            (Scope::Identity, "identity", identity.0),
            (Scope::Answers, "answers", answers.0),
            (Scope::Contact, "contact", contact.0.flatten()),
            (Scope::Subject, "subject", subject.0.flatten()),
        ];
        row("reports", (&id, &case), columns)
    });
    Ok(values.collect())
}

fn of_additions(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use additions as t;
    let rows: Vec<(Word, Word, SomeBytes, SomeBytes, SomeBytes)> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::id, t::case_id, t::statement, t::answers, t::subject))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, case, statement, answers, subject)| {
        let columns = [
            (Scope::Statement, "addition", statement.0.flatten()),
            (Scope::Answers, "addition", answers.0.flatten()),
            (Scope::Subject, "addition", subject.0.flatten()),
        ];
        row("additions", (&id, &case), columns)
    });
    Ok(values.collect())
}

/// What could not be used of reports and additions.
fn of_left_out(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use left_out as t;
    let rows: Vec<(Word, Word, Word, Bytes)> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::source, t::case_id, t::scope, t::body))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(source, case, scope, body)| {
        // A scope that nobody knows opens nothing, which is what is to be said of it.
        let scope = scope.0.unwrap_or_default();
        let known = Scope::ALL.into_iter().find(|known| known.as_str() == scope).unwrap_or(Scope::Secret);
        row("left_out", (&source, &case), [(known, "left_out", body.0)])
    });
    Ok(values.collect())
}

/// What the rules and the colleagues wrote down.
fn of_work(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    type Row = (Word, Word, Bytes);
    let assessed: Vec<Row> = assessments::table
        .filter(assessments::case_id.eq_any(owners))
        .select((assessments::id, assessments::case_id, assessments::body))
        .load(rx.conn())?;
    let noted: Vec<Row> = notes::table
        .filter(notes::case_id.eq_any(owners))
        .select((notes::id, notes::case_id, notes::body))
        .load(rx.conn())?;
    let proposed: Vec<Row> = acts::table
        .filter(acts::case_id.eq_any(owners))
        .select((acts::id, acts::case_id, acts::body))
        .load(rx.conn())?;
    let mut all = Vec::new();
    let kinds = [
        ("assessments", Scope::Answers, "assessment", assessed),
        ("notes", Scope::Notes, "body", noted),
        ("acts", Scope::Notes, "act", proposed),
    ];
    for (table, scope, field, rows) in kinds {
        for (id, case, body) in rows {
            all.extend(row(table, (&id, &case), [(scope, field, body.0)]));
        }
    }
    Ok(all)
}

fn of_requests(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use requests as t;
    let rows: Vec<(Word, Word, Bytes, SomeBytes)> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::id, t::case_id, t::details, t::answer))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, case, details, answer)| {
        let columns = [(Scope::Messages, "details", details.0), (Scope::Messages, "answer", answer.0.flatten())];
        row("requests", (&id, &case), columns)
    });
    Ok(values.collect())
}

/// The addresses and keys of platforms' webhooks.
fn of_endpoints(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    let urls: Vec<(Word, Word, Bytes)> = webhook_endpoints::table
        .filter(webhook_endpoints::platform_id.eq_any(owners))
        .select((webhook_endpoints::id, webhook_endpoints::platform_id, webhook_endpoints::url))
        .load(rx.conn())?;
    let keys: Vec<(Word, Word, Bytes, Bytes)> = webhook_secrets::table
        .inner_join(webhook_endpoints::table.on(webhook_endpoints::id.eq(webhook_secrets::endpoint_id)))
        .filter(webhook_endpoints::platform_id.eq_any(owners))
        .select((webhook_secrets::id, webhook_endpoints::platform_id, webhook_secrets::hmac, webhook_secrets::ed25519))
        .load(rx.conn())?;
    let urls = urls
        .into_iter()
        .flat_map(|(id, platform, url)| row("webhook_endpoints", (&id, &platform), [(Scope::Secret, "url", url.0)]));
    let keys = keys.into_iter().flat_map(|(id, platform, hmac, ed25519)| {
        let columns = [(Scope::Secret, "hmac", hmac.0), (Scope::Secret, "ed25519", ed25519.0)];
        row("webhook_secrets", (&id, &platform), columns)
    });
    let answers: Vec<(Word, Word, SomeBytes)> = deliveries::table
        .inner_join(webhook_endpoints::table.on(webhook_endpoints::id.eq(deliveries::endpoint_id)))
        .filter(webhook_endpoints::platform_id.eq_any(owners).and(deliveries::last_response.is_not_null()))
        .select((deliveries::id, webhook_endpoints::platform_id, deliveries::last_response))
        .load(rx.conn())?;
    let answers = answers.into_iter().flat_map(|(id, platform, answer)| {
        row("deliveries", (&id, &platform), [(Scope::Secret, "response", answer.0.flatten())])
    });
    Ok(urls.chain(keys).chain(answers).collect())
}

fn of_staff(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    let rows: Vec<(Word, Bytes, SomeBytes)> = staff::table
        .filter(staff::id.eq_any(owners))
        .select((staff::id, staff::totp_secret, staff::mail))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, totp, mail)| {
        row("staff", (&id, &id), [(Scope::Secret, "totp", totp.0), (Scope::Secret, "mail", mail.0.flatten())])
    });
    let declared: Vec<(Word, Word, Bytes)> = declarations::table
        .filter(declarations::staff_id.eq_any(owners))
        .select((declarations::id, declarations::staff_id, declarations::body))
        .load(rx.conn())?;
    let declared = declared
        .into_iter()
        .flat_map(|(id, owner, body)| row("declarations", (&id, &owner), [(Scope::Secret, "declaration", body.0)]));
    Ok(values.chain(declared).collect())
}

/// The answers kept for repeated calls: a case's are its own to erase, others belong to an account.
fn of_answers(rx: &mut Look<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use idempotency as t;
    let rows: Vec<(Word, Word, Perhaps<Option<String>>, SomeBytes)> =
        t::table.filter(t::owner.eq_any(owners)).select((t::scope, t::key, t::owner, t::answer)).load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(scope, key, owner, answer)| {
        let owner = owner.0.flatten().unwrap_or_default();
        let kept_by = if owner.starts_with("case_") { Scope::Identity } else { Scope::Secret };
        let id = scope.0.zip(key.0).map(|(scope, key)| format!("{scope}|{key}"));
        row("idempotency", (&Perhaps(id), &Perhaps(Some(owner))), [(kept_by, "answer", answer.0.flatten())])
    });
    Ok(values.collect())
}
