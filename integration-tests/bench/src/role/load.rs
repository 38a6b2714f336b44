//! The load generator: so many connections, each with one request under way, for so long.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mohur_client::{AskError, Caller, Config, Question};
use mohur_http::SystemClock;
use mohur_wire::{Ask, Fin, SubjectKey, Value};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use super::host::ANSWER_BYTES;
use super::{register, say, soap, tls, told_to_end};
use crate::error::{BenchError, Tried};
use crate::http1::{self, Connection};

/// What to send, where, and for how long.
#[derive(clap::Args)]
pub(crate) struct Args {
    folder: PathBuf,
    target: Target,
    address: SocketAddr,
    connections: usize,
    warm_up_ms: u64,
    measured_ms: u64,
}

/// Who is asked.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Target {
    /// The broker: every request is a new query, signed when its turn comes.
    Broker,
    /// The broker, before a real register: about somebody whom it knows.
    Citizen,
    /// The broker, over SOAP.
    Soap,
    /// nginx: one signed request again and again, so that it passes on the same bytes and nobody has to sign.
    Nginx,
}

/// What was seen of the answers.
#[derive(Serialize, Deserialize)]
pub(crate) struct Measured {
    /// Answered within the time measured.
    pub(crate) requests: u64,
    /// From the first byte sent to the last received, in µs.
    pub(crate) p50_us: u64,
    /// The same, of one in a hundred.
    pub(crate) p99_us: u64,
}

/// The moments between which answers count.
#[derive(Clone, Copy)]
struct Window {
    from: Instant,
    until: Instant,
}

/// Says `started` when the time that counts begins and [`Measured`] when it ends, so that CPU is read at both moments.
pub(super) async fn run(args: Args) -> Result<(), BenchError> {
    let config = Config::load(&tls::client_file(&args.folder)).tried("client.toml")?;
    let caller = Arc::new(config.caller(Arc::new(SystemClock)).tried("the caller")?);
    let person = if args.target == Target::Citizen { register::citizen() } else { "7BENCH7".parse().tried("a FIN")? };
    let question = question(person).tried("the question")?;
    match args.target {
        Target::Citizen => drop(caller.ask(question.clone()).await.tried("the query that is verified")?),
        Target::Broker => prove(&caller, question.clone()).await?,
        Target::Soap => soap::prove(&caller, question.clone()).await?,
        Target::Nginx => {}
    }
    let requests = Arc::new(Requests::new(caller.clone(), question, args.target)?);
    let connector = tls::connector(&config, &caller)?;
    let mut connections = Vec::with_capacity(args.connections);
    for _ in 0..args.connections {
        connections.push(connect(&connector, args.address).await.tried("a connection")?);
    }
    let from = Instant::now() + Duration::from_millis(args.warm_up_ms);
    let window = Window { from, until: from + Duration::from_millis(args.measured_ms) };
    let tasks: Vec<_> =
        connections.into_iter().map(|each| tokio::spawn(keep_asking(each, requests.clone(), window))).collect();
    tokio::time::sleep_until(window.from.into()).await;
    say("started")?;
    tokio::time::sleep_until(window.until.into()).await;
    say("ended")?;
    let mut latencies = Vec::new();
    for task in tasks {
        latencies.extend(task.await.tried("a connection")??);
    }
    say(serde_json::to_string(&summary(latencies)).tried("the result")?)?;
    told_to_end().await;
    Ok(())
}

fn summary(mut latencies: Vec<Duration>) -> Measured {
    latencies.sort_unstable();
    let at = |hundredths: usize| {
        let place = latencies.len().saturating_sub(1) * hundredths / 100;
        latencies.get(place).map_or(0, |latency| u64::try_from(latency.as_micros()).unwrap_or(u64::MAX))
    };
    Measured { requests: latencies.len() as u64, p50_us: at(50), p99_us: at(99) }
}

async fn connect(connector: &TlsConnector, address: SocketAddr) -> std::io::Result<Connection<TlsStream<TcpStream>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(Connection::new(connector.connect(ServerName::from(address.ip()), stream).await?))
}

/// One request after another until the time is over; gives the latencies of those that count.
async fn keep_asking(
    mut connection: Connection<TlsStream<TcpStream>>,
    requests: Arc<Requests>,
    window: Window,
) -> Result<Vec<Duration>, BenchError> {
    let mut latencies = Vec::with_capacity(1 << 14);
    loop {
        let request = requests.next()?;
        let sent = Instant::now();
        if sent >= window.until {
            return Ok(latencies);
        }
        connection.send(&request).await.tried("sending")?;
        let verdict = connection.receive(|head, body| requests.judge(head, body)).await.tried("an answer")?;
        verdict.ok_or_else(|| BenchError::new("the connection was closed"))??;
        let now = Instant::now();
        if now >= window.from && now < window.until {
            latencies.push(now - sent);
        }
    }
}

/// Where requests come from.
struct Requests {
    caller: Arc<Caller>,
    question: Question,
    target: Target,
    same: Arc<[u8]>,
}

impl Requests {
    fn new(caller: Arc<Caller>, question: Question, target: Target) -> Result<Self, BenchError> {
        let same = sign(&caller, question.clone()).tried("a request")?.into();
        Ok(Self { caller, question, target, same })
    }

    fn next(&self) -> Result<Arc<[u8]>, BenchError> {
        match self.target {
            Target::Broker | Target::Citizen => {
                Ok(sign(&self.caller, self.question.clone()).tried("a request")?.into())
            }
            Target::Soap => Ok(http1::request(&soap::sign(&self.caller, self.question.clone())?).into()),
            Target::Nginx => Ok(Arc::clone(&self.same)),
        }
    }

    /// Every answer must be a good one: 200, of the size, and from the broker with a receipt.
    fn judge(&self, head: &[u8], body: &[u8]) -> Result<(), BenchError> {
        let receipt = self.target == Target::Nginx || http1::field(head, b"mohur-receipt").is_some();
        let size = if self.target == Target::Citizen { 1 } else { ANSWER_BYTES };
        if head.starts_with(b"HTTP/1.1 200 ") && body.len() >= size && receipt {
            return Ok(());
        }
        let start = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let (start, body) = (String::from_utf8_lossy(start), String::from_utf8_lossy(body));
        Err(BenchError::new(format!("not the answer that was expected: {start}: {body}")))
    }
}

/// A new query.
fn sign(caller: &Caller, question: Question) -> Result<Vec<u8>, AskError> {
    let query = caller.query(question, Caller::fresh_id()?);
    let (request, _) = caller.sign(&query)?;
    Ok(http1::request(&request))
}

/// One query with everything verified, as `mohur query` does it: what is measured is the real thing.
async fn prove(caller: &Caller, question: Question) -> Result<(), BenchError> {
    let answered = caller.ask(question).await.tried("the query that is verified")?;
    let bytes: usize = answered.answer.fields().values().filter_map(Value::as_text).map(str::len).sum();
    if bytes + 4 < ANSWER_BYTES {
        return Err(BenchError::new(format!("the verified answer holds {bytes} bytes only")));
    }
    Ok(())
}

fn question(person: Fin) -> Result<Question, mohur_wire::ParseError> {
    let fields = ["bloodGroup", "eyeColour", "height"].map(str::parse);
    let fields = fields.into_iter().collect::<Result<_, _>>()?;
    Ok(Question {
        service: "AZ/GOV/MOH/health-card/vitals/v1".parse()?,
        subject: SubjectKey::Fin(person),
        ask: Ask::Read(fields),
        purpose: "issue-id-document".parse()?,
        case: Some("C-1".parse()?),
        official: "clerk-3".parse()?,
        on_behalf_of: None,
        message: None,
    })
}
