//! Vectors of RFC 7515 appendix A, bounds of keys, and `openidconnect`'s own verifier over our key.

use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKey,
};
use openidconnect::{
    ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, JsonWebKeySet, Nonce,
    PrivateSigningKey,
};
use serde_json::{Value, json};

use super::*;
use crate::capability::{AwsLcSignatures, Signatures};
use crate::contract::Algorithm;

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
    cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

/// RFC 7515 appendix A.2.
const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEz\
    P1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX\
    ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJ\
    H7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
const RS256: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF\
    5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARN\
    PvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv\
    Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// RFC 7515 appendix A.3.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const ES256: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
/// The same with the second integer subtracted from the order of the curve, which holds as well.
const ES256_MIRRORED: &str =
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmU69fgrc8OPGycO0lD3tat_FoFp57SETepkeks4eL_QfA";

/// RFC 8410 section 10.3.
const ED25519_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";

const UNUSABLE: Result<(), SignatureError> = Err(SignatureError::UnusableKey);
const MISMATCH: Result<(), SignatureError> = Err(SignatureError::Mismatch);

fn rsa_key() -> Value {
    json!({"kty": "RSA", "n": N, "e": "AQAB"})
}

fn ec_key() -> Value {
    json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y})
}

fn bytes(base64url: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(base64url).unwrap()
}

fn verify_rsa(algorithm: Algorithm, key: &Value, signature: &[u8]) -> Result<(), SignatureError> {
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
    AwsLcSignatures::default().verify(algorithm, &key.to_string(), message.as_bytes(), signature)
}

fn verify_ec(algorithm: Algorithm, key: &Value, signature: &[u8]) -> Result<(), SignatureError> {
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}");
    AwsLcSignatures::default().verify(algorithm, &key.to_string(), message.as_bytes(), signature)
}

fn with(mut key: Value, member: &str, value: Value) -> Value {
    key[member] = value;
    key
}

#[test]
fn rfc_7515_a2_holds() {
    assert_eq!(
        verify_rsa(Algorithm::Rs256, &rsa_key(), &bytes(RS256)),
        Ok(())
    );
    let mut changed = bytes(RS256);
    changed[0] ^= 1;
    assert_eq!(verify_rsa(Algorithm::Rs256, &rsa_key(), &changed), MISMATCH);
    assert_eq!(
        verify_rsa(Algorithm::Rs256, &rsa_key(), &changed[1..]),
        MISMATCH
    );
    assert_eq!(verify_rsa(Algorithm::Rs256, &rsa_key(), &[]), MISMATCH);
    assert_eq!(
        verify_rsa(Algorithm::Rs384, &rsa_key(), &bytes(RS256)),
        MISMATCH
    );
    assert_eq!(
        verify_rsa(Algorithm::Ps256, &rsa_key(), &bytes(RS256)),
        MISMATCH
    );
}

#[test]
fn rfc_7515_a3_holds() {
    assert_eq!(
        verify_ec(Algorithm::Es256, &ec_key(), &bytes(ES256)),
        Ok(())
    );
}

#[test]
fn keys_serve_their_own_algorithms_alone() {
    for (member, value) in [
        ("alg", "RS512"),
        ("alg", "RSA-OAEP"),
        ("use", "enc"),
        ("kty", "EC"),
    ] {
        let key = with(rsa_key(), member, value.into());
        assert_eq!(
            verify_rsa(Algorithm::Rs256, &key, &bytes(RS256)),
            UNUSABLE,
            "{member}"
        );
    }
    for (member, value) in [
        ("alg", "RS256"),
        ("use", "sig"),
        ("kid", "any"),
        ("x5t", "other"),
    ] {
        let key = with(rsa_key(), member, value.into());
        assert_eq!(
            verify_rsa(Algorithm::Rs256, &key, &bytes(RS256)),
            Ok(()),
            "{member}"
        );
    }
    assert_eq!(
        verify_ec(Algorithm::Rs256, &ec_key(), &bytes(ES256)),
        UNUSABLE
    );
    assert_eq!(
        verify_ec(Algorithm::Es384, &ec_key(), &bytes(ES256)),
        UNUSABLE
    );
    assert_eq!(
        verify_ec(Algorithm::Eddsa, &ec_key(), &bytes(ES256)),
        UNUSABLE
    );
}

/// BI-101.
#[test]
fn rsa_keys_outside_the_bounds_are_unusable() {
    assert!(is_modulus(&[vec![0x80; 255], vec![1]].concat()));
    assert!(!is_modulus(&[vec![0x7f], vec![1; 255]].concat())); // 2047 bits
    assert!(!is_modulus(&[vec![0x80; 255], vec![2]].concat())); // even
    assert!(!is_modulus(&[vec![0], vec![0x81; 256]].concat())); // leading zero
    assert!(is_modulus(&[0xff; 1024]));
    assert!(!is_modulus(&[vec![1], vec![0xff; 1024]].concat())); // 8193 bits
    assert!(!is_modulus(&[]));
    assert!(is_exponent(&[1, 0, 1]));
    assert!(is_exponent(&[0xff; 4]));
    for bad in [
        &[][..],
        &[0],
        &[1],
        &[2],
        &[3],
        &[0xff, 0xff],
        &[1, 0, 0],
        &[0, 1, 0, 1],
        &[1, 0, 0, 0, 1],
    ] {
        assert!(!is_exponent(bad), "{bad:?}");
    }
    for (member, value) in [
        ("n", String::new()),
        ("n", format!("{N}=")),
        ("n", format!(" {N}")),
        ("n", N.replace('-', "+").replace('_', "/")),
        ("n", format!("AA{N}")),
        ("e", "AQAB=".to_owned()),
        ("e", "Aw".to_owned()),
        ("e", "AR".to_owned()), // stray bits
    ] {
        let key = with(rsa_key(), member, value.clone().into());
        assert_eq!(
            verify_rsa(Algorithm::Rs256, &key, &bytes(RS256)),
            UNUSABLE,
            "{value}"
        );
    }
}

/// BI-102.
#[test]
fn ec_points_off_the_curve_are_unusable() {
    let encode = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
    for (member, value) in [
        ("x", encode(&[0; 32])),
        ("x", encode(&[0xff; 32])), // past the field
        ("x", encode(&bytes(X)[1..])),
        ("x", encode(&[vec![0], bytes(X)].concat())),
        ("y", Value::from(X)),
        ("y", Value::Null),
        ("crv", "P-192".into()),
        ("crv", "secp256k1".into()),
        ("crv", "P-384".into()),
    ] {
        let key = with(ec_key(), member, value);
        assert_eq!(
            verify_ec(Algorithm::Es256, &key, &bytes(ES256)),
            UNUSABLE,
            "{key}"
        );
    }
    let infinity = with(with(ec_key(), "x", encode(&[0; 32])), "y", encode(&[0; 32]));
    assert_eq!(
        verify_ec(Algorithm::Es256, &infinity, &bytes(ES256)),
        UNUSABLE
    );
}

/// BI-103.
#[test]
fn ecdsa_signatures_are_two_integers_in_range() {
    let good = bytes(ES256);
    let verify = |signature: &[u8]| verify_ec(Algorithm::Es256, &ec_key(), signature);
    assert_eq!(verify(&bytes(ES256_MIRRORED)), Ok(()));
    assert_eq!(verify(&[0; 64]), MISMATCH);
    assert_eq!(verify(&good[..63]), MISMATCH);
    assert_eq!(verify(&[good.as_slice(), &[0]].concat()), MISMATCH);
    let mut der = vec![0x30, 0x45, 0x02, 0x20];
    der.extend_from_slice(&good[..32]);
    der.extend_from_slice(&[0x02, 0x21, 0x00]);
    der.extend_from_slice(&good[32..]);
    assert_eq!(verify(&der), MISMATCH);
}

#[test]
fn a_member_given_twice_is_unusable() {
    let twice = format!(r#"{{"kty":"RSA","n":"{N}","e":"AQAB","e":"AQAB"}}"#);
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}");
    let verdict = AwsLcSignatures::default().verify(
        Algorithm::Rs256,
        &twice,
        message.as_bytes(),
        &bytes(RS256),
    );
    assert_eq!(verdict, UNUSABLE);
}

/// `openidconnect` makes, signs and verifies the token; the arithmetic of the check is ours.
#[test]
fn openidconnect_verifies_its_tokens_through_our_key() {
    let key = CoreEdDsaPrivateSigningKey::from_ed25519_pem(
        ED25519_KEY,
        Some(JsonWebKeyId::new("k".to_owned())),
    )
    .unwrap();
    let issuer = IssuerUrl::new("https://acme.okta.com".to_owned()).unwrap();
    let claims: CoreIdTokenClaims = serde_json::from_value(json!({
        "iss": issuer, "sub": "00u1", "aud": ["client"], "nonce": "n",
        "iat": 1_700_000_000, "exp": 1_700_000_300,
    }))
    .unwrap();
    let now = claims.issue_time();
    let token = CoreIdToken::new(claims, &key, CoreJwsSigningAlgorithm::EdDsa, None, None).unwrap();

    let published: CoreJsonWebKey = key.as_verification_key();
    let ours = |published: &CoreJsonWebKey| -> PublicKey {
        serde_json::from_value(serde_json::to_value(published).unwrap()).unwrap()
    };
    let verify = |key: PublicKey| {
        let client = ClientId::new("client".to_owned());
        let keys = JsonWebKeySet::new(vec![key]);
        let verifier = IdTokenVerifier::new_public_client(client, issuer.clone(), keys)
            .set_allowed_algs([CoreJwsSigningAlgorithm::EdDsa])
            .set_time_fn(move || now);
        let nonce = Nonce::new("n".to_owned());
        token
            .claims(&verifier, &nonce)
            .map(|claims| claims.subject().as_str().to_owned())
    };
    assert_eq!(verify(ours(&published)), Ok("00u1".to_owned()));

    let mut other = ours(&published);
    other.x = Some("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned()); // RFC 8037 A.2
    assert_eq!(
        verify(other),
        Err(ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::CryptoError("signature mismatch".to_owned())
        ))
    );
}
