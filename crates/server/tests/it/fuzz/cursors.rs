//! Cursors: one is taken back by the list that gave it, in one spelling, and by no other.

use proptest::prelude::*;
use wardgraph_kernel::{Cursor, List, TenantId};

use super::{
    fuzz,
    mangle::{corpus, mangled},
};

const WORDS: &[&str] = &["A", "_", "-", "+", "/", "=", "==", "\0", "é", " ", "AAAA", "%00"];

#[test]
fn a_mangled_cursor_is_never_taken() {
    let list = |name, tenant| List { name, tenant: TenantId::parse(tenant).unwrap(), of: None };
    let (own, others) =
        (list("nodes", "acme"), [list("nodes", "other"), list("nodes, newest first", "acme"), list("edges", "acme")]);
    let given: Vec<String> = (0..64_u128).map(|n| Cursor::after(uuid::Uuid::from_u128((n << 64) | n)).encode(&own)).collect();
    let seeds = given.iter().map(|cursor| cursor.clone().into_bytes()).chain(corpus("cursors")).collect();
    fuzz("tests/corpus/found/cursors.txt", &mangled(seeds, WORDS), |bytes| {
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(cursor) = Cursor::decode(&own, &text) {
            prop_assert_eq!(cursor.encode(&own), text.as_ref());
            prop_assert!(given.iter().any(|given| *given == text), "{} was never given", text);
        }
        for other in &others {
            prop_assert!(Cursor::decode(other, &text).is_err());
        }
        Ok(())
    });
}
