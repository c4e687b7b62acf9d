//! What a company goes through until it signs in with Okta, step by step, for the tests of the pages.

use crate::browser::{Browser, Page};
use crate::stage::{CLIENT_SECRET_OF_GLOBEX, PASSWORD, Stage};

pub(crate) const GINA: &str = "gina@globex.example";
pub(crate) const OPERATOR_PASSWORD: &str = "canary-operator-password";

impl Stage {
    /// Globex's administrator, signed in with a password.
    pub(crate) async fn gina(&self) -> Browser {
        let gina = self.browser();
        let page = self.password(&gina, GINA, PASSWORD).await;
        page.says(200, "Hello, Gina");
        gina
    }

    /// Acme's administrator, signed in with Okta.
    pub(crate) async fn anna(&self) -> Browser {
        let anna = self.browser();
        let page = self.sign_in(&anna, "anna@acme.example").await;
        page.says(200, "Hello, Anna");
        anna
    }

    /// The operator, signed in at the console.
    pub(crate) async fn olga(&self) -> Browser {
        let olga = self.browser();
        let page = olga.visit(&self.at("/operator")).await;
        page.says(200, "For the people who run Ledgerline.");
        let fields = [("name", "olga"), ("password", OPERATOR_PASSWORD)];
        let page = olga.submit(&page, "/operator/login", &fields).await;
        olga.follow(page).await.says(200, "Held domains");
        olga
    }

    /// Fills in the settings form and presses a button; stops at the answer.
    pub(crate) async fn send_settings(
        &self,
        administrator: &Browser,
        fields: &[(&str, &str)],
    ) -> Page {
        let page = administrator.visit(&self.at("/settings/sso")).await;
        page.says(200, "Single sign-on");
        administrator.submit(&page, "/settings/sso", fields).await
    }

    /// What the script asks while the form is being filled in.
    pub(crate) async fn hints(&self, administrator: &Browser, fields: &[(&str, &str)]) -> Page {
        let page = administrator.visit(&self.at("/settings/sso")).await;
        let mut all = page.hidden("/settings/sso");
        all.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let url = self.at("/settings/sso/check");
        let request = administrator.request_post(&url, &all);
        administrator.send(&url, request).await
    }

    /// Saves Globex's values from Okta, switched on.
    pub(crate) async fn save_globex(&self, administrator: &Browser) -> Page {
        let fields = [
            ("enabled", "on"),
            ("client_id", "0oaglobex"),
            ("client_secret", CLIENT_SECRET_OF_GLOBEX),
            ("issuer", &*self.issuer),
            ("email_rule", "exact"),
            ("then", "save"),
        ];
        let page = self.send_settings(administrator, &fields).await;
        administrator.follow(page).await
    }

    pub(crate) async fn ask_for_domain(&self, administrator: &Browser, domain: &str) -> Page {
        let page = administrator.visit(&self.at("/settings/sso")).await;
        let fields = [("domain", domain)];
        let page = administrator
            .submit(&page, "/settings/sso/domain", &fields)
            .await;
        administrator.follow(page).await
    }

    /// The operator presses a button beside a domain; stops at the answer.
    pub(crate) async fn decide(
        &self,
        olga: &Browser,
        domain: &str,
        fields: &[(&str, &str)],
    ) -> Page {
        let page = olga.visit(&self.at("/operator")).await;
        let page = olga
            .submit_beside(&page, &format!(">{domain}<"), "/operator/domains", fields)
            .await;
        olga.follow(page).await
    }

    /// The same beside a domain that a company holds.
    pub(crate) async fn change_held(&self, olga: &Browser, domain: &str, action: &str) -> Page {
        let page = olga.visit(&self.at("/operator")).await;
        let held = format!("<strong>{domain}</strong>");
        let fields = [("action", action)];
        let page = olga
            .submit_beside(&page, &held, "/operator/domains", &fields)
            .await;
        olga.follow(page).await
    }

    /// Releases a domain that a company holds, after the question.
    pub(crate) async fn release(&self, olga: &Browser, tenant: &str, domain: &str) -> Page {
        let question = format!("/operator/domains/release?tenant={tenant}&domain={domain}");
        let page = olga.visit(&self.at(&question)).await;
        page.says(200, &format!("Release {domain}?"));
        let fields = [("action", "release")];
        let page = olga.submit(&page, "/operator/domains", &fields).await;
        olga.follow(page).await
    }

    pub(crate) async fn approve(&self, olga: &Browser, domain: &str) -> Page {
        self.decide(olga, domain, &[("action", "approve")]).await
    }

    /// The whole of a test sign-in, as `login` at Okta: its check list.
    pub(crate) async fn test_sign_in(&self, administrator: &Browser, login: &str) -> Page {
        let page = administrator.visit(&self.at("/settings/sso/test")).await;
        self.go_and_test(administrator, &page, login).await
    }

    async fn go_and_test(&self, administrator: &Browser, page: &Page, login: &str) -> Page {
        page.says(200, "lets nobody in");
        let page = administrator.visit(&page.link("Continue to Okta")).await;
        let callback = self.identify(administrator, &page, login).await;
        let page = administrator.visit(&callback).await;
        assert!(
            page.url.path().starts_with("/settings/sso/test/"),
            "{}",
            page.url
        );
        page
    }

    /// The same for somebody who is signed in at Okta already.
    pub(crate) async fn test_sign_in_known(&self, administrator: &Browser) -> Page {
        let page = administrator.visit(&self.at("/settings/sso/test")).await;
        administrator.visit(&page.link("Continue to Okta")).await
    }

    /// The same from the list of one that failed, as somebody else than Okta knows.
    pub(crate) async fn test_again_as(
        &self,
        administrator: &Browser,
        failed: &Page,
        login: &str,
    ) -> Page {
        let page = administrator
            .visit(&failed.link("Test again as somebody else"))
            .await;
        page.says(200, "Okta asks who you are, even if it knows somebody");
        self.go_and_test(administrator, &page, login).await
    }

    /// Brings Globex through the whole guide.
    pub(crate) async fn activate_globex(&self, gina: &Browser, olga: &Browser) {
        self.save_globex(gina).await.says(200, "Saved as a draft.");
        self.ask_for_domain(gina, "globex.example")
            .await
            .says(200, "We have your request.");
        self.approve(olga, "globex.example")
            .await
            .says(200, "Approved.");
        let page = self.test_sign_in(gina, GINA).await;
        page.says(
            200,
            "Single sign-on is active at Globex with these settings.",
        );
    }
}
