use super::*;
use crate::contract::sso::provider::types::{
    Algorithm, ClientAuth, EmailRule, Policy, PushedAuthorization,
};

const SECRET: &str = "pS3cretpS3cretpS3cretpS3cretpS3cretpS3cret";

fn settings() -> Settings {
    Settings {
        connection_id: "acme".to_owned(),
        client_id: "0oa1b2c3d4E5F6g7h8i9".to_owned(),
        client_secret: Some(SECRET.to_owned()),
        issuer: "https://acme.okta.com".to_owned(),
        redirect_uri: "https://app.example.com/sso/okta/callback".to_owned(),
        post_logout_redirect_uri: None,
        email_domains: vec!["acme.com".to_owned()],
        policy: Policy {
            algorithms: vec![Algorithm::Rs256],
            client_auth: ClientAuth::ClientSecretBasic,
            email_rule: EmailRule::Exact,
            clock_tolerance: 120,
            max_age: None,
            acr_values: Vec::new(),
            pushed_authorization: PushedAuthorization::WhenSupported,
            network: Network::Public,
        },
    }
}

fn with(change: impl FnOnce(&mut Settings)) -> Settings {
    let mut changed = settings();
    change(&mut changed);
    changed
}

fn issuer(text: &str) -> Result<(String, Vec<CorrectionCode>), ProblemCode> {
    match check(&with(|settings| settings.issuer = text.to_owned())) {
        Ok(checked) => {
            assert!(connection::is_valid(&checked.connection), "{text}");
            let codes = checked
                .corrections
                .iter()
                .map(|correction| correction.code)
                .collect();
            Ok((checked.connection.issuer, codes))
        }
        Err(problems) => {
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
            assert_eq!(problems[0].field, Field::Issuer, "{text}");
            assert!(problems[0].expected.is_some(), "{text}");
            Err(problems[0].code)
        }
    }
}

/// The codes of one field's problems.
fn codes(settings: &Settings, field: Field) -> Vec<ProblemCode> {
    let problems = check(settings).err().unwrap_or_default();
    assert!(
        problems.iter().all(|problem| problem.field == field),
        "{problems:?}"
    );
    problems.iter().map(|problem| problem.code).collect()
}

#[test]
fn a_sound_connection_comes_back_as_given() {
    let checked = check(&settings()).unwrap();
    assert_eq!(checked.corrections, []);
    let connection = checked.connection;
    assert_eq!(connection.hosts, ["acme.okta.com"]);
    assert_eq!(connection.scopes, ["openid", "profile", "email"]);
    assert_eq!(connection.revision, connection::revision(&connection));
    assert_eq!(connection.revision.len(), 43);
}

#[test]
fn pasted_shapes_are_corrected_and_said() {
    use CorrectionCode::{
        BareHost, LetterCase, MetadataDocument, MetadataUrl, Quotes, SurroundingSpace,
        TrailingSlash,
    };
    const ORG: &str = "https://acme.okta.com";
    const CUSTOM: &str = "https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z";
    let cases: [(&str, &str, &[CorrectionCode]); 27] = [
        (ORG, ORG, &[]),
        (CUSTOM, CUSTOM, &[]),
        ("https://login.acme.co.uk", "https://login.acme.co.uk", &[]),
        (
            "https://login.xn--mller-kva.de",
            "https://login.xn--mller-kva.de",
            &[],
        ),
        (
            "https://dev-123456.okta.com",
            "https://dev-123456.okta.com",
            &[],
        ),
        ("https://acme.okta.com/", ORG, &[TrailingSlash]),
        (
            "https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/",
            CUSTOM,
            &[TrailingSlash],
        ),
        (" https://acme.okta.com\r\n", ORG, &[SurroundingSpace]),
        (
            "\u{a0}https://acme.okta.com\u{200b}",
            ORG,
            &[SurroundingSpace],
        ),
        ("\"https://acme.okta.com\"", ORG, &[Quotes]),
        ("\"https://acme.okta.com\",", ORG, &[Quotes]),
        ("“https://acme.okta.com”", ORG, &[Quotes]),
        ("'https://acme.okta.com'", ORG, &[Quotes]),
        ("acme.okta.com", ORG, &[BareHost]),
        ("acme.okta.com/", ORG, &[BareHost, TrailingSlash]),
        ("Acme.Okta.com", ORG, &[BareHost, LetterCase]),
        ("HTTPS://ACME.okta.com", ORG, &[LetterCase]),
        (
            "https://ACME.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z",
            CUSTOM,
            &[LetterCase],
        ),
        (
            "https://acme.okta.com/.well-known/openid-configuration",
            ORG,
            &[MetadataUrl],
        ),
        (
            "https://acme.okta.com/.well-known/openid-configuration?client_id=0oa1",
            ORG,
            &[MetadataUrl],
        ),
        (
            "https://acme.okta.com/.well-known/oauth-authorization-server",
            ORG,
            &[MetadataUrl],
        ),
        (
            "https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z/.well-known/openid-configuration",
            CUSTOM,
            &[MetadataUrl],
        ),
        (
            "https://acme.okta.com/.well-known/oauth-authorization-server/oauth2/aus9o8wzkhckw9TLa0h7z",
            CUSTOM,
            &[MetadataUrl],
        ),
        (
            "\"https://Acme.okta.com/.well-known/openid-configuration/\"",
            ORG,
            &[Quotes, LetterCase, MetadataUrl],
        ),
        (
            "{\"issuer\":\"https://acme.okta.com\",\"jwks_uri\":\"https://acme.okta.com/oauth2/v1/keys\"}",
            ORG,
            &[MetadataDocument],
        ),
        (
            "\"issuer\": \"https://acme.okta.com\",",
            ORG,
            &[MetadataDocument],
        ),
        (
            "\n{\"issuer\":\"https://acme.okta.com/oauth2/aus9o8wzkhckw9TLa0h7z\"}\n",
            CUSTOM,
            &[SurroundingSpace, MetadataDocument],
        ),
    ];
    for (given, expected, corrections) in cases {
        let expected = Ok((expected.to_owned(), corrections.to_vec()));
        assert_eq!(issuer(given), expected, "BI-221: {given}");
    }
}

#[test]
fn what_no_issuer_can_be_is_refused_by_name() {
    use ProblemCode::{
        AddressNotAllowed, AdminHost, EndpointInsteadOfIssuer, InvalidCharacter, InvalidDomain,
        Missing, NotAUrl, NotHttps, Placeholder, QueryOrFragment, TooLong, UserInfoInUrl,
        WhiteSpace,
    };
    let long_path = format!("https://acme.okta.com/oauth2/{}", "a".repeat(600));
    let long_label = format!("https://{}.okta.com", "a".repeat(64));
    let long_host = format!("https://{}okta.com", "abc.".repeat(62));
    let huge = "a".repeat(70_000);
    for (id, given, expected) in [
        ("empty", "", Missing),
        ("empty", " \n", Missing),
        ("empty", "\"\"", Missing),
        ("BI-187", "http://acme.okta.com", NotHttps),
        ("typo", "httsp://acme.okta.com", NotHttps),
        ("BI-217", "file:///etc/passwd", NotAUrl),
        ("BI-217", "gopher://acme.okta.com", NotHttps),
        ("BI-217", "ftp://acme.okta.com", NotHttps),
        ("BI-217", "unix:/run/socket", NotAUrl),
        ("typo", "https:/acme.okta.com", NotAUrl),
        ("typo", "https//acme.okta.com", NotAUrl),
        ("typo", "//acme.okta.com", NotAUrl),
        ("typo", "https://", NotAUrl),
        ("typo", "https://acme.okta.com.com", InvalidDomain),
        ("typo", "https://acme..okta.com", InvalidDomain),
        ("typo", "https://-acme.okta.com", InvalidDomain),
        ("bare", "https://okta.com", InvalidDomain),
        ("bare", "www.okta.com", InvalidDomain),
        ("BI-188", "https://127.0.0.1/", AddressNotAllowed),
        ("BI-188", "https://127.1/", AddressNotAllowed),
        ("BI-189", "https://2130706433/", AddressNotAllowed),
        ("BI-190", "https://0x7f000001/", AddressNotAllowed),
        ("BI-190", "https://0x7f.1/", AddressNotAllowed),
        ("BI-191", "https://0177.0.0.1/", AddressNotAllowed),
        ("BI-191", "https://017700000001/", AddressNotAllowed),
        ("BI-193", "https://[::1]/", AddressNotAllowed),
        ("BI-194", "https://[::ffff:127.0.0.1]/", AddressNotAllowed),
        (
            "BI-196",
            "https://[64:ff9b::7f00:1]:8443/",
            AddressNotAllowed,
        ),
        ("BI-199", "https://169.254.169.254/", AddressNotAllowed),
        ("BI-200", "10.0.0.1", AddressNotAllowed),
        ("BI-201", "https://127.0.0.1./", AddressNotAllowed),
        ("BI-201", "https://acme.okta.com./", InvalidDomain),
        (
            "BI-202",
            "https://acme.okta.com%00.evil.com",
            InvalidCharacter,
        ),
        ("BI-202", "https://acme.okta.com%2eevil", InvalidCharacter),
        ("BI-203", "https://оkta.com", InvalidCharacter),
        ("BI-203", "https://xn--example-.org", InvalidDomain),
        ("BI-203", "https://xn--.org", InvalidDomain),
        ("BI-205", "https://acme.okta.com@127.0.0.1/", UserInfoInUrl),
        (
            "BI-207",
            "https://acme.okta.com#@127.0.0.1",
            QueryOrFragment,
        ),
        (
            "BI-208",
            "https://acme.okta.com\\@127.0.0.1/",
            InvalidCharacter,
        ),
        ("BI-209", "https://①②⑦.⓪.⓪.①/", InvalidCharacter),
        ("BI-209", "https://１２７.0.0.1/", InvalidCharacter),
        (
            "BI-211",
            "https://metadata.google.internal/",
            AddressNotAllowed,
        ),
        ("BI-211", "https://okta.acme.local", AddressNotAllowed),
        ("BI-211", "https://okta.default.svc", AddressNotAllowed),
        ("BI-211", "https://okta", AddressNotAllowed),
        ("BI-211", "localhost", AddressNotAllowed),
        ("BI-218", "https://u:p@acme.okta.com", UserInfoInUrl),
        ("BI-218", "https://acme.okta.com?x", QueryOrFragment),
        (
            "BI-218",
            "https://acme.okta.com/.well-known/openid-configuration?x=1",
            QueryOrFragment,
        ),
        ("BI-219", "https://acme.okta.com/../x", NotAUrl),
        ("BI-219", "https://acme.okta.com/%2e%2e/", InvalidCharacter),
        ("BI-219", "https://acme.okta.com//oauth2//default", NotAUrl),
        ("BI-219", "https://acme.okta.com//", NotAUrl),
        (
            "BI-219",
            "https://acme.okta.com/oauth2/default;x",
            InvalidCharacter,
        ),
        ("BI-219", "https://acme .okta.com", WhiteSpace),
        ("BI-219", "https://acme\t.okta.com", WhiteSpace),
        ("BI-219", "https://acme\r\n.okta.com", WhiteSpace),
        ("BI-219", "https://acme\0.okta.com", InvalidCharacter),
        ("BI-220", &long_path, TooLong),
        ("BI-220", &long_host, TooLong),
        ("BI-220", &long_label, TooLong),
        ("BI-220", &huge, TooLong),
        ("port", "https://acme.okta.com:0", NotAUrl),
        ("port", "https://acme.okta.com:65536", NotAUrl),
        ("port", "https://acme.okta.com:0443", NotAUrl),
        ("port", "https://acme.okta.com:443", NotAUrl),
        ("B10", "https://{yourOktaDomain}", Placeholder),
        (
            "B10",
            "https://{yourOktaDomain}/oauth2/default",
            Placeholder,
        ),
        ("B10", "https://${OKTA_DOMAIN}", Placeholder),
        ("B10", "<issuer>", Placeholder),
        ("B10", "https://yourOktaDomain.okta.com", Placeholder),
        ("B10", "https://example.okta.com", Placeholder),
        (
            "B10",
            "https://example.com/.well-known/openid-configuration",
            Placeholder,
        ),
        ("B10", "https://acme-admin.okta.com", AdminHost),
        ("B10", "https://acme-admin.oktapreview.com/", AdminHost),
        ("B10", "https://acme-admin.okta-emea.com", AdminHost),
        ("B10", "https://acme-admin.okta-gov.com", AdminHost),
        ("B10", "https://acme-admin.okta.mil", AdminHost),
        ("B10", "https://acme-admin.okta-miltest.com", AdminHost),
        ("B10", "https://acme-admin.trex-gov.com", AdminHost),
        ("B10", "https://acme-admin.trexcloud.com", AdminHost),
        (
            "B10",
            "ACME-ADMIN.okta.com/admin/app/oidc_client",
            AdminHost,
        ),
        ("C", "https://acme.okta.com/oauth2", EndpointInsteadOfIssuer),
        (
            "C",
            "https://acme.okta.com/oauth2/v1",
            EndpointInsteadOfIssuer,
        ),
        (
            "C",
            "https://acme.okta.com/oauth2/v1/authorize",
            EndpointInsteadOfIssuer,
        ),
        (
            "C",
            "https://acme.okta.com/oauth2/default/v1/token",
            EndpointInsteadOfIssuer,
        ),
        ("C", "https://acme.okta.com/login", EndpointInsteadOfIssuer),
        (
            "C",
            "https://acme.okta.com/app/openli/exk1/sso",
            EndpointInsteadOfIssuer,
        ),
    ] {
        assert_eq!(issuer(given), Err(expected), "{id}: {given}");
    }
}

#[test]
fn a_refusal_says_which_issuer_was_probably_meant() {
    for (given, meant) in [
        ("https://acme-admin.okta.com", "https://acme.okta.com"),
        ("http://acme-admin.okta.com", "https://acme.okta.com"),
        ("http://acme.okta.com/", "https://acme.okta.com"),
        ("https://acme.okta.com.com", "https://acme.okta.com"),
        ("https://acme.okta.com.", "https://acme.okta.com"),
        (
            "https://acme.okta.com/oauth2/v1/keys",
            "https://acme.okta.com",
        ),
        (
            "https://acme.okta.com/oauth2/default/v1/keys",
            "https://acme.okta.com/oauth2/default",
        ),
    ] {
        let problems = check(&with(|settings| settings.issuer = given.to_owned())).unwrap_err();
        assert_eq!(problems[0].expected.as_deref(), Some(meant), "{given}");
        assert_eq!(problems[0].found.as_deref(), Some(given));
    }
}

#[test]
fn loopback_is_for_development_alone() {
    let development = |issuer: &str, redirect: &str| {
        check(&with(|settings| {
            settings.policy.network = Network::DangerLoopback;
            settings.issuer = issuer.to_owned();
            settings.redirect_uri = redirect.to_owned();
        }))
    };
    let redirect = "http://localhost:3000/sso/okta/callback";
    let checked = development("http://127.0.0.1:4000", redirect).unwrap();
    assert_eq!(checked.connection.issuer, "http://127.0.0.1:4000");
    assert_eq!(checked.connection.hosts, ["127.0.0.1:4000"]);
    for host in [
        "http://localhost:4000",
        "https://[::1]:4000",
        "https://acme.okta.com",
    ] {
        assert!(development(host, redirect).is_ok(), "{host}");
    }
    for (issuer, code) in [
        ("http://acme.okta.com", ProblemCode::NotHttps),
        ("http://127.1:4000", ProblemCode::NotHttps),
        ("http://127.0.0.2:4000", ProblemCode::NotHttps),
        ("https://10.0.0.1", ProblemCode::AddressNotAllowed),
    ] {
        let problems = development(issuer, redirect).unwrap_err();
        assert_eq!(problems[0].code, code, "{issuer}");
    }
    assert!(development("https://acme.okta.com", "http://app.example.com/x").is_err());
}

#[test]
fn client_id_and_secret_are_not_repaired() {
    use ProblemCode::{InvalidCharacter, Missing, Placeholder, Swapped, TooLong, WhiteSpace};
    let long = "a".repeat(2_000);
    for (given, code) in [
        ("", Missing),
        (" ", Missing),
        ("{clientId}", Placeholder),
        ("0oa1 b2", WhiteSpace),
        ("0oa1b2c3d4E5F6g7h8i9\n", WhiteSpace),
        ("0oaü", InvalidCharacter),
        ("0oa\u{0}", InvalidCharacter),
        ("https://acme.okta.com", Swapped),
        ("aB3defghijklmnopqrstuvwxyz0123456789-_XY", Swapped),
        (long.as_str(), TooLong),
    ] {
        let changed = with(|settings| settings.client_id = given.to_owned());
        assert_eq!(codes(&changed, Field::ClientId), [code], "BI-232: {given}");
        let changed = with(|settings| settings.client_secret = Some(given.to_owned()));
        let expected = if given.starts_with("aB3") {
            vec![]
        } else {
            vec![code]
        };
        assert_eq!(
            codes(&changed, Field::ClientSecret),
            expected,
            "BI-232: {given}"
        );
    }
    let changed = with(|settings| settings.client_secret = Some("0oa1b2c3d4E5F6g7h8i9".to_owned()));
    let problems = check(&changed).unwrap_err();
    assert!(problems.iter().all(|problem| problem.code == Swapped));
    for accepted in ["a:b", "50%", "a+b", "0"] {
        assert!(
            check(&with(
                |settings| settings.client_secret = Some(accepted.to_owned())
            ))
            .is_ok()
        );
    }
    assert!(check(&with(|settings| settings.client_secret = None)).is_ok());
}

#[test]
fn a_secret_is_not_shown_wherever_it_was_typed() {
    let everywhere = check(&Settings {
        connection_id: format!("{SECRET}!"),
        client_id: format!("{SECRET} "),
        issuer: format!("{SECRET}\""),
        redirect_uri: SECRET.to_owned(),
        post_logout_redirect_uri: Some(SECRET.to_owned()),
        email_domains: vec![SECRET.to_owned()],
        ..settings()
    });
    let problems = everywhere.unwrap_err();
    assert_eq!(problems.len(), 6, "{problems:?}");
    assert!(!format!("{problems:?}").contains(SECRET));
}

#[test]
fn redirect_addresses_are_exact() {
    use ProblemCode::{
        InvalidCharacter, Missing, NotAUrl, NotHttps, Placeholder, QueryOrFragment, TooLong,
        UserInfoInUrl, WhiteSpace,
    };
    let long = format!("https://app.example.com/{}", "a".repeat(1_024));
    for (given, code) in [
        ("", Missing),
        ("{redirectUri}", Placeholder),
        ("http://app.example.com/callback", NotHttps),
        ("http://localhost:3000/callback", NotHttps),
        ("https://app.example.com/callback ", WhiteSpace),
        ("https://app.example.com/callback#x", QueryOrFragment),
        ("https://app.example.com/callback?x=1", QueryOrFragment),
        ("https://u:p@app.example.com/callback", UserInfoInUrl),
        ("https://äpp.example.com/callback", InvalidCharacter),
        ("https://app.example.com/a/../b", NotAUrl),
        ("https://App.example.com/callback", NotAUrl),
        ("/callback", NotAUrl),
        (long.as_str(), TooLong),
    ] {
        let changed = with(|settings| settings.redirect_uri = given.to_owned());
        assert_eq!(codes(&changed, Field::RedirectUri), [code], "{given}");
        let changed = with(|settings| settings.post_logout_redirect_uri = Some(given.to_owned()));
        assert_eq!(
            codes(&changed, Field::PostLogoutRedirectUri),
            [code],
            "{given}"
        );
    }
    assert!(
        check(&with(
            |settings| settings.redirect_uri = "https://app.example.com".to_owned()
        ))
        .is_ok()
    );
}

#[test]
fn email_domains_belong_to_one_customer() {
    use ProblemCode::{InvalidDomain, Missing, PublicMailDomain, TooLong, WhiteSpace};
    let label = format!("{}.com", "a".repeat(64));
    let name = format!("{}com", "abc.".repeat(63));
    for (id, given, code) in [
        ("MT-23", "gmail.com", PublicMailDomain),
        ("MT-23", "Outlook.com", PublicMailDomain),
        ("MT-23", "co.uk", PublicMailDomain),
        ("MT-23", "com", PublicMailDomain),
        ("MT-23", "okta.com", PublicMailDomain),
        ("MT-23", "github.io", PublicMailDomain),
        ("MT-24", "", Missing),
        ("MT-24", "*.a.com", InvalidDomain),
        ("MT-24", ".a.com", InvalidDomain),
        ("MT-24", "a.com.", InvalidDomain),
        ("MT-24", " a.com", WhiteSpace),
        ("MT-24", "a.com/", InvalidDomain),
        ("MT-24", "http://a.com", InvalidDomain),
        ("MT-24", "@a.com", InvalidDomain),
        ("MT-24", "a.com,b.com", InvalidDomain),
        ("MT-24", "a..com", InvalidDomain),
        ("MT-24", &label, TooLong),
        ("MT-24", &name, TooLong),
        ("MT-24", "localhost", InvalidDomain),
        ("MT-24", "127.0.0.1", InvalidDomain),
        ("MT-24", "[::1]", InvalidDomain),
        ("MT-25", "аpple.com", InvalidDomain),
        ("MT-25", "xn--example-.org", InvalidDomain),
        ("MT-25", "faß.de", InvalidDomain),
        ("MT-25", "ＡＢＣ.com", InvalidDomain),
        ("MT-25", "ab--cd.com", InvalidDomain),
    ] {
        let changed = with(|settings| settings.email_domains = vec![given.to_owned()]);
        assert_eq!(
            codes(&changed, Field::EmailDomains),
            [code],
            "{id}: {given}"
        );
    }
    let given = [
        "A.COM",
        "a.com",
        "xn--pple-43d.com",
        "b.co.uk",
        "xn--bcher-kva.example",
    ];
    let changed = with(|settings| settings.email_domains = given.map(str::to_owned).to_vec());
    let checked = check(&changed).unwrap();
    let expected = [
        "a.com",
        "xn--pple-43d.com",
        "b.co.uk",
        "xn--bcher-kva.example",
    ];
    assert_eq!(checked.connection.email_domains, expected);
    assert_eq!(checked.corrections.len(), 1);
    assert_eq!(checked.corrections[0].code, CorrectionCode::LetterCase);
    assert!(check(&with(|settings| settings.email_domains.clear())).is_ok());
}

#[test]
fn policy_has_ranges() {
    let policy = |change: fn(&mut Policy)| {
        codes(
            &with(|settings| change(&mut settings.policy)),
            Field::Policy,
        )
    };
    let out_of_range = [ProblemCode::OutOfRange];
    assert_eq!(policy(|policy| policy.algorithms.clear()), out_of_range);
    assert_eq!(policy(|policy| policy.clock_tolerance = 600), []);
    assert_eq!(policy(|policy| policy.clock_tolerance = 601), out_of_range);
    assert_eq!(policy(|policy| policy.max_age = Some(1)), []);
    assert_eq!(policy(|policy| policy.max_age = Some(0)), out_of_range);
    assert_eq!(policy(|policy| policy.max_age = Some(2_147_483_647)), []);
    assert_eq!(
        policy(|policy| policy.max_age = Some(2_147_483_648)),
        out_of_range
    );
    assert_eq!(
        policy(|policy| policy.acr_values = vec!["a".to_owned(); 8]),
        []
    );
    assert_eq!(
        policy(|policy| policy.acr_values = vec!["a".to_owned(); 9]),
        out_of_range
    );
    assert_eq!(
        policy(|policy| policy.acr_values = vec!["a b".to_owned()]),
        out_of_range
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let problems = check(&Settings {
        connection_id: String::new(),
        client_id: String::new(),
        client_secret: Some(String::new()),
        issuer: String::new(),
        redirect_uri: String::new(),
        ..settings()
    })
    .unwrap_err();
    assert_eq!(problems.len(), 5);
    assert!(
        problems
            .iter()
            .all(|problem| problem.code == ProblemCode::Missing)
    );
    let id = |id: &str| {
        codes(
            &with(|settings| settings.connection_id = id.to_owned()),
            Field::ConnectionId,
        )
    };
    assert_eq!(id(&"a".repeat(128)), []);
    assert_eq!(id(&"a".repeat(129)), [ProblemCode::TooLong]);
    assert_eq!(id("a:b"), [ProblemCode::InvalidCharacter]);
}

#[test]
fn every_member_changes_the_revision() {
    let base = check(&settings()).unwrap().connection;
    let changes: [fn(&mut Connection); 8] = [
        |connection| connection.issuer.push('x'),
        |connection| connection.client_id.push('x'),
        |connection| connection.redirect_uri.push('x'),
        |connection| connection.post_logout_redirect_uri = Some(String::new()),
        |connection| connection.email_domains.clear(),
        |connection| connection.policy.algorithms.push(Algorithm::Es256),
        |connection| connection.policy.max_age = Some(1),
        |connection| connection.policy.network = Network::DangerLoopback,
    ];
    for change in changes {
        let mut changed = base.clone();
        change(&mut changed);
        assert_ne!(connection::revision(&changed), base.revision);
    }
}
