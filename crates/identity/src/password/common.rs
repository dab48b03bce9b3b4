//! The commonest passwords of those that are long enough: 10,000 of the million commonest of Mark Burnett's ten million (2015), which he released to
//! the public domain; in small letters, the commonest first. They were all leaked somewhere.

use std::{collections::HashSet, sync::LazyLock};

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| list().collect());

/// The list, the commonest first.
fn list() -> impl Iterator<Item = &'static str> {
    include_str!("common.txt").lines()
}

/// Whether a password is one of them, whatever its case.
pub(super) fn is_common(password: &str) -> bool {
    COMMON.contains(password.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{LEAST, weakness};

    #[test]
    fn the_commonest_passwords_that_are_long_enough_are_refused() {
        assert!(list().all(|password| password.chars().count() >= LEAST && password == password.to_lowercase()));
        assert_eq!((list().count(), COMMON.len()), (10_000, 10_000));
        for password in list().take(3_000) {
            let why = weakness(password, &[]).expect(password).0;
            assert!(why.contains("commonest"), "{password}: {why}");
        }
        assert!(weakness("QWERTY12345678", &[]).is_some() && !is_common("correct horse battery staple"));
    }
}
