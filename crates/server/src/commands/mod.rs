//! The commands of the binary.

mod access;
mod behalf;
mod client;
mod columns;
mod config;
mod demo;
mod export;
mod ids;
mod import;
mod key;
mod migrate;
mod org;
mod role;
mod serve;
mod session;
mod setup_link;
mod sound;
mod token;
mod user;

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use clap::{Parser, Subcommand};
use wardgraph_kernel::Secret;

use crate::{
    Home,
    config::{Config, Settings, without_effect},
    wire::StartError,
};

/// Wardgraph: many tenants' knowledge graphs and vector indices, kept apart.
#[derive(Debug, Parser)]
#[command(name = "wardgraph", version, about)]
pub struct Cli {
    /// Where the server keeps what it makes: the private Postgres, keys, passwords.
    #[arg(long, env = "WARDGRAPH_DATA_DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// A TOML file with settings.
    #[arg(long, env = "WARDGRAPH_CONFIG", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Serve),
    /// Bring the database to this version, and end.
    Migrate(migrate::Migrate),
    /// Show that two tenants cannot see each other, on real data, against the running server.
    Demo(demo::Demo),
    /// Bring nodes and edges in, through the running server.
    Import(import::Import),
    /// Write a tenant's nodes and edges as JSON lines.
    Export(export::Export),
    /// Test tokens.
    #[command(subcommand)]
    Token(token::Token),
    /// The server's own keys.
    #[command(subcommand)]
    Key(key::Key),
    /// People's accounts.
    #[command(subcommand)]
    User(user::User),
    /// Organizations and their members.
    #[command(subcommand)]
    Org(Box<org::Org>),
    /// People's sessions.
    #[command(subcommand)]
    Session(session::Session),
    /// Clients of the OAuth server.
    #[command(subcommand)]
    Client(Box<client::Client>),
    /// Roles of organizations, and who holds them.
    #[command(subcommand)]
    Role(role::Role),
    /// Show every setting, its value and where it came from.
    Config(config::ShowConfig),
}

/// What every command starts from.
struct Context {
    settings: Settings,
    data_dir: PathBuf,
    without_effect: Vec<&'static str>,
    /// The token of the environment, for commands that call a running server.
    token: Option<Secret>,
}

impl Context {
    fn config(&self) -> Result<Config, StartError> {
        Ok(Config::of(&self.settings)?)
    }

    fn home(&self) -> Result<Home, StartError> {
        Home::open(&self.data_dir)
            .map_err(|error| format!("the data folder `{}` cannot be used: {error}", self.data_dir.display()).into())
    }
}

/// Runs the command that was given. Returns whether it was a success.
pub async fn run(cli: Cli, environment: BTreeMap<String, String>, out: &mut (impl Write + Send)) -> Result<bool, StartError> {
    let settings = Settings::read(cli.config.as_deref(), &environment)?;
    let data_dir = cli.data_dir.unwrap_or_else(|| default_data_dir(&environment));
    let token = environment.get("WARDGRAPH_TOKEN").map(|token| token.trim()).filter(|token| !token.is_empty()).map(Secret::new);
    let mut context = Context { settings, data_dir, without_effect: without_effect(&environment), token };
    match cli.command {
        Command::Serve(serve) => Box::pin(serve.run(&mut context, out)).await,
        Command::Migrate(migrate) => migrate.run(&context, out).await,
        Command::Demo(demo) => demo.run(&context, out).await,
        Command::Import(import) => import.run(&context, out).await,
        Command::Export(export) => export.run(&context, out).await,
        Command::Token(token) => token.run(&context, out),
        Command::Key(key) => key.run(&context, out).await,
        Command::User(user) => user.run(&mut context, out).await,
        Command::Org(org) => org.run(&context, out).await,
        Command::Session(session) => session.run(&context, out).await,
        Command::Client(client) => client.run(&context, out).await,
        Command::Role(role) => Box::pin(role.run(&context, out)).await,
        Command::Config(show) => show.run(&context, out),
    }
}

/// `/var/lib/wardgraph` for root, else `wardgraph` in the user's data folder (XDG Base Directory).
fn default_data_dir(environment: &BTreeMap<String, String>) -> PathBuf {
    let home = environment.get("HOME").map(PathBuf::from).unwrap_or_default();
    match environment.get("XDG_DATA_HOME").filter(|dir| !dir.is_empty()) {
        Some(dir) => PathBuf::from(dir).join("wardgraph"),
        None if home.as_os_str() == "/root" || home.as_os_str().is_empty() => PathBuf::from("/var/lib/wardgraph"),
        None => home.join(".local/share/wardgraph"),
    }
}
