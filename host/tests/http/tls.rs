//! Certificates and versions that are refused, and the tunnel through an egress proxy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server's chain and key.
struct Identity(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn issued(by: &Authority, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, by).unwrap();
    Identity(
        vec![certificate.der().clone()],
        PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
    )
}

/// A TLS server's port, and how many connections came.
async fn server(identity: Identity) -> (u16, Arc<AtomicU32>) {
    let acceptor = acceptor(identity);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, SeqCst);
            tokio::spawn(answer(acceptor.clone(), stream));
        }
    });
    (port, connections)
}

fn acceptor(Identity(chain, key): Identity) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn answer(acceptor: TlsAcceptor, stream: TcpStream) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let _ = stream.read(&mut [0; 4096]).await;
    let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let _ = stream.write_all(bytes).await;
}

fn trusting(pem: String) -> HttpClient {
    with(HttpOptions {
        extra_ca: Some(pem.into_bytes()),
        ..HttpOptions::default()
    })
}

/// What a client that trusts `pem` makes of a server with `identity`, and how often it connected.
async fn met(identity: Identity, pem: String) -> (Outcome, u32) {
    let (port, connections) = server(identity).await;
    let outcome = get(&trusting(pem), &format!("https://localhost:{port}/x")).await;
    (outcome, connections.load(SeqCst))
}

#[tokio::test]
async fn bi_235_certificates() {
    let (ours, foreign) = (authority(), authority());
    let untouched = |_: &mut CertificateParams| {};
    let (outcome, _) = met(issued(&ours, &["localhost"], untouched), ours.pem()).await;
    assert_eq!(outcome.unwrap().body, b"ok", "the good one");

    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2025, 1, 1);
    let early = |params: &mut CertificateParams| params.not_before = date_time_ymd(2090, 1, 1);
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = own.self_signed(&own_key).unwrap();
    let self_signed = Identity(
        vec![own.der().clone()],
        PrivateKeyDer::try_from(own_key.serialize_der()).unwrap(),
    );
    for (fault, identity) in [
        ("expired", issued(&ours, &["localhost"], expired)),
        ("not valid yet", issued(&ours, &["localhost"], early)),
        ("wrong host", issued(&ours, &["acme.okta.com"], untouched)),
        ("no host", issued(&ours, &[], untouched)),
        (
            "untrusted authority",
            issued(&foreign, &["localhost"], untouched),
        ),
        ("self-signed", self_signed),
    ] {
        let (outcome, connections) = met(identity, ours.pem()).await;
        println!("BI-235 {fault}: {outcome:?}, {connections} connection");
        assert_eq!(outcome, Err(HttpError::Unreachable), "BI-235 {fault}");
        assert_eq!(connections, 1, "BI-235 {fault}: refused for good");
    }
}

#[tokio::test]
async fn bi_235_sha_1() {
    // As their names say; `sha1/` is signed with SHA-1, its neighbour differs in that alone.
    let identity = |certificate: &str| {
        Identity(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
            PrivateKeyDer::from_pem_slice(include_bytes!("sha1/server.key")).unwrap(),
        )
    };
    let authority = include_str!("sha1/authority.pem");
    let neighbour = identity(include_str!("sha1/neighbour.pem"));
    let (outcome, _) = met(neighbour, authority.to_owned()).await;
    assert_eq!(outcome.unwrap().body, b"ok", "SHA-256");
    let (outcome, _) = met(
        identity(include_str!("sha1/server.pem")),
        authority.to_owned(),
    )
    .await;
    assert_eq!(outcome, Err(HttpError::Unreachable), "BI-235 SHA-1");
}

#[tokio::test]
async fn bi_235_tls_1_1_and_alerts() {
    // ServerHello of TLS 1.1: version 3.2, cipher suite ECDHE-RSA-AES128-CBC-SHA.
    let mut hello = vec![0x02, 0, 0, 38, 0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0, 0xc0, 0x13, 0]);
    let mut old = vec![0x16, 0x03, 0x02, 0, hello.len() as u8];
    old.extend(hello);
    // A fatal alert: unrecognized_name, as a server says that does not know the name in SNI.
    let alert = vec![0x15, 0x03, 0x03, 0, 2, 2, 112];
    for (fault, bytes) in [("TLS 1.1", old), ("wrong SNI", alert)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}/x",
            listener.local_addr().unwrap().port()
        );
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&bytes).await;
                let _ = stream.read(&mut [0; 4096]).await;
            }
        });
        let outcome = get(&client(), &url).await;
        assert_eq!(outcome, Err(HttpError::Unreachable), "BI-235 {fault}");
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    for pem in [
        "",
        "x",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let options = HttpOptions {
            extra_ca: Some(pem.into()),
            ..HttpOptions::default()
        };
        let refusal = HttpClient::new(&options).err();
        assert_eq!(refusal, Some(SetupError::ExtraCa), "{pem:?}");
    }
}

/// A forward proxy that leads every tunnel to one place, and what it was asked.
async fn proxy(to: u16) -> (u16, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, asks) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut inside, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(inside.read_u8().await.unwrap());
            }
            asked.send(String::from_utf8(head).unwrap()).unwrap();
            let mut outside = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
            inside.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            tokio::spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
            });
        }
    });
    (port, asks)
}

#[tokio::test]
async fn a_given_proxy_is_asked_for_a_tunnel() {
    let ours = authority();
    let (server, _) = server(issued(&ours, &["acme.okta.com"], |_| {})).await;
    let (port, mut asks) = proxy(server).await;
    let options = HttpOptions {
        extra_ca: Some(ours.pem().into_bytes()),
        egress_proxy: Some(
            format!("http://me:p%40ss@127.0.0.1:{port}")
                .parse()
                .unwrap(),
        ),
        ..HttpOptions::default()
    };
    assert!(!format!("{options:?}").contains("p%40ss"));
    let client = HttpClient::new(&options).unwrap();
    let public = Scope {
        network: Network::Public,
        ..scope("a")
    };
    let sent = request(Endpoint::Metadata, "https://acme.okta.com/x");
    assert_eq!(client.send(&public, sent).await.unwrap().body, b"ok");
    let ask = asks.recv().await.unwrap();
    assert!(
        ask.starts_with("CONNECT acme.okta.com:443 HTTP/1.1\r\n"),
        "{ask}"
    );
    // me:p@ss
    assert!(
        ask.to_lowercase().contains("proxy-authorization: basic "),
        "{ask}"
    );
    assert!(ask.contains("bWU6cEBzcw=="), "{ask}");
    // An address in the URL is refused with a proxy as without.
    let sent = request(Endpoint::Metadata, "https://10.0.0.1/x");
    assert_eq!(client.send(&public, sent).await, Err(HttpError::Denied));
    for other in [
        "https://p:1",
        "socks5://p:1",
        "http://p:1/x",
        "http://p:1/?x",
    ] {
        let options = HttpOptions {
            egress_proxy: Some(other.parse().unwrap()),
            ..HttpOptions::default()
        };
        assert!(HttpClient::new(&options).is_err(), "{other}");
    }
}

#[tokio::test]
async fn the_environment_names_no_proxy() {
    const INNER: &str = "OKTA_SSO_TEST_INNER";
    if std::env::var_os(INNER).is_some() {
        let ours = authority();
        let identity = issued(&ours, &["localhost"], |_| {});
        let (outcome, connections) = met(identity, ours.pem()).await;
        assert_eq!((outcome.unwrap().status, connections), (200, 1));
        return;
    }
    // In a process of its own, with a proxy that nobody may touch in its environment.
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", trap.local_addr().unwrap());
    let mut inner = std::process::Command::new(std::env::current_exe().unwrap());
    inner.args(["--exact", "tls::the_environment_names_no_proxy"]);
    inner.env(INNER, "1");
    for name in [
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
    ] {
        inner.env(name, &url);
    }
    let ended = inner.output().unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let touched = tokio::time::timeout(Duration::from_millis(10), trap.accept()).await;
    assert!(touched.is_err(), "the environment's proxy was asked");
}
