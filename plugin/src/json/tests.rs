use std::time::{Duration, Instant};

use super::number::LAST_SECOND;
use super::*;

fn object(text: &str) -> Object<'_> {
    Object::parse(text.as_bytes()).unwrap()
}

fn refused(text: impl AsRef<[u8]>) -> JsonError {
    Json::parse(text.as_ref()).unwrap_err()
}

#[test]
fn names_given_twice_are_refused_wherever_they_are() {
    for (id, text) in [
        ("BI-171", r#"{"alg":"RS256","alg":"none"}"#),
        ("BI-172", r#"{"sub":"a","s\u0075b":"b"}"#),
        ("BI-172", r#"{"s\u0075b":"a","sub":"a"}"#),
        ("BI-173", r#"{"keys":[{"n":"a","e":"b","n":"a"}]}"#),
        ("BI-173", r#"{"a":{"b":{"c":1,"d":2,"c":1}}}"#),
        ("empty", r#"{"":1,"":1}"#),
    ] {
        assert_eq!(refused(text), JsonError::DuplicateName, "{id}: {text}");
    }
    assert_eq!(object(r#"{"sub":"a","Sub":"b"}"#).string("Sub"), Ok("b"));
}

#[test]
fn only_one_value_in_utf_8_is_json() {
    let texts: [(&str, &[u8]); 19] = [
        ("BI-077", b"{}{}"),
        ("BI-077", b"{} x"),
        ("BI-077", b"\xff\xfe{\0}\0"),
        ("BI-175", b"{\"a\":\"\xff\"}"),
        ("BI-175", b"{\"a\":\"\xc0\xaf\"}"),
        ("BI-175", b"{\"a\":\"\xed\xa0\x80\"}"),
        ("BI-146", br#"{"email":"\ud800@a.com"}"#),
        ("BI-146", br#"{"email":"\udc00@a.com"}"#),
        ("BI-176", b"\xef\xbb\xbf{}"),
        ("BI-176", b"{\"a\":1,}"),
        ("BI-176", b"{'a':1}"),
        ("BI-176", b"{\"a\":1} // no"),
        ("BI-176", b"{\"a\":1}\n{\"a\":1}"),
        ("BI-159", b"{\"exp\":1e400}"),
        ("BI-159", b"{\"exp\":-1e400}"),
        ("number", b"{\"exp\":01}"),
        ("number", b"{\"exp\":NaN}"),
        ("control", b"{\"a\":\"\n\"}"),
        ("empty", b""),
    ];
    for (id, text) in texts {
        assert_eq!(refused(text), JsonError::Malformed, "{id}: {text:?}");
    }
    assert_eq!(Json::parse(b" \r\n\t null "), Ok(Json::Null));
    assert_eq!(Object::parse(b"[]"), Err(JsonError::Malformed));
}

#[test]
fn depth_ends_at_sixteen() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(nested(16).as_bytes()).is_ok());
    assert_eq!(refused(nested(17)), JsonError::TooDeep);
    assert_eq!(refused("[".repeat(100_000)), JsonError::TooDeep);
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(Json::parse(objects(16).as_bytes()).is_ok());
    assert_eq!(refused(objects(17)), JsonError::TooDeep);
}

#[test]
fn sizes_are_bounded() {
    let members = |count: usize| {
        let list: Vec<_> = (0..count).map(|index| format!("\"m{index}\":0")).collect();
        format!("{{{}}}", list.join(","))
    };
    let elements = |count: usize| format!("[0{}]", ",0".repeat(count - 1));
    let string = |length: usize| format!("\"{}\"", "a".repeat(length));
    let name = |length: usize| format!("{{\"{}\":0}}", "a".repeat(length));
    for (within, over) in [
        (members(MAX_MEMBERS), members(MAX_MEMBERS + 1)),
        (elements(MAX_ELEMENTS), elements(MAX_ELEMENTS + 1)),
        (string(MAX_STRING), string(MAX_STRING + 1)),
        (name(MAX_NAME), name(MAX_NAME + 1)),
        (
            format!("{{}}{}", " ".repeat(MAX_TEXT - 2)),
            format!("{{}}{}", " ".repeat(MAX_TEXT - 1)),
        ),
    ] {
        assert!(Json::parse(within.as_bytes()).is_ok());
        assert_eq!(refused(over), JsonError::TooLarge);
    }
}

/// Each name comes before all that were read, so that all of them are moved.
#[test]
fn bi_178_names_in_the_worst_order_are_read_in_time() {
    let members = (0..MAX_MEMBERS).rev();
    let members = members.map(|number| format!("\"{number:0>40}\":1"));
    let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
    // The fastest of some: a machine that does something else meanwhile says nothing about this.
    let fastest = (0..5).map(|_| {
        let start = Instant::now();
        assert!(Json::parse(text.as_bytes()).is_ok());
        start.elapsed()
    });
    let fastest = fastest.min().unwrap();
    assert!(fastest < Duration::from_millis(20), "{fastest:?}");
}

#[test]
fn strings_are_unescaped_once_and_borrowed_where_they_can_be() {
    let read =
        object(r#"{"plain":"anna","escaped":"ann\u0061","pair":"\ud83d\ude00","twice":"\\u0061"}"#);
    assert!(matches!(
        read.get("plain"),
        Some(Json::String(Cow::Borrowed("anna")))
    ));
    assert_eq!(read.string("escaped"), Ok("anna"), "BI-145");
    assert_eq!(read.string("pair"), Ok("😀"));
    assert_eq!(read.string("twice"), Ok("\\u0061"));
    let odd = object(r#"{"__proto__":1,"constructor":2}"#);
    assert!(
        odd.contains("__proto__") && odd.contains("constructor"),
        "BI-183"
    );
}

#[test]
fn missing_is_told_from_mistyped() {
    let read = object(r#"{"null":null,"text":"a","flag":true,"list":["a"],"mixed":["a",1]}"#);
    assert_eq!(read.string("none"), Err(MemberError::Missing("none")));
    assert_eq!(read.string("null"), Err(MemberError::Mistyped("null")));
    assert_eq!(read.optional_string("none"), Ok(None));
    assert_eq!(
        read.optional_string("null"),
        Err(MemberError::Mistyped("null"))
    );
    assert_eq!(read.optional_bool("flag"), Ok(Some(true)));
    assert_eq!(
        read.optional_bool("text"),
        Err(MemberError::Mistyped("text"))
    );
    assert_eq!(read.optional_strings("list"), Ok(Some(vec!["a"])));
    assert_eq!(
        read.optional_strings("mixed"),
        Err(MemberError::Mistyped("mixed"))
    );
    assert_eq!(read.array("none"), Err(MemberError::Missing("none")));
    assert_eq!(
        read.array("text"),
        Err(MemberError::Mistyped("text")),
        "BI-179"
    );
}

#[test]
fn dates_are_whole_seconds_of_the_years_to_9999() {
    for (id, number, down, up) in [
        ("BI-157", "1790000000.5", 1_790_000_000, 1_790_000_001),
        ("BI-158", "1.79e9", 1_790_000_000, 1_790_000_000),
        ("first", "1", 1, 1),
        ("last", "253402300799", LAST_SECOND, LAST_SECOND),
    ] {
        let text = format!("{{\"exp\":{number}}}");
        assert_eq!(object(&text).date("exp", Rounding::Down), Ok(down), "{id}");
        assert_eq!(object(&text).date("exp", Rounding::Up), Ok(up), "{id}");
    }
    for (id, value) in [
        ("BI-154", "\"1790000000\""),
        ("BI-155", "null"),
        ("BI-155", "true"),
        ("BI-155", "[]"),
        ("BI-155", "{}"),
        ("BI-159", "1e308"),
        ("BI-160", "9007199254740993"),
        ("BI-160", "18446744073709551616"),
        ("BI-160", "253402300800"),
        ("BI-160", "253402300800.5"),
        ("BI-161", "-1"),
        ("BI-161", "0"),
        ("BI-161", "-0"),
        ("BI-161", "-0.0"),
        ("BI-163", "1790000000000"),
    ] {
        let text = format!("{{\"exp\":{value}}}");
        let mistyped = Err(MemberError::Mistyped("exp"));
        assert_eq!(
            object(&text).date("exp", Rounding::Down),
            mistyped,
            "{id}: {value}"
        );
        assert_eq!(
            object(&text).date("exp", Rounding::Up),
            mistyped,
            "{id}: {value}"
        );
    }
    assert_eq!(
        object("{}").date("exp", Rounding::Down),
        Err(MemberError::Missing("exp"))
    );
    assert_eq!(object("{}").optional_date("nbf", Rounding::Up), Ok(None));
}

/// What `serde_json` reads of the same text, without any of this module's rules.
fn as_serde(value: &Json<'_>) -> serde_json::Value {
    match value {
        Json::Null => serde_json::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => serde_json::from_str(number.text()).unwrap(),
        Json::String(text) => text.as_ref().into(),
        Json::Array(elements) => elements.iter().map(as_serde).collect(),
        Json::Object(object) => object
            .members
            .iter()
            .map(|(name, value)| (name.to_string(), as_serde(value)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
    }
}

#[test]
fn what_is_read_is_what_serde_json_reads() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\"a\"",
        "\"b\":",
        "\\",
        "\\u00e9",
        "\\ud83d\\ude00",
        "\\u12",
        "\"\\n\"",
        "null",
        "true",
        "false",
        "0",
        "-",
        "1",
        "9007199254740993",
        ".5",
        "e3",
        "E-2",
        "+",
        " ",
        "\n",
        "\u{0}",
        "\u{7f}",
        "é",
        "0123456789abcdef",
        "\u{2028}",
        "1e308",
        "2e308",
    ];
    // xorshift: the same texts on every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap()
    };
    let seeds = [
        r#"{"iss":"https://acme.okta.com","aud":["c"],"iat":1790000000,"x":{"y":[1,2.5e1,null]}}"#,
        r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}],"flag":true,"escaped":"a\\\"\u0041"}"#,
    ];
    let mut accepted = 0;
    for round in 0..200_000 {
        let text: String = if round % 2 == 0 {
            (0..=draw(8)).map(|_| pieces[draw(pieces.len())]).collect()
        } else {
            let mut text = seeds[draw(seeds.len())].to_owned();
            for _ in 0..=draw(2) {
                let at = draw(text.len());
                if text.is_char_boundary(at) && text.is_char_boundary(at + 1) {
                    text.replace_range(at..=at, pieces[draw(pieces.len())]);
                }
            }
            text
        };
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (Json::parse(text.as_bytes()), theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert_eq!(as_serde(&ours), theirs, "{text}");
                accepted += 1;
            }
            // `serde_json` keeps the last of two.
            (Err(JsonError::DuplicateName), _) | (Err(JsonError::Malformed), Err(_)) => (),
            (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
        }
    }
    assert!(accepted > 10_000, "{accepted} texts were read");
}
