//! The way to providers: which certificates are believed, and which proxy is asked.

use std::convert::Infallible;
use std::fmt;
use std::fs;
use std::str::FromStr;

use okta_sso_host::{HttpClient, HttpOptions, SetupError};
use url::Url;

use super::{Options, StartError};

/// A forward proxy's address as it was given. It may hold a password, and shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct EgressProxy(String);

impl FromStr for EgressProxy {
    type Err = Infallible;

    /// Takes any text: a refusal by the command line would repeat it.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for EgressProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EgressProxy")
    }
}

/// The client that asks providers.
pub(super) fn client(options: &Options) -> Result<HttpClient, StartError> {
    let extra_ca = match &options.extra_ca {
        Some(path) => Some(fs::read(path).map_err(|error| StartError::File(path.clone(), error))?),
        None => None,
    };
    let egress_proxy = match &options.egress_proxy {
        Some(EgressProxy(text)) => {
            let url =
                Url::parse(text).map_err(|_| StartError::HttpClient(SetupError::EgressProxy))?;
            Some(url)
        }
        None => None,
    };
    HttpClient::new(&HttpOptions {
        extra_ca,
        danger_allow_loopback: options.danger_allow_loopback,
        egress_proxy,
        ..HttpOptions::default()
    })
    .map_err(|error| match (&options.extra_ca, error) {
        (Some(path), SetupError::ExtraCa) => StartError::ExtraCa(path.clone()),
        (_, error) => StartError::HttpClient(error),
    })
}
