"""HMAC-SHA512 and HKDF-SHA512 from Python's standard library alone (RFC 2104, RFC 5869).

Reads a JSON list of cases from standard input, every array of bytes in hex, and writes the list of answers.
"""

import hashlib
import hmac
import json
import sys


def mac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha512).digest()


def hkdf(ikm: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    key = mac(salt, ikm)
    derived, block = b"", b""
    for counter in range(1, -(-length // 64) + 1):
        block = mac(key, block + info + bytes([counter]))
        derived += block
    return derived[:length]


def answer(case: dict) -> str:
    given = {name: bytes.fromhex(value) for name, value in case.items() if isinstance(value, str)}
    made = hkdf(**given, length=case["length"]) if "length" in case else mac(**given)
    return made.hex()


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
