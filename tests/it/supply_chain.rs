//! What the program is made of: nothing that is known to be wrong, and a list of it all that is true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read_toml(place: &str) -> toml::Table {
    fs::read_to_string(top().join(place)).unwrap().parse().unwrap()
}

fn text<'t>(table: &'t toml::Table, key: &str) -> &'t str {
    table[key].as_str().unwrap()
}

fn tables<'t>(table: &'t toml::Table, key: &str) -> impl Iterator<Item = &'t toml::Table> {
    table[key].as_array().unwrap().iter().map(|one| one.as_table().unwrap())
}

/// A version without what stands behind `+`; what is not released yet comes before its release.
fn version(text: &str) -> ([u64; 3], bool, String) {
    let text = text.split('+').next().unwrap();
    let (numbers, before) = text.split_once('-').unwrap_or((text, ""));
    let mut all = [0; 3];
    for (place, number) in all.iter_mut().zip(numbers.split('.')) {
        *place = number.parse().unwrap_or_else(|_| panic!("{text} is no version"));
    }
    (all, before.is_empty(), before.to_owned())
}

/// Whether a version lies in a range, such as `>=0.4.0, <0.4.2`.
fn lies_in(locked: &str, range: &str) -> bool {
    range.split(',').map(str::trim).all(|one| {
        if one == "*" {
            return true;
        }
        let digits = one.find(|c: char| c.is_ascii_digit()).unwrap_or_else(|| panic!("{one} is no comparison"));
        let order = version(locked).cmp(&version(&one[digits..]));
        match &one[..digits] {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "=" => order.is_eq(),
            other => panic!("{other} compares nothing"),
        }
    })
}

/// The advisories that a lock file meets, as `id crate version`.
fn met(lock: &toml::Table, advisories: &toml::Table) -> Vec<String> {
    let mut all = Vec::new();
    for advisory in tables(advisories, "advisory") {
        let ranges: Vec<&str> =
            advisory["affected"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        for package in tables(lock, "package").filter(|package| package["name"] == advisory["crate"]) {
            let locked = text(package, "version");
            if ranges.iter().any(|range| lies_in(locked, range)) {
                all.push(format!("{} {} {locked}", text(advisory, "id"), text(advisory, "crate")));
            }
        }
    }
    all
}

#[test]
fn no_locked_version_is_known_to_be_wrong() {
    let advisories = read_toml("docs/advisories.toml");
    assert_eq!(met(&read_toml("Cargo.lock"), &advisories), Vec::<String>::new());
    let looked_at = text(&advisories, "looked_at");
    assert!(looked_at.len() == 10 && looked_at >= "2026-11-27", "{looked_at}");
    let mut ids = BTreeSet::new();
    for advisory in tables(&advisories, "advisory") {
        let id = text(advisory, "id");
        assert!(id.starts_with("RUSTSEC-20") && id.len() == 17 && ids.insert(id), "{id}");
        assert!(!text(advisory, "about").is_empty());
        // Every range is one that something can be compared with.
        for range in advisory["affected"].as_array().unwrap() {
            lies_in("1.2.3", range.as_str().unwrap());
        }
    }
}

#[test]
fn a_lock_file_with_a_version_in_a_range_is_found() {
    let lock = |name: &str, version: &str| -> toml::Table {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n").parse().unwrap()
    };
    let advisories = read_toml("docs/advisories.toml");
    for (name, version, id) in [
        ("h2", "0.3.27", "RUSTSEC-2026-0258"),
        ("h2", "0.4.15", "RUSTSEC-2026-0258"),
        ("rustls", "0.23.44", "RUSTSEC-2026-0285"),
        ("diesel", "2.3.9", "RUSTSEC-2026-0172"),
        ("rand", "0.9.2", "RUSTSEC-2026-0097"),
        ("rand", "0.10.1-rc.1", "RUSTSEC-2026-0097"),
        ("paste", "1.0.15", "RUSTSEC-2024-0436"),
    ] {
        assert!(met(&lock(name, version), &advisories).iter().any(|found| found.starts_with(id)), "{name} {version}");
    }
    for (name, version) in
        [("h2", "0.4.16"), ("rustls", "0.23.45"), ("rand", "0.9.3"), ("rand", "0.10.1"), ("diesel", "2.10.0")]
    {
        assert_eq!(met(&lock(name, version), &advisories), Vec::<String>::new(), "{name} {version}");
    }
    assert!(lies_in("0.3.14+libpq-18.6", "=0.3.14") && !lies_in("0.10.0", "<0.9.3"));
}

#[test]
fn nothing_speaks_http_2() {
    let lock = read_toml("Cargo.lock");
    assert!(tables(&lock, "package").all(|package| text(package, "name") != "h2"));
}

fn sbom(directory: &Path) -> Vec<u8> {
    let out = Command::new("python3").arg(top().join("scripts/sbom")).current_dir(directory).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    out.stdout
}

#[test]
fn the_list_of_components_is_the_lock_file_and_nothing_of_this_machine() {
    let elsewhere = tempfile::tempdir().unwrap();
    let written = sbom(&top());
    assert_eq!(written, sbom(elsewhere.path()), "the same bytes wherever it is run");
    let said = String::from_utf8(written.clone()).unwrap();
    let here = top().display().to_string();
    assert!(!said.contains(&here) && !said.contains("file://"), "no place of this machine");
    let bom: Value = serde_json::from_slice(&written).unwrap();
    assert_eq!(
        (bom["bomFormat"].as_str(), bom["specVersion"].as_str(), bom["version"].as_u64()),
        (Some("CycloneDX"), Some("1.6"), Some(1))
    );
    let number = bom["serialNumber"].as_str().unwrap();
    assert!(number.starts_with("urn:uuid:") && number.len() == 45, "{number}");
    let own = &bom["metadata"]["component"];
    assert_eq!((own["name"].as_str(), own["type"].as_str()), (Some("recourse"), Some("application")));

    let lock = read_toml("Cargo.lock");
    let expected: BTreeSet<(String, String, Option<String>)> = tables(&lock, "package")
        .filter(|package| package["name"].as_str() != Some("recourse"))
        .map(|package| {
            let checksum = package.get("checksum").map(|sum| sum.as_str().unwrap().to_owned());
            (text(package, "name").to_owned(), text(package, "version").to_owned(), checksum)
        })
        .collect();
    let components = bom["components"].as_array().unwrap();
    let mut refs: BTreeSet<&str> = BTreeSet::from([own["bom-ref"].as_str().unwrap()]);
    let found: BTreeSet<(String, String, Option<String>)> = components
        .iter()
        .map(|one| {
            let (name, version) = (one["name"].as_str().unwrap(), one["version"].as_str().unwrap());
            assert_eq!(one["purl"], format!("pkg:cargo/{name}@{}", version.replace('+', "%2B")));
            assert_eq!((&one["type"], &one["hashes"][0]["alg"]), (&"library".into(), &"SHA-256".into()));
            assert!(refs.insert(one["bom-ref"].as_str().unwrap()), "{name} stands there twice");
            (name.to_owned(), version.to_owned(), one["hashes"][0]["content"].as_str().map(str::to_owned))
        })
        .collect();
    assert_eq!((found == expected, components.len()), (true, expected.len()));
    let edges = bom["dependencies"].as_array().unwrap();
    assert_eq!(edges.iter().map(|edge| edge["ref"].as_str().unwrap()).collect::<BTreeSet<_>>(), refs);
    for edge in edges {
        for other in edge["dependsOn"].as_array().unwrap() {
            assert!(refs.contains(other.as_str().unwrap()), "{other} is no component");
        }
    }
}
