//! Argon2id verifiers, as texts in the PHC form (`$argon2id$v=19$m=..,t=..,p=..$salt$hash`).

use std::fmt;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq;
use wardgraph_kernel::{Chance, Secret};

/// What a hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// How often the memory is gone through.
    pub passes: u32,
}

impl Cost {
    /// OWASP's first choice for Argon2id of one lane (Password Storage Cheat Sheet): 19 MiB, twice.
    pub const DEFAULT: Self = Self { memory_kib: 19_456, passes: 2 };
    /// The most that a stored verifier may ask of this server.
    const MOST: Self = Self { memory_kib: 256 << 10, passes: 16 };
}

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    cost: Cost,
    salt: Vec<u8>,
    hash: [u8; 32],
}

impl Verifier {
    /// The verifier of a password, with a salt of its own. Uses and grows `memory`. Takes tens of milliseconds.
    pub fn make(password: &Secret, cost: Cost, chance: &dyn Chance, memory: &mut Vec<Block>) -> Option<Self> {
        let salt: Vec<u8> = chance.bytes().into_iter().take(16).collect();
        let hash = digest(password, cost, &salt, memory)?;
        Some(Self { cost, salt, hash })
    }

    /// Whether a password is the one. Takes tens of milliseconds, and the same time for every password.
    pub fn matches(&self, password: &Secret, memory: &mut Vec<Block>) -> bool {
        digest(password, self.cost, &self.salt, memory).is_some_and(|hash| hash.ct_eq(&self.hash).into())
    }

    /// Whether it was made with another cost than is asked now.
    pub fn is_outdated(&self, cost: Cost) -> bool {
        self.cost != cost
    }

    /// A verifier that no password matches, and whose refusal costs what any other's does.
    pub const fn of_nobody(cost: Cost) -> Self {
        Self { cost, salt: Vec::new(), hash: [0; 32] }
    }

    /// Reads what `to_string` wrote. `None` for anything else, and for costs beyond all measure.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let mut costs = costs.split(',');
        let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let cost = Cost { memory_kib: cost("m=")?, passes: cost("t=")? };
        let bounded = cost.memory_kib <= Cost::MOST.memory_kib && cost.passes <= Cost::MOST.passes;
        let whole = costs.next() == Some("p=1") && costs.next().is_none() && parts.next().is_none();
        let (salt, hash) = (STANDARD_NO_PAD.decode(salt).ok()?, STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?);
        (bounded && whole).then_some(Self { cost, salt, hash })
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(self.hash));
        write!(f, "$argon2id$v=19$m={},t={},p=1${salt}${hash}", self.cost.memory_kib, self.cost.passes)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("cost", &self.cost).finish_non_exhaustive()
    }
}

/// The salt of [`Verifier::of_nobody`].
const NOBODYS_SALT: &[u8; 16] = b"nobody's account";

fn digest(password: &Secret, cost: Cost, salt: &[u8], memory: &mut Vec<Block>) -> Option<[u8; 32]> {
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(32)).ok()?;
    if memory.len() < params.block_count() {
        memory.resize(params.block_count(), Block::default());
    }
    let salt = if salt.is_empty() { NOBODYS_SALT } else { salt };
    let mut hash = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let done = argon.hash_password_into_with_memory(password.expose().as_bytes(), salt, &mut hash, memory.as_mut_slice());
    done.ok().map(|()| hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wardgraph_kernel::SeededChance;

    const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

    #[test]
    fn a_verifier_knows_its_password_and_no_other_after_a_round_trip() {
        let (chance, mut memory) = (SeededChance::new(1), Vec::new());
        let (right, wrong) = (Secret::new("correct horse battery staple"), Secret::new("correct horse battery stable"));
        let made = Verifier::make(&right, CHEAP, &chance, &mut memory).unwrap();
        let read = Verifier::parse(&made.to_string()).unwrap();
        assert_eq!(read, made);
        assert!(read.matches(&right, &mut memory) && !read.matches(&wrong, &mut memory));
        assert_ne!(Verifier::make(&right, CHEAP, &chance, &mut memory).unwrap(), made, "each has a salt of its own");
        assert!(!Verifier::of_nobody(CHEAP).matches(&right, &mut memory));
        assert!(read.is_outdated(Cost::DEFAULT) && !read.is_outdated(CHEAP));
    }

    /// `echo -n password | argon2 somesalt123456 -id -t 2 -k 64 -p 1 -l 32` of the reference implementation, by its Python binding.
    #[test]
    fn it_is_the_argon2id_of_everyone_else() {
        let text = include_str!("reference.txt").trim();
        assert!(Verifier::parse(text).unwrap().matches(&Secret::new("password"), &mut Vec::new()));
    }

    #[test]
    fn what_is_no_verifier_is_not_read() {
        let good = Verifier::of_nobody(CHEAP).to_string();
        assert!(Verifier::parse(&good).is_some());
        for bad in [
            "",
            "plain",
            &good.replace("argon2id", "argon2i"),
            &good.replace("m=64", "m=4294967295"),
            &good.replace("t=1", "t=1000000"),
            &good.replace("p=1", "p=4"),
            &format!("{good}$"),
            &good.replace("v=19", "v=16"),
        ] {
            assert!(Verifier::parse(bad).is_none(), "{bad}");
        }
    }
}
