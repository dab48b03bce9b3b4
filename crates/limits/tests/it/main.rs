//! The limiter under floods, in time, and in the hands of many threads.

#![cfg(test)]

mod classes;
mod floods;
mod kit;
mod laws;
mod speed;
mod threads;
