//! The demo's directory: what the program ships, of which nobody hears, and five services that do not exist.

use std::sync::Arc;
use std::time::Duration;

use super::{Note, ServiceNote};
use crate::app::App;
use crate::domain::directory::{self, Agreement, WayIn, files};
use crate::domain::people::partners::{self, PartnerScope};
use crate::domain::terms::Mode;
use crate::domain::unit::{Caller, Unit};

/// Five services, as a file has them. Their numbers are those that are kept for fiction.
const INVENTED: &str = include_str!("services.toml");
const NAMES: [&str; 5] = ["harbour", "lantern", "nightline", "kite", "quayside"];

/// How long what is agreed with them holds.
const AGREED: Duration = Duration::from_hours(300 * 24);

/// Those of them that a machine answers for too.
const BY_MACHINE: [&str; 2] = ["harbour", "quayside"];

/// Fills the directory. Referrals go to the five by telephone, and to two by their machines.
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
            let ways = if BY_MACHINE.contains(&slug) { vec![WayIn::Api, WayIn::Phone] } else { vec![WayIn::Phone] };
            directory::open(tx, slug, ways, agreement)?;
        }
        Ok(())
    };
    app.write(Caller::Command("demo"), fill).await?;
    Ok(())
}

/// Gives those that have none their credentials. A service that somebody took out of the directory stays without.
pub(super) async fn connect(app: &Arc<App>, note: &mut Note) -> anyhow::Result<()> {
    for slug in
        BY_MACHINE.into_iter().filter(|slug| note.services.iter().all(|one| one.slug != *slug)).collect::<Vec<_>>()
    {
        let book = app.read_directory().await?;
        let Some(service) = book.services().iter().find(|service| service.entry.slug == slug) else { continue };
        let id = service.id.clone();
        let add = move |tx: &mut Unit<'_>| partners::add(tx, &id, Mode::Live, PartnerScope::ALL);
        let new = app.write(Caller::Command("demo"), add).await?;
        note.services.push(ServiceNote {
            slug: slug.to_owned(),
            id: service.id.to_string(),
            name: service.entry.name.clone(),
            client_id: new.client.to_string(),
            client_secret: new.secret.expose().clone(),
        });
    }
    Ok(())
}
