//! Tenant B, and the database's own runtime role, try to get at what is A's.

pub(super) mod database;
pub(super) mod forge;
pub(super) mod plant;
pub(super) mod reach;
pub(super) mod tokens;

use super::side::Side;

/// The victim and the attacker.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attack<'a> {
    pub(super) a: &'a Side,
    pub(super) b: &'a Side,
}
