//! A tab of a browser without a script and without a picture: it keeps the cookie, reads forms as they stand in pages, and sends
//! them as a person would.

use std::time::Duration;

use recourse::domain::people::staff::{self, Carrier};
use reqwest::{Method, StatusCode};

use super::{Staff, TEST, World};

/// A tab.
#[derive(Clone)]
pub(crate) struct Tab {
    pub(crate) base: String,
    pub(crate) cookie: Option<String>,
    pub(crate) http: reqwest::Client,
}

/// A page, as it came.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
    path: String,
}

/// A form of a page: where it goes, and what its fields hold.
#[derive(Clone, Debug)]
pub(crate) struct PageForm {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Tab {
    /// Nobody's.
    pub(crate) fn of_nobody(world: &World) -> Self {
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
        let http = http.timeout(Duration::from_mins(1)).build().unwrap();
        Self { base: world.base.clone(), cookie: None, http }
    }

    /// That of a colleague, signed in from inside.
    pub(crate) async fn of(world: &World, who: &Staff) -> Self {
        let name = who.username.clone();
        let open = move |tx: &mut recourse::domain::unit::Unit<'_>| {
            let account = staff::account(tx, &name)?.unwrap();
            staff::open_session(tx, account, Carrier::Page)
        };
        let opened = world.app.write(TEST, open).await.unwrap();
        let cookie = Some(format!("__Host-recourse={}", opened.token.into_exposed()));
        Self { cookie, ..Self::of_nobody(world) }
    }

    /// A call as a browser makes it from a page of the service.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.cookie {
            Some(cookie) => request.header("Cookie", cookie),
            None => request,
        }
    }

    /// A form that is sent, from wherever.
    pub(crate) fn posting(&self, path: &str, fields: &[(String, String)]) -> reqwest::RequestBuilder {
        let written = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path);
        request.header("Content-Type", "application/x-www-form-urlencoded").body(written)
    }

    /// Sends a call, and keeps the cookie that the answer sets.
    pub(crate) async fn send(&mut self, request: reqwest::RequestBuilder) -> Page {
        let answer = request.send().await.unwrap();
        let (status, headers, path) = (answer.status(), answer.headers().clone(), answer.url().path().to_owned());
        for set in headers.get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = (!pair.ends_with('=')).then_some(pair);
        }
        let body = answer.text().await.unwrap();
        Page { status: status.as_u16(), headers, body, path }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Page {
        let request = self.request(Method::GET, path).header("Sec-Fetch-Site", "same-origin");
        self.send(request).await
    }

    /// Opens a page, and goes on to where it leads.
    pub(crate) async fn open(&mut self, path: &str) -> Page {
        let mut page = self.get(path).await;
        for _ in 0..5 {
            let Some(next) = page.leads_to().map(str::to_owned) else { break };
            page = self.get(&next).await;
        }
        page
    }

    pub(crate) async fn post(&mut self, path: &str, fields: &[(String, String)]) -> Page {
        let request = self.posting(path, fields).header("Sec-Fetch-Site", "same-origin");
        self.send(request).await
    }

    /// Sends a form, with these fields filled in.
    pub(crate) async fn submit(&mut self, form: &PageForm, filled: &[(&str, &str)]) -> Page {
        self.post(&form.action, &form.filled(filled)).await
    }

    /// Sends a form, and goes on to where that leads.
    pub(crate) async fn follow(&mut self, form: &PageForm, filled: &[(&str, &str)]) -> Page {
        let page = self.submit(form, filled).await;
        let Some(next) = page.leads_to().map(str::to_owned) else { return page };
        self.open(&next).await
    }
}

impl PageForm {
    /// Its fields, with these values in place of theirs.
    pub(crate) fn filled(&self, filled: &[(&str, &str)]) -> Vec<(String, String)> {
        let kept = self.fields.iter().filter(|(name, _)| !filled.iter().any(|(other, _)| other == name)).cloned();
        kept.chain(filled.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
    }
}

impl Page {
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.path, self.words());
        self
    }

    /// Where the answer leads.
    pub(crate) fn leads_to(&self) -> Option<&str> {
        let to = self.headers.get("location").map(|place| place.to_str().unwrap());
        assert_eq!(to.is_some(), self.status == StatusCode::SEE_OTHER.as_u16(), "{}", self.status);
        to
    }

    /// Whether these words stand in it.
    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.words().contains(words), "{:?} is not said on {}: {}", words, self.path, self.words());
        self
    }

    /// What a person reads: the text without its marks.
    pub(crate) fn words(&self) -> String {
        let mut text = String::new();
        let mut is_mark = false;
        for letter in self.body.chars() {
            match letter {
                '<' => is_mark = true,
                '>' => {
                    is_mark = false;
                    text.push(' ');
                }
                _ if !is_mark => text.push(letter),
                _ => {}
            }
        }
        plain(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The form that goes to an address with this end.
    #[track_caller]
    pub(crate) fn form(&self, end: &str) -> PageForm {
        let forms = self.forms();
        let found = forms.iter().find(|form| form.action.ends_with(end));
        found.cloned().unwrap_or_else(|| panic!("{}: no form goes to {end}: {}", self.path, self.words()))
    }

    /// All forms that are sent.
    pub(crate) fn forms(&self) -> Vec<PageForm> {
        let all = self.body.split("<form ").skip(1);
        let of = |text: &str| {
            let text = text.split("</form>").next().unwrap();
            let (head, rest) = text.split_once('>').unwrap();
            PageForm { action: attribute(head, "action").unwrap_or_default(), fields: fields(rest) }
        };
        all.filter(|text| text.split('>').next().unwrap().contains("method=\"post\"")).map(of).collect()
    }
}

/// The value of an attribute in a mark.
fn attribute(mark: &str, name: &str) -> Option<String> {
    let begin = mark.find(&format!("{name}=\""))? + name.len() + 2;
    mark[begin..].split('"').next().map(plain)
}

/// What a browser would send of a form as it stands.
fn fields(text: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for mark in text.split('<').skip(1) {
        let (head, rest) = mark.split_once('>').unwrap_or((mark, ""));
        let Some(name) = attribute(head, "name") else { continue };
        let kind = attribute(head, "type").unwrap_or_default();
        let is_chosen = head.contains(" checked");
        if head.starts_with("input") && (!matches!(kind.as_str(), "radio" | "checkbox") || is_chosen) {
            all.push((name, attribute(head, "value").unwrap_or_default()));
        } else if head.starts_with("textarea") {
            all.push((name, plain(rest.strip_prefix('\n').unwrap_or(rest))));
        }
    }
    for list in text.split("<select ").skip(1) {
        let list = list.split("</select>").next().unwrap();
        let name = attribute(list.split('>').next().unwrap(), "name").unwrap();
        let options: Vec<&str> = list.split("<option ").skip(1).collect();
        let chosen =
            options.iter().find(|option| option.split('>').next().unwrap().contains(" selected")).or(options.first());
        all.push((name, chosen.and_then(|option| attribute(option, "value")).unwrap_or_default()));
    }
    all
}

/// Text as it is read.
fn plain(text: &str) -> String {
    let named = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ];
    // Once: what a page writes of `&lt;` is `&#38;lt;`, and is read as it was meant.
    let mut plain = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find('&') {
        plain.push_str(&rest[..begin]);
        rest = &rest[begin..];
        let (name, letter) = named.iter().find(|(name, _)| rest.starts_with(name)).unwrap_or(&("&", "&"));
        plain.push_str(letter);
        rest = &rest[name.len()..];
    }
    plain + rest
}
