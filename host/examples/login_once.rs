//! One sign-in, told from start to end.
//!
//! Set `OKTA_ISSUER`, `OKTA_CLIENT_ID`, `OKTA_CLIENT_SECRET`, `OKTA_REDIRECT_URI` and
//! `OKTA_EMAIL_DOMAIN`, and run `make plugin` first. Then open the printed address in a browser, sign
//! in, and paste the address that the browser ends up on. An issuer that starts with `http://` is taken
//! for a development one on this machine.

use std::error::Error;
use std::sync::Arc;
use std::{env, io};

use async_trait::async_trait;
use okta_sso_host::contract::{Callback, LoginRequest, Network, Settings};
use okta_sso_host::{
    Capabilities, Component, CredentialError, Credentials, HttpClient, HttpOptions, MemoryStorage,
    Pin, Plugin, Secret,
};

/// The client secret never enters the component: the host asks for it here and attaches it.
struct FromEnvironment;

#[async_trait]
impl Credentials for FromEnvironment {
    async fn client_secret(&self, _id: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(env::var("OKTA_CLIENT_SECRET").ok().map(Secret::new))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let issuer = env::var("OKTA_ISSUER")?;
    let development = issuer.starts_with("http://");

    // 1. Load the component, once per process.
    let options = HttpOptions {
        danger_allow_loopback: development,
        ..HttpOptions::default()
    };
    let capabilities = Capabilities::new(
        Arc::new(MemoryStorage::default()),
        Arc::new(FromEnvironment),
    )
    .with_http(Arc::new(HttpClient::new(&options)?));
    let component = Component::from_path("target/plugin/okta_sso.wasm", Pin::Sidecar)?;
    let plugin = Plugin::builder()
        .component(component)
        .capabilities(capabilities)
        .load()?;

    // 2. What an administrator typed becomes a connection, or a list of what is wrong with it.
    let mut policy = plugin.describe("en").await?.defaults;
    if development {
        policy.network = Network::DangerLoopback;
    }
    let settings = Settings {
        connection_id: "example".to_owned(),
        client_id: env::var("OKTA_CLIENT_ID")?,
        client_secret: None,
        issuer,
        redirect_uri: env::var("OKTA_REDIRECT_URI")?,
        post_logout_redirect_uri: None,
        email_domains: vec![env::var("OKTA_EMAIL_DOMAIN")?],
        policy,
    };
    let connection = plugin.check(&settings).await?.connection;

    // 3. Send the browser off. A platform sets the binding as a cookie; here this process keeps it.
    let request = LoginRequest {
        login_hint: None,
        return_to: None,
        prompt: None,
    };
    let redirect = plugin.begin(&connection, &request).await?;
    println!("Open this address and sign in:\n\n{}\n", redirect.url);

    // 4. The browser comes back.
    println!("Paste the address that it ends up on:");
    let mut address = String::new();
    io::stdin().read_line(&mut address)?;
    let (_, query) = address
        .trim()
        .split_once('?')
        .ok_or("this address has no query")?;
    if plugin.locate(query).await? != redirect.handle {
        return Err("this is the callback of another attempt".into());
    }

    // 5. Who is there? The platform now looks for its own user.
    let callback = Callback {
        query: query.to_owned(),
        browser_binding: Some(redirect.browser_binding),
    };
    let signed_in = plugin.complete(&connection, &callback).await?;
    println!(
        "{} is {}",
        signed_in.identity.subject, signed_in.identity.email
    );
    Ok(())
}
