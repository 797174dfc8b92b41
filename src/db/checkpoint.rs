//! What was committed stands in `SQLite`'s log first. A thread beside the writer copies it into the database's file, a little at
//! a time: a commit that did so, as commits do when nobody else does, would keep everybody waiting for thousands of pages.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use diesel::connection::SimpleConnection;

use super::AnyConnection;
use super::link::{self, Access, Place, Session};
use crate::base::patient::{GivesWay, give_way};
use crate::error::Result;

/// Between two copies. What is copied at once is made durable at once, and a commit meanwhile waits for the same disk: the
/// shorter the rest, the less that is.
const REST: Duration = Duration::from_millis(3);

/// Copies whenever something was committed, until nobody commits any more. Whoever commits does not wait for it on a processor; it has
/// a part of that all the same, so that the log does not grow for ever.
pub(super) fn work_off(place: &Place, committed: &Receiver<()>) {
    give_way(GivesWay::InPart);
    let mut conn = None;
    while committed.recv().is_ok() {
        if let Err(error) = copy(place, &mut conn) {
            // The log stays as it is: a commit copies it, once it is long.
            tracing::warn!(%error, "the log of the database was not copied into its file");
            conn = None;
        }
        #[expect(clippy::disallowed_methods, reason = "the rest is the point; nothing follows from its length")]
        std::thread::sleep(REST);
    }
}

fn copy(place: &Place, conn: &mut Option<AnyConnection>) -> Result<()> {
    let open = match conn.take() {
        Some(open) => open,
        None => link::open(place, Access::ReadWrite, Session::Own)?,
    };
    if let AnyConnection::Sqlite(open) = conn.insert(open) {
        // Passive: it waits for nobody, and nobody waits for it. What a reader still looks at is copied the next time.
        open.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::mpsc::sync_channel;

    use super::*;

    const MARK: &str = "a text that is looked for in the file";

    fn holds_mark(file: &Path) -> bool {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(MARK.len()).any(|part| part == MARK.as_bytes())
    }

    #[test]
    fn what_was_committed_is_copied_into_the_file_while_the_writer_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("copied.sqlite3");
        let place = Place::Sqlite(file.clone());
        let AnyConnection::Sqlite(mut writer) = link::open(&place, Access::ReadWrite, Session::Own).unwrap() else {
            panic!("it is a file");
        };
        writer.batch_execute(&format!("CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('{MARK}')")).unwrap();
        assert!(!holds_mark(&file), "a commit copied it");
        let (committed, news) = sync_channel(1);
        std::thread::scope(|scope| {
            let place = &place;
            let beside = scope.spawn(move || work_off(place, &news));
            committed.send(()).unwrap();
            // A second word is taken once the first copy is done.
            committed.send(()).unwrap();
            committed.send(()).unwrap();
            assert!(holds_mark(&file));
            drop(committed);
            beside.join().unwrap();
        });
    }

    #[test]
    fn a_log_that_could_not_be_copied_is_copied_the_next_time() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("not there yet");
        let file = folder.join("late.sqlite3");
        let place = Place::Sqlite(file.clone());
        let mut conn = None;
        assert!(copy(&place, &mut conn).is_err() && conn.is_none());
        std::fs::create_dir(&folder).unwrap();
        let AnyConnection::Sqlite(mut writer) = link::open(&place, Access::ReadWrite, Session::Own).unwrap() else {
            panic!("it is a file");
        };
        writer.batch_execute(&format!("CREATE TABLE t (x TEXT); INSERT INTO t VALUES ('{MARK}')")).unwrap();
        copy(&place, &mut conn).unwrap();
        assert!(holds_mark(&file));
    }
}
