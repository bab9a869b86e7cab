"""Download a model file: URL, target, SHA-256 in hex or nothing. Runs in an init container."""

import hashlib
import os
import sys
import urllib.request

url, target, expected = sys.argv[1:]
print(f"downloading to {target}", flush=True)
digest = hashlib.sha256()
with urllib.request.urlopen(url, timeout=60) as answer, open(target + ".part", "wb") as file:
    while block := answer.read(1 << 20):
        digest.update(block)
        file.write(block)
if expected and digest.hexdigest() != expected.lower():
    sys.exit(f"the file's SHA-256 is {digest.hexdigest()}, not {expected}")
os.rename(target + ".part", target)
print(f"done, SHA-256 {digest.hexdigest()}")
