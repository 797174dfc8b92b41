//! The directory in files: our own, and those of others.

use serde_json::{Value, json};

use crate::command_line::{recourse, refused, said};
use crate::harness::{World, databases, on_both};

/// The directory as its file, by a command.
fn exported(world: &World, arguments: &[&str]) -> String {
    said(world, &[&["services", "export"], arguments].concat())
}

#[test]
fn an_export_reads_back_whole_and_a_file_opens_no_way_in() {
    on_both(|world| async move {
        said(&world, &["services", "import", "--shipped"]);
        let open = [
            "services",
            "open",
            "veritas-justice",
            "--way",
            "phone,inbox",
            "--by",
            "Lena, Veritas",
            "--until",
            "2027-06-30",
        ];
        said(&world, &open);
        let (toml, hsds) = (exported(&world, &[]), exported(&world, &["--hsds"]));
        for (name, text) in [("directory.toml", &toml), ("directory.json", &hsds)] {
            let file = world.dir().join(name);
            std::fs::write(&file, text).unwrap();
            let told = said(&world, &["services", "import", file.to_str().unwrap()]);
            assert!(told.starts_with("0 added, 0 changed, 71 stood there already"), "{name}: {told}");
            assert_eq!((exported(&world, &[]), exported(&world, &["--hsds"])), (toml.clone(), hsds.clone()), "{name}");
        }
        // In another world it is the same directory, with the same ids, and no way in stands open.
        let elsewhere = World::begin(databases()[0], &|_| {}).await;
        let file = world.dir().join("directory.json");
        let output = recourse(&elsewhere, &["services", "import", file.to_str().unwrap()], "");
        let remark = String::from_utf8(output.stderr).unwrap();
        assert!(remark.contains("was left: veritas-justice"), "{remark}");
        let closed = toml.replace("ways_in = [\"inbox\", \"phone\"]", "ways_in = [\"none\"]");
        let closed = closed.replace("ways_in = [\"phone\", \"inbox\"]", "ways_in = [\"none\"]");
        let without: Vec<&str> = closed.split("[service.agreement]").collect();
        assert_eq!(without.len(), 2, "one agreement");
        let there = exported(&elsewhere, &[]);
        assert!(!there.contains("[service.agreement]") && there.starts_with(without[0].trim_end()), "{there}");
        // Nor does a file that claims one for an entry that is known.
        let claimed = there.replacen("ways_in = [\"none\"]", "ways_in = [\"inbox\"]", 1);
        std::fs::write(&file, claimed).unwrap();
        said(&elsewhere, &["services", "import", file.to_str().unwrap()]);
        assert_eq!(exported(&elsewhere, &[]), there);
    });
}

#[test]
fn hsds_of_others_is_taken_with_what_it_leaves_out_said_beside_it() {
    on_both(|world| async move {
        let service = |id: &str, status: &str| {
            json!({
                "id": id, "name": "Harbour Counselling", "status": status, "url": "https://harbour.example",
                "minimum_age": 12, "maximum_age": 100.0, "last_modified": "2026-10-15T10:30:45.123Z",
                "organization": {"id": "d9d5e0f5-d3ce-4f73-9a2f-4dd0ecc6c610", "name": "Harbour"},
                "phones": [{"id": "x", "number": "\"01632 960 002\"", "type": "voice"}, {"id": "y", "number": "85 000", "type": "sms"}],
                "schedules": [{"id": "z", "timezone": 3, "freq": "WEEKLY", "byday": "TH,FR", "opens_at": "10:00", "closes_at": "18:00"}],
                "service_areas": [{"id": "a", "name": "12 High Street, BN1 3XY"}],
                "service_at_locations": [{"location": {"addresses": [{"address_1": "12 High Street"}]}}],
                "languages": [{"id": "l", "code": "ur", "name": "Urdu"}]
            })
        };
        let list = json!({"contents": [
            service("ac148810-d857-441c-9679-408f346de14b", "active"),
            service("bc148810-d857-441c-9679-408f346de14b", "inactive"),
        ]});
        let file = world.dir().join("theirs.json");
        std::fs::write(&file, list.to_string()).unwrap();
        let path = file.to_str().unwrap();
        assert!(refused(&world, &["services", "import", path]).contains("area: name at least one"));
        assert!(
            refused(&world, &["services", "import", path, "--area", "sussex"])
                .contains("zone: the file gives hours and no zone")
        );
        let wrong = refused(&world, &["services", "import", path, "--area", "Brighton", "--zone", "Europe/London"]);
        assert!(wrong.contains("areas/0: use a country"), "{wrong}");
        let whole = ["services", "import", path, "--area", "sussex", "--zone", "Europe/London", "--kind", "advocacy"];
        let looked = said(&world, &[&whole[..], &["--dry-run"]].concat());
        assert!(looked.starts_with("1 services can be taken over; nothing was stored"), "{looked}");
        let output = recourse(&world, &whole, "");
        assert!(
            String::from_utf8(output.stderr)
                .unwrap()
                .contains("left out: Harbour Counselling: its status is not active")
        );
        let listed: Value = serde_json::from_str(&said(&world, &["services", "list", "--json"])).unwrap();
        let one = &listed["data"][0];
        assert_eq!(listed["data"].as_array().unwrap().len(), 1);
        let doubts: Vec<&str> = one["doubts"].as_array().unwrap().iter().map(|doubt| doubt.as_str().unwrap()).collect();
        assert!(doubts.contains(&"imported") && one["ways_in"] == json!(["none"]), "{one}");
        let text = exported(&world, &[]);
        assert!(
            text.contains("Th,Fr 10:00-18:00") && text.contains("Europe/London") && !text.contains("High Street"),
            "{text}"
        );
        assert!(
            text.contains("from = 12") && text.contains("01632 960 002") && text.contains("channel = \"text\""),
            "{text}"
        );
        assert!(exported(&world, &["--hsds"]).contains("ac148810-d857-441c-9679-408f346de14b"), "its id is theirs");
        let id = one["slug"].as_str().unwrap();
        assert!(
            refused(&world, &["services", "open", id, "--way", "inbox", "--by", "x", "--until", "2027-01-01"])
                .contains("nobody has looked this entry up")
        );
        // From somebody who knows only their own, a file with everything wrong says all of it.
        let bad = "format = 1\n[[service]]\nslug = \"A\"\nname = \"\"\norganisation = \"12 High Street, BN1 3XY\"\nkind = \"child\"\nhelps_with = []\nareas = [\"atlantis\"]\nlanguages = [\"english\"]\nchannels = [{ channel = \"in_person\", value = \"here\" }]\ncost = \"free\"\non_bill = \"no\"\nhours = { text = \"nine to five\", zone = \"Europe/London\" }\nways_in = [\"none\", \"api\"]\npublic = true\nevidence = \"read\"\nchecked_at = \"2126-11-20\"\nexpires_at = \"2126-01-01\"\n";
        std::fs::write(&file, bad).unwrap();
        let told = refused(&world, &["services", "import", path]);
        for place in [
            "slug",
            "name",
            "organisation",
            "sources",
            "helps_with",
            "areas/0",
            "ages",
            "languages/0",
            "channels/0/value",
            "hours/text",
            "ways_in",
            "checked_at",
            "expires_at",
        ] {
            assert!(told.contains(&format!("service 1 (A)/{place}: ")), "{place}: {told}");
        }
    });
}

#[test]
fn a_file_that_is_none_is_said_to_be_none() {
    on_both(|world| async move {
        for odd in [world.dir().to_str().unwrap(), "/no/such/file"] {
            assert!(refused(&world, &["services", "import", odd]).contains("file: "), "{odd}");
        }
    });
}
