//! Who runs Postgres. It refuses root, so as root we choose someone else.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use super::{
    error::{EmbeddedError, io_error},
    files::Owner,
};

/// The account Postgres runs as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) owner: Owner,
    pub(super) name: String,
    /// True when we are root and step down to this account.
    pub(super) switch: bool,
}

impl Account {
    /// Ourselves, unless we are root: then the owner of the existing cluster, else the owner of the
    /// data folder (if the system knows them: initdb insists), else `postgres`, else `nobody`.
    pub(super) fn choose(data_dir: &Path, pgdata: &Path) -> Result<Self, EmbeddedError> {
        let uid = rustix::process::geteuid().as_raw();
        let gid = rustix::process::getegid().as_raw();
        if uid != 0 {
            let owner = Owner { uid, gid };
            return Ok(Self { owner, name: format!("uid {uid}"), switch: false });
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let account = unprivileged_owner(pgdata)?
            .map(|owner| by_uid(&accounts, owner).unwrap_or_else(|| nameless(owner)))
            .or(unprivileged_owner(data_dir)?.and_then(|owner| by_uid(&accounts, owner)))
            .or_else(|| by_name(&accounts, "postgres"))
            .or_else(|| by_name(&accounts, "nobody"))
            .ok_or(EmbeddedError::NoAccount)?;
        if account.name == "nobody" {
            tracing::warn!(
                "started as root without an account `postgres`: Postgres runs as `nobody`, which other programs may share"
            );
        }
        Ok(account)
    }

    /// Whom files for Postgres are given to; no one when they are ours anyway.
    pub(super) fn gift(&self) -> Option<Owner> {
        self.switch.then_some(self.owner)
    }
}

fn unprivileged_owner(path: &Path) -> Result<Option<Owner>, EmbeddedError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.uid() != 0 => Ok(Some(Owner { uid: found.uid(), gid: found.gid() })),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("inspect", path)(error)),
    }
}

fn by_name(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().filter_map(parse).find(|account| account.name == name && account.owner.uid != 0)
}

fn by_uid(accounts: &str, owner: Owner) -> Option<Account> {
    accounts.lines().filter_map(parse).find(|account| account.owner.uid == owner.uid)
}

/// A uid without an entry, with the group of its folder.
fn nameless(owner: Owner) -> Account {
    Account { owner, name: format!("uid {}", owner.uid), switch: true }
}

fn parse(line: &str) -> Option<Account> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let uid = fields.nth(1)?.parse().ok()?;
    let gid = fields.next()?.parse().ok()?;
    Some(Account { owner: Owner { uid, gid }, name, switch: true })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/:/bin/bash\n# odd line\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\nada:x:1000:1001::/srv/ada:/bin/sh\nevil:x:0:0::/:/bin/sh\n";

    #[test]
    fn accounts_are_found_by_name_and_by_uid() {
        let postgres = by_name(ACCOUNTS, "postgres").unwrap();
        assert_eq!(postgres.owner, Owner { uid: 101, gid: 104 });
        let ada = by_uid(ACCOUNTS, Owner { uid: 1000, gid: 7 }).unwrap();
        assert_eq!((ada.name.as_str(), ada.owner.gid), ("ada", 1001));
        assert_eq!(by_uid(ACCOUNTS, Owner { uid: 4242, gid: 7 }), None);
    }

    #[test]
    fn an_account_with_the_powers_of_root_is_never_chosen() {
        assert_eq!(by_name(ACCOUNTS, "evil"), None);
        assert_eq!(by_name(ACCOUNTS, "nobody"), None);
    }
}
