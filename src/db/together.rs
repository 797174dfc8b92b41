//! The first rows of several searches, in one statement. Each search has an order and a limit of its own, so that each walks its
//! index, and none looks at all that there is.

use diesel::QueryResult;
use diesel::connection::Connection;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::RunQueryDsl;
use diesel::sql_types::{BigInt, Text};

use super::AnyConnection;
use super::among::{self, Search};

type Backend = <AnyConnection as Connection>::Backend;

/// The rows of all the searches, in no order: of each the number of what it is, a moment, an id, and how large it is.
pub struct Together {
    parts: Vec<Search>,
}

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Together({})", self.parts.len())
    }
}

impl Together {
    /// The rows of these searches, of which there is at least one.
    #[must_use]
    pub const fn of(parts: Vec<Search>) -> Self {
        Self { parts }
    }
}

impl Query for Together {
    type SqlType = (BigInt, BigInt, Text, BigInt);
}

impl RunQueryDsl<AnyConnection> for Together {}

impl QueryId for Together {
    type QueryId = ();

    // How many searches there are, and which, is part of the statement.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Backend> for Together {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        among::one_after_the_other(&self.parts, out.reborrow())
    }
}
