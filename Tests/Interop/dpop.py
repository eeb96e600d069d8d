"""DPoP proofs (RFC 9449) made by PyJWT and cryptography alone."""

import base64
import hashlib
import json
import secrets
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Prover:
    """A client's key; its proofs are for one request each."""

    def __init__(self, algorithm="ES256"):
        self.algorithm = algorithm
        if algorithm == "ES256":
            self.key = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EdDSA":
            self.key = ed25519.Ed25519PrivateKey.generate()
        else:
            self.key = rsa.generate_private_key(65537, 2048)

    @property
    def jwk(self):
        public = self.key.public_key()
        if self.algorithm == "EdDSA":
            raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
            return {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}
        whole = jwt.get_algorithm_by_name(self.algorithm).to_jwk(public, as_dict=True)
        return {name: whole[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in whole}

    @property
    def thumbprint(self):
        """RFC 7638."""
        text = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return base64url(hashlib.sha256(text.encode()).digest())

    def proof(self, method, address, token=None, nonce=None, **changed):
        claims = {"jti": secrets.token_urlsafe(16), "htm": method, "htu": address, "iat": int(time.time())}
        if token:
            claims["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        if nonce:
            claims["nonce"] = nonce
        return jwt.encode(claims | changed, self.key, self.algorithm, headers={"typ": "dpop+jwt", "jwk": self.jwk})
