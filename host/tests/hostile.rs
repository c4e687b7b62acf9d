//! Components that mean harm: each ends in its own fault, and the next call works.
#![allow(
    clippy::unwrap_used,
    reason = "what goes wrong here shall stop the test"
)]

mod alone;
mod hostile {
    pub(crate) mod module;
}
mod platform;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use okta_sso_host::contract::{
    Callback, EmailRule, Expectations, Level, LoginRequest, RevocationRequest, Settings,
};
use okta_sso_host::{
    CallError, Component, Http, HttpError, HttpRequest, HttpResponse, Limit, Limits, Log, Pin,
    Plugin, Scope, SetupError, Trap,
};

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

/// One place in all: a call that does not give it back is the last one.
fn one_place() -> Limits {
    Limits {
        concurrent: 1,
        concurrent_per_connection: 1,
        ..Limits::default()
    }
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
    load(module::component(imports, &bodies), one_place()).unwrap()
}

async fn codes(plugin: &Plugin) -> CallError<Infallible> {
    let fault = plugin.codes().await.unwrap_err();
    goes_on(plugin).await;
    fault
}

async fn probe(plugin: &Plugin) -> CallError<Infallible> {
    let fault = plugin.probe(&connection()).await.unwrap_err();
    goes_on(plugin).await;
    fault
}

/// The one place is back, the next call gets a fresh instance, and the real component signs people in.
async fn goes_on(plugin: &Plugin) {
    assert_eq!(plugin.occupancy().busy, 0);
    assert_eq!(plugin.explain("any", "en").await, Ok(None));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
    static REAL: tokio::sync::OnceCell<Plugin> = tokio::sync::OnceCell::const_new();
    let real = REAL.get_or_init(|| async {
        Plugin::builder()
            .component(Component::from_path(path, Pin::Sidecar).unwrap())
            .capabilities(capabilities())
            .load()
            .unwrap()
    });
    real.await.self_test().await.unwrap();
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
    // Each new page is used, all of it.
    let plugin = hostile(
        "",
        "(loop
            (memory.fill
                (i32.mul (memory.grow (i32.const 1)) (i32.const 65536)) (i32.const 1) (i32.const 65536))
            (br 0))
         unreachable",
    );
    if alone::is("memory_ends_at_its_bound") {
        let before = alone::resident();
        assert_eq!(plugin.codes().await, Err(CallError::Limit(Limit::Memory)));
        let grown = alone::most_resident().saturating_sub(before);
        println!("F-51: {} KiB more resident at most", grown >> 10);
        assert!(grown >= 24 << 20, "F-51: the pages were not used, {grown}");
        assert!(grown <= 34 << 20, "F-51 {grown}");
    } else {
        assert_eq!(codes(&plugin).await, CallError::Limit(Limit::Memory));
    }
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
    // One string of 2^20 + 1 bytes, all of them there: more than a call may hand over.
    let plugin = hostile(
        "",
        "(i32.store (i32.const 0) (i32.const 16)) (i32.store offset=4 (i32.const 0) (i32.const 1)) \
         (i32.store (i32.const 16) (i32.const 4096)) (i32.store offset=4 (i32.const 16) (i32.const 0x100001)) \
         (i32.const 0)",
    );
    assert_eq!(codes(&plugin).await, CallError::Limit(Limit::HostCallBytes));
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

const TAKE: &str = r#"(import "sso:provider/storage@0.1.0" "take"
    (func $take (param i32 i32 i32)))"#;
const TAKES: &str = "(call $take (i32.const 0) (i32.const 1) (i32.const 64))";

#[tokio::test]
async fn waiting_ends_with_the_calls_time() {
    let take = format!("{TAKES} (i32.const 0)");
    let bodies = [Body {
        function: "config@0.1.0#probe",
        text: &take,
    }];
    let limits = Limits {
        wall: Duration::from_millis(50),
        ..Limits::default()
    };
    let plugin = load(module::component(TAKE, &bodies), limits).unwrap();
    let silent = plugin.with_capabilities(platform::with_storage(Silent));
    let fault = silent.probe(&connection()).await.unwrap_err();
    assert_eq!(fault, CallError::Limit(Limit::Wall));
    assert_eq!(plugin.probe(&connection()).await, Ok(vec![]));
}

const SPIN: &str = "(func $spin (loop (br 0))) (start $spin)";

#[tokio::test]
async fn f_50_a_loop_before_the_first_call() {
    let plugin = hostile(SPIN, NOTHING);
    if alone::is("f_50_a_loop_before_the_first_call") {
        let before = (Instant::now(), alone::processor());
        let fault = plugin.codes().await.unwrap_err();
        assert_eq!(fault, CallError::Limit(Limit::Cpu));
        let (waited, used) = (before.0.elapsed(), alone::processor() - before.1);
        println!("F-50: interrupted after {waited:.0?}, {used:.0?} of them on the processor");
        // Its 200 ms in steps of 10, each of which may come late on a busy machine, and a coarse clock.
        assert!(used <= Duration::from_millis(300), "F-50 {used:?}");
        return;
    }
    let fault = plugin.codes().await.unwrap_err();
    assert_eq!(fault, CallError::Limit(Limit::Cpu));
    assert_eq!(plugin.occupancy().busy, 0);
    assert_eq!(
        plugin.explain("any", "en").await.err(),
        Some(CallError::Limit(Limit::Cpu))
    );
    // Others of the same process go on.
    assert_eq!(hostile("", NOTHING).codes().await, Ok(vec![]));
}

#[tokio::test]
async fn f_56_a_trap_in_each_export() {
    let plugin = load(module::component("", &[]), Limits::default()).unwrap();
    let connection = connection();
    let request = LoginRequest {
        login_hint: None,
        return_to: None,
        prompt: None,
    };
    let callback = Callback {
        query: String::new(),
        browser_binding: None,
    };
    let settings = Settings {
        connection_id: "acme".to_owned(),
        client_id: String::new(),
        client_secret: None,
        issuer: String::new(),
        redirect_uri: String::new(),
        post_logout_redirect_uri: None,
        email_domains: vec![],
        policy: connection.policy.clone(),
    };
    let expectations = Expectations {
        nonce: None,
        access_token: None,
        now: 0,
    };
    let revocation = RevocationRequest {
        authorization: String::new(),
        endpoint: String::new(),
        body: String::new(),
    };
    let trap = Trap::Code(wasmtime::Trap::UnreachableCodeReached);
    macro_rules! traps {
        ($($call:ident ( $($argument:expr),* )),* $(,)?) => {$(
            let fault = plugin.$call($($argument),*).await.err();
            assert_eq!(fault, Some(CallError::Trap(trap)), stringify!($call));
        )*};
    }
    traps! {
        check(&settings), probe(&connection), describe("en"),
        begin(&connection, &request), locate("state=x"), complete(&connection, &callback),
        rehearse(&connection, &callback),
        validate(&connection, "{}", "{}", &expectations),
        compare_email(EmailRule::Exact, "a@b.c", "a@b.c"),
        begin_logout(&connection, "hint", None),
        receive_logout_token(&connection, "token"),
        receive_revocation(&connection, &revocation),
        codes(), explain("any", "en"),
    }
}

/// An attempt that was taken, or a code that was redeemed, and then a trap: an error each time, and nothing piles up.
#[tokio::test]
async fn f_56_traps_in_the_middle_of_a_sign_in() {
    const REPEATS: usize = 10_000;
    if !alone::is("f_56_traps_in_the_middle_of_a_sign_in") {
        return;
    }
    let send = send();
    for (imports, does) in [(TAKE, TAKES), (&*import_of_send(), &*send)] {
        let text = format!("{does} unreachable");
        let bodies = [Body {
            function: "login@0.1.0#complete",
            text: &text,
        }];
        let counter = Arc::new(Counter::default());
        let plugin = load(module::component(imports, &bodies), one_place()).unwrap();
        let plugin = plugin.with_capabilities(capabilities().with_http(counter.clone()));
        let (connection, trap) = (
            connection(),
            Trap::Code(wasmtime::Trap::UnreachableCodeReached),
        );
        let callback = Callback {
            query: String::new(),
            browser_binding: None,
        };
        let mut resident = Vec::new();
        for _ in 0..3 {
            for _ in 0..REPEATS / 2 {
                let fault = plugin.complete(&connection, &callback).await.err();
                assert_eq!(fault, Some(CallError::Trap(trap)), "F-56");
            }
            resident.push(alone::resident());
        }
        let grown = resident[2].saturating_sub(resident[0]);
        let sent = counter.0.load(Relaxed);
        println!(
            "F-56: {} KiB more after {REPEATS} traps, {sent} requests sent",
            grown >> 10
        );
        let expected = if imports == TAKE { 0 } else { REPEATS / 2 * 3 };
        assert_eq!(sent as usize, expected, "F-56");
        assert!(grown <= 1 << 20, "F-56 {resident:?}");
        assert_eq!(plugin.occupancy().busy, 0, "F-56");
    }
}

/// Counts what reaches a capability.
#[derive(Default)]
struct Counter(AtomicU32);

impl Log for Counter {
    fn event(&self, _: &Scope, _: Level, _: &str, _: &[(String, String)]) {
        self.0.fetch_add(1, Relaxed);
    }
}

#[async_trait]
impl Http for Counter {
    async fn send(&self, _: &Scope, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.fetch_add(1, Relaxed);
        Err(HttpError::Unreachable)
    }
}

const EVENT: &str = r#"(import "sso:provider/log@0.1.0" "event"
    (func $event (param i32 i32 i32 i32 i32)))"#;

#[tokio::test]
async fn a_log_storm_is_dropped() {
    let event =
        "(call $event (i32.const 0) (i32.const 256) (i32.const 5) (i32.const 0) (i32.const 0))";
    let counter = Arc::new(Counter::default());
    let plugin = hostile(EVENT, &format!("(loop {event} (br 0)) unreachable"));
    let plugin = plugin.with_capabilities(capabilities().with_log(counter.clone()));
    assert_eq!(probe(&plugin).await, CallError::Limit(Limit::Cpu));
    assert_eq!(counter.0.load(Relaxed), 50);
}

fn import_of_send() -> String {
    format!(
        r#"(import "sso:provider/http@0.1.0" "send" (func $send (param {})))"#,
        "i32 ".repeat(15)
    )
}

/// metadata, GET, the URL at 256, no headers, no body, no authorization; the answer at 1024.
fn send() -> String {
    format!(
        "(call $send (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 23) {} (i32.const 1024))",
        "(i32.const 0) ".repeat(10)
    )
}

#[tokio::test]
async fn f_55_an_http_storm_ends_at_the_budget() {
    let counter = Arc::new(Counter::default());
    let plugin = hostile(
        &import_of_send(),
        &format!("(loop {} (br 0)) unreachable", send()),
    );
    let plugin = plugin.with_capabilities(capabilities().with_http(counter.clone()));
    assert_eq!(probe(&plugin).await, CallError::Limit(Limit::Cpu));
    println!(
        "F-55: {} requests left the sandbox",
        counter.0.load(Relaxed)
    );
    assert_eq!(counter.0.load(Relaxed), 8);
}

#[tokio::test]
async fn words_that_are_no_text_are_malformed() {
    let event =
        "(call $event (i32.const 0) (i32.const 320) (i32.const 3) (i32.const 0) (i32.const 0))";
    let plugin = hostile(EVENT, &format!("{event} (i32.const 0)"));
    assert_eq!(probe(&plugin).await, CallError::Trap(Trap::MalformedValue));
    let far =
        "(call $event (i32.const 0) (i32.const -8) (i32.const 64) (i32.const 0) (i32.const 0))";
    let plugin = hostile(EVENT, &format!("{far} (i32.const 0)"));
    assert_eq!(probe(&plugin).await, CallError::Trap(Trap::MalformedValue));
}

#[tokio::test]
async fn memory_for_the_hosts_words_is_checked() {
    let explain = Body {
        function: "messages@0.1.0#explain",
        text: NOTHING,
    };
    for (imports, realloc) in [
        ("", "(i32.const -8)"),
        ("", "unreachable"),
        ("", "(loop (br 0)) unreachable"),
        // The host may not be called while it is handing something over.
        (
            RANDOM,
            "(call $random (i32.const 8) (i32.const 64)) (i32.const 4096)",
        ),
    ] {
        let component = module::with_realloc(realloc, imports, &[Body { ..explain }]);
        let plugin = load(component, Limits::default()).unwrap();
        let fault = plugin.explain("any", "en").await.unwrap_err();
        println!("realloc {realloc}: {fault}");
        let named = matches!(fault, CallError::Trap(_) | CallError::Limit(Limit::Cpu));
        assert!(named, "{realloc}: {fault}");
    }
}

#[tokio::test]
async fn nothing_survives_in_a_reused_place() {
    const CALLS: u32 = 10_000;
    // One call marks four megabytes, a table and a global; the next, in the same place, looks for them.
    let mark = "(drop (memory.grow (i32.const 64)))
        (memory.fill (i32.const 65536) (i32.const 0xa5) (i32.const 6225920))
        (drop (table.grow (ref.func $deeper) (i32.const 9000)))
        (table.set (i32.const 0) (ref.func $deeper))
        (global.set $mark (i64.const -1)) (i32.const 0)";
    let look = "(local $at i32) (drop (memory.grow (i32.const 64)))
        (drop (table.grow (ref.null func) (i32.const 9000)))
        (if (i32.eqz (ref.is_null (table.get (i32.const 0)))) (then unreachable))
        (if (i32.eqz (ref.is_null (table.get (i32.const 8999)))) (then unreachable))
        (if (i64.ne (global.get $mark) (i64.const 0)) (then unreachable))
        (loop $next
          (if (i32.load8_u offset=65536 (local.get $at)) (then unreachable))
          (local.set $at (i32.add (local.get $at) (i32.const 4093)))
          (br_if $next (i32.lt_u (local.get $at) (i32.const 6225920))))
        (i32.const 0)";
    let bodies = [
        Body {
            function: "messages@0.1.0#codes",
            text: mark,
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
    let declared = "(elem declare func $deeper)";
    let plugin = load(module::component(declared, &bodies), limits).unwrap();
    for call in 0..CALLS {
        if call % 20 == 0 {
            assert_eq!(plugin.codes().await, Ok(vec![]));
        }
        assert_eq!(plugin.explain("any", "en").await, Ok(None));
    }
    println!("leak canary: 0 bytes found in {CALLS} calls of one reused place");
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
