//! `okta-sso-demo recover`: the operator's way in for a locked-out company, by command line, for when the console cannot be
//! reached either. It writes into the same database as `serve`, which may be running.

use clap::Args;
use okta_sso_host::Clock;

use crate::activation::Cause;
use crate::database::{self, Database};
use crate::recovery::{self, GrantError};
use crate::{tenants, token};

/// What `recover` is told.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// The product's database, as `serve` was told.
    #[arg(
        long,
        value_name = "FILE|postgres://…",
        env = "LEDGERLINE_DATABASE",
        hide_env_values = true
    )]
    pub database: Database,
    /// The company's id.
    #[arg(long, value_name = "ID")]
    pub tenant: String,
    /// The e-mail of one of its administrators, exactly as in the product.
    #[arg(long, value_name = "E-MAIL")]
    pub email: String,
    /// How you know who asks; the company reads it in its history.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// Nothing is made by a command that repairs.
    #[error("--database must name the product's file, which is there already, or its server")]
    NoFile,
    /// The file cannot be used.
    #[error(transparent)]
    Open(#[from] database::OpenError),
    /// No company has this id.
    #[error("there is no company {0:?}")]
    NoTenant(String),
    /// The company reads it.
    #[error("--reason must say something: the company reads it in its history")]
    NoReason,
    /// Only an administrator can repair the settings.
    #[error("no administrator of this company has that e-mail, or the account is deactivated")]
    NoAdministrator,
    /// The database or the source of randomness failed.
    #[error("no code could be made: {0}")]
    Fault(String),
}

/// Grants a recovery code and returns it: good for one use within one hour.
///
/// # Errors
///
/// [`RecoverError`]; nothing was written then.
pub async fn grant(options: &Options, clock: &dyn Clock) -> Result<String, RecoverError> {
    if !options.database.is_there() {
        return Err(RecoverError::NoFile);
    }
    let reason: String = options.reason.trim().chars().take(300).collect();
    if reason.is_empty() {
        return Err(RecoverError::NoReason);
    }
    let fault = |error: &dyn std::error::Error| RecoverError::Fault(error.to_string());
    let db = database::open(&options.database).await?;
    let tenant = tenants::find(&db, &options.tenant).await;
    if tenant.map_err(|error| fault(&error))?.is_none() {
        return Err(RecoverError::NoTenant(options.tenant.clone()));
    }
    let correlation_id = token::name().map_err(|error| fault(&error))?;
    let cause = Cause {
        actor: "operator at the command line",
        correlation_id: &correlation_id,
        now: i64::try_from(clock.now()).unwrap_or(i64::MAX),
    };
    let granted = recovery::grant(&db, &options.tenant, &options.email, &reason, cause).await;
    db.close().await;
    granted.map_err(|error| match error {
        GrantError::NoAdministrator => RecoverError::NoAdministrator,
        other => fault(&other),
    })
}
