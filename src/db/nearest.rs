//! A place in the order of cases, for a search that reads as much whether it finds anything or not.

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{HasSqlType, Text};

use super::schema::cases;

/// An id, or that of the last case where it lies behind all. The last one is looked up whatever the id is, and once.
#[derive(Clone, Debug)]
pub struct OrLast {
    id: String,
}

impl OrLast {
    /// Of this id.
    #[must_use]
    pub fn of(id: &str) -> Self {
        Self { id: id.to_owned() }
    }
}

impl Expression for OrLast {
    type SqlType = Text;
}

impl AppearsOnTable<cases::table> for OrLast {}

impl<G> ValidGrouping<G> for OrLast {
    type IsAggregate = is_aggregate::Never;
}

impl SelectableExpression<cases::table> for OrLast {}

impl QueryId for OrLast {
    type QueryId = Self;
}

impl<B: Backend + HasSqlType<Text>> QueryFragment<B> for OrLast
where
    String: ToSql<Text, B>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql("(SELECT min(place.id) FROM (SELECT max(last.id) AS id FROM cases AS last UNION ALL SELECT ");
        out.push_bind_param::<Text, String>(&self.id)?;
        out.push_sql(") AS place)");
        Ok(())
    }
}
