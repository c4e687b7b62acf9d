//! The component's compiled code on disk, and another component while the process runs.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_sso_demo::dev_okta::{Endpoint, Switch};
use tokio::time::timeout;

use crate::browser::Browser;
use crate::stage::{
    PLUGIN, Product, email, empty_folder, free_address, put_plugin, refusal, sha256,
};

/// The one file of compiled code beside the product's database.
fn compiled(product: &Product) -> PathBuf {
    let folder = product.folder.join("ledgerline.db.compiled");
    let mut files = std::fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "nothing beside it");
    file
}

#[tokio::test]
async fn f_59_compiled_code_is_kept_and_believed_under_the_key_alone() {
    let mut product = Product::open("f-59").await;
    let file = compiled(&product);
    let identity = || std::fs::metadata(&file).unwrap().ino(); // another one when it is written anew
    let written = identity();
    product.kill();
    product.restart();
    assert_eq!(identity(), written, "F-59: the next start uses it");

    let good = std::fs::read(&file).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    product.kill();
    std::fs::write(&file, bad).unwrap();
    product.restart();
    assert_eq!(std::fs::read(&file).unwrap(), good, "F-59: compiled anew");

    let written = identity();
    product.kill();
    product.reseal();
    product.restart();
    assert_ne!(
        std::fs::read(&file).unwrap(),
        good,
        "F-59: under another key"
    );
    assert_ne!(identity(), written);
}

#[test]
fn compiled_code_is_kept_for_one_user_under_a_key_that_stays() {
    let folder = empty_folder("open");
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let cache = format!("--compiled-cache={}", folder.display());
    let said = refusal(&["--database=memory", &cache]);
    assert!(said.contains("name one with --key-file"), "{said}");
    let key = concat!(
        "--key-file=",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sealing.key"
    );
    let said = refusal(&["--database=memory", &cache, key]);
    assert!(said.contains("no folder for this user alone"), "{said}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

/// The real component with a custom section more: the same in all but its SHA-256.
fn other_plugin() -> Vec<u8> {
    let mut bytes = std::fs::read(PLUGIN).unwrap();
    bytes.extend(b"\x00\x07\x05build2");
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn f_59_another_component_is_put_in_while_it_runs() {
    let mut product = Product::open("f-59-replaced").await;
    let metrics = free_address().await;
    product.kill();
    product.restart_with(&[&format!("--metrics={metrics}")]);
    let shows = async |line: String| {
        let url = format!("http://{metrics}/metrics").parse().unwrap();
        let page = Browser::new(metrics).get(&url).await;
        page.body.lines().any(|found| found == line)
    };
    let runs = |plugin: &[u8]| {
        let sha256 = sha256(plugin);
        format!("ledgerline_component_info{{sha256=\"{sha256}\"}} 1")
    };
    let reloads = |outcome: &str, times| {
        format!("ledgerline_component_reloads_total{{outcome=\"{outcome}\"}} {times}")
    };
    let until = async |line: String| {
        let shown = async {
            while !shows(line.clone()).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let shown = timeout(Duration::from_secs(30), shown).await;
        shown.unwrap_or_else(|_| panic!("F-59: never {line}"));
    };
    let old = std::fs::read(PLUGIN).unwrap();
    let new = other_plugin();
    until(runs(&old)).await;
    // There and back: from now on the compiled code of both is kept, and to change them takes a moment.
    for (times, plugin) in [(1, &new), (2, &old)] {
        put_plugin(&product.folder, plugin, plugin);
        product.signal("HUP");
        until(reloads("taken", times)).await;
        until(runs(plugin)).await;
        product.signs_in(0).await;
    }

    // Changed during a callback, whose token request takes a second.
    let browser = Arc::new(Browser::new(product.address));
    let callback = product.callback(&browser, 1).await;
    product.okta.switches().turn_on(Switch::SlowAnswers);
    let asked = product.okta.requests().of(Endpoint::Token);
    let answer = {
        let browser = Arc::clone(&browser);
        tokio::spawn(async move { browser.get(&callback).await })
    };
    while product.okta.requests().of(Endpoint::Token) == asked {
        tokio::task::yield_now().await;
    }
    put_plugin(&product.folder, &new, &new);
    let before = Instant::now();
    product.signal("HUP");
    until(runs(&new)).await;
    let (changed, finished) = (before.elapsed(), answer.is_finished());
    assert!(
        !finished,
        "F-59: changed after {changed:.1?}, with nothing under way"
    );
    let page = answer.await.unwrap();
    assert!(page.status.is_redirection(), "F-59: {}", page.text());
    assert_eq!(product.me(&browser).await, email(1), "F-59");
    println!("F-59: changed in {changed:.1?} during a callback, which was answered");

    // Half of a file, and one whose SHA-256 is right and which is no component.
    product.okta.switches().turn_all_off();
    let half = &old[..old.len() / 2];
    for (times, plugin, pinned) in [(1, half, &*old), (2, half, half), (3, b"x", b"x")] {
        put_plugin(&product.folder, plugin, pinned);
        product.signal("HUP");
        until(reloads("refused", times)).await;
        assert!(shows(runs(&new)).await, "F-59: the old one goes on");
        product.signs_in(2).await;
    }
    // The operators' audit trail has each of them.
    for (code, times) in [("component/replaced", 3), ("component/refused", 3)] {
        assert_eq!(product.operator_events(code).await, times, "F-59 {code}");
    }
}
