//! Reading a rota file, as people save it: by hand or from a spreadsheet, which adds a byte-order mark, quotes, a
//! heading, empty cells, and writes semicolons, tabs or UTF-16. Every line that cannot be read is named.

use std::borrow::Cow;
use std::io::Read as _;
use std::path::Path;

use recourse::base::time::Timestamp;
use recourse::error::rules::{Typed, Unread};
use recourse::error::{Error, Violations};

use crate::commands::admin::printable;

/// A larger file is no rota.
const LONGEST: u64 = 1024 * 1024;
/// So many wrong lines are named; whoever mends them sees the next ones.
const TOLD: usize = 10;
/// The columns, as a heading may name them in any order.
const COLUMNS: [&str; 3] = ["username", "from", "until"];

/// A line that is a shift.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number in the file, from 1, when it comes from one.
    pub(super) number: Option<usize>,
    pub(super) username: String,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// The shifts of a file.
pub(super) fn read(file: &Path) -> Result<Vec<Line>, Error> {
    let unreadable = |error: std::io::Error| {
        let (file, reason) = (file.display().to_string(), error.to_string());
        Error::invalid("/file", Typed::FileUnreadable { file, reason })
    };
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(unreadable)?.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Err(Error::invalid("/file", Typed::FileTooLarge));
    }
    shifts(&text(&bytes)?)
}

/// The text of a file: UTF-8, or UTF-16 that says so by a byte-order mark.
fn text(bytes: &[u8]) -> Result<Cow<'_, str>, Error> {
    let wide = |bytes: &[u8], order: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(order)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => return Ok(wide(rest, u16::from_le_bytes).into()),
        [0xfe, 0xff, rest @ ..] => return Ok(wide(rest, u16::from_be_bytes).into()),
        _ => {}
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains('\0') => Err(Error::invalid("/file", Typed::FileNotText)),
        Ok(text) => Ok(text.into()),
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = before.split(|byte| *byte == b'\n').count();
            Err(Error::invalid("/file", Typed::LineNotText(line)))
        }
    }
}

/// The shifts of a text, or every line of it that is none.
fn shifts(text: &str) -> Result<Vec<Line>, Error> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut found, mut wrong) = (Vec::new(), Violations::default());
    let (mut separator, mut order) = (None, None);
    for (line, number) in text.lines().zip(1..) {
        let line = bare(line);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        // A spreadsheet may say first which separator it wrote: `sep=;`.
        if let (None, Some(told)) = (separator, line.strip_prefix("sep=").and_then(|rest| rest.bytes().next())) {
            separator = Some(told);
            continue;
        }
        if line.chars().all(|c| matches!(c, ',' | ';' | '\t' | '"') || c.is_whitespace()) {
            // An empty row of a spreadsheet says nothing of its separator.
            continue;
        }
        let separator = *separator.get_or_insert_with(|| separator_of(line));
        let cells = cells(line, separator);
        if cells.is_empty() {
            continue;
        }
        // Files that were put behind each other have a heading each.
        if let Some(heading) = heading(&cells) {
            order = Some(heading);
            continue;
        }
        match shift(&cells, order.unwrap_or([0, 1, 2])) {
            Ok((username, from, until)) => found.push(Line { number: Some(number), username, from, until }),
            Err(reason) if wrong.named.len() < TOLD => wrong.add(format!("/file, line {number}"), Typed::Line(reason)),
            Err(_) => {}
        }
    }
    wrong.into_result()?;
    if found.is_empty() {
        return Err(Error::invalid("/file", Typed::FileEmpty));
    }
    Ok(found)
}

/// A cell or line without the space around it, and without the marks of no width that pasting leaves behind.
fn bare(text: &str) -> &str {
    let unseen = |c: char| c.is_whitespace() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    text.trim_matches(unseen)
}

/// The first of tab, semicolon and comma that stands in the line outside quotes.
fn separator_of(line: &str) -> u8 {
    b"\t;,".iter().copied().find(|separator| cells(line, *separator).len() > 1).unwrap_or(b',')
}

/// The cells of a line, without empty ones at its end.
fn cells(line: &str, separator: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    let read = reader.read_record(&mut record).unwrap_or(false);
    let mut cells: Vec<String> =
        record.iter().filter(|_| read).map(|cell| bare(cell).trim_matches('"').to_owned()).collect();
    while cells.last().is_some_and(String::is_empty) {
        cells.pop();
    }
    cells
}

/// Where username, from and until stand, when the line is a heading that names them.
fn heading(cells: &[String]) -> Option<[usize; 3]> {
    let plain = |cell: &str| cell.to_lowercase().replace([' ', '_', '-', '\u{a0}'], "");
    let place = |name: &str| cells.iter().position(|cell| plain(cell) == name);
    let [username, from, until] = COLUMNS.map(place);
    Some([username?, from?, until?])
}

fn shift(cells: &[String], order: [usize; 3]) -> Result<(String, Timestamp, Timestamp), Unread> {
    let [Some(username), Some(from), Some(until)] = order.map(|place| cells.get(place)) else {
        return Err(Unread::Columns);
    };
    if cells.len() > 3 && order == [0, 1, 2] {
        return Err(Unread::MoreColumns);
    }
    if username.is_empty() {
        return Err(Unread::NoUsername);
    }
    Ok((username.clone(), time(from)?, time(until)?))
}

/// A time with its zone: RFC 3339, also with a space in place of the T or without seconds.
pub(super) fn time(text: &str) -> Result<Timestamp, Unread> {
    if text.is_empty() {
        return Err(Unread::NoTime);
    }
    let spelled = text.to_ascii_uppercase().replacen(' ', "T", 1).replace(' ', "");
    if let Some(at) = Timestamp::parse(&spelled) {
        return Ok(at);
    }
    // Without seconds: 2026-11-24T18:00Z.
    let (minute, zone) = spelled.split_at_checked("2026-11-24T18:00".len()).unwrap_or((&spelled, ""));
    if let Some(at) = Timestamp::parse(&format!("{minute}:00{zone}")) {
        return Ok(at);
    }
    if ["Z", ":00Z"].iter().any(|missing| Timestamp::parse(&format!("{spelled}{missing}")).is_some()) {
        return Err(Unread::NoZone(printable(text)));
    }
    Err(Unread::NotATime(printable(text)))
}

#[cfg(test)]
mod tests {
    use super::{shifts, text, time};

    fn read(bytes: &[u8]) -> Result<Vec<(usize, String)>, String> {
        let lines = text(bytes).and_then(|text| shifts(&text));
        let told = |error: recourse::error::Error| {
            let recourse::error::Error::Invalid(all) = error else { panic!("{error}") };
            let lines = all.named.iter().map(|v| format!("{} {}", v.pointer, recourse::words::rule(&v.rule)));
            lines.collect::<Vec<_>>().join("\n")
        };
        lines.map(|lines| lines.into_iter().map(|line| (line.number.unwrap(), line.username)).collect()).map_err(told)
    }

    fn wide(text: &str, mark: [u8; 2], order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.into_iter().chain(text.encode_utf16().flat_map(order)).collect()
    }

    const SHIFT: &str = "2026-11-27T18:00:00Z,2026-11-28T06:00:00Z";

    #[test]
    fn what_spreadsheets_save_is_read() {
        let tabs = format!("username\tfrom\tuntil\r\namina\t{}\r\n", SHIFT.replace(',', "\t"));
        let same: [(&str, Vec<u8>); 14] = [
            ("plain", format!("amina,{SHIFT}\n").into()),
            ("no line's end", format!("amina,{SHIFT}").into()),
            ("byte-order mark", format!("\u{feff}amina,{SHIFT}\r\n").into()),
            ("mark and heading", format!("\u{feff}Username,From,Until\r\namina,{SHIFT}\r\n").into()),
            ("quotes", format!("\"amina\",\"{}\"\r\n", SHIFT.replace(',', "\",\"")).into()),
            ("semicolons", format!("amina;{}\r\n", SHIFT.replace(',', ";")).into()),
            ("a separator that is told", format!("sep=;\r\namina;{}\r\n", SHIFT.replace(',', ";")).into()),
            ("tabs", tabs.clone().into()),
            ("UTF-16", wide(&tabs, [0xff, 0xfe], u16::to_le_bytes)),
            ("UTF-16, the other order", wide(&tabs, [0xfe, 0xff], u16::to_be_bytes)),
            ("old line ends", format!("# December\r\ramina,{SHIFT}\r").into()),
            ("empty cells and rows", format!("amina,{SHIFT},,\r\n,,,,\r\n").into()),
            ("space that is not seen", format!("\u{a0}amina \u{200b},{SHIFT}\u{a0}\n").into()),
            ("another order", format!("from;until;username;note\n{};amina;nights\n", SHIFT.replace(',', ";")).into()),
        ];
        for (name, bytes) in same {
            let names: Vec<String> =
                read(&bytes).unwrap_or_else(|e| panic!("{name}: {e}")).into_iter().map(|l| l.1).collect();
            assert_eq!(names, ["amina"], "{name}");
        }
        let lines = read(format!("# a\n\nusername,from,until\namina,{SHIFT}\n\nnoor,{SHIFT}\n").as_bytes()).unwrap();
        assert_eq!(lines, [(4, "amina".to_owned()), (6, "noor".to_owned())], "lines are counted as an editor does");
    }

    #[test]
    fn each_line_that_is_none_is_named_with_its_reason() {
        let wrong: [(&str, Vec<u8>, &[&str]); 9] = [
            ("nothing", b"username,from,until\n".to_vec(), &["/file there is no shift"]),
            ("two columns", b"amina,2026-11-27T18:00:00Z\n".to_vec(), &["/file, line 1 there are not three columns"]),
            ("no name", format!("noor,{SHIFT}\n,{SHIFT}\n").into(), &["/file, line 2 the username is missing"]),
            (
                "no zone",
                b"noor,2026-11-27 18:00,2026-11-28 06:00\n".to_vec(),
                &["line 1 `2026-11-27 18:00` does not say"],
            ),
            (
                "as a spreadsheet shows it",
                b"noor,27/11/2026 18:00,x\n".to_vec(),
                &["line 1 `27/11/2026 18:00` is no time"],
            ),
            ("a heading of other words", format!("Name,Von,Bis\nnoor,{SHIFT}\n").into(), &["line 1 `Von` is no time"]),
            (
                "several",
                format!("a,b,c\nnoor,{SHIFT}\nd\n\u{7}x,\u{1b}[31m,y\n").into(),
                &["line 1 `b`", "line 3 there are not three columns", "line 4 `\\u{1b}[31m`"],
            ),
            ("Windows-1252", b"noor,x\namin\xe9,x\n".to_vec(), &["/file line 2 is not in UTF-8"]),
            (
                "UTF-16 without a mark",
                "a,b\n".encode_utf16().flat_map(u16::to_le_bytes).collect(),
                &["UTF-16 without a mark"],
            ),
        ];
        for (name, bytes, told) in wrong {
            let said = read(&bytes).expect_err(name);
            assert!(told.iter().all(|part| said.contains(part)), "{name}: {said}");
            assert!(!said.contains(['\u{1b}', '\u{7}']), "{name}: {said}");
        }
        let many = read("x,y,z\n".repeat(50).as_bytes()).unwrap_err();
        assert_eq!(many.lines().count(), 10, "{many}");
    }

    #[test]
    fn times_are_read_as_people_write_them_and_never_without_a_zone() {
        let noon = time("2026-11-27T12:00:00Z").unwrap();
        for same in [
            "2026-11-27t13:00:00+01:00",
            "2026-11-27 12:00:00Z",
            "2026-11-27 12:00Z",
            "2026-11-27T07:00-05:00",
            "2026-11-27 12:00 +00:00",
        ] {
            assert_eq!(time(same), Ok(noon), "{same}");
        }
        for none in [
            "",
            "2026-11-27",
            "12:00",
            "2026-11-27T25:00:00Z",
            "2026-02-30T12:00:00Z",
            "2026-11-27T12:00:00",
            "٢٠٢٦-11-27T12:00:00Z",
        ] {
            assert!(time(none).is_err(), "{none}");
        }
    }
}
