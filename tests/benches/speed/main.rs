//! What signing in costs, beside what a platform would otherwise use: one command, one run, one table.
//!
//! `make bench` runs everything, `make bench BENCH=calls,start` some groups. Both sides of a comparison take turns, so
//! that a noisy machine is noisy for both; what is compared is processor time, as the operating system counts it.
//!
//! The program starts itself again for every process that it measures: `speed product …`, `speed native …`.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a bench stops where it fails"
)]

mod app;
mod calls;
mod core;
mod logins;
mod memory;
mod native;
mod neighbour;
mod plot;
mod process;
mod product;
mod provider;
mod scale;
mod sides;
mod start;
mod table;

use std::env;

use anyhow::{Result, ensure};

use crate::table::Report;

/// The groups in the order of the table.
const GROUPS: [&str; 6] = ["calls", "logins", "start", "scale", "memory", "neighbour"];

fn main() -> Result<()> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = || tokio::runtime::Runtime::new();
    match words.as_slice() {
        ["provider", folder] => runtime()?.block_on(provider::serve(folder.as_ref())),
        ["product", options @ ..] => runtime()?.block_on(product::serve(options)),
        ["native", provider, folder] => {
            runtime()?.block_on(native::serve(provider, folder.as_ref()))
        }
        ["load", folder] => start::load(folder.as_ref()),
        ["waiting", provider, folder] => {
            runtime()?.block_on(memory::wait_for(provider, folder.as_ref()))
        }
        _ => run(&chosen()?),
    }
}

/// The groups that `BENCH` names, or all of them.
fn chosen() -> Result<Vec<String>> {
    let named = env::var("BENCH").unwrap_or_default();
    let named: Vec<String> = named
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    for name in &named {
        ensure!(
            GROUPS.contains(&name.as_str()),
            "BENCH: there is no group {name}; the groups are {}",
            GROUPS.join(", ")
        );
    }
    Ok(if named.is_empty() {
        GROUPS.map(str::to_owned).to_vec()
    } else {
        named
    })
}

fn run(groups: &[String]) -> Result<()> {
    // One thread drives; what is measured runs in processes of its own, or on this very thread.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut report = Report::default();
    for group in groups {
        eprintln!("{group} …");
        let part = runtime.block_on(async {
            match group.as_str() {
                "calls" => calls::measure().await,
                "logins" => logins::measure().await,
                "start" => start::measure(),
                "scale" => scale::measure().await,
                "memory" => memory::measure().await,
                _ => neighbour::measure().await,
            }
        })?;
        report.add(part);
    }
    print!("{}", report.text());
    report.write()
}
