//! A domain in one process, for tests: a nation of real keys, sockets, registers, hosts and broker in a throwaway folder,
//! under a clock that tests move; and the dishonest parties that the scenarios need.
//!
//! Every federation has a loopback address of its own, so that tests that run side by side never take each other's ports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a harness for tests: a step that fails is a test that fails"
)]

mod abroad;
pub mod ask;
mod bundled;
mod captured;
mod child;
mod clock;
mod dishonest;
mod fakes;
mod federation;
mod handing;
pub mod raw;
mod signed;
mod soap;
mod whole;

pub use abroad::{Abroad, FoundedAbroad, services};
pub use bundled::{Bundled, bundle_answer};
pub use captured::Captured;
pub use child::ChildBroker;
pub use clock::MovableClock;
pub use dishonest::{BrokerKeys, Hop, HostSaid};
pub use fakes::{FakeHost, Lie, LyingBroker, OwnerKeys, SilentBroker};
pub use federation::{Federation, Founded};
pub use handing::{BrokerSaid, Handing};
pub use raw::{RawConnection, RawConnector};
pub use signed::{Signed, code, problem, refused, sign_by_hand};
pub use soap::{Enveloped, Said, SoapAnswer};
pub use whole::{Databases, HELD, Held};
