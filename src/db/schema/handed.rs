//! What survivors agreed to, hand-overs to services, and what survivors are owed to know of them.

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

diesel::table! {
    referrals (id) {
        id -> Text,
        case_id -> Text,
        service_id -> Text,
        consent_id -> Text,
        mode -> Text,
        state -> Text,
        made_by -> Text,
        made_at -> BigInt,
        sent_at -> Nullable<BigInt>,
        received_at -> Nullable<BigInt>,
        answered_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        replaces -> Nullable<Text>,
        version -> BigInt,
        body -> Binary,
        summary -> Nullable<Binary>,
        sheet -> Nullable<Binary>,
        notice -> Nullable<Text>,
        notice_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    referral_moves (id) {
        id -> Text,
        referral_id -> Text,
        case_id -> Text,
        seq -> BigInt,
        at -> BigInt,
        made -> Text,
        by_kind -> Text,
        by_id -> Nullable<Text>,
        body -> Binary,
    }
}

diesel::table! {
    owed_words (id) {
        id -> Text,
        case_id -> Text,
        referral_id -> Text,
        code -> Text,
        at -> BigInt,
        note_id -> Nullable<Text>,
        told_at -> Nullable<BigInt>,
        body -> Binary,
    }
}

diesel::table! {
    case_standings (case_id) {
        case_id -> Text,
        referral_open -> Bool,
        referral_accepted -> Bool,
        woken_at -> Nullable<BigInt>,
    }
}
