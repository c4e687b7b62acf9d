use super::*;

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
