//! Whom cases name and what colleagues declared, as keyed hashes.

diesel::table! {
    staff_identifiers (staff_id, digest) {
        digest -> Binary,
        staff_id -> Text,
        kind -> Text,
        created_at -> BigInt,
        declaration_id -> Nullable<Text>,
        rules -> BigInt,
    }
}

diesel::table! {
    declarations (id) {
        id -> Text,
        staff_id -> Text,
        kind -> Text,
        rules -> BigInt,
        created_at -> BigInt,
        body -> Binary,
    }
}

diesel::table! {
    blind_indexes (case_id, digest, role) {
        digest -> Binary,
        case_id -> Text,
        role -> Text,
        kind -> Text,
        created_at -> BigInt,
        used -> Text,
        rules -> BigInt,
    }
}

diesel::table! {
    renewals (rules) {
        rules -> BigInt,
        after_case -> Text,
        looked_at -> BigInt,
        failed -> BigInt,
        begun_at -> BigInt,
        ended_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    late_matches (case_id, other_id, code) {
        case_id -> Text,
        other_id -> Text,
        code -> Text,
        found_at -> BigInt,
    }
}
