//! The decision core: facts in, a decision with its reasons out.
//!
//! [`decide`] is pure and total. Cedar evaluates the rules inside; nothing of Cedar shows outside. What no permit names
//! is not released, and whatever goes wrong refuses: an error while evaluating, an obligation that this version cannot
//! honour, a service without a policy.

mod compile;
mod decide;
mod decision;
mod facts;
mod mask;
mod memory;
mod model;
mod obligation;
mod problem;
mod reach;
mod schema;
mod scope;
mod set;

pub use compile::{Governance, check_rules, compile, compile_generous};
pub use decide::decide;
pub use decision::{Decision, Effect, Failure, Reason};
pub use facts::Facts;
pub use mask::Mask;
pub use model::{AgencyId, AgencyModel, Change, FieldGroup, PurposeRule, ServiceRelease, Source};
pub use obligation::Obligation;
pub use problem::Problem;
pub use reach::could_permit;
pub use schema::{agency_schema, governance_schema};
pub use set::{AgencyPolicy, PolicySet, Rule};

#[cfg(test)]
mod fixture;
