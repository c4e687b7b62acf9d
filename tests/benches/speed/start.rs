//! What the plugin adds to the start of a process whose compiled code is cached, and how large the component is.

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use cpu_time::ProcessTime;
use okta_sso_conformance::host::ScriptedHost;
use okta_sso_conformance::run::component_path;
use okta_sso_host::{CompiledCache, Component, Pin, Plugin};

use crate::process::this_program;
use crate::table::{Bar, Chart, Report, Row, median};

const STARTS: usize = 30;
/// Of the runs alone: what is cached belongs to nobody else.
const CACHE_KEY: &[u8] = b"a key of the bench, 32 bytes long";

/// The process: prints how many milliseconds of processor time loading took.
pub(crate) fn load(folder: &Path) -> Result<()> {
    let capabilities = ScriptedHost::default().capabilities();
    let started = ProcessTime::now();
    let plugin = Plugin::builder()
        .component(Component::from_path(component_path(), Pin::Sidecar)?)
        .compiled_cache(CompiledCache::open(folder, CACHE_KEY)?)
        .capabilities(capabilities)
        .load()?;
    println!("{}", started.elapsed().as_secs_f64() * 1e3);
    drop(plugin);
    Ok(())
}

pub(crate) fn measure() -> Result<Report> {
    let folder = env::temp_dir().join(format!("okta-sso-speed-compiled-{}", std::process::id()));
    let mut figures = (0..=STARTS).map(|_| start(&folder));
    let compiling = figures.next().context("no start")??;
    let cached = figures.collect::<Result<Vec<f64>>>();
    let _ = fs::remove_dir_all(&folder); // the system's own cleaning takes what is left
    let cached = median(cached?);
    let size = fs::metadata(component_path())?.len() as f64 / 1e3;
    Ok(Report {
        rows: vec![
            Row::new(
                "start of a process, compiled code cached",
                cached,
                "ms",
                5.0,
            ),
            Row::new("size of the component", size, "KB", 300.0),
        ],
        charts: vec![Chart {
            title: "Loading the component",
            unit: "ms",
            bars: vec![
                Bar::ours("compiled code cached", cached),
                Bar::ours("compiled anew", compiling),
            ],
        }],
    })
}

fn start(folder: &Path) -> Result<f64> {
    let output = this_program("load")?.arg(folder).output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
