"""Verifies a BoM and its attestations with none of bomvet's code.

usage: verify.py BOM ATTESTATIONS PUBLIC_JWK

JSF 0.82 over another implementation of RFC 8785 (`rfc8785`), signatures with `cryptography`
(OpenSSL), DSSE with `securesystemslib`. Exit code 0 when all is right, 1 with the reason when not.
"""

import base64
import hashlib
import json
import sys

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey


class Wrong(Exception):
    """What is wrong."""


def expect(condition, message):
    if not condition:
        raise Wrong(message)


def unique(pairs):
    keys = [key for key, _ in pairs]
    expect(len(keys) == len(set(keys)), f"duplicate key in {keys}")
    return dict(pairs)


def base64url(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def public_key(jwk):
    if jwk["kty"] == "OKP":
        return ed25519.Ed25519PublicKey.from_public_bytes(base64url(jwk["x"]))
    x, y = (int.from_bytes(base64url(jwk[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def thumbprint(jwk):
    names = ("crv", "kty", "x") if jwk["kty"] == "OKP" else ("crv", "kty", "x", "y")
    digest = hashlib.sha256(rfc8785.dumps({name: jwk[name] for name in names})).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def verify_jsf(document, trusted):
    signature = document["signature"]
    jwk = signature["publicKey"]
    expect(thumbprint(jwk) == thumbprint(trusted), "signed by another key")
    expect(signature["keyId"] == thumbprint(trusted), "wrong key id")
    value = base64url(signature.pop("value"))
    message = rfc8785.dumps(document)
    key = public_key(trusted)
    try:
        if signature["algorithm"] == "Ed25519":
            key.verify(value, message)
        else:
            expect(signature["algorithm"] == "ES256" and len(value) == 64, "wrong algorithm")
            r, s = int.from_bytes(value[:32]), int.from_bytes(value[32:])
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise Wrong("JSF signature does not match") from error


def verify_dsse(lines, trusted, bom):
    key = SSlibKey.from_crypto(public_key(trusted), keyid=thumbprint(trusted))
    subjects = {}
    for line in lines:
        envelope = Envelope.from_dict(json.loads(line, object_pairs_hook=unique))
        expect(envelope.payload_type == "application/vnd.in-toto+json", "wrong payload type")
        envelope.verify([key], 1)
        statement = json.loads(envelope.payload, object_pairs_hook=unique)
        expect(statement["_type"] == "https://in-toto.io/Statement/v1", "wrong statement type")
        for subject in statement["subject"]:
            subjects[subject["name"]] = (subject["digest"], statement["predicate"])
    expect(subjects.pop("bom.cdx.json")[0]["sha256"] == hashlib.sha256(bom).hexdigest(), "other BoM")
    document = json.loads(bom)
    for component in document["components"]:
        properties = {p["name"]: p["value"] for p in component["properties"]}
        if properties["bomvet:contents"] == "none":
            expect(component["bom-ref"] not in subjects, "attested without contents")
            continue
        digest, predicate = subjects.pop(component["bom-ref"])
        own = {h["alg"].replace("-", "").lower(): h["content"] for h in component.get("hashes", [])}
        expect(digest == (own or {"contentsSha256": properties["bomvet:contents:sha256"]}), "digest")
        passed = {"approve": "PASSED", "deny": "FAILED"}[properties["bomvet:verdict"]]
        expect(predicate["verificationResult"] == passed, "result")
    expect(not subjects, f"attested, but not in the BoM: {sorted(subjects)}")


def main():
    bom_path, attestations_path, jwk_path = sys.argv[1:]
    with open(bom_path, "rb") as file:
        bom = file.read()
    with open(attestations_path, "rb") as file:
        lines = file.read().splitlines()
    with open(jwk_path, "rb") as file:
        trusted = json.load(file)
    try:
        document = json.loads(bom, object_pairs_hook=unique)
        verify_jsf(document, trusted)
        verify_dsse(lines, trusted, bom)
    except (Wrong, VerificationError, ValueError, KeyError) as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    print(f"verified: JSF and {len(lines)} DSSE envelopes")
    return 0


sys.exit(main())
