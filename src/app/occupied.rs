//! One service on one `SQLite` database. A second process that writes all the time would starve both, and its jobs would
//! do everything twice; so whoever serves holds a lock, which ends with the process, however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};

use crate::db::Place;

/// A database that this process serves, for as long as this is kept.
#[derive(Debug)]
pub struct Occupied {
    file: File,
    path: PathBuf,
}

impl Occupied {
    /// Takes the database file of a place before it is known whether this process may use the folder: when it may not, that is
    /// told by what looks at it next.
    ///
    /// # Errors
    /// A sentence that names the process that has it.
    pub fn early(place: &Place) -> anyhow::Result<Option<Self>> {
        match Self::take(place) {
            Err(error) if error.root_cause().is::<std::io::Error>() => Ok(None),
            taken => taken,
        }
    }

    /// Takes the database file of a place, if there is a folder for it yet. A server is shared, and is taken by nobody.
    ///
    /// # Errors
    /// A sentence that names the process that has it.
    pub fn take(place: &Place) -> anyhow::Result<Option<Self>> {
        let Place::Sqlite(database) = place else { return Ok(None) };
        let mut path = database.clone().into_os_string();
        path.push(".serving");
        let path = PathBuf::from(path);
        if !path.parent().is_none_or(|folder| folder.as_os_str().is_empty() || folder.is_dir()) {
            return Ok(None);
        }
        loop {
            let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
            let mut file = opened.with_context(|| format!("{} cannot be opened", path.display()))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => bail!(taken(&mut file, database)),
                Err(TryLockError::Error(error)) => {
                    return Err(anyhow!(error).context(format!("{} cannot be locked", path.display())));
                }
            }
            // Whoever had it may have removed it between the opening and the lock: then this one is nobody's.
            let (mine, there) = (file.metadata()?, fs::metadata(&path));
            if there.is_ok_and(|there| (there.dev(), there.ino()) == (mine.dev(), mine.ino())) {
                file.set_len(0)?;
                file.write_all(std::process::id().to_string().as_bytes())?;
                return Ok(Some(Self { file, path }));
            }
        }
    }
}

impl Drop for Occupied {
    /// The file goes first: once the lock is gone, it may be another's. One that is left behind by a killed process is
    /// taken over.
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

fn taken(file: &mut File, database: &Path) -> String {
    let mut number = String::new();
    let _ = file.rewind().and_then(|()| file.take(20).read_to_string(&mut number));
    let process = match number.parse::<u32>() {
        Ok(number) => format!("the process {number}"),
        Err(_) => "another process".to_owned(),
    };
    format!(
        "{process} serves {} already: stop it first, or name another directory with --data. Several processes need \
         PostgreSQL; `check` and `admin` run beside the service",
        database.display()
    )
}
