//! Who is there and what may be asked of whom: `listClients` (PR-META 2), `listMethods` and `allowedMethods` (PR-META 3 over
//! SOAP, PR-MREST 4 over REST), from the broker's lists.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use bytes::Bytes;
use http::{Response, StatusCode};
use mohur_client::Offered;
use mohur_http::Request;
use mohur_soap::ns;
use serde_json::{Value as Json, json};

use super::Door;
use super::asking::{Failed, told};
use super::handler::typed;
use super::rest::rest_document;
use super::soap::soap_answer;
use crate::identifier::{ClientId, ServiceCode, percent_decoded};
use crate::mapping::{Place, Segment};
use crate::rest::RestHead;
use crate::soap::{SoapEntity, SoapMessage, escaped};
use crate::vocabulary::{Code, XRoadError};

const METASERVICES: [&str; 5] = ["listMethods", "allowedMethods", "getWsdl", "getOpenAPI", "listClients"];

const JSON: &str = "application/json;charset=utf-8";

/// Services with the endpoints that their mappings name.
type Methods = BTreeMap<ServiceCode, BTreeSet<(String, String)>>;

impl Door {
    /// `GET /listClients[?xRoadInstance=…]`
    pub(super) async fn list_clients(&self, request: &Request) -> Response<Bytes> {
        let caller = self.callers.now();
        let listed = match caller.members().await {
            Ok(listed) => listed,
            Err(error) => return self.told(request, &told(&error), None),
        };
        let instance = parameter(request, "xRoadInstance").unwrap_or_else(|| caller.me.instance().to_owned());
        let clients: BTreeSet<ClientId> = listed.iter().map(|member| ClientId::from(&member.id)).collect();
        let owners = clients.iter().map(|client| ClientId { subsystem_code: None, ..client.clone() });
        let all: BTreeSet<ClientId> = owners.chain(clients.iter().cloned()).collect();
        let all: Vec<_> = all.into_iter().filter(|client| client.instance == instance).collect();
        if accepts_json(request) {
            let members: Vec<Json> = all.iter().map(|client| json!({ "id": client_json(client) })).collect();
            return typed(StatusCode::OK, JSON, json!({ "member": members }).to_string().into());
        }
        typed(StatusCode::OK, "text/xml;charset=UTF-8", client_list(&all).into())
    }

    /// `listMethods` and `allowedMethods` over SOAP.
    pub(super) async fn methods_by_soap(
        &self,
        message: &SoapMessage<'_>,
        entity: &SoapEntity,
        allowed: bool,
    ) -> Result<Response<Bytes>, Failed> {
        let headers = &message.headers;
        let methods = self.methods(&headers.client, &headers.service.owner, false, allowed).await?;
        let name = &headers.service.code;
        let mut payload = format!("<xrd:{name}Response xmlns:xrd=\"{}\" xmlns:id=\"{}\">", ns::XROAD, ns::XROAD_ID);
        for service in methods.keys() {
            payload.push_str("<xrd:service id:objectType=\"SERVICE\">");
            identifier(&mut payload, "id", &service.owner);
            element(&mut payload, "id:serviceCode", &service.code);
            if let Some(version) = &service.version {
                element(&mut payload, "id:serviceVersion", version);
            }
            payload.push_str("</xrd:service>");
        }
        let _ = write!(payload, "</xrd:{name}Response>");
        Ok(soap_answer(message, entity, &payload))
    }

    /// `listMethods` and `allowedMethods` over REST.
    pub(super) async fn methods_by_rest(&self, head: &RestHead, allowed: bool) -> Result<Response<Bytes>, Failed> {
        let methods = self.methods(&head.client, &head.service.owner, true, allowed).await?;
        let service = |(service, endpoints): (&ServiceCode, &BTreeSet<(String, String)>)| {
            let mut json = client_json(&service.owner);
            let endpoints: Vec<Json> =
                endpoints.iter().map(|(method, path)| json!({ "method": method, "path": path })).collect();
            if let Some(members) = json.as_object_mut() {
                members.insert("object_type".to_owned(), json!("SERVICE"));
                members.insert("service_code".to_owned(), json!(service.code));
                members.insert("service_type".to_owned(), json!("REST"));
                members.insert("endpoint_list".to_owned(), json!(endpoints));
            }
            json
        };
        let services: Vec<Json> = methods.iter().map(service).collect();
        Ok(rest_document(head, JSON, json!({ "service": services }).to_string()))
    }

    /// What an owner offers, under the names that this client may use here. Without a mapping a service can be used where
    /// such messages may go as a whole.
    async fn methods(
        &self,
        client: &ClientId,
        owner: &ClientId,
        is_rest: bool,
        allowed: bool,
    ) -> Result<Methods, XRoadError> {
        let member = self.owner(owner)?;
        let offered = self.callers.now().services(&member, allowed).await.map_err(|error| told(&error))?;
        let unknown = || XRoadError::door(Code::UNKNOWN_MEMBER, "there is no member of that name");
        let offered = offered.ok_or_else(unknown)?;
        let mut methods = Methods::new();
        let mine = |mapping: &&crate::mapping::Mapping| {
            mapping.asked.owner == *owner && mapping.clients.contains(client) && mapping.place.is_rest() == is_rest
        };
        for mapping in self.mappings.all().iter().filter(mine) {
            if offered.iter().any(|each| each.service == mapping.service) {
                methods.entry(mapping.asked.clone()).or_default().extend(endpoint(&mapping.place));
            }
        }
        if !allowed || self.settings.unmapped.is_some() {
            let mapped: BTreeSet<_> = self.mappings.all().iter().filter(mine).map(|mapping| &mapping.service).collect();
            for Offered { service, .. } in offered.iter().filter(|each| !mapped.contains(&each.service)) {
                let version = (!is_rest).then(|| service.service_version().to_owned());
                let code = service.service_code().to_owned();
                methods.entry(ServiceCode { owner: owner.clone(), code, version }).or_default();
            }
        }
        methods.retain(|service, _| !METASERVICES.contains(&service.code.as_str()));
        Ok(methods)
    }
}

/// The endpoint of a REST mapping, as PR-MREST writes it.
fn endpoint(place: &Place) -> Option<(String, String)> {
    let Place::Rest(method, segments) = place else { return None };
    let text = |segment: &Segment| match segment {
        Segment::Fixed(text) => format!("/{text}"),
        Segment::Named(_) => "/*".to_owned(),
        Segment::Rest => "/**".to_owned(),
    };
    Some((method.clone(), segments.iter().map(text).collect()))
}

/// A parameter of the query.
pub(super) fn parameter(request: &Request, name: &str) -> Option<String> {
    let pairs = request.parts.uri.query().unwrap_or_default().split('&');
    let value = pairs.filter_map(|pair| pair.split_once('=')).find(|(given, _)| *given == name)?.1;
    percent_decoded(value).filter(|value| !value.is_empty())
}

fn accepts_json(request: &Request) -> bool {
    let accepted = request.parts.headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted
        .flat_map(|value| value.split(','))
        .any(|range| range.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json"))
}

fn client_json(client: &ClientId) -> Json {
    let mut json = json!({
        "object_type": client.object_type(),
        "xroad_instance": client.instance,
        "member_class": client.member_class,
        "member_code": client.member_code,
    });
    if let (Some(subsystem), Some(members)) = (&client.subsystem_code, json.as_object_mut()) {
        members.insert("subsystem_code".to_owned(), json!(subsystem));
    }
    json
}

fn client_list(clients: &[ClientId]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xrd:clientList xmlns:xrd=\"{}\" xmlns:id=\"{}\">",
        ns::XROAD,
        ns::XROAD_ID
    );
    for client in clients {
        let _ = write!(out, "<xrd:member><xrd:id id:objectType=\"{}\">", client.object_type());
        identifier(&mut out, "id", client);
        out.push_str("</xrd:id></xrd:member>");
    }
    out.push_str("</xrd:clientList>");
    out
}

/// The codes of a client as elements.
pub(super) fn identifier(out: &mut String, prefix: &str, client: &ClientId) {
    for (name, code) in ["xRoadInstance", "memberClass", "memberCode", "subsystemCode"].into_iter().zip(client.codes())
    {
        element(out, &format!("{prefix}:{name}"), code);
    }
}

pub(super) fn element(out: &mut String, name: &str, text: &str) {
    let _ = write!(out, "<{name}>{}</{name}>", escaped(text));
}
