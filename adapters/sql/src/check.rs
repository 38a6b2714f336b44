//! Holds a mapping against the live database, before anything is asked with it: every error at once, with its line.

use std::time::Duration;

use mohur_config::{ConfigError, ConfigErrors};
use mohur_contract::{Context, RegistryError};
use mohur_mapping::Kind;
use mohur_wire::{Arrival, Timestamp};
use tokio_postgres::error::ErrorPosition;
use tokio_postgres::types::{Kind as TypeKind, ToSql, Type};
use tokio_postgres::{Client, Error};

use crate::adapter::Text;
use crate::change::Change;
use crate::failure::meaning;
use crate::mapping::WritingRole;
use crate::pool::{Pool, within};
use crate::service::{Column, Service};
use crate::{Mapping, OpenError};

/// Tables and views of the database's users that the role may write, a column of them included; sequences do not count.
const WRITABLE: &str = "select format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and pg_catalog.has_schema_privilege(n.oid, 'usage')
      and (pg_catalog.has_table_privilege(c.oid, 'insert, update, delete, truncate')
           or pg_catalog.has_any_column_privilege(c.oid, 'insert, update'))
    order by 1 limit 5";

/// Attributes and memberships that reach beyond reading tables.
const POWERS: &str = "select array_to_string(array_remove(array[
        case when rolsuper then 'superuser' end, case when rolcreaterole then 'createrole' end,
        case when rolcreatedb then 'createdb' end, case when rolreplication then 'replication' end,
        case when rolbypassrls then 'bypassrls' end,
        (select string_agg(g.rolname, ', ') from pg_catalog.pg_roles g
         where g.rolname in ('pg_write_all_data', 'pg_write_server_files', 'pg_execute_server_program',
                             'pg_read_server_files', 'pg_signal_backend')
           and not r.rolsuper and pg_catalog.pg_has_role(r.oid, g.oid, 'member'))], null), ', ')
    from pg_catalog.pg_roles r where rolname = current_user";

/// Holds the mapping against the database, in that time at most.
pub(crate) async fn against(mapping: &Mapping, pool: &Pool, most: Duration) -> Result<(), OpenError> {
    let context = Context::new(Arrival(Timestamp::UNIX_EPOCH), most);
    let lease = pool.lease(&context).await?;
    let mut findings = Findings { mapping, errors: Vec::new() };
    within(&context, findings.all(lease.client())).await?.map_err(|error| meaning(&error))?;
    lease.keep();
    match ConfigErrors::of(findings.errors) {
        Some(errors) => Err(errors.into()),
        None => Ok(()),
    }
}

struct Findings<'m> {
    mapping: &'m Mapping,
    errors: Vec<ConfigError>,
}

impl Findings<'_> {
    async fn all(&mut self, client: &Client) -> Result<(), Error> {
        self.role(client).await?;
        let mapping = self.mapping;
        for service in &mapping.services {
            if let Some(types) = self.prepare(client, service).await? {
                let before = self.errors.len();
                self.columns(service, &types);
                if self.errors.len() > before {
                    continue;
                }
                // The whole question, too: the role must be let in.
                self.question(client, service).await?;
            }
        }
        for change in &mapping.changes {
            self.change(client, change).await?;
        }
        Ok(())
    }

    /// Both statements are read and planned by the database. Planning looks at the role's privileges; nothing is done.
    async fn change(&mut self, client: &Client, change: &Change) -> Result<(), Error> {
        let most = self.mapping.database.characters;
        for (written, sql) in [(&change.check, change.question(most)), (&change.apply, change.deed(most))] {
            let nobody = vec![Text(None); written.statement.parameters.len()];
            let nobody: Vec<&(dyn ToSql + Sync)> = nobody.iter().map(|text| text as &(dyn ToSql + Sync)).collect();
            if let Err(error) = client.query(&format!("explain {sql}"), &nobody).await {
                let said = error.as_db_error();
                let Some(said) = said else { return Err(error) };
                let what = format!("is refused by the database: {} ({})", said.message(), said.code().code());
                let key = format!("service[{}].{}", change.index, written.key);
                let remedy = "try it in psql as the adapter's role; it selects the columns of the subject, and `state`";
                self.note(written.line, key, what, remedy);
            }
        }
        Ok(())
    }

    fn note(&mut self, line: usize, key: String, what: String, remedy: &str) {
        let (file, remedy) = (self.mapping.file.clone(), remedy.to_owned());
        self.errors.push(ConfigError { file, line, key, what, remedy });
    }

    async fn role(&mut self, client: &Client) -> Result<(), Error> {
        let powers: String = client.query_one(POWERS, &[]).await?.try_get(0)?;
        let tables = client.query(WRITABLE, &[]).await?;
        let tables: Vec<String> = tables.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let what = match (powers.is_empty(), tables.is_empty()) {
            (true, true) => return Ok(()),
            (false, _) => format!("the role of register.url has powers that an adapter must not have: {powers}"),
            (true, false) => format!("the role of register.url may write: {}", tables.join(", ")),
        };
        match self.mapping.database.writing_role {
            WritingRole::Refuse => self.note(
                0,
                "database.writing-role".to_owned(),
                what,
                "give the adapter a role that may only select from the views it needs",
            ),
            WritingRole::Warn => tracing::warn!("{what}"),
        }
        Ok(())
    }

    /// Prepares the statement as a subquery, and gives names and types of its columns.
    async fn prepare(&mut self, client: &Client, service: &Service) -> Result<Option<Vec<(String, Type)>>, Error> {
        const BEFORE: &str = "select * from ";
        let statement = match client.prepare(&format!("{BEFORE}{}", service.subquery())).await {
            Ok(statement) => statement,
            Err(error) => return self.refused(service, Some(BEFORE.len() + 1), error).map(|()| None),
        };
        for kind in statement.params() {
            if !is_bindable(kind) {
                self.note(
                    service.place.statement,
                    format!("service[{}].statement", service.place.index),
                    format!("compares a parameter with something of the database's type {kind}"),
                    "compare it with a text, number, date, flag or uuid, or cast what it is compared with",
                );
            }
        }
        let columns = statement.columns().iter().map(|column| (column.name().to_owned(), column.type_().clone()));
        Ok(Some(columns.collect()))
    }

    /// Privileges are looked at when a statement starts, and no sooner: it is started about nobody, for no rows.
    async fn question(&mut self, client: &Client, service: &Service) -> Result<(), Error> {
        let question = service.question(self.mapping.database.characters);
        let nobody = vec![Text(None); service.statement.parameters.len()];
        let nobody: Vec<&(dyn ToSql + Sync)> = nobody.iter().map(|text| text as &(dyn ToSql + Sync)).collect();
        match client.query(&format!("select * from ({question}) as question limit 0"), &nobody).await {
            Ok(_) => Ok(()),
            Err(error) => self.refused(service, None, error),
        }
    }

    /// What the database says against a statement; nobody's data is in it yet. Errors of the connection are not the mapping's.
    fn refused(&mut self, service: &Service, before: Option<usize>, error: Error) -> Result<(), Error> {
        let Some(said) = error.as_db_error() else { return Err(error) };
        let line = match (said.position(), before) {
            (Some(ErrorPosition::Original(position)), Some(before)) => {
                let at = usize::try_from(*position).unwrap_or_default().saturating_sub(before + 1);
                let lines = service.statement.sql.chars().take(at).filter(|c| *c == '\n').count();
                format!(" in its line {}", lines + 1)
            }
            (Some(_) | None, _) => String::new(),
        };
        let what = format!("is refused by the database{line}: {} ({})", said.message(), said.code().code());
        let key = format!("service[{}].statement", service.place.index);
        self.note(service.place.statement, key, what, "try it in psql as the adapter's role");
        Ok(())
    }

    fn columns(&mut self, service: &Service, types: &[(String, Type)]) {
        let index = service.place.index;
        for column in &service.subject {
            // A date of birth is a date or a text that looks like one.
            let is_day = types.iter().any(|(name, held)| *name == column.name && *held == Type::DATE);
            let kind = if is_day { Kind::Date } else { Kind::Text };
            self.column(column, &format!("service[{index}].columns"), types, kind);
        }
        for (at, field) in service.fields.iter().enumerate() {
            let key = format!("service[{index}].field[{at}].column");
            self.column(&field.column, &key, types, field.of.kind());
        }
    }

    fn column(&mut self, column: &Column, key: &str, types: &[(String, Type)], kind: Kind) {
        let mut named = types.iter().filter(|(name, _)| *name == column.name);
        let (first, second) = (named.next(), named.next());
        let (what, remedy) = match (first, second) {
            (None, _) => {
                let known = types.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
                (format!("is no column of the statement, which selects {known}"), "name one of them")
            }
            (Some(_), Some(_)) => ("is selected twice".to_owned(), "give each column its own name with `as`"),
            (Some((_, held)), None) => match misfit(kind, held) {
                None => return,
                Some(remedy) => (format!("is of the database's type {held}"), remedy),
            },
        };
        self.note(column.line, key.to_owned(), what, remedy);
    }
}

/// What to do if a column of that type cannot hold a field of that kind.
fn misfit(kind: Kind, held: &Type) -> Option<&'static str> {
    let (fits, remedy) = match kind {
        Kind::Text => (is_text(held) || is_number(held), "write the type of the field that it is, or cast it to text"),
        Kind::Number => (is_number(held), "cast it to integer or numeric, or write another type"),
        Kind::Flag => (*held == Type::BOOL, "cast it to boolean, or write another type"),
        Kind::Date => {
            let days = [Type::DATE, Type::TIMESTAMP, Type::TIMESTAMPTZ];
            (days.contains(held), "cast it to date, or write another type")
        }
        Kind::Time => (*held == Type::TIMESTAMPTZ, "say its zone: column AT TIME ZONE 'Asia/Baku'"),
    };
    (!fits).then_some(remedy)
}

fn is_text(held: &Type) -> bool {
    let known = [Type::TEXT, Type::VARCHAR, Type::BPCHAR, Type::NAME, Type::CHAR, Type::UUID];
    known.contains(held) || matches!(held.kind(), TypeKind::Enum(_)) || held.name() == "citext"
}

fn is_number(held: &Type) -> bool {
    [Type::INT2, Type::INT4, Type::INT8, Type::NUMERIC].contains(held)
}

/// Whether a parameter can be compared with it: it is sent as text and read by the database.
fn is_bindable(kind: &Type) -> bool {
    let known = [Type::BOOL, Type::DATE, Type::TIMESTAMP, Type::TIMESTAMPTZ];
    let domain = matches!(kind.kind(), TypeKind::Domain(base) if is_bindable(base));
    is_text(kind) || is_number(kind) || known.contains(kind) || domain
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        RegistryError::into(meaning(&error))
    }
}
