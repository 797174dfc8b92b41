//! The surfaces that people at work use with a browser: where each begins, and what all its pages have in common.

use std::sync::LazyLock;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::base::secret::{hex, sha256};
use crate::pages::shell::Shell;

/// Who comes by a surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// A colleague.
    Colleague,
    /// Somebody of a service.
    Reader,
}

/// A surface.
#[derive(Debug)]
pub(super) struct Surface {
    /// Who comes by it.
    pub(super) who: Who,
    /// The path below which all of it stands.
    pub(super) home: &'static str,
    /// What it is called in the title of its pages.
    name: &'static str,
    /// What stands first on each of them.
    brand: &'static str,
    /// The name of its cookie.
    pub(super) cookie: &'static str,
    /// Its style sheet.
    pub(super) style: &'static str,
    /// Its script.
    pub(super) script: &'static str,
}

/// The advocates' console.
pub(super) static CONSOLE: Surface = Surface {
    who: Who::Colleague,
    home: "/console",
    name: "Recourse console",
    brand: "Recourse",
    cookie: "__Host-recourse",
    style: include_str!("../../templates/console/style.css"),
    script: include_str!("../../templates/console/console.js"),
};

/// The inbox of people at services. Whoever looks over a shoulder reads of it no more than that it is one.
pub(super) static INBOX: Surface = Surface {
    who: Who::Reader,
    home: "/inbox",
    name: "Inbox",
    brand: "Inbox",
    cookie: "__Host-inbox",
    style: CONSOLE.style,
    script: CONSOLE.script,
};

/// What a path in a query is written with.
const WRITTEN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

/// By which a browser knows whether it has the style sheet and the script of this program.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let all = [CONSOLE.style.as_bytes(), CONSOLE.script.as_bytes()].concat();
    hex(&sha256(&all)).chars().take(12).collect()
});

impl Surface {
    /// The surface in which a path lies.
    pub(super) fn of(path: &str) -> Option<&'static Self> {
        [&CONSOLE, &INBOX].into_iter().find(|surface| surface.holds(path))
    }

    /// Whether a path lies in it.
    pub(super) fn holds(&self, path: &str) -> bool {
        path.strip_prefix(self.home).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What stands around a page that nobody is signed in for.
    pub(super) fn shell(&self, title: &str) -> Shell {
        Shell {
            title: title.to_owned(),
            surface: self.name,
            brand: self.brand,
            home: self.home,
            style: format!("{}/style.css?v={}", self.home, *VERSION),
            script: format!("{}/console.js?v={}", self.home, *VERSION),
            places: Vec::new(),
            seat: None,
            is_trial: false,
            done: None,
        }
    }

    /// Where somebody signs in who asked for this page.
    pub(super) fn sign_in_for(&self, asked: &str) -> String {
        match self.next(asked) {
            Some(next) => format!("{}/sign-in?next={}", self.home, utf8_percent_encode(next, WRITTEN)),
            None => format!("{}/sign-in", self.home),
        }
    }

    /// Where somebody arrives who has signed in, to go on to this page.
    pub(super) fn arrived_for(&self, next: &str) -> String {
        format!("{}/arrived?next={}", self.home, utf8_percent_encode(next, WRITTEN))
    }

    /// Where somebody goes on who came with this wish: to a page of the surface, and nowhere else.
    pub(super) fn next<'n>(&self, wish: &'n str) -> Option<&'n str> {
        let (path, query) = wish.split_once('?').unwrap_or((wish, ""));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'/');
        let is_query = |byte: u8| is_plain(byte) || matches!(byte, b'=' | b'&' | b'%' | b'+' | b':');
        let is_step = path.split('/').any(|part| matches!(part, "." | ".."));
        let is_door = path.starts_with(&format!("{}/sign-", self.home)) || path == format!("{}/arrived", self.home);
        let fits = self.holds(path) && path.bytes().all(is_plain) && query.bytes().all(is_query);
        (fits && !path.contains("//") && !is_step && !is_door && wish.len() <= 2_000).then_some(wish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_anywhere_else() {
        let next = |wish| CONSOLE.next(wish).is_some();
        for good in [
            "/console",
            "/console?queue=children",
            "/console/cases/case_1/note",
            "/console?state=in_review&cursor=aB-_",
        ] {
            assert!(next(good), "{good}");
        }
        let bad = [
            "",
            "/",
            "//elsewhere",
            "//console",
            "/console//elsewhere",
            "/consoles",
            "/console/../v1",
            "https://elsewhere/console",
            "/\\elsewhere",
            "/console\\x",
            "\t/console",
            "/console\r\nx: y",
            "/console#x",
            "/console/sign-out",
            "/console/sign-in",
            "/console/arrived",
            "javascript:alert(1)",
            "/console/%2e%2e/v1",
            "/console@elsewhere",
            "/v1/triage/cases",
        ];
        for bad in bad {
            assert!(!next(bad), "{bad}");
        }
    }

    #[test]
    fn a_page_comes_back_as_it_was_asked_for() {
        let asked = "/console?queue=children&cursor=aB-_";
        let place = CONSOLE.sign_in_for(asked);
        assert_eq!(place, "/console/sign-in?next=/console%3Fqueue%3Dchildren%26cursor%3DaB-_");
    }
}
