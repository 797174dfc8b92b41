//! The operator's own pager: one call for each ring, to an address that the operator set.

use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::secret::Sensitive;

/// A pager that is called over HTTP for each ring.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagerSettings {
    /// Where to POST a ring; none when absent. May hold a secret.
    #[serde(skip_serializing)]
    pub url: Option<Sensitive<String>>,
    /// A bearer token for it.
    #[serde(skip_serializing)]
    pub token: Option<Sensitive<String>>,
    /// Whether it is asked each minute if it would take a ring. Switch it off for a pager that calls somebody whatever it is
    /// told; then nothing shows that it refuses until it must ring.
    pub probe: bool,
}

impl Default for PagerSettings {
    fn default() -> Self {
        Self { url: None, token: None, probe: true }
    }
}

impl PagerSettings {
    /// Whether the pager can be called.
    ///
    /// # Errors
    /// A sentence that names the setting, and repeats nothing of it.
    pub fn check(&self) -> Result<(), String> {
        let callable = |url: &Sensitive<String>| {
            Url::parse(url.expose()).is_ok_and(|url| {
                // A fragment is never sent, so whoever wrote one meant a %23.
                let is_whole = url.has_host() && url.fragment().is_none() && url.port() != Some(0);
                matches!(url.scheme(), "http" | "https") && is_whole
            })
        };
        if self.url.as_ref().is_some_and(|url| !callable(url)) {
            return Err(
                "pager.url must be a whole URL without #, such as https://pager.example.org/ring; # is %23".to_owned()
            );
        }
        let header = |token: &Sensitive<String>| HeaderValue::from_str(&format!("Bearer {}", token.expose())).is_ok();
        if self.token.as_ref().is_some_and(|token| token.expose().trim().is_empty() || !header(token)) {
            return Err("pager.token must be one line of plain characters; leave it out when there is none".to_owned());
        }
        if self.token.is_some() && self.url.is_none() {
            return Err("pager.token is for pager.url, which is not set".to_owned());
        }
        Ok(())
    }
}

/// Calls the operator's pager, where one is configured.
#[derive(Debug)]
pub struct Pager {
    http: reqwest::Client,
    url: Sensitive<String>,
    token: Option<Sensitive<String>>,
    is_probed: bool,
}

/// What the pager is told: nothing of the case.
#[derive(Debug, Serialize)]
pub struct Ring<'a> {
    /// Stable when the same ring is told again.
    pub id: &'a str,
    /// `now` or `today`.
    pub urgency: &'a str,
    /// `on_call`, `lead` or `safeguarding_lead`.
    pub rung: &'a str,
    /// How many people are written to; with none, somebody must act by hand.
    pub told: i64,
    /// Where to sign in.
    pub sign_in: &'a str,
}

/// What the pager is asked when nobody is to be called.
#[derive(Debug, Serialize)]
struct Probe<'a> {
    id: &'a str,
    /// `none`: nobody is to be called.
    urgency: &'static str,
    /// `probe`: no rung.
    rung: &'static str,
}

impl Pager {
    /// The pager of the settings; nothing when none is set.
    ///
    /// # Errors
    /// A sentence about the setting that cannot be used, or when the client cannot be built.
    pub fn new(settings: &PagerSettings) -> Result<Option<Self>, String> {
        settings.check()?;
        let Some(url) = settings.url.clone() else { return Ok(None) };
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(15))
            .redirect(Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| format!("the pager's client cannot be made: {error}"))?;
        Ok(Some(Self { http, url, token: settings.token.clone(), is_probed: settings.probe }))
    }

    /// Tells the pager of a ring.
    ///
    /// # Errors
    /// A code of what went wrong, without the address.
    pub async fn ring(&self, ring: &Ring<'_>) -> Result<(), String> {
        self.post(ring).await
    }

    /// Asks the pager whether it takes calls, unless the settings forbid it.
    ///
    /// # Errors
    /// As [`Pager::ring`].
    pub async fn probe(&self, id: &str) -> Result<(), String> {
        if !self.is_probed {
            return Ok(());
        }
        self.post(&Probe { id, urgency: "none", rung: "probe" }).await
    }

    async fn post<T: Serialize + Sync>(&self, what: &T) -> Result<(), String> {
        let mut call = self.http.post(self.url.expose()).json(what);
        if let Some(token) = &self.token {
            call = call.bearer_auth(token.expose());
        }
        match call.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("the pager answered {}", answer.status().as_u16())),
            Err(error) if error.is_timeout() => Err("the pager did not answer in time".to_owned()),
            Err(_) => Err("the pager cannot be reached".to_owned()),
        }
    }
}
