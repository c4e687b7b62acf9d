//! The rows, what they have to reach, and where they are written.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use okta_sso_conformance::part;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::plot;

/// One figure that has something to reach.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    /// Empty for a ratio.
    pub(crate) unit: &'static str,
    /// At most this.
    pub(crate) reach: f64,
    reached: bool,
}

impl Row {
    pub(crate) fn new(name: &'static str, value: f64, unit: &'static str, reach: f64) -> Self {
        Self {
            name,
            value,
            unit,
            reach,
            reached: value <= reach,
        }
    }
}

/// Figures side by side, as they are drawn.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) bars: Vec<Bar>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) value: f64,
    /// Whether it is this project's, as opposed to what it is compared with.
    pub(crate) ours: bool,
}

impl Bar {
    pub(crate) fn ours(name: impl Into<String>, value: f64) -> Self {
        Self {
            name: name.into(),
            value,
            ours: true,
        }
    }

    pub(crate) fn theirs(name: impl Into<String>, value: f64) -> Self {
        Self {
            ours: false,
            ..Self::ours(name, value)
        }
    }
}

/// What a run, or one group of it, found out.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
    pub(crate) charts: Vec<Chart>,
}

impl Report {
    pub(crate) fn add(&mut self, other: Self) {
        self.rows.extend(other.rows);
        self.charts.extend(other.charts);
    }

    /// As it is printed.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for chart in &self.charts {
            let _ = writeln!(text, "\n{}, {}", chart.title, chart.unit);
            for bar in &chart.bars {
                let _ = writeln!(text, "  {:<58}{:>10}", bar.name, number(bar.value));
            }
        }
        let _ = writeln!(text, "\n{:<60}{:>10}{:>10}", "", "value", "reach");
        for row in &self.rows {
            let name = match row.unit {
                "" => row.name.to_owned(),
                unit => format!("{}, {unit}", row.name),
            };
            let mark = if row.reached {
                "reached"
            } else {
                "not reached"
            };
            let (value, reach) = (number(row.value), number(row.reach));
            let _ = writeln!(text, "{name:<60}{value:>10}{reach:>10}  {mark}");
        }
        text
    }

    /// Leaves the rows, the charts and the machine in `target/bench/`, as JSON and as a picture.
    pub(crate) fn write(&self) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let now = OffsetDateTime::from_unix_timestamp(i64::try_from(now)?)?;
        let form = format_description!("[year]-[month]-[day]T[hour]-[minute]-[second]Z");
        let name = now.format(&form)?;
        let folder = part::workspace().join("target/bench");
        fs::create_dir_all(&folder)?;
        let json = serde_json::json!({
            "machine": machine(),
            "compiler": words("rustc", &["--version"]),
            "rows": self.rows,
            "charts": self.charts,
        });
        let text = serde_json::to_string_pretty(&json)?;
        fs::write(folder.join(&name).with_extension("json"), text)?;
        fs::write(
            folder.join(&name).with_extension("svg"),
            plot::svg(&self.charts),
        )?;
        println!("\ntarget/bench/{name}.json and .svg");
        Ok(())
    }
}

/// Processor and system.
fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = processors
        .lines()
        .filter_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']));
    let model = models.next().unwrap_or("a processor of no name").to_owned();
    let kernel = words("uname", &["-sr"]);
    format!("{} × {model}, {kernel}", models.count() + 1)
}

fn words(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.context("no output").map(|output| output.stdout);
    String::from_utf8_lossy(&output.unwrap_or_default())
        .trim()
        .to_owned()
}

/// Three digits that count.
pub(crate) fn number(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value => format!("{value:.2}"),
    }
}

/// The middle of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
