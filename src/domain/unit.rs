//! The unit of work: one transaction, what all operations work with, who acts, and each owner's keys, read once.
//!
//! [`Look`] reads. [`Unit`] writes, and somebody acts in it: a job or a command by its name, a colleague or a platform once
//! they are proved. [`Entry`] is a transaction in which nobody is proved yet: it reads, and nothing can be written down
//! in it until the access rules have said who comes. `App` alone makes them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Place;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use super::terms::periods::Periods;
use super::triage::{Engine, ReferralSpans};
use super::vault::{Keyring, Keys, Owner, Scope};
use crate::db::{ChainKey, Rx, Tx};
use crate::error::Result;
use crate::outbound::Rules;

/// What the operations work with beside the transaction.
#[derive(Debug)]
pub struct Kit {
    /// Seals, opens and indexes.
    pub keyring: Keyring,
    /// The triage rules in force.
    pub triage: Engine,
    /// How long a hand-over to a service may rest in each phase.
    pub referrals: ReferralSpans,
    /// How long what people said is kept after a case was closed.
    pub periods: Periods,
    /// Whether the settings name the documents of data protection without which nothing real is handed over.
    pub policy_is_named: bool,
    /// How long the answers of idempotent calls are kept.
    pub idempotency_kept: Duration,
    /// Which URLs may be called.
    pub outbound: Arc<Rules>,
}

/// Who calls without a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A job of the service, by its name.
    Job(&'static str),
    /// Somebody with a shell on the machine, by the command.
    Command(&'static str),
}

/// Who does something: the name that stands in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// `platform`, `service`, `staff`, `operator` or `system`.
    pub kind: &'static str,
    /// The client of the platform or service, the staff account, or nothing.
    pub id: String,
}

impl Actor {
    /// The service itself.
    const SYSTEM: Self = Self { kind: "system", id: String::new() };
    /// Whoever has a shell on the machine.
    const OPERATOR: Self = Self { kind: "operator", id: String::new() };

    /// A platform's client.
    #[must_use]
    pub(in crate::domain) fn platform(client: &str) -> Self {
        Self { kind: "platform", id: client.to_owned() }
    }

    /// A service's credential.
    #[must_use]
    pub(in crate::domain) fn service(client: &str) -> Self {
        Self { kind: "service", id: client.to_owned() }
    }

    /// A staff account.
    #[must_use]
    pub(in crate::domain) fn staff(staff: &str) -> Self {
        Self { kind: "staff", id: staff.to_owned() }
    }

    /// Nobody who is known: the service notes what happened at its door.
    #[must_use]
    pub(in crate::domain) const fn unknown() -> Self {
        Self::SYSTEM
    }
}

impl From<Caller> for Actor {
    fn from(caller: Caller) -> Self {
        match caller {
            Caller::Job(_) => Self::SYSTEM,
            Caller::Command(_) => Self::OPERATOR,
        }
    }
}

/// A reading transaction: one snapshot, one instant, and the kit.
pub struct Look<'u> {
    rx: Rx<'u>,
    kit: &'u Kit,
    keys: BTreeMap<String, Keys<'u>>,
}

impl<'u> Look<'u> {
    /// Reads in `rx`. For `App` alone.
    pub(crate) const fn begin(rx: Rx<'u>, kit: &'u Kit) -> Self {
        Self { rx, kit, keys: BTreeMap::new() }
    }

    /// What the operations work with.
    #[must_use]
    pub const fn kit(&self) -> &'u Kit {
        self.kit
    }

    /// The keys of an owner. They are read the first time that somebody asks.
    ///
    /// # Errors
    /// What the database says.
    pub fn keys(&mut self, owner: Owner) -> Result<&mut Keys<'u>> {
        self.keys_named(owner.into_id())
    }

    /// The keys of what is no [`Owner`], such as an edition, by its name.
    ///
    /// # Errors
    /// What the database says.
    pub fn keys_named(&mut self, name: String) -> Result<&mut Keys<'u>> {
        match self.keys.entry(name) {
            Place::Occupied(known) => Ok(known.into_mut()),
            Place::Vacant(place) => {
                let loaded = Keys::load_named(&mut self.rx, &self.kit.keyring, place.key().clone())?;
                Ok(place.insert(loaded))
            }
        }
    }
}

impl Look<'_> {
    /// Reads an owner's keys anew when they are asked for next: some were destroyed.
    pub(in crate::domain) fn forget_keys(&mut self, owner: &Owner) {
        self.keys.remove(owner.id());
    }

    /// Reads the keys of each of these owners that has one of this scope, all at once. Those of others are read when somebody asks.
    ///
    /// # Errors
    /// What the database says.
    pub(in crate::domain) fn load_keys(&mut self, owners: impl Iterator<Item = Owner>, scope: Scope) -> Result<()> {
        let names: Vec<String> = owners.map(Owner::into_id).filter(|name| !self.keys.contains_key(name)).collect();
        if names.is_empty() {
            return Ok(());
        }
        let loaded = Keys::load_many(&mut self.rx, &self.kit.keyring, &names)?;
        self.keys.extend(loaded.into_iter().filter(|(_, keys)| keys.has(scope)));
        Ok(())
    }
}

impl<'u> Deref for Look<'u> {
    type Target = Rx<'u>;

    fn deref(&self) -> &Rx<'u> {
        &self.rx
    }
}

impl<'u> DerefMut for Look<'u> {
    fn deref_mut(&mut self) -> &mut Rx<'u> {
        &mut self.rx
    }
}

/// A writing transaction in which somebody acts.
pub struct Unit<'u> {
    look: Look<'u>,
    chain_key: &'u ChainKey,
    actor: Actor,
    owes: bool,
}

impl<'u> Unit<'u> {
    /// Runs `work` in `tx` for a caller. For `App` alone.
    ///
    /// # Errors
    /// What `work` returned, or the database, when keys that were made cannot be stored.
    pub(crate) fn run<T>(
        tx: &mut Tx<'_>,
        kit: &Kit,
        caller: Caller,
        work: impl FnOnce(&mut Unit<'_>) -> Result<T>,
    ) -> Result<T> {
        Entry::run(tx, kit, |entry| work(entry.open(caller.into())))
    }

    /// The key of the record's chains.
    #[must_use]
    pub const fn chain_key(&self) -> &'u ChainKey {
        self.chain_key
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// From here on somebody else acts: whoever was just let in.
    pub(in crate::domain) fn act_as(&mut self, actor: Actor) {
        self.actor = actor;
    }

    /// Notes that the transaction leaves work for a job, so that the workers wake after the commit.
    pub const fn owe(&mut self) {
        self.owes = true;
    }

    /// The keys of an owner that was made just now: there are none to be read.
    pub(in crate::domain) fn keys_of_new(&mut self, owner: &Owner) -> &mut Keys<'u> {
        let keyring = &self.look.kit.keyring;
        self.look.keys.entry(owner.id().to_owned()).or_insert_with(|| Keys::of_new(keyring, owner.clone()))
    }

    /// The keys of an owner, with one for the scope, stored by now. Where nothing orders those who seal for an owner
    /// first, one makes the key, and the others wait for its commit and use it.
    ///
    /// # Errors
    /// What the database says.
    pub fn stored_keys(&mut self, owner: Owner, scope: Scope) -> Result<&mut Keys<'u>> {
        self.stored_keys_named(owner.into_id(), scope)
    }

    /// The keys of what is no [`Owner`], by its name, with one for the scope, stored by now.
    ///
    /// # Errors
    /// What the database says.
    pub fn stored_keys_named(&mut self, name: String, scope: Scope) -> Result<&mut Keys<'u>> {
        let keys = match self.look.keys.entry(name) {
            Place::Occupied(known) => known.into_mut(),
            Place::Vacant(place) => {
                let loaded = Keys::load_named(&mut self.look.rx, &self.look.kit.keyring, place.key().clone())?;
                place.insert(loaded)
            }
        };
        keys.store_now(scope, &mut self.look.rx)?;
        Ok(keys)
    }

    /// Stores the keys that were made, in one statement.
    fn store_keys(&mut self) -> Result<()> {
        Keys::store(self.look.keys.values_mut(), &mut self.look.rx)
    }
}

impl<'u> Deref for Unit<'u> {
    type Target = Look<'u>;

    fn deref(&self) -> &Look<'u> {
        &self.look
    }
}

impl<'u> DerefMut for Unit<'u> {
    fn deref_mut(&mut self) -> &mut Look<'u> {
        &mut self.look
    }
}

/// A writing transaction whose caller is not proved yet. It can be read in, and nothing more.
pub struct Entry<'u> {
    unit: Unit<'u>,
}

impl<'u> Entry<'u> {
    /// Runs `work` in `tx`. For `App` alone.
    ///
    /// # Errors
    /// As [`Unit::run`].
    pub(crate) fn run<T>(tx: &mut Tx<'_>, kit: &Kit, work: impl FnOnce(&mut Entry<'_>) -> Result<T>) -> Result<T> {
        let (rx, chain_key) = tx.lend();
        let unit = Unit { look: Look::begin(rx, kit), chain_key, actor: Actor::unknown(), owes: false };
        let mut entry = Entry { unit };
        let answer = work(&mut entry)?;
        entry.unit.store_keys()?;
        if entry.unit.owes {
            tx.owe();
        }
        Ok(answer)
    }

    /// From here on this one acts. For the access rules alone, which have proved it.
    pub(in crate::domain) fn open(&mut self, actor: Actor) -> &mut Unit<'u> {
        self.unit.actor = actor;
        &mut self.unit
    }
}

impl<'u> Deref for Entry<'u> {
    type Target = Look<'u>;

    fn deref(&self) -> &Look<'u> {
        &self.unit.look
    }
}

impl<'u> DerefMut for Entry<'u> {
    fn deref_mut(&mut self) -> &mut Look<'u> {
        &mut self.unit.look
    }
}
