//! A development Okta on loopback, and a person who signs in there without a browser.

use anyhow::{Context, Result, ensure};
use okta_sso_demo::dev_okta::{Client, Clock, Config, ControlledAccess, DevOkta, Person};
use reqwest::{Response, redirect};
use tokio::net::TcpListener;
use url::Url;

use crate::host::CLIENT_SECRET;

/// The application that is installed there, with [`CLIENT_SECRET`].
pub const CLIENT_ID: &str = "0oa1ledgerline";

/// Where it sends people back to.
pub const REDIRECT_URI: &str = "http://127.0.0.1:1/sso/okta/callback";

/// Who signs in.
pub const EMAIL: &str = "ada@acme.com";

const PASSWORD: &str = "correct horse";

/// A running organisation with one person and one application; it answers until the test's runtime ends.
pub struct Okta {
    /// To rotate its keys and turn its switches.
    pub organisation: DevOkta,
    /// `http://127.0.0.1:port`.
    pub issuer: String,
}

impl Okta {
    /// Listens on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(clock: Clock) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let issuer = format!("http://{}", listener.local_addr()?);
        let mut config = Config::new(issuer.as_str());
        config.clock = clock;
        config.people = vec![Person {
            login: EMAIL.into(),
            email: EMAIL.into(),
            name: "Ada Lovelace".into(),
            password: PASSWORD.into(),
            assigned: true,
        }];
        config.clients = vec![Client {
            client_id: CLIENT_ID.into(),
            client_secrets: vec![CLIENT_SECRET.into()],
            redirect_uris: vec![REDIRECT_URI.into()],
            post_logout_redirect_uris: Vec::new(),
            initiate_login_uri: None,
            app_name: "Ledgerline".into(),
            access: ControlledAccess::Everyone,
        }];
        let organisation = DevOkta::new(config)?;
        let server = organisation.clone();
        tokio::spawn(async move { server.serve(listener).await });
        Ok(Self {
            organisation,
            issuer,
        })
    }

    /// Opens the address of an authorization request, signs in, and gives the address that the browser ends up on.
    ///
    /// # Errors
    /// When the pages are not as expected.
    pub async fn visit(&self, address: &str) -> Result<Url> {
        let browser = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .build()?;
        let mut place = self.location(&browser.get(address).send().await?)?;
        for (path, name, value) in [
            ("username", "username", EMAIL),
            ("password", "password", PASSWORD),
        ] {
            let token = place.query_pairs().find(|(found, _)| found == "token");
            let (_, token) = token.with_context(|| format!("no token in {place}"))?;
            let form: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("token", &token)
                .append_pair(name, value)
                .finish();
            let step = browser
                .post(format!("{}/signin/{path}", self.issuer))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form)
                .send();
            place = self.location(&step.await?)?;
        }
        ensure!(
            place.as_str().starts_with(REDIRECT_URI),
            "the provider sends to {place}"
        );
        Ok(place)
    }

    fn location(&self, answer: &Response) -> Result<Url> {
        let location = answer.headers().get("location");
        let location = location.with_context(|| format!("{}, no redirect", answer.status()))?;
        Ok(Url::parse(&self.issuer)?.join(location.to_str()?)?)
    }
}
