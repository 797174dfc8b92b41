//! What Recourse exists for. Each room owns its types, rules, tables and queries; none of them knows HTTP. The rooms stand
//! in strata: one imports only those above it in this list.

pub mod vault;

pub mod terms;

pub mod triage;

pub mod unit;

pub mod ledger;

pub mod people;

pub mod case;

pub mod access;

pub mod counting;

pub mod paging;

pub mod directory;

pub mod casework;

pub mod referrals;

pub mod intake;

pub mod casefile;

pub mod webhooks;

pub mod watch;

pub mod retention;

pub mod desk;
