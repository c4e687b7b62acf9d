//! Rows that were changed behind the product's back.

use crate::stage::Stage;

/// Another company's secret, sealed by the same key, in this one's row: it does not open there, and nothing is sent.
#[tokio::test]
async fn mt_28_a_secret_that_was_copied_from_another_row() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await.says(200, "Set on");
    let anna = stage.browser();
    let callback = stage.callback(&anna, "anna@acme.example").await;
    stage
        .change(
            "UPDATE connections SET secret = (SELECT secret FROM drafts WHERE tenant = 'globex')
             WHERE tenant = 'acme'",
        )
        .await;
    anna.get(&callback)
        .await
        .says(503, "Something went wrong on our side");
    let page = stage.press_okta(&stage.browser()).await;
    page.says(503, "Something went wrong on our side");
    let event = stage.latest("acme", "fault/secret").await;
    assert!(event.is_some(), "MT-28: the administrator finds the reason");
    assert_eq!(
        stage.count("SELECT count(*) FROM sessions").await,
        1,
        "hers"
    );
}
