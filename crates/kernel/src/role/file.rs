//! `policies/roles.toml`, read by the compiler: what it says of a role is a constant, and what cannot be understood is a compile error.
//!
//! Understands as much of TOML as the file uses, and refuses the rest. That the file is TOML, and says the same to a reader of that
//! language, is a test.

use crate::{Permission, Permissions};

const FILE: &[u8] = include_bytes!("../../../../policies/roles.toml");

/// How many roles the file has.
pub(super) const ROLES: usize = roles();

/// What the file says that a role may do, by the name of its section.
pub(super) const fn allowed(section: &str) -> Permissions {
    let (mut rest, mut inside, mut found, mut allowed) = (FILE, false, 0, Permissions::NONE);
    while !rest.is_empty() {
        let (line, more) = line(rest);
        rest = more;
        match line {
            [] | [b'#', ..] | b"allows = [" | b"]" => {}
            [b'[', name @ .., b']'] => {
                inside = same(name, section.as_bytes());
                if inside {
                    found += 1;
                }
            }
            [b' ', b' ', b' ', b' ', b'"', word @ .., b'"', b','] => {
                let known = known(word);
                assert!(known.is_some(), "policies/roles.toml names a permission that is on no list");
                if let (Some(permission), true) = (known, inside) {
                    assert!(
                        !allowed.allows(permission),
                        "policies/roles.toml names a permission of a role twice, or one that another implies"
                    );
                    allowed = allowed.with(permission);
                }
            }
            _ => assert!(line.is_empty(), "policies/roles.toml has a line that is neither a comment, a role nor a permission"),
        }
    }
    assert!(found == 1, "policies/roles.toml has a role twice, or lacks one");
    allowed
}

const fn roles() -> usize {
    let (mut rest, mut count) = (FILE, 0);
    while !rest.is_empty() {
        let (line, more) = line(rest);
        rest = more;
        if let [b'[', ..] = line {
            count += 1;
        }
    }
    count
}

/// The first line, and what follows it.
const fn line(text: &[u8]) -> (&[u8], &[u8]) {
    let (mut rest, mut length) = (text, 0);
    while let [byte, more @ ..] = rest {
        if *byte == b'\n' {
            return (text.split_at(length).0, more);
        }
        rest = more;
        length += 1;
    }
    (text, rest)
}

const fn known(word: &[u8]) -> Option<Permission> {
    let mut all = Permission::ALL;
    while let [permission, rest @ ..] = all {
        if same(permission.word().as_bytes(), word) {
            return Some(*permission);
        }
        all = rest;
    }
    None
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let (mut one, mut other) = (one, other);
    loop {
        match (one, other) {
            ([], []) => return true,
            ([a, rest_of_one @ ..], [b, rest_of_other @ ..]) if *a == *b => (one, other) = (rest_of_one, rest_of_other),
            _ => return false,
        }
    }
}
