//! Processes that are measured: this program again, in another role.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;
use std::{env, fs, io, thread};

use anyhow::{Context, Result};

/// Linux counts processor time in hundredths of a second wherever it tells it to a program.
const TICK: Duration = Duration::from_millis(10);

/// A process that listens; killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// What it says after its address.
    pub(crate) said: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Process {
    /// Starts this program in a role, and waits until it listens.
    pub(crate) fn start(role: &str, arguments: &[&str]) -> Result<Self> {
        let mut command = this_program(role)?;
        command.args(arguments);
        Self::listening(command)
    }

    /// Starts any program that prints `listening ADDRESS`.
    pub(crate) fn listening(mut command: Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // A log that somebody keeps costs what it costs; reading it here would be this process's time.
            .stderr(Stdio::null())
            .spawn()?;
        let said = child.stdout.take().context("no standard output")?;
        let mut process = Self {
            child,
            said: BufReader::new(said),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let line = process.line()?;
        let address = line.strip_prefix("listening ");
        let address = address.with_context(|| format!("{line:?} instead of an address"))?;
        process.address = address.parse()?;
        Ok(process)
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Processor time so far, of all its threads.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name, in parentheses, may hold spaces; user and system time are the 12th and 13th word after it.
        let (_, after) = stat.rsplit_once(')').context("no name")?;
        let ticks = after.split_whitespace().skip(11).take(2);
        let ticks: u32 = ticks.map(|word| word.parse::<u32>().unwrap_or(0)).sum();
        Ok(TICK * ticks)
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> Result<f64> {
        resident(&self.child.id().to_string())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// Resident memory of a process in KiB; `self` is this one.
pub(crate) fn resident(process: &str) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let digits = line.and_then(|line| line.split_whitespace().next());
    Ok(digits.context("no VmRSS")?.parse()?)
}

/// This program in another role.
pub(crate) fn this_program(role: &str) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role);
    Ok(command)
}

/// In a role: says where it listens, and ends with whoever started it.
pub(crate) fn announce(address: SocketAddr) {
    println!("listening {address}");
    thread::spawn(|| {
        let _ = io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
}

/// In a role that serves people: what happens is logged as a product logs it.
pub(crate) fn log() {
    tracing_subscriber::fmt()
        .with_env_filter("info")
        .with_writer(io::stderr)
        .init();
}
