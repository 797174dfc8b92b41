//! The cases that one of several searches finds, in one statement. Each search has an order and a limit of its own, so that
//! each walks its index and none looks at all that there is.

use diesel::QueryResult;
use diesel::connection::Connection;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Bool;

use super::AnyConnection;
use super::schema::cases;

type Backend = <AnyConnection as Connection>::Backend;

/// A search for ids of cases.
pub type Search = Box<dyn QueryFragment<Backend> + Send>;

/// Whether one of the searches finds the case of the row.
pub struct Among {
    searches: Vec<Search>,
}

impl std::fmt::Debug for Among {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Among({})", self.searches.len())
    }
}

impl Among {
    /// The condition. Of no searches none finds anything.
    #[must_use]
    pub fn new(searches: Vec<Search>) -> Self {
        Self { searches }
    }
}

impl Expression for Among {
    type SqlType = Bool;
}

impl AppearsOnTable<cases::table> for Among {}

impl SelectableExpression<cases::table> for Among {}

impl<G> ValidGrouping<G> for Among {
    type IsAggregate = is_aggregate::Never;
}

impl QueryId for Among {
    type QueryId = ();

    // How many searches there are, and which, is part of the statement.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Backend> for Among {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        if self.searches.is_empty() {
            out.push_sql("1 = 0");
            return Ok(());
        }
        out.push_sql("cases.id IN (");
        for (at, search) in self.searches.iter().enumerate() {
            // Both databases take an order and a limit of one part of a union in a table of its own alone.
            out.push_sql(if at == 0 { "SELECT * FROM (" } else { " UNION ALL SELECT * FROM (" });
            search.walk_ast(out.reborrow())?;
            out.push_sql(") AS found");
        }
        out.push_sql(")");
        Ok(())
    }
}
