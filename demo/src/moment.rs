//! Times as pages and exports show them: UTC, in words and as RFC 3339.

use std::fmt;

use time::OffsetDateTime;
use time::macros::format_description;

/// A point in time, in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) i64);

impl Moment {
    fn parts(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// `2026-11-25T10:04:25Z`.
    pub(crate) fn iso(self) -> String {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
        self.parts().format(&format).unwrap_or_default()
    }

    /// `25 Nov`.
    pub(crate) fn day(self) -> String {
        let format = format_description!("[day padding:none] [month repr:short]");
        self.parts().format(&format).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    /// `25 Nov 2026, 10:04 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = format_description!(
            "[day padding:none] [month repr:short] [year], [hour]:[minute] UTC"
        );
        f.write_str(&self.parts().format(&format).unwrap_or_default())
    }
}

/// A length of time in the largest unit that fits: `3 days`, `1 hour`, `less than a minute`.
pub(crate) fn length(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..60 => return "less than a minute".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::{Moment, length};

    #[test]
    fn times_read_as_people_write_them() {
        let moment = Moment(1_795_601_065);
        assert_eq!(moment.to_string(), "25 Nov 2026, 10:04 UTC");
        assert_eq!(moment.iso(), "2026-11-25T10:04:25Z");
        assert_eq!(moment.day(), "25 Nov");
        let lengths = [59, 60, 119, 7_200, 86_400].map(length);
        assert_eq!(
            lengths,
            [
                "less than a minute",
                "1 minute",
                "1 minute",
                "2 hours",
                "1 day"
            ]
        );
    }
}
