//! What a tenant notices whose neighbour's provider hangs: how long starts take at 100 logins per second.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::{Person, Stage};
use crate::product::{self, Tenant, email};
use crate::table::{Bar, Chart, Report, Row, median};

const PER_SECOND: usize = 100;
/// Of the neighbour's people, who all wait in vain.
const HANGING_PER_SECOND: usize = 10;
const SECONDS: usize = 10;
const ROUNDS: usize = 3;
/// What counts for a start that was refused: more than any that was not.
const REFUSED: Duration = Duration::from_secs(60);

pub(crate) async fn measure() -> Result<Report> {
    let stage = Stage::open()?;
    let tenants = [Tenant::new("acme", 10), Tenant::new("hang", 10)];
    let product = product::start(&stage.folder, &stage.origin(), "product", &tenants)?;
    let person = |tenant: &str, number: usize| Person {
        server: product.address,
        back: product.address,
        tenant: tenant.to_owned(),
        email: email(tenant, number % 10),
    };
    stage
        .browser
        .sign_in((0..100).map(|number| person("acme", number)))
        .await?;
    let mut figures: [Figures; 2] = Default::default();
    for _ in 0..ROUNDS {
        for (hangs, figures) in figures.iter_mut().enumerate() {
            let mut hanging = JoinSet::new();
            let mut well = JoinSet::new();
            let mut ticks = interval(Duration::from_secs(1) / PER_SECOND as u32);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for number in 0..PER_SECOND * SECONDS {
                ticks.tick().await;
                let (browser, one) = (stage.browser.clone(), person("acme", number));
                well.spawn(async move {
                    let Ok((begun, took)) = browser.start(&one).await else {
                        return (REFUSED, true);
                    };
                    let finished = browser.finish(begun, &one).await;
                    (took, finished.is_err())
                });
                if hangs == 1 && number % (PER_SECOND / HANGING_PER_SECOND) == 0 {
                    let (browser, one) = (stage.browser.clone(), person("hang", number));
                    hanging.spawn(async move {
                        let (begun, _) = browser.start(&one).await?;
                        browser.finish(begun, &one).await
                    });
                }
            }
            let mut times = Vec::new();
            let mut refused = 0;
            while let Some(done) = well.join_next().await {
                let (took, was_refused) = done?;
                times.push(took.as_secs_f64() * 1e3);
                refused += u32::from(was_refused);
            }
            figures
                .times
                .push(percentile(times, 99).context("nobody started")?);
            figures.refused.push(f64::from(refused));
            // Those of the neighbour end at their deadlines, or here.
            hanging.shutdown().await;
        }
    }
    let [without, with] = figures.map(|of| [of.times, of.refused].map(median));
    Ok(Report {
        rows: vec![Row::new(
            "p99 of start, a neighbour's provider hanging ÷ not",
            with[0] / without[0],
            "",
            1.2,
        )],
        charts: vec![
            chart(
                "99 of 100 starts take at most, at 100 logins per second",
                "ms",
                [without[0], with[0]],
            ),
            chart(
                "Logins that the product refused as too many at once",
                "of 1,000",
                [without[1], with[1]],
            ),
        ],
    })
}

/// What each round found out.
#[derive(Default)]
struct Figures {
    times: Vec<f64>,
    refused: Vec<f64>,
}

fn chart(title: &'static str, unit: &'static str, [without, with]: [f64; 2]) -> Chart {
    Chart {
        title,
        unit,
        bars: vec![
            Bar::ours("every provider answers", without),
            Bar::ours("one neighbour's provider hangs", with),
        ],
    }
}

fn percentile(mut times: Vec<f64>, percent: usize) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() * percent / 100).copied()
}
