//! Password hashing with Argon2id, a few at a time: each takes tens of MiB and milliseconds, and a flood of sign-ins
//! must take neither the memory that intake needs nor the turns of colleagues in other networks.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

use super::turns::Turns;
use crate::base::patient::{GivesWay, Patient};
use crate::base::secret::Sensitive;
use crate::error::{Error, Result};

/// How many hashes run at once at the most. Each takes a processor for itself, and half of them are left to those who report.
const AT_ONCE: usize = 2;
/// 46 MiB and one pass: the stronger of OWASP's two Argon2id settings with one lane.
const MEMORY_KIB: u32 = 47_104;

/// Hashes and checks passwords.
#[derive(Clone)]
pub struct Passwords {
    turns: Turns,
    /// Hashing takes long, so it gives way to those who report.
    patient: Arc<Patient>,
    argon2: Argon2<'static>,
    /// Checked when there is no such account, so that the answer takes as long.
    nobody: Arc<str>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passwords")
    }
}

impl Passwords {
    /// A hasher with its own turns.
    ///
    /// # Errors
    /// `Internal` when the parameters are refused.
    pub fn new() -> Result<Self> {
        let params = Params::new(MEMORY_KIB, 1, 1, None).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash_with(&argon2, "no account has this password")?.into();
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let at_once = (processors / 2).clamp(1, AT_ONCE);
        let patient = Patient::new(at_once, GivesWay::InPart).map_err(|error| Error::Internal(error.into()))?;
        Ok(Self { turns: Turns::new(at_once), patient: Arc::new(patient), argon2, nobody })
    }

    /// The PHC string of a password, for whoever has a shell on the machine.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash(&self, password: Sensitive<String>) -> Result<String> {
        self.hash_for("", password).await
    }

    /// The PHC string of a password, in the turn of a network.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn hash_for(&self, network: &str, password: Sensitive<String>) -> Result<String> {
        let argon2 = self.argon2.clone();
        self.in_turn(network, move || hash_with(&argon2, password.expose())).await
    }

    /// Whether the password is the one of `hash`; without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// `Unavailable` when too many wait.
    pub async fn check(&self, network: &str, password: Sensitive<String>, hash: Option<String>) -> Result<bool> {
        let (argon2, nobody) = (self.argon2.clone(), Arc::clone(&self.nobody));
        self.in_turn(network, move || {
            let (parsed, known) = match hash.as_deref().map(PasswordHash::new) {
                Some(Ok(parsed)) => (parsed, true),
                // It is nobody's password, and the answer takes as long as any other.
                Some(Err(_)) => {
                    tracing::error!("a stored password hash is damaged: give the account new credentials");
                    (of_nobody(&nobody)?, false)
                }
                None => (of_nobody(&nobody)?, false),
            };
            Ok(argon2.verify_password(password.expose().as_bytes(), &parsed).is_ok() && known)
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        network: &str,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Some(turn) = self.turns.take(network).await else {
            return Err(Error::Unavailable("too many sign-ins are waiting".into()));
        };
        let done = self.patient.spawn(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| Error::Internal(error.into()))?
    }
}

fn of_nobody(hash: &str) -> Result<PasswordHash> {
    Ok(PasswordHash::new(hash).map_err(|error| anyhow::anyhow!("argon2: {error}"))?)
}

fn hash_with(argon2: &Argon2<'_>, password: &str) -> Result<String> {
    let hash: PasswordHash =
        argon2.hash_password(password.as_bytes()).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(hash.to_string())
}
