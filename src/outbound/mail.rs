//! Mail by SMTP, and how addresses are written.

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue, MessageId};
use lettre::message::{Mailbox, Message};
use serde::{Deserialize, Serialize};
use url::Host;

use super::smtp::{NotSent, Server};
use crate::base::secret::Sensitive;

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

impl MailSettings {
    /// Whether every part can be used.
    ///
    /// # Errors
    /// A sentence that names the setting, and repeats nothing of it.
    pub fn check(&self) -> Result<(), String> {
        self.sender()?;
        self.to_operator()?;
        self.server().map(drop)
    }

    fn sender(&self) -> Result<Mailbox, String> {
        let form = "mail.from must be one address, such as recourse@example.org or `Recourse <recourse@example.org>`";
        mailbox(&self.from).ok_or_else(|| form.to_owned())
    }

    fn to_operator(&self) -> Result<Option<Mailbox>, String> {
        let form = "mail.operator must be one address, such as ops@example.org or `Ops <ops@example.org>`";
        let read = |text: &Sensitive<String>| mailbox(text.expose()).ok_or_else(|| form.to_owned());
        self.operator.as_ref().map(read).transpose()
    }

    fn server(&self) -> Result<Option<Server>, String> {
        let read = |url: &Sensitive<String>| Server::parse(url.expose()).map_err(|why| format!("mail.url {why}"));
        self.url.as_ref().map(read).transpose()
    }
}

/// Writes mail, where a mail server is configured.
#[derive(Debug)]
pub struct Mailer {
    server: Server,
    from: Mailbox,
    operator: Option<Sensitive<String>>,
}

impl Mailer {
    /// The mailer of the settings; nothing when no server is set.
    ///
    /// # Errors
    /// A sentence about the setting that cannot be used.
    pub fn new(settings: &MailSettings) -> Result<Option<Self>, String> {
        let (from, operator) = (settings.sender()?, settings.to_operator()?);
        let operator = operator.map(|mailbox| Sensitive::new(mailbox.email.to_string()));
        Ok(settings.server()?.map(|server| Self { server, from, operator }))
    }

    /// Where the operator is reached.
    #[must_use]
    pub const fn operator(&self) -> Option<&Sensitive<String>> {
        self.operator.as_ref()
    }

    /// Signs in to the server, as for a mail, and sends none.
    ///
    /// # Errors
    /// [`NotSent`], which says at which step and why.
    pub async fn probe(&self) -> Result<(), NotSent> {
        self.server.greet().await
    }

    /// Sends a plain text. `id` stays the same when it is sent again, so that a mail program can tell.
    ///
    /// # Errors
    /// [`NotSent`], without the address.
    pub async fn send(&self, to: &Sensitive<String>, subject: &str, text: &str, id: &str) -> Result<(), NotSent> {
        let no_address = || NotSent::Refused("the account's address is no mail address".to_owned());
        let to = mailbox(to.expose()).ok_or_else(no_address)?;
        let mail = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to.email))
            .header(MessageId::from(format!("<{id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN)
            .header(AutoSubmitted)
            .subject(subject)
            .body(text.to_owned())
            .map_err(|_| NotSent::Later("the mail could not be written".to_owned()))?;
        self.server.deliver(mail.envelope(), &mail.formatted()).await
    }
}

/// That no person wrote it (RFC 3834), so that no machine answers.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// The bare address of `ann@example.org` or `Ann <ann@example.org>`, its domain as mail servers write it; nothing when it
/// is none.
#[must_use]
pub fn mail_address(text: &str) -> Option<String> {
    mailbox(text).map(|mailbox| mailbox.email.to_string())
}

fn mailbox(text: &str) -> Option<Mailbox> {
    let text = text.trim();
    let written: Mailbox = text.parse().ok()?;
    let domain = written.email.domain();
    // A name in other letters has a form in plain ones, which every server takes.
    let domain = if domain.is_ascii() { domain.to_owned() } else { Host::parse(domain).ok()?.to_string() };
    let plain = !text.chars().any(char::is_control);
    let email = lettre::Address::new(written.email.user(), domain).ok().filter(|_| plain)?;
    Some(Mailbox::new(written.name, email))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        for (written, bare) in [
            ("ann@example.org", "ann@example.org"),
            (" ann@example.org\n", "ann@example.org"),
            ("Ops <ops@example.org>", "ops@example.org"),
            ("\"Ops, night\" <ops@example.org>", "ops@example.org"),
            ("<ops@example.org>", "ops@example.org"),
            ("ann+pages@bücher.example", "ann+pages@xn--bcher-kva.example"),
            ("ann@localhost", "ann@localhost"),
        ] {
            assert_eq!(mail_address(written).as_deref(), Some(bare), "{written}");
        }
        for wrong in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "ann@example.org, bob@example.org",
            "ann at example.org",
            "Ann ann@example.org",
            "ann@example.org\r\nBcc: x@example.org",
            "mailto:ann@example.org",
            "Ann <ann@example.org",
            "ann@exa mple.org",
        ] {
            assert_eq!(mail_address(wrong), None, "{wrong}");
        }
    }
}
