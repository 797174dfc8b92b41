//! Names of platforms stand in tables that anybody opens in a spreadsheet, and on pages: what people see is what is there.

use std::fs;

use crate::audit::run;
use crate::command_line::{refused, said as said_by};
use crate::editions::said;
use crate::harness::editions::{connect, published};
use crate::harness::on_both;
use crate::publishing::services;

/// Case 45.
#[test]
fn a_name_that_hides_something_or_that_a_spreadsheet_calculates_is_refused() {
    for service in services() {
        for name in
            ["=cmd|'/C calc'!A0", "+Meet", "@heart", "", " ", "two\nlines", "\u{202e}evil", "\u{200b}", "\u{2800}"]
        {
            let output = service.run(&["admin", "platform", "add", "odd", name]);
            assert_eq!(output.status.code(), Some(1), "{name:?}: {}", said(&output));
            assert!(!said(&output).contains("is taken") && said(&output).len() > 30, "{}", said(&output));
        }
        let output = service.run(&["admin", "platform", "add", "zoe", " Zoë & Co. "]);
        assert!(output.status.success(), "{}", said(&output));
        let listed = said(&service.run(&["admin", "platform", "list"]));
        assert!(listed.contains("(Zoë & Co.)") && !listed.contains("odd"), "{listed}");
    }
}

#[test]
fn a_name_that_people_could_take_for_another_is_refused_and_the_other_is_named() {
    for service in services() {
        let add = |slug: &str, name: &str| service.run(&["admin", "platform", "add", slug, name]);
        let first = said(&add("tinder", "Tinder"));
        let id = first.split(' ').next().unwrap();
        assert!(id.starts_with("plt_"), "{first}");
        for name in ["Tinder", " tinder ", "TINDER", "T\u{456}nder", "Tin\u{2003}der", "\u{ff34}inder"] {
            let output = add("other", name);
            let told = said(&output);
            assert_eq!(output.status.code(), Some(1), "{name}: {told}");
            assert!(told.contains(&format!("the name of `tinder` ({id})")) && told.lines().count() == 1, "{told}");
        }
        for (slug, name) in [("tender", "Tender"), ("tinder-2", "Tinder 2"), ("zoe", "Zoë")] {
            let output = add(slug, name);
            assert!(output.status.success(), "{}", said(&output));
        }
        // Whoever has no credential any more stands in the tables of earlier quarters.
        let made = said(&service.run(&["admin", "client", "add", "zoe"]));
        let client = made.lines().find_map(|line| line.strip_prefix("client_id:")).unwrap().trim().to_owned();
        assert!(service.run(&["admin", "client", "revoke", &client]).status.success());
        assert_eq!(add("zoe-2", "zoë").status.code(), Some(1));
    }
}

/// Case 59, with names that were kept before they were checked.
#[test]
fn a_table_opens_in_a_spreadsheet_as_it_was_meant() {
    on_both(|world| async move {
        let ids = connect(&world, 6).await;
        let odd = ["=HYPERLINK(\"https://evil\")", "+Meet", "@heart", "Zoë, \"Z\"", "two\nlines", "\u{202e}\u{200b}"];
        for (id, name) in ids.iter().zip(odd) {
            world.tamper(&format!("UPDATE platforms SET name = '{name}' WHERE id = '{id}'"));
        }
        let id = published(&world, &ids, 900).await;
        let folder = world.dir().join(format!("editions/{id}"));
        for file in ["platforms.csv", "response-times.csv", "platform-category.csv"] {
            let text = fs::read_to_string(folder.join(file)).unwrap();
            let plain = text.strip_prefix('\u{feff}').expect("a spreadsheet knows UTF-8 by its mark");
            assert!(plain.contains("Zoë"), "{file}");
            let mut names = Vec::new();
            for row in csv::Reader::from_reader(plain.as_bytes()).records() {
                names.push(row.unwrap()[1].to_owned());
            }
            names.dedup();
            names.sort();
            let expected = ["'+Meet", "'=HYPERLINK(\"https://evil\")", "'@heart", "Zoë, \"Z\"", "app-05", "two lines"];
            assert_eq!(names, expected, "{file}");
        }
        if let Some(found) = run("validate.py", "csvw", &folder) {
            assert!(found["files"].as_u64() >= Some(9), "{found}");
        }
        // A page shows the name and not its disguise.
        let page = fs::read_to_string(folder.join("index.html")).unwrap();
        assert!(page.contains(">=HYPERLINK(&#34;https://evil&#34;)<") && page.contains(">two lines<"), "{page}");
        let key = recourse::jobs::editions::key(&world.app);
        let (shelf, _) = recourse::statistics::editions::Shelf::read(&world.dir().join("editions"), &key).unwrap();
        assert!(shelf.latest().unwrap().platforms.iter().any(|(_, name)| name == "+Meet"));
    });
}

/// The short name stands in every row of a table, where no apostrophe can help it.
#[test]
fn a_short_name_that_a_spreadsheet_would_change_is_refused() {
    on_both(|world| async move {
        for slug in ["1-2", "1e10", "2026", "mar-1"] {
            let told = refused(&world, &["admin", "platform", "add", slug, "Some App"]);
            assert!(told.contains("a spreadsheet takes it for a number or a date"), "{slug}: {told}");
        }
        said_by(&world, &["admin", "platform", "add", "3fun", "1-2"]);
    });
}
