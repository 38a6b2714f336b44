//! A database that is away when the host starts: nothing is asked before the mapping is known to fit.

use super::*;

const TEXT: &str = include_str!("../../../reference/databases/documents/mapping.toml");

async fn waiting(cluster: &Cluster, text: &str) -> Result<Sql, OpenError> {
    Sql::open_or_wait(mapping(text), &Settings::new(cluster.socket_url(ROLE, "documents"))).await
}

/// Asks until the gate lets the query through, or refuses it otherwise than as unavailable.
async fn in_the_end(adapter: &Sql) -> Result<Answer, RegistryError> {
    let since = Instant::now();
    loop {
        match ask(adapter, &passport(&read(&["status"]))).await {
            Err(RegistryError::Unavailable(_)) if since.elapsed() < Duration::from_secs(10) => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            answer => return answer,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_waited_for() {
    let cluster = documents();
    cluster.stop();
    let adapter = waiting(&cluster, TEXT).await.unwrap();
    let context = Context::new(ARRIVAL, Duration::from_secs(5));
    for _ in 0..2 {
        let answer = ask(&adapter, &passport(&read(&["status"]))).await;
        assert!(matches!(answer, Err(RegistryError::Unavailable(_))), "{answer:?}");
        assert!(matches!(adapter.health(&context).await, Err(RegistryError::Unavailable(_))));
    }
    cluster.boot();
    assert_eq!(found(in_the_end(&adapter).await), fields(&[("status", Value::text("valid"))]));
    assert!(adapter.health(&context).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_does_not_fit_when_it_is_back_stays_unavailable_until_it_does() {
    let cluster = documents();
    cluster.stop();
    let adapter = waiting(&cluster, TEXT).await.unwrap();
    cluster.boot();
    // A column that no field of these queries needs, but that the mapping names.
    cluster.sql(
        "documents",
        "alter view mohur.documents rename to old;
         create view mohur.documents as select issuing_state, type, number, kind, fin, status, expires_on, holder from mohur.old;
         grant select on mohur.documents to mohur_adapter",
    );
    for _ in 0..3 {
        let answer = ask(&adapter, &passport(&read(&["status"]))).await;
        assert!(matches!(answer, Err(RegistryError::Unavailable(_))), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    cluster.sql("documents", "drop view mohur.documents; alter view mohur.old rename to documents");
    assert!(in_the_end(&adapter).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_and_not_away_is_told_at_the_start() {
    let cluster = documents();
    let misspelt = waiting(&cluster, &TEXT.replace("holder_birth_date,", "holder_born,")).await;
    assert!(matches!(misspelt, Err(OpenError::Mapping(_))));
    let stranger = Settings::new(cluster.socket_url("nobody", "documents"));
    let stranger = Sql::open_or_wait(mapping(TEXT), &stranger).await;
    assert!(matches!(stranger, Err(OpenError::Database(RegistryError::Credential(_)))));
}
