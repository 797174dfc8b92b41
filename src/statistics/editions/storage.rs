//! Where editions stand on disk. An edition is written aside and moved into place as a whole, so that a build that is
//! killed leaves nothing half published.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::EditionId;
use super::bundle::Bundle;
use super::calendar::Calendar;
use super::files::File;

/// The public file of what was committed to.
pub(super) const CALENDAR: &str = "calendar.json";

/// The file whose lock is the turn. Nothing stands in it.
const TURN: &str = ".turn";

/// The turn at the editions: while somebody holds it, no other process commits, builds, publishes or replaces. It ends with
/// the process that holds it, however that ends.
#[derive(Debug)]
pub struct Turn {
    _lock: fs::File,
}

/// The two folders: what everybody may read, and what the auditor alone may.
#[derive(Clone, Debug)]
pub struct Store {
    public: PathBuf,
    private: PathBuf,
}

impl Store {
    /// With these folders, which are made when something is written.
    #[must_use]
    pub const fn new(public: PathBuf, private: PathBuf) -> Self {
        Self { public, private }
    }

    /// Where published editions stand.
    #[must_use]
    pub fn public(&self) -> &Path {
        &self.public
    }

    /// Where an edition's bundle stands.
    #[must_use]
    pub fn bundle(&self, id: EditionId) -> PathBuf {
        self.private.join(format!("{id}.json"))
    }

    /// Where an edition waits for its day.
    #[must_use]
    pub fn staged(&self, id: EditionId) -> PathBuf {
        self.public.join(format!(".staged-{id}"))
    }

    /// Where an edition stands once it is published.
    #[must_use]
    pub fn published(&self, id: EditionId) -> PathBuf {
        self.public.join(id.to_string())
    }

    /// The turn, unless another process has it. The lock stands in the folder of editions, which all nodes share.
    ///
    /// # Errors
    /// What the file system says.
    pub fn turn(&self) -> io::Result<Option<Turn>> {
        fs::create_dir_all(&self.public)?;
        let place = self.public.join(TURN);
        let file = match OpenOptions::new().write(true).create(true).truncate(false).open(&place) {
            // Another user made it, such as root at a terminal. Who may read it may lock it.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && place.exists() => fs::File::open(&place)?,
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Turn { _lock: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Writes a built edition aside, where nobody else may look, and then its bundle. What an earlier attempt left is
    /// replaced.
    ///
    /// # Errors
    /// What the file system says.
    pub fn stage(&self, bundle: &Bundle, files: &[File]) -> io::Result<()> {
        let id = bundle.imprint.edition;
        fs::create_dir_all(&self.public)?;
        let half = self.public.join(format!(".half-{id}"));
        remove(&half)?;
        private_folder(&half)?;
        write_all(&half, files)?;
        let staged = self.staged(id);
        remove(&staged)?;
        fs::rename(&half, &staged)?;
        sync_folder(&self.public)?;
        private_folder(&self.private)?;
        let text = serde_json::to_string_pretty(bundle).map_err(io::Error::other)?;
        write_private(&self.bundle(id), text.as_bytes())?;
        sync_folder(&self.private)
    }

    /// Moves a built edition into place. Done before, it stays as it is.
    ///
    /// # Errors
    /// What the file system says; `NotFound` when nothing was built.
    pub fn publish(&self, id: EditionId) -> io::Result<()> {
        let place = self.published(id);
        if place.is_dir() {
            return remove(&self.staged(id));
        }
        fs::set_permissions(self.staged(id), fs::Permissions::from_mode(0o755))?;
        fs::rename(self.staged(id), place)?;
        sync_folder(&self.public)
    }
}

/// Writes an edition's files below a folder.
fn write_all(folder: &Path, files: &[File]) -> io::Result<()> {
    for file in files {
        let place = folder.join(&file.path);
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(&place, &file.bytes)?;
    }
    // The rename that publishes must not reach the disk before the content does.
    sync_below(folder)
}

/// Has everything below a folder reach the disk.
fn sync_below(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_below(&entry.path())?;
        } else {
            fs::File::open(entry.path())?.sync_data()?;
        }
    }
    sync_folder(folder)
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

fn write_private(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = place.with_extension("new");
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    out.write_all(bytes)?;
    out.sync_all()?;
    fs::rename(&aside, place)
}

/// The calendar of a folder; an empty one where there is none.
///
/// # Errors
/// What the file system says, also when it is no calendar.
pub fn read_calendar(folder: &Path) -> io::Result<Calendar> {
    match fs::read(folder.join(CALENDAR)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Calendar::default()),
        text => Ok(serde_json::from_slice(&text?)?),
    }
}

/// Writes the calendar, unless it stands there as it is.
///
/// # Errors
/// What the file system says.
pub fn write_calendar(store: &Store, calendar: &Calendar) -> io::Result<()> {
    let text = serde_json::to_string_pretty(calendar).map_err(io::Error::other)? + "\n";
    let place = store.public.join(CALENDAR);
    if fs::read(&place).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(());
    }
    fs::create_dir_all(&store.public)?;
    let aside = store.public.join(".calendar.new");
    let mut out = fs::File::create(&aside)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    fs::rename(&aside, place)?;
    sync_folder(&store.public)
}
