//! The component: the one caller of the imports, and the exports in terms of the core.

use crate::capability::Capabilities;
use crate::contract::exports::sso::provider::{claims, config, login, logout, messages};
use crate::contract::sso::provider::types::{Algorithm, Connection, EmailRule, Finding};
use crate::contract::sso::provider::{cache, clock, http, log, random, signatures, storage};
use crate::{callback, email, flow, id_token, transaction};

struct Component;

#[expect(
    unsafe_code,
    unreachable_pub,
    reason = "generated: the exported functions of the component's own ABI"
)]
mod export {
    crate::contract::export!(Component with_types_in crate::contract);
    use super::Component;
}

/// The imports, each under the name that the core knows.
struct Host;

impl Capabilities for Host {
    fn send(&mut self, request: &http::Request) -> Result<http::Response, http::Error> {
        http::send(request)
    }

    fn put_if_absent(
        &mut self,
        key: &[u8],
        value: &[u8],
        time_to_live: u32,
    ) -> Result<bool, storage::Error> {
        storage::put_if_absent(key, value, time_to_live)
    }

    fn take(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, storage::Error> {
        storage::take(key).map(found)
    }

    fn cache_get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        found(cache::get(key))
    }

    fn cache_put(&mut self, key: &[u8], value: &[u8], time_to_live: u32) {
        cache::put(key, value, time_to_live);
    }

    fn now(&mut self) -> u64 {
        clock::now()
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        random::bytes(length)
    }

    fn verify(
        &mut self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), signatures::Error> {
        signatures::verify(algorithm, jwk, message, signature)
    }

    fn log(&mut self, level: log::Level, code: &str, fields: &[(&str, &str)]) {
        let fields: Vec<log::Field> = fields
            .iter()
            .map(|(name, value)| log::Field {
                name: (*name).to_owned(),
                value: (*value).to_owned(),
            })
            .collect();
        log::event(level, code, &fields);
    }
}

fn found(lookup: storage::Lookup) -> Option<Vec<u8>> {
    match lookup {
        storage::Lookup::Found(value) => Some(value),
        storage::Lookup::Absent => None,
    }
}

impl config::Guest for Component {
    fn check(settings: config::Settings) -> Result<config::Checked, Vec<config::Problem>> {
        crate::config::check(&settings)
    }

    fn probe(connection: Connection) -> Vec<Finding> {
        crate::probe::probe(&mut Host, &connection)
    }

    fn describe(locale: String) -> config::Description {
        crate::describe::describe(&locale)
    }
}

impl login::Guest for Component {
    fn begin(
        connection: Connection,
        request: login::LoginRequest,
    ) -> Result<login::Redirect, login::LoginError> {
        flow::begin::begin(&mut Host, &connection, &request)
    }

    fn locate(query: String) -> Result<String, login::LoginError> {
        callback::parse(&query).map(|callback| transaction::handle(&callback.state))
    }

    fn complete(
        connection: Connection,
        callback: login::Callback,
    ) -> Result<login::SignedIn, login::LoginError> {
        flow::complete::complete(&mut Host, &connection, &callback)
    }

    fn rehearse(connection: Connection, callback: login::Callback) -> login::Rehearsal {
        flow::rehearse::rehearse(&mut Host, &connection, &callback)
    }
}

impl claims::Guest for Component {
    fn validate(
        connection: Connection,
        header: String,
        payload: String,
        expectations: claims::Expectations,
    ) -> Result<claims::ClaimSet, login::TokenRejection> {
        id_token::validate_claims(&connection, &header, &payload, &expectations)
    }

    fn compare_email(
        rule: EmailRule,
        from_provider: String,
        on_file: String,
    ) -> claims::EmailMatch {
        email::compare(rule, &from_provider, &on_file)
    }
}

impl logout::Guest for Component {
    fn begin(
        connection: Connection,
        logout_hint: String,
        state: Option<String>,
    ) -> Result<String, logout::LogoutError> {
        crate::logout::begin(&mut Host, &connection, &logout_hint, state.as_deref())
    }

    fn receive_logout_token(
        connection: Connection,
        token: String,
    ) -> Result<logout::Notice, logout::LogoutError> {
        crate::logout::receive_logout_token(&mut Host, &connection, &token)
    }

    fn receive_revocation(
        connection: Connection,
        request: logout::RevocationRequest,
    ) -> Result<logout::Notice, logout::LogoutError> {
        crate::logout::receive_revocation(&mut Host, &connection, &request)
    }
}

impl messages::Guest for Component {
    fn codes() -> Vec<String> {
        crate::messages::codes()
    }

    fn explain(code: String, locale: String) -> Option<messages::Explanation> {
        crate::messages::explain(&code, &locale)
    }
}
