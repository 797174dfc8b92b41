//! Signatures as Standard Webhooks 1.0.0 has them: `v1`, an HMAC under a shared secret, and `v1a`, Ed25519, whose check
//! needs no secret at the receiver.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::base::id::EventId;
use crate::base::secret::{Sensitive, random_bytes, silent};
use crate::base::time::Timestamp;
use crate::error::{Error, Result};

/// A key of 32 bytes as it is sealed: in base64, with padding, as receivers' libraries read it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct KeyText(Zeroizing<String>);

impl KeyText {
    fn random() -> Self {
        Self(Zeroizing::new(STANDARD.encode(Zeroizing::new(random_bytes::<32>()))))
    }

    fn bytes(&self) -> Result<Zeroizing<[u8; 32]>> {
        let damaged = || Error::Internal(anyhow::anyhow!("a signing key is not 32 bytes in base64"));
        let bytes = Zeroizing::new(STANDARD.decode(self.0.as_bytes()).map_err(|_| damaged())?);
        <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| damaged())
    }
}

/// The two keys of an endpoint, from one rotation to the next.
pub(super) struct Signer {
    pub(super) hmac: KeyText,
    pub(super) ed25519: KeyText,
}

silent! { KeyText Signer }

/// New keys for an endpoint.
pub(super) fn new_secrets() -> Signer {
    Signer { hmac: KeyText::random(), ed25519: KeyText::random() }
}

impl Signer {
    /// The shared secret as the receiver needs it: `whsec_…`.
    pub(super) fn secret(&self) -> Sensitive<String> {
        Sensitive::new(format!("whsec_{}", &*self.hmac.0))
    }

    /// The public key that checks the second signature: `whpk_…`.
    ///
    /// # Errors
    /// `Internal` when the key is damaged.
    pub(super) fn public_key(&self) -> Result<String> {
        let key = SigningKey::from_bytes(&*self.ed25519.bytes()?);
        Ok(format!("whpk_{}", STANDARD.encode(key.verifying_key().as_bytes())))
    }

    /// Both signatures of a message that is sent at `at`, as they stand in `webhook-signature`.
    ///
    /// # Errors
    /// `Internal` when a key is damaged.
    pub(super) fn sign(&self, id: &EventId, at: Timestamp, body: &str) -> Result<String> {
        let signed = format!("{id}.{}.{body}", at.seconds());
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.hmac.bytes()?).map_err(anyhow::Error::new)?;
        mac.update(signed.as_bytes());
        let key = SigningKey::from_bytes(&*self.ed25519.bytes()?);
        let shared = STANDARD.encode(mac.finalize().into_bytes());
        Ok(format!("v1,{shared} v1a,{}", STANDARD.encode(key.sign(signed.as_bytes()).to_bytes())))
    }
}
