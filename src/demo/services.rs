//! The demo's directory: what the program ships, of which nobody hears, and five services that do not exist.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::domain::directory::{self, Agreement, WayIn, files};
use crate::domain::unit::{Caller, Unit};

/// Five services, as a file has them. Their numbers are those that are kept for fiction.
const INVENTED: &str = include_str!("services.toml");
const NAMES: [&str; 5] = ["harbour", "lantern", "nightline", "kite", "quayside"];

/// How long what is agreed with them holds.
const AGREED: Duration = Duration::from_hours(300 * 24);

/// Fills the directory. Referrals go to the five by telephone.
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
            directory::open(tx, slug, vec![WayIn::Phone], agreement)?;
        }
        Ok(())
    };
    app.write(Caller::Command("demo"), fill).await?;
    Ok(())
}
