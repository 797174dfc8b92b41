//! Whether a token still counts, as far as that was known a moment ago: who calls with one that is void uses up nobody's
//! limit but that of their network. What holds is said in the transaction of each call, as before: here nothing is let in.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::gate::{of_partner, of_tenant};
use crate::app::App;
use crate::base::id::{ClientId, PartnerClientId};
use crate::base::time::Timestamp;
use crate::db::Share;
use crate::domain::people::tokens::{AccessToken, PartnerToken};
use crate::domain::people::{partners, platforms};
use crate::domain::unit::Look;
use crate::error::Result;

/// For so long a look at a credential is good. Each process looks at each credential once a second at most, however often
/// it calls.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// A look that takes longer is given up: whoever brings a report must not wait for those who only read.
const PATIENCE: Duration = Duration::from_millis(200);

/// What was seen of credentials.
#[derive(Default)]
pub(crate) struct Epochs {
    seen: Mutex<HashMap<String, Seen>>,
}

/// A token whose signature holds: a platform's or a service's.
pub(super) enum Signed<'a> {
    Platform(&'a AccessToken),
    Partner(&'a PartnerToken),
}

/// The credential that a token was made with.
enum Credential {
    Platform(ClientId),
    Partner(PartnerClientId),
}

impl Credential {
    /// Its present epoch; nothing of one that does not hold.
    fn epoch(&self, rx: &mut Look<'_>) -> Result<Option<i64>> {
        Ok(match self {
            Self::Platform(id) => {
                platforms::client(rx, id)?.filter(|client| client.revoked_at.is_none()).map(|client| client.epoch)
            }
            Self::Partner(id) => {
                partners::client(rx, id)?.filter(|client| client.revoked_at.is_none()).map(|client| client.epoch)
            }
        })
    }
}

impl Signed<'_> {
    fn client(&self) -> &str {
        match self {
            Self::Platform(token) => token.client.as_str(),
            Self::Partner(token) => token.client.as_str(),
        }
    }

    const fn epoch(&self) -> i64 {
        match self {
            Self::Platform(token) => token.epoch,
            Self::Partner(token) => token.epoch,
        }
    }

    fn credential(&self) -> Credential {
        match self {
            Self::Platform(token) => Credential::Platform(token.client.clone()),
            Self::Partner(token) => Credential::Partner(token.client.clone()),
        }
    }

    fn share(&self) -> Share {
        match self {
            Self::Platform(token) => of_tenant(token),
            Self::Partner(token) => of_partner(token),
        }
    }
}

#[derive(Clone, Copy)]
struct Seen {
    /// The epoch of a credential that holds; nothing of one that was revoked.
    epoch: Option<i64>,
    at: Timestamp,
}

impl Epochs {
    fn seen(&self) -> MutexGuard<'_, HashMap<String, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the token is of its credential's present epoch. Where the database does not say so in time, what was seen last
    /// counts, and where nothing was, the token does: the transaction will know.
    pub(super) async fn count(&self, app: &App, token: &Signed<'_>) -> bool {
        let now = app.clock.now();
        let known = self.seen().get(token.client()).copied();
        // A newer epoch than was seen is one of a token made since. A clock may be set back.
        let is_good = |seen: &Seen| {
            let age = now.since(seen.at).max(seen.at.since(now));
            age < GOOD_FOR && seen.epoch.is_none_or(|epoch| token.epoch() <= epoch)
        };
        let epoch = match known.filter(is_good) {
            Some(seen) => seen.epoch,
            None => self.look(app, token, known).await,
        };
        epoch == Some(token.epoch())
    }

    /// Forgets what was seen of a credential whose token seemed to count, and did not: the next call looks again.
    pub(super) fn forget(&self, token: &Signed<'_>) {
        let mut seen = self.seen();
        if seen.get(token.client()).is_some_and(|seen| seen.epoch == Some(token.epoch())) {
            seen.remove(token.client());
        }
    }

    /// Looks at the credential. Who comes meanwhile goes by what was known.
    async fn look(&self, app: &App, token: &Signed<'_>, known: Option<Seen>) -> Option<i64> {
        let client = token.client().to_owned();
        if let Some(known) = known {
            self.seen().insert(client.clone(), Seen { at: app.clock.now(), ..known });
        }
        let credential = token.credential();
        let share = token.share();
        let look = app.read_for(&share, move |rx| credential.epoch(rx));
        let Ok(Ok(epoch)) = tokio::time::timeout(PATIENCE, look).await else {
            // A token of an epoch that nobody has seen yet may be a new one.
            return known.map_or(Some(token.epoch()), |known| known.epoch.map(|epoch| epoch.max(token.epoch())));
        };
        self.seen().insert(token.client().to_owned(), Seen { epoch, at: app.clock.now() });
        epoch
    }
}
