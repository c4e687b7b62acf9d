//! Ledgerline, as `okta-sso-demo serve` runs it, with the tenants that a group of figures needs.

use std::fmt::Write as _;
use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use okta_sso_conformance::run::component_path;
use okta_sso_demo::serve::{Options, Product};
use okta_sso_host::SystemClock;

use crate::process::{self, Process};
use crate::provider::{AUTHORITY, SECRET, issuer};

/// The process.
pub(crate) async fn serve(words: &[&str]) -> Result<()> {
    process::log();
    let product = Product::start(Options::of(words)?, Arc::new(SystemClock)).await?;
    process::announce(product.address());
    product.run(pending()).await?;
    Ok(())
}

/// A tenant and its people, `anna0@TENANT.example` and so on; its provider's organisation has its name.
pub(crate) struct Tenant {
    pub(crate) name: String,
    pub(crate) people: usize,
}

impl Tenant {
    pub(crate) fn new(name: impl Into<String>, people: usize) -> Self {
        Self {
            name: name.into(),
            people,
        }
    }
}

/// The address of one of a tenant's people.
pub(crate) fn email(tenant: &str, number: usize) -> String {
    format!("anna{number}@{tenant}.example")
}

/// Starts the product in a folder of its own below `folder`, where the provider at `origin` left its authority.
pub(crate) fn start(
    folder: &Path,
    origin: &str,
    name: &str,
    tenants: &[Tenant],
) -> Result<Process> {
    let own = folder.join(name);
    std::fs::create_dir_all(&own)?;
    let mut setup = String::new();
    for Tenant { name, people } in tenants {
        let issuer = issuer(origin, name);
        let users: String = (0..*people)
            .map(|number| {
                let email = email(name, number);
                format!("{{ email = \"{email}\", name = \"Anna\", invited = true }},")
            })
            .collect();
        writeln!(
            setup,
            "[[tenants]]\nid = \"{name}\"\nname = \"{name}\"\napproved_domains = [\"{name}.example\"]\n\
             connection = {{ client_id = \"0oa1\", client_secret = \"{SECRET}\", issuer = \"{issuer}\" }}\n\
             users = [{users}]"
        )?;
    }
    let setup_file = own.join("setup.toml");
    std::fs::write(&setup_file, setup)?;
    replica(folder, name, &["--setup", &setup_file.to_string_lossy()])
}

/// One more process over the same database.
pub(crate) fn replica(folder: &Path, name: &str, more: &[&str]) -> Result<Process> {
    let database = folder.join(name).join("ledgerline.db");
    let (component, authority) = (component_path(), folder.join(AUTHORITY));
    let [database, component, authority] =
        [&database, &component, &authority].map(|path| path.to_string_lossy());
    let mut words = vec![
        "--listen=127.0.0.1:0",
        "--public-url=http://localhost",
        "--danger-allow-loopback",
        // The product throttles attempts by address; each login here comes from one of its own.
        "--trusted-proxy=127.0.0.1",
        "--database",
        &database,
        "--plugin",
        &component,
        "--extra-ca",
        &authority,
    ];
    words.extend(more);
    Process::start("product", &words)
}
