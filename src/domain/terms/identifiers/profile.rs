//! Addresses of profiles: which part of one is the person.

use url::Url;

use super::app_links::{self, Link};
use super::clean::{bare, clean, folded, looks_like};
use super::nobody::{is_blank, is_no_one, is_word};
use super::rules::{PROFILES, Site, lists};
use super::{handle, mail};

/// Parts of a host that say how a page is shown.
const SHOWN: [&str; 14] =
    ["www", "www2", "ww", "m", "mobile", "touch", "mbasic", "web", "old", "new", "np", "amp", "business", "wap"];

/// How many addresses inside one are looked at.
const MOST_INSIDE: usize = 4;

/// An address in its forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Profile {
    /// For a match; nothing where the name is a word for nobody too.
    pub(super) exact: Option<String>,
    /// For a wall.
    pub(super) broad: String,
    /// What the person is called there, if the address says so.
    pub(super) name: Option<String>,
    /// A telephone number that the address is made of.
    pub(super) number: Option<String>,
    /// Whether it is of a service that we know.
    pub(super) is_known: bool,
}

/// An address, taken apart.
pub(super) struct Parts {
    host: String,
    /// Decoded, without empty ones.
    path: Vec<String>,
    /// Without what only tracks; in order of their names.
    query: Vec<(String, String)>,
    /// A route or name behind the `#`; empty when it is only a place on a page.
    fragment: String,
}

impl Parts {
    /// The path, and the route behind `#!`.
    fn route(&self) -> impl Iterator<Item = &str> {
        self.path.iter().map(String::as_str).chain(self.fragment.split('/').filter(|part| !part.is_empty()))
    }
}

/// Reads an address as somebody wrote it; nothing when there is none, or it is nobody's page.
pub(super) fn read(text: &str) -> Option<Profile> {
    match app_links::read(text) {
        Some(Link::Number(number)) => return Some(of_number(number)),
        Some(Link::Address(address)) => return read(&address),
        Some(Link::Nobody) => return None,
        None => {}
    }
    let parts = take_apart(text)?;
    if let Some(number) = PROFILES.number.iter().find_map(|site| person(site, &parts)).filter(|text| is_number(text)) {
        return Some(of_number(number));
    }
    let of_host = || PROFILES.service.iter().filter(|site| is_at(site, &parts.host));
    if let Some((site, name)) = of_host().find_map(|site| Some((site, person(site, &parts)?))) {
        let is_sure = is_sure(site, &name, &parts);
        return served(site, &name).map(|profile| Profile { exact: profile.exact.filter(|_| is_sure), ..profile });
    }
    if of_host().next().is_some() && (parts.path.len() < 2 && parts.query.is_empty()) {
        // The service's own front page, or one of its pages for all.
        return None;
    }
    let is_persons = of_host().next().is_none() && names_a_person(&parts);
    let profile = elsewhere(&parts);
    Some(Profile { exact: profile.exact.filter(|_| is_persons), ..profile })
}

/// Whether the address is plainly that person's page: a name that stands first in the path may be a page of the service
/// too (`/dating/profile/301`, `/tos`), so only pages that persons have may follow it.
fn is_sure(site: &Site, name: &str, parts: &Parts) -> bool {
    let mut route = parts.route();
    if owner(site, &parts.host).is_some() || route.next() != Some(name) {
        return true;
    }
    let is_own = |part: &str| {
        PROFILES.own_page.iter().any(|known| known.eq_ignore_ascii_case(part))
            || part.starts_with(|c: char| c.is_ascii_digit())
    };
    let is_all = PROFILES.page_for_all.contains(&name.to_lowercase());
    name.starts_with(['@', '$']) || (!is_all && route.next().is_none_or(|part| name.len() > 2 && is_own(part)))
}

/// Whether an address of a service that we do not know names a person by its shape: by a member of the query, behind a
/// segment that says so, or with an `@`. A front page, an inbox and a shop are everybody's.
fn names_a_person(parts: &Parts) -> bool {
    if PROFILES.nobodys.contains(&parts.host) {
        return false;
    }
    let is_own = |part: &str| {
        let plain = part.to_lowercase();
        !is_page(part) && !PROFILES.page_for_all.contains(&plain) && !is_no_one(part)
    };
    let route: Vec<&str> = parts.route().collect();
    let is_marked = route
        .iter()
        .zip(route.iter().skip(1))
        .any(|(front, behind)| PROFILES.marks.contains(&front.to_lowercase()) && is_own(behind));
    let is_named = route.iter().any(|part| part.len() > 2 && part.starts_with(['@', '~']));
    let in_query = parts.query.iter().any(|(key, value)| PROFILES.person.contains(key) && is_own(value));
    let ends_in_page = parts.path.last().is_some_and(|last| is_page(last));
    let behind_page = ends_in_page
        && (!parts.query.is_empty() || (!parts.fragment.is_empty() && is_own(parts.fragment.trim_matches('/'))));
    let in_fragment = parts.fragment.contains('=') || (parts.path.is_empty() && !parts.query.is_empty());
    is_marked || is_named || in_query || behind_page || in_fragment
}

/// Whom the addresses inside an address lead to: behind a page for signing in, or one that counts who left. For a wall.
pub(super) fn led_to(text: &str) -> Vec<Profile> {
    let Some(parts) = take_apart(text) else { return Vec::new() };
    let inner = parts.query.iter().filter_map(|(_, value)| match value {
        page if page.starts_with('/') => read(&format!("https://{}{page}", parts.host)),
        address if address.contains("://") => read(address),
        _ => None,
    });
    inner.take(MOST_INSIDE).collect()
}

/// An address of a telephone number.
fn of_number(number: String) -> Profile {
    Profile { exact: None, broad: number.clone(), name: None, number: Some(number), is_known: true }
}

/// `instagram: nightowl` as the address that it means.
pub(super) fn of_service(service: &str, name: &str) -> Option<Profile> {
    served(PROFILES.service.iter().find(|site| lists(&site.names, service))?, name)
}

fn served(site: &Site, name: &str) -> Option<Profile> {
    let name = clean(name);
    let name = name.trim_matches(['@', '$', ' ', '/']);
    let kept: String = name.chars().filter(|c| !site.ignored.contains(*c)).collect();
    let kept = if site.keeps_case { kept } else { folded(&kept) };
    if kept.is_empty() || is_no_one(&kept) || lists(&site.nobody, &kept) {
        return None;
    }
    let tells = !is_blank(&bare(&kept)) && !is_word(&bare(&kept));
    let host = site.hosts.split(' ').next().unwrap_or_default();
    let path = site.paths.first().map_or("{}", |path| path.as_str());
    let exact = format!("{host}/{}", path.replace("{}", &kept));
    let broad = format!("{host}/{}", path.replace("{}", &looks_like(&kept)));
    Some(Profile { exact: tells.then_some(exact), broad, name: Some(kept), number: None, is_known: true })
}

/// The person of the first path that fits.
fn person(site: &Site, parts: &Parts) -> Option<String> {
    let in_host = owner(site, &parts.host).map(str::to_owned);
    let in_path = || lists(&site.hosts, &parts.host).then(|| placed(&site.paths, &site.no_person, parts)).flatten();
    in_host.or_else(in_path)
}

fn is_at(site: &Site, host: &str) -> bool {
    lists(&site.hosts, host) || owner(site, host).is_some()
}

/// Who stands in front of the host.
fn owner<'h>(site: &Site, host: &'h str) -> Option<&'h str> {
    let front =
        site.hosts.split(' ').find_map(|own| host.strip_suffix(own)?.strip_suffix('.')).filter(|_| site.in_host)?;
    (!front.is_empty() && !front.contains('.') && !lists(&site.no_person, front)).then_some(front)
}

/// Who stands where the first of the paths that fits has its person, whatever the host.
pub(super) fn placed(paths: &[String], no_person: &str, parts: &Parts) -> Option<String> {
    // Routes behind `#!`: the whole of the page is the service's front page.
    let route: Vec<&str> = parts.route().collect();
    paths.iter().find_map(|path| {
        let (path, key) = path.split_once('?').map_or((path.as_str(), None), |(path, key)| (path, Some(key)));
        let wanted: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut found = None;
        for (at, want) in wanted.iter().enumerate() {
            let given = route.get(at)?;
            match want.split_once("{}") {
                Some((front, _)) => found = Some(behind(given, front)?),
                None if *want == "*" || want.eq_ignore_ascii_case(given) => {}
                None => return None,
            }
        }
        let bare_name = wanted.len() == 1 && found.is_some_and(|name| lists(no_person, &name.to_lowercase()));
        match key {
            Some(key) => {
                let key = key.trim_end_matches("={}");
                parts.query.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone())
            }
            None => found.filter(|name| !bare_name && !name.is_empty()).map(str::to_owned),
        }
    })
}

/// The person of a segment: behind these signs, or, for `*-`, the digits behind the last hyphen: `Ann-Lee-100001`; for `#`,
/// the digits that it is.
fn behind<'t>(given: &'t str, front: &str) -> Option<&'t str> {
    if front == "*-" {
        let (_, digits) = given.rsplit_once('-')?;
        return Some(digits).filter(|digits| digits.len() > 3 && digits.bytes().all(|b| b.is_ascii_digit()));
    }
    if front == "#" {
        return Some(given).filter(|digits| digits.len() > 3 && digits.bytes().all(|b| b.is_ascii_digit()));
    }
    strip_folded(given, front)
}

fn strip_folded<'t>(text: &'t str, front: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(front.len())?;
    head.eq_ignore_ascii_case(front).then_some(rest)
}

pub(super) fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 7 && text.chars().all(|c| c.is_ascii_digit() || "+-() .".contains(c))
}

/// An address of a service that we do not know: in doubt every part counts for a match, and only what is the person by
/// its name at a wall.
fn elsewhere(parts: &Parts) -> Profile {
    let is_page = parts.path.last().is_none_or(|last| is_page(last));
    let is_all_page = parts.path.iter().all(|part| self::is_page(part));
    let is_person = |(key, _): &&(String, String)| PROFILES.person.contains(key);
    let of_person: Vec<(String, String)> = parts.query.iter().filter(is_person).cloned().collect();
    let broad_query = if is_page && of_person.is_empty() { &parts.query } else { &of_person };
    // Behind a page of `/u/ann/profile`, a word is a place on it more often than a person.
    let is_route = parts.fragment.starts_with('/') || (is_page && parts.fragment.contains(['/', '=']));
    let broad_fragment = if is_route || is_all_page { parts.fragment.as_str() } else { "" };
    let low = |text: &str| looks_like(text);
    let broad_path: Vec<String> = parts.path.iter().map(|part| low(part)).collect();
    let broad_query: Vec<(String, String)> = broad_query.iter().map(|(key, value)| (key.clone(), low(value))).collect();
    let name = of_person.first().map(|(_, value)| value).or_else(|| parts.path.last().filter(|_| !is_page));
    Profile {
        exact: Some(written(&parts.host, &parts.path, &parts.query, &parts.fragment)),
        broad: written(&parts.host, &broad_path, &broad_query, &low(broad_fragment)),
        name: name.map(|name| folded(name).trim_matches('@').to_owned()),
        number: None,
        is_known: false,
    }
}

/// Whether a last segment is a page or a program, behind which the person must stand.
fn is_page(segment: &str) -> bool {
    let plain = segment.to_lowercase();
    let is_file = |(_, kind): (&str, &str)| PROFILES.file.iter().any(|known| known == kind);
    PROFILES.page.contains(&plain) || plain.rsplit_once('.').is_some_and(is_file)
}

/// The parts put together, escaped as addresses are.
fn written(host: &str, path: &[String], query: &[(String, String)], fragment: &str) -> String {
    let Ok(mut url) = Url::parse(&format!("https://{host}/")) else { return host.to_owned() };
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.clear().extend(path);
    }
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    url.set_fragment(Some(fragment).filter(|fragment| !fragment.is_empty()));
    let text = url.as_str().trim_start_matches("https://");
    text.trim_end_matches('/').to_owned()
}

pub(super) fn take_apart(text: &str) -> Option<Parts> {
    let text = clean(text);
    let word = text.split_whitespace().find(|word| word.contains('.') && (word.contains('/') || word.contains("www")));
    let word = word.or_else(|| text.split_whitespace().next().filter(|_| !text.contains(' ')))?;
    let word = word.trim_matches(['<', '>', '"', '\'', '(', ')', ',', ';', '[', ']']).trim_end_matches(['.', '!']);
    let rest = word.split_once("://").map_or(word, |(_, rest)| rest).trim_start_matches('/');
    if rest.starts_with('@') || rest.split(['/', '?', '#']).next().is_some_and(|host| host.contains('@')) {
        return None;
    }
    let url = Url::parse(&format!("https://{rest}")).ok()?;
    let host = shown_plainly(&mail::host(url.host_str()?)?);
    let path: Vec<String> = url.path_segments()?.map(decoded).filter(|part| !part.is_empty()).collect();
    let path = without_index(path);
    let mut query: Vec<(String, String)> = url
        .query_pairs()
        .map(|(key, value)| (folded(&key), clean(&value)))
        .filter(|(key, value)| !is_tracking(key, value))
        .collect();
    query.sort();
    query.dedup();
    let fragment = url.fragment().map(decoded).unwrap_or_default();
    let fragment = fragment.trim_start_matches('!').to_owned();
    let is_doubtful = |(key, _): &(String, String)| PROFILES.doubtful.contains(key);
    let is_bare = !is_known(&host) && path.last().is_some_and(|last| is_page(last)) && query.iter().all(is_doubtful);
    if !is_bare {
        query.retain(|member| !is_doubtful(member));
    }
    // A word behind the `#` is a place on a page, unless the page is all there is.
    let is_route = fragment.starts_with('/') || fragment.contains(['/', '=']) || path.is_empty() || is_bare;
    // In an app on the web it is the chat.
    let is_route = is_route || (host.starts_with("web.") && is_known(&host));
    let is_text = fragment.starts_with(":~:");
    let fragment = if is_route && !is_text { fragment.trim_end_matches('/').to_owned() } else { String::new() };
    Some(Parts { host, path, query, fragment })
}

/// The host without what says how the page is shown: `www.`, `m.`, `de-de.` before a service that we know.
fn shown_plainly(host: &str) -> String {
    let mut host = host;
    while let Some((front, rest)) = host.split_once('.').filter(|(_, rest)| rest.contains('.') && !is_known(host)) {
        let is_language = (front.len() == 2 || (front.len() == 5 && front.contains('-'))) && is_known(rest);
        if !is_language && !SHOWN.contains(&front) {
            break;
        }
        host = rest;
    }
    host.to_owned()
}

fn is_known(host: &str) -> bool {
    PROFILES.service.iter().chain(&PROFILES.number).any(|site| is_at(site, host))
}

fn decoded(part: &str) -> String {
    // A plus in a path is a plus.
    let whole = format!("v={}", part.replace('+', "%2B").replace('&', "%26"));
    clean(
        &url::form_urlencoded::parse(whole.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default(),
    )
}

fn without_index(mut path: Vec<String>) -> Vec<String> {
    if path.last().is_some_and(|last| matches!(last.to_lowercase().as_str(), "index.html" | "index.htm" | "index.php"))
        && path.len() > 1
    {
        path.pop();
    }
    path
}

fn is_tracking(key: &str, value: &str) -> bool {
    key.is_empty()
        || value.is_empty()
        || key.starts_with("utm_")
        || key.starts_with("__")
        || PROFILES.tracking.iter().any(|known| known == key)
}

/// Whether the text is an address at all: it names a host.
pub(super) fn is_address(text: &str) -> bool {
    text.contains("://") || handle::first_word(text).contains('/') || text.starts_with("www.")
}
