//! People with browsers: the driver of whole logins, the same for every server that is measured.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Certificate, Client, Response, redirect};
use tokio::task::JoinSet;
use url::Url;

use crate::process::Process;
use crate::provider::AUTHORITY;

/// Logins under way at once.
const AT_ONCE: usize = 4;

/// A provider, a folder for everything, and the browsers.
pub(crate) struct Stage {
    pub(crate) folder: PathBuf,
    provider: Process,
    pub(crate) browser: Browser,
}

impl Stage {
    pub(crate) fn open() -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("okta-sso-speed-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder)?;
        let provider = Process::start("provider", &[&folder.to_string_lossy()])?;
        let browser = Browser::new(&folder)?;
        Ok(Self {
            folder,
            provider,
            browser,
        })
    }

    /// Where the provider is, without an organisation.
    pub(crate) fn origin(&self) -> String {
        format!("https://localhost:{}", self.provider.address.port())
    }

    /// A number that the provider counts.
    pub(crate) async fn count(&self, of: &str) -> Result<u64> {
        let url = format!("{}/{of}", self.origin());
        let answer = self.browser.client.get(url).send().await?;
        Ok(answer.text().await?.parse()?)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder); // the system's own cleaning takes what is left
    }
}

/// All browsers; each login brings its own cookies.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) client: Client,
    visits: Arc<AtomicU32>,
}

/// An attempt on its way to the provider.
pub(crate) struct Begun {
    url: Url,
    cookie: String,
    from: String,
}

/// Who signs in where.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) server: SocketAddr,
    /// Where the callback goes: another replica, or the same.
    pub(crate) back: SocketAddr,
    pub(crate) tenant: String,
    pub(crate) email: String,
}

impl Browser {
    /// Trusts the authority of `folder`.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        let authority = Certificate::from_pem(&fs::read(folder.join(AUTHORITY))?)?;
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .tls_certs_only([authority])
            .timeout(Duration::from_secs(60))
            .no_proxy();
        Ok(Self {
            client: client.build()?,
            visits: Arc::default(),
        })
    }

    /// Presses the button; where it leads, and how long that took.
    pub(crate) async fn start(&self, person: &Person) -> Result<(Begun, Duration)> {
        let number = self.visits.fetch_add(1, Relaxed).to_be_bytes();
        let from = format!("10.{}.{}.{}", number[1], number[2], number[3]);
        let Person {
            server,
            tenant,
            email,
            ..
        } = person;
        let url = format!("http://{server}/sso/okta/start?tenant={tenant}&login_hint={email}");
        let started = Instant::now();
        let answer = self
            .client
            .get(url)
            .header("x-forwarded-for", &from)
            .send()
            .await?;
        let took = started.elapsed();
        let cookie = answer.headers().get("set-cookie");
        let cookie = cookie.with_context(|| format!("{}, and no cookie", answer.status()))?;
        let cookie = cookie
            .to_str()?
            .split(';')
            .next()
            .unwrap_or_default()
            .to_owned();
        let url = location(&answer)?;
        Ok((Begun { url, cookie, from }, took))
    }

    /// Goes to the provider, comes back, and is in.
    pub(crate) async fn finish(&self, begun: Begun, person: &Person) -> Result<()> {
        let answer = self.client.get(begun.url).send().await?;
        let back = location(&answer)?;
        let query = back.query().context("nothing to come back with")?;
        let url = format!("http://{}/sso/okta/callback?{query}", person.back);
        let answer = self
            .client
            .get(url)
            .header("cookie", begun.cookie)
            .header("x-forwarded-for", begun.from)
            .send()
            .await?;
        let cookies = answer.headers().get_all("set-cookie").iter();
        let session = cookies.filter_map(|cookie| cookie.to_str().ok());
        let session = session.filter(|cookie| cookie.starts_with("__Host-session="));
        let signed_in = answer.status().is_redirection() && session.count() == 1;
        ensure!(signed_in, "{}: {}", answer.status(), answer.text().await?);
        Ok(())
    }

    /// Everybody once, some at a time.
    pub(crate) async fn sign_in(&self, people: impl IntoIterator<Item = Person>) -> Result<()> {
        let mut under_way = JoinSet::new();
        for person in people {
            if under_way.len() == AT_ONCE {
                under_way.join_next().await.context("nobody")???;
            }
            let browser = self.clone();
            under_way.spawn(async move {
                let (begun, _) = browser.start(&person).await?;
                browser.finish(begun, &person).await
            });
        }
        while let Some(done) = under_way.join_next().await {
            done??;
        }
        Ok(())
    }
}

fn location(answer: &Response) -> Result<Url> {
    let location = answer.headers().get("location");
    let location = location.with_context(|| format!("{} leads nowhere", answer.status()))?;
    Ok(Url::parse(location.to_str()?)?)
}
