//! The demo: three fictional platforms, five colleagues, five services and a few hundred reports, posted through the service's own
//! HTTP API and worked on through it too, so that queues, events and clocks are alive. Nobody in it exists.

mod mailbox;
mod past;
mod people;
mod reports;
mod services;
mod window;
mod work;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::app::{self, App};
use crate::base::output::{remark, say};
use crate::base::secret::Sensitive;
use crate::base::time::Clock;
use crate::config::{Config, DataProtection};
use crate::db;
use crate::db::Rx;
use crate::db::standing::{Standing, look_at};
use crate::domain::people::platforms;
use crate::domain::people::staff;
use crate::error::Result;
use crate::{jobs, web};
use window::Window;

/// Where the demo's metrics are served: whichever port is free.
const PRIVATE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What `<data>/demo.json` holds: where to look and with which credentials.
#[derive(Debug, Serialize, Deserialize)]
struct Note {
    base_url: String,
    platforms: Vec<PlatformNote>,
    staff: Vec<StaffNote>,
    /// A demo of an earlier version gets them when it starts again.
    #[serde(default)]
    services: Vec<ServiceNote>,
    /// Where the page stands that shows what went out; the apps' receivers are behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<SocketAddr>,
}

/// A platform's credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct PlatformNote {
    slug: String,
    client_id: String,
    client_secret: String,
    /// The credential for its trials. A demo of an earlier version gets one when it starts again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    test: Option<TrialNote>,
    /// Verifies what its webhook endpoint is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<String>,
}

/// A platform's credential of test mode.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TrialNote {
    client_id: String,
    client_secret: String,
}

/// A colleague's credential.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct StaffNote {
    username: String,
    password: String,
    /// Base32.
    totp_secret: String,
    role: String,
}

/// A service that referrals go to: its machine's credential where one reads them, and its people who read the inbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ServiceNote {
    slug: String,
    id: String,
    name: String,
    client_id: Option<String>,
    client_secret: Option<String>,
    #[serde(default)]
    accounts: Vec<AccountNote>,
}

/// Somebody at a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct AccountNote {
    username: String,
    password: String,
    totp_secret: String,
}

/// Fills a fresh directory and serves it, or serves what is there.
///
/// # Errors
/// A sentence that says what is wrong and what to do.
pub async fn run(config: Config, count: u32) -> anyhow::Result<()> {
    let listener = TcpListener::bind(config.listen)
        .with_context(|| format!("cannot listen on {}; choose another with --listen 127.0.0.1:8181", config.listen))?;
    let address = listener.local_addr()?;
    let file = config.data.join("demo.json");
    let known = read_note(&file)?;
    refuse_real(&config, known.as_ref()).await?;
    let mut config = Config { listen: address, data_protection: invented_documents(), ..config };
    let base_url = config.base_url();
    let view = Arc::new(Window::default());
    let window_address = open_window(&mut config, &view, known.as_ref().and_then(|note| note.window)).await?;
    let fresh = known.is_none();
    if fresh {
        past::live(&config, Clock::machine().now()).await.context("the demo's past could not be written")?;
    }
    let app = app::open_alone(config, Clock::machine()).await?;
    if fresh {
        services::make(&app).await.context("the demo's directory could not be filled")?;
    }
    let mut note = match known {
        Some(note) => note,
        None => people::make(&app).await?,
    };
    people::allow_trials(&app, &mut note).await?;
    services::connect(&app, &mut note).await?;
    note.base_url = base_url;
    note.window = Some(window_address);
    write_note(&file, &note)?;
    let metrics = TcpListener::bind(app.config.metrics_listen.unwrap_or(PRIVATE))
        .context("cannot listen for the metrics; set RECOURSE_METRICS_LISTEN")?;
    let metrics_at = metrics.local_addr()?;
    actix_web::rt::spawn(web::serve_metrics(&app, metrics)?);
    let server = web::serve(&app, listener)?;
    actix_web::rt::spawn(jobs::run(Arc::clone(&app)));
    let serving = actix_web::rt::spawn(server);
    if fresh {
        reports::subscribe(&mut note, window_address).await.context("the demo's webhooks could not be set up")?;
        write_note(&file, &note)?;
        view.play(&note.base_url, &note.platforms);
        fill(&app, &note, count).await?;
    } else {
        view.play(&note.base_url, &note.platforms);
    }
    say(greeting(&note, &file, metrics_at, fresh))?;
    serving.await??;
    Ok(())
}

/// What stands for the documents of data protection where everybody is invented.
fn invented_documents() -> DataProtection {
    let named = || Some("invented, for this demo".to_owned());
    DataProtection {
        impact_assessment: named(),
        policy_document: named(),
        agreement: named(),
        agreed_on: Some("2026-11-01".to_owned()),
        owner: named(),
    }
}

/// Opens the page that shows what went out, with the receivers and the mail server behind it, and has the service send
/// there. Where it was before, if that is free: endpoints remember their address.
async fn open_window(
    config: &mut Config,
    view: &Arc<Window>,
    before: Option<SocketAddr>,
) -> anyhow::Result<SocketAddr> {
    let loopback = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = match before {
        Some(address) => TcpListener::bind(address).with_context(|| {
            format!("{address} is taken, where this demo's apps receive what they are sent; free it, or begin with a fresh --data")
        })?,
        None => TcpListener::bind(loopback)?,
    };
    let address = listener.local_addr()?;
    let mails = tokio::net::TcpListener::bind(loopback).await?;
    config.mail.url = Some(Sensitive::new(format!("smtp://{}", mails.local_addr()?)));
    config.outbound.allow.push(address.to_string());
    actix_web::rt::spawn(mailbox::serve(mails, Arc::clone(view)));
    actix_web::rt::spawn(window::serve(view, listener)?);
    Ok(address)
}

/// Invented people must never stand among real ones: without a note of an earlier demo, nothing may be there, and with
/// one, only that demo.
async fn refuse_real(config: &Config, known: Option<&Note>) -> anyhow::Result<()> {
    let place = config.place().map_err(|reason| anyhow::anyhow!(reason))?;
    if known.is_none() && (config.keyring_file().exists() || config.data.join("recourse.sqlite3").exists()) {
        anyhow::bail!(
            "{} holds a service that is no demo; choose a fresh directory with --data (a demo that was stopped while it \
             began is none yet)",
            config.data.display()
        );
    }
    let is_new = look_at(&place).map_err(|reason| anyhow::anyhow!(reason))? == Standing::Nothing;
    if let Some(note) = known {
        if is_new || !db::look(&place, &Clock::machine(), holds(note)).await? {
            anyhow::bail!(
                "{} tells of a demo that is not in this database; choose a fresh directory with --data, or give the \
                 database of that demo in RECOURSE_DATABASE_URL (or database_url)",
                config.data.join("demo.json").display()
            );
        }
        return Ok(());
    }
    if is_new {
        return Ok(());
    }
    let nobody = |rx: &mut Rx<'_>| Ok(!platforms::is_any(rx)? && !staff::is_anybody(rx)?);
    let nobody = db::look(&place, &Clock::machine(), nobody).await?;
    if !nobody {
        anyhow::bail!(
            "the database of RECOURSE_DATABASE_URL (or database_url) holds platforms or staff and is no demo; \
             run the demo without it, or with an empty database"
        );
    }
    Ok(())
}

/// Whether the database knows the credentials of the note.
fn holds(note: &Note) -> impl FnOnce(&mut Rx<'_>) -> Result<bool> + Send + 'static {
    let ids: Vec<String> = note.platforms.iter().map(|platform| platform.client_id.clone()).collect();
    move |rx| {
        for id in &ids {
            let Ok(id) = id.parse() else { return Ok(false) };
            if !platforms::is_known(rx, &id)? {
                return Ok(false);
            }
        }
        Ok(!ids.is_empty())
    }
}

async fn fill(app: &Arc<App>, note: &Note, count: u32) -> anyhow::Result<()> {
    remark(format_args!("Filling {} with {count} reports …", app.config.data.display()));
    reports::post(note, count).await.context("the demo's reports could not be posted")?;
    work::work(app, note, count).await.context("the demo's cases could not be worked on")?;
    jobs::tick(Arc::clone(app)).await?;
    Ok(())
}

fn read_note(file: &Path) -> anyhow::Result<Option<Note>> {
    if !file.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(file)?;
    let note = serde_json::from_str(&text);
    Ok(Some(note.with_context(|| format!("{} cannot be read; choose a fresh directory with --data", file.display()))?))
}

/// The note holds secrets, if only of people who do not exist: its owner alone may read it.
fn write_note(file: &Path, note: &Note) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    out.write_all(serde_json::to_string_pretty(note)?.as_bytes())?;
    out.write_all(b"\n")?;
    Ok(out.sync_all()?)
}

/// What a newcomer sees first, as one text.
fn greeting(note: &Note, file: &Path, metrics: SocketAddr, fresh: bool) -> String {
    let base = &note.base_url;
    let mut lines = vec![
        String::new(),
        format!("Recourse's demo serves {base}{}", if fresh { "" } else { " (what was there before)" }),
        String::new(),
        format!("  The public pages   {base}/   (statistics of twenty invented platforms: {base}/transparency)"),
        format!(
            "  The advocates      {base}/console   (sign in as a colleague of below, with a code of the TOTP secret)"
        ),
        format!("  The services' inbox {base}/inbox   (sign in as somebody of a service of below)"),
        format!("  Help, for everybody {base}/v1/public/services?country=GB"),
        format!("  The API document   {base}/openapi.json"),
        format!("  Is it ready?       {base}/readyz"),
    ];
    if let Some(window) = note.window {
        lines.push(format!("  What went out      http://{window}/   (webhooks to the apps, mail to colleagues)"));
    }
    lines.push(format!("  The metrics        http://{metrics}/metrics   (the operator's, on a port of their own)"));
    lines.push(format!("\n  Platforms (client_id, client_secret; POST {base}/oauth/token)"));
    for platform in &note.platforms {
        lines.push(format!("    {:<8} live  {}  {}", platform.slug, platform.client_id, platform.client_secret));
        if let Some(trials) = &platform.test {
            lines.push(format!("    {:<8} test  {}  {}", "", trials.client_id, trials.client_secret));
        }
    }
    lines.push(format!("\n  Colleagues (username, password, TOTP secret; POST {base}/v1/triage/sessions)"));
    for staff in &note.staff {
        lines.push(format!("    {:<18} {:<8} {}  {}", staff.role, staff.username, staff.password, staff.totp_secret));
    }
    lines.push(format!("\n  Services' inbox (username, password, TOTP secret; {base}/inbox)"));
    for service in &note.services {
        for account in &service.accounts {
            let AccountNote { username, password, totp_secret } = account;
            lines.push(format!("    {:<18} {username:<9} {password}  {totp_secret}", service.slug));
        }
    }
    lines.push(format!(
        "\n  The same stands in {}. Stop with Ctrl-C; started again, it serves what is there.",
        file.display()
    ));
    lines.join("\n")
}
