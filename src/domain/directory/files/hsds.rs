//! HSDS 3.1, the Human Services Data Specification of Open Referral (docs.openreferral.org, 3.1): services as JSON. What it has no
//! place for stands beside it, in a member of our own, so that our export reads back whole. Addresses are never taken.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Contents, refused, schedule};
use crate::base::id::ServiceId;
use crate::base::time::Timestamp;
use crate::base::zone::Zone;
use crate::domain::directory::codes::{Channel, Cost, Evidence, Kind, Need, OnBill, WayIn};
use crate::domain::directory::entry::{Ages, Entry, Way};
use crate::domain::directory::hours::Hours;
use crate::error::rules::Directory;
use crate::error::{Error, Result};

/// What whoever imports a file of another directory says of it, because HSDS has no word for it.
#[derive(Clone, Debug)]
pub struct Assumed {
    /// What its services are.
    pub kind: Kind,
    /// What they help with.
    pub helps_with: Vec<Need>,
    /// Where they help, as entries write it; needed where the file has services of others.
    pub areas: Vec<String>,
    /// The zone of their hours; needed where the file has any. Its own are offsets from UTC, which are wrong for half of
    /// the year, and are not read.
    pub zone: Option<Zone>,
}

/// A service of a file that is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: &'static str,
}

/// A page of services, as the API of HSDS answers; its list may also stand alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Page { contents: Vec<Service> },
    List(Vec<Service>),
    One(Box<Service>),
}

/// What is read of a service. Everything else is left.
#[derive(Deserialize)]
struct Service {
    id: String,
    name: String,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    assured_date: Option<String>,
    #[serde(default)]
    last_modified: Option<String>,
    #[serde(default)]
    minimum_age: Option<f64>,
    #[serde(default)]
    maximum_age: Option<f64>,
    #[serde(default)]
    organization: Option<Organization>,
    #[serde(default)]
    phones: Vec<Phone>,
    #[serde(default)]
    schedules: Vec<schedule::Schedule>,
    #[serde(default)]
    languages: Vec<Language>,
    /// What we have written ourselves.
    #[serde(default)]
    recourse: Option<Entry>,
}

#[derive(Deserialize)]
struct Organization {
    name: String,
}

#[derive(Deserialize)]
struct Phone {
    number: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct Language {
    #[serde(default)]
    code: Option<String>,
}

/// Reads a file.
///
/// # Errors
/// `Invalid` when it is no HSDS, or leaves out what is not assumed.
pub(super) fn read(text: &str, assumed: &Assumed) -> Result<Contents> {
    let file: File = serde_json::from_str(text)
        .map_err(|error| refused(format!("it is JSON and no list of services of HSDS 3.1: {error}")))?;
    let services = match file {
        File::Page { contents } => contents,
        File::List(list) => list,
        File::One(one) => vec![*one],
    };
    let mut contents = Contents::default();
    for service in services {
        match service.status.as_deref() {
            None | Some("active") => {
                let entry = service.entry(assumed)?;
                contents.entries.push(entry);
            }
            Some(_) => contents.skipped.push(Skipped { name: service.name, why: "its status is not active" }),
        }
    }
    Ok(contents)
}

impl Service {
    fn entry(self, assumed: &Assumed) -> Result<Entry> {
        let id = ServiceId::from_uuid(&self.id);
        if let Some(entry) = self.recourse {
            return Ok(Entry { id, ..entry });
        }
        if assumed.areas.is_empty() {
            return Err(Error::invalid("/area", Directory::Nothing));
        }
        let hours = match (schedule::text(&self.schedules), assumed.zone) {
            (None, _) => None,
            (Some(_), None) => return Err(Error::invalid("/zone", Directory::NoZone)),
            (Some(text), Some(zone)) => Some(Hours { text, zone }),
        };
        let age = |years: Option<f64>| {
            let years = years.filter(|years| (0.0..=120.0).contains(years))?;
            (0..=120).find(|age| f64::from(*age) >= years.floor())
        };
        let ages = Ages { from: age(self.minimum_age), to: age(self.maximum_age) };
        let sources = self.url.iter().filter(|url| url.starts_with("http")).cloned().collect();
        let day = |text: &Option<String>| {
            let text = text.as_deref()?;
            Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}T00:00:00Z")))
        };
        // Nobody says when it was true: long ago.
        let checked_at = day(&self.assured_date).or_else(|| day(&self.last_modified));
        let languages: Vec<String> = self.languages.iter().filter_map(|language| language.code.clone()).collect();
        Ok(Entry {
            slug: slug(&self.name, id.as_ref()),
            id,
            organisation: self.organization.map_or_else(|| self.name.clone(), |of| of.name),
            kind: assumed.kind,
            helps_with: assumed.helps_with.clone(),
            areas: assumed.areas.clone(),
            ages,
            for_whom: Vec::new(),
            marks: Vec::new(),
            languages: if languages.is_empty() { vec!["und".to_owned()] } else { languages },
            channels: channels(&self.phones, self.email, self.url),
            cost: Cost::Unknown,
            on_bill: OnBill::Unknown,
            hours,
            ways_in: vec![WayIn::None],
            needs: Vec::new(),
            answers_within: None,
            agreement: None,
            public: false,
            sources,
            evidence: Evidence::Imported,
            checked_at: checked_at.unwrap_or_else(|| Timestamp::at_day(1970, 1, 1)),
            expires_at: None,
            note: None,
            name: self.name,
        })
    }
}

fn channels(phones: &[Phone], email: Option<String>, url: Option<String>) -> Vec<Way> {
    let way = |channel, value: String| Way { channel, value: Some(value), note: None };
    let of = |phone: &Phone| {
        let channel = match phone.kind.as_deref() {
            Some("text" | "sms") => Channel::Text,
            Some("textphone" | "tty") => Channel::Relay,
            _ => Channel::Phone,
        };
        way(channel, phone.number.trim_matches('"').trim().to_owned())
    };
    let mut ways: Vec<Way> = phones.iter().map(of).collect();
    ways.extend(email.map(|address| way(Channel::Email, address)));
    ways.extend(url.map(|page| way(Channel::Web, page)));
    ways
}

/// A short name made of the name, with the end of the id, so that two of one name have two.
fn slug(name: &str, id: Option<&ServiceId>) -> String {
    let mut words = String::new();
    for letter in name.to_ascii_lowercase().chars() {
        match letter {
            'a'..='z' | '0'..='9' => words.push(letter),
            _ if words.is_empty() || words.ends_with('-') => {}
            _ => words.push('-'),
        }
    }
    words.truncate(48);
    let end = id.and_then(|id| id.as_str().get(24..)).unwrap_or_default();
    [words.trim_matches('-'), end].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("-")
}

/// What others read of one of our entries.
#[derive(Serialize)]
struct Written {
    id: String,
    name: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    assured_date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_age: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_age: Option<u8>,
    organization: Value,
    phones: Vec<Value>,
    schedules: Vec<Value>,
    service_areas: Vec<Value>,
    languages: Vec<Value>,
    recourse: Entry,
}

/// Writes entries as a page of services.
///
/// # Errors
/// A fault of ours.
pub(super) fn write(entries: Vec<Entry>) -> Result<String> {
    let contents: Vec<Written> = entries.into_iter().map(written).collect();
    let count = contents.len();
    let page = json!({
        "total_items": count, "total_pages": 1, "page_number": 1, "size": count, "first_page": true, "last_page": true,
        "empty": count == 0, "contents": contents,
    });
    Ok(serde_json::to_string_pretty(&page).map_err(anyhow::Error::new)? + "\n")
}

fn written(entry: Entry) -> Written {
    let id = entry.id.clone().unwrap_or_else(ServiceId::random);
    let value = |channel| entry.channels.iter().find(|way| way.channel == channel).and_then(|way| way.value.clone());
    // Parts of a service have ids of their own there. They are made from the service's, so that they stay the same.
    let part = |name: &str, at: usize| part_id(&id, name, at);
    let phones = entry.channels.iter().enumerate().filter_map(|(at, way)| {
        let kind = match way.channel {
            Channel::Phone => "voice",
            Channel::Text => "text",
            Channel::Relay => "textphone",
            Channel::Webchat | Channel::Email | Channel::Web | Channel::Video | Channel::InPerson => return None,
        };
        let number = way.value.as_ref()?;
        Some(json!({ "id": part("phone", at), "number": number, "type": kind, "description": way.note }))
    });
    let areas = entry.areas.iter().enumerate().map(|(at, area)| json!({ "id": part("area", at), "name": area }));
    let languages = entry
        .languages
        .iter()
        .enumerate()
        .map(|(at, code)| json!({ "id": part("language", at), "code": code, "name": code }));
    let schedules = entry
        .hours
        .iter()
        .map(|hours| json!({ "id": part("schedule", 0), "description": format!("{} ({})", hours.text, hours.zone) }));
    Written {
        url: value(Channel::Web),
        email: value(Channel::Email),
        status: "active",
        assured_date: entry.checked_at.to_string().chars().take(10).collect(),
        minimum_age: entry.ages.from,
        maximum_age: entry.ages.to,
        organization: json!({ "id": part("organization", 0), "name": entry.organisation, "description": entry.organisation }),
        phones: phones.collect(),
        schedules: schedules.collect(),
        service_areas: areas.collect(),
        languages: languages.collect(),
        id: id.uuid(),
        name: entry.name.clone(),
        recourse: Entry { id: None, ..entry },
    }
}

/// The UUID of a part of a service.
fn part_id(id: &ServiceId, name: &str, at: usize) -> String {
    let hash = crate::base::secret::sha256(format!("{id} {name} {at}").as_bytes());
    let digits = crate::base::secret::hex(&hash);
    let cut = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}
