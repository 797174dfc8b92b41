//! An entry of a case that is too long for one page, in parts: what could not be used first, then the words, then how to
//! reach her and the rest, then the messages.

use serde::Serialize;

use super::content::ReportInCase;
use crate::base::page::Part;
use crate::domain::intake::body::ContextMessage;
use crate::domain::intake::{Added, LeftOut};

/// How long the entries of a page may be together, in bytes. With the rest of the case a page has 256 KiB.
pub(super) const PAGE: usize = 200 * 1024;
/// How long a piece of a text is that is too long for one part, in bytes.
const PIECE: usize = 48 * 1024;

/// How many bytes something has in an answer.
pub(super) fn length(value: &impl Serialize) -> usize {
    serde_json::to_string(value).map_or(0, |text| text.len())
}

/// What stays together.
enum Piece {
    LeftOut(LeftOut),
    Statement(String),
    Message(ContextMessage),
}

impl Piece {
    fn length(&self) -> usize {
        match self {
            Self::LeftOut(left) => length(left),
            Self::Statement(text) => length(text),
            Self::Message(message) => length(message),
        }
    }
}

/// A report in as many parts as it needs. What is small is in the first.
pub(super) fn of_report(mut report: ReportInCase) -> Vec<ReportInCase> {
    let Some(mut content) = report.content.take() else { return vec![report] };
    let left_out = std::mem::take(&mut content.left_out);
    let statement = content.statement.take();
    let messages = content.platform_context.as_mut().map(|context| std::mem::take(&mut context.messages));
    let pieces = pieces(left_out, statement.as_deref(), messages.unwrap_or_default());
    let around = content.platform_context.clone();
    let mut first = Some(content);
    let beside = length(&first) + length(&report);
    let all = packed(pieces, beside);
    let of = all.len();
    let part = |(at, pieces): (usize, Vec<Piece>)| {
        let mut content = first.take().unwrap_or_default();
        for piece in pieces {
            match piece {
                Piece::LeftOut(left) => content.left_out.push(left),
                Piece::Statement(text) => content.statement.get_or_insert_default().push_str(&text),
                Piece::Message(message) => {
                    let known = content.platform_context.get_or_insert_with(|| around.clone().unwrap_or_default());
                    known.messages.push(message);
                }
            }
        }
        let part = Some(Part { number: at + 1, of }).filter(|_| of > 1);
        ReportInCase { content: Some(content), part, ..report.without_content() }
    };
    all.into_iter().enumerate().map(part).collect()
}

/// An addition in as many parts as it needs.
pub(super) fn of_addition(mut added: Added) -> Vec<Added> {
    let left_out = std::mem::take(&mut added.left_out);
    let statement = added.statement.take();
    let pieces = pieces(left_out, statement.as_deref(), Vec::new());
    let all = packed(pieces, length(&added));
    let of = all.len();
    let part = |(at, pieces): (usize, Vec<Piece>)| {
        let mut one = added.bare();
        if at == 0 {
            one.answers = std::mem::take(&mut added.answers);
            one.identifiers = std::mem::take(&mut added.identifiers);
        }
        for piece in pieces {
            match piece {
                Piece::LeftOut(left) => one.left_out.push(left),
                Piece::Statement(text) => one.statement.get_or_insert_default().push_str(&text),
                Piece::Message(_) => {}
            }
        }
        one.part = Some(Part { number: at + 1, of }).filter(|_| of > 1);
        one
    };
    all.into_iter().enumerate().map(part).collect()
}

fn pieces(left_out: Vec<LeftOut>, statement: Option<&str>, messages: Vec<ContextMessage>) -> Vec<Piece> {
    let left = left_out.into_iter().flat_map(|left| {
        let LeftOut { pointer, code, value } = left;
        let one = move |value| LeftOut { pointer: pointer.clone(), code: code.clone(), value };
        cut(&value).into_iter().map(one).collect::<Vec<_>>()
    });
    let words = statement.into_iter().flat_map(cut);
    let words = words.map(Piece::Statement).collect::<Vec<_>>();
    left.map(Piece::LeftOut).chain(words).chain(messages.into_iter().map(Piece::Message)).collect()
}

/// A text in pieces that are not too long in an answer, where control characters have six times their room.
fn cut(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut used = 0;
    for c in text.chars() {
        let room = if c.is_control() { 6 } else { c.len_utf8().max(2) };
        if used + room > PIECE {
            all.push(String::new());
            used = 0;
        }
        used += room;
        if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all
}

/// The pieces in parts that fit on a page each, of which the first has `beside` bytes beside its pieces.
fn packed(pieces: Vec<Piece>, beside: usize) -> Vec<Vec<Piece>> {
    // What stands around the pieces of a later part: the report's own row, and names of members.
    const AROUND: usize = 4 * 1024;
    let mut all = vec![Vec::new()];
    let mut used = beside;
    for piece in pieces {
        let length = piece.length() + 1;
        if used + length > PAGE {
            all.push(Vec::new());
            used = AROUND;
        }
        used += length;
        if let Some(last) = all.last_mut() {
            last.push(piece);
        }
    }
    all
}
