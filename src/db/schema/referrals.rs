//! What survivors agreed to.

diesel::table! {
    consents (id) {
        id -> Text,
        case_id -> Text,
        service_id -> Text,
        recorded_by -> Text,
        recorded_at -> BigInt,
        body -> Binary,
        words -> Nullable<Binary>,
    }
}

diesel::table! {
    consent_changes (id) {
        id -> Text,
        case_id -> Text,
        consent_id -> Text,
        changed_by -> Text,
        at -> BigInt,
        body -> Binary,
    }
}
