//! The way to the hosts: HTTP over mutual TLS, to the owner that the directory names and to nobody else.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mohur_exchange::provider::Destination;
use mohur_exchange::{Provider, ProviderFailure};
use mohur_http::{Client, ClientError};
use mohur_message::hop::{Ask, Reply};

/// Hosts that are asked over HTTP.
pub struct HttpProvider {
    client: Client,
}

impl HttpProvider {
    /// Asks with this client.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }

    async fn send(&self, to: &Destination, ask: &Ask, deadline: Duration) -> Result<Reply, ProviderFailure> {
        let body = Bytes::from(ask.to_json().map_err(|_| ProviderFailure::Invalid)?);
        let request = http::Request::post(format!("https://{}/v1/ask", to.authority))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| ProviderFailure::Unavailable)?;
        let reply = self.client.send_to(&to.owner, request, deadline).await.map_err(|error| failure(to, &error))?;
        if !reply.response.status().is_success() {
            tracing::warn!(owner = %to.owner, status = reply.response.status().as_u16(), "the host refused to listen");
            return Err(ProviderFailure::Unavailable);
        }
        Reply::parse(reply.response.body()).map_err(|_| ProviderFailure::Invalid)
    }
}

impl Provider for HttpProvider {
    fn ask<'a>(
        &'a self,
        destination: &'a Destination,
        ask: &'a Ask,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Reply, ProviderFailure>> {
        self.send(destination, ask, deadline).boxed()
    }
}

fn failure(to: &Destination, error: &ClientError) -> ProviderFailure {
    tracing::warn!(owner = %to.owner, %error, "the host could not be asked");
    match error {
        ClientError::Timeout { .. } => ProviderFailure::Timeout,
        ClientError::TooLarge { .. } => ProviderFailure::Invalid,
        ClientError::Address { .. }
        | ClientError::Connect { .. }
        | ClientError::Tls { .. }
        | ClientError::Peer { .. }
        | ClientError::Stranger { .. }
        | ClientError::Broken { .. } => ProviderFailure::Unavailable,
    }
}
