//! Whether every sealed value opens where it stands. A kind of owner that seals something new gets its rows here.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use serde::Serialize;

use super::Finding;
use crate::db::Rx;
use crate::db::schema::{
    acts, additions, assessments, cases, declarations, deliveries, idempotency, left_out, notes, platforms, reports,
    requests, staff, webhook_endpoints, webhook_secrets,
};
use crate::domain::vault::{Keyring, Keys, Opened, Scope};
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

type Bytes = Option<Vec<u8>>;

/// How many owners there are: cases, platforms, colleagues.
///
/// # Errors
/// What the database says.
pub fn owners(rx: &mut Rx<'_>) -> Result<i64> {
    let of_cases: i64 = cases::table.count().get_result(rx.conn())?;
    let of_platforms: i64 = platforms::table.count().get_result(rx.conn())?;
    let of_staff: i64 = staff::table.count().get_result(rx.conn())?;
    Ok(of_cases + of_platforms + of_staff)
}

/// Tries every sealed value of the owners, and their keys.
///
/// # Errors
/// What the database says.
pub fn seals(
    rx: &mut Rx<'_>,
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
        match keys.try_open(value.scope, (value.field, &value.row), &value.bytes) {
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

fn values(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
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
    (row, owner): (&str, &str),
    columns: [(Scope, &'static str, Bytes); N],
) -> Vec<Value> {
    let value = |(scope, field, bytes): (Scope, &'static str, Bytes)| {
        bytes.map(|bytes| Value { table, row: row.to_owned(), owner: owner.to_owned(), scope, field, bytes })
    };
    columns.into_iter().filter_map(value).collect()
}

fn of_reports(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use reports as t;
    type Row = (String, String, Vec<u8>, Vec<u8>, Vec<u8>, Bytes, Bytes);
    let rows: Vec<Row> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::id, t::case_id, t::statement, t::identity, t::answers, t::contact, t::subject))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, case, statement, identity, answers, contact, subject)| {
        let columns = [
            (Scope::Statement, "statement", Some(statement)),
            (Scope::Identity, "identity", Some(identity)),
            (Scope::Answers, "answers", Some(answers)),
            (Scope::Contact, "contact", contact),
            (Scope::Subject, "subject", subject),
        ];
        row("reports", (&id, &case), columns)
    });
    Ok(values.collect())
}

fn of_additions(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use additions as t;
    let rows: Vec<(String, String, Bytes, Bytes, Bytes)> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::id, t::case_id, t::statement, t::answers, t::subject))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, case, statement, answers, subject)| {
        let columns = [
            (Scope::Statement, "addition", statement),
            (Scope::Answers, "addition", answers),
            (Scope::Subject, "addition", subject),
        ];
        row("additions", (&id, &case), columns)
    });
    Ok(values.collect())
}

/// What could not be used of reports and additions.
fn of_left_out(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use left_out as t;
    let rows: Vec<(String, String, String, Vec<u8>)> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::source, t::case_id, t::scope, t::body))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(source, case, scope, body)| {
        // A scope that nobody knows opens nothing, which is what is to be said of it.
        let known = Scope::ALL.into_iter().find(|known| known.as_str() == scope).unwrap_or(Scope::Secret);
        row("left_out", (&source, &case), [(known, "left_out", Some(body))])
    });
    Ok(values.collect())
}

/// What the rules and the colleagues wrote down.
fn of_work(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    type Row = (String, String, Vec<u8>);
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
            all.extend(row(table, (&id, &case), [(scope, field, Some(body))]));
        }
    }
    Ok(all)
}

fn of_requests(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use requests as t;
    let rows: Vec<(String, String, Vec<u8>, Bytes)> = t::table
        .filter(t::case_id.eq_any(owners))
        .select((t::id, t::case_id, t::details, t::answer))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, case, details, answer)| {
        let columns = [(Scope::Messages, "details", Some(details)), (Scope::Messages, "answer", answer)];
        row("requests", (&id, &case), columns)
    });
    Ok(values.collect())
}

/// The addresses and keys of platforms' webhooks.
fn of_endpoints(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    let urls: Vec<(String, String, Vec<u8>)> = webhook_endpoints::table
        .filter(webhook_endpoints::platform_id.eq_any(owners))
        .select((webhook_endpoints::id, webhook_endpoints::platform_id, webhook_endpoints::url))
        .load(rx.conn())?;
    let keys: Vec<(String, String, Vec<u8>, Vec<u8>)> = webhook_secrets::table
        .inner_join(webhook_endpoints::table.on(webhook_endpoints::id.eq(webhook_secrets::endpoint_id)))
        .filter(webhook_endpoints::platform_id.eq_any(owners))
        .select((webhook_secrets::id, webhook_endpoints::platform_id, webhook_secrets::hmac, webhook_secrets::ed25519))
        .load(rx.conn())?;
    let urls = urls.into_iter().flat_map(|(id, platform, url)| {
        row("webhook_endpoints", (&id, &platform), [(Scope::Secret, "url", Some(url))])
    });
    let keys = keys.into_iter().flat_map(|(id, platform, hmac, ed25519)| {
        let columns = [(Scope::Secret, "hmac", Some(hmac)), (Scope::Secret, "ed25519", Some(ed25519))];
        row("webhook_secrets", (&id, &platform), columns)
    });
    let answers: Vec<(String, String, Bytes)> = deliveries::table
        .inner_join(webhook_endpoints::table.on(webhook_endpoints::id.eq(deliveries::endpoint_id)))
        .filter(webhook_endpoints::platform_id.eq_any(owners).and(deliveries::last_response.is_not_null()))
        .select((deliveries::id, webhook_endpoints::platform_id, deliveries::last_response))
        .load(rx.conn())?;
    let answers = answers
        .into_iter()
        .flat_map(|(id, platform, answer)| row("deliveries", (&id, &platform), [(Scope::Secret, "response", answer)]));
    Ok(urls.chain(keys).chain(answers).collect())
}

fn of_staff(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    let rows: Vec<(String, Vec<u8>, Bytes)> = staff::table
        .filter(staff::id.eq_any(owners))
        .select((staff::id, staff::totp_secret, staff::mail))
        .load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(id, totp, mail)| {
        row("staff", (&id, &id), [(Scope::Secret, "totp", Some(totp)), (Scope::Secret, "mail", mail)])
    });
    let declared: Vec<(String, String, Vec<u8>)> = declarations::table
        .filter(declarations::staff_id.eq_any(owners))
        .select((declarations::id, declarations::staff_id, declarations::body))
        .load(rx.conn())?;
    let declared = declared
        .into_iter()
        .flat_map(|(id, owner, body)| row("declarations", (&id, &owner), [(Scope::Secret, "declaration", Some(body))]));
    Ok(values.chain(declared).collect())
}

/// The answers kept for repeated calls: a case's are its own to erase, others belong to an account.
fn of_answers(rx: &mut Rx<'_>, owners: &[String]) -> Result<Vec<Value>> {
    use idempotency as t;
    let rows: Vec<(String, String, Option<String>, Bytes)> =
        t::table.filter(t::owner.eq_any(owners)).select((t::scope, t::key, t::owner, t::answer)).load(rx.conn())?;
    let values = rows.into_iter().flat_map(|(scope, key, owner, answer)| {
        let owner = owner.unwrap_or_default();
        let kept_by = if owner.starts_with("case_") { Scope::Identity } else { Scope::Secret };
        row("idempotency", (&format!("{scope}|{key}"), &owner), [(kept_by, "answer", answer)])
    });
    Ok(values.collect())
}
