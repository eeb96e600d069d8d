"""Prints questions for /v1/signatures/verify, each about a request that was signed just now with a nonce of its own.

    signed_requests.py KEY_ID SECRET_BASE64 COUNT

One line each. Signing beforehand leaves the processor to the server while it is measured; a signature is good for five minutes.
"""

import base64
import hashlib
import hmac
import json
import secrets
import sys
import time


def main(key_id, secret, count):
    secret = base64.b64decode(secret)
    body = b'{"amount": 1200, "currency": "EUR"}'
    digest = f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
    covered = '("@method" "@authority" "@path" "@query" "content-digest")'
    created = int(time.time())
    run = secrets.token_hex(8)
    for number in range(count):
        parameters = f'{covered};created={created};keyid="{key_id}";alg="hmac-sha256";nonce="{run}-{number}"'
        base = (
            f'"@method": POST\n"@authority": api.bench.example\n"@path": /v1/orders\n"@query": ?customer=42\n'
            f'"content-digest": {digest}\n"@signature-params": {parameters}'
        )
        signature = base64.b64encode(hmac.digest(secret, base.encode(), "sha256")).decode()
        headers = [
            ["Content-Type", "application/json"], ["Content-Digest", digest], ["Signature-Input", f"sig={parameters}"],
            ["Signature", f"sig=:{signature}:"],
        ]
        question = {
            "method": "POST", "target_uri": "https://api.bench.example/v1/orders?customer=42", "headers": headers,
            "body": base64.b64encode(body).decode(), "scope": "read",
        }
        print(json.dumps(question, separators=(",", ":")))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
