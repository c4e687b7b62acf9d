//! The checks, one module for each capability.

pub mod cache;
pub mod clock;
pub mod http;
pub mod log;
pub mod random;
pub mod signatures;
pub mod storage;

use crate::contract::sso::provider as host;
use crate::contract::sso::provider::types::Connection;
use crate::report::Report;

/// Runs the check called `name`; what it is run with is written at each.
pub fn run(report: &mut Report, name: &str, connection: &Connection, with: &str) {
    let base = connection.issuer.as_str();
    match name {
        "http/answer" => http::answer(report, base),
        "http/request" => http::request(report, base),
        "http/redirects" => http::redirects(report, base, with),
        "http/answered" => http::answered(report, with),
        "http/denied" => http::denied(report, with),
        "http/out-of-reach" => http::out_of_reach(report, with),
        "http/unreachable" => http::unreachable(report, with),
        "http/timeout" => http::timeout(report, with),
        "http/too-large" => http::too_large(report, with),
        "http/coded" => http::coded(report, with),
        "http/headers" => http::headers(report, base),
        "http/authorization" => http::authorization(report, base),
        "http/credential" => http::credential(report, connection, with),
        "http/budget" => http::budget(report, base),
        "storage/bytes" => storage::bytes(report),
        "storage/first-stays" => storage::first_stays(report),
        "storage/bounds" => storage::bounds(report),
        "storage/put" => storage::put(report, with),
        "storage/take" => storage::take(report, with),
        "cache/replaces" => cache::replaces(report),
        "cache/bounds" => cache::bounds(report),
        "cache/apart-from-storage" => cache::apart_from_storage(report),
        "cache/put" => cache::put(with),
        "cache/get" => cache::get(report, with),
        "clock/now" => clock::now(report),
        "random/lengths" => random::lengths(report),
        "random/draws" => random::draws(report),
        "signatures/vectors" => signatures::vectors(report),
        "log/flood" => log::flood(),
        _ => report.broken("check/known", "one of the probe's checks", name),
    }
}

/// Uses the capability called `name` once, whatever comes of it.
pub fn use_one(name: &str) {
    match name {
        "cache" => drop(host::cache::get(b"key")),
        "clock" => _ = host::clock::now(),
        "http" => drop(host::http::send(&http::get("https://localhost/"))),
        "log" => host::log::event(host::log::Level::Info, "probe", &[]),
        "random" => drop(host::random::bytes(1)),
        "signatures" => {
            _ = host::signatures::verify(host::types::Algorithm::Rs256, "{}", b"", b"");
        }
        "storage" => drop(host::storage::take(b"key")),
        _ => {}
    }
}
