//! Settings: defaults that work, a file, the environment, the command line, in that order. An unknown key is fatal,
//! because a misspelt safety setting must not pass unnoticed.

mod told;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Serialized};
use ipnet::IpNet;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::base::secret::Sensitive;
use crate::base::zone::Zone;
use crate::db::Sizes;
use crate::outbound::{self, MailSettings, PagerSettings};

/// The documents of data protection under which referrals are sent: nothing real is, until all of them are named.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataProtection {
    /// The impact assessment (UK GDPR, Article 35): where it stands, and its version.
    pub impact_assessment: Option<String>,
    /// The appropriate policy document (Data Protection Act 2018, Schedule 1, Part 4).
    pub policy_document: Option<String>,
    /// The agreement on sharing with services.
    pub agreement: Option<String>,
    /// When that was signed, as a day: `2026-11-01`.
    pub agreed_on: Option<String>,
    /// Who answers for all of it.
    pub owner: Option<String>,
}

impl DataProtection {
    /// Whether all of them are named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        let day = |text: &String| chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok();
        let named = [&self.impact_assessment, &self.policy_document, &self.agreement, &self.owner];
        let said = |text: &&Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
        named.iter().all(said) && self.agreed_on.as_ref().is_some_and(day)
    }
}

/// The settings of a service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where the database file, the keyring and the demo's note stand.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address that the metrics are served on; none when absent. Keep it private.
    pub metrics_listen: Option<SocketAddr>,
    /// `postgres://…` or `sqlite://path`; a file in the data directory when absent. May hold a password.
    #[serde(skip_serializing)]
    pub database_url: Option<Sensitive<String>>,
    /// How the service is reached from outside: the issuer of its access tokens.
    pub base_url: Option<String>,
    /// The zone in which pages for colleagues show times, by its IANA name.
    pub time_zone: Zone,
    /// Where published editions stand; a folder in the data directory when absent.
    pub editions: Option<PathBuf>,
    /// A rule file that replaces the built-in TSP-1.
    pub rules_file: Option<PathBuf>,
    /// A rule file that replaces the built-in rules of routing.
    pub routing_file: Option<PathBuf>,
    /// A file that replaces the built-in spans of referrals.
    pub referrals_file: Option<PathBuf>,
    /// A file that replaces the built-in periods after which what was said in a closed case is destroyed.
    pub periods_file: Option<PathBuf>,
    /// The documents of data protection under which referrals are sent.
    pub data_protection: DataProtection,
    /// Requests a second for each credential.
    pub limits: Limits,
    /// Networks of proxies, whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Days that idempotent answers are kept.
    pub idempotency_days: u64,
    /// Reading connections beside `SQLite`'s one writer.
    pub sqlite_readers: u32,
    /// Connections to `PostgreSQL`.
    pub postgres_connections: u32,
    /// Calls to receivers of webhooks.
    pub outbound: outbound::Settings,
    /// Threads that answer HTTP; one for each processor when absent.
    pub workers: Option<usize>,
    /// `text` or `json`.
    pub log_format: LogFormat,
    /// The mail server that pages go through.
    pub mail: MailSettings,
    /// A pager of the operator's own.
    pub pager: PagerSettings,
}

/// Requests a second for each credential, by named policy.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Calls that bring reports in.
    pub ingest: u32,
    /// Calls that read.
    pub read: u32,
    /// Batches.
    pub bulk: u32,
    /// Token and sign-in calls.
    pub token: u32,
    /// Calls of a colleague.
    pub staff: u32,
    /// Calls of a network without a credential.
    pub portal: u32,
    /// Public pages, of a network.
    pub public: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { ingest: 1_000, read: 200, bulk: 20, token: 5, staff: 50, portal: 5, public: 2_000 }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("./recourse-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: None,
            database_url: None,
            base_url: None,
            time_zone: Zone::default(),
            editions: None,
            rules_file: None,
            routing_file: None,
            referrals_file: None,
            periods_file: None,
            data_protection: DataProtection::default(),
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            idempotency_days: 30,
            sqlite_readers: 4,
            postgres_connections: 16,
            outbound: outbound::Settings::default(),
            workers: None,
            log_format: LogFormat::Text,
            mail: MailSettings::default(),
            pager: PagerSettings::default(),
        }
    }
}

/// What the command line may set.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// `--data`.
    pub data: Option<PathBuf>,
    /// `--listen`.
    pub listen: Option<SocketAddr>,
}

/// Settings files, read by the same crate as the data files.
struct Toml;

impl Format for Toml {
    type Error = toml::de::Error;

    const NAME: &'static str = "TOML";

    fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, Self::Error> {
        toml::from_str(text)
    }
}

/// The settings file of the working directory.
const FILE: &str = "recourse.toml";

fn read(settings: Figment, file: &Path) -> Result<Figment, String> {
    match told::badly_formed(file) {
        Some(reason) => Err(reason),
        None => Ok(settings.merge(Toml::file_exact(file))),
    }
}

/// Whether paths can be put behind the URL: nothing but scheme, host, port and perhaps a path.
fn is_base(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let bare = url.username().is_empty() && url.password().is_none();
        let ends = url.query().is_none() && url.fragment().is_none() && !text.ends_with('/');
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        matches!(url.scheme(), "http" | "https") && url.has_host() && bare && ends && plain
    })
}

impl Config {
    /// Reads the settings: built in, then `recourse.toml` (or the file given), then `RECOURSE_…`, then `given`.
    /// Nested keys are joined by two underscores: `RECOURSE_LIMITS__INGEST=2000`.
    ///
    /// # Errors
    /// A sentence that names the key that is unknown or of the wrong form.
    pub fn load(given: &Given) -> Result<Self, String> {
        let mut settings = Figment::from(Serialized::defaults(Self::default()));
        settings = match &given.file {
            Some(file) if !file.is_file() => return Err(format!("there is no settings file {}", file.display())),
            Some(file) => read(settings, file)?,
            None if Path::new(FILE).is_file() => read(settings, Path::new(FILE))?,
            None => settings,
        };
        // `RECOURSE_CONFIG` and the like belong to the command line and to the tests.
        let settings =
            settings.merge(Env::prefixed("RECOURSE_").ignore(&["config", "test_postgres", "log"]).split("__"));
        let mut config: Self = settings.extract().map_err(told::all)?;
        if let Some(data) = &given.data {
            config.data.clone_from(data);
        }
        if let Some(listen) = given.listen {
            config.listen = listen;
        }
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let not_a_folder = self.data.ancestors().find(|place| place.exists()).filter(|place| !place.is_dir());
        if let Some(place) = not_a_folder {
            return Err(format!(
                "data must be a directory, and {} is a file: name another with --data",
                place.display()
            ));
        }
        let l = &self.limits;
        let limits = [l.ingest, l.read, l.bulk, l.token, l.staff, l.portal, l.public];
        if limits.contains(&0) {
            return Err("every limit must be at least 1".to_owned());
        }
        if self.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
            return Err("trusted_proxies must not hold everybody: name the networks of your proxies alone, such as \
                        [\"127.0.0.1/32\"]"
                .to_owned());
        }
        if self.sqlite_readers == 0 || self.postgres_connections == 0 || self.workers == Some(0) {
            return Err("connections and workers must be at least 1".to_owned());
        }
        if !(1..=3_650).contains(&self.idempotency_days) {
            return Err("idempotency_days must be 1 to 3650".to_owned());
        }
        self.mail.check()?;
        self.pager.check()?;
        outbound::Rules::new(&self.outbound)?;
        if self.base_url.as_ref().is_some_and(|url| !is_base(url)) {
            let form = "base_url must be the whole address without / at its end, such as https://recourse.example.org";
            return Err(form.to_owned());
        }
        self.place().map(drop)
    }

    /// How the service is reached from outside.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.base_url.clone().unwrap_or_else(|| format!("http://{}", self.listen))
    }

    /// Whether callers reach the service by https: `base_url` says so.
    #[must_use]
    pub fn is_by_https(&self) -> bool {
        self.base_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Where the keyring stands.
    #[must_use]
    pub fn keyring_file(&self) -> PathBuf {
        self.data.join("keyring.json")
    }

    /// Where published editions stand.
    #[must_use]
    pub fn editions_folder(&self) -> PathBuf {
        self.editions.clone().unwrap_or_else(|| self.data.join("editions"))
    }

    /// Where the database is.
    ///
    /// # Errors
    /// A sentence about the form of the URL.
    pub fn place(&self) -> Result<crate::db::Place, String> {
        crate::db::place(self.database_url.as_ref().map(|url| url.expose().as_str()), Path::new(&self.data))
    }

    /// How many connections to hold.
    #[must_use]
    pub const fn sizes(&self) -> Sizes {
        Sizes { sqlite_readers: self.sqlite_readers, postgres: self.postgres_connections }
    }
}
