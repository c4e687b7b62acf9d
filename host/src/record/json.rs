//! Values of the contract as JSON, in the contract's own names.
//!
//! Records are objects with every member; an absent option is null; enums, and variant cases that carry nothing, are
//! strings; other cases are objects of one member; results are `{"ok": …}` or `{"error": …}`; `list<u8>` is base64
//! (RFC 4648 section 4), an empty list `[]` of whatever kind; integers above 2^53 - 1, which JavaScript cannot hold,
//! are texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::{
    Error as _, Impossible, SerializeSeq, SerializeStruct, SerializeTuple, Serializer,
};
use serde_json::{Error, Map, Value, json};
use wasmtime::component::Val;

/// A typed value of [`crate::contract`], or of the types that a plugin generates of the same WIT.
#[must_use]
pub fn of<T: Serialize + ?Sized>(value: &T) -> Value {
    // The contract's types hold nothing that `Writer` refuses.
    value
        .serialize(Writer)
        .map_or(Value::Null, Written::into_value)
}

/// A dynamic value.
#[must_use]
pub fn of_val(val: &Val) -> Value {
    match val {
        Val::Bool(value) => json!(value),
        Val::U8(value) => json!(value),
        Val::U16(value) => json!(value),
        Val::U32(value) => json!(value),
        Val::U64(value) => integer(*value),
        Val::String(text) | Val::Enum(text) => json!(text),
        Val::Option(None) => Value::Null,
        Val::Option(Some(inner)) => of_val(inner),
        Val::List(items) => list(
            items
                .iter()
                .map(|item| match item {
                    Val::U8(byte) => Written::Byte(*byte),
                    other => Written::Value(of_val(other)),
                })
                .collect(),
        ),
        Val::Record(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, value)| (name.clone(), of_val(value)))
                .collect(),
        ),
        Val::Variant(name, None) => json!(name),
        Val::Variant(name, Some(payload)) => one(name, of_val(payload)),
        Val::Result(Ok(payload)) => one("ok", payload.as_deref().map_or(Value::Null, of_val)),
        Val::Result(Err(payload)) => one("error", payload.as_deref().map_or(Value::Null, of_val)),
        // The contract has no other kind of value.
        other => json!(format!("{other:?}")),
    }
}

fn integer(value: u64) -> Value {
    if value < 1 << 53 {
        json!(value)
    } else {
        json!(value.to_string())
    }
}

fn one(name: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// Bytes become one text; anything else stays a list.
fn list(items: Vec<Written>) -> Value {
    let bytes: Option<Vec<u8>> = items
        .iter()
        .map(|item| match item {
            Written::Byte(byte) => Some(*byte),
            Written::Value(_) => None,
        })
        .collect();
    match bytes {
        Some(bytes) if !bytes.is_empty() => json!(STANDARD.encode(bytes)),
        _ => items.into_iter().map(Written::into_value).collect(),
    }
}

/// A Rust name as the contract spells it.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        match letter {
            '_' => kebab.push('-'),
            'A'..='Z' => {
                if !kebab.is_empty() {
                    kebab.push('-');
                }
                kebab.push(letter.to_ascii_lowercase());
            }
            _ => kebab.push(letter),
        }
    }
    kebab
}

/// A byte is told apart until its list is known.
enum Written {
    Byte(u8),
    Value(Value),
}

impl Written {
    fn into_value(self) -> Value {
        match self {
            Self::Byte(byte) => json!(byte),
            Self::Value(value) => value,
        }
    }
}

/// Writes the generated types, which know neither the contract's names nor its bytes.
#[derive(Clone, Copy)]
struct Writer;

type Outcome = Result<Written, Error>;

fn written(value: impl Into<Value>) -> Outcome {
    Ok(Written::Value(value.into()))
}

/// Kinds of value that the contract does not have.
macro_rules! refuse {
    ($($method:ident($kind:ty))*) => {
        $(fn $method(self, _: $kind) -> Outcome {
            Err(Error::custom(concat!("no value of the contract: ", stringify!($kind))))
        })*
    };
}

impl Serializer for Writer {
    type Ok = Written;
    type Error = Error;
    type SerializeSeq = List;
    type SerializeTuple = List;
    type SerializeTupleStruct = Impossible<Written, Error>;
    type SerializeTupleVariant = Impossible<Written, Error>;
    type SerializeMap = Impossible<Written, Error>;
    type SerializeStruct = Record;
    type SerializeStructVariant = Impossible<Written, Error>;

    refuse! {
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_f32(f32) serialize_f64(f64) serialize_char(char)
    }

    fn serialize_bool(self, value: bool) -> Outcome {
        written(value)
    }

    fn serialize_u8(self, value: u8) -> Outcome {
        Ok(Written::Byte(value))
    }

    fn serialize_u16(self, value: u16) -> Outcome {
        written(value)
    }

    fn serialize_u32(self, value: u32) -> Outcome {
        written(value)
    }

    fn serialize_u64(self, value: u64) -> Outcome {
        written(integer(value))
    }

    fn serialize_str(self, text: &str) -> Outcome {
        written(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Outcome {
        written(STANDARD.encode(bytes))
    }

    fn serialize_none(self) -> Outcome {
        written(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Outcome {
        written(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome {
        written(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, case: &'static str) -> Outcome {
        written(kebab(case))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        case: &'static str,
        value: &T,
    ) -> Outcome {
        let payload = value.serialize(self)?.into_value();
        written(match (name, case) {
            ("Result", "Err") => one("error", payload),
            _ => one(&kebab(case), payload),
        })
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<List, Error> {
        Ok(List(Vec::with_capacity(length.unwrap_or_default())))
    }

    fn serialize_tuple(self, length: usize) -> Result<List, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Record, Error> {
        Ok(Record(Map::new()))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Error> {
        Err(Error::custom(name))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        Err(Error::custom(name))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        Err(Error::custom("no value of the contract: map"))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        Err(Error::custom(name))
    }
}

struct List(Vec<Written>);

impl SerializeSeq for List {
    type Ok = Written;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.push(value.serialize(Writer)?);
        Ok(())
    }

    fn end(self) -> Outcome {
        written(list(self.0))
    }
}

impl SerializeTuple for List {
    type Ok = Written;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Outcome {
        SerializeSeq::end(self)
    }
}

struct Record(Map<String, Value>);

impl SerializeStruct for Record {
    type Ok = Written;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.0
            .insert(kebab(name), value.serialize(Writer)?.into_value());
        Ok(())
    }

    fn end(self) -> Outcome {
        written(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::sso::provider::storage::Lookup;
    use crate::contract::{Callback, Fault, LoginError, LoginRequest, Misbehaviour, Prompt};

    #[test]
    fn typed_values_have_the_contracts_names() {
        let misbehaviour = Misbehaviour {
            endpoint: crate::contract::Endpoint::UserInfo,
            fault: Fault::NotJson,
            expected: None,
            found: Some("x".into()),
        };
        let refused: Result<String, LoginError> = Err(LoginError::ProviderMisbehaved(misbehaviour));
        assert_eq!(
            of(&refused),
            json!({ "error": { "provider-misbehaved": {
                "endpoint": "user-info", "fault": "not-json", "expected": null, "found": "x",
            }}})
        );
        let request = LoginRequest {
            login_hint: None,
            return_to: Some("/".into()),
            prompt: Some(Prompt::Login),
        };
        assert_eq!(
            of(&request),
            json!({ "login-hint": null, "return-to": "/", "prompt": "login" })
        );
        let silent: Result<Callback, LoginError> = Err(LoginError::LoginRequired);
        assert_eq!(of(&silent), json!({ "error": "login-required" }));
        assert_eq!(of(&Ok::<(), ()>(())), json!({ "ok": null }));
    }

    #[test]
    fn bytes_are_one_text_typed_or_dynamic() {
        let typed = of(&Lookup::Found(vec![0xfb, 0xff]));
        let bytes = Val::List(vec![Val::U8(0xfb), Val::U8(0xff)]);
        let dynamic = of_val(&Val::Variant("found".into(), Some(Box::new(bytes))));
        assert_eq!(typed, json!({ "found": "+/8=" }));
        assert_eq!(dynamic, typed);
        assert_eq!(of(&Vec::<u8>::new()), json!([]));
        assert_eq!(of_val(&Val::List(vec![])), json!([]));
        assert_eq!(of(&vec!["a".to_owned()]), json!(["a"]));
        assert_eq!(of(&((1_u64 << 53) - 1)), json!(9_007_199_254_740_991_u64));
        assert_eq!(of(&u64::MAX), json!("18446744073709551615"));
        assert_eq!(of_val(&Val::U64(u64::MAX)), of(&u64::MAX));
    }
}
