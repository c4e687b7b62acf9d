//! Two client secrets while one is replaced in Okta: the one that Okta takes is used, and the administrator sees both.

use okta_sso_demo::dev_okta::Endpoint;

use crate::browser::{Browser, Page};
use crate::stage::{CLIENT_SECRET, Stage};

const REMOVE: &str = "/settings/sso/secret/remove";
const BO: &str = "bo@acme.example";

/// Acme's application in Okta's admin console.
struct Console<'a> {
    stage: &'a Stage,
    browser: Browser,
}

impl<'a> Console<'a> {
    fn open(stage: &'a Stage) -> Self {
        let browser = stage.browser();
        Self { stage, browser }
    }

    async fn page(&self) -> Page {
        let url = format!("{}/admin/app/0oaacme/sign-on", self.stage.issuer);
        self.browser.visit(&url.parse().unwrap()).await
    }

    /// Does this to the secret, or where it says so.
    async fn change(&self, beside: &str, action: &str) {
        let secrets = "/admin/app/0oaacme/secrets";
        let page = self.page().await;
        let fields = [("action", action)];
        let changed = self
            .browser
            .submit_beside(&page, beside, secrets, &fields)
            .await;
        assert!(changed.status.is_redirection());
    }

    async fn generate(&self) -> String {
        self.change("", "generate").await;
        let page = self.page().await;
        let (_, newest) = page.body.split_once(r#"<code class="secret">"#).unwrap();
        newest.split_once('<').unwrap().0.to_owned()
    }
}

/// Acme with a new secret in use and the one before beside it.
async fn with_two(stage: &Stage, anna: &Browser, console: &Console<'_>) -> String {
    let new = console.generate().await;
    save(stage, anna, &new).await.says(200, "Saved as a draft.");
    let page = stage.test_sign_in_known(anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    new
}

async fn save(stage: &Stage, anna: &Browser, secret: &str) -> Page {
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", secret),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(anna, &fields).await;
    anna.follow(page).await
}

/// Bo signs in; how often Okta was asked with the client's credential. To push the authorization request and to redeem
/// the code takes two.
async fn asked_as_the_client(stage: &Stage) -> u64 {
    let requests = stage.okta.requests();
    let asked = || requests.of(Endpoint::Par) + requests.of(Endpoint::Token);
    let before = asked();
    let page = stage.sign_in(&stage.browser(), BO).await;
    page.says(200, "Hello, Bo");
    asked() - before
}

async fn events(stage: &Stage) -> i64 {
    let taken = "SELECT count(*) FROM events WHERE code = 'settings/second-secret-taken'";
    stage.count(taken).await
}

#[tokio::test]
async fn the_one_that_okta_takes_is_used() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let console = Console::open(&stage);
    let settings = stage.at("/settings/sso");
    let page = anna.visit(&settings).await;
    assert!(
        !page.text().contains("Client secrets in use"),
        "there is one"
    );
    let new = with_two(&stage, &anna, &console).await;
    let page = anna.visit(&settings).await;
    page.says(200, "Client secrets in use")
        .says(200, "First Set on")
        .says(200, "Second Set on");
    assert_eq!(asked_as_the_client(&stage).await, 2);

    // The wrong one is deactivated in Okta.
    console.change(&new, "deactivate").await;
    assert_eq!(asked_as_the_client(&stage).await, 3, "one of them again");
    assert_eq!(events(&stage).await, 1);
    assert_eq!(asked_as_the_client(&stage).await, 2, "the other way round");
    anna.visit(&stage.at("/history"))
        .await
        .says(200, "Okta refused one client secret and took the other");

    // Now the right one.
    console.change(&new, "activate").await;
    console.change(CLIENT_SECRET, "deactivate").await;
    assert_eq!(asked_as_the_client(&stage).await, 3);
    assert_eq!(events(&stage).await, 2);
    console.change(&new, "deactivate").await; // it is the last one: Okta does not
    let page = anna.visit(&settings).await;
    for secret in [&new, CLIENT_SECRET] {
        assert!(!page.body.contains(secret));
    }
    let page = anna
        .submit_beside(&page, "<strong>Second</strong>", REMOVE, &[])
        .await;
    let page = anna.follow(page).await;
    page.says(200, "The client secret is removed.");
    assert!(!page.text().contains("Client secrets in use"));
    let left = "SELECT count(*) FROM second_secrets";
    assert_eq!(stage.count(left).await, 0);
    assert_eq!(asked_as_the_client(&stage).await, 2);
    let removed = stage.latest("acme", "settings/secret-removed").await;
    assert_eq!(removed.unwrap().0, "anna@acme.example");
}

/// A test sign-in proves the secret that was saved, whatever else Okta would take.
#[tokio::test]
async fn a_test_does_not_fall_back() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let console = Console::open(&stage);
    with_two(&stage, &anna, &console).await;
    save(&stage, &anna, "not-the-secret").await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Failed").says(200, "Nothing was changed.");
    assert_eq!(events(&stage).await, 0);
    assert_eq!(asked_as_the_client(&stage).await, 2);
}

#[tokio::test]
async fn several_sign_ins_at_once_change_it_once() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let console = Console::open(&stage);
    let new = with_two(&stage, &anna, &console).await;
    console.change(&new, "deactivate").await;
    let browsers = [(); 3].map(|()| stage.browser());
    let [one, two, three] = &browsers;
    let callbacks = [
        stage.callback(one, BO).await,
        stage.callback(two, BO).await,
        stage.callback(three, BO).await,
    ];
    let pages = tokio::join!(
        one.visit(&callbacks[0]),
        two.visit(&callbacks[1]),
        three.visit(&callbacks[2]),
    );
    for page in [pages.0, pages.1, pages.2] {
        page.says(200, "Hello, Bo");
    }
    assert_eq!(events(&stage).await, 1);
    assert_eq!(asked_as_the_client(&stage).await, 2);
}

/// Only an administrator of the company removes one, and never the last.
#[tokio::test]
async fn the_last_secret_stays() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let console = Console::open(&stage);
    let new = with_two(&stage, &anna, &console).await;
    let page = anna.visit(&stage.at("/settings/sso")).await;
    let first = page.hidden_beside("<strong>First</strong>", REMOVE);
    let name = |field: &(String, String)| (field.0 == "secret").then(|| field.1.clone());
    let first = first.iter().find_map(name).unwrap();
    let both = "SELECT count(*) FROM second_secrets";

    // Gina's page is of another company.
    let gina = stage.gina().await;
    let theirs = gina.visit(&stage.at("/settings/sso")).await;
    let proof = theirs.hidden("/settings/sso");
    let [(_, proof)] = &proof[..] else {
        panic!("{proof:?}")
    };
    let fields = [("proof", &**proof), ("secret", &*first)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let url = stage.at(REMOVE);
    gina.send(&url, gina.request_post(&url, &fields)).await;
    assert_eq!(stage.count(both).await, 1);

    let again = anna.visit(&stage.at("/settings/sso")).await;
    anna.submit(&page, REMOVE, &[]).await;
    assert_eq!(stage.count(both).await, 0);
    // From a page that is behind.
    anna.submit(&again, REMOVE, &[]).await;
    let sealed = "SELECT count(*) FROM connections WHERE tenant = 'acme' AND secret IS NOT NULL";
    assert_eq!(stage.count(sealed).await, 1);
    console.change(&new, "deactivate").await;
    assert_eq!(asked_as_the_client(&stage).await, 2, "the old one is left");
}
