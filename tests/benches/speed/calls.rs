//! Both calls of one sign-in without a network: sandboxed, by `openidconnect`, and by the plugin's own core compiled
//! natively.
//!
//! The three take turns on one thread, and that thread's processor time is read around each call; signing tokens, which
//! is the provider's work, stands between. A reading costs half a microsecond, which is taken off.
//!
//! A turn is a number of calls in a row, as a bench of calls makes them: everything is in the processor's caches. What a
//! call takes that comes after something else is measured by turns of one, where a provider's signature has just been
//! there.

use std::sync::Arc;

use anyhow::Result;
use cpu_time::ThreadTime;

use crate::core::Core;
use crate::sides::{Native, Provider, Sandboxed, Side};
use crate::table::{Bar, Chart, Report, Row, median};

const ROUNDS: usize = 60;
const IN_A_ROW: usize = 50;
/// Rounds of turns of one.
const ALONE: usize = 1_000;

/// What `begin` and `complete` of one side took, in microseconds.
#[derive(Default)]
struct Times {
    begin: Vec<f64>,
    complete: Vec<f64>,
}

impl Times {
    /// So many calls of each kind in a row.
    async fn turn(&mut self, side: &mut impl Side, calls: usize) -> Result<()> {
        let mut begun = Vec::new();
        for _ in 0..calls {
            let started = ThreadTime::now();
            let one = side.begin().await?;
            self.begin.push(microseconds(started));
            begun.push(one);
        }
        let returned = begun.into_iter().map(|one| side.sign_in(one));
        let returned: Vec<_> = returned.collect::<Result<_>>()?;
        for one in returned {
            let started = ThreadTime::now();
            side.complete(one).await?;
            self.complete.push(microseconds(started));
        }
        Ok(())
    }

    fn medians(self) -> [f64; 2] {
        [self.begin, self.complete].map(median)
    }
}

fn microseconds(started: ThreadTime) -> f64 {
    started.elapsed().as_secs_f64() * 1e6
}

/// The medians of the three sides.
async fn by_turns(
    sides: &mut (impl Side, impl Side, impl Side),
    rounds: usize,
    calls: usize,
) -> Result<[[f64; 2]; 3]> {
    let mut times: [Times; 3] = Default::default();
    let [first, second, third] = &mut times;
    for _ in 0..rounds {
        first.turn(&mut sides.0, calls).await?;
        second.turn(&mut sides.1, calls).await?;
        third.turn(&mut sides.2, calls).await?;
    }
    let clock: Vec<f64> = (0..1_000)
        .map(|_| microseconds(ThreadTime::now()))
        .collect();
    let clock = median(clock);
    Ok(times.map(|times| times.medians().map(|median| median - clock)))
}

pub(crate) async fn measure() -> Result<Report> {
    let provider = Arc::new(Provider::default());
    let sandboxed = Sandboxed::new(provider.clone()).await?;
    let mut sides = (sandboxed, Native::new()?, Core::new(provider)?);
    by_turns(&mut sides, 4, IN_A_ROW).await?; // so that everything is there that stays
    let [ours, theirs, core] = by_turns(&mut sides, ROUNDS, IN_A_ROW).await?;
    let alone = by_turns(&mut sides, ALONE, 1).await?;
    let both = |[begin, complete]: [f64; 2]| begin + complete;
    Ok(Report {
        rows: vec![
            Row::new(
                "begin + complete, sandboxed ÷ openidconnect",
                both(ours) / both(theirs),
                "",
                0.28,
            ),
            Row::new(
                "begin + complete, sandboxed ÷ the core natively",
                both(ours) / both(core),
                "",
                2.5,
            ),
        ],
        charts: vec![
            chart(
                "begin + complete without the network",
                [ours, theirs, core].map(both),
            ),
            chart(
                "begin + complete, each after something else",
                alone.map(both),
            ),
            Chart {
                title: "begin, complete",
                unit: "µs",
                bars: vec![
                    Bar::theirs("openidconnect: begin", theirs[0]),
                    Bar::ours("the component: begin", ours[0]),
                    Bar::ours("its core: begin", core[0]),
                    Bar::theirs("openidconnect: complete", theirs[1]),
                    Bar::ours("the component: complete", ours[1]),
                    Bar::ours("its core: complete", core[1]),
                ],
            },
        ],
    })
}

fn chart(title: &'static str, [ours, theirs, core]: [f64; 3]) -> Chart {
    Chart {
        title,
        unit: "µs",
        bars: vec![
            Bar::theirs("openidconnect", theirs),
            Bar::ours("the component, a fresh instance each", ours),
            Bar::ours("its core, compiled natively", core),
        ],
    }
}
