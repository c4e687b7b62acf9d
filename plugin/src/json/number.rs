//! Numbers as they are written; dates are taken from the digits, exactly.

/// 9999-12-31T23:59:59Z: no later second is taken for a date, so milliseconds are not either.
pub(super) const LAST_SECOND: u64 = 253_402_300_799;
/// Digits of [`LAST_SECOND`].
const LAST_DIGITS: i64 = 12;

/// The largest double is 0.17976931348623157… times ten to this power.
const LARGEST_EXPONENT: i64 = 309;
/// Its digits, rounded up.
const LARGEST_DIGITS: &str = "17976931348623158";

/// A number of RFC 8259 section 6, within the range of a double, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a>(&'a str);

/// Which whole second stands for a fraction of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// For `exp` and `auth_time`: earlier is stricter.
    Down,
    /// For `iat` and `nbf`: later is stricter.
    Up,
}

impl<'a> Number<'a> {
    /// The number that `text` begins with; none when there is none, or one that no double holds.
    pub(super) fn at_start_of(text: &'a str) -> Option<Self> {
        let (parts, rest) = Parts::read(text)?;
        let number = text.get(..text.len() - rest.len())?;
        parts.is_finite().then_some(Self(number))
    }

    /// As written.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.0
    }

    /// The whole second from 1 to the end of the year 9999 that this number of seconds stands for.
    pub(super) fn whole_seconds(&self, rounding: Rounding) -> Option<u64> {
        let (parts, _) = Parts::read(self.0)?;
        let point = parts.point();
        if parts.negative || point > LAST_DIGITS {
            return None;
        }
        let mut digits = parts.significant();
        let mut seconds = 0;
        for _ in 0..point {
            seconds = seconds * 10 + u64::from(digits.next().unwrap_or(b'0') - b'0');
        }
        if rounding == Rounding::Up && digits.any(|digit| digit != b'0') {
            seconds += 1;
        }
        (1..=LAST_SECOND).contains(&seconds).then_some(seconds)
    }
}

struct Parts<'a> {
    negative: bool,
    integer: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Parts<'a> {
    /// The parts of the number that `text` begins with, and what follows it.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (integer, mut rest) = digits(unsigned)?;
        if integer.len() > 1 && integer.starts_with('0') {
            return None;
        }
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            (fraction, rest) = digits(after)?;
        }
        let mut exponent = 0;
        if let Some(after) = rest.strip_prefix(['e', 'E']) {
            let (power, end) = digits(after.strip_prefix(['+', '-']).unwrap_or(after))?;
            // A power of more digits than i64 has is as far out of range as that of nine.
            exponent = power.parse().unwrap_or(i64::MAX).min(1_000_000_000);
            if after.starts_with('-') {
                exponent = -exponent;
            }
            rest = end;
        }
        let parts = Self {
            negative: unsigned.len() < text.len(),
            integer,
            fraction,
            exponent,
        };
        Some((parts, rest))
    }

    fn is_finite(&self) -> bool {
        let point = self.point();
        let over = || {
            self.significant()
                .take(LARGEST_DIGITS.len())
                .gt(LARGEST_DIGITS.bytes())
        };
        // Zero has no significant digit, whatever its power.
        self.significant().next().is_none()
            || point < LARGEST_EXPONENT
            || (point == LARGEST_EXPONENT && !over())
    }

    /// The digits from the first that is not zero on.
    fn significant(&self) -> impl Iterator<Item = u8> {
        let digits = self.integer.bytes().chain(self.fraction.bytes());
        digits.skip_while(|digit| *digit == b'0')
    }

    /// How many of the significant digits stand before the decimal point; negative for zeros after it.
    fn point(&self) -> i64 {
        let zeros = self.integer.len() + self.fraction.len() - self.significant().count();
        let length = |digits: usize| i64::try_from(digits).unwrap_or(i64::MAX);
        length(self.integer.len()) - length(zeros) + self.exponent
    }
}

/// At least one digit, and what follows.
fn digits(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .position(|byte| !byte.is_ascii_digit())
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at_checked(end))?
}
