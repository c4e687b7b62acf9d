//! Whole logins over HTTP: start, callback, token request over TLS on loopback, session. Processor time of the server's
//! process for each.

use std::process::Command;

use anyhow::Result;
use okta_sso_conformance::part;

use crate::app::{Person, Stage};
use crate::process::Process;
use crate::product::{self, Tenant, email};
use crate::provider::{AUTHORITY, SECRET};
use crate::table::{Bar, Chart, Report, Row, median};

const PEOPLE: usize = 10;
const ROUNDS: usize = 12;
pub(crate) const EACH: usize = 200;
/// After so many the server's memory is looked at.
const MANY: usize = 10_000;

pub(crate) async fn measure() -> Result<Report> {
    let stage = Stage::open()?;
    let origin = stage.origin();
    let tenants = [Tenant::new("acme", PEOPLE), Tenant::new("thin", PEOPLE)];
    // The first start also compiles the component. Measured is a process as it starts from then on.
    drop(product::start(&stage.folder, &origin, "product", &tenants)?);
    let product = product::replica(&stage.folder, "product", &[])?;
    let native = Process::start("native", &[&origin, &stage.folder.to_string_lossy()])?;
    let node = node(&stage, &origin)?;
    let servers = [Some(&product), Some(&native), node.as_ref()];
    let mut logins = 0;
    let mut figures = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        for (figures, server) in figures.iter_mut().zip(servers) {
            let Some(server) = server else { continue };
            let took = cost(&stage, &[server], everybody(server, "acme", EACH)).await?;
            if round > 0 {
                figures.push(took); // in the first round things are read and pinned that stay
            }
        }
        logins += EACH;
    }
    let [ours, theirs, in_node] = figures;
    let [ours, theirs] = [ours, theirs].map(median);
    let mut bars = vec![
        Bar::theirs("axum, openidconnect and reqwest", theirs),
        Bar::ours("the product, with the component", ours),
    ];
    if node.is_some() {
        bars.push(Bar::theirs(
            "Node.js with openid-client, no database",
            median(in_node),
        ));
    }
    let usual = requests(&stage, &product, "acme").await?;
    let thin = requests(&stage, &product, "thin").await?;
    logins += 2 * (EACH + PEOPLE);
    let rest = MANY.saturating_sub(logins);
    stage
        .browser
        .sign_in(everybody(&product, "acme", rest))
        .await?;
    let resident = product.resident()? * 1.024 / 1e3;
    Ok(Report {
        rows: vec![
            Row::new(
                "login at the product ÷ at a native application",
                ours / theirs,
                "",
                0.8,
            ),
            Row::new("requests to the provider per login", usual, "", 1.0),
            Row::new(
                "requests to the provider per login, thin token",
                thin,
                "",
                2.0,
            ),
            Row::new(
                "resident memory of the product after 10,000 logins",
                resident,
                "MB",
                48.0,
            ),
        ],
        charts: vec![Chart {
            title: "A whole login, processor time of the server",
            unit: "ms",
            bars,
        }],
    })
}

/// The same in Node.js, where that part is not left out.
fn node(stage: &Stage, origin: &str) -> Result<Option<Process>> {
    if !part::bring("bench")? {
        return Ok(None);
    }
    let mut command = Command::new("tests/part");
    command
        .args([
            "bench",
            "node",
            "tests/benches/node/app.mjs",
            origin,
            SECRET,
        ])
        .env("NODE_EXTRA_CA_CERTS", stage.folder.join(AUTHORITY))
        .current_dir(part::workspace());
    Process::listening(command).map(Some)
}

/// So many logins of a tenant's people in turn.
pub(crate) fn everybody(server: &Process, tenant: &str, count: usize) -> Vec<Person> {
    let person = |number: usize| Person {
        server: server.address,
        back: server.address,
        tenant: tenant.to_owned(),
        email: email(tenant, number % PEOPLE),
    };
    (0..count).map(person).collect()
}

/// Milliseconds of processor time that the servers take for each of these logins.
pub(crate) async fn cost(stage: &Stage, servers: &[&Process], people: Vec<Person>) -> Result<f64> {
    let count = people.len() as f64;
    let so_far = || -> Result<f64> {
        let times = servers.iter().map(|server| Ok(server.cpu()?.as_secs_f64()));
        times.sum()
    };
    let before = so_far()?;
    stage.browser.sign_in(people).await?;
    Ok((so_far()? - before) * 1e3 / count)
}

/// Requests that the provider gets for each login, once everything is cached.
async fn requests(stage: &Stage, server: &Process, tenant: &str) -> Result<f64> {
    stage
        .browser
        .sign_in(everybody(server, tenant, PEOPLE))
        .await?;
    let before = stage.count("asked").await?;
    stage
        .browser
        .sign_in(everybody(server, tenant, EACH))
        .await?;
    Ok((stage.count("asked").await? - before) as f64 / EACH as f64)
}
