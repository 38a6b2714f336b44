//! Mapping files: what an X-Road message means in our words, and how the answer is told to a client that knows X-Road only.
//!
//! One file a client and service (over REST also a method and path). It says where in the message the subject, the case, the
//! official and the values stand; verb, purpose and fields are its own. `docs/xroad.md` explains it with samples.

mod answer;
mod file;
mod folder;
mod message;
mod question;
mod rule;
mod source;
mod template;
mod test;

pub use answer::{Absent, AnswerRule, Rendered};
pub use file::{Mapping, Place, Segment};
pub use folder::Mappings;
pub use message::{Body, Message};
pub(crate) use question::{digest_of, represented, whole_fields};
pub use rule::{AskRule, Kind, OfficialRule, SubjectRule, ValueRule};
pub use source::Source;
pub use template::Template;

#[cfg(test)]
mod tests;
