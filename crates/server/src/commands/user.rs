//! `wardgraph user`

mod seen;

use std::{
    fs,
    io::{self, BufRead, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use clap::Subcommand;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use serde_json::json;
use wardgraph_api::{validate::Faults, wire::auth::NewAccount};
use wardgraph_audit::Entry;
use wardgraph_gate::SystemParts;
use wardgraph_identity::{
    Address,
    account::{self, Registration},
    password::{Breached, Cost, HashPool, MOST, PoolOptions, Verifier, weakness},
};
use wardgraph_kernel::{EventType, GlobalRole, Secret, SystemChance, SystemClock};
use wardgraph_store::Role;

use super::{Context, setup_link::SetupLink};
use crate::wire::{StartError, store_beside};

/// The most that is read of a password's file, in octets: more is none.
const MOST_BYTES: u64 = 4 * MOST as u64;

/// People's accounts.
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Make an account, with an organization of its own, that can sign in at once.
    Create {
        /// The e-mail address.
        #[arg(long)]
        email: String,
        /// How the person is called.
        #[arg(long)]
        name: String,
        /// Have the account administer the whole server: everybody's accounts, the shared nodes.
        #[arg(long)]
        super_admin: bool,
        /// A file with the password, `-` for standard input. Else it is asked for at the terminal.
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
    /// Print a link, once, by which whoever opens it makes the first administrator of the server.
    SetupLink(SetupLink),
    #[command(flatten)]
    Seen(seen::Seen),
}

impl User {
    pub(super) async fn run(self, context: &mut Context, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
        let (email, name, super_admin, password_file) = match self {
            Self::Create { email, name, super_admin, password_file } => (email, name, super_admin, password_file),
            Self::SetupLink(link) => return link.run(context, out).await,
            Self::Seen(seen) => return seen.run(context, out).await,
        };
        let (config, home) = (context.config()?, context.home()?);
        let store = store_beside(&config, &home, &[Role::Identity])?;
        let password = match password_file {
            Some(path) => from_file(&path)?,
            None => from_terminal()?,
        };
        let new = registration(&email, &name, &password)?;
        if let Some(at) = &config.accounts.breached {
            not_leaked(&at.open(&config.egress)?, &password).await?;
        }
        let parts = SystemParts { store: store.clone(), clock: Arc::new(SystemClock::start()), chance: Arc::new(SystemChance) };
        let global = super_admin.then_some(GlobalRole::SuperAdmin);
        let made = make(&parts, &new, global).await;
        store.close();
        let told = made?;
        writeln!(out, "{told}")?;
        Ok(true)
    }
}

async fn make(parts: &SystemParts, new: &Registration, global: Option<GlobalRole>) -> Result<String, StartError> {
    let mut work = parts.accounts("user create")?;
    let now = work.now();
    let made = account::found(&mut work.tx(), new, global, now, &*parts.chance).await?;
    let (user, organization) = made.ok_or_else(|| format!("there is an account with the address {} already", new.email))?;
    let payload = json!({ "organization": organization.as_str(), "global_role": global.map(GlobalRole::word) });
    work.commit(vec![Entry { payload, ..Entry::done(EventType::UserRegistered, user.into()) }]).await?;
    let role = global.map(|global| format!(" as {}", global.word())).unwrap_or_default();
    Ok(format!("{} can sign in{role}: account {user}, organization {organization}", new.email))
}

/// What registering over HTTP asks of an account is asked here.
fn registration(email: &str, name: &str, password: &Secret) -> Result<Registration, StartError> {
    if password.expose().is_empty() {
        return Err("the password is empty".into());
    }
    let given: NewAccount =
        serde_json::from_value(json!({ "email": email, "name": name, "password": password.expose() })).map_err(unusable)?;
    let faults = Faults::of(&given);
    if !faults.is_empty() {
        let told = faults.iter().map(|fault| format!("--{}: {}", fault.field.trim_start_matches('/'), fault.detail));
        return Err(told.collect::<Vec<_>>().join("\n").into());
    }
    let email = Address::parse(email).ok_or("--email: must be an e-mail address")?;
    let name = given.name.trim().to_owned();
    if let Some(weak) = weakness(password.expose(), &[email.as_str(), &name]) {
        return Err(format!("the password {}", weak.0).into());
    }
    let verifier = Verifier::make(password, Cost::DEFAULT, &SystemChance, &mut Vec::new());
    let verifier = verifier.ok_or("the password could not be worked out: is memory short?")?;
    Ok(Registration { email, name, verifier, mailed: false })
}

/// Refuses a password that was leaked elsewhere. Where that cannot be known it is taken, as over HTTP.
async fn not_leaked(breached: &Breached, password: &Secret) -> Result<(), StartError> {
    let pool = HashPool::start(PoolOptions { threads: 1, queue: 1, stand_back: false })?;
    match breached.holds(password, &pool).await {
        Ok(false) => Ok(()),
        Ok(true) => Err("the password was leaked elsewhere, and is tried first: take another".into()),
        Err(error) => {
            writeln!(io::stderr(), "the password was taken without its having been looked up: {error}")?;
            Ok(())
        }
    }
}

/// Says nothing of the values: one of them is the password.
fn unusable(_: serde_json::Error) -> StartError {
    "--name, --email and the password must be text without control characters".into()
}

fn from_file(path: &Path) -> Result<Secret, StartError> {
    let unreadable = |error: io::Error| format!("--password-file {}: {error}", path.display());
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().take(MOST_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text)).map_err(unreadable)?;
    }
    Ok(line(&text))
}

/// A password is a line: what ends it is no part of it.
fn line(text: &str) -> Secret {
    Secret::new(text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text)))
}

fn from_terminal() -> Result<Secret, StartError> {
    if !io::stdin().is_terminal() {
        return Err(
            "there is no terminal to ask for the password at: give `--password-file FILE`, or `-` for standard input".into()
        );
    }
    let first = ask("Password: ")?;
    if ask("Again: ")?.expose() != first.expose() {
        return Err("the two are not the same: nothing was done".into());
    }
    Ok(first)
}

/// Reads a line that the terminal does not show. Ctrl-C is a character of it meanwhile, so that the terminal is never left mute.
fn ask(prompt: &str) -> Result<Secret, StartError> {
    let stdin = io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut mute = before.clone();
    mute.local_modes.remove(LocalModes::ECHO | LocalModes::ISIG);
    write!(io::stderr(), "{prompt}")?;
    io::stderr().flush()?;
    tcsetattr(&stdin, OptionalActions::Flush, &mute)?;
    let mut text = String::new();
    let read = stdin.lock().read_line(&mut text);
    tcsetattr(&stdin, OptionalActions::Now, &before)?;
    writeln!(io::stderr())?;
    read?;
    if text.contains('\u{3}') || text.is_empty() {
        return Err("given up: nothing was done".into());
    }
    Ok(line(&text))
}
