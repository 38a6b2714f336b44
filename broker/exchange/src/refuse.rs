//! Refusals are outcomes: sealed, logged, answered.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::header::{HeaderValue, RETRY_AFTER};
use mohur_transparency::Receipt;
use mohur_wire::{Refusal, RefusalCode};
use tokio::time::Instant;

use crate::claims::First;
use crate::pipeline::Exchange;
use crate::provider::Provider;
use crate::reply::{Incoming, ReplyTo};
use crate::stage::{outcome, respond, seal};
use crate::trace::Trace;

impl<P: Provider> Exchange<P> {
    /// Refuses a message of an authenticated peer for a reason that its reader found: too fast, no such address.
    pub async fn turn_away(&self, incoming: &Incoming, refusal: Refusal) -> Response<Bytes> {
        self.refuse(refusal, &ReplyTo::of(incoming), Trace::of(incoming)).await
    }

    /// Refuses under the seal without an entry, where entries are what a flood must not buy.
    pub fn wave_off(&self, incoming: &Incoming, refusal: &Refusal) -> Response<Bytes> {
        retry_later(seal::refusal(refusal, &ReplyTo::of(incoming), &*self.seal.get()).into_content())
    }

    /// Seals, logs and answers a refusal. A repeated id gets the receipt of the first message, where it is known.
    pub(crate) async fn refuse(&self, refusal: Refusal, to: &ReplyTo, mut trace: Trace) -> Response<Bytes> {
        tracing::info!(code = %refusal.code, consumer = %trace.consumer(), "refused");
        if refusal.code == RefusalCode::JournalUnavailable {
            return retry_later(seal::refusal(&refusal, to, &*self.seal.get()).into_content());
        }
        self.conceal(&refusal, to.since, &mut trace).await;
        let sealed = seal::refusal(&refusal, to, &*self.seal.get());
        let response = match outcome::log(sealed, &self.journal, &mut trace).await {
            Ok(logged) => match self.first_receipt(trace.first()).await {
                Some(first) => respond::attach(logged.into_parts().0, &first),
                None => respond::with(logged),
            },
            Err(unlogged) => seal::refusal(&unlogged, to, &*self.seal.get()).into_content(),
        };
        retry_later(response)
    }

    /// The receipt of a repeated id's first message; of one that an earlier process answered, from the log's files.
    async fn first_receipt(&self, first: &First) -> Option<Arc<Receipt>> {
        let index = match first {
            First::Receipt(receipt) => return Some(Arc::clone(receipt)),
            First::Entry(index) => *index,
            First::Unknown => return None,
        };
        let journal = self.journal.clone();
        match tokio::task::spawn_blocking(move || journal.prove(index)).await {
            Ok(Ok(receipt)) => Some(Arc::new(receipt)),
            Ok(Err(error)) => {
                tracing::error!(%error, index, "the first message's entry cannot be proved");
                None
            }
            Err(_panicked) => None,
        }
    }

    /// What must not tell "denied" from "absent" leaves the same entries, and takes the same time. The wait comes before the
    /// entry: until then the id is in progress for whoever repeats it, and shows nothing either.
    pub(crate) async fn conceal(&self, refusal: &Refusal, since: Instant, trace: &mut Trace) {
        if refusal.code != RefusalCode::NotAvailable {
            return;
        }
        if !trace.has_intent() {
            self.pretend_to_ask(trace).await;
        }
        tokio::time::sleep_until(since + self.settings.concealment).await;
    }

    /// What must look like an absent subject also leaves the entry that asking for one would have left.
    async fn pretend_to_ask(&self, trace: &mut Trace) {
        if let Some(draft) = trace.pretended_intent()
            && let Ok(intent) = self.journal.append(draft).await
        {
            trace.intended(&intent);
        }
    }
}

/// Who is refused for a passing reason is told when to come back (RFC 9110 §10.2.3).
fn retry_later(mut response: Response<Bytes>) -> Response<Bytes> {
    if response.extensions().get::<RefusalCode>().is_some_and(|code| matches!(code.text().status, 429 | 503)) {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
