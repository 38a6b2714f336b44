//! The way to the hosts and to other brokers: HTTP over mutual TLS, to the member that the directory names and to nobody else.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mohur_exchange::provider::{Answered, Destination};
use mohur_exchange::{Outgoing, Provider, ProviderFailure};
use mohur_http::{Client, ClientError};
use mohur_message::hop::Reply;
use mohur_message::http_signature::header;

use crate::neighbours::Neighbours;

/// Hosts and brokers that are asked over HTTP.
pub struct HttpProvider {
    client: Client,
    neighbours: Neighbours,
}

impl HttpProvider {
    /// Asks with this client, and other brokers within their limits.
    pub(crate) const fn new(client: Client, neighbours: Neighbours) -> Self {
        Self { client, neighbours }
    }

    async fn send(&self, to: &Destination, question: &Outgoing, wait: Duration) -> Result<Answered, ProviderFailure> {
        let body = Bytes::from(question.to_json().map_err(|_| ProviderFailure::Invalid)?);
        let request = http::Request::post(format!("https://{}{}", to.authority, question.path()))
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(body)
            .map_err(|_| ProviderFailure::Unavailable)?;
        let reply = self.client.send_to(&to.peer, request, wait).await.map_err(|error| failure(to, &error))?;
        let response = reply.response;
        if !response.status().is_success() {
            tracing::warn!(peer = %to.peer, status = response.status().as_u16(), "the peer refused to listen");
            return Err(ProviderFailure::Unavailable);
        }
        let receipt = response.headers().get(header::RECEIPT).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let reply = Reply::parse(response.body()).map_err(|_| ProviderFailure::Invalid)?;
        Ok(Answered { reply, receipt })
    }

    /// A broker that fails or is slow holds up those who ask it, and nobody else.
    async fn forward(
        &self,
        to: &Destination,
        question: &Outgoing,
        deadline: Duration,
    ) -> Result<Answered, ProviderFailure> {
        let began = tokio::time::Instant::now();
        let neighbour = self.neighbours.of(&to.peer);
        let _place = neighbour.place(deadline).await.ok_or(ProviderFailure::NotSent)?;
        let attempt = neighbour.attempt().ok_or(ProviderFailure::NotSent)?;
        let answered = self.send(to, question, deadline.saturating_sub(began.elapsed())).await;
        if answered.is_ok() {
            attempt.succeeded();
        }
        answered
    }
}

impl Provider for HttpProvider {
    fn ask<'a>(
        &'a self,
        destination: &'a Destination,
        question: &'a Outgoing,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Answered, ProviderFailure>> {
        match question {
            Outgoing::Ask(_) => self.send(destination, question, deadline).boxed(),
            Outgoing::Forward(_) => self.forward(destination, question, deadline).boxed(),
        }
    }
}

fn failure(to: &Destination, error: &ClientError) -> ProviderFailure {
    tracing::warn!(peer = %to.peer, %error, "the peer could not be asked");
    match error {
        ClientError::Timeout { .. } => ProviderFailure::Timeout,
        ClientError::TooLarge { .. } => ProviderFailure::Invalid,
        ClientError::Address { .. }
        | ClientError::Connect { .. }
        | ClientError::Peer { .. }
        | ClientError::Stranger { .. } => ProviderFailure::NotSent,
        // With TLS 1.3 a peer may refuse us after the question left.
        ClientError::Tls { .. } | ClientError::Broken { .. } => ProviderFailure::Unavailable,
    }
}
