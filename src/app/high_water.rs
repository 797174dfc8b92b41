//! How high the water stood: a small file beside the keyring that remembers what the database must not forget. Whoever can
//! write to the database can put an older one back, and with it credentials that were revoked since and accounts that were
//! closed; an honest backup does the same. So the newest digest, the epochs of credentials and the closed accounts stand
//! outside as well, one file on each machine. It never goes backwards, and is never part of the database's backup.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::App;
use crate::base::id::{ClientId, HoldId, PartnerAccountId, PartnerClientId, StaffId};
use crate::base::secret::{base64_text, from_base64_text, hex, random_bytes};
use crate::base::time::Timestamp;
use crate::domain::case::holds::{self, Hold};
use crate::domain::casework::colleagues;
use crate::domain::ledger::audit;
use crate::domain::people::partners::{self, PartnerClient, accounts};
use crate::domain::people::platforms::{self, Client};
use crate::domain::people::staff;
use crate::domain::unit::{Caller, Look};
use crate::domain::webhooks;
use crate::error::{Error, Result};

/// Who takes away again what an older database gave back.
const AGAIN: Caller = Caller::Job("high_water");

/// A digest by its time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    /// When it was made, in microseconds since 1970.
    at: i64,
    /// What it is, in base64.
    digest: String,
}

/// A credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    /// How often its secret was replaced, and more.
    epoch: i64,
    revoked: bool,
    /// The keyed hash of the secret of that epoch, in base64.
    secret: String,
}

/// What the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    about: String,
    /// Of which keyring's world it speaks.
    keyring: String,
    digest: Option<Digest>,
    clients: BTreeMap<ClientId, Known>,
    /// Credentials of services.
    #[serde(default)]
    partners: BTreeMap<PartnerClientId, Known>,
    closed: BTreeSet<StaffId>,
    /// Closed accounts of people at services.
    #[serde(default)]
    closed_partners: BTreeSet<PartnerAccountId>,
    /// Legal holds, also those that were ended.
    #[serde(default)]
    holds: BTreeMap<HoldId, Hold>,
}

/// What a start found of the file and did for it.
#[derive(Debug, Default)]
struct Held {
    /// There was no file, although the database is not new.
    missing: bool,
    /// The database does not have the newest digest that the file knows: it is older, or digests were removed.
    older_database: bool,
    /// Credentials that were good again, and are revoked again.
    revoked: Vec<String>,
    /// Credentials that had an older secret again, and have the newest.
    renewed: Vec<String>,
    /// Accounts that were open again, and are closed again.
    closed: Vec<String>,
    /// Legal holds that were gone, and stand again.
    placed: Vec<String>,
}

impl Known {
    fn of(client: &Client) -> Self {
        let secret = base64_text(client.stored_secret());
        Self { epoch: client.epoch, revoked: client.revoked_at.is_some(), secret }
    }

    fn of_partner(client: &PartnerClient) -> Self {
        let secret = base64_text(client.stored_secret());
        Self { epoch: client.epoch, revoked: client.revoked_at.is_some(), secret }
    }

    /// Whether it was revoked, and is good in the database.
    fn is_revoked_but(&self, there: Option<&Self>) -> bool {
        self.revoked && there.is_some_and(|there| !there.revoked)
    }

    /// Whether its secret was replaced, and the database has an older one.
    fn is_renewed_but(&self, there: Option<&Self>) -> bool {
        !self.revoked && there.is_some_and(|there| !there.revoked && self.epoch > there.epoch)
    }

    /// Takes in what another knows beyond this one.
    fn rise(&mut self, there: Self) {
        self.revoked |= there.revoked;
        if there.epoch > self.epoch {
            (self.epoch, self.secret) = (there.epoch, there.secret);
        }
    }

    /// The keyed hash of the secret, where the file holds it whole.
    fn whole_secret(&self) -> Option<Vec<u8>> {
        from_base64_text(&self.secret).filter(|secret| secret.len() == 32)
    }
}

impl Mark {
    /// What the database says by now.
    fn of_database(rx: &mut Look<'_>) -> Result<Self> {
        // A digest that somebody else wrote, of a time to come, would be the newest for ever.
        let keyring = &rx.kit().keyring;
        let digest = audit::newest_digest(rx)?.filter(|digest| digest.holds(keyring));
        let clients = platforms::every_client(rx)?.into_iter().map(|client| (client.id.clone(), Known::of(&client)));
        let partners = partners::every(rx)?.into_iter().map(|client| (client.id.clone(), Known::of_partner(&client)));
        Ok(Self {
            about: "Recourse: what the database must not forget. Keep it beside the keyring; never restore it with the database."
                .to_owned(),
            keyring: rx.kit().keyring.id(),
            digest: digest.map(|newest| Digest { at: newest.at.micros(), digest: base64_text(&newest.digest) }),
            clients: clients.collect(),
            partners: partners.collect(),
            closed: staff::closed(rx)?.into_iter().collect(),
            closed_partners: accounts::closed(rx)?.into_iter().collect(),
            holds: holds::every(rx)?.into_iter().map(|hold| (hold.id.clone(), hold)).collect(),
        })
    }

    /// The file's words; nothing when there is none, or it speaks of another world.
    fn read(path: &Path, keyring: &str) -> io::Result<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        let mark: Self = serde_json::from_str(&text).map_err(io::Error::other)?;
        Ok(Some(mark).filter(|mark| mark.keyring == keyring))
    }

    /// Takes in what another mark knows beyond this one: nothing that is known is unlearnt.
    fn rise(&mut self, other: Self) {
        self.digest = self.digest.take().max(other.digest);
        for (id, there) in other.clients {
            self.clients.entry(id).or_default().rise(there);
        }
        for (id, there) in other.partners {
            self.partners.entry(id).or_default().rise(there);
        }
        self.closed.extend(other.closed);
        self.closed_partners.extend(other.closed_partners);
        for (id, there) in other.holds {
            let known = self.holds.entry(id).or_insert_with(|| there.clone());
            known.ended_at = known.ended_at.or(there.ended_at);
        }
    }

    /// Written aside and moved into place, so that a crash leaves the old file or the new one.
    fn write(&self, path: &Path) -> io::Result<()> {
        let aside = path.with_extension(format!("new-{}", hex(&random_bytes::<4>())));
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        out.write_all(serde_json::to_string_pretty(self).map_err(io::Error::other)?.as_bytes())?;
        out.sync_all()?;
        fs::rename(&aside, path)?;
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    }
}

impl App {
    /// Where the file stands.
    #[must_use]
    pub fn high_water_file(&self) -> PathBuf {
        self.config.data.join("highwater.json")
    }

    /// What the file says; nothing when there is none.
    ///
    /// # Errors
    /// When it cannot be read as one.
    pub fn high_water(&self) -> io::Result<Option<Mark>> {
        Mark::read(&self.high_water_file(), &self.kit.keyring.id())
    }

    /// Raises the file to what the database says. Called by whatever ends a right, in the same command, and with each digest.
    ///
    /// # Errors
    /// What the database says; `Internal` when the file cannot be written: what was done in the database holds, and the
    /// next call writes both.
    pub async fn raise_high_water(&self) -> Result<()> {
        let mark = self.read(Mark::of_database).await?;
        self.write_high_water(mark).map_err(|error| {
            let file = self.high_water_file();
            Error::Internal(anyhow::Error::new(error).context(format!("{} cannot be written", file.display())))
        })
    }

    fn write_high_water(&self, mut mark: Mark) -> io::Result<()> {
        // Of two commands at once the second reads what the first has written.
        let turn = File::open(self.config.keyring_file())?;
        turn.lock()?;
        // One that nothing can read is of no use to anybody.
        let before = self.high_water().ok().flatten();
        if let Some(before) = before.clone() {
            mark.rise(before);
        }
        if before.as_ref() == Some(&mark) { Ok(()) } else { mark.write(&self.high_water_file()) }
    }

    /// At a start: takes away again what an older database gave back, and says so.
    ///
    /// # Errors
    /// What the database says.
    pub(super) async fn hold_high_water(&self) -> Result<()> {
        // Whatever is wrong with the file, those who need help come first.
        let file = self.high_water().unwrap_or_else(|error| {
            let file = self.high_water_file();
            tracing::error!(%error, file = %file.display(), "the high-water file cannot be read, and is made anew");
            None
        });
        let now = self.read(Mark::of_database).await?;
        let mut held = Held::default();
        match &file {
            None => held.missing = now.digest.is_some(),
            Some(file) => {
                held.older_database = self.lacks_digest(file).await?;
                held.revoked = self.revoke_again(file, &now).await?;
                held.renewed = self.renew_again(file, &now).await?;
                held.closed = self.close_again(file).await?;
                held.placed = self.place_again(file).await?;
            }
        }
        held.tell();
        if let Err(error) = self.raise_high_water().await {
            tracing::error!(%error, "the high-water file is not raised: put right what the folder of the keyring lacks");
        }
        Ok(())
    }

    /// Whether the database does not have the newest digest that the file knows.
    ///
    /// # Errors
    /// What the database says.
    pub async fn lacks_digest(&self, file: &Mark) -> Result<bool> {
        let Some(known) = file.digest.clone() else { return Ok(false) };
        let there = self.read(move |rx| audit::digest_at(rx, Timestamp::from_micros(known.at))).await?;
        Ok(there.map(|digest| base64_text(&digest)) != Some(known.digest))
    }

    /// Revokes what was revoked.
    async fn revoke_again(&self, file: &Mark, now: &Mark) -> Result<Vec<String>> {
        let mut revoked = Vec::new();
        for id in file.clients.iter().filter(|(id, known)| known.is_revoked_but(now.clients.get(id))).map(|(id, _)| id)
        {
            let client = id.clone();
            let done = self.write(AGAIN, move |tx| webhooks::revoke_client(tx, &client).map(drop)).await;
            revoked.extend(passed_over(done, id.as_str())?.map(|()| id.to_string()));
        }
        for id in
            file.partners.iter().filter(|(id, known)| known.is_revoked_but(now.partners.get(id))).map(|(id, _)| id)
        {
            let client = id.clone();
            let done = self.write(AGAIN, move |tx| partners::revoke(tx, &client)).await;
            revoked.extend(passed_over(done, id.as_str())?.map(|()| id.to_string()));
        }
        Ok(revoked)
    }

    /// Gives credentials whose secret was replaced the newest one back: the older is void, and whose they are go on. One whose
    /// secret the file does not hold whole is revoked.
    async fn renew_again(&self, file: &Mark, now: &Mark) -> Result<Vec<String>> {
        let mut renewed = Vec::new();
        for (id, known) in file.clients.iter().filter(|(id, known)| known.is_renewed_but(now.clients.get(id))) {
            let (client, epoch, secret) = (id.clone(), known.epoch, known.whole_secret());
            let done = self.write(AGAIN, move |tx| match secret {
                Some(secret) => webhooks::bring_back_secret(tx, &client, epoch, secret),
                None => webhooks::revoke_client(tx, &client).map(drop),
            });
            renewed.extend(passed_over(done.await, id.as_str())?.map(|()| id.to_string()));
        }
        for (id, known) in file.partners.iter().filter(|(id, known)| known.is_renewed_but(now.partners.get(id))) {
            let (client, epoch, secret) = (id.clone(), known.epoch, known.whole_secret());
            let done = self.write(AGAIN, move |tx| match secret {
                Some(secret) => partners::bring_back_secret(tx, &client, epoch, secret),
                None => partners::revoke(tx, &client),
            });
            renewed.extend(passed_over(done.await, id.as_str())?.map(|()| id.to_string()));
        }
        Ok(renewed)
    }

    async fn close_again(&self, file: &Mark) -> Result<Vec<String>> {
        let mut closed = Vec::new();
        for id in &file.closed {
            let who = id.clone();
            let done = self.write(AGAIN, move |tx| colleagues::close_again(tx, &who)).await;
            if passed_over(done, id.as_str())? == Some(true) {
                closed.push(id.to_string());
            }
        }
        for id in &file.closed_partners {
            let who = id.clone();
            let done = self.write(AGAIN, move |tx| accounts::close_again(tx, &who)).await;
            if passed_over(done, id.as_str())? == Some(true) {
                closed.push(id.to_string());
            }
        }
        Ok(closed)
    }
}

impl App {
    /// Places the holds again that an older database does not know, before anything of it is destroyed.
    async fn place_again(&self, file: &Mark) -> Result<Vec<String>> {
        let (mut placed, now) = (Vec::new(), self.clock.now());
        for (id, hold) in file.holds.iter().filter(|(_, hold)| hold.stands(now)) {
            let hold = hold.clone();
            let done = self.write(AGAIN, move |tx| holds::place_again(tx, &hold)).await;
            if passed_over(done, id.as_str())? == Some(true) {
                placed.push(id.to_string());
            }
        }
        Ok(placed)
    }
}

/// One row that cannot be changed keeps nobody from starting the service; a database that does not answer does.
fn passed_over<T>(done: Result<T>, id: &str) -> Result<Option<T>> {
    match done {
        Ok(done) => Ok(Some(done)),
        Err(error @ Error::Unavailable(_)) => Err(error),
        Err(error) => {
            tracing::error!(%error, id, "what the high-water file says was ended cannot be ended again (recourse check)");
            Ok(None)
        }
    }
}

impl Held {
    fn tell(&self) {
        if self.missing {
            tracing::warn!(
                "the high-water file beside the keyring is missing: if this database was restored, look at who may sign in \
                 (recourse admin staff list) and which credentials are good (recourse admin platform list)"
            );
        }
        if self.older_database {
            tracing::warn!(
                "the database is older than the high-water file, or digests were removed from it: it was restored, or somebody \
                 changed it (recourse check)"
            );
        }
        for client in &self.revoked {
            tracing::warn!(%client, "a credential that was revoked was good again, and is revoked");
        }
        for client in &self.renewed {
            tracing::warn!(%client, "a credential whose secret was replaced had the older one again, and has the newest");
        }
        for hold in &self.placed {
            tracing::warn!(%hold, "a legal hold was gone, and stands again");
        }
        for account in &self.closed {
            tracing::warn!(%account, "an account that was closed was open again, and is closed");
        }
    }
}
