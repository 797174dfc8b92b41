//! The tables of what is counted and published.

diesel::table! {
    flows (case_id, flow) {
        case_id -> Text,
        flow -> Text,
        at -> BigInt,
        platform_id -> Text,
        category -> Text,
        region -> Text,
        value -> Text,
        totalled -> Bool,
    }
}

diesel::table! {
    forwards (case_id) {
        case_id -> Text,
        forwarded_at -> BigInt,
        answered_at -> Nullable<BigInt>,
        response_due_at -> Nullable<BigInt>,
        outcome_due_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    flow_totals (flow, quarter, platform_id, category, region, value) {
        flow -> Text,
        quarter -> Text,
        platform_id -> Text,
        category -> Text,
        region -> Text,
        value -> Text,
        cases -> BigInt,
    }
}

diesel::table! {
    editions (id) {
        id -> Text,
        committed_at -> BigInt,
        key_commitment -> Text,
        params_sha256 -> Text,
        ptable_sha256 -> Text,
        plan -> Text,
        release_at -> BigInt,
        reason -> Nullable<Text>,
        secret -> Binary,
        spare -> Nullable<Binary>,
        spare_commitment -> Nullable<Text>,
        closed_until -> Nullable<BigInt>,
        published_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    edition_builds (edition_id, attempt) {
        edition_id -> Text,
        attempt -> BigInt,
        at -> BigInt,
        snapshot_commitment -> Text,
    }
}
