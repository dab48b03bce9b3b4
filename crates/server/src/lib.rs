//! The composition root: configuration, wiring, lifecycle and commands. Knows every room, and no domain rule.

pub mod commands;
pub mod config;
pub mod demo;
mod home;
mod telemetry;
pub mod wire;

pub use home::Home;
pub use wire::{Running, StartError, start};
