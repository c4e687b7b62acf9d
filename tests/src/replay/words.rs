//! Words for words: each gets another of the same length and letters, the same one wherever it stands.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use fastrand::Rng;

/// Where a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Where protocols have words of their own, such as a URL of a provider: those stay, and numbers.
    Protocol,
    /// Where whatever somebody is called may stand: nothing stays.
    Private,
}

/// What stays in [`Place::Protocol`], in lower case.
const PLAIN: &str = "
    1fa 2fa access accessed account acr action active actor add address admin age alg algorithm algorithms allow
    allowed amr answer any application apps aqab array assertion assigned at aud auth authenticate authentication
    authorization authorize authorized azp b64 back backchannel basic bearer between binding birthdate body boolean
    bound bytes c cache cached callback challenge challenges changed charset check claim claims client clients code
    com complete confidential config configuration connect connection consent content control cookie count created
    credentials crit critical crv cty current cut d data date default delegation denied description device direct
    discovery display document domain dpop e ec ed25519 eddsa elliptic email emea enc encoding encrypted encryption
    end endpoint endpoints error es256 es384 es512 event events exchange exp expired expires failed family federated
    fetch first flow font form format formatted fragment frontchannel full gender get given grant group groups gzip
    hash header headers hint host hosts hs256 html http https iat id identifier identity idp implicit in info
    initiate insufficient interaction interactions introspection invalid is iss issued issuer issuers jar json jti
    jwe jwk jwks jws jwt k key keys keyset kid known kty language last length level lifetime limit limited link list
    loa locale localhost locality location login logout long mac many max maximum mediation message metadata method
    methods mfa middle min mode modes n name native nbf net network nickname no nonce none not number oauth2 object
    oct of offline oidc okp okta oktapreview on op openid operation options or org organization orientation origin
    other otp pairwise par param parameter parameters password path person phone phr phrh picture pkce pkcs1 plain
    policy poll popup port post postal posture preferred present private profile prompt protocol provider
    provisioning ps256 ps384 ps512 public push pushed pwd query rate realm reason redirect refetches refresh region
    register registered registration remaining request requests require required requirements reset resource
    response responses result retry revocation revoke role roles rs256 rs384 rs512 rsa s s256 scope scopes secret
    select selection server service session sessions sha256 sha384 sha512 sid sig signature signed signing site size
    slow sms software sort spec sso state status store street strict sub subject support supported swk t temporarily
    text time tls token tokens too tos transaction trouble typ type types ui unauthorized unavailable unknown unmet
    unsupported updated uri uris url urn use user userinfo username utf uuid v v1 value values ver verified verifier
    verify version web website well with www x x5c x5t xn xoauth y z zip zone zoneinfo
";

/// The pairs so far.
pub(super) struct Words {
    plain: BTreeSet<&'static str>,
    given: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    rng: Rng,
}

impl Words {
    pub(super) fn new() -> Self {
        Self {
            plain: PLAIN.split_whitespace().collect(),
            given: BTreeMap::new(),
            taken: BTreeSet::new(),
            rng: Rng::new(),
        }
    }

    /// `text` with its words replaced; what is between them stays, and so do `%` escapes.
    pub(super) fn replace(&mut self, text: &str, place: Place) -> Result<String> {
        let mut replaced = String::with_capacity(text.len());
        let mut word = String::new();
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let escape = rest.get(..3).filter(|escape| is_escape(escape));
            let next = escape.map_or_else(|| letter.len_utf8(), str::len);
            if letter.is_alphanumeric() {
                word.push(letter);
            } else {
                replaced.push_str(&self.word(&word, place)?);
                word.clear();
                replaced.push_str(rest.get(..next).unwrap_or_default());
            }
            rest = rest.get(next..).unwrap_or_default();
        }
        replaced.push_str(&self.word(&word, place)?);
        Ok(replaced)
    }

    fn word(&mut self, word: &str, place: Place) -> Result<String> {
        let lower = word.to_lowercase();
        let plain = self.plain.contains(lower.as_str()) || is_number(word);
        let nothing = word.bytes().all(|letter| letter == b'0');
        if nothing || place == Place::Protocol && plain {
            return Ok(word.to_owned());
        }
        let stand_in = match self.given.get(&lower) {
            Some(stand_in) => stand_in.clone(),
            None => self.stand_in(lower)?,
        };
        // Two that differ in capitals alone still do.
        let pairs = word.chars().zip(stand_in.chars());
        Ok(pairs.map(|(was, is)| in_case_of(was, is)).collect())
    }

    fn stand_in(&mut self, word: String) -> Result<String> {
        let rng = &mut self.rng;
        let drawn = std::iter::repeat_with(|| word.chars().map(|c| like(c, rng)).collect());
        let free = |drawn: &String| !self.taken.contains(drawn);
        let mut drawn = drawn.take(1_000).filter(free);
        // Where single letters run out, the last one may have to stand for itself.
        let stand_in = drawn
            .find(|drawn: &String| *drawn != word)
            .or_else(|| Some(word.clone()).filter(free))
            .context("there are too many short words in it to give each another")?;
        self.taken.insert(stand_in.clone());
        self.given.insert(word, stand_in.clone());
        Ok(stand_in)
    }

    /// Whether a word that got another is in `text`: one of six letters or more, for shorter ones can come about by chance.
    pub(super) fn left_in(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
        words.any(|word| {
            let stays = self.plain.contains(word) || is_number(word);
            word.len() >= 6 && !stays && self.given.contains_key(word)
        })
    }
}

fn is_escape(text: &str) -> bool {
    text.strip_prefix('%')
        .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|letter| letter.is_ascii_digit())
}

/// Another letter of the same kind, in lower case. A zero stays: it may not lead a number.
fn like(letter: char, rng: &mut Rng) -> char {
    match letter {
        '0' => '0',
        '1'..='9' => rng.char('1'..='9'),
        letter if letter.is_ascii() => rng.char('a'..='z'),
        _ => rng.choice(['ä', 'é', 'ñ', 'ö', 'ü']).unwrap_or('ä'),
    }
}

fn in_case_of(was: char, is: char) -> char {
    if was.is_uppercase() {
        is.to_uppercase().next().unwrap_or(is)
    } else {
        is
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gets_another_of_its_kind_everywhere() {
        let mut words = Words::new();
        let mut replace = |text, place| words.replace(text, place).unwrap();
        let mail = replace("Anna.Berg@acme.example", Place::Private);
        assert_eq!(mail.len(), 22);
        assert!(
            !mail.to_lowercase().contains("anna") && !mail.contains("acme"),
            "{mail}"
        );
        let letters: Vec<_> = mail
            .char_indices()
            .filter(|(_, c)| !c.is_lowercase())
            .collect();
        let at: Vec<_> = letters.iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [0, 4, 5, 9, 14], "{mail}");
        let query = replace("x=%20anna%40acme.example", Place::Private);
        assert_eq!(&query[5..9], &mail[..4].to_lowercase());
        assert_eq!(&query[9..], format!("%40{}", &mail[10..]));

        let issuer = replace(
            "https://acme.okta.com:8443/oauth2/v1/token",
            Place::Protocol,
        );
        let host = &mail[10..14];
        assert_eq!(
            issuer,
            format!("https://{host}.okta.com:8443/oauth2/v1/token")
        );
        assert_ne!(replace("okta 8443", Place::Private), "okta 8443");
        assert_eq!(replace("100", Place::Private).len(), 3);
        assert!(!replace("Åsa", Place::Private).is_ascii());
        assert!(words.left_in("an Example"));
        assert!(!words.left_in("acme, examples and a token"));
    }
}
