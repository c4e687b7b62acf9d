//! Components that mean harm: each ends in its own fault, and the next call works.
#![allow(
    clippy::unwrap_used,
    reason = "what goes wrong here shall stop the test"
)]

mod hostile {
    pub(crate) mod module;
}
mod platform;

use std::convert::Infallible;
use std::time::Duration;

use okta_sso_host::{CallError, Component, Limit, Limits, Pin, Plugin, SetupError, Trap};

use crate::hostile::module::{self, Body};
use crate::platform::{Silent, capabilities, connection};

/// `messages.codes` answers with an empty list: the answer's 8 bytes are at 0.
const NOTHING: &str = "(i32.const 0)";

fn load(bytes: Vec<u8>, limits: Limits) -> Result<Plugin, SetupError> {
    Plugin::builder()
        .component(Component::from_bytes(bytes, Pin::DangerUnpinned)?)
        .capabilities(capabilities())
        .limits(limits)
        .load()
}

/// A component whose `messages.codes` and `config.probe` do this; `messages.explain` answers "none".
fn hostile(imports: &str, body: &str) -> Plugin {
    let bodies = [
        Body {
            function: "messages@0.1.0#codes",
            text: body,
        },
        Body {
            function: "config@0.1.0#probe",
            text: body,
        },
        Body {
            function: "messages@0.1.0#explain",
            text: NOTHING,
        },
    ];
    load(module::component(imports, &bodies), Limits::default()).unwrap()
}

async fn codes(plugin: &Plugin) -> CallError<Infallible> {
    let fault = plugin.codes().await.unwrap_err();
    // The host is alive, and the next call gets a fresh instance.
    assert_eq!(plugin.explain("any", "en").await, Ok(None));
    fault
}

async fn probe(plugin: &Plugin) -> CallError<Infallible> {
    let fault = plugin.probe(&connection()).await.unwrap_err();
    assert_eq!(plugin.explain("any", "en").await, Ok(None));
    fault
}

#[tokio::test]
async fn a_harmless_one_works() {
    let plugin = hostile("", NOTHING);
    assert_eq!(plugin.codes().await, Ok(vec![]));
    assert_eq!(plugin.imports(), ["sso:provider/types@0.1.0"]);
}

#[tokio::test]
async fn a_loop_is_interrupted() {
    let plugin = hostile("", "(loop (br 0)) unreachable");
    assert_eq!(codes(&plugin).await, CallError::Limit(Limit::Cpu));
}

#[tokio::test]
async fn memory_ends_at_its_bound() {
    let plugin = hostile(
        "",
        "(loop (drop (memory.grow (i32.const 16))) (br 0)) unreachable",
    );
    assert_eq!(codes(&plugin).await, CallError::Limit(Limit::Memory));
}

#[tokio::test]
async fn a_table_ends_at_its_bound() {
    let grow = "(loop (drop (table.grow (ref.null func) (i32.const 1000))) (br 0)) unreachable";
    let plugin = hostile("", grow);
    assert_eq!(codes(&plugin).await, CallError::Limit(Limit::Table));
}

#[tokio::test]
async fn recursion_ends_at_the_stack() {
    let plugin = hostile("", "(call $deeper (i32.const 0))");
    assert_eq!(codes(&plugin).await, CallError::Limit(Limit::Stack));
}

#[tokio::test]
async fn a_panic_is_a_trap() {
    let plugin = hostile("", "unreachable");
    let code = Trap::Code(wasmtime::Trap::UnreachableCodeReached);
    assert_eq!(codes(&plugin).await, CallError::Trap(code));
}

#[tokio::test]
async fn answers_outside_memory_are_malformed() {
    for pointer in ["(i32.const -8)", "(i32.const 3)"] {
        let plugin = hostile("", pointer);
        assert_eq!(
            codes(&plugin).await,
            CallError::Trap(Trap::MalformedValue),
            "{pointer}"
        );
    }
    // A list of 2^31 strings.
    let plugin = hostile(
        "",
        "(i32.store offset=4 (i32.const 0) (i32.const 0x7fffffff)) (i32.const 0)",
    );
    assert_eq!(codes(&plugin).await, CallError::Trap(Trap::MalformedValue));
}

const RANDOM: &str =
    r#"(import "sso:provider/random@0.1.0" "bytes" (func $random (param i32 i32)))"#;

#[tokio::test]
async fn a_pure_call_has_no_capability() {
    let plugin = hostile(
        RANDOM,
        "(call $random (i32.const 8) (i32.const 64)) (i32.const 0)",
    );
    assert_eq!(
        plugin.imports(),
        ["sso:provider/random@0.1.0", "sso:provider/types@0.1.0"]
    );
    assert_eq!(
        codes(&plugin).await,
        CallError::Trap(Trap::Breach("random"))
    );
    // With a connection the same is granted.
    assert_eq!(plugin.probe(&connection()).await, Ok(vec![]));
}

#[tokio::test]
async fn random_bytes_are_given_in_small_portions() {
    for length in ["0", "65", "-1"] {
        let draw = format!("(call $random (i32.const {length}) (i32.const 64)) (i32.const 0)");
        let plugin = hostile(RANDOM, &draw);
        assert_eq!(
            probe(&plugin).await,
            CallError::Trap(Trap::Breach("random")),
            "{length}"
        );
    }
}

#[tokio::test]
async fn host_calls_carry_bounded_bytes() {
    let imports = r#"(import "sso:provider/cache@0.1.0" "put"
        (func $put (param i32 i32 i32 i32 i32)))"#;
    let put = |length: u32| {
        format!(
            "(call $put (i32.const 0) (i32.const 1) (i32.const 0) (i32.const {length}) \
             (i32.const 60)) (i32.const 0)"
        )
    };
    let plugin = hostile(imports, &put((1 << 20) - 1));
    assert_eq!(plugin.probe(&connection()).await, Ok(vec![]));
    let plugin = hostile(imports, &put(1 << 20));
    assert_eq!(probe(&plugin).await, CallError::Limit(Limit::HostCallBytes));
}

#[tokio::test]
async fn waiting_ends_with_the_calls_time() {
    let imports = r#"(import "sso:provider/storage@0.1.0" "take"
        (func $take (param i32 i32 i32)))"#;
    let take = "(call $take (i32.const 0) (i32.const 1) (i32.const 64)) (i32.const 0)";
    let bodies = [Body {
        function: "config@0.1.0#probe",
        text: take,
    }];
    let limits = Limits {
        wall: Duration::from_millis(50),
        ..Limits::default()
    };
    let plugin = load(module::component(imports, &bodies), limits).unwrap();
    let silent = plugin.with_capabilities(platform::with_storage(Silent));
    let fault = silent.probe(&connection()).await.unwrap_err();
    assert_eq!(fault, CallError::Limit(Limit::Wall));
    assert_eq!(plugin.probe(&connection()).await, Ok(vec![]));
}

#[tokio::test]
async fn nothing_survives_in_a_reused_place() {
    // One call fills a megabyte; the next, in the same place, looks for a byte of it.
    let fill = "(drop (memory.grow (i32.const 16)))
        (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 1048576)) (i32.const 0)";
    let look = "(local $at i32) (drop (memory.grow (i32.const 16)))
        (loop $next
          (if (i32.load8_u offset=65536 (local.get $at)) (then unreachable))
          (local.set $at (i32.add (local.get $at) (i32.const 509)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 1048576))))
        (i32.const 0)";
    let bodies = [
        Body {
            function: "messages@0.1.0#codes",
            text: fill,
        },
        Body {
            function: "messages@0.1.0#explain",
            text: look,
        },
    ];
    let limits = Limits {
        concurrent: 1,
        ..Limits::default()
    };
    let plugin = load(module::component("", &bodies), limits).unwrap();
    for _ in 0..50 {
        assert_eq!(plugin.codes().await, Ok(vec![]));
        assert_eq!(plugin.explain("any", "en").await, Ok(None));
    }
}

#[test]
fn what_is_no_plugin_is_refused_by_name() {
    let refusal = |text: &str| load(wat::parse_str(text).unwrap(), Limits::default()).err();
    assert_eq!(
        refusal("(component)"),
        Some(SetupError::ExportMissing(
            "sso:provider/config@0.1.0".to_owned()
        ))
    );
    for foreign in [
        "wasi:cli/environment@0.2.0",
        "sso:provider/http@0.2.0",
        "sso:provider/x@0.1.0",
    ] {
        let text = format!(r#"(component (import "{foreign}" (instance)))"#);
        assert_eq!(
            refusal(&text),
            Some(SetupError::ImportNotAllowed(foreign.to_owned()))
        );
    }
    for other in ["(module)", "(component (core module (memory i64 1)))"] {
        assert!(
            matches!(refusal(other), Some(SetupError::NotAComponent(_))),
            "{other}"
        );
    }
    let limits = Limits {
        component: 7,
        ..Limits::default()
    };
    let bytes = wat::parse_str("(component)").unwrap();
    assert_eq!(load(bytes, limits).err(), Some(SetupError::TooLarge(7)));
}

#[test]
fn precompiled_code_is_refused() {
    let mut config = wasmtime::Config::new();
    config
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .gc_support(false);
    let engine = wasmtime::Engine::new(&config).unwrap();
    let code = engine
        .precompile_component(&wat::parse_str("(component)").unwrap())
        .unwrap();
    let refusal = Component::from_bytes(code, Pin::DangerUnpinned).err();
    assert_eq!(refusal, Some(SetupError::Precompiled));
}
