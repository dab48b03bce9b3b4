//! Recovery codes: ten, each good once, for whoever lost the other factors. Each has 140 bits of chance, so that its SHA-256 may be kept.

use wardgraph_kernel::{Chance, Identity, Secret, Timestamp, UserId, Write};
use wardgraph_store::{Role, Statement, StatementInfo, StoreError, Tx};

use crate::{IdentityError, sha256};

/// How many are made at once.
const MADE: usize = 10;
/// Letters of a code: 5 bits each.
const LETTERS: usize = 28;
/// Letters between two hyphens.
const GROUP: usize = 4;
/// Crockford's base32, in small letters: nothing in it is mistaken for anything else in it.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

const USE: Statement<Identity> = Statement::identity(
    "identity.recovery.use",
    "update recovery_codes set used_at = $3 where user_id = $1 and verifier = $2 and used_at is null returning user_id",
);
const LEFT: Statement<Identity> =
    Statement::identity("identity.recovery.left", "select count(*) from recovery_codes where user_id = $1 and used_at is null");
/// Keeps codes unless there are some that are good still.
const ENSURE: Statement<Identity> = Statement::identity(
    "identity.recovery.ensure",
    "insert into recovery_codes (user_id, verifier, created_at) select $1::uuid, v, $3::timestamptz from unnest($2::bytea[]) v
     where not exists (select from recovery_codes where user_id = $1 and used_at is null) returning user_id",
);
/// Keeps codes in place of all others, for an account that has something to recover.
const REPLACE: Statement<Write> = Statement::writing(
    "identity.own.replace_recovery_codes",
    &[Role::App],
    "with gone as (delete from recovery_codes where user_id = $1)
     insert into recovery_codes (user_id, verifier, created_at) select $1::uuid, v, $3::timestamptz from unnest($2::bytea[]) v
     where exists (select from factors where user_id = $1) returning user_id",
);

pub(crate) const STATEMENTS: &[&StatementInfo] = &[ENSURE.info(), LEFT.info(), REPLACE.info(), USE.info()];

/// Codes that are about to be kept: their texts, to be shown once.
#[derive(Debug)]
pub struct Codes {
    /// What is shown.
    pub texts: Vec<Secret>,
    verifiers: Vec<Vec<u8>>,
}

impl Codes {
    /// New ones.
    pub fn make(chance: &dyn Chance) -> Self {
        let texts: Vec<_> = (0..MADE).map(|_| Secret::new(text(chance))).collect();
        let verifiers = texts.iter().filter_map(|text| verifier(text.expose())).collect();
        Self { texts, verifiers }
    }
}

fn text(chance: &dyn Chance) -> String {
    let drawn = zeroize::Zeroizing::new(chance.bytes());
    let mut text = String::with_capacity(LETTERS + LETTERS / GROUP);
    for (index, byte) in drawn.iter().take(LETTERS).enumerate() {
        if index > 0 && index % GROUP == 0 {
            text.push('-');
        }
        text.extend(ALPHABET.get(usize::from(byte % 32)).map(|letter| char::from(*letter)));
    }
    text
}

/// What is kept of a code, however it is typed: in capitals, without hyphens, with the letters that are mistaken for digits.
fn verifier(code: &str) -> Option<Vec<u8>> {
    let letters = code.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| match c.to_ascii_lowercase() {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    });
    let code = zeroize::Zeroizing::new(letters.collect::<String>());
    let whole = code.len() == LETTERS && code.bytes().all(|byte| ALPHABET.contains(&byte));
    whole.then(|| sha256::verifier(&code).to_vec())
}

/// Uses a code up. Of two uses at once one succeeds.
pub async fn take(tx: &mut Tx<'_, Identity>, user: UserId, code: &str, now: Timestamp) -> Result<bool, StoreError> {
    let Some(verifier) = verifier(code) else { return Ok(false) };
    tx.run(&USE, &[&user.uuid(), &verifier, &now]).await.map(|rows| !rows.is_empty())
}

/// How many codes are good still.
pub async fn left(tx: &mut Tx<'_, Identity>, user: UserId) -> Result<i64, IdentityError> {
    let rows = tx.run(&LEFT, &[&user.uuid()]).await?;
    Ok(rows.first().ok_or(IdentityError::Unreadable("a count of recovery codes"))?.try_get(0)?)
}

/// Keeps the codes, unless the account has some that are good still.
pub async fn ensure(tx: &mut Tx<'_, Identity>, user: UserId, codes: &Codes, now: Timestamp) -> Result<bool, StoreError> {
    tx.run(&ENSURE, &[&user.uuid(), &codes.verifiers, &now]).await.map(|rows| !rows.is_empty())
}

/// Keeps the codes in place of all that the account had.
pub async fn replace(tx: &mut Tx<'_, Write>, user: UserId, codes: &Codes, now: Timestamp) -> Result<(), IdentityError> {
    let kept = tx.write(&REPLACE, &[&user.uuid(), &codes.verifiers, &now]).await?;
    if kept.is_empty() { Err(IdentityError::Missing("second factor")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use wardgraph_kernel::SeededChance;

    #[test]
    fn ten_codes_of_28_letters_are_read_however_they_are_typed() {
        let codes = Codes::make(&SeededChance::new(1));
        let texts: BTreeSet<_> = codes.texts.iter().map(Secret::expose).collect();
        assert_eq!((texts.len(), codes.verifiers.len()), (10, 10));
        for (text, kept) in codes.texts.iter().zip(&codes.verifiers) {
            let text = text.expose();
            assert_eq!(text.len(), LETTERS + 6);
            let typed = text.replace('-', " ").to_uppercase().replace('0', "O").replace('1', "l");
            assert_eq!(verifier(&typed).as_ref(), Some(kept));
        }
        let text = codes.texts.first().unwrap().expose();
        for bad in ["", "0", text.get(1..).unwrap(), &format!("{text}0"), &text.replacen('-', "_", 1)] {
            assert_eq!(verifier(bad), None, "{bad}");
        }
    }
}
