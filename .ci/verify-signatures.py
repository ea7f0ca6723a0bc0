"""Verifies every signature of the messages in a folder with dkimpy, and that a
changed message is caught. Usage: verify-signatures.py FOLDER RSA.pem ED25519.pem"""

import base64, pathlib, subprocess, sys
import dkim

folder, rsa, ed = sys.argv[1:]


def public(pem):
    der = subprocess.run(
        ["openssl", "pkey", "-in", pem, "-pubout", "-outform", "DER"],
        check=True, capture_output=True,
    ).stdout
    return der


records = {
    b"rsa._domainkey.example.org.": b"v=DKIM1; k=rsa; p=" + base64.b64encode(public(rsa)),
    # RFC 8463 §4: the bare key, which ends the structure.
    b"ed._domainkey.example.org.": b"v=DKIM1; k=ed25519; p=" + base64.b64encode(public(ed)[-32:]),
}


def dns(name, timeout=5):
    return records.get(name)


checked = 0
for path in sorted(pathlib.Path(folder).glob("*.eml")):
    message = path.read_bytes()
    count = message.count(b"DKIM-Signature: ")
    for index in range(count):
        assert dkim.DKIM(message).verify(idx=index, dnsfunc=dns), (path, index)
        checked += 1
    for old, new in [(b"\nTo: ", b"\nTo: x"), (b"List-Unsubscribe: ", b"List-Unsubscribe: x")]:
        changed = message.replace(old, new, 1)
        assert changed != message
        try:
            passed = dkim.DKIM(changed).verify(dnsfunc=dns)
        except dkim.DKIMException:
            passed = False
        assert not passed, f"{path}: a changed message was not caught"
assert checked >= 36, checked
print(f"{checked} signatures verified, every changed message caught")
