//! A part of a statement that stands there as it is written, for what a bound value cannot say: `SQLite` finds a partial index by
//! the words of its condition. The statement is prepared once, as every other; of one with diesel's own `sql` it would be planned
//! anew at each call.

use std::marker::PhantomData;

use diesel::QueryResult;
use diesel::backend::Backend;
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, TypedExpressionType, ValidGrouping, is_aggregate,
};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::SingleValue;

/// Words of ours. Nothing that anybody sends stands in them, and there are few of them: each makes a statement of its own, which
/// is kept.
#[derive(Clone, Debug)]
pub struct Written<T> {
    words: String,
    kind: PhantomData<T>,
}

/// These words, as an expression of the kind `T`.
#[must_use]
pub fn written<T>(words: &str) -> Written<T> {
    Written { words: words.to_owned(), kind: PhantomData }
}

impl<T: SingleValue + TypedExpressionType> Expression for Written<T> {
    type SqlType = T;
}

impl<T: SingleValue + TypedExpressionType, Q> AppearsOnTable<Q> for Written<T> {}

impl<T: SingleValue + TypedExpressionType, Q> SelectableExpression<Q> for Written<T> {}

impl<T, G> ValidGrouping<G> for Written<T> {
    type IsAggregate = is_aggregate::Never;
}

impl<T> QueryId for Written<T> {
    type QueryId = ();

    // The words are part of the statement.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, B: Backend> QueryFragment<B> for Written<T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, B>) -> QueryResult<()> {
        out.push_sql(&self.words);
        Ok(())
    }
}
