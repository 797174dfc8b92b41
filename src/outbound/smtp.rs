//! A conversation with the mail server, step by step: what a refusal means depends on what was being said. Only an answer
//! about the recipient is about the recipient; a server that refuses our password, our name or our sender for a minute must
//! not cost anybody a page.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use lettre::address::{Address, Envelope};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use percent_encoding::percent_decode_str;
use tokio::time::timeout;
use url::Url;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long the conversation may take until the server is given the mail, and from then until it has taken it; together
/// less than a worker's lease.
const WHOLE: Duration = Duration::from_secs(25);
const TAKING: Duration = Duration::from_secs(25);
/// How long a server may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// Why a mail was not sent. The words name no address.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// The server says for good that it does not deliver to this recipient.
    #[error("{0}")]
    Refused(String),
    /// Anything else: it is tried again.
    #[error("{0}")]
    Later(String),
}

/// A mail server, as `mail.url` names it.
pub(super) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Server")
    }
}

/// What was being said when the conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Greeting,
    Tls,
    SigningIn,
    Sender,
    Recipient,
    Content,
}

impl Step {
    const fn words(self) -> &'static str {
        match self {
            Self::Greeting => "our greeting",
            Self::Tls => "our wish for TLS",
            Self::SigningIn => "our signing in",
            Self::Sender => "mail.from",
            Self::Recipient => "the recipient",
            Self::Content => "the mail",
        }
    }
}

impl Server {
    /// Reads `smtp://user:password@host:587?tls=required` and the like.
    ///
    /// # Errors
    /// What is wrong with it. The words repeat nothing of it: it may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let form = "must look like smtp://user:password@host:587?tls=required or smtps://…; in a password write @ as %40, \
                    / as %2F and # as %23";
        let url = Url::parse(text).map_err(|_| form)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(form)?;
        if url.port() == Some(0) {
            return Err("must name a port from 1 to 65535, or none");
        }
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(form);
        }
        let (mut wanted, mut unknown) = (None, false);
        for (key, value) in url.query_pairs() {
            unknown |= key != "tls" || wanted.is_some();
            wanted = Some(value.into_owned());
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let parameters = || TlsParameters::new(bare.clone()).map_err(|_| "cannot be used: this machine has no TLS");
        let (tls, usual) = match (url.scheme(), wanted.as_deref(), unknown) {
            ("smtp", None, false) => (Tls::None, 25),
            ("smtp", Some("required"), false) => (Tls::Required(parameters()?), 587),
            ("smtp", Some("opportunistic"), false) => (Tls::Opportunistic(parameters()?), 587),
            ("smtps", None, false) => (Tls::Wrapper(parameters()?), 465),
            ("smtp" | "smtps", _, _) => {
                return Err("knows one option: smtp:// with ?tls=required or ?tls=opportunistic");
            }
            _ => return Err(form),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (name, Some(password)) if !name.is_empty() => {
                Some(Credentials::new(decoded(name).map_err(|_| form)?, decoded(password).map_err(|_| form)?))
            }
            _ => return Err("needs both a name and a password, or neither"),
        };
        Ok(Self { host: bare, port: url.port().unwrap_or(usual), tls, credentials })
    }

    /// Delivers a mail to one recipient.
    ///
    /// # Errors
    /// [`NotSent`], which says at which step and why.
    pub(super) async fn deliver(&self, envelope: &Envelope, mail: &[u8]) -> Result<(), NotSent> {
        let late = |_| NotSent::Later("the mail server does not answer in time".to_owned());
        let mut server = timeout(WHOLE, self.converse(envelope)).await.map_err(late)??;
        let taken = timeout(TAKING, server.message(mail)).await.map_err(late)?;
        taken.map_err(|error| judge(Step::Content, &error))?;
        // It has the mail: how it says goodbye, if it does, changes nothing.
        let _ = timeout(GOODBYE, server.quit()).await;
        Ok(())
    }

    /// Says all that comes before a mail: greeting, TLS and signing in.
    ///
    /// # Errors
    /// [`NotSent`], which says at which step and why.
    pub(super) async fn greet(&self) -> Result<(), NotSent> {
        let late = |_| NotSent::Later("the mail server does not answer in time".to_owned());
        let mut server = timeout(WHOLE, self.connect()).await.map_err(late)??;
        let _ = timeout(GOODBYE, server.quit()).await;
        Ok(())
    }

    /// Says all that comes before the mail itself.
    async fn converse(&self, envelope: &Envelope) -> Result<AsyncSmtpConnection, NotSent> {
        let mut server = self.connect().await?;
        let mut options = Vec::new();
        let plain = |address: &Address| AsRef::<str>::as_ref(address).is_ascii();
        if !envelope.to().iter().chain(envelope.from()).all(plain) {
            if !server.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(NotSent::Refused(
                    "the mail server takes no address in other than ASCII letters".to_owned(),
                ));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        let at = |step| move |error: Error| judge(step, &error);
        server.command(Mail::new(envelope.from().cloned(), options)).await.map_err(at(Step::Sender))?;
        for to in envelope.to() {
            server.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(at(Step::Recipient))?;
        }
        server.command(Data).await.map_err(at(Step::Content))?;
        Ok(server)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, NotSent> {
        let hello = ClientId::default();
        let wrapped = if let Tls::Wrapper(parameters) = &self.tls { Some(parameters.clone()) } else { None };
        let address = (self.host.as_str(), self.port);
        let connected = AsyncSmtpConnection::connect_tokio1(address, Some(CONNECT), &hello, wrapped, None).await;
        let mut server = connected.map_err(|error| judge(Step::Greeting, &error))?;
        let upgrade = match &self.tls {
            Tls::Required(parameters) => Some(parameters),
            Tls::Opportunistic(parameters) => Some(parameters).filter(|_| server.can_starttls()),
            Tls::Wrapper(_) | Tls::None => None,
        };
        if let Some(parameters) = upgrade {
            if !server.can_starttls() {
                let words = "the mail server offers no TLS, which mail.url demands";
                return Err(NotSent::Later(words.to_owned()));
            }
            server.starttls(parameters.clone(), &hello).await.map_err(|error| judge(Step::Tls, &error))?;
        }
        if let Some(credentials) = &self.credentials {
            if server.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
                let words = "the mail server offers no way of signing in that is known here (PLAIN, LOGIN)";
                return Err(NotSent::Later(words.to_owned()));
            }
            let signed_in = server.auth(DEFAULT_MECHANISMS, credentials).await;
            signed_in.map_err(|error| judge(Step::SigningIn, &error))?;
        }
        Ok(server)
    }
}

/// What an error means that came up at this step.
fn judge(step: Step, error: &Error) -> NotSent {
    let Some(code) = error.status().map(u16::from) else { return NotSent::Later(trouble(error).to_owned()) };
    // A server's own words can repeat the address, so only its codes are kept.
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let enhanced = enhanced(&said);
    let status = enhanced.map(|(class, subject, detail)| format!(" {class}.{subject}.{detail}")).unwrap_or_default();
    let words = format!("the mail server answered {code}{status} to {}", step.words());
    if is_about_the_recipient(step, code, enhanced) { NotSent::Refused(words) } else { NotSent::Later(words) }
}

/// The status code of RFC 3463 that a line of the reply begins with.
fn enhanced(said: &str) -> Option<(u16, u16, u16)> {
    said.lines().find_map(|line| {
        let mut parts = line.split_whitespace().next()?.splitn(3, '.').map(str::parse);
        match (parts.next(), parts.next(), parts.next()) {
            (Some(Ok(class)), Some(Ok(subject)), Some(Ok(detail))) => Some((class, subject, detail)),
            _ => None,
        }
    })
}

/// Whether a server says for good that it does not deliver to this recipient: mailbox and address (RFC 3463, 5.1 and 5.2),
/// without those that tell of the sender. Policy, routing, protocol and the server's own state pass.
fn is_about_the_recipient(step: Step, code: u16, enhanced: Option<(u16, u16, u16)>) -> bool {
    let recipient = step == Step::Recipient;
    match enhanced {
        Some((5, 1, detail)) => (recipient || step == Step::Content) && !matches!(detail, 7 | 8),
        Some((5, 2, _)) => recipient || step == Step::Content,
        Some(_) => false,
        None => recipient && matches!(code, 550 | 551 | 553 | 556),
    }
}

/// What went wrong when the server gave no answer.
fn trouble(error: &Error) -> &'static str {
    if error.is_timeout() {
        return "the mail server does not answer in time";
    }
    if error.is_tls() {
        return "no TLS with the mail server: its certificate does not hold, or it speaks another protocol on this port";
    }
    let mut cause = error.source();
    while let Some(error) = cause {
        match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => return "nothing listens at the mail server's address and port",
            Some(ErrorKind::InvalidData) => {
                return "no TLS with the mail server: its certificate does not hold, or it speaks another protocol on \
                        this port";
            }
            _ => cause = error.source(),
        }
    }
    if error.is_response() {
        "the conversation with the mail server broke off"
    } else {
        "the mail server cannot be reached"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_about_the_recipient_is_final() {
        let last = [
            (Step::Recipient, 550, "5.1.1 no such mailbox"),
            (Step::Recipient, 550, "No such user here"),
            (Step::Recipient, 551, "User not local"),
            (Step::Recipient, 553, "mailbox name not allowed"),
            (Step::Recipient, 556, "5.1.10 takes no mail"),
            (Step::Recipient, 550, "5.2.1 disabled"),
            (Step::Recipient, 552, "5.2.2 full"),
            (Step::Content, 550, "5.1.1 found out late"),
            (Step::Content, 552, "5.2.2 full"),
        ];
        for (step, code, said) in last {
            assert!(is_about_the_recipient(step, code, enhanced(said)), "{code} {said}");
        }
        let passing = [
            (Step::Greeting, 554, "5.7.1 your address is on a list"),
            (Step::Greeting, 550, "go away"),
            (Step::SigningIn, 535, "5.7.8 wrong password"),
            (Step::SigningIn, 530, "5.7.0 TLS first"),
            (Step::SigningIn, 550, "5.1.1 odd"),
            (Step::Sender, 530, "5.7.0 sign in first"),
            (Step::Sender, 550, "5.1.0 sender denied"),
            (Step::Sender, 553, "sender not yours"),
            (Step::Sender, 552, "too big"),
            (Step::Recipient, 550, "5.7.1 relaying denied"),
            (Step::Recipient, 554, "5.7.1 relay access denied"),
            (Step::Recipient, 554, "refused"),
            (Step::Recipient, 550, "Sorry\n5.7.1 relaying denied"),
            (Step::Tls, 454, "4.7.0 TLS not available"),
            (Step::Recipient, 550, "5.1.8 your domain does not exist"),
            (Step::Recipient, 550, "5.1.7 bad sender"),
            (Step::Recipient, 552, "too many recipients"),
            (Step::Recipient, 550, "5.4.1 no route"),
            (Step::Content, 554, "5.7.1 looks like spam"),
            (Step::Content, 550, "looks like spam"),
            (Step::Content, 552, "5.3.4 too big"),
        ];
        for (step, code, said) in passing {
            assert!(!is_about_the_recipient(step, code, enhanced(said)), "{code} {said}");
        }
    }

    #[test]
    fn a_server_is_read_from_its_url() {
        let ok = |text: &str| Server::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!((ok("smtp://localhost").port, ok("smtp://[::1]:2525").host.as_str()), (25, "::1"));
        assert_eq!(ok("smtps://post.example").port, 465);
        assert_eq!(ok("smtp://post.example?tls=required").port, 587);
        assert_eq!(ok("smtp://a%40b.example:p%23w%2F@post.example?tls=opportunistic").port, 587);
        for wrong in [
            "",
            "post.example",
            "smtp:",
            "smtp://",
            "smtp://:25",
            "http://post.example",
            "smtp://post.example?tls=yes",
            "smtp://post.example?tsl=required",
            "smtps://post.example?tls=required",
            "smtp://ann@post.example",
            "smtp://:pw@post.example",
            "smtp://ann:p#w@post.example",
            "smtp://ann:p/w@post.example",
            "smtp://post.example:587x",
            "smtp://post.example/inbox",
            "mailto:ann@post.example",
        ] {
            assert!(Server::parse(wrong).is_err(), "{wrong}");
        }
    }
}
