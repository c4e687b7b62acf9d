//! Texts into values.

use std::borrow::Cow;

use super::{
    Json, JsonError, MAX_DEPTH, MAX_ELEMENTS, MAX_MEMBERS, MAX_NAME, MAX_STRING, MAX_TEXT, Number,
    Object,
};

/// Reads the one value of a text.
pub(super) fn read(text: &[u8]) -> Result<Json<'_>, JsonError> {
    if text.len() > MAX_TEXT {
        return Err(JsonError::TooLarge);
    }
    let text = std::str::from_utf8(text).map_err(|_| JsonError::Malformed)?;
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
    };
    let value = reader.value()?;
    match reader.next_token() {
        None => Ok(value),
        Some(_) => Err(JsonError::Malformed),
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Bytes that were read.
    at: usize,
    /// Objects and arrays that are open.
    depth: u8,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Json<'a>, JsonError> {
        match self.next_token() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => {
                let rest = self.text.get(self.at - 1..).unwrap_or_default();
                let number = Number::at_start_of(rest).ok_or(JsonError::Malformed)?;
                self.at += number.text().len() - 1;
                Ok(Json::Number(number))
            }
            Some(b't') => self.literal("rue", Json::Bool(true)),
            Some(b'f') => self.literal("alse", Json::Bool(false)),
            Some(b'n') => self.literal("ull", Json::Null),
            _ => Err(JsonError::Malformed),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json<'a>, JsonError>,
    ) -> Result<Json<'a>, JsonError> {
        if self.depth == MAX_DEPTH {
            return Err(JsonError::TooDeep);
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    /// What follows `{`.
    fn object(&mut self) -> Result<Json<'a>, JsonError> {
        let mut object = Object::default();
        let mut token = self.next_token();
        if token == Some(b'}') {
            return Ok(Json::Object(object));
        }
        loop {
            if token != Some(b'"') {
                return Err(JsonError::Malformed);
            }
            let name = self.string()?;
            if name.len() > MAX_NAME {
                return Err(JsonError::TooLarge);
            }
            let Err(place) = object.place_of(&name) else {
                return Err(JsonError::DuplicateName);
            };
            if self.next_token() != Some(b':') {
                return Err(JsonError::Malformed);
            }
            let value = self.value()?;
            object.members.insert(place, (name, value));
            if object.members.len() > MAX_MEMBERS {
                return Err(JsonError::TooLarge);
            }
            match self.next_token() {
                Some(b',') => token = self.next_token(),
                Some(b'}') => return Ok(Json::Object(object)),
                _ => return Err(JsonError::Malformed),
            }
        }
    }

    /// What follows `[`.
    fn array(&mut self) -> Result<Json<'a>, JsonError> {
        let mut elements = Vec::new();
        if self.peek_token() == Some(b']') {
            self.at += 1;
            return Ok(Json::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if elements.len() > MAX_ELEMENTS {
                return Err(JsonError::TooLarge);
            }
            match self.next_token() {
                Some(b',') => (),
                Some(b']') => return Ok(Json::Array(elements)),
                _ => return Err(JsonError::Malformed),
            }
        }
    }

    /// What follows the opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        let mut string = Cow::Borrowed(self.plain());
        loop {
            match self.next() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let unescaped = self.escaped().ok_or(JsonError::Malformed)?;
                    let text = string.to_mut();
                    text.push(unescaped);
                    text.push_str(self.plain());
                }
                // The end of the text, or a control character (RFC 8259 section 7).
                _ => return Err(JsonError::Malformed),
            }
        }
        if string.len() > MAX_STRING {
            return Err(JsonError::TooLarge);
        }
        Ok(string)
    }

    /// Everything up to the next quote, backslash or control character.
    fn plain(&mut self) -> &'a str {
        /// The same byte eight times.
        const fn each(byte: u8) -> u64 {
            u64::from_ne_bytes([byte; 8])
        }
        /// A set high bit for the first byte that is below `bound`, and maybe for later ones.
        const fn below(word: u64, bound: u8) -> u64 {
            word.wrapping_sub(each(bound)) & !word & each(0x80)
        }
        let start = self.at;
        let mut rest = self.text.as_bytes().get(start..).unwrap_or_default();
        let mut found = None;
        // Eight bytes at a time: an ID token is a thousand plain ones.
        while let Some((chunk, after)) = rest.split_first_chunk() {
            let word = u64::from_le_bytes(*chunk);
            let special =
                below(word, 0x20) | below(word ^ each(b'"'), 1) | below(word ^ each(b'\\'), 1);
            if special != 0 {
                found = Some(special.trailing_zeros() as usize / 8);
                break;
            }
            rest = after;
        }
        let is_special = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
        let found = found.or_else(|| rest.iter().position(is_special));
        self.at = self.text.len() - rest.len() + found.unwrap_or(rest.len());
        // Both ends stand beside an ASCII byte or an end of the text.
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// What follows a backslash.
    fn escaped(&mut self) -> Option<char> {
        Some(match self.next()? {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => match self.code_unit()? {
                // The two halves of a surrogate pair come together or not at all.
                high @ 0xd800..=0xdbff => {
                    if (self.next()?, self.next()?) != (b'\\', b'u') {
                        return None;
                    }
                    let low = self
                        .code_unit()
                        .filter(|unit| (0xdc00..=0xdfff).contains(unit))?;
                    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))?
                }
                unit => char::from_u32(unit)?,
            },
            _ => return None,
        })
    }

    /// Four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| {
            let digit = char::from(self.next()?).to_digit(16)?;
            Some(unit << 4 | digit)
        })
    }

    fn literal(&mut self, rest: &str, value: Json<'a>) -> Result<Json<'a>, JsonError> {
        let here = self.text.get(self.at..).unwrap_or_default();
        if !here.starts_with(rest) {
            return Err(JsonError::Malformed);
        }
        self.at += rest.len();
        Ok(value)
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    /// The next byte that is not white space, left unread.
    fn peek_token(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// The next byte that is not white space.
    fn next_token(&mut self) -> Option<u8> {
        let byte = self.peek_token()?;
        self.at += 1;
        Some(byte)
    }
}
