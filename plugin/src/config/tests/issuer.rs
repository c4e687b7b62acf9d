use super::*;

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
