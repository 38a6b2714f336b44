//! A provider of people, in both protocols.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use mohur_contract::conformance::Fault;
use mohur_http::{Handler, Limits, Request, Server, SystemClock};
use mohur_wire::RefusalCode;
use tokio::sync::oneshot;

pub(super) const HELD: &str = "5ABCDE1";
pub(super) const UNKNOWN: &str = "5ABCDE2";
/// Somebody whom the SOAP service knows without a surname: found, but nothing there.
pub(super) const EMPTY: &str = "5ABCDE3";

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) target: String,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Bytes,
}

#[derive(Default)]
struct State {
    fault: Mutex<Option<Fault>>,
    seen: Mutex<Vec<Seen>>,
}

pub(super) struct Fake {
    address: std::net::SocketAddr,
    state: Arc<State>,
    _stop: oneshot::Sender<()>,
}

impl Fake {
    pub(super) async fn start() -> Self {
        let address = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(address, Limits::default(), Arc::new(SystemClock)).await.unwrap();
        let (address, state) = (server.local_addr(), Arc::new(State::default()));
        let (stop, stopped) = oneshot::channel::<()>();
        let handler = Arc::new(People(Arc::clone(&state)));
        tokio::spawn(server.serve(handler, async { drop(stopped.await) }));
        Self { address, state, _stop: stop }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn set(&self, fault: Fault) {
        *self.state.fault.lock().unwrap() = Some(fault);
    }

    pub(super) fn last(&self) -> Option<Seen> {
        self.state.seen.lock().unwrap().last().cloned()
    }

    pub(super) fn asked(&self) -> usize {
        self.state.seen.lock().unwrap().len()
    }
}

struct People(Arc<State>);

impl Handler for People {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let target = request.parts.uri.path_and_query().unwrap().to_string();
        let seen = Seen { target: target.clone(), headers: request.parts.headers, body: request.body.clone() };
        self.0.seen.lock().unwrap().push(seen);
        let fault = self.0.fault.lock().unwrap().unwrap_or(Fault::None);
        if let Fault::Slow(delay) = fault {
            tokio::time::sleep(delay).await;
        }
        if fault == Fault::Down {
            return response(503, "text/html", "<h1>down</h1>");
        }
        let text = String::from_utf8_lossy(&request.body).into_owned();
        match target.as_str() {
            "/soap" if fault == Fault::Garbage => response(200, "text/xml", "<html><p>hello</html>"),
            "/soap" => soap(&text, fault),
            "/soap?wsdl" => response(200, "text/xml", WSDL),
            "/openapi.json" => response(200, "application/json", "{\"openapi\":\"3.0.0\"}"),
            "/health" => response(200, "text/plain", "well"),
            _ if fault == Fault::Garbage => response(200, "application/json", "{"),
            _ => rest(&target, fault),
        }
    }

    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        response(500, "text/plain", code.as_str())
    }
}

pub(super) const WSDL: &str = "<w:definitions xmlns:w=\"http://schemas.xmlsoap.org/wsdl/\" \
    xmlns:s=\"http://schemas.xmlsoap.org/wsdl/soap/\"><w:service name=\"a\"><w:port name=\"b\">\
    <s:address location=\"http://10.0.0.1/soap\"/></w:port></w:service></w:definitions>";

fn response(status: u16, kind: &str, body: &str) -> Response<Bytes> {
    let response = Response::builder().status(status).header("content-type", kind);
    response.body(Bytes::from(body.to_owned())).unwrap()
}

fn envelope(status: u16, body: &str) -> Response<Bytes> {
    let text = format!(
        "<?xml version=\"1.0\"?>\n<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>{body}</e:Body></e:Envelope>"
    );
    response(status, "text/xml; charset=utf-8", &text)
}

fn soap(request: &str, fault: Fault) -> Response<Bytes> {
    if request.contains(UNKNOWN) {
        let said = "<e:Fault><faultcode>e:Client.NoSuchPerson</faultcode><faultstring>nobody</faultstring></e:Fault>";
        return envelope(500, said);
    }
    if request.contains(EMPTY) {
        return envelope(
            200,
            &format!("<q:getPersonResponse xmlns:q=\"urn:people\"><fin>{EMPTY}</fin></q:getPersonResponse>"),
        );
    }
    if !request.contains(HELD) {
        return envelope(500, "<e:Fault><faultcode>e:Server.Broken</faultcode><faultstring>x</faultstring></e:Fault>");
    }
    let fin = if fault == Fault::WrongSubject { UNKNOWN } else { HELD };
    let extra = if fault == Fault::ExtraFields { "<secret>1</secret>" } else { "" };
    envelope(
        200,
        &format!(
            "<q:getPersonResponse xmlns:q=\"urn:people\"><fin> {fin} </fin><surname>Əliyev &amp; Co</surname>\
             <height>180</height><alive>true</alive>{extra}</q:getPersonResponse>"
        ),
    )
}

fn rest(target: &str, fault: Fault) -> Response<Bytes> {
    if target.contains(UNKNOWN) {
        return response(404, "application/json", "{\"error\":\"nobody\"}");
    }
    let fin = if fault == Fault::WrongSubject { UNKNOWN } else { HELD };
    let mut person =
        serde_json::json!({ "fin": fin, "name": { "surname": "Əliyev & Co" }, "height": 180, "alive": true });
    if fault == Fault::ExtraFields {
        person["secret"] = true.into();
    }
    response(200, "application/json", &person.to_string())
}
