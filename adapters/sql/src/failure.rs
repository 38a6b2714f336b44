//! What an error of the database means. Its message can repeat what was asked: only its SQLSTATE is passed on.

use mohur_contract::RegistryError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What becomes of an error (manual, appendix A).
pub(crate) fn meaning(error: &Error) -> RegistryError {
    let Some(code) = error.code() else { return without_code(error) };
    let unavailable = |what: &str| RegistryError::Unavailable(format!("PostgreSQL says {} ({what})", code.code()));
    if *code == SqlState::QUERY_CANCELED {
        return RegistryError::Timeout;
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return RegistryError::Credential("PostgreSQL 42501: the role may not read what the mapping names");
    }
    if *code == SqlState::FEATURE_NOT_SUPPORTED {
        return unavailable("the database was changed under a prepared statement");
    }
    match code.code().get(..2) {
        Some("28") => RegistryError::Credential("PostgreSQL refuses the role or its password"),
        Some("22") => RegistryError::Unsupported("what was asked is not of the type of the database's column"),
        Some("42") => RegistryError::Invalid("the database's tables do not fit the mapping any more"),
        Some("08" | "57") => unavailable("it is shutting down, starting or cut off"),
        Some("53") => unavailable("it is out of connections, memory or disk"),
        Some("55") => unavailable("the database lets nobody in, or a lock was not to be had"),
        Some("40") => unavailable("the transaction was rolled back"),
        Some("25") => RegistryError::Invalid("the statement would write, and reads only"),
        _ => RegistryError::Invalid("the database could not answer the statement; its log says why"),
    }
}

/// Errors of the connection, and of reading what came over it.
fn without_code(error: &Error) -> RegistryError {
    let text = error.to_string();
    if text.starts_with("error deserializing") || text.starts_with("error parsing") || text.starts_with("unexpected") {
        return RegistryError::Invalid("what came is not PostgreSQL's protocol, or not text");
    }
    if text.starts_with("error performing TLS") {
        return RegistryError::Unavailable(
            "TLS with the database failed: is its certificate the pinned one?".to_owned(),
        );
    }
    if text.starts_with("authentication") || text.starts_with("invalid configuration") {
        return RegistryError::Credential(
            "PostgreSQL wants to know the role in another way than by the password given",
        );
    }
    RegistryError::Unavailable(text)
}

/// Whether the connection is of no use any more.
pub(crate) fn breaks_connection(error: &RegistryError) -> bool {
    matches!(
        error,
        RegistryError::Unavailable(_)
            | RegistryError::Timeout
            | RegistryError::Credential(_)
            | RegistryError::Invalid(_)
    )
}
