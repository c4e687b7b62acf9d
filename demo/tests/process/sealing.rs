//! The key that seals client secrets, and another one in its place.

use crate::browser::Browser;
use crate::stage::{Product, email, refusal, reseal};

#[tokio::test(flavor = "multi_thread")]
async fn another_key_takes_the_place_of_the_old_one() {
    let mut product = Product::open("sealing").await;
    let browser = Browser::new(product.address);
    let callback = product.callback(&browser, 0).await;
    browser.get(&callback).await;
    product.kill();
    let database = format!(
        "--database={}",
        product.folder.join("ledgerline.db").display()
    );
    let [key, new] = ["ledgerline.db.key", "new.key"].map(|name| product.folder.join(name));
    std::fs::write(&new, [8; 32]).unwrap();
    let given = |key: &std::path::Path| format!("--key-file={}", key.display());

    // By itself it opens nothing, and nobody starts or seals with it alone.
    let said = refusal(&[&database, &given(&new)]);
    assert!(
        said.contains("name the file of that one by --key-file, too"),
        "{said}"
    );
    let said = reseal(&product.folder, &[&new]).unwrap_err();
    assert!(
        said.contains("name the file of that one by --key-file, too"),
        "{said}"
    );

    // Beside a process that has both.
    product.restart_with(&[&given(&key), &given(&new)]);
    let waiting = Browser::new(product.address);
    let callback = product.callback(&waiting, 1).await;
    let said = reseal(&product.folder, &[&new, &key]).unwrap();
    // The client secret, and the logout hint of one session.
    assert!(said.contains("Sealed anew: 2."), "{said}");
    let said = reseal(&product.folder, &[&new, &key]).unwrap();
    assert!(said.contains("Sealed anew: 0."), "{said}");
    waiting.get(&callback).await;
    assert_eq!(product.me(&waiting).await, email(1));
    product.signs_in(2).await;
    product.kill();
    let said = refusal(&[&database, &given(&key)]);
    assert!(
        said.contains("name the file of that one by --key-file, too"),
        "{said}"
    );

    // From now on the old one is not needed.
    std::fs::rename(&new, &key).unwrap();
    product.restart();
    product.signs_in(3).await;
    let home = browser.visit(&product.at("/")).await;
    let page = browser.submit(&home, "/logout", &[]).await;
    let page = browser.follow(page).await;
    let goodbye = browser.get(&page.link("Sign out of Okta too")).await;
    let okta = goodbye.location();
    assert!(okta.as_str().starts_with(product.okta.issuer()), "{okta}");
    product.kill();

    // A lost one is not replaced by one that opens nothing.
    std::fs::remove_file(&key).unwrap();
    let said = refusal(&[&database]);
    assert!(said.contains("put the file back"), "{said}");
    assert!(!key.exists());
}
