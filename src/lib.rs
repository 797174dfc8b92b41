//! Recourse turns abuse reports from dating apps into help.
//!
//! Read it like a floor plan:
//! `main → commands → { web, jobs } → app → statistics → domain → { db, outbound } → base`. Arrows point at what a file may
//! import; nothing points back, and a test holds the code to it. `words` has what is said of a rule whose key the domain
//! names. `ARCHITECTURE.md` has the plan.

pub mod app;
pub mod base;
pub mod config;
pub mod db;

pub mod demo;
pub mod domain;
pub mod error;
pub mod jobs;
pub mod metrics;
pub mod outbound;
pub mod pages;
pub mod statistics;
pub mod web;
pub mod words;

pub mod telemetry;
