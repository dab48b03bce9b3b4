//! The room as a whole: held against Cedar, and against what must be true of it whatever the roles.

#![cfg(test)]

#[expect(unreachable_pub, reason = "`oracle/` compiles this file too, as a public module")]
mod cases;
mod largest;
mod oracle;
mod properties;
