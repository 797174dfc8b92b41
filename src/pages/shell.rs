//! What stands around every page for people at work: its head, the way through, who is signed in, and until when
//! (`templates/pages/shell.html`). Each surface has its own places and its own style sheet.

/// Around a page.
#[derive(Clone, Debug, Default)]
pub struct Shell {
    /// What the page is called; never a word of a case.
    pub title: String,
    /// What the surface is called, in the title behind it.
    pub surface: &'static str,
    /// What stands first on every page of it.
    pub brand: &'static str,
    /// Where the surface begins.
    pub home: &'static str,
    /// Where its style sheet stands.
    pub style: String,
    /// Where its script stands.
    pub script: String,
    /// The way through the surface.
    pub places: Vec<Place>,
    /// Who is signed in, if anybody is.
    pub seat: Option<Seat>,
    /// Whether the page is of trials.
    pub is_trial: bool,
    /// One sentence of what was done just now.
    pub done: Option<String>,
}

/// A place of the surface.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its path.
    pub path: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The letter that leads there.
    pub key: Option<&'static str>,
    /// Whether the page is there.
    pub is_here: bool,
}

/// Who sits before the page.
#[derive(Clone, Debug)]
pub struct Seat {
    /// By which name they are known here.
    pub name: String,
    /// What they do here.
    pub role: &'static str,
    /// Where their account stands.
    pub account: &'static str,
    /// Where the form goes that signs them out.
    pub sign_out: &'static str,
    /// The key of that form.
    pub key: String,
    /// Where the call goes that keeps the session awake.
    pub stay: &'static str,
    /// The service's clock, as an RFC 3339 time.
    pub now: String,
    /// When the session ends at the latest.
    pub ends: String,
    /// When it ends, unless they do something before.
    pub idle: String,
    /// Whether letters are keys.
    pub letter_keys: bool,
    /// Which zone the times of the page are of, by its IANA name.
    pub zone: String,
    /// The same as people read it.
    pub zone_words: String,
    /// What else stands at the foot of every page.
    pub note: &'static str,
}
