//! `serve`: brings the product up, with the development Okta where that is asked for, and takes it down.

mod egress;
mod plugin;

use std::ffi::OsString;
use std::fs;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use ipnet::IpNet;
use okta_sso_host::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::database::{self, Database};
use crate::dev_okta::{self, DevOkta};
use crate::ledgerline::{Edge, Ledgerline, PublicUrl, PublicUrlError};
use crate::metrics::Metrics;
use crate::recordings::{Recordings, RecordingsError};
use crate::seal::{KeyError, Seal};
use crate::sessions::{self, Lifetimes};
use crate::setup::{self, Setup, SetupError};
use crate::{listen, metrics, web};

pub use self::egress::EgressProxy;
pub use self::plugin::{CompiledCacheAt, ComponentFile};

/// How long requests in flight may take once the process is told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How often what has expired is forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// Tenants and people to try the product with; used where the development Okta runs and no file is given.
const SEED: &str = include_str!("../seed.toml");

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

/// Why the product cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is taken, or is not this machine's.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// `--public-url` is no origin that will do.
    #[error("--public-url {0}: {1}")]
    PublicUrl(String, PublicUrlError),
    /// The database cannot be opened, or is of another shape.
    #[error(transparent)]
    Open(#[from] database::OpenError),
    /// The database failed.
    #[error("the database cannot be read: {0}")]
    Database(#[from] sqlx::Error),
    /// No server of this kind keeps pending sign-ins.
    #[error(
        "--state {0}://…: name a file, memory, or a server by postgres://, redis:// or rediss://"
    )]
    State(String),
    /// Pending sign-ins cannot be stored.
    #[error("the storage for pending sign-ins cannot be opened: {0}")]
    Storage(#[from] okta_sso_host::StorageError),
    /// The key that seals secrets cannot be had, or is not the one that the database is sealed by.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Recordings cannot be kept.
    #[error(transparent)]
    Recordings(#[from] RecordingsError),
    /// A file that was named cannot be read.
    #[error("cannot read {0}: {1}")]
    File(PathBuf, io::Error),
    /// The set-up file says something that cannot be.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The component is not there; it has to be built first.
    #[error("the sign-in component cannot be loaded: {0}. `make plugin` builds it")]
    Plugin(okta_sso_host::SetupError),
    /// The certificate authorities that were named are none.
    #[error(
        "--extra-ca {0}: this is not PEM with one or more certificates. Give the authority's own certificate, from \
         -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----"
    )]
    ExtraCa(PathBuf),
    /// No provider can be asked.
    #[error(transparent)]
    HttpClient(okta_sso_host::SetupError),
    /// Compiled code is believed under a key, which would be another one at the next start.
    #[error(
        "--compiled-cache needs a key that is the same at the next start: name one with --key-file, or keep the database \
         in a file"
    )]
    CompiledCacheKey,
    /// The folder for compiled code will not do.
    #[error(
        "compiled code cannot be kept: {0}. Another folder, or `off`, goes with --compiled-cache"
    )]
    CompiledCache(okta_sso_host::SetupError),
    /// The component was loaded and does not answer.
    #[error("the sign-in component does not answer: {0}")]
    Describe(String),
    /// The development Okta cannot be made.
    #[error("the development Okta cannot start: {0}")]
    DevOkta(#[from] dev_okta::SetupError),
}

/// A product that listens and has everything it needs; it answers once it runs.
pub struct Product {
    ledgerline: Arc<Ledgerline>,
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    okta: Option<(DevOkta, TcpListener)>,
    metrics: Option<(TcpListener, SocketAddr)>,
    component_file: ComponentFile,
    welcome: String,
}

impl Product {
    /// Opens the database, applies the set-up, loads the component and listens.
    ///
    /// No provider is asked: the product starts whether they are up or not.
    ///
    /// # Errors
    ///
    /// The first part that is missing or wrong, in words for whoever started the process.
    pub async fn start(options: Options, clock: Arc<dyn Clock>) -> Result<Self, StartError> {
        let (listener, address) = listen(options.listen).await?;
        let okta_listener = match options.dev_okta {
            DevOktaAt::Off => None,
            DevOktaAt::On(address) => Some(listen(address).await?),
        };
        let issuer = okta_listener
            .as_ref()
            .map(|(_, address)| format!("http://{address}"));
        let public_url = match &options.public_url {
            Some(text) => PublicUrl::parse(text)
                .map_err(|error| StartError::PublicUrl(text.clone(), error))?,
            None => PublicUrl::of_localhost(address.port()),
        };

        let db = database::open(&options.database).await?;
        let seal = Seal::load(&options.key_file, &options.database, &db).await?;
        let seal = Arc::new(seal);
        let setup = read_setup(options.setup.as_ref(), issuer.as_deref())?;
        if let Some(setup) = &setup {
            setup.check_domains(&public_url)?;
            let now = i64::try_from(clock.now()).unwrap_or(i64::MAX);
            setup.apply(&db, &seal, environment, now).await?;
        }
        let okta = match (okta_listener, &issuer) {
            (Some((listener, address)), Some(issuer)) => {
                let mut config = match &setup {
                    Some(setup) => setup.dev_okta(issuer, &public_url, environment)?,
                    None => dev_okta::Config::new(issuer.as_str()),
                };
                config.custom_domain = custom_domain(address);
                let clock = Arc::clone(&clock);
                config.clock = dev_okta::Clock::from_fn(move || clock.now());
                Some((DevOkta::new(config)?, listener))
            }
            _ => None,
        };

        let measures = Arc::new(Metrics::default());
        let metrics = match options.metrics {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let recordings = match &options.recordings {
            Some(folder) => {
                let (key_file, db) = (options.recordings_key_file.as_deref(), db.clone());
                Some(Recordings::open(folder, key_file, db, Arc::clone(&clock))?)
            }
            None => None,
        };
        let plugin = plugin::load(
            &options,
            (&db, &seal),
            (&measures, recordings.as_ref()),
            Arc::clone(&clock),
        )
        .await?;
        let policy = plugin::policy(&plugin, options.danger_allow_loopback).await?;
        // Passwords are shown only where they are those of this repository's own seed.
        let seed = setup.filter(|_| options.setup.is_none());
        let welcome = welcome(
            &public_url,
            okta.as_ref().map(|(okta, _)| okta),
            seed.as_ref(),
        );
        let ledgerline = Arc::new(Ledgerline::new(
            (db, seal),
            (plugin, policy),
            recordings,
            measures,
            Edge {
                public_url,
                dev_okta: issuer,
                lifetimes: Lifetimes {
                    most: i64::from(options.session_minutes) * 60,
                    idle: i64::from(options.idle_minutes) * 60,
                },
                trusted_proxies: options.trusted_proxy.clone(),
            },
            clock,
        ));
        let component_file = ComponentFile::new(&options, &ledgerline);
        Ok(Self {
            router: web::router(&ledgerline),
            ledgerline,
            listener,
            address,
            okta,
            metrics,
            component_file,
            welcome,
        })
    }

    /// Where browsers reach it: an origin.
    #[must_use]
    pub fn public_url(&self) -> &str {
        self.ledgerline.public_url.origin()
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers for `/metrics`.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(|(_, address)| *address)
    }

    /// The development Okta, where it runs.
    #[must_use]
    pub fn dev_okta(&self) -> Option<&DevOkta> {
        self.okta.as_ref().map(|(okta, _)| okta)
    }

    /// Loads the component again while the product runs.
    #[must_use]
    pub fn component_file(&self) -> ComponentFile {
        self.component_file.clone()
    }

    /// Addresses, and who can sign in where, when that is known.
    #[must_use]
    pub fn welcome(&self) -> &str {
        &self.welcome
    }

    /// Answers until `stop` is done, then for at most 10 seconds what was asked before.
    ///
    /// # Errors
    ///
    /// Those of the listener.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let okta = self
            .okta
            .map(|(okta, listener)| tokio::spawn(async move { okta.serve(listener).await }));
        let metrics = self.metrics.map(|(listener, _)| {
            let measures = Arc::clone(&self.ledgerline.metrics);
            let router = metrics::router(measures, self.ledgerline.plugin.clone());
            tokio::spawn(async move { axum::serve(listener, router).await })
        });
        let sweeper = tokio::spawn(sweep(Arc::clone(&self.ledgerline)));
        let (stopped, last) = tokio::sync::oneshot::channel();
        let ledgerline = Arc::clone(&self.ledgerline);
        let proxies = &self.ledgerline.trusted_proxies;
        let server = listen::serve(self.listener, self.router, proxies, async move {
            stop.await;
            ledgerline.stop();
            tracing::info!("stopping: no new connections");
            let _ = stopped.send(()); // the receiver is gone when the server is
        });
        let ended = tokio::select! {
            ended = server => ended,
            () = async {
                match last.await {
                    Ok(()) => tokio::time::sleep(LAST_REQUESTS).await,
                    Err(_) => std::future::pending().await,
                }
            } => {
                tracing::warn!("some requests were not done in time");
                Ok(())
            }
        };
        stop_task(sweeper).await;
        for task in okta.into_iter().chain(metrics) {
            stop_task(task).await;
        }
        self.ledgerline.db.close().await;
        ended
    }
}

async fn stop_task<T>(task: JoinHandle<T>) {
    task.abort();
    let _ = task.await; // cancelled, as was asked
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |error| StartError::Listen(address, error);
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn read_setup(file: Option<&PathBuf>, dev_okta: Option<&str>) -> Result<Option<Setup>, StartError> {
    let text = match (file, dev_okta) {
        (Some(path), _) => {
            fs::read_to_string(path).map_err(|error| StartError::File(path.clone(), error))?
        }
        (None, Some(_)) => SEED.to_owned(),
        (None, None) => return Ok(None),
    };
    Ok(Some(setup::parse(&text)?.at(dev_okta)?))
}

async fn sweep(ledgerline: Arc<Ledgerline>) {
    let mut times = tokio::time::interval(SWEEP);
    loop {
        times.tick().await;
        if let Err(error) = sessions::sweep(&ledgerline.db, ledgerline.session_times()).await {
            tracing::warn!(%error, "expired sessions could not be removed");
        }
        if let Some(recordings) = &ledgerline.recordings
            && let Err(error) = recordings.sweep().await
        {
            tracing::warn!(%error, "old recordings could not be removed");
        }
    }
}

/// A second address of a development Okta that only this machine reaches.
fn custom_domain(address: SocketAddr) -> Option<String> {
    address
        .ip()
        .is_loopback()
        .then(|| format!("http://localhost:{}", address.port()))
}

/// Addresses, and who can sign in with what, by the seed.
fn welcome(public_url: &PublicUrl, okta: Option<&DevOkta>, seed: Option<&Setup>) -> String {
    let mut text = format!("\nLedgerline       {}\n", public_url.origin());
    if let Some(okta) = okta {
        let issuer = okta.issuer();
        text += &format!("Okta dashboard   {issuer}\nOkta admin       {issuer}/admin\n");
        if let Some(custom) = okta.custom_domain() {
            text += &format!("Okta custom URL  {custom}\n");
        }
    }
    if let Some(seed) = seed {
        text += &format!("\n{}\n", seed.who());
    }
    text
}
