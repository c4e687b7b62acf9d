//! Memory of logins that wait for a slow provider, over TLS, each in an instance of its own.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use okta_sso_conformance::run::component_path;
use okta_sso_host::contract::{Callback, Connection, LoginRequest, Network, Policy, Settings};
use okta_sso_host::{
    Capabilities, Component, CredentialError, Credentials, Deadlines, HttpClient, HttpOptions,
    Limits, MemoryStorage, Pin, Plugin, Secret,
};
use reqwest::Url;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::app::{Browser, Stage};
use crate::process::{resident, this_program};
use crate::provider::{AUTHORITY, SECRET, issuer};
use crate::sides::settings;
use crate::table::{Report, Row};

const AT_ONCE: u32 = 2_000;
const ARRIVING: usize = 100;
/// Before they wait, some log in, so that what is made once is made.
const BEFORE: usize = 20;
/// Nobody's time may be over while the others still arrive.
const PATIENCE: Duration = Duration::from_secs(120);

struct OneSecret;

#[async_trait]
impl Credentials for OneSecret {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new(SECRET.into())))
    }
}

pub(crate) async fn measure() -> Result<Report> {
    let stage = Stage::open()?;
    let mut command = this_program("waiting")?;
    command.arg(stage.origin()).arg(&stage.folder);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let each: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(Report {
        rows: vec![Row::new(
            "resident memory per waiting login, 2,000 at once",
            each,
            "KB",
            192.0,
        )],
        charts: Vec::new(),
    })
}

/// The process: prints the kilobytes that each of so many logins takes while it waits.
pub(crate) async fn wait_for(origin: &str, folder: &Path) -> Result<()> {
    let plugin = plugin(folder)?;
    let browser = Browser::new(folder)?;
    let well = connection(&plugin, issuer(origin, "acme")).await?;
    for _ in 0..BEFORE {
        let callback = begin(&plugin, &browser, &well).await?;
        plugin.complete(&well, &callback).await?;
    }
    let slow = connection(&plugin, issuer(origin, "slow")).await?;
    let mut callbacks = Vec::new();
    for _ in 0..AT_ONCE {
        callbacks.push(begin(&plugin, &browser, &slow).await?);
    }
    let before = resident("self")?;
    let mut waiting = JoinSet::new();
    while !callbacks.is_empty() {
        // No more at once than the provider has room for that it has not accepted yet.
        for callback in callbacks.split_off(callbacks.len().saturating_sub(ARRIVING)) {
            let (plugin, slow) = (plugin.clone(), slow.clone());
            waiting.spawn(async move { plugin.complete(&slow, &callback).await.map(drop) });
        }
        all_wait(&browser, &format!("{origin}/waiting"), &mut waiting).await?;
    }
    let after = resident("self")?;
    println!("{}", (after - before) * 1.024 / f64::from(AT_ONCE));
    while let Some(done) = waiting.join_next().await {
        done??;
    }
    Ok(())
}

/// Until each of these has reached the provider.
async fn all_wait<E>(
    browser: &Browser,
    url: &str,
    waiting: &mut JoinSet<std::result::Result<(), E>>,
) -> Result<()>
where
    E: std::error::Error + Send + Sync + 'static,
{
    loop {
        let answer = browser.client.get(url).send().await?.text().await?;
        let there: usize = answer.parse()?;
        if there == waiting.len() {
            return Ok(());
        }
        if let Some(ended) = waiting.try_join_next() {
            ended??;
            bail!("one was answered while {there} waited");
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn plugin(folder: &Path) -> Result<Plugin> {
    let http = HttpClient::new(&HttpOptions {
        extra_ca: Some(std::fs::read(folder.join(AUTHORITY))?),
        danger_allow_loopback: true,
        deadlines: Deadlines {
            connect: PATIENCE,
            tls: PATIENCE,
            headers: PATIENCE,
            exchange: PATIENCE,
        },
        ..HttpOptions::default()
    })?;
    let storage = Arc::new(MemoryStorage::default());
    let capabilities = Capabilities::new(storage, Arc::new(OneSecret)).with_http(Arc::new(http));
    let limits = Limits {
        wall: PATIENCE,
        queue: PATIENCE,
        concurrent: 4 * AT_ONCE, // of which one connection holds a quarter at most
        concurrent_per_connection: AT_ONCE,
        ..Limits::default()
    };
    Ok(Plugin::builder()
        .component(Component::from_path(component_path(), Pin::Sidecar)?)
        .capabilities(capabilities)
        .limits(limits)
        .load()?)
}

async fn connection(plugin: &Plugin, issuer: String) -> Result<Connection> {
    let settings = settings();
    let settings = Settings {
        connection_id: issuer.rsplit('/').next().unwrap_or_default().to_owned(),
        issuer,
        policy: Policy {
            network: Network::DangerLoopback,
            ..settings.policy
        },
        ..settings
    };
    Ok(plugin.check(&settings).await?.connection)
}

/// From the button to the provider and back.
async fn begin(plugin: &Plugin, browser: &Browser, connection: &Connection) -> Result<Callback> {
    let request = LoginRequest {
        login_hint: Some("anna@acme.example".into()),
        return_to: None,
        prompt: None,
    };
    let redirect = plugin.begin(connection, &request).await?;
    let answer = browser.client.get(&redirect.url).send().await?;
    let location = answer.headers().get("location").context("no way back")?;
    let query = Url::parse(location.to_str()?)?
        .query()
        .context("no query")?
        .to_owned();
    Ok(Callback {
        query,
        browser_binding: Some(redirect.browser_binding),
    })
}
