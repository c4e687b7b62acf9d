//! The certified provider: a process of its own, with a certificate of an authority that only the test knows.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use okta_sso_conformance::part;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

/// The application's registration at the provider.
pub(crate) struct Registration {
    pub(crate) id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) redirect_uri: String,
    pub(crate) post_logout_redirect_uri: String,
    pub(crate) backchannel_logout_uri: String,
    /// `token_endpoint_auth_method`.
    pub(crate) auth_method: &'static str,
    /// `id_token_signed_response_alg`.
    pub(crate) algorithm: &'static str,
}

/// A running provider; it ends with this value.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    /// The authority's certificate, PEM.
    pub(crate) authority: String,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    process: Child,
}

impl Provider {
    pub(crate) fn start(client: &Registration) -> Self {
        let (authority, certificate, private_key) = certificates();
        let mut process = Command::new(part::workspace().join("tests/part"))
            .args(["peer", "node", "tests/peer/provider.mjs"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Node.js starts");
        let mut provider = Self {
            issuer: String::new(),
            authority,
            input: process.stdin.take().unwrap(),
            output: BufReader::new(process.stdout.take().unwrap()).lines(),
            process,
        };
        let answer = provider.ask(json!({
            "certificate": certificate,
            "privateKey": private_key,
            "client": {
                "id": client.id,
                "secret": client.secret,
                "redirectUri": client.redirect_uri,
                "postLogoutRedirectUri": client.post_logout_redirect_uri,
                "backchannelLogoutUri": client.backchannel_logout_uri,
                "authMethod": client.auth_method,
                "algorithm": client.algorithm,
            },
        }));
        provider.issuer = answer["issuer"].as_str().expect("an issuer").to_owned();
        provider
    }

    /// Gives this wrong answer from now on, or none.
    pub(crate) fn fault(&mut self, name: Option<&str>) {
        self.ask(json!({ "command": "fault", "name": name }));
    }

    /// The names of all wrong answers.
    pub(crate) fn faults(&mut self) -> Vec<String> {
        serde_json::from_value(self.ask(json!({ "command": "faults" }))).unwrap()
    }

    /// Signs with new keys from now on; the old ones stay published, or are withdrawn at once.
    pub(crate) fn rotate(&mut self, keep: bool) {
        self.ask(json!({ "command": "rotate", "keep": keep }));
    }

    /// How often a route was asked, or a wrong answer given.
    pub(crate) fn requests(&mut self, what: &str) -> u64 {
        let counts = self.ask(json!({ "command": "requests" }));
        counts[what].as_u64().unwrap_or(0)
    }

    fn ask(&mut self, question: Value) -> Value {
        let line = format!("{question}\n");
        self.input.write_all(line.as_bytes()).unwrap();
        let answer = self.output.next();
        let answer = answer.expect("the provider answers; its own words are above");
        serde_json::from_str(&answer.unwrap()).unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An authority, and a server's certificate and key for `localhost`; PEM.
fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let server = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&server, &issuer)
        .unwrap();
    (authority, certificate.pem(), server.serialize_pem())
}
