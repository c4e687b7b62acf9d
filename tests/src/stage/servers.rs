//! PostgreSQL and Redis, started on free ports with data of their own, ended with this process.

use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, io, process, thread};

use anyhow::{Context, Result, ensure};
use sqlx::Connection;
use tokio::sync::OnceCell;

use crate::part;

/// How long a server may take until it answers.
const READY: Duration = Duration::from_secs(60);

/// The address of a new database, as its storage takes it; none when `SKIP` leaves the part out.
///
/// Each test has its own: the clock of one would end the entries of another.
///
/// # Errors
/// When the server does not start.
pub async fn postgres() -> Result<Option<String>> {
    static SHARED: OnceCell<Option<Server>> = OnceCell::const_new();
    match SHARED.get_or_try_init(Server::postgres).await? {
        Some(server) => Ok(Some(server.database().await?)),
        None => Ok(None),
    }
}

/// The address of a server that all tests share: nothing there ends by another's clock.
///
/// # Errors
/// When the server does not start.
pub async fn redis() -> Result<Option<String>> {
    static SHARED: OnceCell<Option<Server>> = OnceCell::const_new();
    let server = SHARED.get_or_try_init(Server::redis).await?;
    Ok(server.as_ref().map(Server::address))
}

/// One server's process.
pub struct Server {
    kind: Kind,
    port: u16,
    arguments: Vec<String>,
    child: Mutex<Option<Child>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Postgres,
    Redis,
}

impl Server {
    /// A PostgreSQL of one's own; none when `SKIP` leaves it out.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn postgres() -> Result<Option<Self>> {
        if !part::bring("postgres")? {
            return Ok(None);
        }
        let data = data("postgres")?;
        let data = data
            .to_str()
            .context("a temporary folder that is no text")?;
        let init = [
            "initdb",
            "--username=okta",
            "--auth=trust",
            "--no-sync",
            "--pgdata",
            data,
        ];
        let made = command(Kind::Postgres, init).output()?;
        ensure!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let port = free_port()?;
        let port_text = port.to_string();
        let arguments = [
            "postgres",
            "-D",
            data,
            "-p",
            &port_text,
            "-h",
            "127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
            "-c",
            "max_connections=300",
        ];
        Self::begin(Kind::Postgres, port, &arguments)
            .await
            .map(Some)
    }

    /// A Redis of one's own, which remembers nothing; none when `SKIP` leaves it out.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn redis() -> Result<Option<Self>> {
        if !part::bring("redis")? {
            return Ok(None);
        }
        let port = free_port()?;
        let port_text = port.to_string();
        let arguments = [
            "redis-server",
            "--port",
            &port_text,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--maxmemory-policy",
            "noeviction",
            // A replica is filled at once, and leaves no file behind.
            "--repl-diskless-sync",
            "yes",
            "--repl-diskless-sync-delay",
            "0",
            "--repl-diskless-load",
            "swapdb",
        ];
        Self::begin(Kind::Redis, port, &arguments).await.map(Some)
    }

    async fn begin(kind: Kind, port: u16, arguments: &[&str]) -> Result<Self> {
        let server = Self {
            kind,
            port,
            arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
            child: Mutex::default(),
        };
        server.start().await?;
        Ok(server)
    }

    /// Starts it, on the port and data that it had before, and waits until it answers.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub async fn start(&self) -> Result<()> {
        let started = Instant::now();
        loop {
            if self.has_ended() {
                // PostgreSQL refuses to start while processes of a killed one are still ending.
                let child = spawn(command(self.kind, &self.arguments))?;
                *self.child.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
            }
            if self.answers().await {
                return Ok(());
            }
            ensure!(
                started.elapsed() < READY,
                "{} does not start",
                self.arguments[0]
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Ends it by SIGKILL.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&self) -> Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut child) = child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// As the storage takes it; of PostgreSQL the database that is always there.
    #[must_use]
    pub fn address(&self) -> String {
        let port = self.port;
        match self.kind {
            Kind::Postgres => format!("postgres://okta@127.0.0.1:{port}/postgres"),
            Kind::Redis => format!("redis://127.0.0.1:{port}/"),
        }
    }

    /// A new database of this PostgreSQL.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn database(&self) -> Result<String> {
        new_database(&self.address()).await
    }

    fn has_ended(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child
            .as_mut()
            .is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    async fn answers(&self) -> bool {
        match self.kind {
            Kind::Postgres => sqlx::PgConnection::connect(&self.address()).await.is_ok(),
            Kind::Redis => ping(&self.address()).await.is_ok(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.kill(); // what is left ends with this process
    }
}

/// A new database beside the one that a PostgreSQL always has.
pub(super) async fn new_database(address: &str) -> Result<String> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test{}", NEXT.fetch_add(1, Relaxed));
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    let mut connection = sqlx::PgConnection::connect(address).await?;
    sqlx::query(create).execute(&mut connection).await?;
    connection.close().await?;
    let (server, _) = address.rsplit_once('/').context("an address")?;
    Ok(format!("{server}/{name}"))
}

async fn ping(address: &str) -> redis::RedisResult<()> {
    let client = redis::Client::open(address)?;
    let mut connection = client.get_multiplexed_async_connection().await?;
    redis::cmd("PING").query_async(&mut connection).await
}

/// The name of a folder that is not there yet; those of ended runs are removed.
fn data(part: &str) -> Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("okta-sso-test-{part}-");
    let temporary = env::temp_dir();
    for entry in fs::read_dir(&temporary)?.flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        let owner = name
            .strip_prefix(&prefix)
            .and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|owner| !Path::new("/proc").join(owner).exists()) {
            let _ = fs::remove_dir_all(entry.path()); // or another run does
        }
    }
    let number = NEXT.fetch_add(1, Relaxed);
    Ok(temporary.join(format!("{prefix}{}-{number}", process::id())))
}

/// A command of a part, as a user that servers accept, ending with the thread that starts it.
fn command(
    kind: Kind,
    arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>,
) -> Command {
    let part = match kind {
        Kind::Postgres => "postgres",
        Kind::Redis => "redis",
    };
    let mut command = Command::new(part::workspace().join("tests/part"));
    command.args([part, "setpriv", "--pdeathsig", "KILL"]);
    let is_root = fs::metadata("/proc/self").is_ok_and(|this| this.uid() == 0);
    if kind == Kind::Postgres && is_root {
        // PostgreSQL refuses to run as root.
        command.args([
            "--reuid",
            "postgres",
            "--regid",
            "postgres",
            "--clear-groups",
        ]);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Starts it from a thread that lives as long as this process, because the server's end is tied to that thread's.
fn spawn(mut command: Command) -> Result<Child> {
    type Order = (Command, mpsc::Sender<io::Result<Child>>);
    static STARTER: LazyLock<mpsc::Sender<Order>> = LazyLock::new(|| {
        let (sender, orders) = mpsc::channel::<Order>();
        thread::spawn(move || {
            for (mut command, reply) in orders {
                let _ = reply.send(command.spawn()); // or nobody waits any more
            }
        });
        sender
    });
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (sender, started) = mpsc::channel();
    STARTER.send((command, sender))?;
    Ok(started.recv()??)
}

/// A port that nobody listens on.
///
/// # Errors
/// When this machine has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
