//! PostgreSQL and Redis, started on free ports with data of their own, ended with the tests.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use sqlx::Connection;
use tokio::sync::OnceCell;

/// The address of a new database, as its storage takes it; none when `SKIP` leaves the part out.
///
/// Each test has its own: the clock of one would end the entries of another.
pub(crate) async fn postgres() -> Option<String> {
    static SERVER: OnceCell<Option<String>> = OnceCell::const_new();
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = SERVER.get_or_init(start_postgres).await.as_ref()?;
    let name = format!("test{}", NEXT.fetch_add(1, Relaxed));
    let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
    let mut connection = sqlx::PgConnection::connect(&format!("{server}/postgres"))
        .await
        .unwrap();
    sqlx::query(create).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    Some(format!("{server}/{name}"))
}

/// The address of a server that all tests share: nothing there ends by another's clock.
pub(crate) async fn redis() -> Option<String> {
    static SERVER: OnceCell<Option<String>> = OnceCell::const_new();
    SERVER.get_or_init(own_redis).await.clone()
}

async fn start_postgres() -> Option<String> {
    let data = data("postgres")?;
    let path = data.to_str().unwrap();
    let init = [
        "initdb",
        "--username=okta",
        "--auth=trust",
        "--no-sync",
        "--pgdata",
        path,
    ];
    let made = part("postgres", &init).output().unwrap();
    let words = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "{words}");
    let port = free_port();
    let (port_text, off) = (port.to_string(), "unix_socket_directories=");
    let serve = [
        "postgres",
        "-D",
        path,
        "-p",
        &port_text,
        "-h",
        "127.0.0.1",
        "-c",
        off,
        "-c",
        "fsync=off",
    ];
    run(part("postgres", &serve));
    let server = format!("postgres://okta@127.0.0.1:{port}");
    until_ready("PostgreSQL", async || {
        let database = format!("{server}/postgres");
        sqlx::PgConnection::connect(&database).await.is_ok()
    })
    .await;
    Some(server)
}

/// A server that no other test knows.
pub(crate) async fn own_redis() -> Option<String> {
    data("redis")?;
    let port = free_port();
    let text = port.to_string();
    let serve = [
        "redis-server",
        "--port",
        &text,
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--maxmemory-policy",
        "noeviction",
    ];
    run(part("redis", &serve));
    let address = format!("redis://127.0.0.1:{port}/");
    until_ready("Redis", async || {
        let client = redis::Client::open(address.as_str()).unwrap();
        let Ok(mut connection) = client.get_multiplexed_async_connection().await else {
            return false;
        };
        let ping = redis::cmd("PING");
        ping.query_async::<String>(&mut connection).await.is_ok()
    })
    .await;
    Some(address)
}

/// A folder that is not there yet, and those of ended runs gone; none when the part is left out.
fn data(part: &str) -> Option<PathBuf> {
    let skip = env::var("SKIP").unwrap_or_default();
    if skip.split([',', ' ']).any(|skipped| skipped == part) {
        println!("SKIPPED: {part}");
        return None;
    }
    let prefix = format!("okta-sso-test-{part}-");
    let temporary = env::temp_dir();
    for entry in fs::read_dir(&temporary).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap_or_default();
        if let Some(owner) = name.strip_prefix(&prefix)
            && !Path::new("/proc").join(owner).exists()
        {
            let _ = fs::remove_dir_all(entry.path()); // or another run does
        }
    }
    Some(temporary.join(format!("{prefix}{}", process::id())))
}

/// A command of a part that `tests/part` brings, as a user that servers accept, ending with this process.
fn part(part: &str, arguments: &[&str]) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(root.join("tests/part"));
    command.args([part, "setpriv", "--pdeathsig", "KILL"]);
    if part == "postgres" && fs::metadata("/proc/self").unwrap().is_owned_by_root() {
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

trait Owned {
    fn is_owned_by_root(&self) -> bool;
}

impl Owned for fs::Metadata {
    fn is_owned_by_root(&self) -> bool {
        std::os::unix::fs::MetadataExt::uid(self) == 0
    }
}

/// On a thread that lives as long as the process: the server's end is tied to its starter's.
fn run(mut command: Command) {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    thread::spawn(move || command.status());
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

async fn until_ready(name: &str, ready: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !ready().await {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{name} does not start"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
