//! Trial or real life.

use crate::base::code::codes;

codes! {
    /// Whether rows are a platform's trial or real life. The two never meet.
    pub enum Mode {
        /// Real reports.
        Live = "live",
        /// A platform's trials.
        Test = "test",
    }
}
