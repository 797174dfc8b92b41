//! Whether others on the machine may change what this service stands on: the keyring, the folder that it lies in, and the
//! database file. Whoever may write in a folder can put another file in the place of any that lies there, whoever owns it.

use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::config::Config;
use crate::db::Place;
use crate::domain::watch::soundness::Finding;

/// Bits of a mode by which others than the owner may write.
const WRITE: u32 = 0o022;
/// Bits by which others than the owner may read or write.
const ANY: u32 = 0o066;

/// Looks at all that stands already, and says what is to be mended. What is not there, or cannot be looked at, is told by
/// whoever opens it.
///
/// # Errors
/// A sentence that names what others may write, and what to do.
pub fn look(config: &Config, place: &Place) -> anyhow::Result<Vec<Finding>> {
    let keyring = config.keyring_file();
    let mut folders = vec![config.data.clone()];
    // Where a link leads to is where the file can be exchanged.
    folders.extend(fs::canonicalize(&keyring).ok().and_then(|real| real.parent().map(Path::to_owned)));
    let mut files = Vec::new();
    if let Place::Sqlite(database) = place {
        folders.extend(database.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned));
        files.extend(["", "-wal", "-shm"].map(|end| {
            let mut name = database.clone().into_os_string();
            name.push(end);
            PathBuf::from(name)
        }));
    }
    let (folders, files) = (there(folders), there(files));
    for (folder, about) in folders.iter().filter(|(_, about)| about.is_dir()) {
        if about.permissions().mode() & WRITE != 0 {
            bail!(
                "others may write in the folder {0}, and so put another keyring or database in the place of yours; run: \
                 chmod go-w {0} (where the platform keeps giving it to a group, as Kubernetes does with a volume, let \
                 --data name a folder below it, which Recourse makes)",
                folder.display()
            );
        }
    }
    for (file, about) in files.iter().filter(|(_, about)| about.is_file()) {
        if about.permissions().mode() & WRITE != 0 {
            bail!("the database file {0} can be written by others; run: chmod 600 {0}", file.display());
        }
    }
    let found = |place: &Path, code, detail| Finding { code, table: "files", id: place.display().to_string(), detail };
    let mut all = Vec::new();
    for (file, _) in files.iter().filter(|(_, about)| about.is_file() && about.permissions().mode() & ANY != 0) {
        let detail =
            "others on this machine may read the database, and with it all that stands in the clear: chmod 600";
        all.push(found(file, "readable_by_others", detail));
    }
    // Whoever reads a file of mode 0600 is its owner, or root.
    if let Ok(owner) = fs::metadata(&keyring).map(|about| about.uid()) {
        let detail = "it belongs to another user than the keyring does, who can exchange what is in it: give both to the \
                      service's own user (chown)";
        for (place, _) in folders.iter().chain(&files).filter(|(_, about)| ![0, owner].contains(&about.uid())) {
            all.push(found(place, "belongs_to_another", detail));
        }
    }
    Ok(all)
}

/// Those that exist, once each, with what the file system says of them.
fn there(mut places: Vec<PathBuf>) -> Vec<(PathBuf, Metadata)> {
    places.sort();
    places.dedup();
    places.into_iter().filter_map(|place| fs::metadata(&place).ok().map(|about| (place, about))).collect()
}
