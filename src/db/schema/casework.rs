//! Cases that are offered to somebody, or were given back.

diesel::table! {
    case_offers (case_id) {
        case_id -> Text,
        staff_id -> Text,
        given_by -> Text,
        until -> BigInt,
    }
}

diesel::table! {
    case_passes (staff_id, case_id) {
        staff_id -> Text,
        case_id -> Text,
        until -> BigInt,
    }
}
