//! The headers of X-Road's message protocol 4.0, as the broker's door compares them and the X-Road door needs them.

use crate::{Element, Envelope, EnvelopeError, ns};

use super::EnvelopeProblem;
use super::error::{at, name};

/// The X-Road headers of a message. `None` stands for one that is not there. `Debug` shows no text.
#[derive(Clone, Default)]
pub struct XRoadHeaders<'d> {
    /// Who asks.
    pub client: Option<Identifier<'d>>,
    /// What is asked.
    pub service: Option<Identifier<'d>>,
    /// The security server that is addressed.
    pub security_server: Option<Identifier<'d>>,
    /// The message's id.
    pub id: Option<String>,
    /// Who acts.
    pub user_id: Option<String>,
    /// The case.
    pub issue: Option<String>,
    /// `4.0`, or another of version 4.
    pub protocol_version: Option<String>,
    /// The party that the client represents.
    pub represented_party: Option<RepresentedParty>,
    /// All blocks of X-Road, in their order: what an answer echoes.
    pub blocks: Vec<Element<'d>>,
}

/// An identifier: `objectType`, and the parts that are there, in order. `Debug` shows it: identifiers are not personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier<'d> {
    /// `MEMBER`, `SUBSYSTEM`, `SERVICE` or `SERVER`.
    pub object_type: &'d str,
    /// The national domain.
    pub instance: String,
    /// The member's class.
    pub member_class: String,
    /// The member's code.
    pub member_code: String,
    /// The subsystem's code.
    pub subsystem_code: Option<String>,
    /// The service's code.
    pub service_code: Option<String>,
    /// The service's version.
    pub service_version: Option<String>,
    /// The security server's code.
    pub server_code: Option<String>,
}

/// `repr:representedParty`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepresentedParty {
    /// The class of the party, where it has one.
    pub party_class: Option<String>,
    /// Its code.
    pub party_code: String,
}

impl std::fmt::Debug for XRoadHeaders<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "XRoadHeaders({:?}, {:?}, {} blocks)", self.client, self.service, self.blocks.len())
    }
}

impl<'d> XRoadHeaders<'d> {
    /// Reads the headers, in any order. A header that says nothing is as good as none; one that stands twice, or that the
    /// protocol does not know, is refused.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn read(envelope: &Envelope<'d>) -> Result<Self, EnvelopeError> {
        Self::among(envelope.headers.iter().copied())
    }

    /// The same among these header blocks.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn among(blocks: impl Iterator<Item = Element<'d>>) -> Result<Self, EnvelopeError> {
        let mut read = Self::default();
        for block in blocks.filter(|block| is_header(*block)) {
            if read.blocks.iter().any(|before| before.is(block.namespace(), block.local())) {
                return Err(at(block, EnvelopeProblem::Repeated(name(block))));
            }
            read.blocks.push(block);
            match block.local() {
                "representedParty" => read.represented_party = Some(represented_party(block)?),
                "client" => read.client = Some(identifier(block)?),
                "service" => read.service = Some(identifier(block)?),
                "securityServer" => read.security_server = Some(identifier(block)?),
                "id" => read.id = text(block)?,
                "userId" => read.user_id = text(block)?,
                "issue" => read.issue = text(block)?,
                "protocolVersion" => read.protocol_version = text(block)?,
                // An answer's; in a request it is replaced, so it is not read.
                "requestHash" => {}
                _ => return Err(at(block, EnvelopeProblem::Unexpected(name(block)))),
            }
        }
        Ok(read)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }
}

impl Identifier<'_> {
    /// The parts joined with `/`, as in our own identifiers.
    #[must_use]
    pub fn joined(&self) -> String {
        let rest = [&self.subsystem_code, &self.service_code, &self.service_version, &self.server_code];
        let mut joined = [self.instance.as_str(), &self.member_class, &self.member_code].join("/");
        for part in rest.into_iter().flatten() {
            joined.push('/');
            joined.push_str(part);
        }
        joined
    }
}

/// Whether a header block is one of X-Road's.
#[must_use]
pub fn is_header(block: Element<'_>) -> bool {
    block.namespace() == ns::XROAD || block.is(ns::XROAD_REP, "representedParty")
}

fn text(block: Element<'_>) -> Result<Option<String>, EnvelopeError> {
    Ok(Some(block.text()?.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn identifier(block: Element<'_>) -> Result<Identifier<'_>, EnvelopeError> {
    let wrong = |expected| at(block, EnvelopeProblem::Value(name(block), expected));
    let object_type = block.attribute(ns::XROAD_ID, "objectType").ok_or_else(|| wrong("the attribute objectType"))?;
    let mut parts = Parts::of(block, ns::XROAD_ID)?;
    let identifier = Identifier {
        object_type,
        instance: parts.required("xRoadInstance")?,
        member_class: parts.required("memberClass")?,
        member_code: parts.required("memberCode")?,
        subsystem_code: parts.optional("subsystemCode")?,
        service_code: parts.optional("serviceCode")?,
        service_version: parts.optional("serviceVersion")?,
        server_code: parts.optional("serverCode")?,
    };
    parts.end()?;
    let Identifier { subsystem_code, service_code, service_version, server_code, .. } = &identifier;
    let has = (subsystem_code.is_some(), service_code.is_some(), server_code.is_some());
    let fits = match object_type {
        "MEMBER" => has == (false, false, false),
        "SUBSYSTEM" => has == (true, false, false),
        "SERVICE" => has.1 && !has.2,
        "SERVER" => has == (false, false, true),
        _ => return Err(wrong("objectType MEMBER, SUBSYSTEM, SERVICE or SERVER")),
    };
    if fits && (service_version.is_none() || has.1) {
        Ok(identifier)
    } else {
        Err(wrong("the parts of its objectType, and no other"))
    }
}

fn represented_party(block: Element<'_>) -> Result<RepresentedParty, EnvelopeError> {
    let mut parts = Parts::of(block, ns::XROAD_REP)?;
    let party =
        RepresentedParty { party_class: parts.optional("partyClass")?, party_code: parts.required("partyCode")? };
    parts.end()?;
    Ok(party)
}

/// Text elements of one namespace, in order.
struct Parts<'d> {
    parent: Element<'d>,
    namespace: &'static str,
    left: std::iter::Peekable<std::vec::IntoIter<Element<'d>>>,
}

impl<'d> Parts<'d> {
    fn of(parent: Element<'d>, namespace: &'static str) -> Result<Self, EnvelopeError> {
        super::no_text(parent)?;
        let children: Vec<_> = parent.children().collect();
        Ok(Self { parent, namespace, left: children.into_iter().peekable() })
    }

    fn optional(&mut self, local: &'static str) -> Result<Option<String>, EnvelopeError> {
        let Some(element) = self.left.next_if(|child| child.is(self.namespace, local)) else { return Ok(None) };
        match text(element)? {
            Some(text) => Ok(Some(text)),
            None => Err(at(element, EnvelopeProblem::Empty(local.to_owned()))),
        }
    }

    fn required(&mut self, local: &'static str) -> Result<String, EnvelopeError> {
        self.optional(local)?.ok_or_else(|| at(self.parent, EnvelopeProblem::Missing(local)))
    }

    fn end(mut self) -> Result<(), EnvelopeError> {
        match self.left.next() {
            None => Ok(()),
            Some(more) => Err(at(more, EnvelopeProblem::Unexpected(name(more)))),
        }
    }
}
