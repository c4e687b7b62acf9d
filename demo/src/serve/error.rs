//! Why the product cannot start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::ledgerline::PublicUrlError;
use crate::recordings::RecordingsError;
use crate::seal::KeyError;
use crate::setup::SetupError;
use crate::{database, dev_okta};

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
