//! The demo's directory: what the program ships, of which nobody hears, and five services that do not exist.

use std::sync::Arc;
use std::time::Duration;

use super::{AccountNote, Note, ServiceNote};
use crate::app::App;
use crate::base::id::ServiceId;
use crate::base::secret::{Sensitive, base64_url, random_bytes};
use crate::domain::directory::{self, Agreement, WayIn, files};
use crate::domain::people::door;
use crate::domain::people::partners::accounts::{self, NewAccount};
use crate::domain::people::partners::{self, PartnerScope};
use crate::domain::terms::Mode;
use crate::domain::unit::{Caller, Unit};

/// Five services, as a file has them. Their numbers are those that are kept for fiction.
const INVENTED: &str = include_str!("services.toml");
const NAMES: [&str; 5] = ["harbour", "lantern", "nightline", "kite", "quayside"];

/// How long what is agreed with them holds.
const AGREED: Duration = Duration::from_hours(300 * 24);

/// The ways in to each.
const fn ways(slug: &str) -> &'static [WayIn] {
    match slug.as_bytes() {
        b"harbour" => &[WayIn::Api, WayIn::Inbox],
        b"lantern" | b"kite" => &[WayIn::Inbox],
        b"quayside" => &[WayIn::Api],
        _ => &[WayIn::Phone],
    }
}

/// Fills the directory. Referrals go to two of the five by their machines, to three by the inbox, and to one by telephone.
pub(super) async fn make(app: &Arc<App>) -> anyhow::Result<()> {
    let now = app.clock.now();
    let assumed =
        files::Assumed { kind: directory::Kind::Helpline, helps_with: Vec::new(), areas: Vec::new(), zone: None };
    let mut invented = files::read(INVENTED, &assumed)?.entries;
    // They were looked up yesterday, whenever the demo begins.
    for entry in &mut invented {
        entry.checked_at = now.minus(Duration::from_hours(24));
    }
    let entries = [files::shipped()?, invented].concat();
    directory::check_all(&entries, now)?;
    let fill = move |tx: &mut Unit<'_>| {
        directory::import(tx, entries)?;
        for slug in NAMES {
            let agreement = Agreement { by: "Lena and the service".to_owned(), until: now.plus(AGREED), mail: None };
            directory::open(tx, slug, ways(slug).to_vec(), agreement)?;
        }
        Ok(())
    };
    app.write(Caller::Command("demo"), fill).await?;
    Ok(())
}

/// Gives those that have none their credentials and accounts. A service that somebody took out of the directory stays without.
pub(super) async fn connect(app: &Arc<App>, note: &mut Note) -> anyhow::Result<()> {
    for slug in NAMES {
        let book = app.read_directory().await?;
        let Some(service) = book.services().iter().find(|service| service.entry.slug == slug) else { continue };
        let before = note.services.iter().position(|one| one.slug == slug).map(|at| note.services.remove(at));
        let mut known = before.unwrap_or_else(|| ServiceNote {
            slug: slug.to_owned(),
            id: service.id.to_string(),
            name: service.entry.name.clone(),
            client_id: None,
            client_secret: None,
            accounts: Vec::new(),
        });
        if ways(slug).contains(&WayIn::Api) && known.client_id.is_none() {
            let id = service.id.clone();
            let add = move |tx: &mut Unit<'_>| partners::add(tx, &id, Mode::Live, PartnerScope::ALL);
            let new = app.write(Caller::Command("demo"), add).await?;
            known.client_id = Some(new.client.to_string());
            known.client_secret = Some(new.secret.into_exposed());
        }
        if ways(slug).contains(&WayIn::Inbox) && known.accounts.is_empty() {
            known.accounts.push(account(app, slug, &service.id, true).await?);
        }
        note.services.push(known);
    }
    // Two people at one of them: what one took on opens to the other only if they coordinate.
    for known in note.services.iter_mut().filter(|known| known.slug == "harbour" && known.accounts.len() == 1) {
        if let Ok(id) = known.id.parse() {
            known.accounts.push(account(app, "harbour-2", &id, false).await?);
        }
    }
    Ok(())
}

async fn account(app: &Arc<App>, name: &str, service: &ServiceId, coordinates: bool) -> anyhow::Result<AccountNote> {
    let password = base64_url(&random_bytes::<12>());
    let totp_secret = door::new_secret();
    let password_hash = app.passwords.hash(Sensitive::new(password.clone())).await?;
    let new = NewAccount {
        service: service.clone(),
        username: name.to_owned(),
        coordinates,
        password_hash,
        is_given: false,
        totp_secret: totp_secret.clone(),
    };
    app.write(Caller::Command("demo"), move |tx| accounts::add(tx, new)).await?;
    let totp_secret = door::base32_secret(&totp_secret).into_exposed();
    Ok(AccountNote { username: name.to_owned(), password, totp_secret })
}
