//! One `[[service]]` of a mapping file.

use std::collections::BTreeSet;
use std::str::FromStr;

use mohur_config::Table;
use mohur_mapping::{FieldType, Kind, Offer, Parameter, SubjectKind, read_all};
use mohur_wire::FieldName;

use crate::statement::Statement;

/// A service, ready to be asked.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) offer: Offer,
    pub(crate) statement: Statement,
    /// A column for each part of the subject.
    pub(crate) subject: Vec<Column>,
    pub(crate) fields: Vec<Field>,
    /// Whether the statement may note that it was asked: then its transaction may write.
    pub(crate) notes: bool,
    /// Where in the file it stands, for what only the database knows.
    pub(crate) place: Place,
}

/// Where a service stands in its file.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) index: usize,
    pub(crate) statement: usize,
}

/// A field with the column that holds it.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) of: FieldType,
    pub(crate) column: Column,
}

/// A column of what the statement selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The line of the file that names it.
    pub(crate) line: usize,
}

/// A column's name as PostgreSQL writes it: at most 63 bytes (manual, section 4.1.1).
struct ColumnName(String);

impl FromStr for ColumnName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = (1..=63).contains(&text.len()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err("write the name of a column that the statement selects") }
    }
}

impl Service {
    pub(crate) fn read(mut table: Table, index: usize) -> Option<Self> {
        let (offer, kind) = Offer::read(&mut table);
        // Without the kind the statement cannot be read; FIN is taken so that its other errors are found.
        let assumed = kind.unwrap_or(SubjectKind::Fin);
        let statement = statement(&mut table, assumed);
        let subject = subject(&mut table, assumed);
        let (fields, whole) = read_all(table.tables("field"), Field::read);
        let notes = table.flag("notes").unwrap_or(false);
        check(&table, statement.as_ref(), &fields);
        let place = Place { index, statement: table.line_of("statement") };
        whole.then_some(())?;
        Some(Self { offer: offer?, statement: statement?, subject: subject?, fields, notes, place })
    }

    /// The field of that name.
    pub(crate) fn field(&self, name: &FieldName) -> Option<&Field> {
        self.fields.iter().find(|field| field.of.name == *name)
    }

    /// What is asked: the statement as a subquery, of which the mapped columns are selected as texts, the parts of the subject
    /// first. Two rows are as many as anybody needs to see that it is not one; a text longer than the limit is cut there,
    /// so that it shows.
    pub(crate) fn question(&self, most: u32) -> String {
        let cut = most.saturating_add(1);
        let subject = self.subject.iter().map(|column| format!("left({}::text, {cut})", quoted(&column.name)));
        let fields = self.fields.iter().map(|field| {
            let column = quoted(&field.column.name);
            match field.of.kind() {
                Kind::Date => format!("{column}::date::text"),
                Kind::Time => format!("{column}::timestamptz::text"),
                Kind::Text | Kind::Number | Kind::Flag => format!("left({column}::text, {cut})"),
            }
        });
        let columns = subject.chain(fields).collect::<Vec<_>>().join(", ");
        format!("select {columns} from {} limit 2", self.subquery())
    }

    /// The statement in brackets. A line of its own, so that a comment at its end does not swallow the bracket.
    pub(crate) fn subquery(&self) -> String {
        format!("({}\n) as answer", self.statement.sql)
    }
}

pub(crate) fn quoted(column: &str) -> String {
    format!("answer.\"{}\"", column.replace('"', "\"\""))
}

fn statement(table: &mut Table, kind: SubjectKind) -> Option<Statement> {
    let text: String = table.required("statement")?;
    match Statement::parse(&text, kind) {
        Ok(statement) => Some(statement),
        Err(wrong) => {
            let what = format!("is not accepted: in its line {}, {}", wrong.line, wrong.what);
            table.error("statement", what, "a parameter is a name with a colon, :subject; see docs/registries.md");
            None
        }
    }
}

pub(crate) fn subject(table: &mut Table, kind: SubjectKind) -> Option<Vec<Column>> {
    let mut columns = table.table("columns")?;
    let read = |key: &str, columns: &mut Table| {
        let name = columns.required::<ColumnName>(key)?.0;
        Some(Column { name, line: columns.line_of(key) })
    };
    let parts = kind.parts().iter().map(|part| if part.is_empty() { "subject" } else { part });
    let subject: Vec<_> = parts.map(|part| read(part, &mut columns)).collect();
    subject.into_iter().collect()
}

impl Field {
    fn read(mut table: Table) -> Option<Self> {
        let of = FieldType::read(&mut table);
        let column = table.optional::<ColumnName>("column");
        let line = if column.is_some() { table.line_of("column") } else { table.line_of("name") };
        let name = column.map(|column| column.0);
        let of = of?;
        let name = name.unwrap_or_else(|| of.name.as_str().to_owned());
        Some(Self { of, column: Column { name, line } })
    }
}

/// What only shows when all of a service is read.
fn check(table: &Table, statement: Option<&Statement>, fields: &[Field]) {
    let names: BTreeSet<_> = fields.iter().map(|field| &field.of.name).collect();
    if names.len() != fields.len() {
        table.error("field", "names a field twice", "give each its own name");
    }
    if fields.is_empty() {
        table.error("field", "is missing", "add a [[service.field]] for each value that the service can tell");
    }
    let Some(statement) = statement else { return };
    if !statement.parameters.iter().any(|parameter| matches!(parameter, Parameter::Subject(_))) {
        table.error("statement", "does not name the subject", "write :subject where it is compared");
    }
    for parameter in &statement.parameters {
        if let Parameter::Value(field) = parameter
            && !names.contains(field)
        {
            let what = format!("gives the value of {field}, which no [[service.field]] names");
            table.error("statement", what, "add the field: what a match gives is answered with a verdict");
        }
    }
}
