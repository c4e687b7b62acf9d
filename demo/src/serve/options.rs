//! What the command line says to `serve`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use ipnet::IpNet;

use super::{CompiledCacheAt, EgressProxy};
use crate::database::Database;
use crate::web;

/// What `serve` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Where to listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where browsers reach the product: an origin. Without it, `http://localhost` and the port that is listened on.
    #[arg(long, value_name = "URL")]
    pub public_url: Option<String>,
    /// The database: a file, made when it is not there; `memory`, gone when the process ends; or a PostgreSQL server that
    /// several machines share.
    #[arg(
        long,
        value_name = "FILE|memory|postgres://USER:PASSWORD@HOST/NAME",
        env = "LEDGERLINE_DATABASE",
        hide_env_values = true,
        default_value = "ledgerline.db"
    )]
    pub database: Database,
    /// Where pending sign-ins are kept; without it, with the database. Redis and Valkey will do as well, by redis:// or
    /// rediss://.
    #[arg(
        long,
        value_name = "FILE|memory|postgres://…|redis://…",
        env = "LEDGERLINE_STATE",
        hide_env_values = true
    )]
    pub state: Option<Database>,
    /// The 32 bytes that seal the secrets in the database. Without it, FILE.key beside a database file, made when it is
    /// not there; a server has no such place. May be given several times while another key takes the place of one.
    #[arg(long, value_name = "FILE")]
    pub key_file: Vec<PathBuf>,
    /// The sign-in component; its SHA-256 is in FILE.sha256 beside it.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "target/plugin/okta_sso.wasm"
    )]
    pub plugin: PathBuf,
    /// A folder for this user alone that keeps the component's compiled code, so that the next start does not compile.
    /// Without it, FILE.compiled beside a database file, and `off` for one in memory or on a server.
    #[arg(long, value_name = "FOLDER|off")]
    pub compiled_cache: Option<CompiledCacheAt>,
    /// Runs a development Okta at this address, or none.
    #[arg(long, value_name = "ADDR|off", default_value = "off")]
    pub dev_okta: DevOktaAt,
    /// Tenants, users, connections and approved domains to start with.
    #[arg(long, value_name = "FILE.toml")]
    pub setup: Option<PathBuf>,
    /// Lets connections reach loopback addresses, and those over plain http. For development alone.
    #[arg(long)]
    pub danger_allow_loopback: bool,
    /// Certificate authorities to trust besides the machine's own: PEM, one or several.
    #[arg(long, value_name = "FILE")]
    pub extra_ca: Option<PathBuf>,
    /// A forward proxy to reach providers by, `http://[user:password@]host:port`; the environment names none. It resolves
    /// their names, so it is the proxy that must refuse to lead to private addresses. Not beside --danger-allow-loopback, which dials by itself.
    #[arg(long, value_name = "URL", conflicts_with = "danger_allow_loopback")]
    pub egress_proxy: Option<EgressProxy>,
    /// Lets companies have their failed sign-ins recorded, in this folder, made when it is not there.
    #[arg(long, value_name = "FOLDER")]
    pub recordings: Option<PathBuf>,
    /// The 32 bytes that seal recordings. Without it, FOLDER.key beside the folder, made when it is not there.
    #[arg(long, value_name = "FILE", requires = "recordings")]
    pub recordings_key_file: Option<PathBuf>,
    /// A proxy before the product, whose X-Forwarded-For is believed: an address or a network. May be given several
    /// times.
    #[arg(long, value_name = "NETWORK", value_parser = web::network)]
    pub trusted_proxy: Vec<IpNet>,
    /// The most that a session lasts.
    #[arg(long, value_name = "MINUTES", default_value_t = 12 * 60, value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub session_minutes: u32,
    /// How long a session lasts without being used.
    #[arg(long, value_name = "MINUTES", default_value_t = 2 * 60, value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub idle_minutes: u32,
    /// Where to answer for /metrics, in the format of Prometheus; not for everybody's eyes.
    #[arg(long, value_name = "ADDR")]
    pub metrics: Option<SocketAddr>,
    /// How to write the log, which goes to standard error.
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log: LogFormat,
}

impl Options {
    /// As the command line has them, from behind `serve` on.
    ///
    /// # Errors
    ///
    /// Words that `serve` would refuse.
    pub fn of(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let command = clap::Command::new("serve").no_binary_name(true);
        let matches = <Self as clap::Args>::augment_args(command).try_get_matches_from(words)?;
        <Self as clap::FromArgMatches>::from_arg_matches(&matches)
    }
}

/// Whether a development Okta runs, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevOktaAt {
    /// Nowhere.
    Off,
    /// In this process, at this address.
    On(SocketAddr),
}

impl std::str::FromStr for DevOktaAt {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            address => address.parse().map(Self::On),
        }
    }
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}
