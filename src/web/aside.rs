//! Bodies are read, and names are made of them, aside: of a hostile one that takes long, and neither a thread that serves
//! calls nor the one that writes waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// So many bodies are under way at once, as many as a pool has connections for: what is read of a body takes several times
/// its memory. A new one shares the processors with those, and does not wait behind a few that take long.
const AT_ONCE: usize = 16;

/// Turns for such work.
#[derive(Clone)]
pub(crate) struct Aside {
    turns: Arc<Semaphore>,
}

impl Default for Aside {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Aside {
    /// Does `work` on a thread that may take long, in its turn. What panics there is a fault of this call alone.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T> + Send + 'static,
    {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|error| Error::Internal(error.into()))?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|error| Error::Internal(anyhow::Error::new(error).context("reading a body panicked")))?
    }
}
