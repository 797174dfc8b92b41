//! The demo's platforms and colleagues.

use std::sync::Arc;
use std::time::Duration;

use super::{Note, PlatformNote, StaffNote, TrialNote};
use crate::app::App;
use crate::base::secret::{Sensitive, base64_url, random_bytes};
use crate::domain::paging::rota;
use crate::domain::people::door;
use crate::domain::people::platforms::{self, Scope};
use crate::domain::people::staff::{self, NewMember, Role};
use crate::domain::terms::Mode;
use crate::domain::unit::{Caller, Unit};
use crate::error::Error;

const PLATFORMS: [(&str, &str); 3] = [("spark", "Spark"), ("meetly", "Meetly"), ("orbit", "Orbit")];
const STAFF: [(&str, Role); 5] = [
    ("amina", Role::Advocate),
    ("lena", Role::Lead),
    ("sam", Role::SafeguardingLead),
    ("audrey", Role::Auditor),
    ("adam", Role::Administrator),
];

/// How long the advocate stands on the rota.
const ON_CALL: Duration = Duration::from_hours(30 * 24);

/// Makes them, and notes their credentials.
pub(super) async fn make(app: &Arc<App>) -> anyhow::Result<Note> {
    let mut note =
        Note { base_url: String::new(), platforms: Vec::new(), staff: Vec::new(), services: Vec::new(), window: None };
    for (slug, name) in PLATFORMS {
        let new = app
            .write(Caller::Command("demo"), move |tx| {
                let platform = match platforms::find(tx, slug)? {
                    Some(platform) => platform,
                    None => platforms::add(tx, slug, name)?,
                };
                platforms::add_client(tx, &platform, Mode::Live, Scope::ALL)
            })
            .await?;
        note.platforms.push(PlatformNote {
            slug: slug.to_owned(),
            client_id: new.client.to_string(),
            client_secret: new.secret.into_exposed(),
            test: None,
            webhook_secret: None,
        });
    }
    for (username, role) in STAFF {
        note.staff.push(colleague(app, username, role).await?);
    }
    Ok(note)
}

/// Gives each platform that has none a credential of test mode beside the live one.
pub(super) async fn allow_trials(app: &Arc<App>, note: &mut Note) -> anyhow::Result<()> {
    for known in note.platforms.iter_mut().filter(|platform| platform.test.is_none()) {
        let slug = known.slug.clone();
        let add = move |tx: &mut Unit<'_>| {
            let platform = platforms::find(tx, &slug)?.ok_or(Error::NotFound)?;
            platforms::add_client(tx, &platform, Mode::Test, Scope::ALL)
        };
        let new = app.write(Caller::Command("demo"), add).await?;
        let (client_id, client_secret) = (new.client.to_string(), new.secret.into_exposed());
        known.test = Some(TrialNote { client_id, client_secret });
    }
    Ok(())
}

async fn colleague(app: &Arc<App>, username: &'static str, role: Role) -> anyhow::Result<StaffNote> {
    let password = base64_url(&random_bytes::<12>());
    let totp_secret = door::new_secret();
    let password_hash = app.passwords.hash(Sensitive::new(password.clone())).await?;
    let secret = totp_secret.clone();
    app.write(Caller::Command("demo"), move |tx| {
        let new = NewMember {
            username: username.to_owned(),
            role,
            queues: Vec::new(),
            password_hash,
            is_given: false,
            totp_secret: secret,
            same_person_as: None,
        };
        let added = staff::add(tx, new)?;
        staff::set_mail(tx, username, Some(&format!("{username}@staff.example")))?;
        if role == Role::Advocate {
            let now = tx.now();
            rota::add(tx, username, now, now.plus(ON_CALL))?;
        }
        Ok(added)
    })
    .await?;
    let totp_secret = door::base32_secret(&totp_secret).into_exposed();
    Ok(StaffNote { username: username.to_owned(), password, totp_secret, role: role.as_str().to_owned() })
}
