//! The composition root: configuration, wiring, lifecycle and commands. Knows every room, and no domain rule.

mod certificates;
mod client;
pub mod commands;
pub mod config;
pub mod demo;
mod descriptors;
mod home;
pub mod permissions;
mod process;
mod tasks;
mod telemetry;
pub mod transfer;
pub mod wire;
mod wordnet;

pub use client::ClientError;
pub use home::Home;
pub use wire::{Running, StartError, start};
pub use wordnet::WordnetError;
