//! A caller that speaks SOAP: it signs with its seal, sends over mutual TLS, and believes no answer that does not prove
//! itself.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use http::{Request, Response};
use mohur_client::{Caller, Question};
use mohur_crypto::{Digest, sha256};
use mohur_message::ws_security::{VerifiedEnvelope, sign_envelope, verify_envelope};
use mohur_message::{Evidence, SealedAnswer, SentOpening, TrustedKeys};
use mohur_soap::message::{self, Answered, BundleRequest, Poll, Readable};
use mohur_soap::{Document, Envelope, Limits, Version, c14n, fault, ns};
use mohur_transparency::{LogKey, Receipt, VerifiedReceipt};
use mohur_wire::answer::Finding;
use mohur_wire::bundle::BundleAnswer;
use mohur_wire::{Arrival, MessageId, Query, RefusalCode, Timestamp};

use crate::Bundled;

/// An envelope, signed and not yet sent. A test can spoil it.
#[derive(Clone)]
pub struct Enveloped {
    /// Which SOAP.
    pub version: Version,
    /// What goes into Content-Type.
    pub content_type: String,
    /// What is sent.
    pub body: Bytes,
    /// The envelope as it was signed.
    pub envelope: String,
}

/// What came back, under the broker's seal and with a receipt that proves it.
#[derive(Debug)]
pub struct SoapAnswer {
    /// What it says.
    pub said: Said,
    /// Whether it confirms the signature of what was sent.
    pub confirms: bool,
    /// The receipt, which commits to the body as it came; a repeated id's is the first message's.
    pub receipt: Option<VerifiedReceipt>,
    /// The HTTP response.
    pub response: Response<Bytes>,
}

/// The three things that a broker says.
#[derive(Debug)]
pub enum Said {
    /// An answer, with the owner's seal verified.
    Answer(Answered, Box<SealedAnswer>),
    /// How far a bundle has come.
    Bundle(BundleAnswer, Readable),
    /// A refusal, with the id that it names.
    Refused(mohur_wire::Refusal, Option<String>),
}

impl Enveloped {
    /// Signs a question under a fresh id, as SOAP 1.1.
    pub fn new(caller: &Caller, question: Question) -> Self {
        Self::of(caller, &caller.query(question, Caller::fresh_id().unwrap()))
    }

    /// Signs a query as it is.
    pub fn of(caller: &Caller, query: &Query) -> Self {
        Self::signed(caller, Version::Soap11, &message::query_xml(query), "")
    }

    /// Signs a bundle: the digests in the Body, the openings beside it.
    pub fn bundle(caller: &Caller, bundled: &Bundled) -> Self {
        let (definition, version) = bundled.service.split_once('@').unwrap();
        let request = BundleRequest {
            id: bundled.id.clone(),
            caller: caller.me.clone(),
            definition: definition.parse().unwrap(),
            version: version.parse().unwrap(),
            digests: bundled.digests.iter().map(|digest| digest.0).collect(),
        };
        let openings = message::openings_xml(&bundled.strings);
        Self::signed(caller, Version::Soap11, &message::bundle_xml(&request), &openings)
    }

    /// Signs a question for how far a bundle has come.
    pub fn poll(caller: &Caller, bundle: &MessageId) -> Self {
        let poll = Poll { id: Caller::fresh_id().unwrap(), caller: caller.me.clone(), bundle: bundle.clone() };
        Self::signed(caller, Version::Soap11, &message::poll_xml(&poll), "")
    }

    /// Signs any payload, with header blocks that are not covered.
    pub fn signed(caller: &Caller, version: Version, payload: &str, headers: &str) -> Self {
        Self::signed_at(caller, version, payload, headers, caller.clock.now())
    }

    /// The same at any time.
    pub fn signed_at(caller: &Caller, version: Version, payload: &str, headers: &str, created: Timestamp) -> Self {
        let envelope = sign_envelope(version, payload, headers, &*caller.seal, created, None).unwrap();
        let (content_type, body) = (version.content_type().to_owned(), Bytes::from(envelope.clone()));
        Self { version, content_type, body, envelope }
    }

    /// The same with a text in the place of another, unsigned.
    #[must_use]
    pub fn spoiled(mut self, from: &str, to: &str) -> Self {
        assert!(self.envelope.contains(from), "{from} is not there to be spoiled");
        self.envelope = self.envelope.replacen(from, to, 1);
        self.body = Bytes::from(self.envelope.clone());
        self
    }

    /// The request.
    pub fn request(&self, caller: &Caller) -> Request<Bytes> {
        let authority = &caller.directory().broker_of(&caller.me).unwrap().authority;
        let request = Request::post(format!("https://{authority}/soap")).header("content-type", &self.content_type);
        // A lie that nobody may believe: what is asked stands in the Body.
        request.header("soapaction", "\"urn:mohur:exchange:1:poll\"").body(self.body.clone()).unwrap()
    }

    /// Sends it, and takes the response as it comes.
    pub async fn raw(&self, caller: &Caller) -> Response<Bytes> {
        caller.http.send(self.request(caller), caller.patience).await.unwrap().response
    }

    /// Sends it, and verifies everything about what comes back.
    pub async fn send(&self, caller: &Caller) -> SoapAnswer {
        self.check(caller, self.raw(caller).await)
    }

    /// Sends it; it must be answered, with everything verified.
    pub async fn answered(&self, caller: &Caller) -> SealedAnswer {
        match self.send(caller).await.said {
            Said::Answer(_, sealed) => *sealed,
            other @ (Said::Bundle(..) | Said::Refused(..)) => panic!("an answer was expected, not {other:?}"),
        }
    }

    /// Sends it; it must be refused under the broker's seal, and logged.
    pub async fn refusal(&self, caller: &Caller) -> RefusalCode {
        self.send(caller).await.code()
    }

    /// Verifies a response to this envelope.
    pub fn check(&self, caller: &Caller, response: Response<Bytes>) -> SoapAnswer {
        let text = std::str::from_utf8(response.body()).unwrap().to_owned();
        assert_eq!(response.headers()["content-type"], self.version.content_type(), "{text}");
        let said = verified(caller, &text, |answer| self.said(caller, &answer));
        let confirmed = verified(caller, &text, |answer| answer.confirmed().map(<[u8]>::to_vec));
        let confirms = confirmed.is_some_and(|value| Some(value) == self.signature());
        let status = response.status().as_u16();
        let code = match &said {
            Said::Refused(refusal, _) => {
                assert_eq!(status, fault::http_status(self.version, refusal.code), "{refusal}");
                Some(refusal.code)
            }
            Said::Answer(..) | Said::Bundle(..) => {
                assert!(status == 200 && confirms, "an answer confirms what was asked");
                None
            }
        };
        let receipt = response.headers().get("mohur-receipt").map(|header| {
            let broker = caller.directory().broker_of(&caller.me).unwrap();
            let receipt = Receipt::from_header(header.to_str().unwrap()).unwrap();
            let receipt = receipt.verify(&broker.log.key.parse::<LogKey>().unwrap()).unwrap();
            assert_eq!(receipt.leaf().consumer, caller.me);
            let is_own = code != Some(RefusalCode::Replayed);
            assert!(!is_own || receipt.opens("answer", sha256(response.body()).as_bytes()), "of this very body");
            receipt
        });
        assert_eq!(receipt.is_some(), code != Some(RefusalCode::JournalUnavailable), "{code:?}: logged");
        SoapAnswer { said, confirms, receipt, response }
    }

    fn said(&self, caller: &Caller, answer: &VerifiedEnvelope<'_>) -> Said {
        let home = caller.directory().broker_of(&caller.me).unwrap();
        assert_eq!((answer.signer(), answer.version()), (&home.id, self.version));
        let payload = answer.payload();
        if let Some(told) = fault::read(self.version, payload).unwrap() {
            return Said::Refused(told.refusal, told.id);
        }
        if payload.is(ns::MOHUR, "bundleAnswer") {
            let (_, bundle, readable) = message::bundle_answer(payload).unwrap();
            return Said::Bundle(bundle, readable);
        }
        let answered = message::answer(payload).unwrap();
        let now = Arrival(caller.clock.now());
        let domain = caller.domains.named(answered.service.owner().instance(), now.0).unwrap();
        let owners = TrustedKeys::new(|key_id| caller.domains.seal(domain, key_id), &domain.trust, now.0);
        let sealed = SealedAnswer::verify(&answered.sealed.0, &owners).unwrap();
        assert_eq!((sealed.issuer(), sealed.service()), (answered.service.owner(), &answered.service));
        assert_eq!(*sealed.query_digest(), self.opening(), "the owner answers the octets that were signed");
        match &answered.finding {
            Finding::Found(fields) => assert_eq!(fields, sealed.fields(), "what can be read is what was sealed"),
            Finding::Absent => assert!(!sealed.is_found()),
        }
        Said::Answer(answered, Box::new(sealed))
    }

    /// SHA-256 of the canonical octets of the Body, whatever else was signed and how.
    pub fn opening(&self) -> Digest {
        let document = Document::parse(&self.envelope, &Limits::default()).unwrap();
        let envelope = Envelope::read(&document).unwrap();
        sha256(&c14n::exclusive(envelope.body, &[]).unwrap())
    }

    /// The value of the signature; none where there is no envelope any more.
    pub fn signature(&self) -> Option<Vec<u8>> {
        let document = Document::parse(&self.envelope, &Limits::default()).ok()?;
        let value = document.root().descendants().find(|element| element.is(ns::DS, "SignatureValue"))?;
        BASE64_STANDARD.decode(value.text().ok()?.as_bytes()).ok()
    }

    /// What an honest broker would forward: the opening of a single query, and the caller's signature.
    pub fn evidence(&self, caller: &Caller) -> (SentOpening, Evidence) {
        verified(caller, &self.envelope, |sent| (sent.opening(), sent.evidence()))
    }

    /// The same for a bundle: with the Body that lists the digests.
    pub fn bundle_evidence(&self, caller: &Caller) -> Evidence {
        verified(caller, &self.envelope, |sent| sent.bundle_evidence())
    }
}

impl SoapAnswer {
    /// The code of the refusal that this must be.
    pub fn code(&self) -> RefusalCode {
        match &self.said {
            Said::Refused(refusal, _) => refusal.code,
            other @ (Said::Answer(..) | Said::Bundle(..)) => panic!("a refusal was expected, not {other:?}"),
        }
    }

    /// The report on a bundle that this must be.
    pub fn bundle(&self) -> (&BundleAnswer, &Readable) {
        match &self.said {
            Said::Bundle(answer, readable) => (answer, readable),
            other @ (Said::Answer(..) | Said::Refused(..)) => panic!("a bundle's report was expected, not {other:?}"),
        }
    }
}

fn keys(caller: &Caller, at: Arrival) -> impl mohur_message::KeySource + '_ {
    TrustedKeys::new(|key_id| caller.directory().seal(key_id), caller.trust(), at.0)
}

/// Parses, verifies and reads an envelope that somebody of the directory signed.
fn verified<T>(caller: &Caller, text: &str, read: impl FnOnce(VerifiedEnvelope<'_>) -> T) -> T {
    let now = Arrival(caller.clock.now());
    let document = Document::parse(text, &Limits::default()).unwrap();
    let envelope = Envelope::read(&document).unwrap();
    read(
        verify_envelope(envelope, &[], &keys(caller, now), &[], now, 60)
            .unwrap_or_else(|refusal| panic!("{refusal}: {text}")),
    )
}
