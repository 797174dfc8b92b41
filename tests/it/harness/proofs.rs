//! Proofs of rows, made by a test: for changes by hand that stand for changes by the service.

use diesel::prelude::*;
use recourse::base::id::{CaseId, ClientId, PlatformId, StaffId};
use recourse::base::time::Timestamp;
use recourse::db::schema::{blind_indexes, cases, platform_clients, staff, staff_identifiers};
use recourse::domain::people::staff::Role;
use recourse::domain::terms::Mode;
use recourse::domain::unit::Unit;
use recourse::domain::vault::Covered;
use recourse::error::Result;

use super::{TEST, World};

type Account = (StaffId, String, Role, String, String, Vec<u8>, i64, bool, Timestamp, Option<Vec<u8>>, StaffId);
type Client = (ClientId, PlatformId, Mode, Vec<u8>, String, i64, Timestamp, Option<Timestamp>);

impl World {
    /// A change as the service could have made it: past its rules, with the proofs of what was changed.
    pub(crate) async fn rewrite(&self, statement: &str) {
        self.tamper(statement);
        self.app.write(TEST, |tx| accounts(tx).and_then(|()| clients(tx)).and_then(|()| names(tx))).await.unwrap();
    }
}

fn accounts(tx: &mut Unit<'_>) -> Result<()> {
    let columns = (
        staff::id,
        staff::username,
        staff::role,
        staff::queues,
        staff::password_hash,
        staff::totp_secret,
        staff::epoch,
        staff::active,
        staff::created_at,
        staff::mail,
        staff::person,
    );
    let all: Vec<Account> = staff::table.select(columns).load(tx.conn())?;
    for (id, username, role, queues, password_hash, totp_secret, epoch, active, created_at, mail, person) in all {
        let set = staff_identifiers::table.filter(staff_identifiers::staff_id.eq(&id));
        let mut set: Vec<(Vec<u8>, Option<String>)> =
            set.select((staff_identifiers::digest, staff_identifiers::declaration_id)).load(tx.conn())?;
        set.sort();
        let begun = Covered::by("staff_identifiers").and(id.as_str());
        let all = set
            .iter()
            .fold(begun, |covered, (digest, of)| covered.and(digest).perhaps(of.as_deref().map(str::as_bytes)));
        let declared_mac = all.proof(&tx.kit().keyring);
        let covered = Covered::by("staff")
            .and(id.as_str())
            .and(username)
            .and(role.as_str())
            .and(queues)
            .and(password_hash)
            .and(totp_secret)
            .number(epoch)
            .number(active)
            .number(created_at.micros())
            .perhaps(mail.as_deref())
            .and(person.as_str())
            .and(&declared_mac);
        let mac = covered.proof(&tx.kit().keyring);
        diesel::update(staff::table.find(id))
            .set((staff::mac.eq(mac), staff::declared_mac.eq(declared_mac)))
            .execute(tx.conn())?;
    }
    Ok(())
}

fn clients(tx: &mut Unit<'_>) -> Result<()> {
    let columns = (
        platform_clients::id,
        platform_clients::platform_id,
        platform_clients::mode,
        platform_clients::secret_hash,
        platform_clients::scopes,
        platform_clients::epoch,
        platform_clients::created_at,
        platform_clients::revoked_at,
    );
    let all: Vec<Client> = platform_clients::table.select(columns).load(tx.conn())?;
    for (id, platform_id, mode, secret_hash, scopes, epoch, created_at, revoked_at) in all {
        let covered = Covered::by("platform_clients")
            .and(id.as_str())
            .and(platform_id.as_str())
            .and(mode.as_str())
            .and(secret_hash)
            .and(scopes)
            .number(epoch)
            .number(created_at.micros())
            .perhaps(revoked_at.map(|at| at.micros().to_be_bytes()).as_ref().map(<[u8; 8]>::as_slice));
        let mac = covered.proof(&tx.kit().keyring);
        diesel::update(platform_clients::table.find(id)).set(platform_clients::mac.eq(mac)).execute(tx.conn())?;
    }
    Ok(())
}

/// Whom cases name, as one set for each.
fn names(tx: &mut Unit<'_>) -> Result<()> {
    type Name = (Vec<u8>, String, String, Timestamp, String, i64);
    let all: Vec<CaseId> = cases::table.select(cases::id).load(tx.conn())?;
    for case in all {
        let columns = (
            blind_indexes::digest,
            blind_indexes::role,
            blind_indexes::kind,
            blind_indexes::created_at,
            blind_indexes::used,
            blind_indexes::rules,
        );
        let of_case = blind_indexes::table.filter(blind_indexes::case_id.eq(&case));
        let mut names: Vec<Name> = of_case.select(columns).load(tx.conn())?;
        names.sort();
        let begun = Covered::by("blind_indexes").and(case.as_str());
        let all = names.iter().fold(begun, |covered, (digest, role, kind, at, used, rules)| {
            covered.and(digest).and(role).and(kind).number(at.micros()).and(used).number(*rules)
        });
        let mac = all.proof(&tx.kit().keyring);
        diesel::update(cases::table.find(case)).set(cases::names_mac.eq(mac)).execute(tx.conn())?;
    }
    Ok(())
}
