//! The identity provider, a process of its own, over TLS: organisations by a part of the path, and everybody who
//! comes is signed in at once as whom `login_hint` names.
//!
//! What an organisation is like follows from its name: `thin…` leaves the e-mail to UserInfo, `slow…` and `hang…` take
//! their time with tokens, `keys-64` publishes so many keys.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use axum::extract::{Path as InPath, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_conformance::{key, token};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use url::Url;

use crate::process;

/// The secret of every client.
pub(crate) const SECRET: &str = "SecretOfEveryClient";
/// The authority's certificate in the folder that was named, PEM.
pub(crate) const AUTHORITY: &str = "authority.pem";
/// How long `slow…` takes; `hang…` takes for ever.
const SLOW: Duration = Duration::from_secs(20);

/// An organisation's issuer at the provider of this origin.
pub(crate) fn issuer(origin: &str, organisation: &str) -> String {
    format!("{origin}/oauth2/{organisation}")
}

struct Provider {
    origin: String,
    key: RsaKeyPair,
    key_id: String,
    /// Codes and access tokens that were given.
    grants: Mutex<HashMap<String, Grant>>,
    /// Requests that a relying party made.
    asked: AtomicU64,
    /// Token requests that are waiting.
    waiting: AtomicU64,
}

#[derive(Clone, Deserialize)]
struct Grant {
    client_id: String,
    redirect_uri: String,
    state: String,
    nonce: String,
    code_challenge: String,
    login_hint: String,
}

/// The process. Leaves the authority's certificate in `folder`.
pub(crate) async fn serve(folder: &Path) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let jwk = key::jwk("rsa-1")?;
    let provider = Arc::new(Provider {
        origin: format!("https://localhost:{}", address.port()),
        key: RsaKeyPair::from_pkcs8(&key::from_pem(&key::pem("rsa-1")?)?)?,
        key_id: jwk["kid"]
            .as_str()
            .context("a key without a name")?
            .to_owned(),
        grants: Mutex::default(),
        asked: AtomicU64::new(0),
        waiting: AtomicU64::new(0),
    });
    let router = Router::new()
        .route(
            "/oauth2/{organisation}/.well-known/openid-configuration",
            get(metadata),
        )
        .route("/oauth2/{organisation}/keys", get(keys))
        .route("/oauth2/{organisation}/authorize", get(authorize))
        .route("/oauth2/{organisation}/token", post(tokens))
        .route("/oauth2/{organisation}/userinfo", get(user_info))
        .route("/asked", get(asked))
        .route("/waiting", get(waiting))
        .with_state(provider);
    let acceptor = TlsAcceptor::from(Arc::new(certified(folder)?));
    process::announce(address);
    axum::serve(Tls { listener, acceptor }, router).await?;
    Ok(())
}

/// A certificate for `localhost`, of an authority that is made for this run.
fn certified(folder: &Path) -> Result<ServerConfig> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Another name than the server's, which is the library's own: alike, OpenSSL takes the one for the other.
    params
        .distinguished_name
        .push(DnType::CommonName, "authority of the bench");
    let key = KeyPair::generate()?;
    let authority = params.self_signed(&key)?;
    fs::write(folder.join(AUTHORITY), authority.pem())?;
    let issuer = Issuer::new(params, key);
    let server = KeyPair::generate()?;
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()])?.signed_by(&server, &issuer)?;
    let private = PrivateKeyDer::Pkcs8(server.serialize_der().into());
    Ok(ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?)
}

struct Tls {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for Tls {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok((stream, address)) = self.listener.accept().await else {
                continue;
            };
            let _ = stream.set_nodelay(true);
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

type Shared = State<Arc<Provider>>;

async fn asked(State(provider): Shared) -> String {
    provider.asked.load(Relaxed).to_string()
}

async fn waiting(State(provider): Shared) -> String {
    provider.waiting.load(Relaxed).to_string()
}

async fn metadata(
    State(provider): Shared,
    InPath(organisation): InPath<String>,
) -> impl IntoResponse {
    provider.asked.fetch_add(1, Relaxed);
    let issuer = issuer(&provider.origin, &organisation);
    cached(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/keys"),
        "end_session_endpoint": format!("{issuer}/logout"),
        "scopes_supported": ["openid", "email", "profile"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

async fn keys(State(provider): Shared, InPath(organisation): InPath<String>) -> impl IntoResponse {
    provider.asked.fetch_add(1, Relaxed);
    let count = organisation.strip_prefix("keys-");
    let count = count.and_then(|count| count.parse().ok()).unwrap_or(2);
    // The one that signs comes last.
    let keys = (1..=count).map(|number| {
        let mut key = key::jwk("rsa-1").expect("a key");
        if number < count {
            key.insert("kid".to_owned(), json!(format!("other-{number}")));
        }
        Value::Object(key)
    });
    cached(json!({ "keys": keys.collect::<Vec<_>>() }))
}

fn cached(document: Value) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "max-age=86400")], Json(document))
}

/// The person's part: nobody is asked anything.
async fn authorize(State(provider): Shared, Query(grant): Query<Grant>) -> Redirect {
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).expect("random bytes");
    let code = URL_SAFE_NO_PAD.encode(random);
    let mut back = Url::parse(&grant.redirect_uri).expect("an address");
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &grant.state);
    provider.grants.lock().unwrap().insert(code, grant);
    Redirect::to(back.as_str())
}

#[derive(Deserialize)]
struct TokenRequest {
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

async fn tokens(
    State(provider): Shared,
    InPath(organisation): InPath<String>,
    headers: HeaderMap,
    Form(request): Form<TokenRequest>,
) -> Response {
    provider.asked.fetch_add(1, Relaxed);
    let grant = provider.grants.lock().unwrap().remove(&request.code);
    let right = grant.filter(|grant| {
        let credential = STANDARD.encode(format!("{}:{SECRET}", grant.client_id));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&request.code_verifier));
        let given = headers.get(header::AUTHORIZATION);
        given.is_some_and(|given| *given == format!("Basic {credential}"))
            && challenge == grant.code_challenge
            && request.redirect_uri == grant.redirect_uri
    });
    let Some(grant) = right else {
        return (
            StatusCode::BAD_REQUEST,
            Json(json!({ "error": "invalid_grant" })),
        )
            .into_response();
    };
    provider.waiting.fetch_add(1, Relaxed);
    if organisation.starts_with("slow") {
        tokio::time::sleep(SLOW).await;
    } else if organisation.starts_with("hang") {
        std::future::pending::<()>().await;
    }
    provider.waiting.fetch_sub(1, Relaxed);
    Json(provider.tokens(&organisation, grant)).into_response()
}

async fn user_info(State(provider): Shared, headers: HeaderMap) -> Json<Value> {
    provider.asked.fetch_add(1, Relaxed);
    let given = headers.get(header::AUTHORIZATION).expect("a token");
    let token = given.to_str().unwrap().trim_start_matches("Bearer ");
    let grant = provider
        .grants
        .lock()
        .unwrap()
        .remove(token)
        .expect("a grant");
    Json(json!({ "sub": subject(&grant), "email": grant.login_hint, "name": "Anna" }))
}

fn subject(grant: &Grant) -> String {
    format!("00u-{}", grant.login_hint.replace('@', "-"))
}

impl Provider {
    fn tokens(&self, organisation: &str, grant: Grant) -> Value {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        // As long as Okta's, which are signed tokens themselves.
        let mut random = [0; 600];
        SystemRandom::new().fill(&mut random).expect("random bytes");
        let access_token = URL_SAFE_NO_PAD.encode(random);
        let mut claims = json!({
            "sub": subject(&grant), "ver": 1, "iss": issuer(&self.origin, organisation),
            "aud": grant.client_id, "iat": now, "exp": now + 3600, "jti": "ID.1", "amr": ["pwd"],
            "idp": "00o1", "auth_time": now - 5, "nonce": grant.nonce,
            "at_hash": token::at_hash("RS256", access_token.as_bytes()),
        });
        if organisation.starts_with("thin") {
            self.grants
                .lock()
                .unwrap()
                .insert(access_token.clone(), grant);
        } else {
            claims["email"] = json!(grant.login_hint);
            claims["name"] = json!("Anna");
            claims["preferred_username"] = json!(grant.login_hint);
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "kid": self.key_id, "alg": "RS256" });
        let message = format!("{}.{}", encode(&header), encode(&claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message.as_bytes(),
                &mut signature,
            )
            .expect("a signature");
        json!({
            "token_type": "Bearer", "expires_in": 3600, "scope": "openid profile email",
            "access_token": access_token,
            "id_token": format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)),
        })
    }
}
