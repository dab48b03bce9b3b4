//! The front channel of the OAuth server, over HTTP: browsers that clients send, what their people are asked, and what clients get of it.

mod attacks;
mod backchannel;
mod bound;
mod browser;
mod claims;
mod codes;
mod consents;
<<<<<<< HEAD
mod ends;
=======
mod device_attacks;
mod devices;
mod exchange;
mod exchange_attacks;
mod exchange_ends;
>>>>>>> device
mod flow;
mod kit;
mod outside;
mod pushed;
mod receiver;
mod sign_in;
mod signing_out;
mod told;
