//! Who sits before a page, and what stands around it for them.

use super::super::extract::Call;
use super::super::forms::FormKey;
use super::super::surfaces::CONSOLE;
use crate::base::time::Timestamp;
use crate::domain::access::Acting;
use crate::domain::people::staff::{Member, Role, Sitting};
use crate::domain::unit::Look;
use crate::pages::shell::{Place, Seat, Shell};
use crate::pages::spans::Writer;

/// The places of the console: path, name, key.
const PLACES: [(&str, &str, Option<&str>); 6] = [
    ("/console", "Queues", None),
    ("/console/second", "Second person", Some("2")),
    ("/console/referrals", "Referrals", None),
    ("/console/shift", "Shift", Some("b")),
    ("/console/find", "Find a case", Some("/")),
    ("/console/keys", "Keys", Some("?")),
];

/// Who sits before a page, at which moment.
#[derive(Clone, Debug)]
pub(super) struct Seated {
    /// Who.
    pub(super) member: Member,
    /// How long, and how they like it.
    pub(super) sitting: Sitting,
    /// The moment of the transaction that the page was read in.
    pub(super) now: Timestamp,
}

impl Seated {
    /// Whoever acts in this transaction.
    pub(super) fn of(rx: &Look<'_>, who: &Acting) -> Self {
        Self { member: (**who).clone(), sitting: *who.sitting(), now: rx.now() }
    }

    /// Writes the times of the page.
    pub(super) fn writer(&self, call: &Call) -> Writer {
        Writer { zone: call.shared.app.config.time_zone, now: self.now }
    }

    /// A key for a form of theirs.
    pub(super) fn key(&self, call: &Call) -> String {
        FormKey::mint(&call.shared.app.kit.keyring, self.member.id.as_str())
    }

    /// What stands around a page of theirs, which lies at a place of the console, or at none.
    pub(super) fn shell(&self, call: &Call, title: &str, here: &str) -> Shell {
        let mut shell = CONSOLE.shell(title);
        shell.places = PLACES
            .iter()
            .filter(|_| self.member.role != Role::Administrator)
            // The board is the leads'.
            .filter(|(path, ..)| {
                let is_lead = matches!(self.member.role, Role::Lead | Role::SafeguardingLead);
                is_lead || *path != "/console/referrals"
            })
            .map(|(path, name, key)| Place { path, name, key: *key, is_here: *path == here })
            .collect();
        shell.seat = Some(Seat {
            name: self.member.username.clone(),
            role: role(self.member.role),
            account: "/console/account",
            sign_out: "/console/sign-out",
            key: self.key(call),
            stay: "/console/stay",
            now: self.now.to_string(),
            ends: self.sitting.expires_at.to_string(),
            idle: self.sitting.idle_at.to_string(),
            letter_keys: self.sitting.letter_keys,
            note: "A priority comes from published rules and from colleagues. It predicts nothing about anybody: a person decides.",
            zone: call.shared.app.config.time_zone.to_string(),
            zone_words: self.writer(call).zone(),
        });
        shell
    }
}

/// What somebody does here, in words.
pub(super) const fn role(role: Role) -> &'static str {
    match role {
        Role::Advocate => "advocate",
        Role::Lead => "lead",
        Role::SafeguardingLead => "safeguarding lead",
        Role::Auditor => "auditor",
        Role::Administrator => "administrator",
    }
}
