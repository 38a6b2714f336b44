//! An owner's sealed answer about a document is itself a signed electronic document. Whoever is handed it judges it by the
//! directory alone: whose it is, what it says, and that nobody has changed it.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use mohur_client::Caller;
use mohur_message::{SealedAnswer, TrustedKeys};
use mohur_transparency::{LogKey, Receipt};
use serde_json::{Value as Json, json};

/// Somebody who never asked is handed a sealed answer, and verifies it without asking anybody.
pub(crate) fn handed_on(to: &Caller, sealed: &str) -> Result<(), String> {
    let document = verified(to, sealed).ok_or("a sealed answer that was handed on is not believed")?;
    // With a field less it is still the owner's word; with another value it is nobody's.
    let first = document.fields().keys().next().cloned();
    let less = verified(to, &document.release(|name| Some(name) != first.as_ref()));
    if less.is_none_or(|less| less.fields().len() + 1 != document.fields().len()) {
        return Err("a document with a field less is not believed".to_owned());
    }
    match verified(to, &forged(sealed)) {
        None => Ok(()),
        Some(_) => Err("a forged document is believed".to_owned()),
    }
}

/// The receipt that came with it proves its place in the log to them, too.
pub(crate) fn receipted(to: &Caller, header: &str) -> Result<(), String> {
    let broker = to.directory().broker_of(&to.me).ok_or("no broker")?;
    let key: LogKey = broker.log.key.parse().map_err(|error| format!("{error}"))?;
    let receipt = Receipt::from_header(header).map_err(|error| error.to_string())?;
    receipt.verify(&key).map(drop).map_err(|error| error.to_string())
}

fn verified(by: &Caller, text: &str) -> Option<SealedAnswer> {
    let keys = TrustedKeys::new(|key_id| by.directory().seal(key_id), by.trust(), by.clock.now());
    SealedAnswer::verify(text, &keys).ok()
}

/// The same with another value, as well as somebody without the owner's key can do it.
fn forged(sealed: &str) -> String {
    let disclosure = |text: &str| {
        let parts: Vec<Json> = serde_json::from_slice(&BASE64.decode(text).ok()?).ok()?;
        let [salt, name, _] = parts.as_slice() else { return None };
        Some(BASE64.encode(json!([salt, name, "forged"]).to_string()))
    };
    let parts = sealed.split('~').map(|part| disclosure(part).unwrap_or_else(|| part.to_owned()));
    parts.collect::<Vec<_>>().join("~")
}
