//! The bank over HTTP: first the status, then, if it settled, the booked entry.

use http::{Method, StatusCode};
use mohur_connection::{Call, Connection, ConnectionError, Settings};
use mohur_contract::{Context, RegistryError};
use mohur_wire::Fin;
use mohur_wire::subject::ReceiptNumber;

use crate::messages::{self, Status};
use crate::xml::{self, Document};

const XML: &str = "application/xml";

/// The bank.
pub(crate) struct Bank {
    connection: Connection,
}

/// What the bank says, and of which receipt.
#[derive(Debug)]
pub(crate) struct Account {
    /// The receipt that the bank speaks of.
    pub(crate) receipt: ReceiptNumber,
    pub(crate) standing: Standing,
}

/// How a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The bank never saw it.
    Unknown,
    /// It is not booked, or was paid back.
    Unpaid,
    /// It is booked.
    Booked {
        /// Qəpik.
        amount: i64,
        /// The payer, if the bank identifies one by FIN.
        payer: Option<Fin>,
    },
}

impl Account {
    /// Fails if the bank speaks of another receipt.
    pub(crate) fn is_about(&self, receipt: &ReceiptNumber) -> Result<(), RegistryError> {
        if self.receipt == *receipt { Ok(()) } else { Err(RegistryError::OtherSubject) }
    }
}

impl Bank {
    pub(crate) fn open(settings: &Settings) -> Result<Self, ConnectionError> {
        Ok(Self { connection: Connection::open(settings)? })
    }

    pub(crate) async fn standing(&self, receipt: &ReceiptNumber, context: &Context) -> Result<Account, RegistryError> {
        let request = messages::status_request(receipt, context.arrival.0);
        let document = self.post("/payment-status", request, context).await?;
        let (named, status) = messages::status_report(&document)?;
        let standing = match status {
            Status::Unknown => Standing::Unknown,
            Status::Pending | Status::Rejected => Standing::Unpaid,
            Status::Settled => self.entry(receipt, context).await?,
        };
        Ok(Account { receipt: named, standing })
    }

    async fn entry(&self, receipt: &ReceiptNumber, context: &Context) -> Result<Standing, RegistryError> {
        let request = messages::notification_request(receipt, context.arrival.0);
        let document = self.post("/notifications", request, context).await?;
        let booked = messages::notification(&document, receipt)?;
        Ok(booked.map_or(Standing::Unpaid, |booked| Standing::Booked { amount: booked.amount, payer: booked.payer }))
    }

    /// Anything but an error of the server shows that it is there.
    pub(crate) async fn reach(&self, context: &Context) -> Result<(), RegistryError> {
        self.connection.reach("/payment-status", context).await
    }

    async fn post(&self, target: &str, message: String, context: &Context) -> Result<Document, RegistryError> {
        let call = Call { method: Method::POST, target, content_type: Some(XML), accept: XML, body: message.into() };
        let response = self.connection.send(call, context).await?;
        if response.status() != StatusCode::OK {
            return Err(RegistryError::Invalid("the bank does not accept the message (HTTP status)"));
        }
        xml::parse(response.body())
    }
}
