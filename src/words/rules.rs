//! What to do about a broken rule. A sentence stands behind a place, so it has neither a capital nor a full stop, and it
//! never repeats what somebody said.

mod referrals;

use std::borrow::Cow;

use crate::error::rules::{
    Asking, Casework, Chosen, Form, Hooks, Names, Parameter, Publishing, Rule, Shifts, Typed, Unread, Url,
};

/// What to do about a broken rule.
#[must_use]
pub fn rule(rule: &Rule) -> Cow<'static, str> {
    match rule {
        Rule::Form(rule) => form(rule),
        Rule::Casework(rule) => casework(*rule),
        Rule::Asking(rule) => asking(*rule),
        Rule::Consents(rule) => referrals::consents(*rule),
        Rule::Referring(rule) => referrals::referring(*rule),
        Rule::Directory(rule) => referrals::directory(rule),
        Rule::Shifts(rule) => shifts(*rule),
        Rule::Names(rule) => names(rule),
        Rule::Url(rule) => url(*rule).into(),
        Rule::Hooks(rule) => hooks(*rule),
        Rule::Publishing(rule) => publishing(*rule),
        Rule::Chosen(rule) => chosen(*rule),
        Rule::Typed(rule) => typed(rule),
    }
}

fn form(rule: &Form) -> Cow<'static, str> {
    match rule {
        Form::Malformed => "send one JSON object in UTF-8, as RFC 8259 has it, nested at most 128 deep".into(),
        Form::MediaType => "send `Content-Type: application/json`".into(),
        Form::BrokenText => "a character is cut in half or lost; cut texts between characters".into(),
        Form::Nul => "the text holds a NUL character; send plain text".into(),
        Form::OneObject => "send one JSON object".into(),
        Form::Required => "this is required".into(),
        Form::UnknownMember => "this member is not known; leave it out".into(),
        Form::OtherName => "write the name as the API document does".into(),
        Form::Twice => "this member stands twice".into(),
        Form::Text => "use a text".into(),
        Form::Boolean => "use true or false".into(),
        Form::List => "use a list".into(),
        Form::Object => "use an object".into(),
        Form::WholeNumber => "use a whole number".into(),
        Form::OneOf(codes) => format!("use one of {}", codes.join(", ")).into(),
        Form::Undocumented => "this value has the wrong form; see the API document".into(),
        Form::TooLong(longest) => format!("at most {} characters", grouped(*longest)).into(),
        Form::TooMany(most) => format!("at most {most}").into(),
        Form::Batch(most) => format!("send 1 to {most} reports").into(),
        Form::NoWords => "say in their words what happened".into(),
        Form::Category => "use a code of GET /v1/categories; `not_sure` is always right".into(),
        Form::CategoryCode => "use a code of GET /v1/categories".into(),
        Form::Reference => "use 1 to 255 printable ASCII characters, without spaces at either end".into(),
        Form::Reporter => "use an object with `relation`".into(),
        Form::NothingAdded => "send at least one of statement, answers and identifiers".into(),
        Form::Channel => "say which way it is".into(),
        Form::ChannelValue => "use the address or number alone, of 1 to 320 characters".into(),
        Form::NoIdentifier => "leave the identifier out if there is none".into(),
        Form::Answer => "use yes, no, unknown, not_asked or declined".into(),
        Form::Answers => "use an object of answers by their keys".into(),
        Form::NotAsked => "leave the key out when nobody asked".into(),
        Form::AnswerKey => "use a key of GET /v1/categories".into(),
        Form::Account => "use 1 to 255 characters without control characters".into(),
        Form::Country => "use an ISO 3166-1 alpha-2 code, such as GB".into(),
        Form::Region => "use an ISO 3166-2 code, such as GB-ESX".into(),
        Form::Locale => "use a BCP 47 tag, such as en-GB".into(),
        Form::Date => "use a date (2026-11-02), a month (2026-11) or an RFC 3339 time".into(),
        Form::Time => "use an RFC 3339 time, such as 2026-11-21T19:04:00Z".into(),
        Form::Reversed => "`to` lies before `from`".into(),
        Form::NoBeginning => "say from when, or leave `occurred` out".into(),
        Form::TooManyMessages(most) => format!("at most {most} messages, and what fits: the newest are kept").into(),
        Form::Message => "a message needs `from` and `text`".into(),
    }
}

/// What a parameter must be.
pub(super) fn parameter(wanted: &Parameter) -> Cow<'static, str> {
    match wanted {
        Parameter::Form(rule) => form(rule),
        Parameter::Cursor => "this cursor belongs to another list; begin without it".into(),
        Parameter::Event => "use the id of an event".into(),
        Parameter::EventType => "use a type of the API document".into(),
        Parameter::Colleague => "use the id of a colleague, `me` or `nobody`".into(),
        Parameter::FromOne => "use a whole number from 1".into(),
        Parameter::Value => "leave it out, or give it a value".into(),
        Parameter::Utf8 => "write it in UTF-8, each byte that is no letter or digit as %XX".into(),
        Parameter::WithoutNul => "no parameter may hold a NUL character".into(),
        Parameter::Given => "this parameter is required".into(),
        Parameter::Once => "give it once".into(),
        Parameter::OneVersion => {
            "name the one version that you read; a list of versions says that nobody looked".into()
        }
        Parameter::Known(names) if names.is_empty() => "this call takes no parameters".into(),
        Parameter::Known(names) => format!("a parameter is not known; there are {}", names.join(", ")).into(),
        Parameter::Documented => "badly formed; see the API document".into(),
    }
}

fn casework(rule: Casework) -> Cow<'static, str> {
    match rule {
        Casework::NoReason => "say why; the next colleague reads it".into(),
        Casework::HoldWithoutEnd(hours) => format!("say until when, at most {hours} hours ahead").into(),
        Casework::HoldOutOfRange(hours) | Casework::LookAgainOutOfRange(hours) => format!("choose a time within the next {hours} hours").into(),
        Casework::NoteLength(longest) => format!("write 1 to {} characters", grouped(longest)).into(),
        Casework::ChannelNotConfirmed => "confirm that the channel is safe now, or record a standby with its reason".into(),
        Casework::ContactBarred => "her contact wishes could not be read: ask her first how she may be reached, and say that you did, or record a standby".into(),
        Casework::CheckInNotAgreed => "a check-in is agreed in a contact: say `records: safe_contact`".into(),
        Casework::CheckInOutOfRange(days) => format!("choose a time within the next {days} days").into(),
        Casework::HoldEnds => "a legal hold ends later than now, and within ten years; without an end it stands until you end it".into(),
        Casework::NothingLeft => "all that was said in it was destroyed when its period had ended: nothing is left to be held".into(),
        Casework::SameCase => "a case cannot be linked with itself".into(),
        Casework::OtherMode => "real cases and trials never meet".into(),
        Casework::SamePriority => "the case has this priority already".into(),
        Casework::UnknownColleague => "no colleague who may take this case has this id".into(),
        Casework::NotATransition => "use platform-requests to ask the platform, and decision to close".into(),
        Casework::NoHow => "say by which way you heard it from her".into(),
        Casework::NotLive => "check for coercion by phone, by video or in person: write what she wrote as a note without `records`".into(),
        Casework::NoAlone => "ask her whether she is alone, and say what she answered".into(),
        Casework::ToldAt => "say when she told it: a time that has passed, within the last 30 days".into(),
        Casework::NoHandOverNote => "say what whoever gets the case must know".into(),
        Casework::NotOnShift => "they are not at work: hand a p0 or p1 to somebody on the rota, or who acted within 15 minutes; or ask a lead".into(),
        Casework::TheirsAlready => "they have the case already".into(),
        Casework::NotOfThisNote => "leave it out: this kind of note does not have it".into(),
        Casework::NoWithdrawal => "nobody has asked to withdraw: close with what happened, or record that she told you (`records: withdrawal_told`)".into(),
        Casework::NoCoercionCheck => "first speak with her by phone, by video or in person, when she is alone, and record it (`records: coercion_check`): after the wish, and after all that she has said since; until then hold the case or record a standby".into(),
        Casework::CheckedNotAlone => "she was not alone, so she was not free to say: ask again when she is, and until then hold the case or record a standby".into(),
        Casework::CheckedSameWay => "ask her by another way than the wish came: whoever has that one may have said it for her".into(),
        Casework::CheckedTooSoon(hours) => format!("ask her again when {hours} hours have passed since the wish: somebody may stand beside her now").into(),
        Casework::ContactNotSafe => "contact is not safe by now: hold the case or keep it in standby; it is not withdrawn".into(),
        Casework::NoChannel => "say by which way, or `incoming` when she came to us".into(),
        Casework::ChannelNotSafe => "she has not said that this way is safe, or it was taken away since: use one that is, wait (`records: standby`), or record what happened anyway (`records: unsafe_contact`)".into(),
        Casework::SheCame => "she came to us: record it as `safe_contact`".into(),
        Casework::NoLookAgain(hours) => format!("say when somebody looks again whether contact is safe, at most {hours} hours ahead").into(),
        Casework::WishesHaveACall => "write down what she told at `wishes`".into(),
        Casework::ToldNotLive => "only what she says live counts, by phone, by video or in person: write what she wrote as a note without `records`".into(),
        Casework::ToldNotAlone => "only what she says alone counts: ask her again when she is".into(),
        Casework::NoSafeWay => "say at least one way that is safe; `portal` when she comes back by herself".into(),
        Casework::NoContactWanted => "leave the ways out when we may not contact her".into(),
        Casework::NoValue => "say the number or address".into(),
        Casework::NotSaidOfDisclosure => "say to whom, why, what came of asking her, and whether she was told".into(),
        Casework::NoDisclosure => "name a note of this case that records an emergency disclosure".into(),
        Casework::NotOwed => "name what stands in `to_tell` and was not told to her yet".into(),
        Casework::NoSupport => "no service has accepted a referral: record how you know that help came (`records: support_confirmed`), or close with what happened".into(),
        Casework::SafeAndNever => "one of the ways that are safe may be this one: ask her which it is".into(),
    }
}

fn asking(rule: Asking) -> Cow<'static, str> {
    match rule {
        Asking::MirrorReports => "the subject has reported the reporter too: a lead reads both and asks".into(),
        Asking::UnknownReport => "the case has no such report".into(),
        Asking::RecordOnly => "the reporter wants this on record only: evidence may be kept, nothing else asked".into(),
        Asking::SingleContact => "check first whether the survivor may be the subject's only contact".into(),
        Asking::InThePast => "choose a time ahead".into(),
        Asking::AfterDue => "`not_before` lies after `due_at`".into(),
        Asking::TooLong(longest) => format!("at most {longest} characters").into(),
        Asking::NoAgreementRecord => "say how and when she agreed".into(),
        Asking::NoRecordOfTwo => "say why two people act without her agreement".into(),
        Asking::NoAgreement => "ask only with the survivor's recorded agreement, or on two people's record".into(),
        Asking::NoDeclineReason => "say why you decline".into(),
        Asking::DeclineReason => "a removal can be declined only as not_intimate_image or not_subject_or_agent".into(),
    }
}

fn chosen(rule: Chosen) -> Cow<'static, str> {
    match rule {
        Chosen::TooShort(shortest) => {
            format!("use at least {shortest} characters; a few words that do not belong together do").into()
        }
        Chosen::TooLong(longest) => format!("use at most {} characters", grouped(longest)).into(),
        Chosen::Same => "choose another one than the present one".into(),
        Chosen::Guessed => {
            "this is among what is tried first: choose words that do not belong together, and not your name".into()
        }
        Chosen::Given => {
            "your password was given to you and ends now: send one of your own with it, and a code that holds".into()
        }
        Chosen::NotProved => "the present password or the code does not hold".into(),
        Chosen::Closed => "too many wrong codes came with your password: a lead opens your second factor again".into(),
    }
}

fn shifts(rule: Shifts) -> Cow<'static, str> {
    match rule {
        Shifts::TakesNoCases => {
            "this account takes no cases, by its role or its queues, so it is never paged: give the \
                                 shift to an advocate or a lead"
                .into()
        }
        Shifts::Over => "a shift ends after it begins, and after now".into(),
        Shifts::TooLong(days) => format!("a shift is at most {days} days long: look at the year").into(),
        Shifts::TooFarAhead => "a shift begins within two years: look at the year".into(),
    }
}

fn names(rule: &Names) -> Cow<'static, str> {
    match rule {
        Names::Username => {
            "use 2 to 60 characters of a-z, 0-9, '.', '-', '_', '@', and begin with a letter or digit".into()
        }
        Names::Slug => "use 2 to 40 characters of a-z, 0-9 and -, and begin with a letter or digit".into(),
        Names::SlugIsValue => "a spreadsheet takes it for a number or a date: use one with a word in it".into(),
        Names::Hidden => {
            "leave out line breaks, control characters, direction marks and characters without width".into()
        }
        Names::Unseen => "write a name that can be seen".into(),
        Names::TooLong(longest) | Names::IdentifierTooLong(longest) => {
            format!("use at most {longest} characters").into()
        }
        Names::Formula => "begin with something other than = + - @: a spreadsheet takes these for a formula".into(),
        Names::LookAlike { slug, id } => {
            format!("people could not tell it from the name of `{slug}` ({id}): choose one that is plainly another")
                .into()
        }
        Names::NoCountry => "write the number with its country, as +44 7700 900123 or 0044 7700 900123".into(),
        Names::Nobody => "this cannot be compared: give it in full; a help line, a service's number or a word for \
                          nothing stands for nobody"
            .into(),
        Names::NoAccount => "this is no account of anybody's; give its own name".into(),
    }
}

const fn url(rule: Url) -> &'static str {
    match rule {
        Url::Malformed => "write a URL of at most 2048 plain characters",
        Url::Scheme => "begin with https://",
        Url::Port => "leave the port out: only 443 is called",
        Url::UserInfo => "leave name and password out; use a path that nobody can guess",
        Url::Fragment => "leave the fragment out",
        Url::Address => "use a name and not an address",
        Url::Host => "use a full name of the public internet",
    }
}

fn hooks(rule: Hooks) -> Cow<'static, str> {
    match rule {
        Hooks::TooManyEndpoints => "there are ten already; remove one first".into(),
        Hooks::TooManyKeys => "eight keys sign already: wait until one has ended, or end all old ones at once with \
                               overlap_hours 0"
            .into(),
        Hooks::Overlap(hours) => format!("use 0 to {hours}").into(),
        Hooks::RangeTooWide(most) => format!("this reaches more than {most} events; take a shorter one").into(),
        Hooks::Range => "give `since` and a later `until`, or `failed` alone".into(),
        Hooks::UnknownEvent => "this event is not in the log; begin without `after`".into(),
    }
}

fn publishing(rule: Publishing) -> Cow<'static, str> {
    match rule {
        Publishing::QuarterOver => {
            "this quarter is over: an edition is committed to before, so that nobody can choose its noise".into()
        }
        Publishing::NotCommitted => "nobody committed to this edition before its quarter ended".into(),
        Publishing::QuarterRuns => "its quarter is not over yet".into(),
        Publishing::Published => "it is published; see `recourse edition replace --help`".into(),
        Publishing::OtherRules => {
            "the rules changed since it was committed to; build it with the version that committed to it".into()
        }
        Publishing::TotalsDiffer => {
            "the totals of the job differ from the full count: somebody changed rows outside the service".into()
        }
        Publishing::NotOnRecord => {
            "what was built is not what is on record (an attempt is missing, or it was committed \
                                    to otherwise); build it again"
                .into()
        }
        Publishing::NotPublished => "only a published edition is replaced".into(),
        Publishing::Replaced => "an edition is replaced once at the most; its noise is spent".into(),
        Publishing::Announced => "its replacement is announced already; `recourse edition list` says for when".into(),
        Publishing::NoReason => "say why; it is published".into(),
        Publishing::Reason(longest) => {
            format!("write one line of at most {longest} characters, without direction marks; it is published").into()
        }
    }
}

fn typed(rule: &Typed) -> Cow<'static, str> {
    const SAVE: &str = "save it as CSV in UTF-8";
    match rule {
        Typed::Unknown { name, listing } => format!("there is none called `{name}`; see `recourse {listing}`").into(),
        Typed::NoneOf { word, known } => format!("`{word}` is none; use {known}").into(),
        Typed::Nothing { known } => format!("name at least one of {known}").into(),
        Typed::Unreadable(reason) => format!("it cannot be read: {reason}").into(),
        Typed::NoLine => "type it, or pipe it in, and end it with Enter".into(),
        Typed::Account => "write the platform's short name, a space, and the account as the platform calls it".into(),
        Typed::Service => "there is none of this name; see `recourse services list`".into(),
        Typed::Platform => "there is none of the name before the space; see `recourse admin platform list`".into(),
        Typed::MailAddress => {
            "this is no mail address: write one, such as amina@example.org or `Amina <amina@example.org>`".into()
        }
        Typed::Time(unread) | Typed::Line(unread) => self::unread(unread),
        Typed::FileUnreadable { file, reason } => format!("{file} cannot be read: {reason}").into(),
        Typed::FileTooLarge => "it has more than 1 MiB and is no rota".into(),
        Typed::FileNotText => format!("it is no text, or UTF-16 without a mark; {SAVE}").into(),
        Typed::LineNotText(line) => format!("line {line} is not in UTF-8; {SAVE}").into(),
        Typed::FileEmpty => "there is no shift in it; write a line each: username,from,until".into(),
    }
}

fn unread(unread: &Unread) -> Cow<'static, str> {
    const TIME: &str = "write 2026-11-24T18:00:00Z, or +01:00 in place of Z";
    match unread {
        Unread::Columns => "there are not three columns; write username,from,until".into(),
        Unread::MoreColumns => {
            "there are more than three columns; write username,from,until, or a heading that names them".into()
        }
        Unread::NoUsername => "the username is missing".into(),
        Unread::NoTime => format!("a time is missing; {TIME}").into(),
        Unread::NoZone(text) => {
            format!("`{text}` does not say in which zone; add Z for UTC, or an offset such as +01:00").into()
        }
        Unread::NotATime(text) => format!("`{text}` is no time; {TIME}").into(),
    }
}

/// A number with commas between the thousands.
fn grouped(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::rule;
    use crate::error::rules::{Asking, Casework, Form, Hooks, Names, Publishing, Rule, Shifts};

    fn told(broken: impl Into<Rule>) -> Cow<'static, str> {
        rule(&broken.into())
    }

    #[test]
    fn numbers_and_codes_stand_in_the_sentence() {
        let codes = ["yes", "no", "unknown"].map(str::to_owned).to_vec();
        assert_eq!(told(Form::OneOf(codes)), "use one of yes, no, unknown");
        assert_eq!(told(Form::TooLong(20_000)), "at most 20,000 characters");
        assert_eq!(told(Form::TooLong(500)), "at most 500 characters");
        assert_eq!(told(Form::TooMany(10)), "at most 10");
        assert_eq!(told(Form::TooManyMessages(200)), "at most 200 messages, and what fits: the newest are kept");
        assert_eq!(told(Form::Batch(100)), "send 1 to 100 reports");
        assert_eq!(told(Casework::HoldWithoutEnd(72)), "say until when, at most 72 hours ahead");
        assert_eq!(told(Casework::HoldOutOfRange(72)), "choose a time within the next 72 hours");
        assert_eq!(told(Casework::CheckInOutOfRange(30)), "choose a time within the next 30 days");
        assert_eq!(told(Casework::NoteLength(20_000)), "write 1 to 20,000 characters");
        assert_eq!(told(Asking::TooLong(4_000)), "at most 4000 characters");
        assert_eq!(told(Shifts::TooLong(31)), "a shift is at most 31 days long: look at the year");
        assert_eq!(told(Names::TooLong(80)), "use at most 80 characters");
        assert_eq!(told(Hooks::Overlap(168)), "use 0 to 168");
        assert_eq!(told(Hooks::RangeTooWide(10_000)), "this reaches more than 10000 events; take a shorter one");
        let reason = "write one line of at most 500 characters, without direction marks; it is published";
        assert_eq!(told(Publishing::Reason(500)), reason);
        let look_alike = Names::LookAlike { slug: "kindred".to_owned(), id: "plt_0".to_owned() };
        let other = "people could not tell it from the name of `kindred` (plt_0): choose one that is plainly another";
        assert_eq!(told(look_alike), other);
    }
}
