//! What one of several searches finds, in one statement. Each search has an order and a limit of its own, so that each walks
//! its index and none looks at all that there is.

use diesel::QueryResult;
use diesel::RunQueryDsl;
use diesel::connection::Connection;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Nullable};

use super::AnyConnection;
use super::schema::cases;

type Backend = <AnyConnection as Connection>::Backend;

/// A search: for ids of cases, or for whatever else is wanted of each of several.
pub type Search = Box<dyn QueryFragment<Backend> + Send>;

/// Whether one of the searches finds the case of the row.
pub struct Among {
    searches: Vec<Search>,
    /// Of how many of them all together, and whether one case may be found by several.
    first: Option<(i64, bool)>,
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
        Self { searches, first: None }
    }

    /// The same of so many that come first of all that is found, by the rank that each search says beside the id: nobody reads
    /// the rows of the others. `several` where more than one search may find a case.
    #[must_use]
    pub fn first(searches: Vec<Search>, count: i64, several: bool) -> Self {
        Self { searches, first: Some((count, several)) }
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
        let Some((count, several)) = &self.first else {
            out.push_sql("cases.id IN (");
            one_after_the_other(&self.searches, out.reborrow())?;
            out.push_sql(")");
            return Ok(());
        };
        // Put in order outside the union: a union that is told an order has SQLite order each of its parts.
        out.push_sql("cases.id IN (SELECT id FROM (SELECT id, sort_rank FROM (");
        one_after_the_other(&self.searches, out.reborrow())?;
        // What is found twice must not take the place of another.
        out.push_sql(if *several { ") AS every GROUP BY id, sort_rank" } else { ") AS every" });
        out.push_sql(" ORDER BY sort_rank, id LIMIT ");
        out.push_bind_param::<BigInt, i64>(count)?;
        out.push_sql(") AS foremost)");
        Ok(())
    }
}

/// The rows of all of them, as one query.
pub(super) fn one_after_the_other<'b>(searches: &'b [Search], mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
    for (at, search) in searches.iter().enumerate() {
        if at > 0 {
            out.push_sql(" UNION ALL ");
        }
        // Both databases take an order and a limit of one part of a union in a table of its own alone.
        out.push_sql("SELECT * FROM (");
        search.walk_ast(out.reborrow())?;
        out.push_sql(") AS found");
    }
    Ok(())
}

/// A stretch of an index that is searched: a queue and a state, from a rank on.
#[derive(Debug)]
pub struct Line {
    /// What its answer is found by.
    pub number: i64,
    /// The queue.
    pub queue: &'static str,
    /// The state.
    pub state: &'static str,
    /// The first rank.
    pub from: i64,
}

/// The rank that a search finds in each of several stretches, with its number; in no order, for to have it put in one takes
/// `SQLite` ten times as long as to find it. A search is written once for all its stretches, and reads of them as
/// `stretch.queue`, `stretch.state` and `stretch.start`: written anew for each, sixteen took longer to write than to make.
pub struct Each {
    searches: Vec<(Vec<Line>, Search)>,
}

impl std::fmt::Debug for Each {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.searches.iter().map(|(lines, _)| lines)).finish()
    }
}

impl Each {
    /// Of these, of which one at least has a stretch.
    #[must_use]
    pub fn of(searches: [(Vec<Line>, Search); 2]) -> Self {
        Self { searches: searches.into_iter().filter(|(lines, _)| !lines.is_empty()).collect() }
    }
}

impl Query for Each {
    type SqlType = (Nullable<BigInt>, BigInt);
}

impl QueryId for Each {
    type QueryId = ();

    // As of `Among`.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl RunQueryDsl<AnyConnection> for Each {}

impl QueryFragment<Backend> for Each {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        for (at, (lines, search)) in self.searches.iter().enumerate() {
            out.push_sql(if at > 0 { " UNION ALL SELECT (" } else { "SELECT (" });
            search.walk_ast(out.reborrow())?;
            out.push_sql("), stretch.number FROM (");
            for (at, Line { number, queue, state, from }) in lines.iter().enumerate() {
                // Codes and numbers of ours: nothing that anybody sends.
                let values = format!("CAST({number} AS BIGINT) AS number, '{queue}' AS queue, '{state}' AS state, ");
                out.push_sql(if at > 0 { " UNION ALL SELECT " } else { "SELECT " });
                out.push_sql(&values);
                out.push_bind_param::<BigInt, i64>(from)?;
                out.push_sql(" AS start");
            }
            out.push_sql(") AS stretch");
        }
        Ok(())
    }
}
