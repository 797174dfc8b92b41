//! The tables of pages and the rota, and of what keeps a job from its work.

diesel::table! {
    shifts (id) {
        id -> Text,
        staff_id -> Text,
        starts_at -> BigInt,
        ends_at -> BigInt,
        shown_from -> BigInt,
        shown_until -> Nullable<BigInt>,
        removed_at -> Nullable<BigInt>,
        looked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    alarms (id) {
        id -> Text,
        case_id -> Text,
        reason -> Text,
        least_rung -> BigInt,
        opened_at -> BigInt,
        rings -> BigInt,
        next_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        told -> Nullable<Text>,
        stilled_by -> Nullable<Text>,
    }
}

diesel::table! {
    unseen_cases (case_id) {
        case_id -> Text,
        since -> BigInt,
        told_at -> BigInt,
    }
}

diesel::table! {
    stumbles (job, row_id) {
        job -> Text,
        row_id -> Text,
        since -> BigInt,
        failed_at -> BigInt,
        attempts -> BigInt,
        next_at -> BigInt,
        reason -> Text,
    }
}

diesel::table! {
    turned_away (id) {
        id -> Text,
        staff_id -> Text,
        case_id -> Text,
        at -> BigInt,
    }
}
