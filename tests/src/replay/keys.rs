//! Keys in the place of a provider's, drawn for one case and thrown away: whose keys they were tells whose provider it was.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// Drawn keys by the number that names the one before: `n`, or `x`.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<String, Pair>);

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl Keys {
    /// Draws a key in the place of each public one in `document`, at any depth, and notes its numbers in `exact`. What is
    /// no key of the contract's algorithms stays for the words.
    pub(super) fn draw(
        &mut self,
        document: &Value,
        exact: &mut BTreeMap<String, String>,
    ) -> Result<()> {
        match document {
            Value::Array(items) => items.iter().try_for_each(|item| self.draw(item, exact)),
            Value::Object(members) => {
                if members.contains_key("kty") {
                    self.draw_one(document, exact)?;
                }
                members
                    .values()
                    .try_for_each(|member| self.draw(member, exact))
            }
            _ => Ok(()),
        }
    }

    fn draw_one(&mut self, jwk: &Value, exact: &mut BTreeMap<String, String>) -> Result<()> {
        let Some(name) = name(jwk).filter(|name| !self.0.contains_key(*name)) else {
            return Ok(());
        };
        let curve = jwk["crv"].as_str().unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(name).unwrap_or_default().len();
        let size = match bytes {
            256 => Some(KeySize::Rsa2048),
            384 => Some(KeySize::Rsa3072),
            512 => Some(KeySize::Rsa4096),
            1024 => Some(KeySize::Rsa8192),
            _ => None,
        };
        let pair = match (jwk["kty"].as_str(), curve, size) {
            (Some("RSA"), _, Some(size)) if jwk["e"] == "AQAB" => {
                Pair::Rsa(RsaKeyPair::generate(size)?)
            }
            (Some("EC"), "P-256", _) => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?)
            }
            (Some("EC"), "P-384", _) => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)?)
            }
            (Some("OKP"), "Ed25519", _) => Pair::Ed(Ed25519KeyPair::generate()?),
            _ => return Ok(()),
        };
        let numbers = match &pair {
            // RFC 8017 appendix A.1.1: after the modulus come five bytes of the exponent 65537.
            Pair::Rsa(pair) => {
                let der = pair.public_key().as_ref();
                let end = der.len().saturating_sub(5);
                vec![("n", der.get(end.saturating_sub(bytes)..end))]
            }
            // SEC 1 section 2.3.3: a byte, then both coordinates.
            Pair::Ec(pair) => {
                let point = pair.public_key().as_ref();
                let middle = 1 + (point.len() - 1) / 2;
                vec![("x", point.get(1..middle)), ("y", point.get(middle..))]
            }
            Pair::Ed(pair) => vec![("x", Some(pair.public_key().as_ref()))],
        };
        for (member, number) in numbers {
            let before = jwk[member].as_str().context("a key without its numbers")?;
            let number = URL_SAFE_NO_PAD.encode(number.context("a key that is too short")?);
            exact.insert(before.to_owned(), number);
        }
        self.0.insert(name.to_owned(), pair);
        Ok(())
    }

    /// Signs with what stands in the place of `jwk`.
    pub(super) fn sign(&self, jwk: &Value, algorithm: &str, message: &[u8]) -> Result<Vec<u8>> {
        let pair = name(jwk).and_then(|name| self.0.get(name));
        let pair = pair.context("a key is of a kind that cannot be replaced")?;
        let random = SystemRandom::new();
        let encoding: &'static dyn RsaEncoding = match (pair, algorithm) {
            (Pair::Ec(pair), _) => return Ok(pair.sign(&random, message)?.as_ref().to_vec()),
            (Pair::Ed(pair), _) => return Ok(pair.sign(message).as_ref().to_vec()),
            (Pair::Rsa(_), "rs256") => &RSA_PKCS1_SHA256,
            (Pair::Rsa(_), "rs384") => &RSA_PKCS1_SHA384,
            (Pair::Rsa(_), "rs512") => &RSA_PKCS1_SHA512,
            (Pair::Rsa(_), "ps256") => &RSA_PSS_SHA256,
            (Pair::Rsa(_), "ps384") => &RSA_PSS_SHA384,
            (Pair::Rsa(_), "ps512") => &RSA_PSS_SHA512,
            (Pair::Rsa(_), other) => bail!("an RSA key does not sign {other}"),
        };
        let Pair::Rsa(pair) = pair else {
            bail!("not an RSA key");
        };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &random, message, &mut signature)?;
        Ok(signature)
    }
}

/// The number that tells a key from others.
fn name(jwk: &Value) -> Option<&str> {
    jwk["n"].as_str().or_else(|| jwk["x"].as_str())
}
