//! `okta-sso-conformance`: proves a component of the contract against its cases, on a host of any language.

use std::hash::{BuildHasher, RandomState};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use okta_sso_conformance::case::Case as Authored;
use okta_sso_conformance::flat::FlatCase;
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::hosts::Language;
use okta_sso_conformance::kit::{self, Verdict};
use okta_sso_conformance::stage::replica;
use okta_sso_conformance::{live, replay, report, soak};
use okta_sso_host::record::Recording;
use okta_sso_host::{Clock, SystemClock};

#[derive(Parser)]
#[command(name = "okta-sso-conformance", about, version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the flat cases against a component.
    Run(Run),
    /// Runs a recorded call again, offline, and compares the outcome.
    Replay(Recorded),
    /// Makes a flat case of a recorded call, with everything replaced that names somebody.
    Case(Case),
    /// Writes the flat cases, the contract's types and the schemas into a folder.
    Generate {
        /// The folder; made when it is not there.
        #[arg(long, default_value = "target/conformance")]
        out: PathBuf,
    },
    /// Signs people in at several hosts for as long as it takes, while faults are injected at random.
    Soak(Soak),
    /// Serves sign-ins as one of several processes; for the tests of this crate.
    #[command(hide = true)]
    Replica,
}

#[derive(Args)]
struct Run {
    /// The component to prove: anybody's.
    #[arg(long, value_name = "FILE")]
    component: PathBuf,
    /// The host to run it on.
    #[arg(long, value_enum, default_value = "rust")]
    host: Language,
    /// Only cases whose id, file or section contains this text.
    #[arg(long, default_value = "")]
    filter: String,
    /// Flat cases of this file instead: one a line, such as `case` writes.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["filter", "kind"])]
    cases: Option<PathBuf>,
    /// Which cases. By default all of them when the component is this project's own build, else contract cases.
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Write a report to standard output.
    #[arg(long, value_enum)]
    report: Option<Report>,
}

#[derive(Args)]
struct Recorded {
    /// A recording, under the name that the host gave it.
    recording: PathBuf,
    /// The 32 bytes that it is sealed under; without them it must be in the clear.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// The component that was recorded.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "target/plugin/okta_sso.wasm"
    )]
    component: PathBuf,
}

#[derive(Args)]
struct Case {
    #[command(flatten)]
    recorded: Recorded,
    /// What the case is called.
    #[arg(long, default_value = "recorded")]
    id: String,
}

impl Recorded {
    fn open(&self) -> Result<(Recording, Sandbox)> {
        let now = SystemClock.now();
        let recording = replay::read(&self.recording, self.key_file.as_deref(), now)?;
        Ok((recording, Sandbox::load(&self.component)?))
    }
}

#[derive(Args)]
struct Soak {
    /// Logins to carry to their end; memory is judged from 20,000 on.
    #[arg(long, default_value_t = 40_000)]
    logins: u32,
    /// Logins at the same time.
    #[arg(long, default_value_t = 16)]
    people: usize,
    /// Processes over each of PostgreSQL and Redis; two or more.
    #[arg(long, default_value_t = 2)]
    replicas: usize,
    /// Repeats the choices of an earlier run.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// What any component of the contract must do, over an emulated host.
    Contract,
    /// What this project's component does, exactly.
    Trace,
    /// The host's own HTTP, storage, randomness and signature checks, against a provider on loopback.
    Live,
    /// All of them.
    All,
}

impl Kind {
    fn has(self, kind: Self) -> bool {
        self == kind || self == Self::All
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum Report {
    Json,
    Junit,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Run(arguments) => run(&arguments),
        Command::Replay(arguments) => replay(&arguments),
        Command::Case(arguments) => case(&arguments),
        Command::Generate { out } => generate(&out),
        Command::Soak(arguments) => soak(&arguments),
        Command::Replica => replica::run().map(|()| true),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("okta-sso-conformance: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Run) -> Result<bool> {
    // Before anything that takes time, and for every host: it says best what is wrong with a component.
    let sandbox = Sandbox::load(&arguments.component)?;
    let (flat, live) = cases(arguments)?;

    let (host, component) = (arguments.host, &arguments.component);
    let bar = bar(flat.len() + live.len());
    let mut verdicts = Vec::new();
    let mut tell = |verdict: Verdict| {
        bar.inc(1);
        if !verdict.failures.is_empty() {
            bar.suspend(|| eprint!("{}", report::failure(&verdict)));
        }
        verdicts.push(verdict);
    };
    if !flat.is_empty() {
        kit::run(host, component, &sandbox, &flat, &mut tell)?;
    }
    if !live.is_empty() {
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(live::run(host, component, &live, &mut tell))?;
    }
    bar.finish_and_clear();

    let summary = report::summary(host, &verdicts);
    let mut stdout = std::io::stdout().lock();
    match arguments.report {
        None => writeln!(stdout, "{summary}")?,
        Some(format) => {
            let text = match format {
                Report::Json => report::json(host, &verdicts),
                Report::Junit => report::junit(host, &verdicts),
            };
            writeln!(stdout, "{text}")?;
            eprintln!("{summary}");
        }
    }
    Ok(verdicts.iter().all(|verdict| verdict.failures.is_empty()))
}

/// What is to be run: flat cases, and live ones.
fn cases(arguments: &Run) -> Result<(Vec<FlatCase>, Vec<Authored>)> {
    if let Some(file) = &arguments.cases {
        return Ok((kit::read(file)?, Vec::new()));
    }
    let own = kit::is_own(&arguments.component)?;
    let kind = arguments
        .kind
        .unwrap_or(if own { Kind::All } else { Kind::Contract });
    let mut flat = Vec::new();
    if kind != Kind::Live {
        flat = kit::cases(&arguments.filter)?;
    }
    flat.retain(|case| match case {
        FlatCase::Contract(_) => kind.has(Kind::Contract),
        FlatCase::Trace(_) => kind.has(Kind::Trace),
    });
    let mut live = Vec::new();
    if kind.has(Kind::Live) {
        live = live::cases(&arguments.filter)?;
    }
    anyhow::ensure!(
        !flat.is_empty() || !live.is_empty(),
        "no case has `{}` in its id, file or section",
        arguments.filter
    );
    Ok((flat, live))
}

/// Drawn on a terminal; elsewhere nothing is.
fn bar(cases: usize) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed}");
    ProgressBar::with_draw_target(Some(cases as u64), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn soak(arguments: &Soak) -> Result<bool> {
    let seed = arguments
        .seed
        .unwrap_or_else(|| RandomState::new().hash_one(0));
    let options = soak::Options {
        logins: arguments.logins,
        people: arguments.people,
        replicas: arguments.replicas,
        seed,
        program: std::env::current_exe()?,
    };
    eprintln!("seed {seed}");
    let bar = bar(arguments.logins as usize);
    let run = soak::run(&options, |done| bar.set_position(done.into()));
    let report = tokio::runtime::Runtime::new()?.block_on(run)?;
    bar.finish_and_clear();
    print!("{report}");
    Ok(report.is_sound())
}

fn replay(arguments: &Recorded) -> Result<bool> {
    let (recording, sandbox) = arguments.open()?;
    let failures = replay::play(&recording, &sandbox)?;
    println!("{} of connection {}", recording.call, recording.connection);
    if let Some(reference) = &recording.reference {
        println!("reference {reference}");
    }
    println!("recorded: {}", replay::ending(&recording.outcome));
    for failure in &failures {
        eprint!("{}", report::difference(failure));
    }
    println!(
        "{}",
        if failures.is_empty() {
            "the replay: same outcome, same calls"
        } else {
            "the replay differs"
        }
    );
    Ok(failures.is_empty())
}

fn case(arguments: &Case) -> Result<bool> {
    let (recording, sandbox) = arguments.recorded.open()?;
    let case = replay::case::make(&recording, &sandbox, &arguments.id)?;
    println!("{}", serde_json::to_string(&FlatCase::Trace(case))?);
    Ok(true)
}

fn generate(out: &std::path::Path) -> Result<bool> {
    for (file, lines, bytes) in kit::write(out)? {
        println!("{}  {lines} lines  {bytes} bytes", file.display());
    }
    Ok(true)
}
