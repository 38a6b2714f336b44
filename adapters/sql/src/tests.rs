//! Against a real PostgreSQL, each test in a cluster of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mohur_contract::conformance::{self, ARRIVAL, Cases};
use mohur_contract::{Context, Registry, RegistryError};
use mohur_postgres::Cluster;
use mohur_reference::Database;
use mohur_wire::answer::Finding;
use mohur_wire::{Answer, FieldName, Query, Value, Verdict};
use serde_json::{Value as Json, json};

use super::*;

mod changes;
mod injection;
mod live;
mod notes;
mod proxy;
mod registers;
mod secured;
mod trouble;
mod waiting;

const ROLE: &str = "mohur_adapter";

/// Three documents: a good one, one that has expired, a foreigner's.
const DOCUMENTS: &str = "insert into register.documents
    (issuing_state, type, number, kind, issuer, fin, pin, family_name, given_name, birth_date, sex, nationality, issued_on, expires_on, status) values
    ('AZE', 'P', 'C01234567', 'passport', 'MIA', '5ABCDE1', null, 'Əliyev', 'Vüqar', '1990-05-06', 'M', 'AZE', '2020-01-02', '2030-01-01', 'valid'),
    ('AZE', 'I', 'AA0000001', 'identity-card', 'MIA', '5ABCDE2', null, 'Quliyeva', 'Aygün', '1985-01-01', 'F', 'AZE', '2010-01-02', '2020-01-01', 'valid'),
    ('AZE', 'AR', 'F0000001', 'foreigner-card', 'SMS', null, 'AB123', 'Smith', 'John', '1970-12-31', 'M', 'GBR', '2025-01-02', null, 'lost');";

fn documents() -> Cluster {
    let cluster = Cluster::start();
    let database = Database::named("documents").unwrap();
    cluster.create("documents", &format!("{}{DOCUMENTS}", database.schema()));
    cluster
}

fn mapping(text: &str) -> Mapping {
    Mapping::parse(Path::new("sql.toml"), text).unwrap_or_else(|errors| panic!("{errors}"))
}

async fn open(cluster: &Cluster, text: &str) -> Sql {
    let settings = Settings::new(cluster.socket_url(ROLE, "documents"));
    Sql::open(mapping(text), &settings).await.unwrap_or_else(|error| panic!("{error}"))
}

fn query(service: &str, subject: &Json, operands: &Json) -> Query {
    let mut opening = json!({
        "salt": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "id": "q-1",
        "caller": "AZ/GOV/SBS/border",
        "service": service,
        "subject": subject,
        "purpose": "border-control",
        "official": "officer 7",
    });
    for (name, value) in operands.as_object().unwrap() {
        opening[name] = value.clone();
    }
    Query::parse(opening.to_string().as_bytes()).unwrap_or_else(|error| panic!("{opening}: {error}"))
}

fn passport(operands: &Json) -> Query {
    document("P", "C01234567", operands)
}

fn document(kind: &str, number: &str, operands: &Json) -> Query {
    let subject = json!({ "document": { "issuingState": "AZE", "type": kind, "number": number } });
    query("AZ/GOV/MIA/documents/status/v1", &subject, operands)
}

fn read(fields: &[&str]) -> Json {
    json!({ "verb": "read", "fields": fields })
}

fn fields(pairs: &[(&str, Value)]) -> BTreeMap<FieldName, Value> {
    pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.clone())).collect()
}

async fn ask(adapter: &Sql, query: &Query) -> Result<Answer, RegistryError> {
    adapter.answer(query, &Context::new(ARRIVAL, Duration::from_secs(20))).await
}

fn found(answer: Result<Answer, RegistryError>) -> BTreeMap<FieldName, Value> {
    match answer.unwrap_or_else(|error| panic!("{error}")).finding {
        Finding::Found(fields) => fields,
        Finding::Absent => panic!("absent"),
    }
}
