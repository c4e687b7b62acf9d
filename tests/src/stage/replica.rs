//! A host as a process: several of them over one storage are what a platform runs behind its balancer.
//!
//! `okta-sso-conformance replica` is the process. It reads its orders from standard input, prints the address that it
//! listens on, and ends with its input.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use ::axum::extract::{Query, State};
use ::axum::http::StatusCode;
use ::axum::http::request::Parts;
use ::axum::response::{IntoResponse, Response};
use ::axum::routing::post;
use ::axum::{Json, Router};
use anyhow::{Context, Result};
use async_trait::async_trait;
use okta_sso_host::axum::{Attempt, Platform, Refusal, SignIn, Unavailable};
use okta_sso_host::contract::{Connection, SignedIn};
use okta_sso_host::{CompiledCache, Component, Deadlines, Limits, Pin, Plugin};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use super::browser::Answer;
use super::platform::{self, Wrong};

/// What a replica is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Orders {
    /// As [`platform::storage`] takes it.
    pub storage: String,
    /// Tenant to the issuer of its provider.
    pub tenants: BTreeMap<String, String>,
    /// The component's file, with its pin beside it.
    pub component: PathBuf,
    /// A private folder for compiled code.
    pub cache: PathBuf,
    /// The deadlines are the default ones divided by this.
    pub haste: u32,
}

/// One replica's process; killed when dropped.
pub struct Replica {
    program: PathBuf,
    /// Words before the program, such as those that take resources away from it.
    under: Vec<OsString>,
    orders: Orders,
    child: Child,
    address: SocketAddr,
}

impl Replica {
    /// Starts one and waits until it listens. `program` is `okta-sso-conformance`.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(program: &Path, orders: &Orders) -> Result<Self> {
        Self::start_under(&[], program, orders)
    }

    /// The same below another program, whose arguments end where the replica's begin.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start_under(under: &[&str], program: &Path, orders: &Orders) -> Result<Self> {
        let under: Vec<OsString> = under.iter().map(OsString::from).collect();
        let (child, address) = spawn(&under, program, orders)?;
        Ok(Self {
            program: program.to_owned(),
            under,
            orders: orders.clone(),
            child,
            address,
        })
    }

    /// Where it listens; another place after each start.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it by SIGKILL.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again with the same orders.
    ///
    /// # Errors
    /// When it does not start.
    pub fn restart(&mut self) -> Result<()> {
        (self.child, self.address) = spawn(&self.under, &self.program, &self.orders)?;
        Ok(())
    }

    /// Whether its process runs.
    pub fn lives(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Resident memory in KiB, as `/proc` tells it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resident(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let digits = line.and_then(|line| line.split_whitespace().next());
        Ok(digits.context("no VmRSS")?.parse()?)
    }

    /// Files that it has open.
    ///
    /// # Errors
    /// When it has ended.
    pub fn open_files(&self) -> Result<usize> {
        Ok(std::fs::read_dir(format!("/proc/{}/fd", self.child.id()))?.count())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.kill(); // it may have ended
    }
}

fn spawn(under: &[OsString], program: &Path, orders: &Orders) -> Result<(Child, SocketAddr)> {
    let mut words = under.iter().map(OsString::as_os_str);
    let mut command = match words.next() {
        Some(first) => {
            let mut command = Command::new(first);
            command.args(words).arg(program);
            command
        }
        None => Command::new(program),
    };
    let mut child = command
        .arg("replica")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| program.display().to_string())?;
    // Kept open by the child's handle: its end is the replica's.
    let input = child.stdin.as_mut().context("no standard input")?;
    writeln!(input, "{}", serde_json::to_string(orders)?)?;
    let output = child.stdout.take().context("no standard output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let address = line
        .trim()
        .strip_prefix("listening ")
        .and_then(|text| text.parse().ok());
    match address {
        Some(address) => Ok((child, address)),
        None => {
            let _ = child.kill(); // it may have ended
            let status = child.wait()?;
            anyhow::bail!("the replica ended with {status} instead of listening")
        }
    }
}

/// The tenants of the orders, and no users: whoever the provider vouches for is let in.
struct Everybody(BTreeMap<String, Connection>);

#[async_trait]
impl Platform for Everybody {
    async fn connection_of_tenant(&self, tenant: &str) -> Result<Option<Connection>, Unavailable> {
        Ok(self.0.get(tenant).cloned())
    }

    async fn connection(&self, id: &str) -> Result<Option<Connection>, Unavailable> {
        Ok(self.0.get(id).cloned())
    }

    async fn signed_in(&self, _: &Parts, _: &Attempt, signed_in: SignedIn) -> Response {
        Json(Answer::SignedIn {
            subject: signed_in.identity.subject,
            logout_hint: signed_in.logout_hint,
        })
        .into_response()
    }

    async fn refused(&self, _: &Parts, _: Option<&Attempt>, refusal: Refusal) -> Response {
        let code = match refusal {
            Refusal::NoConnection => "no-connection".to_owned(),
            Refusal::Unavailable => "unavailable".to_owned(),
            Refusal::NotBegun { error, .. } | Refusal::Call(error) => error.to_string(),
        };
        (StatusCode::FORBIDDEN, Json(Answer::Refused(code))).into_response()
    }
}

/// What the replica's own routes share.
#[derive(Clone)]
struct Control {
    plugin: Plugin,
    tenants: Arc<BTreeMap<String, Connection>>,
    clock: Arc<Wrong>,
}

/// The process: serves until standard input ends.
///
/// # Errors
/// What keeps it from serving.
pub fn run() -> Result<()> {
    let mut input = BufReader::new(std::io::stdin());
    let mut line = String::new();
    input.read_line(&mut line)?;
    let orders: Orders = serde_json::from_str(&line)?;
    std::thread::spawn(move || {
        let _ = input.read_to_end(&mut Vec::new()); // ends with whoever started this
        std::process::exit(0);
    });
    tokio::runtime::Runtime::new()?.block_on(serve(orders))
}

async fn serve(orders: Orders) -> Result<()> {
    let clock = Arc::new(Wrong::default());
    let storage = platform::storage(&orders.storage).await?;
    let usual = Deadlines::default();
    let deadlines = Deadlines {
        connect: usual.connect / orders.haste,
        tls: usual.tls / orders.haste,
        headers: usual.headers / orders.haste,
        exchange: usual.exchange / orders.haste,
    };
    let usual = Limits::default();
    let limits = Limits {
        wall: usual.wall / orders.haste,
        ..usual
    };
    let capabilities = platform::capabilities(storage, clock.clone(), deadlines)?;
    let plugin = Plugin::builder()
        .limits(limits)
        .component(Component::from_path(&orders.component, Pin::Sidecar)?)
        .compiled_cache(CompiledCache::open(&orders.cache, CACHE_KEY)?)
        .capabilities(capabilities)
        .load()?;
    let mut tenants = BTreeMap::new();
    for (tenant, issuer) in &orders.tenants {
        let connection = platform::connection(&plugin, tenant, issuer).await?;
        tenants.insert(tenant.clone(), connection);
    }
    let control = Control {
        plugin: plugin.clone(),
        tenants: Arc::new(tenants.clone()),
        clock,
    };
    let sign_in = Arc::new(SignIn::new(plugin, Everybody(tenants)));
    let router = Router::new()
        .route("/logout", post(logout))
        .route("/clock", post(set_clock))
        .route("/replace", post(replace))
        .route("/self-test", post(self_test))
        .with_state(control)
        .nest("/sso/okta", sign_in.router());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening {}", listener.local_addr()?);
    std::io::stdout().flush()?;
    ::axum::serve(listener, router).await?;
    Ok(())
}

/// Of these processes alone: what is cached belongs to nobody else.
const CACHE_KEY: &[u8] = b"a key of the tests, 32 bytes long";

type Failed = (StatusCode, String);

fn failed(error: impl std::fmt::Display) -> Failed {
    (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
}

/// Where the browser goes to end the provider's session; the body is the hint.
async fn logout(
    State(control): State<Control>,
    Query(query): Query<BTreeMap<String, String>>,
    hint: String,
) -> Result<String, Failed> {
    let tenant = query.get("tenant").map_or("", String::as_str);
    let connection = control
        .tenants
        .get(tenant)
        .ok_or_else(|| failed("no such tenant"))?;
    control
        .plugin
        .begin_logout(connection, &hint, None)
        .await
        .map_err(failed)
}

/// The clock is wrong by the body's seconds.
async fn set_clock(State(control): State<Control>, seconds: String) -> Result<(), Failed> {
    control.clock.set(seconds.parse().map_err(failed)?);
    Ok(())
}

/// Another component takes this one's place: the body names its file.
async fn replace(State(control): State<Control>, file: String) -> Result<String, Failed> {
    let component = Component::from_path(file, Pin::Sidecar).map_err(failed)?;
    control.plugin.replace(component).await.map_err(failed)?;
    Ok(control.plugin.sha256())
}

async fn self_test(State(control): State<Control>) -> Result<(), Failed> {
    control.plugin.self_test().await.map_err(failed)
}
