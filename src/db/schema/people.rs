//! Platforms with their credentials, and colleagues with their sessions.

diesel::table! {
    platforms (id) {
        id -> Text,
        slug -> Text,
        name -> Text,
        created_at -> BigInt,
        audit_seq -> BigInt,
        audit_head -> Binary,
    }
}

diesel::table! {
    platform_clients (id) {
        id -> Text,
        platform_id -> Text,
        mode -> Text,
        secret_hash -> Binary,
        scopes -> Text,
        epoch -> BigInt,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        mac -> Binary,
    }
}

diesel::table! {
    partner_clients (id) {
        id -> Text,
        service_id -> Text,
        mode -> Text,
        secret_hash -> Binary,
        scopes -> Text,
        epoch -> BigInt,
        created_at -> BigInt,
        revoked_at -> Nullable<BigInt>,
        mac -> Binary,
    }
}

diesel::table! {
    partner_accounts (id) {
        id -> Text,
        service_id -> Text,
        username -> Text,
        password_hash -> Text,
        totp_secret -> Binary,
        coordinates -> Bool,
        epoch -> BigInt,
        active -> Bool,
        created_at -> BigInt,
        walls -> Nullable<Binary>,
        declared_at -> Nullable<BigInt>,
        mac -> Binary,
    }
}

diesel::table! {
    partner_sessions (id) {
        id -> Text,
        token_hash -> Binary,
        account_id -> Text,
        epoch -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        seen_at -> BigInt,
        mac -> Binary,
    }
}

diesel::table! {
    staff (id) {
        id -> Text,
        username -> Text,
        role -> Text,
        queues -> Text,
        password_hash -> Text,
        totp_secret -> Binary,
        epoch -> BigInt,
        active -> Bool,
        created_at -> BigInt,
        acted_at -> Nullable<BigInt>,
        audit_seq -> BigInt,
        audit_head -> Binary,
        mail -> Nullable<Binary>,
        mac -> Binary,
        person -> Text,
        declared_mac -> Binary,
        letter_keys -> Bool,
    }
}

diesel::table! {
    staff_sessions (id) {
        id -> Text,
        token_hash -> Binary,
        staff_id -> Text,
        epoch -> BigInt,
        created_at -> BigInt,
        expires_at -> BigInt,
        seen_at -> BigInt,
        mac -> Binary,
        kind -> Text,
    }
}

diesel::table! {
    sign_ins (id) {
        id -> Text,
        staff_id -> Nullable<Text>,
        partner_id -> Nullable<Text>,
        service_id -> Nullable<Text>,
        given_password -> Bool,
        used_codes -> Text,
        wrong_codes -> BigInt,
        closed_at -> Nullable<BigInt>,
        refused -> BigInt,
        refused_since -> Nullable<BigInt>,
        mac -> Binary,
    }
}
