//! Who sits before a page of the inbox, and what stands around it for them.

use crate::base::time::Timestamp;
use crate::domain::access::Reader;
use crate::domain::people::partners::accounts::Account;
use crate::domain::people::staff::Sitting;
use crate::domain::unit::Look;
use crate::pages::shell::{Place, Seat, Shell};
use crate::pages::spans::Writer;
use crate::web::extract::Call;
use crate::web::forms::FormKey;
use crate::web::surfaces::INBOX;

/// The places of the inbox: path, name.
const PLACES: [(&str, &str); 3] =
    [("/inbox", "What came"), ("/inbox/capacity", "Room"), ("/inbox/known", "Whom you know")];

/// Who sits before a page, at which moment.
#[derive(Clone, Debug)]
pub(super) struct Seated {
    /// Who.
    pub(super) account: Account,
    sitting: Sitting,
    /// The moment of the transaction that the page was read in.
    pub(super) now: Timestamp,
}

impl Seated {
    /// Whoever comes in this transaction.
    pub(super) fn of(rx: &Look<'_>, who: &Reader) -> Self {
        Self { account: who.account().clone(), sitting: who.session().sitting, now: rx.now() }
    }

    /// Writes the times of the page.
    pub(super) fn writer(&self, call: &Call) -> Writer {
        Writer { zone: call.shared.app.config.time_zone, now: self.now }
    }

    /// A key for a form of theirs.
    pub(super) fn key(&self, call: &Call) -> String {
        FormKey::mint(&call.shared.app.kit.keyring, self.account.id.as_str())
    }

    /// What stands around a page of theirs, which lies at a place of the inbox, or at none.
    pub(super) fn shell(&self, call: &Call, title: &str, here: &str) -> Shell {
        let mut shell = INBOX.shell(title);
        let place =
            |(path, name): &(&'static str, &'static str)| Place { path, name, key: None, is_here: *path == here };
        shell.places = PLACES.iter().map(place).collect();
        shell.seat = Some(Seat {
            name: self.account.username.clone(),
            role: if self.account.coordinates { "coordinates" } else { "" },
            account: "/inbox/known",
            sign_out: "/inbox/sign-out",
            key: self.key(call),
            stay: "/inbox/stay",
            now: self.now.to_string(),
            ends: self.sitting.expires_at.to_string(),
            idle: self.sitting.idle_at.to_string(),
            letter_keys: self.sitting.letter_keys,
            zone: call.shared.app.config.time_zone.to_string(),
            zone_words: self.writer(call).zone(),
            note: "Each reading is on record.",
        });
        shell
    }
}
