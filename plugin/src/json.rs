//! The strict JSON reader: RFC 8259 with every freedom that parsers read differently taken away.
//!
//! Refused anywhere in a text: a name given twice in one object, also when one of the two is spelt
//! with escapes (RFC 7515 section 4, RFC 7519 section 4); nesting deeper than [`MAX_DEPTH`]; a byte
//! order mark; anything after the value; lone surrogates; bytes that are not UTF-8; numbers beyond
//! the range of a double. Bounds on sizes keep the work linear in what the host let through.
//!
//! Its own and not a library's: what a token means hangs on these rules, and a reader of nothing else
//! is a third of the size and several times as fast in the sandbox. Where it accepts a text it reads
//! what `serde_json` reads; the tests and the fuzzers hold the two against each other.

mod number;
mod reader;

use std::borrow::Cow;

pub use number::{Number, Rounding};

/// Nesting of objects and arrays, the outermost counted as 1.
pub const MAX_DEPTH: u8 = 16;
/// Bytes of one text: the host's own limit for a key set, the largest answer there is.
pub const MAX_TEXT: usize = 256 * 1024;
/// Members of one object.
pub const MAX_MEMBERS: usize = 512;
/// Elements of one array.
pub const MAX_ELEMENTS: usize = 2_048;
/// Bytes of one member's name.
pub const MAX_NAME: usize = 256;
/// Bytes of one string.
pub const MAX_STRING: usize = 64 * 1024;

/// One JSON value, borrowing from its text every string that needs no unescaping.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`, which no accessor takes for an absent member.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Within the range of a double.
    Number(Number<'a>),
    /// Unescaped once.
    String(Cow<'a, str>),
    /// At most [`MAX_ELEMENTS`].
    Array(Vec<Self>),
    /// At most [`MAX_MEMBERS`].
    Object(Object<'a>),
}

/// The members of a JSON object, each name once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object<'a> {
    // Sorted by name; no hash table, for the component has no random seed against colliding names.
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// Why a text is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Over one of the bounds of this module, depth aside.
    #[error("over a size limit")]
    TooLarge,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("nested too deep")]
    TooDeep,
    /// One object gives a name twice.
    #[error("a name is given twice")]
    DuplicateName,
    /// Not one JSON value in UTF-8, or not of the kind that was asked for.
    #[error("not JSON")]
    Malformed,
}

/// Why a member cannot be used; holds the member's name, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemberError {
    /// The object has no such member.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// The member is there with another type, `null` included, or out of range.
    #[error("{0} is not of its type")]
    Mistyped(&'static str),
}

impl<'a> Json<'a> {
    /// Reads one value, and nothing before or after it but white space.
    ///
    /// # Errors
    /// See [`JsonError`].
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        reader::read(text)
    }

    /// The string, when it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The boolean, when it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self {
            Some(*value)
        } else {
            None
        }
    }

    /// The elements, when it is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(elements) = self {
            Some(elements)
        } else {
            None
        }
    }

    /// The object, when it is one.
    #[must_use]
    pub const fn as_object(&self) -> Option<&Object<'a>> {
        if let Self::Object(object) = self {
            Some(object)
        } else {
            None
        }
    }

    /// RFC 7519 section 2, `NumericDate`, as a whole second from 1 to the end of the year 9999.
    #[must_use]
    pub fn as_date(&self, rounding: Rounding) -> Option<u64> {
        if let Self::Number(number) = self {
            number.whole_seconds(rounding)
        } else {
            None
        }
    }
}

impl<'a> Object<'a> {
    /// Reads one object.
    ///
    /// # Errors
    /// See [`JsonError`]; another kind of value is `Malformed`.
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        match Json::parse(text)? {
            Json::Object(object) => Ok(object),
            _ => Err(JsonError::Malformed),
        }
    }

    /// The member of this name, of whatever type.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json<'a>> {
        let at = self.place_of(name).ok()?;
        self.members.get(at).map(|(_, value)| value)
    }

    /// Whether there is a member of this name, of whatever type.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.place_of(name).is_ok()
    }

    /// A string that must be there.
    ///
    /// # Errors
    /// `Missing`; `Mistyped` when it is not a string.
    pub fn string(&self, name: &'static str) -> Result<&str, MemberError> {
        self.optional_string(name)?
            .ok_or(MemberError::Missing(name))
    }

    /// A string that may be absent.
    ///
    /// # Errors
    /// `Mistyped` when it is there and not a string.
    pub fn optional_string(&self, name: &'static str) -> Result<Option<&str>, MemberError> {
        self.optional(name, Json::as_str)
    }

    /// A boolean that may be absent.
    ///
    /// # Errors
    /// `Mistyped` when it is there and not a boolean, `"true"` and 1 included.
    pub fn optional_bool(&self, name: &'static str) -> Result<Option<bool>, MemberError> {
        self.optional(name, Json::as_bool)
    }

    /// An array of strings that may be absent.
    ///
    /// # Errors
    /// `Mistyped` when it is there and not an array, or one element is not a string.
    pub fn optional_strings(&self, name: &'static str) -> Result<Option<Vec<&str>>, MemberError> {
        self.optional(name, |value| {
            value.as_array()?.iter().map(Json::as_str).collect()
        })
    }

    /// An array that may be absent.
    ///
    /// # Errors
    /// `Mistyped` when it is there and not an array.
    pub fn optional_array(&self, name: &'static str) -> Result<Option<&[Json<'a>]>, MemberError> {
        self.optional(name, Json::as_array)
    }

    /// An array that must be there.
    ///
    /// # Errors
    /// `Missing`; `Mistyped` when it is not an array.
    pub fn array(&self, name: &'static str) -> Result<&[Json<'a>], MemberError> {
        self.optional(name, Json::as_array)?
            .ok_or(MemberError::Missing(name))
    }

    /// A `NumericDate` that must be there; see [`Json::as_date`].
    ///
    /// # Errors
    /// `Missing`; `Mistyped` when it is not a number or out of range.
    pub fn date(&self, name: &'static str, rounding: Rounding) -> Result<u64, MemberError> {
        self.optional_date(name, rounding)?
            .ok_or(MemberError::Missing(name))
    }

    /// A `NumericDate` that may be absent; see [`Json::as_date`].
    ///
    /// # Errors
    /// `Mistyped` when it is there and not a number or out of range.
    pub fn optional_date(
        &self,
        name: &'static str,
        rounding: Rounding,
    ) -> Result<Option<u64>, MemberError> {
        self.optional(name, |value| value.as_date(rounding))
    }

    /// Where the member of this name is, or where it would be.
    fn place_of(&self, name: &str) -> Result<usize, usize> {
        self.members
            .binary_search_by(|(other, _)| other.as_ref().cmp(name))
    }

    fn optional<'s, T>(
        &'s self,
        name: &'static str,
        read: impl FnOnce(&'s Json<'a>) -> Option<T>,
    ) -> Result<Option<T>, MemberError> {
        self.get(name)
            .map(|value| read(value).ok_or(MemberError::Mistyped(name)))
            .transpose()
    }
}

#[cfg(test)]
mod tests;
