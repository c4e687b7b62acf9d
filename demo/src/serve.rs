//! `serve`: brings the product up, with the development Okta where that is asked for, and takes it down.

mod egress;
mod error;
mod options;
mod plugin;

use std::fs;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use okta_sso_host::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::database;
use crate::dev_okta::{self, DevOkta};
use crate::ledgerline::{Edge, Ledgerline, PublicUrl};
use crate::metrics::Metrics;
use crate::recordings::Recordings;
use crate::seal::Seal;
use crate::sessions::{self, Lifetimes};
use crate::setup::{self, Setup};
use crate::{listen, metrics, web};

pub use self::egress::EgressProxy;
pub use self::error::StartError;
pub use self::options::{DevOktaAt, LogFormat, Options};
pub use self::plugin::{CompiledCacheAt, ComponentFile};

/// How long requests in flight may take once the process is told to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(10);
/// How long the database may take to close, after that.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How often what has expired is forgotten.
const SWEEP: Duration = Duration::from_secs(60);
/// Tenants and people to try the product with; used where the development Okta runs and no file is given.
const SEED: &str = include_str!("../seed.toml");

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
            let (measures, db) = (
                Arc::clone(&self.ledgerline.metrics),
                self.ledgerline.db.clone(),
            );
            let router = metrics::router(measures, self.ledgerline.plugin.clone(), db);
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
        // What is committed is kept; connections that a hanging server does not give back are left to the system.
        let closed = tokio::time::timeout(LAST_WORDS, self.ledgerline.db.close());
        if closed.await.is_err() {
            tracing::warn!("the database does not let go; ending without it");
        }
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
