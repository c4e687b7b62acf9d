"""Public-key signature checks at native speed: RFC 7518 section 3, RFC 8037."""

import base64
import json
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

HASHES = {"256": SHA256(), "384": SHA384(), "512": SHA512()}
CURVES = {"es256": ("P-256", ec.SECP256R1(), 32), "es384": ("P-384", ec.SECP384R1(), 48)}


class UnusableKey(Exception):
    pass


def verify(algorithm: str, text: str, message: bytes, signature: bytes) -> str | None:
    """None when the signature holds; else `unusable-key` or `mismatch`."""
    try:
        jwk = json.loads(text)
        require(isinstance(jwk, dict) and jwk.get("use", "sig") == "sig")
        name = "EdDSA" if algorithm == "eddsa" else algorithm.upper()
        require(jwk.get("alg", name) == name)
        holds = CHECKS[algorithm[:2]](algorithm, jwk)
    except (UnusableKey, ValueError, RecursionError):
        return "unusable-key"
    try:
        holds(signature, message)
    except InvalidSignature:
        return "mismatch"
    return None


def _rsa(algorithm: str, jwk: dict):
    """Modulus of 2048 to 8192 bits, odd; exponent odd and 65537 to 2^32 - 1; both without leading zeros."""
    require(jwk.get("kty") == "RSA")
    modulus, exponent = integer(jwk.get("n")), integer(jwk.get("e"))
    require(2048 <= modulus.bit_length() <= 8192 and modulus % 2 == 1)
    require(65_537 <= exponent < 2**32 and exponent % 2 == 1)
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    digest = HASHES[algorithm[2:]]
    scheme = padding.PKCS1v15()
    if algorithm.startswith("ps"):
        scheme = padding.PSS(padding.MGF1(digest), salt_length=digest.digest_size)
    return lambda signature, message: key.verify(signature, message, scheme, digest)


def _ec(algorithm: str, jwk: dict):
    """RFC 7518 section 6.2.1.2: coordinates have the curve's full length."""
    name, curve, length = CURVES[algorithm]
    x, y = octets(jwk.get("x")), octets(jwk.get("y"))
    require(jwk.get("kty") == "EC" and jwk.get("crv") == name and len(x) == len(y) == length)
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve)
    key = numbers.public_key()  # also checks that the point is on its curve

    def holds(signature: bytes, message: bytes) -> None:
        # The two integers side by side, each of the curve's length: not DER.
        if len(signature) != 2 * length:
            raise InvalidSignature
        r, s = int.from_bytes(signature[:length]), int.from_bytes(signature[length:])
        key.verify(encode_dss_signature(r, s), message, ec.ECDSA(HASHES[algorithm[2:]]))

    return holds


def _ed25519(_algorithm: str, jwk: dict):
    x = octets(jwk.get("x"))
    require(jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519" and len(x) == 32)
    return ed25519.Ed25519PublicKey.from_public_bytes(x).verify


CHECKS = {"rs": _rsa, "ps": _rsa, "es": _ec, "ed": _ed25519}


def integer(text: object) -> int:
    own = octets(text)
    require(own[:1] not in (b"", b"\0"))
    return int.from_bytes(own)


def octets(text: object) -> bytes:
    """Strict base64url (RFC 7515 section 2): no padding, no white space, no stray bits."""
    require(isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]*", text))
    decoded = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    require(base64.urlsafe_b64encode(decoded).rstrip(b"=").decode() == text)
    return decoded


def require(condition: object) -> None:
    if not condition:
        raise UnusableKey
