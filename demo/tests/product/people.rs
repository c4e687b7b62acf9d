//! *People*: invited, deactivated, unlinked and removed by administrators; nobody is made by signing in.

use okta_sso_demo::dev_okta::Switch;

use crate::browser::{Browser, Page};
use crate::stage::Stage;

const BO: &str = "bo@acme.example";
const EVE: &str = "eve@acme.example";

/// Presses one of the buttons beside a person; stops at the page that follows.
async fn change(stage: &Stage, administrator: &Browser, email: &str, action: &str) -> Page {
    let page = administrator.visit(&stage.at("/people")).await;
    let row = format!("<span class=\"address\">{email}<");
    let fields = [("action", action)];
    let page = administrator
        .submit_beside(&page, &row, "/people/change", &fields)
        .await;
    administrator.follow(page).await
}

async fn invite(stage: &Stage, administrator: &Browser, name: &str, email: &str) -> Page {
    let page = administrator.visit(&stage.at("/people")).await;
    let fields = [("name", name), ("email", email)];
    let page = administrator.submit(&page, "/people/invite", &fields).await;
    administrator.follow(page).await
}

#[tokio::test]
async fn an_invited_person_comes_in_and_nobody_else() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let users = stage.count("SELECT count(*) FROM users").await;
    let page = stage.sign_in(&stage.browser(), EVE).await;
    page.says(403, "does not open an account here");
    assert_eq!(stage.count("SELECT count(*) FROM users").await, users);
    let page = invite(&stage, &anna, "Eve Ekman", EVE).await;
    page.says(200, "Invited. Tell the person to sign in")
        .says(200, "Can be tied to their Okta account until 21 Oct 2026");
    let eve = stage.browser();
    stage.sign_in(&eve, EVE).await.says(200, "Hello, Eve");
    let page = anna.visit(&stage.at("/people")).await;
    page.says(200, "Tied to one Okta account.");
    let (actor, detail) = stage.latest("acme", "people/invited").await.unwrap();
    assert_eq!(
        (actor.as_str(), detail.as_str()),
        ("anna@acme.example", EVE)
    );
    // She is no administrator, and the pages for those say so.
    for path in [
        "/people",
        "/settings/sso",
        "/history",
        "/history.csv",
        "/settings/sso/test",
    ] {
        let page = eve.visit(&stage.at(path)).await;
        page.says(403, "This page is for the administrators of your company.");
    }
}

#[tokio::test]
async fn an_invitation_that_cannot_be_says_why() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let users = stage.count("SELECT count(*) FROM users").await;
    for (name, email, wrong, problem) in [
        ("", "x@acme.example", "name", "Enter the person’s name"),
        (
            &*"x".repeat(101),
            "x@acme.example",
            "name",
            "at most 100 characters",
        ),
        ("X", "", "email", "not an e-mail address"),
        ("X", "x", "email", "not an e-mail address"),
        ("X", " x@acme.example", "email", "without spaces"),
        ("X", "x@acme.example ", "email", "without spaces"),
        ("X", "x..y@acme.example", "email", "not an e-mail address"),
        (
            "X",
            "x@evil.example@acme.example",
            "email",
            "not an e-mail address",
        ),
        (
            "X",
            "\u{445}@acme.example",
            "email",
            "not an e-mail address",
        ),
        (
            "X",
            "\"><script>alert(1)</script>@acme.example",
            "email",
            "not an e-mail address",
        ),
        (
            "X",
            BO,
            "email",
            "Somebody here has this e-mail address already.",
        ),
    ] {
        let page = invite(&stage, &anna, name, email).await;
        page.says(422, problem);
        for field in ["name", "email"] {
            let described = page.described(field);
            let is_told = described.iter().any(|text| text.contains(problem));
            assert_eq!(is_told, field == wrong, "{field}: {email}");
            assert_eq!(page.is_invalid(field), field == wrong, "{field}: {email}");
        }
        assert_eq!(page.value("name"), name);
        assert_eq!(page.value("email"), email);
        assert!(!page.body.contains("<script>alert"), "{email}");
    }
    assert_eq!(stage.count("SELECT count(*) FROM users").await, users);
    // The same address at another company is another person.
    let gina = stage.gina().await;
    invite(&stage, &gina, "Bo", BO).await.says(200, "Invited.");
}

#[tokio::test]
async fn deactivating_ends_the_sessions() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let (bo, phone) = (stage.browser(), stage.browser());
    stage.sign_in(&bo, BO).await.says(200, "Hello, Bo");
    stage.sign_in(&phone, BO).await.says(200, "Hello, Bo");
    change(&stage, &anna, BO, "deactivate")
        .await
        .says(200, "Deactivated. Their sessions have ended.");
    stage.is_signed_out_of(&bo).await;
    stage.is_signed_out_of(&phone).await;
    let page = stage.press_okta(&bo).await;
    page.says(403, "does not open an account here");
    change(&stage, &anna, BO, "activate")
        .await
        .says(200, "Activated. They can sign in again.");
    stage.press_okta(&bo).await.says(200, "Hello, Bo");
    for code in ["people/disabled", "people/enabled"] {
        let (actor, detail) = stage.latest("acme", code).await.unwrap();
        assert_eq!((actor.as_str(), detail.as_str()), ("anna@acme.example", BO));
    }
}

#[tokio::test]
async fn unlinking_and_inviting_again() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let bo = stage.browser();
    stage.sign_in(&bo, BO).await.says(200, "Hello, Bo");
    let page = change(&stage, &anna, BO, "unlink").await;
    page.says(200, "Unlinked. Invite the person again")
        .says(200, "Cannot sign in until invited.");
    stage.is_signed_out_of(&bo).await;
    let page = stage.press_okta(&bo).await;
    page.says(403, "does not open an account here");
    change(&stage, &anna, BO, "invite")
        .await
        .says(200, "Invited.");
    stage.press_okta(&bo).await.says(200, "Hello, Bo");
    assert!(stage.latest("acme", "people/unlinked").await.is_some());
}

#[tokio::test]
async fn a_removed_person_is_a_stranger() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let bo = stage.browser();
    stage.sign_in(&bo, BO).await.says(200, "Hello, Bo");
    let id = "SELECT id FROM users WHERE email = 'bo@acme.example'";
    let id = stage.text(id).await;
    let question = stage.at(&format!("/people/remove/{id}"));
    let page = anna.visit(&stage.at("/people")).await;
    assert!(page.body.contains(&format!("href=\"{}\"", question.path())));
    // Asked once more; until then nothing has happened.
    let page = anna.visit(&question).await;
    page.says(200, "for good?").says(200, BO);
    assert_eq!(stage.me(&bo).await["email"], BO);
    let fields = [("action", "remove")];
    let page = anna.submit(&page, "/people/change", &fields).await;
    let page = anna.follow(page).await;
    page.says(200, "Removed, with everything that tied them to Okta.");
    assert!(!page.body.contains(BO));
    stage.is_signed_out_of(&bo).await;
    let page = stage.press_okta(&bo).await;
    page.says(403, "does not open an account here");
    assert_eq!(
        stage
            .count("SELECT count(*) FROM users WHERE email = 'bo@acme.example'")
            .await,
        0
    );
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 1);
}

/// Nobody takes their own way in away, and nobody reaches the people of another company.
#[tokio::test]
async fn a_form_for_somebody_out_of_reach_changes_nothing() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let page = anna.visit(&stage.at("/people")).await;
    let proof = page.hidden("/logout");
    let send = async |id: &str, action: &str| {
        let mut fields = proof.clone();
        fields.push(("id".to_owned(), id.to_owned()));
        fields.push(("action".to_owned(), action.to_owned()));
        let url = stage.at("/people/change");
        anna.send(&url, anna.request_post(&url, &fields)).await
    };
    let own = "SELECT id FROM users WHERE email = 'anna@acme.example'";
    let own = stage.text(own).await;
    let gina = "SELECT id FROM users WHERE email = 'gina@globex.example'";
    let gina = stage.text(gina).await;
    for action in ["deactivate", "unlink", "remove"] {
        send(&own, action).await.says(404, "no such page");
        send(&gina, action).await.says(404, "no such page");
        send("nobody", action).await.says(404, "no such page");
    }
    send(&gina, "invite").await.says(404, "no such page");
    for id in [&*own, &gina, "nobody"] {
        let question = stage.at(&format!("/people/remove/{id}"));
        anna.visit(&question).await.says(404, "no such page");
    }
    send(&own, "erase").await.says(400, "could not be read");
    assert_eq!(stage.me(&anna).await["email"], "anna@acme.example");
    let gina = stage.gina().await;
    assert_eq!(stage.me(&gina).await["tenant"], "globex");
    assert_eq!(
        stage
            .count("SELECT count(*) FROM events WHERE code LIKE 'people/%'")
            .await,
        0
    );
}

/// Only administrators learn how near it was, and one click mends it.
#[tokio::test]
async fn a_near_miss_is_mended_by_one_click() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    invite(&stage, &anna, "Eve Ekman", "Eve@acme.example")
        .await
        .says(200, "Invited.");
    let eve = stage.browser();
    let refused = stage.sign_in(&eve, EVE).await;
    refused.says(403, "does not open an account here");
    assert!(
        !refused.text().to_lowercase().contains("capital"),
        "{}",
        refused.text()
    );
    let page = anna.visit(&stage.at("/people")).await;
    page.says(200, "Eve Ekman was almost let in")
        .says(200, "The two addresses differ in capital letters.")
        .says(200, &format!("From Okta {EVE} Invited as Eve@acme.example"));
    // An address that nobody came with is not taken, nor is a person who is not near it.
    let mut forged = page.hidden("/people/mend");
    forged
        .iter_mut()
        .find(|(name, _)| name == "email")
        .unwrap()
        .1 = "boss@acme.example".into();
    let url = stage.at("/people/mend");
    let answer = anna.send(&url, anna.request_post(&url, &forged)).await;
    answer.says(404, "no such page");
    let page = anna.submit(&page, "/people/mend", &[]).await;
    let page = anna.follow(page).await;
    page.says(200, "The address is corrected and the invitation is open.");
    assert!(!page.text().contains("was almost let in"));
    stage.press_okta(&eve).await.says(200, "Hello, Eve");
    let (actor, detail) = stage.latest("acme", "people/address-mended").await.unwrap();
    assert_eq!(actor, "anna@acme.example");
    assert_eq!(detail, format!("Eve@acme.example → {EVE}"));
}

/// What Okta has is no address: its odd characters are named, and nobody here is given it.
#[tokio::test]
async fn what_is_wrong_in_okta_is_mended_there() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    invite(&stage, &anna, "Eve Ekman", EVE)
        .await
        .says(200, "Invited.");
    for (switch, from_okta, spelled, heading, near) in [
        (
            Switch::TrailingSpace,
            "eve@acme.example ",
            "“eve@acme.example ”, with U+0020 (a space)",
            "Eve Ekman was almost let in",
            "The two addresses differ in spaces or in characters that cannot be seen.",
        ),
        (
            Switch::LookAlike,
            "\u{435}v\u{435}@\u{430}cm\u{435}.\u{435}x\u{430}mpl\u{435}",
            "“\u{435}v\u{435}@\u{430}cm\u{435}.\u{435}x\u{430}mpl\u{435}”, with U+0435 (a Cyrillic letter), \
             U+0430 (a Cyrillic letter)",
            "An address from Okta looks like that of Eve Ekman",
            "The two addresses look the same but are written with other characters.",
        ),
    ] {
        stage.okta.switches().turn_all_off();
        stage.okta.switches().turn_on(switch);
        let refused = stage.sign_in(&stage.browser(), EVE).await;
        refused.says(403, "does not open an account here");
        assert!(!refused.text().contains("eve@"), "{}", refused.text());
        let (code, actor, _) = stage.history("acme", &refused.number()).await;
        assert_eq!((&*code, &*actor), ("login/email-malformed", from_okta));
        for path in ["/history", "/history.csv"] {
            anna.visit(&stage.at(path)).await.says(200, spelled);
        }
        let page = anna.visit(&stage.at("/people")).await;
        page.says(200, heading)
            .says(200, &format!("without quotes and spaces. {near}"))
            .says(200, &format!("From Okta {spelled} Invited as {EVE}"))
            .says(200, "It has to be mended in Okta");
        assert!(!page.body.contains("/people/mend"), "{}", page.text());
        let id = stage
            .text("SELECT id FROM users WHERE name = 'Eve Ekman'")
            .await;
        let mut fields = page.hidden("/people/invite");
        fields.push(("id".to_owned(), id));
        fields.push(("email".to_owned(), from_okta.to_owned()));
        let url = stage.at("/people/mend");
        let answer = anna.send(&url, anna.request_post(&url, &fields)).await;
        answer.says(404, "no such page");
    }
    stage.okta.switches().turn_all_off();
    stage
        .sign_in(&stage.browser(), EVE)
        .await
        .says(200, "Hello, Eve");
    let page = anna.visit(&stage.at("/people")).await;
    for heading in ["was almost let in", "looks like that of"] {
        assert!(!page.text().contains(heading), "{}", page.text());
    }
}

/// Somebody who edits their own address at Okta is not tied to another person's account by one click.
#[tokio::test]
async fn what_follows_a_plus_sign_is_not_mended() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    invite(&stage, &anna, "Chief", "eve+chief@acme.example")
        .await
        .says(200, "Invited.");
    let eve = stage.browser();
    stage
        .sign_in(&eve, EVE)
        .await
        .says(403, "does not open an account here");
    let page = anna.visit(&stage.at("/people")).await;
    page.says(200, "Chief was almost let in")
        .says(200, "differ in what follows a plus sign");
    assert!(!page.body.contains("/people/mend"), "{}", page.text());
    let id = stage
        .text("SELECT id FROM users WHERE name = 'Chief'")
        .await;
    let mut fields = page.hidden("/people/invite");
    fields.push(("id".to_owned(), id));
    fields.push(("email".to_owned(), EVE.to_owned()));
    let url = stage.at("/people/mend");
    let answer = anna.send(&url, anna.request_post(&url, &fields)).await;
    answer.says(404, "no such page");
    stage
        .press_okta(&eve)
        .await
        .says(403, "does not open an account here");
}

/// Where passwords are what people sign in with, an invitation alone lets nobody in, and the page does not say so.
#[tokio::test]
async fn an_invitation_is_promised_what_it_is_worth() {
    let stage = Stage::open().await;
    let (anna, gina) = (stage.anna().await, stage.gina().await);
    let page = invite(&stage, &anna, "Ida", "ida@acme.example").await;
    page.says(200, "Tell the person to sign in");
    let page = invite(&stage, &anna, "Jon", "jon@adviser.example").await;
    page.says(
        200,
        "Cannot sign in: the address is on none of your SSO domains.",
    );
    let page = invite(&stage, &gina, "Ida", "ida@globex.example").await;
    page.says(200, "of use once your company signs in with Okta");
    assert!(!page.text().contains("Tell the person to sign in"));
}

#[tokio::test]
async fn a_company_has_no_more_people_than_its_page_shows() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage
        .change(
            "WITH RECURSIVE number (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM number WHERE n < 999)
             INSERT INTO users (id, tenant, email, name)
             SELECT 'user-' || n, 'globex', n || '@globex.example', 'Number ' || n FROM number",
        )
        .await;
    let page = invite(&stage, &gina, "Ida", "ida@globex.example").await;
    page.says(200, "Invited.").says(200, "ida@globex.example");
    let page = invite(&stage, &gina, "Jon", "jon@globex.example").await;
    page.says(422, "as many people here as there can be");
    assert_eq!(page.value("email"), "jon@globex.example");
    let people = "SELECT count(*) FROM users WHERE tenant = 'globex'";
    assert_eq!(stage.count(people).await, 1000);
}

/// What is said of somebody who was let in again is true of them.
#[tokio::test]
async fn whoever_is_kept_out_is_not_said_to_come_in() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let elsewhere = "eve@elsewhere.example";
    let page = invite(&stage, &anna, "Eve", elsewhere).await;
    page.says(200, "Invited, but kept out");
    let page = change(&stage, &anna, elsewhere, "invite").await;
    page.says(200, "Invited, but kept out");
    change(&stage, &anna, elsewhere, "deactivate").await;
    let page = change(&stage, &anna, elsewhere, "activate").await;
    page.says(200, "Activated, but they cannot sign in yet.");
    // Somebody who has come in before needs nothing else.
    stage
        .sign_in(&stage.browser(), BO)
        .await
        .says(200, "Hello, Bo");
    change(&stage, &anna, BO, "deactivate").await;
    let page = change(&stage, &anna, BO, "activate").await;
    page.says(200, "Activated. They can sign in again.");
    // Untied and not invited again, they do.
    change(&stage, &anna, BO, "unlink").await;
    change(&stage, &anna, BO, "deactivate").await;
    let page = change(&stage, &anna, BO, "activate").await;
    page.says(200, "Activated, but they cannot sign in yet.");
}
