//! Hand-overs to services: who could help with a case.

pub mod routing;
