//! People who sign in, and start again when something failed, as people do.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::dice::Dice;
use super::measure::Times;
use super::plan::{self, Misuse, Plan};
use super::trouble::{self, Cell};
use super::{ILL, Run};
use crate::stage::browser::{Begun, Outcome};
use crate::stage::provider::{Provider, Visit};

/// How long a person goes on; no trouble lasts as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Before another try.
const PAUSE: Duration = Duration::from_millis(20);
const NOT_FOUND: &str = "login/transaction-not-found";
/// Refusals that say nothing about the login: later is better.
const PASSING: [&str; 2] = ["login/storage-unavailable", "limit: busy"];

/// What all logins together came to.
pub(super) struct Tally {
    pub(super) signed_in: AtomicU32,
    pub(super) begun_again: AtomicU32,
    over: AtomicBool,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    injected: BTreeMap<&'static str, u32>,
    wrong: Vec<String>,
    start: Times,
    callback: Times,
    longest: Duration,
}

impl Tally {
    pub(super) fn new() -> Self {
        let counts = Counts {
            injected: plan::kinds()
                .chain(trouble::kinds())
                .map(|kind| (kind, 0))
                .collect(),
            ..Counts::default()
        };
        Self {
            signed_in: AtomicU32::new(0),
            begun_again: AtomicU32::new(0),
            over: AtomicBool::new(false),
            counts: Mutex::new(counts),
        }
    }

    pub(super) fn inject(&self, kind: &'static str) {
        *self.open().injected.entry(kind).or_default() += 1;
    }

    pub(super) fn injected(&self) -> BTreeMap<&'static str, u32> {
        self.open().injected.clone()
    }

    /// Whether some kind of fault was not injected yet.
    pub(super) fn lacks(&self) -> bool {
        self.open().injected.values().any(|count| *count == 0)
    }

    pub(super) fn wrong(&self) -> Vec<String> {
        self.open().wrong.clone()
    }

    /// Of starts and callbacks, and of whatever took longest.
    pub(super) fn times(&self) -> (Times, Times, Duration) {
        let counts = self.open();
        (
            counts.start.clone(),
            counts.callback.clone(),
            counts.longest,
        )
    }

    /// No more trouble.
    pub(super) fn stop(&self) {
        self.over.store(true, Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Relaxed)
    }

    fn open(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn time(&self, times: Option<fn(&mut Counts) -> &mut Times>, took: Duration) {
        let mut counts = self.open();
        counts.longest = counts.longest.max(took);
        if let Some(times) = times {
            times(&mut counts).add(took);
        }
    }
}

/// One person's login.
pub(super) struct People<'a> {
    run: &'a Run,
    dice: Dice,
    cell: &'a Cell,
}

/// An attempt that is back from the provider.
struct Attempt {
    begun: Begun,
    visit: Visit,
    /// What its storage had forgotten by then.
    losses: u32,
}

/// How an attempt ended.
enum End {
    /// As it had to.
    Right,
    /// In the trouble: the person starts again.
    Again,
}

impl<'a> People<'a> {
    pub(super) fn new(run: &'a Run, mut dice: Dice) -> Self {
        let cell = &run.cells[dice.below(run.cells.len())];
        Self { run, dice, cell }
    }

    /// Carries the plan out, and notes what was wrong.
    pub(super) async fn sign_in(mut self, plan: Plan) {
        let tally = &self.run.tally;
        if let Some(kind) = plan.kind {
            tally.inject(kind);
        }
        let wrong = match timeout(PATIENCE, self.carry(&plan)).await {
            Ok(Ok(())) => {
                if plan.gets_in {
                    tally.signed_in.fetch_add(1, Relaxed);
                }
                return;
            }
            Ok(Err(wrong)) => wrong.to_string(),
            Err(_) => format!("not done within {PATIENCE:?}"),
        };
        let kind = plan.kind.unwrap_or("sound");
        let place = format!("{} over {}", plan.tenant, self.cell.name);
        tally
            .open()
            .wrong
            .push(format!("{kind} ({place}): {wrong}"));
    }

    async fn carry(&mut self, plan: &Plan) -> Result<()> {
        loop {
            let Some(attempt) = self.begin(plan).await? else {
                return Ok(()); // refused at the start, as it had to be
            };
            let end = match plan.misuse {
                Some(Misuse::Crowd) => self.crowd(&attempt).await,
                Some(misuse) => self.misuse(&attempt, misuse, plan).await,
                None => self.end(&attempt, plan).await,
            };
            let uses = self.provider(plan).uses(&attempt.visit.code);
            ensure!(uses <= 1, "the code was sent {uses} times");
            match end? {
                End::Right => return Ok(()),
                End::Again => self.run.tally.begun_again.fetch_add(1, Relaxed),
            };
        }
    }

    fn provider(&self, plan: &Plan) -> &'a Provider {
        if ILL.contains(&plan.tenant) {
            &self.run.ill
        } else {
            &self.run.well
        }
    }

    /// From the button to the provider and back; none when the start was refused as planned.
    async fn begin(&mut self, plan: &Plan) -> Result<Option<Attempt>> {
        let losses = self.cell.losses();
        loop {
            let replica = self.cell.replica(&mut self.dice);
            let before = Instant::now();
            let outcome = self.run.browser.start(replica.address, plan.tenant).await;
            let timed = plan.kind.is_none() && matches!(outcome, Outcome::Done(_));
            let times: fn(&mut Counts) -> &mut Times = |counts| &mut counts.start;
            self.run
                .tally
                .time(timed.then_some(times), before.elapsed());
            match outcome {
                Outcome::Done(begun) => {
                    let visit = self.provider(plan).visit(&begun.url, plan.fault)?;
                    return Ok(Some(Attempt {
                        begun,
                        visit,
                        losses,
                    }));
                }
                Outcome::Refused(code) if plan.refusals.contains(&code.as_str()) => {
                    return Ok(None);
                }
                Outcome::Refused(code) if !PASSING.contains(&code.as_str()) => {
                    bail!("the start ended in {code}")
                }
                Outcome::Refused(_) | Outcome::Lost => sleep(PAUSE).await,
            }
        }
    }

    /// Comes back until there is an answer; whether something failed on the way.
    async fn come_back(
        &mut self,
        query: &str,
        cookie: &str,
        timed: bool,
    ) -> (Outcome<(String, String)>, bool) {
        let mut troubled = false;
        loop {
            let replica = self.cell.replica(&mut self.dice);
            let before = Instant::now();
            let outcome = self
                .run
                .browser
                .callback(replica.address, query, cookie)
                .await;
            let done = matches!(outcome, Outcome::Done(_));
            if !matches!(outcome, Outcome::Lost) {
                replica.count();
            }
            let times: fn(&mut Counts) -> &mut Times = |counts| &mut counts.callback;
            self.run
                .tally
                .time((timed && done).then_some(times), before.elapsed());
            match outcome {
                Outcome::Refused(code) if PASSING.contains(&code.as_str()) => troubled = true,
                Outcome::Lost => troubled = true,
                answer => return (answer, troubled),
            }
            sleep(PAUSE).await;
        }
    }

    async fn end(&mut self, attempt: &Attempt, plan: &Plan) -> Result<End> {
        let timed = plan.kind.is_none();
        let Attempt { begun, visit, .. } = attempt;
        let (outcome, troubled) = self.come_back(&visit.query, &begun.cookie, timed).await;
        match outcome {
            Outcome::Done((subject, hint)) => {
                ensure!(plan.gets_in, "SIGNED IN");
                ensure!(subject == visit.subject, "SIGNED IN AS SOMEBODY ELSE");
                self.sign_out(plan, hint).await?;
                Ok(End::Right)
            }
            Outcome::Refused(code) if plan.refusals.contains(&code.as_str()) => Ok(End::Right),
            Outcome::Refused(code) => {
                let lost = troubled || self.cell.losses() != attempt.losses;
                ensure!(code == NOT_FOUND && lost, "the callback ended in {code}");
                Ok(End::Again)
            }
            Outcome::Lost => bail!("no answer"),
        }
    }

    /// At any replica; one that is just dying is nobody's fault.
    async fn sign_out(&mut self, plan: &Plan, hint: String) -> Result<()> {
        let replica = self.cell.replica(&mut self.dice);
        let path = format!("/logout?tenant={}", plan.tenant);
        if let Ok(url) = self.run.browser.post(replica.address, &path, hint).await {
            ensure!(
                url.starts_with(self.provider(plan).issuer()),
                "signs out at {url}"
            );
        }
        Ok(())
    }

    /// Something that must not work, before or after the right thing.
    async fn misuse(&mut self, attempt: &Attempt, misuse: Misuse, plan: &Plan) -> Result<End> {
        let Attempt { begun, visit, .. } = attempt;
        let query = match misuse {
            Misuse::CutState => {
                let (head, state) = visit.query.split_once("state=").unwrap_or_default();
                format!("{head}state={}", &state[..state.len() / 2])
            }
            _ => visit.query.clone(),
        };
        let cookie = match misuse {
            Misuse::OtherBrowser => {
                let Some(other) = self.begin(plan).await? else {
                    bail!("the other browser's start was refused");
                };
                let (name, _) = begun.cookie.split_once('=').unwrap_or_default();
                let (_, value) = other.begun.cookie.split_once('=').unwrap_or_default();
                self.provider(plan).uses(&other.visit.code);
                format!("{name}={value}")
            }
            _ => begun.cookie.clone(),
        };
        if misuse == Misuse::Replay {
            let end = self.end(attempt, plan).await?;
            if matches!(end, End::Again) {
                return Ok(end);
            }
        }
        let (outcome, _) = self.come_back(&query, &cookie, false).await;
        match outcome {
            Outcome::Refused(code)
                if [NOT_FOUND, "login/callback-malformed"].contains(&code.as_str()) => {}
            Outcome::Refused(code) => bail!("{misuse:?} ended in {code}"),
            Outcome::Done(_) => bail!("{misuse:?}: SIGNED IN"),
            Outcome::Lost => bail!("no answer"),
        }
        // Whoever tried used nothing up.
        match misuse {
            Misuse::Replay => Ok(End::Right),
            _ => self.end(attempt, plan).await,
        }
    }

    async fn crowd(&mut self, attempt: &Attempt) -> Result<End> {
        let mut callbacks = JoinSet::new();
        for _ in 0..20 {
            let address = self.cell.replica(&mut self.dice).address;
            let (browser, query) = (self.run.browser.clone(), attempt.visit.query.clone());
            let cookie = attempt.begun.cookie.clone();
            callbacks.spawn(async move { browser.callback(address, &query, &cookie).await });
        }
        let (mut signed_in, mut troubled) = (0, false);
        while let Some(outcome) = callbacks.join_next().await {
            match outcome? {
                Outcome::Done(_) => signed_in += 1,
                Outcome::Refused(code) if code == NOT_FOUND => {}
                Outcome::Refused(code) if PASSING.contains(&code.as_str()) => troubled = true,
                Outcome::Refused(code) => bail!("one of twenty callbacks ended in {code}"),
                Outcome::Lost => troubled = true,
            }
        }
        let lost = troubled || self.cell.losses() != attempt.losses;
        match signed_in {
            1 => Ok(End::Right),
            0 if lost => Ok(End::Again),
            _ => bail!("twenty callbacks, {signed_in} times SIGNED IN"),
        }
    }
}
