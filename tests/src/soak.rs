//! A long run over several replicas, with faults injected at random: every login carries its outcome beforehand.
//!
//! Half of the replicas share PostgreSQL, half Redis, each behind a proxy. People sign in at any of them while replicas are
//! killed, servers restarted, connections cut and held, clocks moved, and some tenants' providers misbehave. What must
//! hold: nobody gets in who must not, no code is sent twice, and whoever may get in does, at the latest by starting again.

mod dice;
mod measure;
mod people;
mod plan;
mod trouble;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use okta_sso_host::SystemClock;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use self::dice::Dice;
use self::measure::{Memory, Times};
use self::people::{People, Tally};
use self::plan::Plan;
use self::trouble::{Cell, Trouble};
use crate::part;
use crate::stage::browser::Browser;
use crate::stage::platform;
use crate::stage::provider::{Fault, Place, Provider, Transport};
use crate::stage::replica::Orders;
use crate::stage::servers::Server;

/// Tenants whose providers are up.
const WELL: [&str; 4] = ["well-0", "well-1", "well-2", "well-3"];
/// Tenants whose providers misbehave on the way.
const ILL: [&str; 8] = [
    "ill-0", "ill-1", "ill-2", "ill-3", "ill-4", "ill-5", "ill-6", "ill-7",
];
/// The tenant whose provider hangs all the time.
const HANGING: &str = "hanging";
/// The most that a request may take: a call's 15 seconds at [`HASTE`], and the storage's 2 before it.
const LONGEST: Duration = Duration::from_millis(9_500);
/// By how much all of the host's deadlines are shorter here.
const HASTE: u32 = 2;
/// Fewer logins say nothing about memory.
const ENOUGH: u32 = 20_000;
/// KiB that a replica may grow in 10,000 of its own logins.
const GROWTH: f64 = 1_024.0;
/// Files that a replica may have open beyond those of the first half.
const MORE_FILES: usize = 64;

/// What a run is.
#[derive(Clone, Debug)]
pub struct Options {
    /// Logins that are carried to their end.
    pub logins: u32,
    /// Logins at the same time.
    pub people: usize,
    /// Processes over each storage.
    pub replicas: usize,
    /// Where all chance comes from.
    pub seed: u64,
    /// `okta-sso-conformance`.
    pub program: PathBuf,
}

/// What a run found.
#[derive(Debug)]
pub struct Report {
    /// As asked for.
    pub seed: u64,
    /// Carried to their end.
    pub logins: u32,
    /// Of them, in how many the person was signed in.
    pub signed_in: u32,
    /// Starts beyond the first, after something had failed.
    pub begun_again: u32,
    /// Faults by kind, those of logins and those of machines.
    pub injected: BTreeMap<&'static str, u32>,
    /// Logins that ended otherwise than they had to; the first few are described.
    pub wrong: Vec<String>,
    took: Duration,
    start: Times,
    callback: Times,
    longest: Duration,
    memory: Vec<Memory>,
}

impl Report {
    /// Whether everything held.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.wrong.is_empty() && self.missing().is_empty() && self.growing().next().is_none()
    }

    /// Faults that were never injected.
    fn missing(&self) -> Vec<&'static str> {
        let missing = self.injected.iter().filter(|(_, count)| **count == 0);
        missing.map(|(name, _)| *name).collect()
    }

    fn growing(&self) -> impl Iterator<Item = &Memory> {
        let enough = self.logins >= ENOUGH;
        self.memory.iter().filter(move |memory| {
            enough && (memory.slope() > GROWTH || memory.more_files() > MORE_FILES)
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.took.as_secs_f64();
        writeln!(f, "seed              {}", self.seed)?;
        writeln!(
            f,
            "load held         {} logins in {seconds:.0} s: {:.0} a second",
            self.logins,
            f64::from(self.logins) / seconds
        )?;
        writeln!(f, "start             {}", self.start)?;
        writeln!(f, "callback          {}", self.callback)?;
        let longest = self.longest.as_secs_f64() * 1_000.0;
        writeln!(f, "longest of all    {longest:.0} ms, errors among them")?;
        writeln!(
            f,
            "signed in         {}, {} of them after starting again",
            self.signed_in, self.begun_again
        )?;
        writeln!(f, "faults injected")?;
        for (kind, count) in &self.injected {
            writeln!(f, "  {kind:<26} {count}")?;
        }
        for memory in &self.memory {
            writeln!(f, "memory            {memory}")?;
        }
        if self.logins < ENOUGH {
            writeln!(f, "                  (judged from {ENOUGH} logins on)")?;
        }
        for kind in self.missing() {
            writeln!(f, "NOT INJECTED      {kind}")?;
        }
        for memory in self.growing() {
            writeln!(f, "MEMORY GROWS      {memory}")?;
        }
        writeln!(f, "wrong outcomes    {}", self.wrong.len())?;
        for wrong in self.wrong.iter().take(20) {
            writeln!(f, "  {wrong}")?;
        }
        Ok(())
    }
}

/// Everything that a run shares.
struct Run {
    browser: Browser,
    well: Arc<Provider>,
    ill: Arc<Provider>,
    cells: Vec<Cell>,
    tally: Tally,
}

/// Runs to the end; `progress` is told after each login how many are done.
///
/// # Errors
/// When the stage cannot be set. What the run finds is in the report.
pub async fn run(options: &Options, progress: impl Fn(u32)) -> Result<Report> {
    let run = Arc::new(set(options).await?);
    let started = Instant::now();
    let trouble = {
        let (run, dice) = (Arc::clone(&run), Dice::new(options.seed ^ 1));
        tokio::spawn(async move { Trouble::new(dice).stir(&run).await })
    };
    let dice = Mutex::new(Dice::new(options.seed));
    let mut people = JoinSet::new();
    let mut done = 0;
    let mut given = 0;
    // After the last one, until every kind of trouble has come.
    while done < options.logins || (run.tally.lacks() && started.elapsed() < LAST) {
        while people.len() < options.people && (given < options.logins || run.tally.lacks()) {
            let (mut plan, mut own) = {
                let mut dice = dice.lock().await;
                (Plan::draw(&mut dice), dice.split())
            };
            if given >= options.logins {
                plan = Plan::sound(&mut own);
            }
            given += 1;
            let run = Arc::clone(&run);
            people.spawn(async move { People::new(&run, own).sign_in(plan).await });
        }
        let Some(ended) = people.join_next().await else {
            break;
        };
        ended?;
        done += 1;
        progress(done.min(options.logins));
        if done % (options.logins / 100).max(1) == 0 {
            for cell in &run.cells {
                cell.sample()?;
            }
        }
    }
    while let Some(ended) = people.join_next().await {
        ended?;
        done += 1;
    }
    run.tally.stop();
    trouble.await??;
    let took = started.elapsed();
    let tally = &run.tally;
    let mut wrong = tally.wrong();
    let (start, callback, longest) = tally.times();
    if longest > LONGEST {
        wrong.push(format!("a request took {longest:.1?}"));
    }
    let memory = run.cells.iter().map(Cell::memory);
    Ok(Report {
        seed: options.seed,
        logins: done,
        signed_in: tally.signed_in.load(Relaxed),
        begun_again: tally.begun_again.load(Relaxed),
        injected: tally.injected(),
        wrong,
        took,
        start,
        callback,
        longest,
        memory: memory.collect(),
    })
}

/// The longest that a run goes on for the sake of a kind of trouble.
const LAST: Duration = Duration::from_secs(3_600);

async fn set(options: &Options) -> Result<Run> {
    let clock = Arc::new(SystemClock);
    let (well, ill) = (
        Provider::start(clock.clone()).await?,
        Provider::start(clock.clone()).await?,
    );
    let hanging = Provider::start(clock).await?;
    hanging.set(Place::Metadata, Some(Fault::Transport(Transport::Silence)));
    let mut tenants = BTreeMap::new();
    tenants.extend(WELL.map(|tenant| (tenant.to_owned(), well.issuer().to_owned())));
    tenants.extend(ILL.map(|tenant| (tenant.to_owned(), ill.issuer().to_owned())));
    tenants.insert(HANGING.to_owned(), hanging.issuer().to_owned());
    let orders = Orders {
        storage: String::new(),
        tenants,
        component: platform::component(),
        cache: part::workspace().join("target/soak"),
        haste: HASTE,
    };
    let mut cells = Vec::new();
    if let Some(server) = Server::postgres().await? {
        let address = server.database().await?;
        cells.push(Cell::new("postgres", server, &address, options, &orders).await?);
    }
    if let Some(server) = Server::redis().await? {
        let address = server.address();
        cells.push(Cell::new("redis", server, &address, options, &orders).await?);
    }
    ensure!(!cells.is_empty(), "SKIP leaves no storage to run over");
    Ok(Run {
        browser: Browser::new()?,
        well,
        ill,
        cells,
        tally: Tally::new(),
    })
}
