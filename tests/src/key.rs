//! The fixed keys of `keys/`: made once for these tests, of no worth anywhere else.

use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::case::Object;

fn read(file: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("keys")
        .join(file);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The text of a key's file.
///
/// # Errors
/// When there is no such key.
pub fn pem(name: &str) -> Result<String> {
    read(&format!("{name}.pem"))
}

/// The bytes that a PEM text encloses.
///
/// # Errors
/// When it encloses none.
pub fn from_pem(pem: &str) -> Result<Vec<u8>> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    Ok(STANDARD.decode(lines.collect::<String>())?)
}

/// The public key as a JSON Web Key.
///
/// # Errors
/// When there is no such key.
pub fn jwk(name: &str) -> Result<Object> {
    Ok(serde_json::from_str(&read(&format!("{name}.json"))?)?)
}

/// Signs `message`; `der` asks for an ECDSA signature in ASN.1.
///
/// # Errors
/// When there is no such key, or it is of another kind than `algorithm`.
pub fn sign(name: &str, algorithm: &str, message: &[u8], der: bool) -> Result<Vec<u8>> {
    let pkcs8 = from_pem(&pem(name)?)?;
    let random = SystemRandom::new();
    let rsa: &'static dyn RsaEncoding = match algorithm {
        "RS256" => &RSA_PKCS1_SHA256,
        "RS384" => &RSA_PKCS1_SHA384,
        "RS512" => &RSA_PKCS1_SHA512,
        "PS256" => &RSA_PSS_SHA256,
        "PS384" => &RSA_PSS_SHA384,
        "PS512" => &RSA_PSS_SHA512,
        "ES256" => {
            let form = if der {
                &ECDSA_P256_SHA256_ASN1_SIGNING
            } else {
                &ECDSA_P256_SHA256_FIXED_SIGNING
            };
            let pair = EcdsaKeyPair::from_pkcs8(form, &pkcs8)?;
            return Ok(pair.sign(&random, message)?.as_ref().to_vec());
        }
        "EdDSA" => {
            let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&pkcs8)?;
            return Ok(pair.sign(message).as_ref().to_vec());
        }
        other => bail!("the tests sign no {other}"),
    };
    let pair = RsaKeyPair::from_pkcs8(&pkcs8)?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(rsa, &random, message, &mut signature)?;
    Ok(signature)
}
