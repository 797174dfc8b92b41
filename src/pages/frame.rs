//! What stands around every public page: its head, the way through the site, the way out, and the foot
//! (`templates/pages/frame.html`).

/// The style sheet of every page: tokens first, then the few shapes that pages are made of. Editions are signed with it.
pub const STYLE: &str = include_str!("../../templates/pages/style.css");

/// What a page has in its head, and says of itself.
#[derive(Clone, Debug)]
pub struct Head {
    /// The page's name.
    pub title: String,
    /// One sentence for search engines.
    pub description: String,
    /// Where its style sheet stands.
    pub style: String,
    /// Its data, without the ending; they are linked as CSV and JSON.
    pub data: Option<String>,
    /// Its own path.
    pub path: String,
    /// The address of its site, where the page is a file that is copied and read elsewhere.
    pub site: Option<String>,
}

impl Head {
    /// The paths that stand on every page, with their names.
    pub const NAV: [(&'static str, &'static str); 5] = [
        ("/transparency", "Statistics"),
        ("/transparency/method", "Method"),
        ("/transparency/calendar", "Calendar"),
        ("/transparency/changes", "Changes"),
        ("/transparency/verify", "Verify"),
    ];

    /// Where the page stands that says whom to ring. Every page leads to it, and none that is signed holds a number, because
    /// numbers change.
    pub const HELP: &'static str = "/help";

    /// Whether the page is the one at this path of the list.
    #[must_use]
    pub fn is_at(&self, path: &str) -> bool {
        self.path == path
    }
}
