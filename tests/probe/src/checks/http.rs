//! `http`: what may be sent where, and what comes back.

use serde::Deserialize;

use crate::contract::sso::provider::http::{
    Authorization, ClientCredential, Error, Header, Method, Request, Response, send,
};
use crate::contract::sso::provider::types::{Connection, Endpoint};
use crate::report::Report;

const FORM: &str = "application/x-www-form-urlencoded";

/// A request as it arrived.
#[derive(Deserialize)]
struct Echo {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Echo {
    fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(found, _)| found == name)?;
        Some(&header.1)
    }
}

/// A plain request for metadata.
#[must_use]
pub fn get(url: &str) -> Request {
    request_to(Endpoint::Metadata, Method::Get, url)
}

fn request_to(endpoint: Endpoint, method: Method, url: &str) -> Request {
    Request {
        endpoint,
        method,
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        authorization: Authorization::None,
    }
}

fn header(name: &str, value: &str) -> Header {
    Header {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// A whole answer, whatever its status, with the headers that the contract names and no others.
pub fn answer(report: &mut Report, base: &str) {
    // 429 last: a host may answer in the provider's place for as long as that asked for.
    for status in [200, 404, 500, 429] {
        let got = send(&get(&format!("{base}/status/{status}")));
        let Ok(Response {
            status: found,
            headers,
            body,
        }) = got
        else {
            report.broken("http/whatever-its-status", "an answer", &outcome(&got));
            continue;
        };
        report.equal("http/whatever-its-status", status, found);
        report.equal(
            "http/whole-body",
            b"{\"all\":true}".as_slice(),
            body.as_slice(),
        );
        let mut names: Vec<&str> = headers.iter().map(|header| header.name.as_str()).collect();
        names.sort_unstable();
        // The provider sends these, `Set-Cookie`, `Server`, `Location` and `X-Other`.
        let named = [
            "age",
            "cache-control",
            "content-type",
            "date",
            "retry-after",
            "www-authenticate",
            "x-rate-limit-reset",
        ];
        report.equal(
            "http/named-headers-alone",
            named.as_slice(),
            names.as_slice(),
        );
        let retry_after = headers.iter().find(|header| header.name == "retry-after");
        let retry_after = retry_after.map(|header| header.value.as_str());
        report.equal("http/header-values", Some("17"), retry_after);
    }
}

/// What arrives is what was asked for, and what framing needs.
pub fn request(report: &mut Report, base: &str) {
    let mut asked = request_to(
        Endpoint::Keys,
        Method::Get,
        &format!("{base}/echo//k?a=b%20c&d="),
    );
    asked.headers = vec![header("accept", "application/json")];
    let Some(echo) = echoed(report, &asked) else {
        return;
    };
    report.equal("http/method", "GET", echo.method.as_str());
    report.equal(
        "http/url-unchanged",
        "/echo//k?a=b%20c&d=",
        echo.target.as_str(),
    );
    report.equal("http/no-body-of-get", "", echo.body.as_str());
    report.equal(
        "http/accept",
        Some("application/json"),
        echo.header("accept"),
    );
    framing_alone(report, &echo);

    let mut asked = request_to(Endpoint::Token, Method::Post, &format!("{base}/echo/token"));
    asked.headers = vec![
        header("content-type", FORM),
        header("accept", "application/json"),
    ];
    asked.body = b"code=a%2Bb&empty=".to_vec();
    let Some(echo) = echoed(report, &asked) else {
        return;
    };
    report.equal("http/method", "POST", echo.method.as_str());
    report.equal("http/body", "code=a%2Bb&empty=", echo.body.as_str());
    report.equal("http/content-type", Some(FORM), echo.header("content-type"));
    report.equal("http/no-authorization", None, echo.header("authorization"));
    framing_alone(report, &echo);
}

fn framing_alone(report: &mut Report, echo: &Echo) {
    // What framing needs, and what says who asks.
    let framing = [
        "host",
        "accept",
        "content-type",
        "content-length",
        "connection",
        "user-agent",
    ];
    for (name, value) in &echo.headers {
        let offers_nothing = name == "accept-encoding" && value == "identity";
        if !framing.contains(&name.as_str()) && !offers_nothing {
            report.broken(
                "http/headers-of-framing-alone",
                "none",
                &format!("{name}: {value}"),
            );
        }
    }
}

/// An answer of status 3xx is an answer. `with` is the authority of another server.
pub fn redirects(report: &mut Report, base: &str, with: &str) {
    for status in [301, 302, 303, 307, 308] {
        let got = send(&get(&format!("{base}/redirect/{status}?to=/landed")));
        let found = got.as_ref().map(|answer| answer.status).ok();
        report.equal("http/redirect-is-an-answer", Some(status), found);
    }
    let got = send(&get(&format!(
        "{base}/redirect/302?to=http://{with}/landed"
    )));
    let found = got.as_ref().map(|answer| answer.status).ok();
    report.equal("http/redirect-is-an-answer", Some(302), found);
}

/// `with` is an endpoint and a URL that must be answered.
pub fn answered(report: &mut Report, with: &str) {
    let got = send(&parsed(with));
    if got.is_err() {
        report.broken(
            &format!("http/answered: {with}"),
            "an answer",
            &outcome(&got),
        );
    }
}

/// `with` is an endpoint and a URL that the policy refuses.
pub fn denied(report: &mut Report, with: &str) {
    fails(report, "http/denied", with, &[Error::Denied]);
}

/// `with` is an endpoint and a URL that cannot be reached; whether by policy or for want of an address is the host's.
pub fn out_of_reach(report: &mut Report, with: &str) {
    fails(
        report,
        "http/out-of-reach",
        with,
        &[Error::Denied, Error::Unreachable],
    );
}

/// `with` is an endpoint and a URL without a usable answer.
pub fn unreachable(report: &mut Report, with: &str) {
    fails(report, "http/unreachable", with, &[Error::Unreachable]);
}

/// `with` is an endpoint and a URL whose answer does not come.
pub fn timeout(report: &mut Report, with: &str) {
    fails(report, "http/timeout", with, &[Error::Timeout]);
}

/// `with` is an endpoint and a URL whose answer is one byte too long.
pub fn too_large(report: &mut Report, with: &str) {
    fails(report, "http/too-large", with, &[Error::TooLarge]);
}

fn fails(report: &mut Report, promise: &str, with: &str, errors: &[Error]) {
    let got = send(&parsed(with));
    if !got.as_ref().is_err_and(|error| errors.contains(error)) {
        let expected: Vec<&str> = errors.iter().map(|error| error.name()).collect();
        let expected = expected.join(" or ");
        report.broken(&format!("{promise}: {with}"), &expected, &outcome(&got));
    }
}

fn parsed(with: &str) -> Request {
    let (endpoint, url) = with.split_once(' ').unwrap_or(("", with));
    let (endpoint, method) = match endpoint {
        "keys" => (Endpoint::Keys, Method::Get),
        "token" => (Endpoint::Token, Method::Post),
        "pushed-authorization" => (Endpoint::PushedAuthorization, Method::Post),
        "user-info" => (Endpoint::UserInfo, Method::Get),
        _ => (Endpoint::Metadata, Method::Get),
    };
    request_to(endpoint, method, url)
}

/// No decompression: the coded bytes as they are, or no answer.
pub fn coded(report: &mut Report, with: &str) {
    let got = send(&parsed(with));
    match &got {
        Err(Error::Unreachable) => {}
        Ok(answer) if answer.body.starts_with(&[0x1f, 0x8b]) => {} // RFC 1952: still coded
        _ => report.broken(
            "http/no-decompression",
            "coded bytes, or unreachable",
            &outcome(&got),
        ),
    }
}

/// Headers beyond `accept` and `content-type` are refused, and so is what would end a line.
pub fn headers(report: &mut Report, base: &str) {
    for (name, value) in [
        ("authorization", "Basic eDp5"),
        ("host", "elsewhere.example"),
        ("cookie", "a=b"),
        ("x-forwarded-for", "127.0.0.1"),
        ("accept", "a/b\r\nx-injected: yes"),
        ("content-type", "a/b\nx-injected: yes"),
        ("accept\r\nx-injected", "yes"),
    ] {
        let mut asked = get(&format!("{base}/echo/headers"));
        asked.headers = vec![header(name, value)];
        let got = send(&asked);
        report.equal(
            &format!("http/header-denied: {name:?}"),
            "denied".to_owned(),
            outcome(&got),
        );
    }
}

/// Each credential goes to its endpoints alone.
pub fn authorization(report: &mut Report, base: &str) {
    let client = || {
        Authorization::Client(ClientCredential {
            method: crate::contract::sso::provider::types::ClientAuth::ClientSecretBasic,
            client_id: "client".to_owned(),
            audience: base.to_owned(),
        })
    };
    let bearer = |token: &str| Authorization::Bearer(token.to_owned());
    for (endpoint, method, authorization) in [
        (Endpoint::Metadata, Method::Get, client()),
        (Endpoint::Keys, Method::Get, client()),
        (Endpoint::UserInfo, Method::Post, client()),
        (Endpoint::Token, Method::Post, bearer("token")),
        (Endpoint::Keys, Method::Get, bearer("token")),
        (
            Endpoint::UserInfo,
            Method::Get,
            bearer("a\r\nx-injected: yes"),
        ),
    ] {
        let mut asked = request_to(endpoint, method, &format!("{base}/echo/authorization"));
        asked.headers = vec![header("content-type", FORM)];
        asked.authorization = authorization;
        let got = send(&asked);
        report.equal(
            &format!("http/credential-denied: {endpoint:?}"),
            "denied".to_owned(),
            outcome(&got),
        );
    }
    let mut asked = request_to(Endpoint::UserInfo, Method::Get, &format!("{base}/echo/me"));
    asked.authorization = bearer("eyJ-._~+/=");
    if let Some(echo) = echoed(report, &asked) {
        report.equal(
            "http/bearer",
            Some("Bearer eyJ-._~+/="),
            echo.header("authorization"),
        );
    }
}

/// The client's credential is added as the connection says. `with` is what must arrive: the authorization header,
/// a space line, and the form.
pub fn credential(report: &mut Report, connection: &Connection, with: &str) {
    let (authorization, form) = with.split_once('\n').unwrap_or((with, ""));
    for endpoint in [Endpoint::Token, Endpoint::PushedAuthorization] {
        let url = format!("{}/echo/credential", connection.issuer);
        let mut asked = request_to(endpoint, Method::Post, &url);
        asked.headers = vec![header("content-type", FORM)];
        asked.body = b"code=1".to_vec();
        asked.authorization = Authorization::Client(ClientCredential {
            method: connection.policy.client_auth,
            client_id: connection.client_id.clone(),
            audience: connection.issuer.clone(),
        });
        if let Some(echo) = echoed(report, &asked) {
            let found = echo.header("authorization").unwrap_or_default();
            report.equal("http/credential-header", authorization, found);
            report.equal("http/credential-form", form, echo.body.as_str());
        }
    }
}

/// One call has a number of exchanges, and then no more.
pub fn budget(report: &mut Report, base: &str) {
    let got: Vec<String> = (0..10)
        .map(|n| outcome(&send(&get(&format!("{base}/status/200?{n}")))))
        .collect();
    let expected: Vec<&str> = [["200"; 8].as_slice(), &["budget-exhausted"; 2]].concat();
    report.equal(
        "http/eight-exchanges",
        format!("{expected:?}"),
        format!("{got:?}"),
    );
}

fn echoed(report: &mut Report, asked: &Request) -> Option<Echo> {
    let got = send(asked);
    let echo = got.as_ref().ok();
    let echo = echo.and_then(|answer| serde_json::from_slice(&answer.body).ok());
    if echo.is_none() {
        report.broken("http/sent", "an answer", &outcome(&got));
    }
    echo
}

/// The answer's status, or the error's name in the contract.
fn outcome(got: &Result<Response, Error>) -> String {
    match got {
        Ok(answer) => answer.status.to_string(),
        Err(error) => error.name().to_owned(),
    }
}
