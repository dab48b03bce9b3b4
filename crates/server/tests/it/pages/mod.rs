//! Pages over HTTP: what a person can do without scripts, and what whoever attacks them cannot.

mod attacks;
mod browser;
mod factors;
mod forms;
mod walks;
