//! What the server bounds, and what the client keeps, on plain connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::{Client, ClientError, ClientLimits, Handler, Limits, Request, Server, Stats, SystemClock};
use bytes::Bytes;
use mohur_wire::RefusalCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

/// Echoes; some targets misbehave.
#[derive(Default)]
struct Echo {
    finished: AtomicUsize,
    entered: Notify,
}

impl Handler for Echo {
    async fn handle(&self, request: Request) -> http::Response<Bytes> {
        self.entered.notify_one();
        match request.parts.uri.path() {
            "/panic" => panic!("on purpose"),
            "/slow" => sleep(SECOND / 2).await,
            _ => {}
        }
        self.finished.fetch_add(1, Ordering::SeqCst);
        let mut response = http::Response::new(request.body.clone());
        response.headers_mut().insert("x-authority", request.authority().parse().unwrap());
        response
    }

    fn refuse(&self, code: RefusalCode) -> http::Response<Bytes> {
        http::Response::builder().status(code.text().status).body(Bytes::from(code.as_str())).unwrap()
    }
}

struct Running {
    address: SocketAddr,
    echo: Arc<Echo>,
    stats: Arc<Stats>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

async fn run(limits: Limits) -> Running {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), limits, Arc::new(SystemClock)).await.unwrap();
    let (address, stats, echo) = (server.local_addr(), server.stats(), Arc::new(Echo::default()));
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.serve(Arc::clone(&echo), async {
        let _ = stopped.await;
    }));
    Running { address, echo, stats, stop: Some(stop), task }
}

impl Running {
    fn request(&self, path: &str, body: impl Into<Bytes>) -> http::Request<Bytes> {
        http::Request::post(format!("http://{}{path}", self.address)).body(body.into()).unwrap()
    }

    /// Sends raw bytes and reads until the server closes.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        timeout(5 * SECOND, stream.read_to_end(&mut answer)).await.expect("the server did not close").unwrap();
        String::from_utf8(answer).unwrap()
    }
}

fn small() -> Limits {
    Limits {
        header_bytes: 1024,
        body_bytes: 1024,
        header_timeout: SECOND / 5,
        body_timeout: SECOND / 5,
        idle_timeout: SECOND / 5,
        write_timeout: SECOND / 5,
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_request_comes_back_and_the_connection_is_kept() {
    let server = run(Limits::default()).await;
    let client = Client::http(ClientLimits::default());
    for size in [0, 1, 200_000] {
        let reply = client.send(server.request("/", vec![7; size]), SECOND).await.unwrap();
        assert_eq!((reply.response.body().len(), reply.peer.is_none()), (size, true));
        assert_eq!(reply.response.headers()["x-authority"], server.address.to_string());
    }
    assert_eq!(server.stats.accepted(), 1);
}

#[tokio::test]
async fn many_requests_at_once_share_few_connections() {
    let server = run(Limits::default()).await;
    let client = Client::http(ClientLimits::default());
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (client, request) = (client.clone(), server.request("/", "x"));
            tokio::spawn(async move { client.send(request, 5 * SECOND).await.unwrap() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().response.body(), "x");
    }
    assert!(server.stats.accepted() <= 100);
    let before = server.stats.accepted();
    client.send(server.request("/", "x"), SECOND).await.unwrap();
    assert_eq!(server.stats.accepted(), before);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_a_code() {
    let server = run(small()).await;
    let client = Client::http(ClientLimits::default());
    let reply = client.send(server.request("/", vec![7; 1025]), SECOND).await.unwrap();
    assert_eq!(
        (reply.response.status(), &reply.response.body()[..]),
        (http::StatusCode::PAYLOAD_TOO_LARGE, &b"too-large"[..])
    );
    let chunked =
        format!("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n401\r\n{}", "x".repeat(1025));
    assert!(server.raw(chunked.as_bytes()).await.ends_with("too-large"));
    assert_eq!(server.echo.finished.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn headers_over_the_limit_are_refused() {
    let server = run(small()).await;
    let head = |bytes| format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "x".repeat(bytes));
    let answer = server.raw(head(1024).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.ends_with("too-large"), "{answer}");
    assert!(server.raw(head(10_000).as_bytes()).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_request_addresses_one_authority() {
    let server = run(small()).await;
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n",
        "GET http://b/ HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        assert!(server.raw(head.as_bytes()).await.ends_with("malformed"), "{head}");
    }
    let answer = server.raw(b"GET http://A/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn what_is_not_http_is_closed() {
    let server = run(small()).await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01"[..],
        b"GET\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        assert!(!server.raw(bytes).await.contains(" 200 "));
    }
}

#[tokio::test]
async fn slow_clients_are_cut_off() {
    let server = run(small()).await;
    // Says nothing; says half a head; says half a body; says a head again after an answer.
    assert_eq!(server.raw(b"").await, "");
    assert_eq!(server.raw(b"GET / HTTP/1.1\r\nhost:").await, "");
    assert!(
        server.raw(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf").await.ends_with("request-timeout")
    );
    let answer = server.raw(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HT").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(server.stats.cut_off(), 3);
}

#[tokio::test]
async fn one_byte_at_a_time_is_cut_off_all_the_same() {
    let server = run(small()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let drip = async {
        for byte in b"GET / HTTP/1.1\r\nx: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy".iter().cycle() {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(SECOND / 50).await;
        }
    };
    timeout(3 * SECOND, drip).await.expect("still accepted");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_off() {
    let limits = Limits { body_bytes: 32 << 20, body_timeout: 5 * SECOND, write_timeout: SECOND / 2, ..small() };
    let server = run(limits).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let size = 32 << 20;
    stream.write_all(format!("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {size}\r\n\r\n").as_bytes()).await.unwrap();
    stream.write_all(&vec![7; size]).await.unwrap();
    let closed = async {
        while server.stats.open() > 0 {
            sleep(SECOND / 20).await;
        }
    };
    timeout(5 * SECOND, closed).await.expect("still open");
    assert_eq!(server.stats.cut_off(), 1);
}

#[tokio::test]
async fn a_panic_is_answered_and_harms_nobody_else() {
    let server = run(Limits::default()).await;
    let client = Client::http(ClientLimits::default());
    let reply = client.send(server.request("/panic", ""), SECOND).await.unwrap();
    assert_eq!((reply.response.status().as_u16(), &reply.response.body()[..]), (500, &b"internal"[..]));
    assert_eq!(client.send(server.request("/", "on"), SECOND).await.unwrap().response.body(), "on");
    assert_eq!((server.stats.panics(), server.stats.accepted()), (1, 1));
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_for_and_finishes() {
    let server = run(Limits { handler_timeout: SECOND / 10, ..Limits::default() }).await;
    let client = Client::http(ClientLimits::default());
    let reply = client.send(server.request("/slow", ""), SECOND).await.unwrap();
    assert_eq!(reply.response.status().as_u16(), 504);
    sleep(SECOND).await;
    assert_eq!(server.echo.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_request_is_finished_though_its_client_left() {
    let server = run(Limits::default()).await;
    let client = Client::http(ClientLimits::default());
    let error = client.send(server.request("/slow", ""), SECOND / 10).await.unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }));
    sleep(SECOND).await;
    assert_eq!(server.echo.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn shutdown_finishes_what_was_accepted_and_accepts_no_more() {
    let mut server = run(Limits::default()).await;
    let client = Client::http(ClientLimits::default());
    let idle = TcpStream::connect(server.address).await.unwrap();
    let request = server.request("/slow", "whole");
    let asking = tokio::spawn(async move { client.send(request, 5 * SECOND).await });
    server.echo.entered.notified().await;
    server.stop.take().unwrap().send(()).unwrap();
    assert_eq!(asking.await.unwrap().unwrap().response.body(), "whole");
    timeout(SECOND, &mut server.task).await.expect("still serving").unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    drop(idle);
}

#[tokio::test]
async fn shutdown_does_not_wait_for_ever() {
    let mut server = run(Limits { drain_timeout: SECOND / 10, ..Limits::default() }).await;
    let client = Client::http(ClientLimits::default());
    let request = server.request("/slow", "");
    let asking = tokio::spawn(async move { client.send(request, 5 * SECOND).await });
    server.echo.entered.notified().await;
    server.stop.take().unwrap().send(()).unwrap();
    timeout(SECOND / 3, &mut server.task).await.expect("still serving").unwrap();
    assert!(asking.await.unwrap().is_err());
}

#[tokio::test]
async fn too_many_connections_and_requests_are_turned_away() {
    let server = run(Limits { max_connections: 2, max_in_flight: 1, ..Limits::default() }).await;
    let client = Client::http(ClientLimits::default());
    let (slow, request) = (client.clone(), server.request("/slow", ""));
    let slow = tokio::spawn(async move { slow.send(request, 5 * SECOND).await });
    server.echo.entered.notified().await;
    let reply = client.send(server.request("/", ""), SECOND).await.unwrap();
    assert_eq!(&reply.response.body()[..], b"overloaded");
    assert_eq!(server.raw(b"").await, "");
    assert_eq!(server.stats.turned_away(), 1);
    assert!(slow.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_kept_connection_that_closed_costs_no_failure() {
    let server = run(Limits { idle_timeout: SECOND / 20, ..Limits::default() }).await;
    let client = Client::http(ClientLimits::default());
    for pause in [0, 10, 45, 50, 55, 60, 120, 300] {
        sleep(Duration::from_millis(pause)).await;
        // At the very moment of closing a request may be lost; then the error says so.
        match client.send(server.request("/", "x"), SECOND).await {
            Ok(reply) => assert_eq!(reply.response.body(), "x"),
            Err(error) => assert!(matches!(error, ClientError::Broken { .. }) && (40..70).contains(&pause), "{error}"),
        }
    }
}

#[tokio::test]
async fn errors_name_the_server_and_never_the_target() {
    let server = run(Limits::default()).await;
    let client = Client::http(ClientLimits { body_bytes: 10, ..ClientLimits::default() });
    let closed = TcpStream::connect(server.address).await.unwrap().local_addr().unwrap();
    let errors = [
        client.send(server.request("/5ABCDE1", vec![0; 11]), SECOND).await.unwrap_err(),
        client.send(server.request("/slow?fin=5ABCDE1", ""), SECOND / 20).await.unwrap_err(),
        client
            .send(http::Request::get(format!("http://{closed}/5ABCDE1")).body(Bytes::new()).unwrap(), SECOND)
            .await
            .unwrap_err(),
        client.send(http::Request::get("/5ABCDE1").body(Bytes::new()).unwrap(), SECOND).await.unwrap_err(),
        client.send(http::Request::get("https://a/5ABCDE1").body(Bytes::new()).unwrap(), SECOND).await.unwrap_err(),
    ];
    assert!(matches!(errors[0], ClientError::TooLarge { limit: 10, .. }));
    assert!(matches!(errors[1], ClientError::Timeout { .. }));
    assert!(matches!(errors[2], ClientError::Connect { .. }));
    for error in errors {
        assert!(!format!("{error} {error:?}").contains("5ABCDE1"), "{error:?}");
    }
}
