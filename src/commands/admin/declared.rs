//! What a colleague declares of themselves, as it is typed.

use recourse::domain::casework::colleagues;
use recourse::domain::casework::rights::Ended;
use recourse::domain::directory;
use recourse::domain::people::platforms;
use recourse::domain::terms::identifiers::{Identifier, IdentifierKind};
use recourse::domain::unit::Unit;
use recourse::error::Error;
use recourse::error::rules::Typed;

/// What a colleague declares.
pub(super) enum Declared {
    Identifier(Identifier),
    /// A platform's short name, and the account as the platform calls it.
    Account(String, String),
    /// A service's short name.
    Service(String),
}

impl Declared {
    /// Looks at the kind before it asks for the value.
    pub(super) fn read(kind: &str, typed: impl FnOnce() -> Result<String, Error>) -> Result<Self, Error> {
        if kind == "account" {
            let value = typed()?;
            let (slug, account) =
                value.trim().split_once(' ').ok_or_else(|| Error::invalid("/value", Typed::Account))?;
            return Ok(Self::Account(slug.to_owned(), account.trim().to_owned()));
        }
        if kind == "service" {
            return Ok(Self::Service(typed()?.trim().to_owned()));
        }
        let known = "phone, email, handle, profile_url, device, payment, account or service";
        let kind = IdentifierKind::parse(kind).ok_or_else(|| super::none_of("kind", kind, known))?;
        Ok(Self::Identifier(Identifier::new(kind, typed()?.trim())))
    }

    pub(super) fn declare(&self, tx: &mut Unit<'_>, username: &str) -> Result<Ended, Error> {
        match self {
            Self::Identifier(identifier) => {
                colleagues::declare(tx, username, identifier).map_err(super::no_account(username))
            }
            Self::Service(slug) => {
                if let Err(Error::NotFound) = directory::id_of(tx, slug) {
                    return Err(Error::invalid("/service", Typed::Service));
                }
                colleagues::declare_service(tx, username, slug).map_err(super::no_account(username))
            }
            Self::Account(slug, account) => {
                if platforms::find(tx, slug)?.is_none() {
                    // Not named: it may be a part of what was typed so that it stands nowhere.
                    return Err(Error::invalid("/platform", Typed::Platform));
                }
                colleagues::declare_account(tx, username, slug, account).map_err(super::no_account(username))
            }
        }
    }
}
