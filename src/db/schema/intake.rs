//! What could not be used of reports and additions.

diesel::table! {
    left_out (source, scope) {
        source -> Text,
        scope -> Text,
        case_id -> Text,
        body -> Binary,
    }
}
