//! Cases that are offered to somebody, were given back, were read, must be kept, or have ended.

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

diesel::table! {
    case_keepings (case_id) {
        case_id -> Text,
        closed_at -> BigInt,
        erase_at -> Nullable<BigInt>,
        contact_erased_at -> Nullable<BigInt>,
        erased_at -> Nullable<BigInt>,
        record_ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_ends (chain) {
        chain -> Text,
        seq -> BigInt,
        hash -> Binary,
        ended_at -> BigInt,
        mac -> Binary,
    }
}

diesel::table! {
    legal_holds (id) {
        id -> Text,
        case_id -> Text,
        why -> Text,
        placed_at -> BigInt,
        until -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    readings (case_id, staff_id) {
        case_id -> Text,
        staff_id -> Text,
        content_at -> BigInt,
        read_at -> BigInt,
    }
}
