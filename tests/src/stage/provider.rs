//! An identity provider in this process, over TCP on loopback: right unless it is told otherwise.
//!
//! It is what a provider is to a relying party and no more: metadata, keys, codes that are good once, tokens. ES256, so
//! that signing costs little beside what is measured. What it is told to get wrong belongs to one code, or to one
//! endpoint.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_host::Clock;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::BufReader;
use tokio::net::{TcpListener, TcpStream};
use url::{Url, form_urlencoded};

use super::platform::secret_of;
pub use super::wire::Transport;
use super::wire::{self, Answer, Request};

/// What is wrong with one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The way it travels.
    Transport(Transport),
    /// This status, and no content of use.
    Status(u16),
    /// 429, with this many seconds to wait.
    Busy(u32),
    /// An HTML page.
    Html,
    /// JSON that is cut off.
    Garbage,
    /// The ID token's nonce is another's.
    WrongNonce,
    /// The ID token is for another client.
    WrongAudience,
    /// The ID token names another issuer.
    WrongIssuer,
    /// The ID token expired an hour ago.
    Expired,
    /// A stranger signed it, under the name of the published key.
    ForeignKey,
    /// It names a key that nobody published.
    UnknownKey,
    /// The e-mail is on another domain.
    OtherDomain,
    /// No e-mail at all, nor from UserInfo.
    NoEmail,
}

/// A place at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the contract's own")]
pub enum Place {
    Metadata,
    Keys,
    Token,
    UserInfo,
}

/// What the browser brings back from the provider.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The callback's query.
    pub query: String,
    /// The code in it.
    pub code: String,
    /// Who signed in.
    pub subject: String,
}

/// The running provider; it ends with the runtime.
pub struct Provider {
    issuer: String,
    clock: Arc<dyn Clock>,
    /// Seconds by which it is ahead.
    ahead: AtomicI64,
    next: AtomicU64,
    state: Mutex<State>,
}

struct State {
    keys: Vec<Key>,
    foreign: Key,
    /// Codes that were given, until they are forgotten.
    codes: HashMap<String, Grant>,
    faults: BTreeMap<Place, Fault>,
    asked: BTreeMap<Place, u32>,
}

#[derive(Clone)]
struct Key {
    id: String,
    pair: Arc<EcdsaKeyPair>,
}

#[derive(Clone)]
struct Grant {
    client_id: String,
    redirect_uri: String,
    nonce: String,
    challenge: String,
    subject: String,
    /// The key that the token will be signed with.
    key: String,
    fault: Option<Fault>,
    used: u32,
}

impl Provider {
    /// Starts it, on the time of `clock`.
    ///
    /// # Errors
    /// When there is no port or no key.
    pub async fn start(clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let this = Arc::new(Self {
            issuer: format!("http://{}", listener.local_addr()?),
            clock,
            ahead: AtomicI64::new(0),
            next: AtomicU64::new(0),
            state: Mutex::new(State {
                keys: vec![Key::new("key-0")?],
                foreign: Key::new("foreign")?,
                codes: HashMap::new(),
                faults: BTreeMap::new(),
                asked: BTreeMap::new(),
            }),
        });
        let server = Arc::clone(&this);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let _ = server.converse(stream).await; // a client that goes away is none of its business
                });
            }
        });
        Ok(this)
    }

    /// Its address, which is its issuer.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Signs somebody in who came with this authorization URL: with tokens that are right, or wrong in `fault`.
    ///
    /// # Errors
    /// When the URL lacks what it must have.
    pub fn visit(&self, url: &str, fault: Option<Fault>) -> Result<Visit> {
        let url = Url::parse(url)?;
        let asked: HashMap<_, _> = url.query_pairs().into_owned().collect();
        let parameter = |name: &str| {
            asked
                .get(name)
                .cloned()
                .with_context(|| format!("no {name}"))
        };
        ensure!(
            parameter("code_challenge_method")? == "S256",
            "PKCE without S256"
        );
        let mut random = [0; 32];
        SystemRandom::new().fill(&mut random)?;
        let code = URL_SAFE_NO_PAD.encode(random);
        let subject = format!("00u{}", self.next.fetch_add(1, Relaxed));
        let mut state = self.open();
        let key = state.keys.last().context("no key")?.id.clone();
        let grant = Grant {
            client_id: parameter("client_id")?,
            redirect_uri: parameter("redirect_uri")?,
            nonce: parameter("nonce")?,
            challenge: parameter("code_challenge")?,
            subject: subject.clone(),
            key,
            fault,
            used: 0,
        };
        state.codes.insert(code.clone(), grant);
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("code", &code)
            .append_pair("state", &parameter("state")?)
            .finish();
        Ok(Visit {
            query,
            code,
            subject,
        })
    }

    /// How often a token was asked for with this code; the code is forgotten.
    pub fn uses(&self, code: &str) -> u32 {
        self.open().codes.remove(code).map_or(0, |grant| grant.used)
    }

    /// Every answer of a place is wrong from now on, or right again.
    pub fn set(&self, place: Place, fault: Option<Fault>) {
        let mut state = self.open();
        match fault {
            Some(fault) => state.faults.insert(place, fault),
            None => state.faults.remove(&place),
        };
    }

    /// Requests to a place since this was last called for it.
    pub fn asked(&self, place: Place) -> u32 {
        self.open().asked.remove(&place).unwrap_or_default()
    }

    /// Publishes one more key, and signs with it from now on.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn rotate(&self) -> Result<()> {
        let mut state = self.open();
        let id = format!("key-{}", self.next.fetch_add(1, Relaxed) + 1);
        state.keys.push(Key::new(&id)?);
        // Codes given before the rotation are redeemed after it.
        for grant in state.codes.values_mut() {
            grant.key.clone_from(&id);
        }
        Ok(())
    }

    /// Publishes another key in place of the newest, which goes on signing for codes that were given.
    ///
    /// # Errors
    /// When no key can be made.
    pub fn withdraw(&self) -> Result<()> {
        let mut state = self.open();
        let id = format!("key-{}", self.next.fetch_add(1, Relaxed) + 1);
        if let Some(newest) = state.keys.pop() {
            state.foreign = newest;
        }
        state.keys.push(Key::new(&id)?);
        Ok(())
    }

    /// A token that a stranger signs is signed with the newest key of this provider.
    pub fn is_signed_for_by(&self, stranger: &Self) {
        let key = stranger.open().keys.last().cloned();
        if let Some(key) = key {
            self.open().foreign = key;
        }
    }

    /// Its clock is so many seconds ahead of the host's.
    pub fn is_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Relaxed);
    }

    fn open(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn converse(&self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        while let Some(request) = wire::read(&mut stream).await? {
            let (answer, fault) = self.answer(&request)?;
            let fault = match fault {
                Some(Fault::Transport(transport)) => Some(transport),
                _ => None,
            };
            if !wire::write(stream.get_mut(), &answer, fault).await? {
                break;
            }
        }
        Ok(())
    }

    fn answer(&self, request: &Request) -> Result<(Answer, Option<Fault>)> {
        let issuer = &self.issuer;
        let place = match request.path.as_str() {
            "/.well-known/openid-configuration" => Place::Metadata,
            "/keys" => Place::Keys,
            "/token" => Place::Token,
            "/userinfo" => Place::UserInfo,
            _ => return Ok((Answer::json(404, &json!({})), None)),
        };
        let mut state = self.open();
        *state.asked.entry(place).or_default() += 1;
        let mut fault = state.faults.get(&place).copied();
        let right = match place {
            Place::Metadata => json!({
                "issuer": issuer,
                "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"),
                "jwks_uri": format!("{issuer}/keys"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
                "end_session_endpoint": format!("{issuer}/logout"),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "scopes_supported": ["openid", "email", "profile"],
            }),
            Place::Keys => {
                let keys: Vec<Value> = state.keys.iter().map(Key::jwk).collect();
                json!({ "keys": keys })
            }
            Place::UserInfo => json!({ "sub": "00u" }),
            Place::Token => match self.redeem(&mut state, request)? {
                Ok((body, of_code)) => {
                    fault = fault.or(of_code);
                    body
                }
                Err(error) => {
                    let body = json!({ "error": error });
                    return Ok((
                        Answer::json(if error == "invalid_client" { 401 } else { 400 }, &body),
                        fault,
                    ));
                }
            },
        };
        drop(state);
        let answer = match fault {
            Some(Fault::Status(status)) => Answer::json(status, &json!({ "error": "trouble" })),
            Some(Fault::Busy(seconds)) => {
                let mut answer = Answer::json(429, &json!({ "error": "busy" }));
                answer.headers.push(("retry-after", seconds.to_string()));
                answer
            }
            Some(Fault::Html) => Answer {
                status: 200,
                headers: vec![("content-type", "text/html".to_owned())],
                body: "<!doctype html><title>Welcome</title>".to_owned(),
            },
            Some(Fault::Garbage) => {
                let mut answer = Answer::json(200, &right);
                answer.body.truncate(answer.body.len() / 2);
                answer
            }
            _ => {
                let mut answer = Answer::json(200, &right);
                answer
                    .headers
                    .push(("cache-control", "max-age=300".to_owned()));
                answer
            }
        };
        Ok((answer, fault))
    }

    /// The token endpoint: the tokens for a code, or the error that a provider answers.
    fn redeem(
        &self,
        state: &mut State,
        request: &Request,
    ) -> Result<Result<(Value, Option<Fault>), &'static str>> {
        let form: HashMap<String, String> =
            form_urlencoded::parse(&request.body).into_owned().collect();
        let given = |name: &str| form.get(name).map_or("", String::as_str);
        let Some(grant) = state.codes.get_mut(given("code")) else {
            return Ok(Err("invalid_grant"));
        };
        grant.used += 1;
        let credential = format!("{}:{}", grant.client_id, secret_of(&grant.client_id));
        let basic = format!("Basic {}", STANDARD.encode(credential));
        if request.authorization.as_deref() != Some(&basic) {
            return Ok(Err("invalid_client"));
        }
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(given("code_verifier")));
        if grant.used > 1
            || given("redirect_uri") != grant.redirect_uri
            || challenge != grant.challenge
        {
            return Ok(Err("invalid_grant"));
        }
        let grant = grant.clone();
        let id_token = self.id_token(state, &grant)?;
        let body = json!({
            "token_type": "Bearer", "expires_in": 3600, "scope": "openid email profile",
            "access_token": format!("access-{}", grant.subject), "id_token": id_token,
        });
        Ok(Ok((body, grant.fault)))
    }

    fn id_token(&self, state: &State, grant: &Grant) -> Result<String> {
        let now = self
            .clock
            .now()
            .saturating_add_signed(self.ahead.load(Relaxed));
        let wrong = |fault: Fault| grant.fault == Some(fault);
        let text = |fault: Fault, other: &str, right: &str| {
            if wrong(fault) { other } else { right }.to_owned()
        };
        let age = if wrong(Fault::Expired) { 7_200 } else { 0 };
        let domain = text(Fault::OtherDomain, "elsewhere.example", "acme.example");
        let mut claims = json!({
            "iss": text(Fault::WrongIssuer, "http://127.0.0.1:1", &self.issuer),
            "aud": text(Fault::WrongAudience, "0oaneighbour", &grant.client_id),
            "nonce": text(Fault::WrongNonce, "another", &grant.nonce),
            "sub": grant.subject,
            "email": format!("{}@{domain}", grant.subject),
            "iat": now - age, "exp": now - age + 3_600, "auth_time": now - age,
        });
        if wrong(Fault::NoEmail)
            && let Some(claims) = claims.as_object_mut()
        {
            claims.remove("email");
        }
        let published = state.keys.iter().find(|key| key.id == grant.key);
        let published = published.unwrap_or(&state.foreign);
        let signer = if wrong(Fault::ForeignKey) {
            &state.foreign
        } else {
            published
        };
        let name = if wrong(Fault::UnknownKey) {
            "nobody's"
        } else {
            &published.id
        };
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "ES256", "kid": name });
        let message = format!("{}.{}", encode(&header), encode(&claims));
        let signature = signer.pair.sign(&SystemRandom::new(), message.as_bytes())?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl Key {
    fn new(id: &str) -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
        Ok(Self {
            id: id.to_owned(),
            pair: Arc::new(pair),
        })
    }

    fn jwk(&self) -> Value {
        // 0x04, then x and y of 32 bytes each (SEC 1 section 2.3.3).
        let point = self.pair.public_key().as_ref();
        let half =
            |from: usize| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or_default());
        json!({
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256",
            "kid": self.id, "x": half(1), "y": half(33),
        })
    }
}
