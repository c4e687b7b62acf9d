//! The sign-in component: loaded with what it may use, and what it proposes.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use okta_sso_host::contract::{Network, Policy};
use okta_sso_host::{
    Capabilities, Clock, CompiledCache, Component, MemoryStorage, Pin, Plugin, PostgresStorage,
    RedisStorage, SetupError, SqliteStorage, Storage,
};
use sqlx::AnyPool;
use tokio::task::JoinError;

use super::{Options, StartError, egress};
use crate::credentials::SealedCredentials;
use crate::database::Database;
use crate::ledgerline::Ledgerline;
use crate::metrics::Metrics;
use crate::operator_events::Code;
use crate::recordings::Recordings;
use crate::seal::Seal;

/// Where compiled code is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompiledCacheAt {
    /// Nowhere: each start compiles.
    Off,
    /// In this folder, for this user alone.
    Folder(PathBuf),
}

impl FromStr for CompiledCacheAt {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "off" => Self::Off,
            folder => Self::Folder(PathBuf::from(folder)),
        })
    }
}

/// Loads the component over this database, its storage and this clock.
pub(super) async fn load(
    options: &Options,
    (db, seal): (&AnyPool, &Arc<Seal>),
    (metrics, recordings): (&Metrics, Option<&Recordings>),
    clock: Arc<dyn Clock>,
) -> Result<Plugin, StartError> {
    let storage = pending(options.state.as_ref().unwrap_or(&options.database)).await?;
    let credentials = SealedCredentials {
        db: db.clone(),
        seal: Arc::clone(seal),
        clock: Arc::clone(&clock),
    };
    let http = egress::client(options)?;
    let storage = metrics.measured_storage(storage);
    let capabilities = Capabilities::new(storage, Arc::new(credentials))
        .with_http(metrics.measured(http))
        .with_log(metrics.measured_log())
        .with_clock(clock);
    let capabilities = match recordings {
        Some(recordings) => capabilities.with_recorder(Arc::new(recordings.clone())),
        None => capabilities,
    };
    let component =
        Component::from_path(&options.plugin, Pin::Sidecar).map_err(StartError::Plugin)?;
    let mut builder = Plugin::builder()
        .component(component)
        .capabilities(capabilities);
    if let Some(folder) = compiled_cache(options)? {
        let cache = CompiledCache::open(folder, seal.compiled_code_key());
        builder = builder.compiled_cache(cache.map_err(StartError::CompiledCache)?);
    }
    // Compiles for some hundred milliseconds, unless it was compiled before; nothing is answered yet that it could
    // keep waiting.
    let plugin = builder.load().map_err(StartError::Plugin)?;
    metrics.runs(plugin.sha256());
    Ok(plugin)
}

/// Where sign-ins wait for their callback.
async fn pending(state: &Database) -> Result<Arc<dyn Storage>, StartError> {
    Ok(match state {
        Database::Memory => Arc::new(MemoryStorage::default()),
        Database::File(path) => Arc::new(SqliteStorage::open(path).await?),
        Database::Server(server) if server.is_postgres() => {
            Arc::new(PostgresStorage::open(server.expose()).await?)
        }
        Database::Server(server) if server.is_redis() => {
            Arc::new(RedisStorage::open(server.expose()).await?)
        }
        Database::Server(server) => return Err(StartError::State(server.scheme().to_owned())),
    })
}

/// The folder of compiled code: the one that is given, or the one beside the database's file.
fn compiled_cache(options: &Options) -> Result<Option<PathBuf>, StartError> {
    match (&options.compiled_cache, &options.database) {
        (Some(CompiledCacheAt::Off), _) | (None, Database::Memory | Database::Server(_)) => {
            Ok(None)
        }
        (Some(CompiledCacheAt::Folder(_)), Database::Memory) if options.key_file.is_empty() => {
            Err(StartError::CompiledCacheKey)
        }
        (Some(CompiledCacheAt::Folder(folder)), _) => Ok(Some(folder.clone())),
        (None, Database::File(database)) => {
            let mut folder = database.clone().into_os_string();
            folder.push(".compiled");
            Ok(Some(PathBuf::from(folder)))
        }
    }
}

/// The file that the component came from, to be loaded again while the product runs.
#[derive(Clone)]
pub struct ComponentFile {
    path: PathBuf,
    loopback: bool,
    ledgerline: Arc<Ledgerline>,
}

impl ComponentFile {
    pub(super) fn new(options: &Options, ledgerline: &Arc<Ledgerline>) -> Self {
        Self {
            path: options.plugin.clone(),
            loopback: options.danger_allow_loopback,
            ledgerline: Arc::clone(ledgerline),
        }
    }

    /// Puts what the file holds now in the place of the component that runs: calls that begin run it, those under way
    /// finish on the old one. A file that is not the pinned one, or fails its self-test, changes nothing. Either way it is
    /// logged, counted, and told to the operators.
    pub async fn reload(&self) {
        let replaced = self.replace().await;
        self.ledgerline.metrics.reloaded(replaced.is_ok());
        let runs = self.ledgerline.plugin.sha256();
        let (code, detail) = match replaced {
            Ok(()) => (Code::ComponentReplaced, runs),
            Err(error) => {
                tracing::error!(%error, runs, "the component's file is refused; the component that runs goes on");
                (Code::ComponentRefused, error.to_string())
            }
        };
        self.ledgerline.note(code, "", "", &detail).await;
    }

    async fn replace(&self) -> Result<(), ReloadError> {
        let path = self.path.clone();
        let read = move || Component::from_path(path, Pin::Sidecar);
        let component = tokio::task::spawn_blocking(read).await??;
        let Ledgerline {
            plugin, metrics, ..
        } = &*self.ledgerline;
        plugin.replace(component).await?;
        metrics.runs(plugin.sha256());
        match policy(plugin, self.loopback).await {
            Ok(policy) => self.ledgerline.set_policy(policy),
            Err(error) => {
                tracing::error!(%error, "the new component proposes no policy; that of the one before stays");
            }
        }
        Ok(())
    }
}

/// Why another component was not put in.
#[derive(Debug, thiserror::Error)]
enum ReloadError {
    #[error(transparent)]
    Refused(#[from] SetupError),
    #[error(transparent)]
    NotRead(#[from] JoinError),
}

/// What the component proposes, with the network that this process may reach.
pub(super) async fn policy(plugin: &Plugin, loopback: bool) -> Result<Policy, StartError> {
    let description = plugin
        .describe("en")
        .await
        .map_err(|error| StartError::Describe(error.to_string()))?;
    Ok(Policy {
        network: if loopback {
            Network::DangerLoopback
        } else {
            Network::Public
        },
        ..description.defaults
    })
}
