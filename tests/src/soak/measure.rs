//! Times and memory.

use std::fmt;
use std::time::Duration;

/// How long requests took.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Vec<Duration>);

impl Times {
    pub(super) fn add(&mut self, took: Duration) {
        self.0.push(took);
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sorted = self.0.clone();
        sorted.sort();
        let at = |permille: usize| {
            let index = (sorted.len() * permille / 1_000).min(sorted.len().saturating_sub(1));
            sorted.get(index).copied().unwrap_or_default().as_secs_f64() * 1_000.0
        };
        write!(
            f,
            "p50 {:.1} ms, p99 {:.1} ms, p99.9 {:.1} ms, longest {:.1} ms (sound logins of tenants that are well)",
            at(500),
            at(990),
            at(999),
            at(1_000)
        )
    }
}

/// Resident memory of one replica that lives from start to end.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) name: String,
    /// Callbacks that it answered, KiB, open files.
    pub(super) samples: Vec<(f64, f64, usize)>,
}

impl Memory {
    /// KiB for each 10,000 logins: least squares over what came after the first quarter.
    pub(super) fn slope(&self) -> f64 {
        let warm = self
            .samples
            .get(self.samples.len() / 4..)
            .unwrap_or_default();
        let count = warm.len() as f64;
        let mean = |of: fn(&(f64, f64, usize)) -> f64| warm.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|sample| sample.0), mean(|sample| sample.1));
        let over: f64 = warm
            .iter()
            .map(|sample| (sample.0 - x) * (sample.1 - y))
            .sum();
        let under: f64 = warm.iter().map(|sample| (sample.0 - x).powi(2)).sum();
        if under > 0.0 {
            over / under * 10_000.0
        } else {
            0.0
        }
    }
}

impl Memory {
    /// By how many the most open files of the last quarter are more than those of the first half.
    pub(super) fn more_files(&self) -> usize {
        let most = |samples: &[(f64, f64, usize)]| samples.iter().map(|sample| sample.2).max();
        let (first, rest) = self.samples.split_at(self.samples.len() / 2);
        let last = rest.get(rest.len() / 2..).unwrap_or_default();
        let (first, last) = (most(first).unwrap_or(0), most(last).unwrap_or(0));
        last.saturating_sub(first)
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        let last = self.samples.len().saturating_sub(1);
        for quarter in 0..=4 {
            let (logins, kib, files) = self
                .samples
                .get(last * quarter / 4)
                .copied()
                .unwrap_or_default();
            let mib = kib / 1_024.0;
            write!(
                f,
                "{mib:.1} MiB and {files} open files after {logins} logins, "
            )?;
        }
        write!(f, "slope {:+.0} KiB per 10,000", self.slope())
    }
}
