//! The command line: parses the arguments and runs the command.

mod account;
mod apply;
mod backup;
mod city;
pub mod demo;
mod doors;
mod import;
mod log;
mod messages;
mod print;
mod progress;
mod proposal;
mod serve;
mod store;
mod token;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;

use crate::import::apart;
use messages::say;

/// A city's notice board: plans, map points and campaigns as an event log, each with a page, a QR code and GeoJSON.
#[derive(Debug, Parser)]
#[command(name = "bangtin", version, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    store: StoreArgs,
}

/// Options that name the store; every command takes them.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Folder of the store, its key and its caches
    #[arg(long, global = true, env = "BANGTIN_DATA", default_value = "bangtin-data", value_name = "DIR")]
    data: PathBuf,
    /// The event log: sqlite://PATH or postgres://… [default: SQLite under --data]
    #[arg(long, global = true, env = "BANGTIN_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<String>,
    /// File with the password for PostgreSQL, where the address has none; it is read for each connection
    #[arg(long, global = true, env = "BANGTIN_DATABASE_PASSWORD_FILE", value_name = "FILE")]
    database_password_file: Option<PathBuf>,
    /// Configuration of the city, for the first start of a store
    #[arg(long, global = true, env = "BANGTIN_CITY", value_name = "FILE.toml")]
    city: Option<PathBuf>,
    /// Address that the printed codes lead to; recorded at the first start
    #[arg(long, global = true, env = "BANGTIN_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Master key of the vault, 64 hex digits [default: the file vault.key under --data]
    #[arg(long, global = true, env = "BANGTIN_VAULT_KEY", value_name = "HEX", hide_env_values = true)]
    vault_key: Option<String>,
}

/// Options for serving.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address and port to listen on, or unix:/PATH of a socket [default: 127.0.0.1:8080; with --domain port 443 at all addresses]
    #[arg(long, env = "BANGTIN_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Largest request body, MB
    #[arg(long, env = "BANGTIN_MAX_BODY_MB", default_value_t = 64)]
    max_body_mb: usize,
    /// Largest file that may be imported over HTTP, and largest unpacked size of an archive, MiB
    #[arg(long, env = "BANGTIN_MAX_IMPORT_MIB", default_value_t = 512)]
    max_import_mib: u64,
    /// Networks of proxies in front, which note whom they serve: 127.0.0.1,10.0.0.0/8
    #[arg(long, env = "BANGTIN_TRUST_PROXY", value_delimiter = ',', value_name = "NETWORK", value_parser = doors::network)]
    trust_proxy: Vec<IpNet>,
    /// Whoever connects is a proxy
    #[arg(long, env = "BANGTIN_BEHIND_PROXY")]
    behind_proxy: bool,
    /// The header in which proxies note whom they serve
    #[arg(long, env = "BANGTIN_PROXY_HEADER", value_name = "HEADER", default_value = "x-forwarded")]
    proxy_header: doors::NotedIn,
    /// Memory for feature sets, blobs, answers and tiles, MB
    #[arg(long, env = "BANGTIN_CACHE_MB", default_value_t = 512)]
    cache_mb: u64,
    /// Disk space below TMPDIR for downloads that clients read in pieces, MB
    #[arg(long, env = "BANGTIN_DOWNLOADS_MB", default_value_t = 1024)]
    downloads_mb: u64,
    /// Providers at which people of the office may sign in (OpenID Connect)
    #[arg(long, env = "BANGTIN_OIDC", value_name = "FILE.toml")]
    oidc: Option<PathBuf>,
    /// Change nothing, and answer all reads: during maintenance, or on a standby of PostgreSQL
    #[arg(long, env = "BANGTIN_READ_ONLY")]
    read_only: bool,
    /// Look once a day whether the links of the register of services still answer
    #[arg(long, env = "BANGTIN_CHECK_LINKS")]
    check_links: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a demo city from an embedded store
    Demo(ServeArgs),
    /// Serve a store, or create one for --city
    Serve {
        #[command(flatten)]
        serve: ServeArgs,
        #[command(flatten)]
        tls: doors::TlsArgs,
    },
    /// Import a planner's file: report, then publish
    #[command(subcommand)]
    Import(import::ImportCommand),
    /// Carry out commands from a file, one JSON object a line
    Apply {
        /// File of commands; “-” reads standard input
        #[arg(env = "BANGTIN_FILE")]
        file: PathBuf,
    },
    /// Posters, stickers, map sheets and booklets as PDF
    Print(print::PrintArgs),
    /// People who work in the office, at /office
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Tokens for writing over HTTP
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Proposals that are in preparation, or wait for a second person
    #[command(subcommand)]
    Proposal(proposal::ProposalCommand),
    /// The event log itself
    #[command(subcommand)]
    Log(log::LogCommand),
    /// Write a consistent copy of a live store, with the vault in encrypted form
    Backup {
        /// File to write
        file: PathBuf,
    },
    /// Fill an empty store from a backup, and apply later erasures again
    Restore {
        /// File to read
        file: PathBuf,
    },
    /// Erase a person's data everywhere
    Erase {
        /// The person's opaque id, as printed when the contact was published; or the id of an account of the office
        subject: String,
    },
    /// Take back a person's consent: their contact is no longer shown
    WithdrawConsent {
        /// The person's opaque id
        subject: String,
    },
    /// The city's configuration
    #[command(subcommand)]
    City(city::CityCommand),
}

/// Runs the program.
pub fn main() -> ExitCode {
    if let Some(bytes) = apart::asked(std::env::args_os()) {
        return if apart::child(bytes).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let cli = Cli::parse();
    messages::begin();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&anyhow::Error::from(error)),
    };
    let result = runtime.block_on(run(cli));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    messages::finish();
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

/// Prints the error as one clear sentence, and gives the exit code for a failure.
fn fail(error: &anyhow::Error) -> ExitCode {
    let mut sentence = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        if !sentence.contains(&cause) {
            sentence = format!("{sentence}: {cause}");
        }
    }
    say!("bangtin: {sentence}");
    ExitCode::FAILURE
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    let store = &cli.store;
    match cli.command {
        Command::Demo(args) => demo::run(store, &args).await?,
        Command::Serve { serve, tls } => serve::run(store, &serve, &tls).await?,
        Command::Import(command) => return import::run(store, command).await,
        Command::Apply { file } => return apply::run(store, &file).await,
        Command::Print(args) => print::run(store, args).await?,
        Command::Account(command) => account::run(store, command).await?,
        Command::Token(command) => token::run(store, command).await?,
        Command::Proposal(command) => proposal::run(store, command).await?,
        Command::Log(command) => return log::run(store, command).await,
        Command::Backup { file } => backup::backup(store, &file).await?,
        Command::Restore { file } => backup::restore(store, &file).await?,
        Command::Erase { subject } => backup::erase(store, subject).await?,
        Command::WithdrawConsent { subject } => backup::withdraw_consent(store, subject).await?,
        Command::City(command) => city::run(store, command).await?,
    }
    Ok(ExitCode::SUCCESS)
}
