"""Reads a private key with pyca/cryptography, and says whose it is.

Takes on standard input a JSON document with the `file` of a key in PEM and a `message` in hexadecimal; prints the
public key and the signature of the message, in hexadecimal.
"""

import json
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def main():
    asked = json.load(sys.stdin)
    key = load_pem_private_key(pathlib.Path(asked["file"]).read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey), type(key)
    json.dump(
        {
            "public": key.public_key().public_bytes_raw().hex(),
            "signature": key.sign(bytes.fromhex(asked["message"])).hex(),
        },
        sys.stdout,
    )


main()
