//! What commands say to whoever ran them. A reader that goes away, as `head` does, is no fault of the command, so
//! nothing here panics as `println!` does; a test keeps that macro out of the crate.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};

/// The standard output took nothing more.
#[derive(Debug, thiserror::Error)]
#[error("{}the standard output cannot be written to: {cause}", if *.done { "it is done, but " } else { "" })]
pub struct Unheard {
    cause: io::Error,
    done: bool,
}

impl Unheard {
    /// Whether the reader of a pipe went away, which is no fault.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        self.cause.kind() == ErrorKind::BrokenPipe
    }
}

/// Nobody would have what is entrusted to the standard output.
#[derive(Debug, thiserror::Error)]
#[error(
    "the standard output is closed or leads to /dev/null, so that nobody would have the secret: run it again at a terminal, \
     or into a pipe or a file"
)]
struct Nowhere;

/// Writes a text and a line's end to the standard output, and hands them on at once.
///
/// # Errors
/// [`Unheard`], inside.
pub fn say(text: impl Display) -> anyhow::Result<()> {
    Ok(write(&mut io::stdout().lock(), text).map_err(|cause| Unheard { cause, done: false })?)
}

/// Says that something was done. It stands, also when nobody hears of it.
///
/// # Errors
/// [`Unheard`], inside, which says so.
pub fn confirm(text: impl Display) -> anyhow::Result<()> {
    Ok(write(&mut io::stdout().lock(), text).map_err(|cause| Unheard { cause, done: true })?)
}

/// Writes what nobody can ask for again, such as a secret: fails where it would be lost without a word.
///
/// # Errors
/// [`Unheard`], inside; also when the standard output is closed, or leads nowhere.
pub fn entrust(text: impl Display) -> anyhow::Result<()> {
    let unheard = |cause| Unheard { cause, done: false };
    let out = io::stdout().lock();
    // A file of its own: the library takes what cannot be written to for written.
    let mut file = File::from(out.as_fd().try_clone_to_owned().map_err(unheard)?);
    if leads_nowhere(&file) {
        return Err(Nowhere.into());
    }
    Ok(write(&mut file, text).map_err(unheard)?)
}

/// Whether it is the device that forgets everything. An output that was closed is that when the program begins.
fn leads_nowhere(file: &File) -> bool {
    let same = |null: std::fs::Metadata| {
        let about = file.metadata();
        about.is_ok_and(|about| about.file_type().is_char_device() && about.rdev() == null.rdev())
    };
    std::fs::metadata("/dev/null").is_ok_and(same)
}

fn write(out: &mut impl Write, text: impl Display) -> io::Result<()> {
    let text = format!("{text}\n");
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Writes a remark to the standard error. Whoever does not listen misses nothing that they asked for.
pub fn remark(text: impl Display) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
