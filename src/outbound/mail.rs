//! Mail by SMTP, over pooled connections.

use std::time::Duration;

use lettre::message::header::{ContentType, MessageId};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::PoolConfig;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use serde::{Deserialize, Serialize};

use crate::base::secret::Sensitive;

/// How long one step of the conversation with the mail server may take.
const STEP: Duration = Duration::from_secs(10);
/// How many connections are held open at the most.
const CONNECTIONS: u32 = 4;

/// How mail leaves.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// `smtp://user:password@host:587?tls=required`, `smtps://…`; no mail is sent when absent.
    #[serde(skip_serializing)]
    pub url: Option<Sensitive<String>>,
    /// Whom mail comes from.
    pub from: String,
    /// Who runs the service: told of webhook endpoints that fail.
    #[serde(skip_serializing)]
    pub operator: Option<Sensitive<String>>,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self { url: None, from: "Recourse <recourse@localhost>".to_owned(), operator: None }
    }
}

/// Writes mail, where a mail server is configured.
#[derive(Debug)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    host: String,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The server refused it for good: this address, or this mail.
    #[error("the mail server refused it for good: {0}")]
    Refused(String),
    /// Something that passes: no server, no answer, or "later".
    #[error("the mail server could not take it now: {0}")]
    Later(String),
}

impl Mailer {
    /// The mailer of the settings; nothing when no server is set.
    ///
    /// # Errors
    /// A sentence about the setting that cannot be used.
    pub fn new(settings: &MailSettings) -> Result<Option<Self>, String> {
        let Some(url) = &settings.url else { return Ok(None) };
        let from: Mailbox = settings
            .from
            .parse()
            .map_err(|_| "mail.from must be an address such as `Recourse <recourse@example.org>`".to_owned())?;
        // What the library says of a URL could repeat the password in it.
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose())
            .map_err(|_| "mail.url must look like smtp://user:password@host:587?tls=required or smtps://…".to_owned())?
            .timeout(Some(STEP))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS))
            .build();
        let host = from.email.domain().to_owned();
        Ok(Some(Self { transport, from, host }))
    }

    /// Sends a plain text. `id` stays the same when it is sent again, so that a mail program can tell.
    ///
    /// # Errors
    /// [`NotSent`], without the address.
    pub async fn send(&self, to: &Sensitive<String>, (subject, text): (&str, &str), id: &str) -> Result<(), NotSent> {
        let address: Address =
            to.expose().parse().map_err(|_| NotSent::Refused("this is no mail address".to_owned()))?;
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .header(MessageId::from(format!("<{id}@{}>", self.host)))
            .header(ContentType::TEXT_PLAIN)
            .subject(subject)
            .body(text.to_owned())
            .map_err(|error| NotSent::Refused(error.to_string()))?;
        match self.transport.send(mail).await {
            Ok(_) => Ok(()),
            // A server's own words can repeat the address, so only its code is kept.
            Err(error) => {
                let code = error.status().map_or_else(|| "no answer".to_owned(), |code| code.to_string());
                Err(if error.is_permanent() { NotSent::Refused(code) } else { NotSent::Later(code) })
            }
        }
    }
}

/// Whether the text is a mail address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}
