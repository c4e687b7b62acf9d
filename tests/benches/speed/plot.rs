//! The charts as one picture, for a light page and for a dark one.

use std::fmt::Write as _;

use crate::table::{Chart, number};

const WIDTH: usize = 760;
/// Where bars begin, and how long the longest is.
const LEFT: usize = 300;
const LONGEST: f64 = 370.0;
const LINE: usize = 26;
const HEAD: usize = 44;

const STYLE: &str = "
    text { font: 13px system-ui, sans-serif; fill: #1f2328 }
    .title { font-weight: 600 }
    .unit { fill: #59636e; font-weight: 400 }
    .ours { fill: #0969da }
    .theirs { fill: #afb8c1 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .unit { fill: #9198a1 }
      .ours { fill: #4493f8 }
      .theirs { fill: #656c76 }
    }";

/// Bars, one chart below the other; those of a chart are to one scale.
pub(crate) fn svg(charts: &[Chart]) -> String {
    let height: usize = charts
        .iter()
        .map(|chart| HEAD + chart.bars.len() * LINE)
        .sum();
    let height = height + LINE / 2;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Measured figures; the table beside this picture has them as text\">\n<style>{STYLE}\n</style>\n"
    );
    let mut y = 0;
    for chart in charts {
        y += HEAD;
        let _ = writeln!(
            svg,
            "<text class=\"title\" x=\"8\" y=\"{}\">{}<tspan class=\"unit\">, {}</tspan></text>",
            y - 14,
            escaped(chart.title),
            escaped(chart.unit)
        );
        let most = chart.bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
        for bar in &chart.bars {
            let length = (bar.value / most.max(f64::MIN_POSITIVE) * LONGEST).max(1.0);
            let class = if bar.ours { "ours" } else { "theirs" };
            let _ = writeln!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
                 <rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{length:.1}\" height=\"16\" rx=\"3\"/>\
                 <text x=\"{:.1}\" y=\"{}\">{}</text>",
                LEFT - 10,
                y + 13,
                escaped(&bar.name),
                y,
                LEFT as f64 + length + 8.0,
                y + 13,
                number(bar.value)
            );
            y += LINE;
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
