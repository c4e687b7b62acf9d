use super::*;

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
