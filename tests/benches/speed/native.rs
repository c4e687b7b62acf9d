//! What a platform in Rust would otherwise be: the same sign-in with axum, `openidconnect` and reqwest.
//!
//! As a good application does it: one HTTP client, metadata and keys read once, pending logins, links and sessions in
//! SQLite as durably as the product has them, statements prepared, everything of one kind in one transaction.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata};
use openidconnect::{
    AccessTokenHash, AsyncHttpClient, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, HttpResponse, IssuerUrl, LoginHint,
    Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use tokio::net::TcpListener;

use crate::process;
use crate::provider::{AUTHORITY, SECRET, issuer};

pub(crate) const CLIENT_ID: &str = "0oa1";
const REDIRECT_URI: &str = "http://localhost/sso/okta/callback";
/// Seconds that an attempt lives, and a session.
const PENDING: i64 = 600;
const SESSION: i64 = 12 * 60 * 60;

pub(crate) type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

struct App {
    db: SqlitePool,
    http: Http,
    provider: String,
    clients: RwLock<HashMap<String, Arc<Client>>>,
}

const SCHEMA: &str = "
    CREATE TABLE pending (state TEXT PRIMARY KEY, binding TEXT NOT NULL, tenant TEXT NOT NULL, nonce TEXT NOT NULL,
        verifier TEXT NOT NULL, ends INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE INDEX pending_ends ON pending (ends);
    CREATE TABLE connections (tenant TEXT PRIMARY KEY, issuer TEXT NOT NULL, client_id TEXT NOT NULL,
        secret TEXT NOT NULL, domain TEXT NOT NULL) STRICT;
    CREATE TABLE users (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, email TEXT NOT NULL, invited INTEGER NOT NULL,
        UNIQUE (tenant, email)) STRICT;
    CREATE TABLE links (tenant TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, user INTEGER NOT NULL,
        PRIMARY KEY (tenant, issuer, subject)) STRICT, WITHOUT ROWID;
    CREATE TABLE sessions (hash BLOB PRIMARY KEY, user INTEGER NOT NULL, hint TEXT NOT NULL, ends INTEGER NOT NULL)
        STRICT, WITHOUT ROWID;
    CREATE TABLE events (id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, at INTEGER NOT NULL, code TEXT NOT NULL,
        actor TEXT NOT NULL) STRICT;";

/// The process: one tenant, `acme`, with ten people.
pub(crate) async fn serve(provider: &str, folder: &Path) -> Result<()> {
    process::log();
    let options = SqliteConnectOptions::new()
        .filename(folder.join("native.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let db = SqlitePool::connect_with(options).await?;
    sqlx::raw_sql(SCHEMA).execute(&db).await?;
    sqlx::query("INSERT INTO connections VALUES ('acme', ?, ?, ?, 'acme.example')")
        .bind(issuer(provider, "acme"))
        .bind(CLIENT_ID)
        .bind(SECRET)
        .execute(&db)
        .await?;
    for number in 0..10 {
        sqlx::query("INSERT INTO users (tenant, email, invited) VALUES ('acme', ?, 1)")
            .bind(crate::product::email("acme", number))
            .execute(&db)
            .await?;
    }
    let authority = reqwest::Certificate::from_pem(&fs::read(folder.join(AUTHORITY))?)?;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .tls_certs_merge([authority])
        .no_proxy()
        .build()?;
    let app = Arc::new(App {
        db,
        http: Http(http),
        provider: provider.to_owned(),
        clients: RwLock::default(),
    });
    let router = Router::new()
        .route("/sso/okta/start", get(start))
        .route("/sso/okta/callback", get(callback))
        .with_state(app);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    process::announce(listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

/// Anything that goes wrong; which status is not what is measured.
struct Failed(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        tracing::warn!(error = %self.0, "refused");
        (StatusCode::BAD_REQUEST, self.0.to_string()).into_response()
    }
}

#[derive(Deserialize)]
struct Start {
    tenant: String,
    login_hint: Option<String>,
}

async fn start(
    State(app): State<Arc<App>>,
    Query(asked): Query<Start>,
) -> Result<impl IntoResponse, Failed> {
    let client = app.client(&asked.tenant).await?;
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let mut request = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(Scope::new("profile".into()))
        .add_scope(Scope::new("email".into()))
        .set_pkce_challenge(challenge);
    if let Some(hint) = asked.login_hint {
        request = request.set_login_hint(LoginHint::new(hint));
    }
    let (url, state, nonce) = request.url();
    let binding = random()?;
    let now = now();
    sqlx::query("INSERT INTO pending VALUES (?, ?, ?, ?, ?, ?)")
        .bind(state.secret())
        .bind(&binding)
        .bind(&asked.tenant)
        .bind(nonce.secret())
        .bind(verifier.secret())
        .bind(now + PENDING)
        .execute(&app.db)
        .await?;
    let cookie = cookie("__Host-login", &binding, PENDING);
    Ok((AppendHeaders([cookie]), Redirect::to(url.as_str())))
}

#[derive(Deserialize)]
struct Callback {
    code: String,
    state: String,
}

async fn callback(
    State(app): State<Arc<App>>,
    Query(callback): Query<Callback>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failed> {
    let now = now();
    let pending: Option<(String, String, String, String)> = sqlx::query_as(
        "DELETE FROM pending WHERE state = ? AND ends > ? RETURNING binding, tenant, nonce, verifier",
    )
    .bind(&callback.state)
    .bind(now)
    .fetch_optional(&app.db)
    .await?;
    let (binding, tenant, nonce, verifier) = pending.context("no such attempt")?;
    let cookies = headers.get(header::COOKIE).context("no cookie")?.to_str()?;
    let mut cookies = cookies.split("; ").filter_map(|one| one.split_once('='));
    let given = cookies.find(|(name, _)| *name == "__Host-login");
    ensure_that(
        given.is_some_and(|(_, value)| value == binding),
        "another browser",
    )?;

    let client = app.client(&tenant).await?;
    let answer = client
        .exchange_code(AuthorizationCode::new(callback.code))?
        .set_pkce_verifier(PkceCodeVerifier::new(verifier))
        .request_async(&app.http)
        .await?;
    let id_token = answer.id_token().context("no ID token")?;
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &Nonce::new(nonce))?;
    if let Some(expected) = claims.access_token_hash() {
        let (algorithm, key) = (id_token.signing_alg()?, id_token.signing_key(&verifier)?);
        let found = AccessTokenHash::from_token(answer.access_token(), algorithm, key)?;
        ensure_that(found == *expected, "another access token")?;
    }
    let email = claims.email().context("no e-mail")?.as_str();
    let (issuer, subject) = (claims.issuer().as_str(), claims.subject().as_str());

    let mut write = app.db.begin_with("BEGIN IMMEDIATE").await?;
    let domain: String = sqlx::query_scalar("SELECT domain FROM connections WHERE tenant = ?")
        .bind(&tenant)
        .fetch_one(&mut *write)
        .await?;
    ensure_that(
        email.rsplit_once('@').is_some_and(|(_, own)| own == domain),
        "another domain",
    )?;
    let linked: Option<i64> = sqlx::query_scalar(
        "SELECT user FROM links WHERE tenant = ? AND issuer = ? AND subject = ?",
    )
    .bind(&tenant)
    .bind(issuer)
    .bind(subject)
    .fetch_optional(&mut *write)
    .await?;
    let user = match linked {
        Some(user) => user,
        None => {
            let invited: i64 = sqlx::query_scalar(
                "UPDATE users SET invited = 0 WHERE tenant = ? AND email = ? AND invited = 1 RETURNING id",
            )
            .bind(&tenant)
            .bind(email)
            .fetch_one(&mut *write)
            .await?;
            sqlx::query("INSERT INTO links VALUES (?, ?, ?, ?)")
                .bind(&tenant)
                .bind(issuer)
                .bind(subject)
                .bind(invited)
                .execute(&mut *write)
                .await?;
            invited
        }
    };
    let session = random()?;
    sqlx::query("INSERT INTO sessions VALUES (?, ?, ?, ?)")
        .bind(Sha256::digest(&session).to_vec())
        .bind(user)
        .bind(id_token.to_string())
        .bind(now + SESSION)
        .execute(&mut *write)
        .await?;
    sqlx::query("INSERT INTO events (tenant, at, code, actor) VALUES (?, ?, 'signed-in', ?)")
        .bind(&tenant)
        .bind(now)
        .bind(email)
        .execute(&mut *write)
        .await?;
    write.commit().await?;
    tracing::info!(tenant, code = "signed-in", "event");
    let cookies = [
        cookie("__Host-login", "", 0),
        cookie("__Host-session", &session, SESSION),
    ];
    Ok((AppendHeaders(cookies), Redirect::to("/")))
}

impl App {
    /// Metadata and keys are read once for each tenant.
    async fn client(&self, tenant: &str) -> Result<Arc<Client>> {
        if let Some(client) = self.clients.read().unwrap().get(tenant) {
            return Ok(Arc::clone(client));
        }
        let connection: Option<(String, String, String)> =
            sqlx::query_as("SELECT issuer, client_id, secret FROM connections WHERE tenant = ?")
                .bind(tenant)
                .fetch_optional(&self.db)
                .await?;
        let (issuer, client_id, secret) = connection.context("no such tenant")?;
        ensure!(issuer.starts_with(&self.provider), "another provider");
        let issuer = IssuerUrl::new(issuer)?;
        let metadata = CoreProviderMetadata::discover_async(issuer, &self.http).await?;
        let client = Arc::new(client(metadata, client_id, secret)?);
        let mut clients = self.clients.write().unwrap();
        clients.insert(tenant.to_owned(), Arc::clone(&client));
        Ok(client)
    }
}

/// `openidconnect`'s requests by reqwest, of another version than the one that it brings along.
struct Http(reqwest::Client);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = reqwest::Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, reqwest::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.0.execute(request.try_into()?).await?;
            let mut response = HttpResponse::default();
            *response.status_mut() = answer.status();
            *response.headers_mut() = answer.headers().clone();
            *response.body_mut() = answer.bytes().await?.to_vec();
            Ok(response)
        })
    }
}

/// What `openidconnect` does sign-ins with.
pub(crate) fn client(
    metadata: CoreProviderMetadata,
    client_id: String,
    secret: String,
) -> Result<Client> {
    let secret = Some(ClientSecret::new(secret));
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(client_id), secret);
    Ok(client.set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into())?))
}

fn ensure_that(holds: bool, otherwise: &'static str) -> Result<()> {
    ensure!(holds, otherwise);
    Ok(())
}

fn random() -> Result<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().try_into().unwrap_or(i64::MAX))
}

fn cookie(name: &str, value: &str, seconds: i64) -> (header::HeaderName, String) {
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    (header::SET_COOKIE, text)
}
