//! The command's parts: the flat cases, the hosts that run them, and replay.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::case::{Case, CaseFile};
use crate::flat::sandbox::Sandbox;
use crate::flat::{About, Failure, FlatCase, contract, generate, trace, types};
use crate::hosts::Language;
use crate::part::workspace;
use crate::run::{component_path, plugin};

/// A case's verdict; without failures it passed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// `contract` or `trace`.
    pub kind: String,
    /// What the case says about itself.
    pub about: About,
    /// How the run differed.
    pub failures: Vec<Failure>,
}

/// A line that a host program answers with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    kind: String,
    id: String,
    failures: Vec<Failure>,
}

/// Every authored case that has `filter` in its id, file or section.
///
/// # Errors
/// When a file of cases cannot be read.
pub fn authored(filter: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for file in CaseFile::names()? {
        cases.extend(CaseFile::read(&file)?.into_iter().filter(|case| {
            let fields = [
                Some(&case.about.id),
                Some(&case.file),
                case.about.spec.as_ref(),
            ];
            fields
                .into_iter()
                .flatten()
                .any(|field| field.contains(filter))
        }));
    }
    Ok(cases)
}

/// The flat cases of those, made with this project's own component.
///
/// # Errors
/// When the component was not built, or a case does not pass on it.
pub fn cases(filter: &str) -> Result<Vec<FlatCase>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let plugin = plugin()?;
    let mut cases = Vec::new();
    for case in authored(filter)? {
        let flat = runtime.block_on(generate::flatten(&plugin, &case));
        let (file, id) = (&case.file, &case.about.id);
        cases.extend(flat.with_context(|| format!("cases/{file}.json: {id}"))?);
    }
    Ok(cases)
}

/// Flat cases of a file, one a line.
///
/// # Errors
/// When it cannot be read, or a line is none.
pub fn read(file: &Path) -> Result<Vec<FlatCase>> {
    let name = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    let lines = text.lines().enumerate();
    let cases = lines.map(|(number, line)| {
        serde_json::from_str(line)
            .with_context(|| format!("{name}, line {}: no flat case", number + 1))
    });
    let cases: Vec<_> = cases.collect::<Result<_>>()?;
    ensure!(!cases.is_empty(), "{name}: no case is in it");
    Ok(cases)
}

/// Whether `component` is this project's own build.
///
/// # Errors
/// When it cannot be read.
pub fn is_own(component: &Path) -> Result<bool> {
    let read = |path: &Path| {
        std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let path = component_path();
    ensure!(
        path.is_file(),
        "the cases are made with this project's component: run `make plugin` first"
    );
    Ok(read(component)? == read(&path)?)
}

/// Runs `cases` on `host`, and tells each verdict as it comes. The component is `sandbox` on the host in Rust, and the
/// file on the others.
///
/// # Errors
/// When the host cannot be started, or does not answer every case.
pub fn run(
    host: Language,
    component: &Path,
    sandbox: &Sandbox,
    cases: &[FlatCase],
    mut tell: impl FnMut(Verdict),
) -> Result<()> {
    if host == Language::Rust {
        for case in cases {
            tell(play(sandbox, case));
        }
        return Ok(());
    }
    let name = host.name();
    ensure!(
        host.bring()?,
        "SKIP leaves out {name}, so no case can run there"
    );
    let mut command = Command::new(workspace().join("tests/part"));
    command.args([name, &format!("host/examples/{name}/conformance")]);
    command.arg(component.canonicalize()?);
    program_runs(command, name, cases, tell)
}

/// Runs one case in this process.
#[must_use]
pub fn play(sandbox: &Sandbox, case: &FlatCase) -> Verdict {
    let failures = match case {
        FlatCase::Contract(case) => contract::play(sandbox, case),
        FlatCase::Trace(case) => trace::play(sandbox, case),
    };
    Verdict {
        kind: kind(case).into(),
        about: case.about().clone(),
        failures,
    }
}

fn kind(case: &FlatCase) -> &'static str {
    match case {
        FlatCase::Contract(_) => "contract",
        FlatCase::Trace(_) => "trace",
    }
}

/// A host program: `PROGRAM COMPONENT TYPES`, cases on standard input, one verdict a line on standard output.
fn program_runs(
    mut command: Command,
    name: &str,
    cases: &[FlatCase],
    mut tell: impl FnMut(Verdict),
) -> Result<()> {
    let id = std::process::id();
    let folder = std::env::temp_dir().join(format!("okta-sso-conformance-{id}-{name}"));
    std::fs::create_dir_all(&folder)?;
    let types = folder.join("types.json");
    std::fs::write(&types, types::contract()?.to_string())?;
    command
        .arg(&types)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start the host in {name}"))?;
    let mut input = child.stdin.take().context("no standard input")?;
    let output = child.stdout.take().context("no standard output")?;
    let lines: Vec<String> = cases
        .iter()
        .map(serde_json::to_string)
        .collect::<Result<_, _>>()?;
    // Written from another thread: the program may answer before it has read everything. It reports a broken pipe by
    // answering too few.
    let writer =
        std::thread::spawn(move || lines.iter().try_for_each(|line| writeln!(input, "{line}")));
    let mut answers = BufReader::new(output).lines();
    for case in cases {
        let (kind, about) = (kind(case), case.about());
        let Some(line) = answers.next().transpose()? else {
            bail!("the host in {name} ended before case {}", about.id);
        };
        let answer: Answer = serde_json::from_str(&line)
            .with_context(|| format!("the host in {name} answered {line}"))?;
        ensure!(
            answer.kind == kind && answer.id == about.id,
            "the host in {name} answered {} instead of {}",
            answer.id,
            about.id
        );
        tell(Verdict {
            kind: kind.into(),
            about: about.clone(),
            failures: answer.failures,
        });
    }
    let written = writer.join();
    let status = child.wait()?;
    std::fs::remove_dir_all(&folder)?;
    ensure!(
        status.success() && matches!(written, Ok(Ok(()))),
        "the host in {name} ended with {status}"
    );
    Ok(())
}

/// What there is a JSON Schema of.
pub const SCHEMAS: [&str; 4] = ["cases", "contract-case", "trace-case", "recording"];

/// The file of a schema.
#[must_use]
pub fn schema(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    folder.join(format!("{name}.json"))
}

/// Writes everything that a host in another language needs into `folder`; gives back names, lines and bytes.
///
/// # Errors
/// When the cases cannot be made or the folder not be written.
pub fn write(folder: &Path) -> Result<Vec<(PathBuf, usize, usize)>> {
    std::fs::create_dir_all(folder)?;
    let mut files = [
        ("contract.jsonl", String::new()),
        ("trace.jsonl", String::new()),
    ];
    for case in cases("")? {
        let file = usize::from(matches!(case, FlatCase::Trace(_)));
        files[file].1.push_str(&serde_json::to_string(&case)?);
        files[file].1.push('\n');
    }
    let types = ("types.json", format!("{}\n", types::contract()?));
    let mut written = Vec::new();
    for (name, text) in files.into_iter().chain([types]) {
        let path = folder.join(name);
        std::fs::write(&path, &text)?;
        written.push((path, text.lines().count(), text.len()));
    }
    let schemas = folder.join("schema");
    std::fs::create_dir_all(&schemas)?;
    for name in SCHEMAS {
        let text = std::fs::read_to_string(schema(name))?;
        let path = schemas.join(format!("{name}.json"));
        std::fs::write(&path, &text)?;
        written.push((path, text.lines().count(), text.len()));
    }
    Ok(written)
}
