//! *Sign-in history*: each attempt under its number, for the company's own administrators.

use std::time::Duration;

use okta_sso_demo::dev_okta::Switch;

use crate::stage::Stage;

/// The rows of the table, in words.
fn rows(page: &crate::browser::Page) -> usize {
    let (_, body) = page.body.split_once("<tbody").unwrap_or_default();
    body.matches("<tr").count()
}

#[tokio::test]
async fn a_refusal_is_found_by_its_number() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let refused = stage.sign_in(&stage.browser(), "eve@acme.example").await;
    let number = refused.number();
    stage.okta.switches().turn_on(Switch::TamperedSignature);
    stage.sign_in(&stage.browser(), "bo@acme.example").await;
    let page = anna.visit(&stage.at("/history")).await;
    assert_eq!(rows(&page), 3);
    page.says(200, "Signed in with Okta for the first time.")
        .says(200, "eve@acme.example")
        .says(200, &number)
        .says(200, "Refused ID token");
    let page = anna
        .visit(&stage.at(&format!("/history?search={number}")))
        .await;
    assert_eq!(rows(&page), 1);
    page.says(200, "eve@acme.example")
        .says(200, "Refused Account");
    for (query, expected) in [
        ("kind=refused", 2),
        ("kind=signed-in", 1),
        ("kind=changed", 0),
        ("kind=refused&search=eve", 1),
        ("search=anna", 1),
        ("search=ANNA", 1),
        ("search=Eve@Acme.example", 1),
        ("kind=&search=", 3),
        ("kind=evil", 3),
        ("search=%25", 0),
        ("search=%27%20OR%201=1", 0),
        ("search=a&search=anna", 1),
        ("%ff=%ff&search", 3),
    ] {
        let page = anna.visit(&stage.at(&format!("/history?{query}"))).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(rows(&page), expected, "{query}: {}", page.text());
        if expected == 0 {
            page.says(200, "Nothing matches");
        }
    }
    // A number counts letter by letter.
    let other_case = if number.to_uppercase() == number {
        number.to_lowercase()
    } else {
        number.to_uppercase()
    };
    anna.visit(&stage.at(&format!("/history?search={other_case}")))
        .await
        .says(200, "Nothing matches");
    // Its words are no markup, and the export takes the same filter.
    let page = anna
        .visit(&stage.at("/history?search=\"><script>alert(1)</script>"))
        .await;
    assert!(!page.body.contains("<script>alert"));
    let page = anna
        .visit(&stage.at("/history?kind=refused&search=eve"))
        .await;
    let export = anna.visit(&page.link("Export as CSV")).await;
    assert_eq!(export.body.lines().count(), 2, "{}", export.body);
    assert!(export.body.contains(&number), "{}", export.body);
}

#[tokio::test]
async fn a_page_that_leaves_something_out_says_so() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let left_out = "Only the latest 200 are shown.";
    let changes = stage.at("/history?kind=changed");
    for _ in 0..200 {
        stage.happens("globex", "people/invited", "").await;
    }
    let page = gina.visit(&changes).await;
    assert_eq!(rows(&page), 200);
    assert!(!page.text().contains(left_out));
    stage.happens("globex", "people/invited", "").await;
    let page = gina.visit(&changes).await;
    assert_eq!(rows(&page), 200);
    page.says(200, left_out);
    let export = gina.visit(&page.link("Export as CSV")).await;
    assert_eq!(export.body.lines().count(), 1 + 201);
}

#[tokio::test]
async fn a_company_sees_its_own_history_alone() {
    let stage = Stage::open().await;
    let (anna, gina) = (stage.anna().await, stage.gina().await);
    let refused = stage.sign_in(&stage.browser(), "eve@acme.example").await;
    let number = refused.number();
    for path in [
        "/history".to_owned(),
        format!("/history?search={number}"),
        "/history.csv".to_owned(),
        format!("/history.csv?search={number}"),
    ] {
        let own = anna.visit(&stage.at(&path)).await;
        assert!(own.body.contains("eve@acme.example"), "{path}");
        let foreign = gina.visit(&stage.at(&path)).await;
        assert_eq!(foreign.status, 200, "{path}");
        assert!(!foreign.body.contains("acme"), "{path}: {}", foreign.body);
        let stranger = stage.browser().visit(&stage.at(&path)).await;
        assert_eq!(stranger.url.path(), "/login", "{path}");
    }
}

#[tokio::test]
async fn an_export_holds_no_formula() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let page = gina.visit(&stage.at("/people")).await;
    let fields = [("name", "A, \"B\""), ("email", "=cmd|x!a1@globex.example")];
    let page = gina.submit(&page, "/people/invite", &fields).await;
    gina.follow(page).await.says(200, "Invited.");
    let export = gina.visit(&stage.at("/history.csv")).await;
    assert_eq!(export.header("content-type"), "text/csv; charset=utf-8");
    let name = export.header("content-disposition");
    assert_eq!(name, "attachment; filename=\"sign-in-history.csv\"");
    let mut lines = export.body.split("\r\n");
    assert_eq!(
        lines.next(),
        Some("time,code,phase,who,what,detail,reference")
    );
    let line = lines.next().unwrap();
    assert!(
        line.starts_with(
            "\"2026-09-21T14:13:20Z\",\"people/invited\",\"\",\"gina@globex.example\","
        ),
        "{line}"
    );
    assert!(line.contains(",\"'=cmd|x!a1@globex.example\","), "{line}");
    for cell in export.body.split(['\n', ',']) {
        assert!(!cell.starts_with("\"="), "{cell}");
    }
}

/// A stranger types whatever they like for an address: no mark in it turns what stands beside it.
#[tokio::test]
async fn what_a_stranger_typed_is_shown_harmless() {
    let stage = Stage::open().await;
    let (anna, olga) = (stage.anna().await, stage.olga().await);
    stage
        .password(&stage.browser(), "\u{202e}moc@acme.example", "wrong")
        .await
        .says(403, "Your company signs in with Okta.");
    // Written down beside the answer.
    let code = "refused/password-not-accepted";
    for _ in 0..500 {
        if stage.latest("acme", code).await.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (shown, spelled) = (
        "\u{fffd}moc@acme.example",
        "“\u{fffd}moc@acme.example”, with U+202E (a mark that turns text)",
    );
    let export = anna.visit(&stage.at("/history.csv?kind=refused")).await;
    let line = export.body.lines().nth(1).unwrap();
    assert!(line.contains(&format!(",\"{shown}\",")), "{line}");
    assert!(line.contains(&format!(",\"{spelled}\",")), "{line}");
    let page = anna.visit(&stage.at("/history")).await;
    let company = olga.visit(&stage.at("/operator/tenants/acme")).await;
    for page in [&page, &company] {
        let isolated = format!("<bdi dir=\"ltr\">{spelled}</bdi>");
        assert!(page.body.contains(&isolated), "{}", page.body);
    }
    for page in [&export, &page, &company] {
        assert!(!page.body.contains('\u{202e}'), "{}", page.body);
    }
}

/// Of what nobody is known to have done, the operator reads no empty name.
#[tokio::test]
async fn nobody_is_named_where_nobody_is_known() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    stage
        .happens("acme", "login/transaction-not-found", "")
        .await;
    let page = olga.visit(&stage.at("/operator/tenants/acme")).await;
    assert!(page.body.contains("somewhere"), "{}", page.body);
    assert!(!page.body.contains("<strong></strong>"), "{}", page.body);
    assert!(
        !page.body.contains("<bdi dir=\"ltr\"></bdi>"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn the_health_of_the_connection() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let page = gina.visit(&stage.at("/history")).await;
    assert!(!page.text().contains("How the connection is"));
    let anna = stage.anna().await;
    let page = anna.visit(&stage.at("/history")).await;
    page.says(200, "Last sign-in with Okta less than a minute ago")
        .says(200, "With Okta, 7 days 1 in, 0 refused")
        .says(200, "Errors of Okta, 7 days 0")
        .says(200, "Connection test Not made yet")
        .says(200, "Clock difference to Okta Not measured")
        .says(200, "Newest signing key seen Not seen yet")
        .says(200, "at most 1 on a day");
    let ask = async || {
        let page = anna.visit(&stage.at("/history")).await;
        let page = anna.submit(&page, "/history/check", &[]).await;
        anna.follow(page).await
    };
    ask()
        .await
        .says(200, "Connection test All well")
        .says(
            200,
            "Clock difference to Okta 0 seconds as of the connection test",
        )
        .says(
            200,
            "Newest signing key seen less than a minute ago as of the connection test",
        );
    stage.pass(3 * 60);
    ask()
        .await
        .says(200, "Connection test All well")
        .says(200, "Newest signing key seen 3 minutes ago");
    stage.okta.rotate_keys().unwrap();
    ask()
        .await
        .says(200, "Newest signing key seen less than a minute ago");
    stage.okta.switches().turn_on(Switch::TokenServerError);
    stage.sign_in(&stage.browser(), "bo@acme.example").await;
    stage.okta.switches().turn_all_off();
    // Somebody whom Okta turns away is refused, and is no error of Okta.
    let page = stage.sign_in(&stage.browser(), "carl@acme.example").await;
    assert_eq!(page.status, 403);
    stage.okta.switches().turn_on(Switch::KeysHtml);
    stage.pass(7 * 60);
    let page = ask().await;
    page.says(200, "Last sign-in with Okta 10 minutes ago")
        .says(200, "With Okta, 7 days 1 in, 2 refused")
        .says(200, "Errors of Okta, 7 days 1")
        .says(200, "Connection test Look at it");
    anna.visit(&page.link("Look at it"))
        .await
        .says(200, "Failed Keys");
}
