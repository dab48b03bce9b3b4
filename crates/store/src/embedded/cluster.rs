//! A cluster made ready to start: everything that stays the same however often Postgres restarts.

use std::ffi::OsString;

use super::{
    SUPERUSER, access, account::Account, binaries::Binaries, error::EmbeddedError, files, initdb, layout::Layout, leftover,
    lock::DataLock, options::EmbeddedOptions, password, settings, socket::SocketFolder,
};

/// The only line of the access file: the socket, with a password.
const ACCESS: &str = "local all all scram-sha-256\n";

/// The fixed facts of a running cluster. Not `Debug`: it holds the password.
pub(super) struct Cluster {
    pub(super) layout: Layout,
    pub(super) account: Account,
    pub(super) binaries: Binaries,
    pub(super) socket: SocketFolder,
    pub(super) password: String,
    pub(super) arguments: Vec<OsString>,
}

impl Cluster {
    /// Takes the data folder, and makes the cluster in it if there is none yet.
    pub(super) async fn open(options: &EmbeddedOptions) -> Result<(Self, DataLock), EmbeddedError> {
        settings::check(options)?;
        let binaries = Binaries::locate(&options.binaries)?;
        let layout = Layout::locate(&options.data_dir)?;
        let keeper = layout.keeper()?;
        let lock = DataLock::acquire(&layout.data_dir, keeper)?;

        let account = Account::choose(&layout.data_dir, &layout.pgdata)?;
        access::open_for(&account, &layout.data_dir)?;
        access::ensure_reachable(&account, &layout.data_dir).await?;
        layout.prepare(&account)?;
        let (binaries, expected) = binaries.usable_by(&account, &layout.cluster).await?;

        let password = match layout.cluster_version(&account)? {
            Some(found) if found == expected => {
                leftover::stop(&layout.pgdata).await?;
                password::read(&layout.password)?
            }
            Some(found) => {
                return Err(EmbeddedError::WrongVersion { pgdata: layout.pgdata, found, expected });
            }
            None => {
                tracing::info!(path = %layout.pgdata.display(), "making a new Postgres cluster");
                let password = password::create(&layout.password, keeper)?;
                initdb::initialize(&layout, &account, &binaries, SUPERUSER, &password, options.durable).await?;
                password
            }
        };
        // Beside the cluster and not ours to change by anyone in it: Postgres' own copy is not read.
        files::write_private(&layout.hba, ACCESS, 0o640, group_only(&account, keeper))?;
        let socket = SocketFolder::choose(&layout.socket, &account)?;
        let arguments = settings::arguments(options, &layout.pgdata, &layout.hba, socket.path());
        Ok((Self { layout, account, binaries, socket, password, arguments }, lock))
    }
}

/// Owned by the server, readable by the group of Postgres' account.
fn group_only(account: &Account, keeper: Option<files::Owner>) -> Option<files::Owner> {
    account.gift().map(|owner| files::Owner { uid: keeper.map_or(0, |keeper| keeper.uid), gid: owner.gid })
}
