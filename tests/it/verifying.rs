//! Whoever verifies published editions finds whatever was changed.

use std::fs;

use recourse::jobs::editions as jobs;
use recourse::statistics::editions;

use crate::editions::{edition, folder, said};
use crate::harness::dice::Dice;
use crate::harness::editions::{connect, files, published};
use crate::harness::on_both;

#[test]
fn verify_finds_any_changed_byte_and_any_broken_link() {
    on_both(|world| async move {
        let ids = connect(&world, 3).await;
        let mut published_ids = Vec::new();
        for cases in [400, 500, 600] {
            published_ids.push(published(&world, &ids, cases).await);
        }
        let place = world.dir().join("editions");
        let key = jobs::key(&world.app);
        let (found, flaws) = editions::verify(&place, &key).unwrap();
        assert_eq!((found, flaws.len()), (published_ids.clone(), 0));
        let told = edition(&["verify", place.to_str().unwrap(), "--key", &key.to_string()]);
        assert!(told.status.success(), "{}", said(&told));
        // Any byte of any file.
        let mut dice = Dice(3);
        for id in &published_ids {
            for (path, bytes) in files(&folder(&world, *id)) {
                let file = folder(&world, *id).join(&path);
                let mut changed = bytes.clone();
                let at = dice.roll(changed.len());
                changed[at] ^= 1 << dice.roll(7);
                fs::write(&file, &changed).unwrap();
                let (_, flaws) = editions::verify(&place, &key).unwrap();
                assert!(!flaws.is_empty(), "{id}/{path}, byte {at}");
                fs::write(&file, &bytes).unwrap();
            }
        }
        assert!(editions::verify(&place, &key).unwrap().1.is_empty(), "all is as it was");
        let file = folder(&world, published_ids[0]).join("manifest.json.sig");
        let bytes = fs::read(&file).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&file, &changed).unwrap();
            assert!(!editions::verify(&place, &key).unwrap().1.is_empty(), "bit {bit} of the signature");
        }
        fs::write(&file, &bytes).unwrap();
        // An edition that is taken out of the chain, or stands under another's name.
        let middle = folder(&world, published_ids[1]);
        let aside = world.dir().join("aside");
        fs::rename(&middle, &aside).unwrap();
        let (_, flaws) = editions::verify(&place, &key).unwrap();
        assert!(flaws.iter().any(|flaw| flaw.what.contains("taken out")), "{flaws:?}");
        fs::rename(&aside, place.join("2020-q1")).unwrap();
        assert!(!editions::verify(&place, &key).unwrap().1.is_empty());
        fs::rename(place.join("2020-q1"), &middle).unwrap();
        fs::write(middle.join("more.html"), "and this").unwrap();
        let told = edition(&["verify", place.to_str().unwrap(), "--key", &key.to_string()]);
        assert_eq!(told.status.code(), Some(1));
        assert!(said(&told).contains("does not belong"), "{}", said(&told));
        fs::remove_file(middle.join("more.html")).unwrap();
        fs::remove_file(middle.join("national.csv")).unwrap();
        assert_eq!(editions::verify(&place, &key).unwrap().1[0].what, "it is missing");
        // Another key, and what is no key.
        let other = edition(&["verify", place.to_str().unwrap(), "--key", &"0".repeat(64)]);
        assert!(!other.status.success());
        let none = edition(&["verify", place.to_str().unwrap(), "--key", "secret"]);
        assert!(said(&none).contains("64 hexadecimal digits"), "{}", said(&none));
    });
}
