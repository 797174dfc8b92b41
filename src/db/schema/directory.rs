//! Outside organisations that help.

diesel::table! {
    services (id) {
        id -> Text,
        slug -> Text,
        document -> Text,
        full_until -> Nullable<BigInt>,
        retired_at -> Nullable<BigInt>,
        told_for -> Nullable<BigInt>,
        revision -> BigInt,
        version -> BigInt,
        created_at -> BigInt,
        audit_seq -> BigInt,
        audit_head -> Binary,
        mac -> Binary,
        walls -> Nullable<Binary>,
    }
}
