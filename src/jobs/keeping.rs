//! The end of what is kept: what is announced, and what goes on its day.

use super::beat::Beat;
use super::rows::{Find, each_row_resting};
use crate::domain::retention;
use crate::error::Result;

/// Looks at the closed cases whose periods end. It rests between them: nobody waits for it.
pub(super) async fn erase(beat: &Beat) -> Result<()> {
    let lists: [(&str, Find); 4] = [
        ("erase", retention::announced),
        ("erase_contact", retention::with_contact),
        ("erase_content", retention::with_content),
        ("end_record", retention::with_record),
    ];
    let mut all = Ok(());
    for (rows, find) in lists {
        let beat = beat.over(rows);
        let done = each_row_resting(&beat, find, async |case| beat.write_row(case, retention::step).await).await;
        all = all.and(done.map(drop));
    }
    all
}
