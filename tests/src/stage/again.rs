//! A test program once more, with its databases in PostgreSQL.

use std::env;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::servers::{self, Server};

/// Names the server to the second run.
const SERVER: &str = "OKTA_SSO_TEST_POSTGRES";

/// Runs this very program again, all of it. Nothing where `SKIP` leaves PostgreSQL out,
/// and nothing in the second run.
///
/// # Errors
/// When a test of the second run fails, or none ran.
pub async fn over_postgres() -> Result<()> {
    if env::var_os(SERVER).is_some() {
        return Ok(());
    }
    let Some(server) = Server::postgres().await? else {
        return Ok(());
    };
    let run = Command::new(env::current_exe()?)
        .env(SERVER, server.address())
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&run.stdout);
    ensure!(run.status.success(), "over PostgreSQL:\n{said}");
    let counted = said
        .lines()
        .find_map(|line| line.strip_prefix("test result: ok. "))
        .context("no test ran")?;
    ensure!(!counted.starts_with("0 passed"), "no test ran: {counted}");
    println!("over PostgreSQL: {counted}");
    Ok(())
}

/// The address of a new database, in the second run; none in the first.
///
/// # Errors
/// When it cannot be made.
pub async fn database() -> Result<Option<String>> {
    match env::var(SERVER) {
        Ok(server) => Ok(Some(servers::new_database(&server).await?)),
        Err(_) => Ok(None),
    }
}
