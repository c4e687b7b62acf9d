//! The way to providers: down, through a proxy, and by certificates.

use std::time::Duration;

use okta_sso_demo::serve::Options;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use url::Url;

use crate::browser::Browser;
use crate::stage::{
    PLUGIN, Product, empty_folder, free_address, put_plugin, refusal, serve, serve_command, started,
};

#[tokio::test(flavor = "multi_thread")]
async fn f_01_it_starts_while_the_provider_is_down() {
    let mut product = Product::open("f-01").await;
    product.signs_in(0).await;
    product.kill();
    let okta = product
        .okta
        .issuer()
        .trim_start_matches("http://")
        .to_owned();
    product.okta_server.abort();
    while TcpStream::connect(&*okta).await.is_ok() {
        tokio::task::yield_now().await;
    }
    product.restart();
    let browser = Browser::new(product.address);
    let ready = browser.get(&product.at("/readyz")).await;
    assert_eq!(ready.status, 200, "F-01: {}", ready.body);
    let page = browser.visit(&product.at("/login?tenant=acme")).await;
    let page = browser.visit(&page.link("Okta")).await;
    page.says(503, "Okta cannot be reached right now.");

    let listener = TcpListener::bind(&*okta).await.unwrap();
    product.okta_server = serve(&product.okta, listener);
    product.signs_in(0).await;
}

/// Everything for a provider goes to the proxy that was given, and nothing to the one that the environment names.
#[tokio::test(flavor = "multi_thread")]
async fn a_given_proxy_leads_to_providers() {
    let folder = empty_folder("proxy");
    let plugin = std::fs::read(PLUGIN).unwrap();
    put_plugin(&folder, &plugin, &plugin);
    let setup = folder.join("setup.toml");
    let tenant = "[[tenants]]\nid = \"acme\"\nname = \"Acme\"\napproved_domains = [\"acme.example\"]\n\
         connection = { client_id = \"0oaacme\", client_secret = \"secret\", issuer = \"https://acme.okta.com\" }\n";
    std::fs::write(&setup, tenant).unwrap();
    let address = free_address().await;
    let given = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ambient = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://ledgerline:hush@{}", given.local_addr().unwrap());
    let mut serve = serve_command(&folder, address);
    serve
        .args(["--egress-proxy", &proxy])
        .args(["--setup", setup.to_str().unwrap()])
        .args(["--public-url", "https://ledgerline.example"]);
    let elsewhere = format!("http://{}", ambient.local_addr().unwrap());
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        serve.env(name, &elsewhere);
    }
    let mut child = started(serve);

    let browser = Browser::new(address);
    let start = format!(
        "http://localhost:{}/sso/okta/start?tenant=acme",
        address.port()
    );
    let start: Url = start.parse().unwrap();
    let (page, asked) = tokio::join!(browser.visit(&start), async {
        let accepted = timeout(Duration::from_secs(10), given.accept()).await;
        let (mut stream, _) = accepted.unwrap().unwrap();
        let mut asked = vec![0; 1024];
        let length = stream.read(&mut asked).await.unwrap();
        String::from_utf8(asked[..length].to_vec()).unwrap()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    page.says(503, "Okta cannot be reached right now.");
    assert!(
        asked.starts_with("CONNECT acme.okta.com:443 HTTP/1.1\r\n"),
        "{asked}"
    );
    let credential = "proxy-authorization: basic bgvkz2vybgluztpodxno"; // ledgerline:hush
    assert!(asked.to_lowercase().contains(credential), "{asked}");
    let touched = timeout(Duration::from_millis(100), ambient.accept()).await;
    assert!(touched.is_err(), "the environment's proxy was asked");
}

/// Its address may hold a password, which nobody repeats.
#[test]
fn a_proxy_of_another_form_is_refused_without_a_word_of_it() {
    for wrong in [
        "canary",
        "https://user:canary@proxy.example",
        "socks5://canary:1",
    ] {
        let said = refusal(&["--database=memory", "--egress-proxy", wrong]);
        assert!(
            said.contains("the egress proxy is not of the form"),
            "{said}"
        );
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn authorities_that_are_none() {
    let folder = empty_folder("extra-ca");
    let absent = folder.join("absent.pem");
    let said = refusal(&["--database=memory", "--extra-ca", absent.to_str().unwrap()]);
    assert!(
        said.contains(&format!("cannot read {}: ", absent.display())),
        "{said}"
    );
    for (name, text) in [
        ("empty", ""),
        ("words", "a certificate"),
        (
            "key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ),
        (
            "broken",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        ("cut", "-----BEGIN CERTIFICATE-----\nAAAA\n"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let said = refusal(&["--database=memory", "--extra-ca", file.to_str().unwrap()]);
        let begins = format!(
            "Error: --extra-ca {}: this is not PEM with one or more certificates. Give",
            file.display()
        );
        assert!(said.contains(&begins), "{name}: {said}");
    }
}

/// With the flag for loopback every connection is dialled from here, so a proxy would be passed by.
#[test]
fn a_proxy_is_not_passed_by_in_silence() {
    let proxy = "--egress-proxy=http://proxy.example:3128";
    Options::of([proxy]).unwrap();
    let refused = Options::of([proxy, "--danger-allow-loopback"]).unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("cannot be used with"), "{said}");
}
