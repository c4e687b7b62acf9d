//! The strict JSON reader: RFC 8259 with every freedom that parsers read differently taken away.
//!
//! Refused anywhere in a text: a name given twice in one object, also when one of the two is spelt
//! with escapes (RFC 7515 section 4, RFC 7519 section 4); nesting deeper than [`MAX_DEPTH`]; a byte
//! order mark; anything after the value; lone surrogates; bytes that are not UTF-8; numbers beyond
//! the range of a double. Bounds on sizes keep the work linear in what the host let through.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Number;

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

/// 9999-12-31T23:59:59Z: no later second is taken for a date, so milliseconds are not either.
const LAST_SECOND: u64 = 253_402_300_799;

/// One JSON value, borrowing from its text every string that needs no unescaping.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`, which no accessor takes for an absent member.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Within the range of a double; integers of 64 bits are exact.
    Number(Number),
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
    // A tree and not a hash table: the component has no random seed against colliding names.
    members: BTreeMap<Cow<'a, str>, Json<'a>>,
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

/// Which whole second stands for a fraction of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// For `exp` and `auth_time`: earlier is stricter.
    Down,
    /// For `iat` and `nbf`: later is stricter.
    Up,
}

impl<'a> Json<'a> {
    /// Reads one value, and nothing before or after it but white space.
    ///
    /// # Errors
    /// See [`JsonError`].
    pub fn parse(text: &'a [u8]) -> Result<Self, JsonError> {
        if text.len() > MAX_TEXT {
            return Err(JsonError::TooLarge);
        }
        let text = std::str::from_utf8(text).map_err(|_| JsonError::Malformed)?;
        let refusal = Cell::new(JsonError::Malformed);
        let mut reader = serde_json::Deserializer::from_str(text);
        let value = Value {
            depth: 0,
            refusal: &refusal,
        }
        .deserialize(&mut reader)
        .map_err(|_| refusal.get())?;
        reader.end().map_err(|_| JsonError::Malformed)?;
        Ok(value)
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
        let Self::Number(number) = self else {
            return None;
        };
        let seconds = match number.as_u64() {
            Some(seconds) => seconds,
            None => whole_seconds(number.as_f64()?, rounding)?,
        };
        (1..=LAST_SECOND).contains(&seconds).then_some(seconds)
    }
}

/// A positive double of seconds as a whole number of them.
fn whole_seconds(value: f64, rounding: Rounding) -> Option<u64> {
    let whole = match rounding {
        Rounding::Down => value.floor(),
        Rounding::Up => value.ceil(),
    };
    // Beyond the bound the cast below would saturate; NaN fails both comparisons.
    #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^53")]
    let in_range = value > 0.0 && whole <= LAST_SECOND as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above"
    )]
    in_range.then_some(whole as u64)
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
        self.members.get(name)
    }

    /// Whether there is a member of this name, of whatever type.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.members.contains_key(name)
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

/// Compact JSON of the same value, names in byte order: how one key of a set reaches
/// `signatures.verify` without anything that this reader did not read.
impl fmt::Display for Object<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        formatter.write_str(&text)
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(&self.members)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(number) => number.serialize(serializer),
            Self::String(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

/// Reads one value at a depth; serde's errors are text, so the reason is left in `refusal`.
#[derive(Clone, Copy)]
struct Value<'c> {
    depth: u8,
    refusal: &'c Cell<JsonError>,
}

impl Value<'_> {
    fn refuse<E: serde::de::Error>(self, reason: JsonError) -> E {
        self.refusal.set(reason);
        E::custom(reason)
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.refuse(JsonError::TooDeep));
        }
        Ok(Self {
            depth: self.depth + 1,
            ..self
        })
    }

    fn bounded<E: serde::de::Error>(self, length: usize, bound: usize) -> Result<(), E> {
        if length > bound {
            Err(self.refuse(JsonError::TooLarge))
        } else {
            Ok(())
        }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Json<'de>, E> {
        Number::from_f64(value)
            .map(Json::Number)
            .ok_or_else(|| E::custom("not finite"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Json<'de>, E> {
        self.bounded(value.len(), MAX_STRING)?;
        Ok(Json::String(Cow::Owned(value.to_owned())))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, value: &'de str) -> Result<Json<'de>, E> {
        self.bounded(value.len(), MAX_STRING)?;
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(inner)? {
            elements.push(element);
            self.bounded(elements.len(), MAX_ELEMENTS)?;
        }
        Ok(Json::Array(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let inner = self.deeper()?;
        let mut members = BTreeMap::new();
        while let Some(name) = map.next_key_seed(Name(self))? {
            match members.entry(name) {
                Entry::Occupied(_) => return Err(self.refuse(JsonError::DuplicateName)),
                Entry::Vacant(place) => place.insert(map.next_value_seed(inner)?),
            };
            self.bounded(members.len(), MAX_MEMBERS)?;
        }
        Ok(Json::Object(Object { members }))
    }
}

/// Reads one member's name.
struct Name<'c>(Value<'c>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        match self.0.deserialize(deserializer)? {
            Json::String(name) => {
                self.0.bounded(name.len(), MAX_NAME)?;
                Ok(name)
            }
            _ => Err(D::Error::custom("a name is not a string")),
        }
    }
}

#[cfg(test)]
mod tests;
