//! From a path to what answers it.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use mohur_http::{Handler, Request};
use mohur_wire::RefusalCode;

/// What a page answers.
pub type Answer = Response<Bytes>;

/// A page: it may block, and gets a thread for that.
type Page = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

/// The pages of a listener. The method is the page's to judge.
#[derive(Clone, Default)]
pub struct Routes {
    exact: Vec<(&'static str, Page)>,
    under: Vec<(&'static str, Page)>,
}

impl Routes {
    /// With nothing to see.
    pub fn new() -> Self {
        Self::default()
    }

    /// `page` answers this path.
    #[must_use]
    pub fn at(mut self, path: &'static str, page: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        self.exact.push((path, Arc::new(page)));
        self
    }

    /// `page` answers every path that begins with this one, which ends with a slash, unless it has a page of its own.
    #[must_use]
    pub fn under(mut self, prefix: &'static str, page: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        self.under.push((prefix, Arc::new(page)));
        self
    }

    fn find(&self, path: &str) -> Option<Page> {
        let exact = self.exact.iter().find(|(at, _)| *at == path);
        let found = exact.or_else(|| self.under.iter().find(|(prefix, _)| path.starts_with(prefix)));
        found.map(|(_, page)| Arc::clone(page))
    }
}

impl Handler for Routes {
    async fn handle(&self, request: Request) -> Answer {
        let Some(page) = self.find(request.parts.uri.path()) else {
            return refusal(RefusalCode::NoSuchEndpoint);
        };
        match tokio::task::spawn_blocking(move || page(&request)).await {
            Ok(answer) => answer,
            Err(_panicked) => {
                tracing::error!("a page panicked; please report the panic message on the standard error");
                refusal(RefusalCode::Internal)
            }
        }
    }

    fn refuse(&self, code: RefusalCode) -> Answer {
        refusal(code)
    }
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let paths = self.exact.iter().chain(&self.under).map(|(path, _)| *path);
        f.debug_list().entries(paths).finish()
    }
}

/// An answer of that status and content type.
pub fn answer(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A refusal in one line: its code.
pub fn refusal(code: RefusalCode) -> Answer {
    let status = StatusCode::from_u16(code.text().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer(status, "text/plain; charset=utf-8", format!("{code}\n"))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use mohur_http::{Client, ClientLimits, Limits, Server, SystemClock};

    use super::*;

    async fn ask(address: SocketAddr, path: &str) -> (StatusCode, String) {
        let request = http::Request::get(format!("http://{address}{path}")).body(Bytes::new()).unwrap();
        let reply = Client::http(ClientLimits::default()).send(request, Duration::from_secs(5)).await.unwrap();
        (reply.response.status(), String::from_utf8(reply.response.into_body().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_path_has_its_page_and_others_have_none() {
        let routes = Routes::new()
            .at("/ocsp", |_| answer(StatusCode::OK, "text/plain", "exact"))
            .under("/ocsp/", |request| answer(StatusCode::OK, "text/plain", request.parts.uri.path().to_owned()))
            .at("/broken", |_| panic!("on purpose"));
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), Limits::default(), Arc::new(SystemClock));
        let server = server.await.unwrap();
        let address = server.local_addr();
        tokio::spawn(server.serve(Arc::new(routes), std::future::pending()));
        assert_eq!(ask(address, "/ocsp").await, (StatusCode::OK, "exact".to_owned()));
        assert_eq!(ask(address, "/ocsp/abc").await, (StatusCode::OK, "/ocsp/abc".to_owned()));
        assert_eq!(ask(address, "/ocspx").await.0, StatusCode::NOT_FOUND);
        assert_eq!(ask(address, "/broken").await.0, StatusCode::INTERNAL_SERVER_ERROR);
    }
}
