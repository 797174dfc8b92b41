//! The tables of webhooks.

diesel::table! {
    webhook_endpoints (id) {
        id -> Text,
        platform_id -> Text,
        mode -> Text,
        url -> Binary,
        host -> Text,
        types -> Text,
        state -> Text,
        disabled_at -> Nullable<BigInt>,
        disabled_reason -> Nullable<Text>,
        failing_since -> Nullable<BigInt>,
        notified_at -> Nullable<BigInt>,
        verified_at -> Nullable<BigInt>,
        cursor -> BigInt,
        created_at -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    webhook_secrets (id) {
        id -> Text,
        endpoint_id -> Text,
        hmac -> Binary,
        ed25519 -> Binary,
        public_key -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    replays (id) {
        id -> Text,
        endpoint_id -> Text,
        types -> Text,
        since -> BigInt,
        after -> Text,
        until -> Nullable<BigInt>,
        owed -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    deliveries (id) {
        id -> Text,
        event_id -> Text,
        endpoint_id -> Text,
        state -> Text,
        attempts -> BigInt,
        next_at -> Nullable<BigInt>,
        lease_until -> Nullable<BigInt>,
        lease_by -> Nullable<Text>,
        first_attempt_at -> Nullable<BigInt>,
        delivered_at -> Nullable<BigInt>,
        dead_at -> Nullable<BigInt>,
        last_status -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
        last_response -> Nullable<Binary>,
    }
}
