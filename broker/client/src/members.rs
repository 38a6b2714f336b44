//! Who is there and what may be asked of whom: the broker's lists, for directories and portals. Nothing in them is about a
//! person, and nothing is released on their word: a list that lies is found out by the next query.

use bytes::Bytes;
use http::StatusCode;
use mohur_wire::{MemberId, ServiceId, Verb};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::Caller;
use crate::error::AskError;

/// A member and what it offers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Listed {
    /// Who.
    pub id: MemberId,
    /// What.
    pub services: Vec<Offered>,
}

/// A service and what may be asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Offered {
    /// Which.
    pub service: ServiceId,
    /// Its verbs.
    pub verbs: Vec<Verb>,
}

impl Caller {
    /// Every member of the directory.
    pub async fn members(&self) -> Result<Vec<Listed>, AskError> {
        let listed = self.list("/v1/members").await?;
        listed.ok_or_else(|| AskError::Question("the broker does not know this caller".to_owned()))
    }

    /// The services of one member; with `allowed`, those only that its policy could permit to this caller. `None` where the
    /// broker does not know the member.
    pub async fn services(&self, member: &MemberId, allowed: bool) -> Result<Option<Vec<Offered>>, AskError> {
        let query = if allowed { "?allowed=true" } else { "" };
        self.list(&format!("/v1/members/{member}/services{query}")).await
    }

    async fn list<T: DeserializeOwned>(&self, target: &str) -> Result<Option<T>, AskError> {
        let request = http::Request::get(format!("https://{}{target}", self.broker()?))
            .body(Bytes::new())
            .map_err(|error| AskError::Question(error.to_string()))?;
        let response = self.send_home(request).await?;
        match response.status() {
            StatusCode::OK => serde_json::from_slice(response.body())
                .map(Some)
                .map_err(|error| AskError::Unverified(format!("the broker's list: {error}"))),
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Ok(None),
            status => Err(AskError::Question(format!("the broker answered its list with status {status}"))),
        }
    }
}
