//! Second factors: one-time codes of six digits, one every thirty seconds (RFC 6238).

use totp_rs::{Builder, Totp};

use crate::base::secret::{Sensitive, random_bytes};
use crate::error::Result;

/// A fresh secret for a second factor: 20 random bytes.
#[must_use]
pub fn new_secret() -> Sensitive<Vec<u8>> {
    Sensitive::new(random_bytes::<20>().to_vec())
}

/// The codes of a secret. How long one is taken, the door says.
///
/// # Errors
/// `Internal` when the secret is too short for RFC 6238.
fn codes(secret: &Sensitive<Vec<u8>>) -> Result<Totp> {
    let codes = Builder::new().with_secret(secret.expose().clone()).with_skew(0).with_step_duration(30).build();
    Ok(codes.map_err(|_| anyhow::anyhow!("a second factor's secret is not fit for use"))?)
}

/// The code of a secret at this time, in seconds since 1970.
///
/// # Errors
/// `Internal` when the secret is not fit for use.
pub fn code_at(secret: &Sensitive<Vec<u8>>, seconds: u64) -> Result<String> {
    Ok(codes(secret)?.generate(seconds).to_string())
}

/// A second factor for an authenticator app, as its QR codes hold it: an `otpauth://` URL with the secret in it.
///
/// # Errors
/// `Internal` when the secret is not fit for use.
pub fn otpauth(username: &str, secret: &Sensitive<Vec<u8>>) -> Result<Sensitive<String>> {
    let codes = Builder::new().with_secret(secret.expose().clone()).with_account_name(username);
    let url = codes.with_issuer(Some("Recourse")).build().and_then(|codes| codes.to_url());
    Ok(Sensitive::new(url.map_err(|_| anyhow::anyhow!("a second factor's secret is not fit for use"))?))
}

/// A second factor's secret as authenticator apps take it: RFC 4648 base32 without padding.
#[must_use]
pub fn base32_secret(secret: &Sensitive<Vec<u8>>) -> Sensitive<String> {
    Sensitive::new(totp_rs::Secret::from(secret.expose().clone()).to_base32())
}
