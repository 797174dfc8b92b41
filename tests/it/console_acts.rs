//! The forms of the console that act: what each makes, and whether it is done only while the case stands as it was seen.

/// What somebody does by a form.
pub(crate) struct Act {
    /// Which of the ways to fill it in.
    pub(crate) name: &'static str,
    /// The last part of its path.
    pub(crate) leaf: &'static str,
    /// The event that it makes.
    pub(crate) makes: &'static str,
    /// Whether it is done only while the case stands as it was seen.
    pub(crate) needs_seen: bool,
}

const fn act(name: &'static str, leaf: &'static str, makes: &'static str, needs_seen: bool) -> Act {
    Act { name, leaf, makes, needs_seen }
}

/// Every act on a case. A row of the table of endpoints that is neither here nor among [`OTHERS`] fails.
pub(crate) const ACTS: [Act; 26] = [
    act("note", "note", "note_written", false),
    act("contact", "contact", "note_written", false),
    act("emergency", "emergency", "note_written", false),
    act("wishes", "wishes", "note_written", true),
    act("hold", "hold", "case_moved", true),
    act("resume", "resume", "case_moved", true),
    act("reopen", "reopen", "case_moved", true),
    act("hand over", "hand-over", "handed_over", true),
    act("assign", "hand-over", "assigned", true),
    act("raise", "priority", "priority_changed", true),
    act("lower", "priority", "act_proposed", true),
    act("ask", "ask", "request_made", false),
    act("decide", "decide", "case_moved", true),
    act("link", "link", "case_linked", false),
    act("pass", "pass", "passed", false),
    act("leave", "pass", "passed", false),
    act("claim", "claim", "claimed", false),
    act("start", "start", "case_moved", true),
    act("approve", "second/{act}/approve", "act_decided", false),
    act("agree", "consent", "consent_given", false),
    act("take back", "take-back", "consent_withdrawn", false),
    act("refer", "refer", "referral_drafted", false),
    act("send", "send", "referral_moved", false),
    act("service said", "service-said", "referral_moved", false),
    act("recall", "recall", "referral_moved", false),
    act("replace", "replace", "referral_drafted", false),
];

/// The acts of the second person that end it otherwise; they are tried as `approve` is.
pub(crate) const SECOND: [Act; 2] = [
    act("refuse", "second/{act}/refuse", "act_decided", false),
    act("withdraw", "second/{act}/withdraw", "act_withdrawn", false),
];

/// Forms and calls that are on no case, and why they are tried otherwise or need not be.
pub(crate) const OTHERS: [(&str, &str); 9] = [
    ("/console/take", "below: whatever it takes, it takes once"),
    ("/console/account", "below: nothing of a case hangs on it"),
    ("/console/sign-out", "below: nobody is signed out twice"),
    ("/console/sign-in", "a code counts once, and console_doors shows it"),
    ("/console/cases/{id}/routing", "it stores nothing"),
    ("/console/cases/{id}/sign", "a child's: console_referrals"),
    ("/console/cases/{id}/share", "when something has come in: console_referrals"),
    ("/console/stay", "the script's: it makes no row and keeps no answer"),
    ("/console/cases/{id}/heartbeat", "the script's: it makes no row and keeps no answer"),
];
