//! Ids, instants, secrets and pages: values that know nothing of databases' contents, HTTP or the domain.

pub mod charset;
pub(crate) mod code;
pub mod id;
pub mod json;
pub mod output;
pub mod page;
pub(crate) mod patient;
pub mod secret;
pub mod sheet;
pub mod span;
pub mod text;
pub mod time;
pub mod tolerant;
pub mod zone;
