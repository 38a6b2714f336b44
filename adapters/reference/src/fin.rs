//! The FIN service: OSIA v7.1 UIN 1.2 (`POST /v1/uin`) for issuing, and what OSIA has no interface for: links between
//! identity files, the queue of those who decide them, and notices.
//!
//! | | Scope | Does |
//! |---|---|---|
//! | `POST /v1/uin?transactionId=` | `uin.generate` | issues a FIN; with the attribute `distinct`, also `uin.generate.distinct` |
//! | `POST /v1/matches` | `fin.match.write` | takes a biometric comparison as a fact |
//! | `POST /v1/links/search` | `fin.link.read` | the links of a FIN |
//! | `POST /v1/identities/search` | `fin.identity.search` | how many files have the same or a similar identity, and how many of those have a yellow or a red link |
//! | `GET /v1/links`, `GET /v1/links/{id}` | `fin.link.adjudicate` | the queue, and one link with both files |
//! | `POST /v1/links/{id}/decisions` | `fin.link.adjudicate` | takes an officer's signed decision |
//! | `GET /v1/notices?to=` | `fin.notice.read` | what a member or a person is told |

use futures_util::future::join_all;
use http::{Method, StatusCode};
use mohur_chain::Trust;
use mohur_identity::rules::{Biometric, Colour};
use mohur_identity::{Book, BookError, Identity, Link, Match, Panel, Sex};
use mohur_wire::subject::DocumentKey;
use mohur_wire::{Fin, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::country;
use crate::web::{self, Call, Sent};
use crate::{Citizen, Country, Faults};

const JSON: &str = "application/json";
const NAMES: &str = "a family name and a given name, a date of birth YYYY-MM-DD";

/// Where the book lies, and who decides.
pub(crate) struct FinDesk {
    pub(crate) book: Book,
    /// Without one no decision counts.
    pub(crate) trust: Option<Trust>,
    pub(crate) panel: Panel,
}

type Outcome = Result<Sent, Sent>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reported {
    one: Fin,
    other: Fin,
    biometric: Biometric,
    engine: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByNumber {
    uin: Fin,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ByName {
    name: String,
    date_of_birth: String,
}

/// OSIA's dictionary of attributes, with the names that the other OSIA registers use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Attributes {
    first_name: String,
    last_name: String,
    patronymic: Option<String>,
    date_of_birth: String,
    gender: Option<Sex>,
    document_state: Option<String>,
    document_type: Option<String>,
    document_number: Option<String>,
    #[serde(default)]
    distinct: bool,
}

impl FinDesk {
    /// Takes the country's identity files over; two of its people are linked already, and two more share a document.
    pub(crate) async fn adopt(&self, country: &Country, now: Timestamp) -> Result<(), BookError> {
        for citizens in country.citizens().chunks(250) {
            let adopted = join_all(
                citizens
                    .iter()
                    .map(|citizen| async { self.book.adopt(citizen.fin, &identity(country, citizen), now).await }),
            );
            adopted.await.into_iter().try_for_each(|adopted| adopted.map(drop))?;
        }
        let second = |citizen| Some((citizen, country.first_number_of(citizen)?, Biometric::Same));
        let shared = |citizen| Some((citizen, country.sharer_of(citizen)?, Biometric::Missing));
        let pairs = country.citizens().iter().filter_map(|citizen| second(citizen).or_else(|| shared(citizen)));
        for (one, other, biometric) in pairs {
            let engine = "AZ/GOV/MIA/finger".to_owned();
            self.book.report(&Match { one: one.fin, other: other.fin, biometric, engine }, now).await?;
        }
        Ok(())
    }
}

/// The identity for which a citizen's number was issued.
fn identity(country: &Country, citizen: &Citizen) -> Identity {
    let (family_name, given_name, birth_date) = citizen.recorded();
    let holder = country.sharer_of(citizen).unwrap_or(citizen);
    let number = holder.population.card.as_ref().and_then(|card| card.parse().ok());
    let parts = ("AZE".parse().ok(), "I".parse().ok(), number);
    let document = match parts {
        (Some(issuing_state), Some(kind), Some(number)) => Some(DocumentKey { issuing_state, kind, number }),
        _ => None,
    };
    Identity {
        family_name: family_name.to_owned(),
        given_name: given_name.to_owned(),
        patronymic: Some(citizen.patronymic.clone()),
        birth_date,
        sex: Some(if citizen.sex == country::Sex::Male { Sex::M } else { Sex::F }),
        document,
    }
}

/// Answers one request.
pub(crate) async fn answer(desk: &FinDesk, country: &Country, call: &Call<'_>, faults: Faults, now: Timestamp) -> Sent {
    let outcome = match (call.segments().as_slice(), call.method) {
        (["v1", "uin"], &Method::POST) => generate(desk, call, now).await,
        (["v1", "matches"], &Method::POST) => report(desk, call, now).await,
        (["v1", "links", "search"], &Method::POST) => links(desk, country, call, faults).await,
        (["v1", "identities", "search"], &Method::POST) => search(desk, call, faults).await,
        (["v1", "links"], &Method::GET) => queue(desk, call).await,
        (["v1", "links", id], &Method::GET) => show(desk, id, call).await,
        (["v1", "links", _, "decisions"], &Method::POST) => decide(desk, call, now).await,
        (["v1", "notices"], &Method::GET) => notices(desk, call).await,
        (["v1", "health"], &Method::GET) => Ok(web::empty(StatusCode::NO_CONTENT)),
        (["v1", "uin" | "matches"] | ["v1", "links" | "identities", "search"] | ["v1", "links", _, "decisions"], _) => {
            Err(web::only("POST"))
        }
        (["v1", "links" | "notices" | "health"] | ["v1", "links", _], _) => Err(web::only("GET")),
        _ => Err(web::empty(StatusCode::NOT_FOUND)),
    };
    outcome.unwrap_or_else(|refusal| refusal)
}

/// OSIA `generateUIN`.
async fn generate(desk: &FinDesk, call: &Call<'_>, now: Timestamp) -> Outcome {
    call.allow(&["uin.generate"])?;
    let Some(transaction) = call.parameter("transactionId").filter(|id| !id.is_empty() && id.len() <= 200) else {
        return Err(invalid("transactionId is required, once, with at most 200 bytes"));
    };
    let given: Attributes = body(call, "firstName, lastName, dateOfBirth and what else this register knows")?;
    if given.distinct {
        call.allow(&["uin.generate.distinct"])?;
    }
    let is_distinct = given.distinct;
    let identity = given.identity()?;
    let fin = desk.book.issue(transaction, &identity, is_distinct, now).await.map_err(failed)?;
    Ok(web::json(StatusCode::OK, JSON, &fin))
}

impl Attributes {
    fn identity(self) -> Result<Identity, Sent> {
        let birth_date = self.date_of_birth.parse().map_err(|_| invalid(NAMES))?;
        let names = [Some(&self.first_name), Some(&self.last_name), self.patronymic.as_ref()];
        // A name without letters would be found by nobody.
        let is_name = |name: &&String| name.len() <= 200 && !mohur_wire::names::fold(name).0.is_empty();
        if !names.into_iter().flatten().all(|name| is_name(&name)) {
            return Err(invalid(NAMES));
        }
        let document = match (self.document_state, self.document_type, self.document_number) {
            (Some(state), Some(kind), Some(number)) => {
                let key = (state.parse().ok(), kind.parse().ok(), number.parse().ok());
                let (Some(issuing_state), Some(kind), Some(number)) = key else {
                    return Err(invalid("a document as documentState, documentType and documentNumber of ICAO 9303"));
                };
                Some(DocumentKey { issuing_state, kind, number })
            }
            (None, None, None) => None,
            _ => return Err(invalid("a document needs documentState, documentType and documentNumber")),
        };
        let (family_name, given_name, patronymic) = (self.last_name, self.first_name, self.patronymic);
        Ok(Identity { family_name, given_name, patronymic, birth_date, sex: self.gender, document })
    }
}

async fn report(desk: &FinDesk, call: &Call<'_>, now: Timestamp) -> Outcome {
    call.allow(&["fin.match.write"])?;
    let Reported { one, other, biometric, engine } = body(call, "one, other, biometric and engine")?;
    let link = desk.book.report(&Match { one, other, biometric, engine }, now).await.map_err(failed)?;
    let told = link.map(|link| json!({ "id": link.id, "colour": link.colour, "article": link.article }));
    Ok(web::json(StatusCode::OK, JSON, &told))
}

async fn links(desk: &FinDesk, country: &Country, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["fin.link.read"])?;
    let ByNumber { uin } = body(call, "uin")?;
    if desk.book.file(uin).await.map_err(failed)?.is_none() {
        return Err(web::empty(StatusCode::NOT_FOUND));
    }
    let links = desk.book.links_of(uin).await.map_err(failed)?;
    let colours: Vec<_> = links.iter().map(|link| json!({ "colour": link.colour, "state": link.state })).collect();
    let named = country.neighbour(uin).filter(|_| faults.wrong_person).map_or(uin, |other| other.fin);
    let mut told = json!({ "uin": named, "links": colours });
    if faults.extra_fields
        && let Some(told) = told.as_object_mut()
    {
        told.insert("linkedWith".to_owned(), json!("not asked for"));
    }
    Ok(web::json(StatusCode::OK, JSON, &told))
}

/// A name as one text: where the family name ends is not known, so every place is tried.
async fn search(desk: &FinDesk, call: &Call<'_>, faults: Faults) -> Outcome {
    call.allow(&["fin.identity.search"])?;
    let ByName { name, date_of_birth } = body(call, "name and dateOfBirth")?;
    let birth_date = date_of_birth.parse().map_err(|_| invalid(NAMES))?;
    let words: Vec<&str> = name.split_whitespace().collect();
    let (mut same, mut similar) = (std::collections::BTreeSet::new(), std::collections::BTreeSet::new());
    for place in 1..words.len().min(8) {
        let (family_name, given_name) = words.split_at(place);
        let (family_name, given_name) = (family_name.join(" "), given_name.join(" "));
        let identity = Identity { family_name, given_name, patronymic: None, birth_date, sex: None, document: None };
        let found = desk.book.candidates(&identity).await.map_err(failed)?;
        same.extend(found.same);
        similar.extend(found.similar);
    }
    let mut linked = 0;
    for fin in same.union(&similar) {
        let links = desk.book.links_of(*fin).await.map_err(failed)?;
        linked += usize::from(links.iter().any(|link| matches!(link.colour, Colour::Yellow | Colour::Red)));
    }
    let similar = similar.difference(&same).count();
    let named = if faults.wrong_person { "Somebody Else" } else { name.as_str() };
    let mut told = json!({ "name": named, "dateOfBirth": date_of_birth, "same": same.len(), "similar": similar, "linked": linked });
    if faults.extra_fields
        && let Some(told) = told.as_object_mut()
    {
        told.insert("uins".to_owned(), json!(same));
    }
    Ok(web::json(StatusCode::OK, JSON, &told))
}

async fn queue(desk: &FinDesk, call: &Call<'_>) -> Outcome {
    call.allow(&["fin.link.adjudicate"])?;
    let brief = |link: &Link| {
        json!({
            "id": link.id, "colour": link.colour, "article": link.article, "state": link.state,
            "opened": link.opened, "facts": link.facts, "engine": link.engine,
            "officers": link.decisions.iter().map(|kept| &kept.officer).collect::<Vec<_>>(),
        })
    };
    let links = desk.book.queue().await.map_err(failed)?;
    Ok(web::json(StatusCode::OK, JSON, &links.iter().map(brief).collect::<Vec<_>>()))
}

async fn show(desk: &FinDesk, id: &str, call: &Call<'_>) -> Outcome {
    call.allow(&["fin.link.adjudicate"])?;
    let link = desk.book.link(id).await.map_err(failed)?.ok_or_else(|| web::empty(StatusCode::NOT_FOUND))?;
    let mut files = Vec::new();
    for fin in [link.one, link.other] {
        files.extend(desk.book.file(fin).await.map_err(failed)?);
    }
    Ok(web::json(StatusCode::OK, JSON, &json!({ "link": link, "files": files })))
}

async fn decide(desk: &FinDesk, call: &Call<'_>, now: Timestamp) -> Outcome {
    call.allow(&["fin.link.adjudicate"])?;
    let Some(trust) = &desk.trust else {
        return Err(described(StatusCode::CONFLICT, 1200, "no certificates of officers are trusted here"));
    };
    let statement = std::str::from_utf8(call.body).map_err(|_| invalid("a signed decision as application/jose"))?;
    let link = desk.book.decide(statement, trust, &desk.panel, now).await.map_err(failed)?;
    let told = json!({ "id": link.id, "colour": link.colour, "article": link.article, "state": link.state });
    Ok(web::json(StatusCode::OK, JSON, &told))
}

async fn notices(desk: &FinDesk, call: &Call<'_>) -> Outcome {
    call.allow(&["fin.notice.read"])?;
    let Some(to) = call.parameter("to") else { return Err(invalid("to is required, once")) };
    Ok(web::json(StatusCode::OK, JSON, &desk.book.notices(to).await.map_err(failed)?))
}

fn body<T: serde::de::DeserializeOwned>(call: &Call<'_>, expected: &'static str) -> Result<T, Sent> {
    if call.content_type != JSON {
        return Err(invalid("the body is application/json"));
    }
    // Twice the same name would be two attributes.
    let _: Map<String, Value> = serde_json::from_slice(call.body).map_err(|_| invalid(expected))?;
    serde_json::from_slice(call.body).map_err(|_| invalid(expected))
}

fn described(status: StatusCode, code: i32, message: &str) -> Sent {
    web::json(status, JSON, &json!({ "code": code, "message": message }))
}

fn invalid(expected: &str) -> Sent {
    described(StatusCode::BAD_REQUEST, 1000, expected)
}

/// OSIA's error structure; the texts carry nobody's data.
fn failed(error: BookError) -> Sent {
    let (status, code) = match &error {
        BookError::Ledger(_) | BookError::Record(_) => (StatusCode::INTERNAL_SERVER_ERROR, 1500),
        BookError::SameIdentity => (StatusCode::BAD_REQUEST, 1101),
        BookError::Transaction => (StatusCode::BAD_REQUEST, 1102),
        BookError::Itself => (StatusCode::BAD_REQUEST, 1103),
        BookError::Unknown(_) => (StatusCode::NOT_FOUND, 1104),
        BookError::Statement(_) => (StatusCode::CONFLICT, 1201),
        BookError::OtherFacts => (StatusCode::CONFLICT, 1202),
        BookError::NotBorne => (StatusCode::CONFLICT, 1203),
        BookError::Decided => (StatusCode::CONFLICT, 1204),
    };
    described(status, code, &error.to_string())
}

#[cfg(test)]
mod tests;
