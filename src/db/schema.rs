//! The tables, as both migrations make them. A test compares this with the databases.

#![expect(missing_docs, reason = "the table macro generates undocumented items")]

mod casework;
mod directory;
mod handed;
mod intake;
mod names;
mod paging;
mod people;
mod statistics;
mod webhooks;

pub use casework::{audit_ends, case_keepings, case_offers, case_passes, legal_holds, readings};
pub use directory::services;
pub use handed::{case_standings, consent_changes, consents, owed_words, referral_moves, referrals};
pub use intake::left_out;
pub use names::{blind_indexes, declarations, late_matches, renewals, staff_identifiers};
pub use paging::{alarms, shifts, stumbles, turned_away, unseen_cases};
pub use people::{
    partner_accounts, partner_clients, partner_sessions, platform_clients, platforms, sign_ins, staff, staff_sessions,
};
pub use statistics::{edition_builds, editions, flow_totals, flows, forwards};
pub use webhooks::{deliveries, replays, webhook_endpoints, webhook_secrets};

diesel::table! {
    keyrings (id) {
        id -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    key_wraps (owner, scope, recipient_kind, recipient) {
        owner -> Text,
        scope -> Text,
        recipient_kind -> Text,
        recipient -> Text,
        wrapped -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    cases (id) {
        id -> Text,
        platform_id -> Text,
        mode -> Text,
        pair_digest -> Nullable<Binary>,
        category -> Text,
        child -> Bool,
        state -> Text,
        outcome -> Nullable<Text>,
        queue -> Text,
        priority -> Text,
        priority_source -> Text,
        computed_priority -> Text,
        raised_priority -> Nullable<Text>,
        lowering_act -> Nullable<Text>,
        next_due_at -> BigInt,
        sort_rank -> BigInt,
        assigned_to -> Nullable<Text>,
        claimed_until -> Nullable<BigInt>,
        reserved_until -> Nullable<BigInt>,
        held_until -> Nullable<BigInt>,
        received_at -> BigInt,
        closed_at -> Nullable<BigInt>,
        audit_seq -> BigInt,
        audit_head -> Binary,
        version -> BigInt,
        match_at -> Nullable<BigInt>,
        region -> Nullable<Text>,
        also -> Nullable<Text>,
        content_at -> BigInt,
        read_at -> Nullable<BigInt>,
        acted_at -> Nullable<BigInt>,
        names_mac -> Binary,
    }
}

diesel::table! {
    case_queues (case_id, queue) {
        case_id -> Text,
        queue -> Text,
        mode -> Text,
        state -> Text,
        sort_rank -> BigInt,
        category -> Text,
    }
}

diesel::table! {
    reports (id) {
        id -> Text,
        platform_id -> Text,
        mode -> Text,
        case_id -> Text,
        platform_report_ref -> Text,
        category -> Text,
        relation -> Text,
        desired_outcome -> Text,
        received_at -> BigInt,
        human_review_by -> BigInt,
        body_digest -> Binary,
        status -> Text,
        outcome -> Nullable<Text>,
        withdrawn_at -> Nullable<BigInt>,
        statement -> Binary,
        identity -> Binary,
        answers -> Binary,
        contact -> Nullable<Binary>,
        subject -> Nullable<Binary>,
        event_seq -> BigInt,
        version -> BigInt,
        contact_barred_at -> Nullable<BigInt>,
        staffed -> Bool,
    }
}

diesel::table! {
    additions (id) {
        id -> Text,
        report_id -> Text,
        case_id -> Text,
        received_at -> BigInt,
        statement -> Nullable<Binary>,
        answers -> Nullable<Binary>,
        subject -> Nullable<Binary>,
    }
}

diesel::table! {
    assessments (id) {
        id -> Text,
        case_id -> Text,
        seq -> BigInt,
        at -> BigInt,
        ruleset -> Text,
        priority -> Text,
        body -> Binary,
    }
}

diesel::table! {
    clocks (id) {
        id -> Text,
        case_id -> Text,
        kind -> Text,
        request_id -> Nullable<Text>,
        report_id -> Nullable<Text>,
        started_at -> BigInt,
        due_at -> BigInt,
        met_at -> Nullable<BigInt>,
        stopped_at -> Nullable<BigInt>,
        alarm_at -> Nullable<BigInt>,
        referral_id -> Nullable<Text>,
        phase -> Nullable<Text>,
    }
}

diesel::table! {
    notes (id) {
        id -> Text,
        case_id -> Text,
        author -> Text,
        at -> BigInt,
        records -> Nullable<Text>,
        body -> Binary,
        channel -> Nullable<Text>,
        contact -> Nullable<Binary>,
    }
}

diesel::table! {
    acts (id) {
        id -> Text,
        case_id -> Text,
        kind -> Text,
        state -> Text,
        proposed_by -> Text,
        proposed_at -> BigInt,
        decided_by -> Nullable<Text>,
        decided_at -> Nullable<BigInt>,
        body -> Binary,
        void_cause -> Nullable<Text>,
    }
}

diesel::table! {
    requests (id) {
        id -> Text,
        case_id -> Text,
        report_id -> Text,
        platform_id -> Text,
        mode -> Text,
        action -> Text,
        state -> Text,
        made_by -> Text,
        made_at -> BigInt,
        due_at -> BigInt,
        not_before -> Nullable<BigInt>,
        preserve_until -> Nullable<BigInt>,
        subject_notice -> Text,
        single_contact_check -> Bool,
        confidential -> Bool,
        agreement -> Text,
        reason_code -> Nullable<Text>,
        taken_at -> Nullable<BigInt>,
        subject_notified -> Nullable<Bool>,
        answered_at -> Nullable<BigInt>,
        details -> Binary,
        answer -> Nullable<Binary>,
        version -> BigInt,
    }
}

diesel::table! {
    case_links (case_id, other_id) {
        case_id -> Text,
        other_id -> Text,
        linked_by -> Text,
        linked_at -> BigInt,
    }
}

diesel::table! {
    audit_events (chain, seq) {
        chain -> Text,
        seq -> BigInt,
        at -> BigInt,
        actor_kind -> Text,
        actor -> Text,
        kind -> Text,
        details -> Text,
        hash -> Binary,
    }
}

diesel::table! {
    audit_digests (at) {
        at -> BigInt,
        chains -> BigInt,
        digest -> Binary,
        signature -> Binary,
        previous -> Binary,
    }
}

diesel::table! {
    audit_heads (at, page) {
        at -> BigInt,
        page -> BigInt,
        heads -> Text,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        kind -> Text,
        payload -> Text,
        dedupe_key -> Nullable<Text>,
        created_at -> BigInt,
        run_at -> BigInt,
        attempts -> BigInt,
        lease_until -> Nullable<BigInt>,
        lease_by -> Nullable<Text>,
        done_at -> Nullable<BigInt>,
        dead_at -> Nullable<BigInt>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    events (id) {
        id -> Text,
        platform_id -> Text,
        mode -> Text,
        position -> Nullable<BigInt>,
        sequence -> BigInt,
        #[sql_name = "type"]
        type_ -> Text,
        created_at -> BigInt,
        report_id -> Nullable<Text>,
        request_id -> Nullable<Text>,
        endpoint_id -> Nullable<Text>,
    }
}

diesel::table! {
    event_cursors (platform_id, mode) {
        platform_id -> Text,
        mode -> Text,
        position -> BigInt,
    }
}

diesel::table! {
    idempotency (scope, key) {
        scope -> Text,
        key -> Text,
        fingerprint -> Binary,
        created_at -> BigInt,
        owner -> Nullable<Text>,
        answer -> Nullable<Binary>,
    }
}

diesel::table! {
    queue_counts (mode, queue) {
        mode -> Text,
        queue -> Text,
        depth -> BigInt,
        oldest_at -> Nullable<BigInt>,
        breaches -> BigInt,
        as_of -> BigInt,
    }
}

diesel::joinable!(deliveries -> events (event_id));
diesel::joinable!(deliveries -> webhook_endpoints (endpoint_id));
diesel::joinable!(replays -> webhook_endpoints (endpoint_id));
diesel::joinable!(acts -> cases (case_id));
diesel::joinable!(case_keepings -> cases (case_id));
diesel::joinable!(case_queues -> cases (case_id));
diesel::joinable!(reports -> cases (case_id));
diesel::joinable!(requests -> cases (case_id));
diesel::joinable!(staff_sessions -> staff (staff_id));
diesel::joinable!(partner_sessions -> partner_accounts (account_id));
diesel::joinable!(platform_clients -> platforms (platform_id));

diesel::allow_tables_to_appear_in_same_query!(
    acts,
    additions,
    alarms,
    assessments,
    audit_digests,
    audit_ends,
    audit_events,
    audit_heads,
    blind_indexes,
    case_keepings,
    case_links,
    case_offers,
    case_passes,
    case_queues,
    case_standings,
    cases,
    clocks,
    declarations,
    consent_changes,
    consents,
    deliveries,
    edition_builds,
    editions,
    event_cursors,
    events,
    flow_totals,
    flows,
    forwards,
    idempotency,
    key_wraps,
    keyrings,
    late_matches,
    left_out,
    legal_holds,
    notes,
    outbox,
    owed_words,
    partner_accounts,
    partner_clients,
    partner_sessions,
    platform_clients,
    platforms,
    queue_counts,
    readings,
    referral_moves,
    referrals,
    renewals,
    replays,
    reports,
    requests,
    services,
    shifts,
    staff,
    staff_identifiers,
    staff_sessions,
    stumbles,
    turned_away,
    unseen_cases,
    webhook_endpoints,
    webhook_secrets,
);
