//! Pages over HTTP: what a person can do without scripts, and what whoever attacks them cannot.

mod attacks;
pub(crate) mod browser;
mod factors;
mod forms;
mod walks;
