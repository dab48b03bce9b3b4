//! Attacks on the verifier, and the few tokens that it accepts.

#![cfg(test)]

mod accepted;
mod assertions;
mod attacks;
mod cached;
mod faults;
mod forms;
mod keys;
mod kit;
mod minted;
mod proofs;
mod speed;
