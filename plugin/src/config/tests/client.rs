use super::*;

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
