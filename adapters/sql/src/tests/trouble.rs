//! The database is gone, slow, locked, restarted, full: each has its outcome, by the deadline.

use mohur_wire::Arrival;

use super::*;

const TEXT: &str = include_str!("../../../reference/databases/documents/mapping.toml");

fn unavailable(answer: &Result<Answer, RegistryError>) -> bool {
    matches!(answer, Err(RegistryError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_comes_and_goes() {
    let cluster = documents();
    let adapter = open(&cluster, TEXT).await;
    let status = passport(&read(&["status"]));
    assert!(ask(&adapter, &status).await.is_ok());
    cluster.stop();
    for _ in 0..2 {
        let answer = ask(&adapter, &status).await;
        assert!(unavailable(&answer), "{answer:?}");
    }
    let context = Context::new(ARRIVAL, Duration::from_secs(5));
    assert!(adapter.health(&context).await.is_err());
    let settings = Settings::new(cluster.socket_url(ROLE, "documents"));
    let error = Sql::open(mapping(TEXT), &settings).await.err().unwrap().to_string();
    assert!(error.contains("cannot be held against the database: the register cannot be reached"), "{error}");
    cluster.boot();
    assert!(ask(&adapter, &status).await.is_ok(), "it came back");
    assert!(adapter.health(&context).await.is_ok());
    // Somebody ends our connection: the next query opens another.
    cluster.sql("documents", "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'mohur_adapter'");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(ask(&adapter, &status).await.is_ok());
    // The view is made anew under a prepared statement, then it is gone.
    cluster.sql(
        "documents",
        "alter view mohur.documents rename to old; create view mohur.documents as select *, 1 as one from mohur.old;
        grant select on mohur.documents to mohur_adapter",
    );
    assert!(ask(&adapter, &status).await.is_ok());
    cluster.sql("documents", "drop view mohur.documents");
    let gone = ask(&adapter, &status).await;
    assert_eq!(gone, Err(RegistryError::Invalid("the database's tables do not fit the mapping any more")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_table_is_a_timeout_and_leaves_no_statement_behind() {
    let cluster = documents();
    let text = format!("[database]\nconnections = 2\nwait = \"100ms\"\n{TEXT}");
    let adapter = open(&cluster, &text).await;
    let status = passport(&read(&["status"]));
    assert!(ask(&adapter, &status).await.is_ok());
    let lock = "begin; lock table register.documents in access exclusive mode; select pg_sleep(4)";
    let running = || {
        cluster.sql(
            "documents",
            "select count(*) from pg_stat_activity where usename = 'mohur_adapter' and state = 'active'",
        )
    };
    std::thread::scope(|scope| {
        scope.spawn(|| cluster.psql("postgres", "documents", lock));
        std::thread::sleep(Duration::from_millis(500));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let started = Instant::now();
                let short = Context::new(ARRIVAL, Duration::from_millis(300));
                assert_eq!(adapter.answer(&status, &short).await, Err(RegistryError::Timeout));
                assert!(started.elapsed() < Duration::from_millis(900), "{:?}", started.elapsed());
                tokio::time::sleep(Duration::from_millis(400)).await;
                assert_eq!(running(), "0", "the database stopped working on it, too");
                // Every connection is waiting: a third query hears so after its short wait.
                let long = Context::new(ARRIVAL, Duration::from_secs(2));
                let (one, two, three) =
                    tokio::join!(adapter.answer(&status, &long), adapter.answer(&status, &long), async {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        let since = Instant::now();
                        let answer = adapter.answer(&status, &long).await;
                        assert!(since.elapsed() < Duration::from_millis(600), "{:?}", since.elapsed());
                        answer
                    });
                assert_eq!((one, two), (Err(RegistryError::Timeout), Err(RegistryError::Timeout)));
                assert!(unavailable(&three), "{three:?}");
            });
        });
    });
    assert!(ask(&adapter, &status).await.is_ok(), "afterwards it is asked as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_full_servers_and_strangers() {
    let cluster = documents();
    cluster.sql("documents", "alter role mohur_adapter password 'correct horse battery'");
    let password = cluster.folder().join("password");
    let write = |text: &str| {
        std::fs::write(&password, text).unwrap();
        std::fs::set_permissions(&password, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    };
    let settings = Settings::new(cluster.url(ROLE, "documents")).with_credential(&password);
    write("wrong horse\n");
    let error = Sql::open(mapping(TEXT), &settings).await.err().unwrap().to_string();
    assert!(error.contains("PostgreSQL refuses the role or its password") && !error.contains("horse"), "{error}");
    let error =
        Sql::open(mapping(TEXT), &Settings::new(cluster.url(ROLE, "documents"))).await.err().unwrap().to_string();
    assert!(error.contains("renew the token") || error.contains("another way"), "{error}");
    write("correct horse battery\n");
    let adapter = Sql::open(mapping(TEXT), &settings).await.unwrap();
    let status = passport(&read(&["status"]));
    assert!(ask(&adapter, &status).await.is_ok());
    cluster.sql(
        "documents",
        "alter role mohur_adapter connection limit 0;
        select pg_terminate_backend(pid) from pg_stat_activity where usename = 'mohur_adapter'",
    );
    tokio::time::sleep(Duration::from_millis(100)).await;
    let answer = ask(&adapter, &status).await;
    assert!(unavailable(&answer), "{answer:?}");
    // Somebody else listens there.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            drop(std::io::Write::write_all(&mut &stream, b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let stranger = Settings::new(format!("postgres://{ROLE}@127.0.0.1:{port}/documents"));
    let text = format!("[database]\nconnect-timeout = \"1s\"\n{TEXT}");
    assert!(matches!(Sql::open(mapping(&text), &stranger).await, Err(OpenError::Database(_))));
}

/// What has expired has expired by the message's day in Baku, not by the database's clock.
#[tokio::test]
async fn the_day_is_the_messages() {
    let cluster = documents();
    let adapter = open(&cluster, TEXT).await;
    let card = document("I", "AA0000001", &read(&["status"]));
    for (at, status) in [("2020-01-01T19:59:59Z", "valid"), ("2020-01-01T20:00:00Z", "expired")] {
        let context = Context::new(Arrival(at.parse().unwrap()), Duration::from_secs(10));
        let answer = adapter.answer(&card, &context).await;
        assert_eq!(found(answer), fields(&[("status", Value::text(status))]), "{at}");
    }
}

/// To prepare a statement the database waits for the same locks, and here it does so on three connections that are new.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_connection_leaves_nothing_behind_either() {
    let cluster = documents();
    let adapter = open(&cluster, &format!("[database]\nstatement-timeout = \"600ms\"\n{TEXT}")).await;
    let status = passport(&read(&["status"]));
    let lock = "begin; lock table register.documents in access exclusive mode; select pg_sleep(5)";
    std::thread::scope(|scope| {
        scope.spawn(|| cluster.psql("postgres", "documents", lock));
        std::thread::sleep(Duration::from_millis(500));
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let short = Context::new(ARRIVAL, Duration::from_millis(400));
                let ask = || adapter.answer(&status, &short);
                for answer in <[_; 4]>::from(tokio::join!(ask(), ask(), ask(), ask())) {
                    assert_eq!(answer, Err(RegistryError::Timeout));
                }
                tokio::time::sleep(Duration::from_millis(1000)).await;
                let running =
                    "select count(*) from pg_stat_activity where usename = 'mohur_adapter' and state = 'active'";
                assert_eq!(cluster.sql("documents", running), "0");
            });
        });
    });
    assert!(ask(&adapter, &status).await.is_ok());
}
