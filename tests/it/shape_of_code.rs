//! What a reader can rely on in every signature: five things at most go in, and each has a name.

use crate::structure::sources;

/// A function's name, and its parameters without `self`.
type Signature = (String, Vec<String>);

/// The functions of a text. Comments, texts and generics do not confuse it, nor does a signature of many lines.
fn signatures(text: &str) -> Vec<Signature> {
    let text: String =
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
    let mut all = Vec::new();
    for rest in text.split(" fn ").skip(1) {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        let Some(rest) = behind_generics(rest).trim_start().strip_prefix('(') else { continue };
        let of_self = |one: &String| {
            let word = one.split(':').next().unwrap_or_default();
            word.split([' ', '&']).any(|word| word == "self")
        };
        let list = split_list(rest).into_iter().filter(|one| !of_self(one)).collect();
        all.push((name.to_owned(), list));
    }
    all
}

/// The text behind `<…>`, where it begins with that.
fn behind_generics(text: &str) -> &str {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (i, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return if c == '>' { &text[i + 1..] } else { text };
        }
        before = c;
    }
    text
}

/// The entries of a list that a closing bracket ends.
fn split_list(text: &str) -> Vec<String> {
    let (mut all, mut one, mut depth, mut before) = (Vec::new(), String::new(), 0_usize, ' ');
    for c in text.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' if depth == 0 => break,
            '>' if before == '-' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            _ => {}
        }
        if c == ',' && depth == 0 {
            all.push(std::mem::take(&mut one));
        } else {
            one.push(c);
        }
        before = c;
    }
    all.push(one);
    all.iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
}

/// Whether several things go in as one: a pattern of several names, or a type without a name.
fn is_tuple(parameter: &str) -> bool {
    let (pattern, rest) = match parameter.strip_prefix('(') {
        Some(inside) => return split_list(inside).len() > 1,
        None => parameter.split_once(':').unwrap_or_default(),
    };
    let type_ = rest.trim_start_matches([' ', '&']);
    let type_ = type_.strip_prefix("mut ").unwrap_or(type_);
    !pattern.is_empty() && type_.strip_prefix('(').is_some_and(|inside| split_list(inside).len() > 1)
}

#[test]
fn signatures_are_read_in_every_form() {
    let text = "impl A {\n    pub fn one(&mut self, a: u8, // b: u8,\n        b: &[(u8, u8)]) -> (u8, u8) { two((1, 2)) }\n\
                 fn two<F: Fn(u8, u8) -> u8>(\n    (a, b): (u8, u8),\n    f: F,\n) {}\n\
                 fn three(a: &(u8, u8), b: fn(u8) -> u8, c: impl Fn(u8, u8), d: &'a mut Vec<(u8, u8)>, e: &(dyn A + B)) {}\n\
                 fn four(mut self: Box<Self>) {}";
    let read: Vec<(String, usize, Vec<String>)> = signatures(text)
        .into_iter()
        .map(|(name, all)| (name, all.len(), all.into_iter().filter(|one| is_tuple(one)).collect()))
        .collect();
    let tuples = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        read,
        [
            ("one".to_owned(), 2, tuples(&[])),
            ("two".to_owned(), 2, tuples(&["(a, b): (u8, u8)"])),
            ("three".to_owned(), 5, tuples(&["a: &(u8, u8)"])),
            ("four".to_owned(), 0, tuples(&[])),
        ]
    );
}

#[test]
fn every_parameter_has_a_name_and_there_are_five_at_most() {
    let mut wrong = Vec::new();
    let mut read = 0;
    for (file, text) in sources() {
        for (name, parameters) in signatures(&text) {
            read += 1;
            if parameters.len() > 5 {
                wrong.push(format!("{file}: {name} takes {} parameters", parameters.len()));
            }
            for tuple in parameters.iter().filter(|one| is_tuple(one)) {
                wrong.push(format!("{file}: {name} takes a tuple: {tuple}"));
            }
        }
    }
    assert!(read > 2_000, "only {read} functions were read");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether a function's text is a match that gives each variant of its own type a word of its own.
fn names_each(body: &str) -> bool {
    let Some((_, arms)) = body.split_once("match self {") else { return false };
    let arms: Vec<&str> = arms.split('}').next().unwrap_or_default().split(',').map(str::trim).collect();
    let arms: Vec<&str> = arms.into_iter().filter(|arm| !arm.is_empty()).collect();
    let is_word =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-:".contains(&b));
    arms.len() > 1
        && arms.iter().all(|arm| {
            let Some((variant, word)) = arm.split_once(" => ") else { return false };
            let variant = variant.strip_prefix("Self::").unwrap_or_default();
            let word = word.strip_prefix('"').and_then(|word| word.strip_suffix('"')).unwrap_or_default();
            is_word(word) && !variant.is_empty() && variant.bytes().all(|b| b.is_ascii_alphanumeric())
        })
}

/// Where a text keeps a closed list by hand: every value of a type in a row, or a word for each.
fn lists_by_hand(text: &str) -> Vec<String> {
    let of_type = |line: &&str| {
        let list = line.split_once("const ALL: ").map_or("", |(_, list)| list);
        let of = list.trim_start_matches(['&', '[']);
        of.len() < list.len() && of.starts_with(char::is_uppercase)
    };
    let all = text.lines().filter(of_type);
    let mut found: Vec<String> = all.map(|line| line.trim().to_owned()).collect();
    for rest in text.split(" fn ").skip(1) {
        let body = rest.split(" fn ").next().unwrap_or_default();
        if names_each(body.split("\n    }\n").next().unwrap_or_default()) {
            found.push(format!("fn {}", body.split('(').next().unwrap_or_default()));
        }
    }
    found
}

#[test]
fn closed_lists_are_written_in_one_way() {
    let by_hand = "impl A {\n    pub const ALL: [Self; 2] = [Self::B, Self::C];\n\n    const fn name(self) -> &'static str {\n        \
                   match self {\n            Self::B => \"b\",\n            Self::C => \"c_d\",\n        }\n    }\n}";
    assert_eq!(lists_by_hand(by_hand), ["pub const ALL: [Self; 2] = [Self::B, Self::C];", "fn name"]);
    let wrong: Vec<String> = sources()
        .into_iter()
        // A rule has a code that it may share with others, and numbers that go with it: no list that anybody reads back.
        .filter(|(file, _)| file != "base/code.rs" && !file.starts_with("error/rules/"))
        .flat_map(|(file, text)| lists_by_hand(&text).into_iter().map(move |list| format!("{file}: {list}")))
        .collect();
    assert!(wrong.is_empty(), "a closed list is written with `codes!`: {wrong:#?}");
}
