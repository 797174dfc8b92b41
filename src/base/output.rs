//! What commands say to whoever ran them. A reader that goes away, as `head` does, is no fault of the command, so
//! nothing here panics as `println!` does; a test keeps that macro out of the crate.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

/// The standard output took nothing more.
#[derive(Debug, thiserror::Error)]
#[error("the standard output cannot be written to: {0}")]
pub struct Unheard(std::io::Error);

impl Unheard {
    /// Whether the reader of a pipe went away, which is no fault.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        self.0.kind() == ErrorKind::BrokenPipe
    }
}

/// Writes a text and a line's end to the standard output, and hands them on at once.
///
/// # Errors
/// [`Unheard`], inside.
pub fn say(text: impl Display) -> anyhow::Result<()> {
    let text = format!("{text}\n");
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Unheard)?;
    Ok(())
}

/// Writes a remark to the standard error. Whoever does not listen misses nothing that they asked for.
pub fn remark(text: impl Display) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}
