use std::collections::BTreeSet;

use super::measure::{Scale, strong_width, width, wrap};
use super::*;
use crate::pages::writing::thousands;

/// Sixty characters, some of them wide.
const LONG: &str = "Women who met somebody with many manners on a common meadows";
const UNBROKEN: &str = "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW";
const NASTY: &str = "<script>&\"'\u{1}\u{7f}</script>";

#[derive(Debug)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> i64 {
        self.get(name).unwrap_or("0").parse().expect("an integer")
    }
}

fn unescape(text: &str) -> String {
    for part in text.split('&').skip(1) {
        assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|name| part.starts_with(name)), "bare &: {text}");
    }
    assert!(!text.contains('<'), "bare <: {text}");
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}

/// Reads XML as strictly as these charts need it: balanced, quoted, escaped, no attribute twice.
fn parse(svg: &str) -> Vec<Element> {
    let svg = svg.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap_or(svg).trim_end();
    let (mut elements, mut open, mut rest) = (Vec::<Element>::new(), Vec::<usize>::new(), svg);
    while let Some(inner) = rest.strip_prefix('<') {
        let (tag, after) = inner.split_once('>').expect("an end of the tag");
        let (text, _) = after.split_once('<').unwrap_or((after, ""));
        rest = &after[text.len()..];
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop().expect("an open element");
            assert_eq!(elements[last].name, name);
            assert!(text.trim().is_empty(), "text between elements: {text}");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut list) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes: Vec<(String, String)> = Vec::new();
        while let Some((key, after)) = list.trim_start().split_once("=\"") {
            let (value, after) = after.split_once('"').expect("a closing quote");
            assert!(attributes.iter().all(|(own, _)| own != key), "{key} twice in {tag}");
            attributes.push((key.to_owned(), unescape(value)));
            list = after;
        }
        assert!(list.is_empty(), "left over in {tag}: {list}");
        if !closed {
            open.push(elements.len());
        }
        assert!(!open.is_empty() || rest.is_empty(), "more than one root");
        elements.push(Element { name: name.to_owned(), attributes, text: unescape(text.trim()) });
    }
    assert!(open.is_empty() && rest.is_empty(), "not closed: {rest}");
    elements
}

fn about(id: &str) -> About {
    About { id: id.to_owned(), title: format!("Title {NASTY}"), description: format!("Words {NASTY}") }
}

fn figures() -> Vec<Shown> {
    let low = Shown::Low { below: 15 };
    let value = Shown::Value;
    vec![value(410), value(235), low, low, value(0), Shown::Nothing, value(15), value(1_000_000_000)]
}

fn bars(label: &str, figures: &[Shown]) -> Vec<Bar> {
    let bar = |(index, shown)| Bar { key: format!("b{index}"), label: label.to_owned(), shown, noise: 12 };
    figures.iter().copied().enumerate().map(bar).collect()
}

fn panel(label: &str, figures: &[Shown]) -> Panel {
    let columns = bars(label, figures).into_iter();
    let columns =
        columns.map(|Bar { key, label, shown, .. }| Column { key: format!("c{key}"), label, shown }).collect();
    Panel { key: "p".to_owned(), label: label.to_owned(), columns }
}

fn series(label: &str, figures: &[Shown]) -> Series {
    let points = bars(label, figures).into_iter();
    let points = points.map(|Bar { key, label, shown, noise }| Point { key, label, shown, noise }).collect();
    Series { key: "s".to_owned(), label: label.to_owned(), points }
}

fn dots(label: &str) -> Vec<Dot> {
    let known = |value, low, high| Interval::Known { value, low, high, text: format!("{value} % {label}") };
    let shown = [known(62, 55, 69), known(0, 0, 9), Interval::Nothing, known(100, 97, 100), known(500, 97, 900)];
    let dot = |(index, shown)| Dot { key: format!("d{index}"), label: label.to_owned(), shown };
    shown.into_iter().enumerate().map(dot).collect()
}

fn axis(label: &str) -> Axis {
    Axis { max: 100, ticks: (0..=4).map(|index| (index * 25, format!("{}{label}", index * 25))).collect() }
}

/// One of each chart with this label everywhere, and how many figures each shows.
fn all(label: &str) -> Vec<(String, usize)> {
    let few = figures();
    let many: Vec<Shown> = few.iter().copied().cycle().take(40).collect();
    let (panels, lines) = (vec![panel(label, &few); 5], vec![series(label, &few[..7]); 4]);
    vec![
        (hbar_range(&about("a"), &bars(label, &few)), 8),
        (hbar_range(&about("a"), &bars(label, &[Shown::Low { below: 1_000_000_000 }])), 1),
        (hbar_range(&about("a"), &bars(label, &[Shown::Nothing])), 1),
        (columns(&about("b"), &panels[0], common_top(&panels)), 8),
        (columns(&about("b"), &panel(label, &few[..3]), 0), 3),
        (columns(&about("b"), &panel(label, &many), 0), 40),
        (column_sheet(&about("c"), &panels), 40),
        (line(&about("d"), &lines[0], common_line_top(&lines)), 7),
        (line(&about("d"), &series(label, &few), 0), 8),
        (line(&about("d"), &series(label, &few[..1]), 0), 1),
        (line(&about("d"), &series(label, &many), 0), 40),
        (line_sheet(&about("e"), &lines), 28),
        (dot_interval(&about("f"), &dots(label), &axis(label)), 5),
        (hbar_range(&about("g"), &[]), 0),
        (columns(&about("g"), &panel(label, &[]), 0), 0),
        (column_sheet(&about("g"), &[]), 0),
        (line(&about("g"), &series(label, &[]), 0), 0),
        (line_sheet(&about("g"), &[]), 0),
        (dot_interval(&about("g"), &[], &axis(label)), 0),
    ]
}

/// From the left, the top, the right and the bottom.
type Edges = (i64, i64, i64, i64);

fn words(element: &Element) -> Edges {
    let (x, y, size) = (element.number("x"), element.number("y"), element.number("font-size"));
    let strong = element.get("font-weight").is_some();
    let wide = if strong { strong_width(&element.text, size) } else { width(&element.text, size) };
    let left = match element.get("text-anchor") {
        None => x,
        Some("middle") => x - wide / 2,
        Some(_) => x - wide,
    };
    (left, y - size * 3 / 4, left + wide, y + size / 5)
}

fn edges(element: &Element) -> Option<Edges> {
    let number = |name| element.number(name);
    match element.name.as_str() {
        "rect" => Some((number("x"), number("y"), number("x") + number("width"), number("y") + number("height"))),
        "circle" => {
            let (x, y, r) = (number("cx"), number("cy"), number("r"));
            Some((x - r, y - r, x + r, y + r))
        }
        "line" => {
            let (x, y) = ([number("x1"), number("x2")], [number("y1"), number("y2")]);
            Some((x[0].min(x[1]), y[0].min(y[1]), x[0].max(x[1]), y[0].max(y[1])))
        }
        "polyline" | "polygon" => {
            let points = element.get("points")?.split(' ').map(|point| point.split_once(',').expect("a pair"));
            let points: Vec<(i64, i64)> = points.map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).collect();
            let (x, y) = (points.iter().map(|point| point.0), points.iter().map(|point| point.1));
            Some((x.clone().min()?, y.clone().min()?, x.max()?, y.max()?))
        }
        "text" => Some(words(element)),
        _ => None,
    }
}

fn inside(svg: &str) {
    let elements = parse(svg);
    let size: Vec<i64> = elements[0].get("viewBox").unwrap().split(' ').map(|part| part.parse().unwrap()).collect();
    for element in elements.iter().filter(|element| element.name != "path") {
        let Some((left, top, right, bottom)) = edges(element) else { continue };
        assert!(left <= right && top <= bottom, "{element:?}");
        assert!(left >= 0 && top >= 0 && right <= size[2] + 1 && bottom <= size[3], "{element:?} outside {size:?}");
    }
}

fn apart(svg: &str) {
    let elements = parse(svg);
    let texts = elements.iter().filter(|element| element.name == "text");
    let texts: Vec<(&Element, Edges)> = texts.map(|element| (element, words(element))).collect();
    for (index, (one, a)) in texts.iter().enumerate() {
        for (other, b) in texts.iter().skip(index + 1) {
            let free = a.2 <= b.0 + 1 || b.2 <= a.0 + 1 || a.3 <= b.1 || b.3 <= a.1;
            assert!(free, "{one:?} overlaps {other:?}");
        }
    }
}

#[test]
fn every_figure_is_marked_once() {
    for (svg, figures) in all("Amora") {
        let elements = parse(&svg);
        let keys = elements.iter().filter(|element| element.get("data-key").is_some()).count();
        assert_eq!(keys, figures, "{svg}");
        assert_eq!(elements.iter().filter(|element| element.get("data-value").is_some()).count(), figures);
    }
    let marks = parse(&hbar_range(&about("a"), &bars("Amora", &figures())));
    let values: Vec<&str> = marks.iter().filter_map(|element| element.get("data-value")).collect();
    assert_eq!(values, ["410", "235", "low", "low", "0", "none", "15", "1000000000"]);
}

#[test]
fn words_stay_inside_and_apart() {
    for label in ["Amora", "No answer within 30 days", LONG, UNBROKEN, NASTY, "", "多いです多いです多いです多いです"]
    {
        for (svg, _) in all(label) {
            inside(&svg);
            apart(&svg);
        }
    }
}

#[test]
fn what_is_low_is_never_a_value() {
    for (svg, _) in all("Amora") {
        for element in parse(&svg) {
            match element.get("data-value") {
                Some("low") => {
                    assert_eq!(element.get("class"), Some("c-low"));
                    assert!(element.get("fill").unwrap().starts_with("url(#"), "{element:?}");
                }
                Some("none") => assert!([NOTHING, "too", "too few", "\u{2013}"].contains(&element.text.as_str())),
                Some(_) => assert_eq!(element.get("class"), Some("c-mark"), "{element:?}"),
                None => assert_ne!(element.get("class"), Some("c-mark"), "{element:?}"),
            }
        }
        if svg.contains("\"low\"") {
            assert!(svg.contains("than"), "the words are missing: {svg}");
        }
    }
}

#[test]
fn a_line_is_broken_where_there_is_no_value() {
    let value = Shown::Value;
    let figures = [value(20), value(30), Shown::Low { below: 15 }, value(40), value(50), Shown::Nothing, value(60)];
    let elements = parse(&line(&about("a"), &series("Amora", &figures), 0));
    let lines = elements.iter().filter(|element| element.get("class") == Some("c-mark-edge"));
    let points: Vec<usize> = lines.map(|line| line.get("points").unwrap().split(' ').count()).collect();
    assert_eq!(points, [2, 2]);
}

#[test]
fn heights_follow_values() {
    let shown = [Shown::Value(50), Shown::Value(100), Shown::Low { below: 25 }];
    let elements = parse(&columns(&about("a"), &panel("Amora", &shown), 100));
    let high: Vec<i64> =
        elements.iter().filter(|e| e.get("data-key").is_some()).map(|element| element.number("height")).collect();
    assert_eq!(high, [75, 150, 36]);
}

#[test]
fn nothing_is_styled_inline_and_everything_has_a_class() {
    for (svg, _) in all(NASTY) {
        assert!(!svg.contains("<script") && !svg.chars().any(|letter| letter.is_control() && letter != '\n'));
        for element in parse(&svg) {
            assert!(!["style", "script", "foreignObject", "a", "image", "use"].contains(&element.name.as_str()));
            assert!(element.attributes.iter().all(|(name, _)| name != "style" && !name.starts_with("on")));
            if !["svg", "title", "desc", "defs", "pattern"].contains(&element.name.as_str()) {
                assert!(element.get("class").is_some_and(|class| class.starts_with("c-")), "{element:?}");
                assert!(element.get("fill").or(element.get("stroke")).is_some(), "{element:?}");
            }
        }
    }
}

#[test]
fn a_chart_says_what_it_is() {
    for (svg, _) in all("Amora") {
        let elements = parse(&svg);
        let named: Vec<&str> = elements[0].get("aria-labelledby").unwrap().split(' ').collect();
        assert_eq!(elements[0].get("role"), Some("img"));
        assert_eq!((elements[1].name.as_str(), elements[1].get("id")), ("title", Some(named[0])));
        assert_eq!((elements[2].name.as_str(), elements[2].get("id")), ("desc", Some(named[1])));
        assert_eq!(elements[1].text, "Title <script>&\"'</script>");
        let ids: Vec<&str> = elements.iter().filter_map(|element| element.get("id")).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    }
    let odd = hbar_range(&about("a b\"c"), &[]);
    assert!(odd.contains("aria-labelledby=\"a-b-c-t a-b-c-d\""));
}

#[test]
fn the_same_figures_give_the_same_bytes() {
    assert_eq!(all("Amora"), all("Amora"));
}

#[test]
fn an_empty_chart_says_so() {
    for (svg, _) in all("Amora").into_iter().filter(|(_, figures)| *figures == 0) {
        assert!(svg.contains(">nothing published</text>"), "{svg}");
    }
    let sheet = column_sheet(&about("a"), &[panel("Full", &figures()), panel("Empty", &[])]);
    assert!(sheet.contains(">nothing published</text>"));
}

#[test]
fn a_file_stands_on_paper() {
    for (svg, figures) in all("Amora") {
        let file = standalone(&svg);
        assert!(file.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg "));
        let elements = parse(&file);
        assert_eq!((elements[1].name.as_str(), elements[1].get("class")), ("rect", Some("c-back")));
        assert_eq!(elements[2].name, "title");
        assert_eq!(elements.iter().filter(|element| element.get("data-key").is_some()).count(), figures);
    }
    assert_eq!(standalone("<b/>"), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<b/>");
}

#[test]
fn scales_are_round() {
    for (most, ticks) in [
        (0, vec![0, 1, 2, 3]),
        (15, vec![0, 5, 10, 15]),
        (22, vec![0, 5, 10, 15, 20, 25]),
        (422, vec![0, 100, 200, 300, 400, 500]),
        (1_001, vec![0, 500, 1_000, 1_500]),
    ] {
        assert_eq!(Scale::holding(most).ticks(), ticks);
    }
    for most in (0..5_000).chain([i64::MAX, i64::MIN]) {
        let scale = Scale::holding(most);
        assert!((4..=6).contains(&scale.ticks().len()), "{most}: {scale:?}");
        assert_eq!(Scale::holding(scale.top), scale);
        assert!(scale.along(most, 150) <= 150 && scale.along(i64::MIN, 150) == 0);
    }
}

#[test]
fn extreme_numbers_do_not_stop_a_chart() {
    let extreme =
        [Shown::Value(i64::MAX), Shown::Value(i64::MIN), Shown::Low { below: i64::MAX }, Shown::Low { below: -1 }];
    parse(&hbar_range(&about("a"), &bars("Amora", &extreme)));
    parse(&columns(&about("a"), &panel("Amora", &extreme), i64::MAX));
    parse(&line(&about("a"), &series("Amora", &extreme), i64::MIN));
}

#[test]
fn words_and_numbers_are_written_out() {
    assert_eq!(thousands(1_234_560), "1,234,560");
    assert_eq!(thousands(-120), "\u{2212}120");
    assert_eq!(thousands(7), "7");
    assert_eq!(wrap("one two\u{a0}three", 10, 60), ["one", "two\u{a0}three"]);
    for room in 20..400 {
        let lines = wrap(LONG, 16, room);
        assert!(lines.iter().all(|line| width(line, 16) <= room));
        assert_eq!(lines.concat().replace(' ', ""), LONG.replace(' ', ""));
    }
}
