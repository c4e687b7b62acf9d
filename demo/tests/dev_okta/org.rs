//! An organisation on a port of its own, and a browser to walk through it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use okta_sso_demo::dev_okta::{Client, Clock, Config, ControlledAccess, DevOkta, Person};
use reqwest::{
    RequestBuilder, StatusCode,
    header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE},
    redirect::Policy,
};
use tokio::net::TcpListener;
use url::form_urlencoded;

pub(crate) const NOW: u64 = 1_790_000_000;
pub(crate) const CLIENT_ID: &str = "0oa1ledgerline";
pub(crate) const SECRET: &str = "a secret: with % and +";
pub(crate) const REDIRECT_URI: &str = "http://localhost:8080/sso/okta/callback";
pub(crate) const SIGNED_OUT_URI: &str = "http://localhost:8080/login";
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Org {
    pub(crate) okta: DevOkta,
    pub(crate) issuer: String,
    time: Arc<AtomicU64>,
    http: reqwest::Client,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// A parameter of the address that the browser is sent to.
    pub(crate) fn returned(&self, name: &str) -> Option<String> {
        let (_, query) = self.header(LOCATION.as_str()).split_once('?')?;
        form_urlencoded::parse(query.as_bytes())
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl Org {
    pub(crate) async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let time = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&time);
        let mut config = Config::new(issuer.as_str());
        config.custom_domain = Some(issuer.replace("127.0.0.1", "localhost"));
        config.clock = Clock::from_fn(move || clock.load(Ordering::SeqCst));
        config.people = vec![
            person("ada@acme.example", "Ada Lovelace", true),
            person("<b>eve</b>@acme.example", "<b>Eve</b>", false),
        ];
        config.clients = vec![
            client(CLIENT_ID, SECRET, ControlledAccess::Everyone),
            client("0oa2other", "another", ControlledAccess::Everyone),
            client("0oa3new", "a new one", ControlledAccess::Skip),
        ];
        let okta = DevOkta::new(config).unwrap();
        let server = okta.clone();
        tokio::spawn(async move { server.serve(listener).await });
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .build()
            .unwrap();
        Self {
            okta,
            issuer,
            time,
            http,
        }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.time.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Answer {
            status,
            headers,
            body: response.text().await.unwrap(),
        }
    }

    pub(crate) fn request_get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.issuer))
    }

    pub(crate) fn request_post(&self, path: &str, form: &[(&str, &str)]) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.issuer))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(encoded(form))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request_get(path)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request_post(path, form)).await
    }

    /// Asks for authorization with `changes` made to a good request; an empty value removes.
    pub(crate) async fn authorize(&self, changes: &[(&str, &str)], cookie: &str) -> Answer {
        let query = encoded(&authorize_request(changes));
        self.send(
            self.request_get(&format!("/oauth2/v1/authorize?{query}"))
                .header(COOKIE, cookie),
        )
        .await
    }

    /// Walks through the sign-in page that `to` redirects to; the answer to the password.
    pub(crate) async fn sign_in(&self, to: &Answer, login: &str, password: &str) -> Answer {
        assert_eq!(to.status, StatusCode::FOUND);
        let token = to.returned("token").unwrap();
        let step = self
            .post(
                "/signin/username",
                &[("token", &token), ("username", login)],
            )
            .await;
        assert_eq!(step.status, StatusCode::SEE_OTHER);
        let token = step.returned("token").unwrap();
        self.post(
            "/signin/password",
            &[("token", &token), ("password", password)],
        )
        .await
    }

    /// Ada's cookie.
    pub(crate) async fn ada(&self) -> String {
        let start = self.get("/app/UserHome").await;
        cookie(
            &self
                .sign_in(&start, "ada@acme.example", "correct horse")
                .await,
        )
    }

    /// A code for Ada.
    pub(crate) async fn code(&self, changes: &[(&str, &str)]) -> String {
        let cookie = self.ada().await;
        self.authorize(changes, &cookie)
            .await
            .returned("code")
            .unwrap()
    }

    /// Redeems `code` with `changes` made to a good request; an empty value removes.
    pub(crate) async fn redeem(&self, code: &str, changes: &[(&str, &str)]) -> Answer {
        self.redeem_at("/oauth2/v1", code, changes).await
    }

    /// The same at an authorization server.
    pub(crate) async fn redeem_at(
        &self,
        server: &str,
        code: &str,
        changes: &[(&str, &str)],
    ) -> Answer {
        let form = changed(
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", VERIFIER),
                ("client_id", CLIENT_ID),
                ("client_secret", SECRET),
            ],
            changes,
        );
        self.post(&format!("{server}/token"), &form).await
    }

    pub(crate) async fn userinfo(&self, token: &str) -> Answer {
        self.send(self.request_get("/oauth2/v1/userinfo").bearer_auth(token))
            .await
    }
}

pub(crate) fn authorize_request<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    changed(
        &[
            ("client_id", CLIENT_ID),
            ("redirect_uri", REDIRECT_URI),
            ("response_type", "code"),
            ("scope", "openid profile email"),
            ("state", "a.state_of-mine"),
            ("nonce", "a nonce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ],
        changes,
    )
}

fn changed<'a>(
    good: &[(&'a str, &'a str)],
    changes: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let kept = good
        .iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    kept.chain(changes.iter().filter(|(_, value)| !value.is_empty()))
        .copied()
        .collect()
}

pub(crate) fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub(crate) fn cookie(answer: &Answer) -> String {
    let cookie = answer.header(SET_COOKIE.as_str());
    cookie.split(';').next().unwrap().to_owned()
}

fn person(login: &str, name: &str, assigned: bool) -> Person {
    Person {
        login: login.to_owned(),
        email: login.to_owned(),
        name: name.to_owned(),
        password: "correct horse".to_owned(),
        assigned,
    }
}

fn client(client_id: &str, secret: &str, access: ControlledAccess) -> Client {
    Client {
        client_id: client_id.to_owned(),
        client_secrets: vec!["an older secret".to_owned(), secret.to_owned()],
        redirect_uris: vec![REDIRECT_URI.to_owned()],
        post_logout_redirect_uris: vec![SIGNED_OUT_URI.to_owned()],
        initiate_login_uri: None,
        app_name: "Ledgerline".to_owned(),
        access,
    }
}
