//! A proxy between an adapter and its register that writes every exchange to a file, for others to judge.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode, header};
use mohur_http::{Client, ClientLimits, Handler, Limits, Request, Server, SystemClock};
use mohur_wire::RefusalCode;
use serde_json::json;

/// The proxy of one register.
pub(crate) struct Recorder {
    register: SocketAddr,
    client: Client,
    folder: PathBuf,
    count: AtomicUsize,
}

/// Starts a proxy to `register` that writes into `folder`; gives its base URL.
pub(crate) async fn start(register: SocketAddr, folder: &Path) -> String {
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), Limits::default(), Arc::new(SystemClock)).await.unwrap();
    let url = format!("http://{}", server.local_addr());
    let client = Client::http(ClientLimits::default());
    let recorder = Recorder { register, client, folder: folder.to_owned(), count: AtomicUsize::new(0) };
    tokio::spawn(async move { server.serve(Arc::new(recorder), std::future::pending()).await });
    url
}

impl Handler for Recorder {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let target = request.parts.uri.path_and_query().unwrap().to_string();
        let mut forward = http::Request::new(request.body.clone());
        *forward.method_mut() = request.parts.method.clone();
        *forward.uri_mut() = format!("http://{}{target}", self.register).parse().unwrap();
        *forward.headers_mut() = request.parts.headers.clone();
        for own in [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
            forward.headers_mut().remove(own);
        }
        let response = self.client.send(forward, Duration::from_secs(10)).await.unwrap().response;
        let text = |headers: &http::HeaderMap, name| {
            headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok()).map(str::to_owned)
        };
        let exchange = json!({
            "method": request.parts.method.as_str(),
            "target": target,
            "authorization": text(&request.parts.headers, header::AUTHORIZATION),
            "requestType": text(&request.parts.headers, header::CONTENT_TYPE),
            "request": String::from_utf8(request.body.to_vec()).unwrap(),
            "status": response.status().as_u16(),
            "responseType": text(response.headers(), header::CONTENT_TYPE),
            "response": String::from_utf8_lossy(response.body()),
        });
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        std::fs::write(self.folder.join(format!("{number:04}.json")), exchange.to_string()).unwrap();
        let mut answer = Response::new(response.body().clone());
        *answer.status_mut() = response.status();
        if let Some(kind) = response.headers().get(header::CONTENT_TYPE) {
            answer.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
        }
        answer
    }

    fn refuse(&self, _: RefusalCode) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response
    }
}
