//! What a room says of its tables. Whoever looks whether all is whole walks these statements, and a test compares them with
//! the schema, so that no column is forgotten.

use super::Scope;

/// The codes of a closed list.
pub type Codes = Vec<&'static str>;

/// A table, as the room that writes it knows it. Every column of text or bytes is named.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// The column that names a row in a finding.
    pub row: &'static str,
    /// Whose keys open what is sealed in it.
    pub opened_by: OpenedBy,
    /// Its columns, and what each holds. A number, a time or a truth is not named.
    pub columns: &'static [(&'static str, Holds)],
}

/// Whose keys open what is sealed in a row.
#[derive(Clone, Copy, Debug)]
pub enum OpenedBy {
    /// Nothing is sealed in it.
    Nobody,
    /// The keys of the row itself, which has some.
    Itself,
    /// Those of whom this column names.
    Column(&'static str),
    /// Those of whom the row's parent names.
    Parent {
        /// The column that names the parent.
        column: &'static str,
        /// The parent's table.
        table: &'static str,
        /// The parent's column that names the owner.
        owner: &'static str,
    },
}

/// What a column holds.
#[derive(Debug)]
pub enum Holds {
    /// The row's own id, which begins so.
    Id(&'static str),
    /// One word of a closed list.
    Code(fn() -> Codes),
    /// Words of a closed list, with commas or spaces between them.
    Codes(fn() -> Codes),
    /// The id of a row of one of these tables.
    Refers(&'static [&'static str]),
    /// The id of a row of one of the tables, or one of the words that follow, which name no row.
    RefersOr(&'static [&'static str], &'static [&'static str]),
    /// Ids of rows of this table, with spaces between them.
    RefersToEach(&'static str),
    /// The id of an owner.
    Owner,
    /// The name of whoever has data keys: an owner, or a row that is opened by itself.
    HasKeys,
    /// A sealed value.
    Sealed(Sealing),
    /// Bytes that nothing opens, and what they are.
    Digest(&'static str),
    /// A text of no list, and what it is.
    Text(&'static str),
}

/// How the values of a column are sealed.
#[derive(Clone, Copy, Debug)]
pub struct Sealing {
    /// Under which key.
    pub under: Under,
    /// What the column is called in what is authenticated with the value.
    pub field: &'static str,
    /// What names the row in what is authenticated, as an expression over the row `r`; the column that names the row
    /// when it is not said.
    pub at: Option<&'static str>,
}

/// Under which of its owner's keys a value is sealed.
#[derive(Clone, Copy, Debug)]
pub enum Under {
    /// That of a scope.
    Scope(Scope),
    /// That of the scope which this column names.
    Named(&'static str),
    /// That under which the owner's kept answers are.
    Answers,
}

impl Sealing {
    /// What names the row of `table` in what is authenticated, as an expression over the row `r`.
    #[must_use]
    pub fn at_of(&self, table: &Table) -> String {
        self.at.map_or_else(|| format!("r.{}", table.row), str::to_owned)
    }
}

impl Holds {
    /// A value sealed under the key of a scope, as `field` of its row.
    #[must_use]
    pub const fn sealed(scope: Scope, field: &'static str) -> Self {
        Self::Sealed(Sealing { under: Under::Scope(scope), field, at: None })
    }
}

/// The codes of a list.
pub fn codes<T: Copy>(list: &[T], code: impl Fn(T) -> &'static str) -> Codes {
    list.iter().map(|value| code(*value)).collect()
}
