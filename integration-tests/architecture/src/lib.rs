//! Holds the workspace against `docs/architecture.md` and its budgets. Everything is in the tests.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod budgets;
#[cfg(test)]
mod crypto;
#[cfg(test)]
mod house;
#[cfg(test)]
mod manifests;
