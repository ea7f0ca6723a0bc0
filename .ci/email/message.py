"""Reads a message with Python's own parser and holds it against the files beside it
and the report of the build.

    message.py FOLDER…        each with email.eml, email.html, email.txt, report.json
"""

import email
import email.policy
import email.utils
import json
import pathlib
import re
import sys


def unstuffed(text: str) -> str:
    """Text that flows, without the spaces that stuff its lines (RFC 3676, 4.4)."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line[1:] if line.startswith(" ") else line for line in lines)


def check(folder: pathlib.Path) -> None:
    raw = (folder / "email.eml").read_bytes()
    assert all(byte < 128 for byte in raw), "never 8bit"
    assert b"\n" not in raw.replace(b"\r\n", b""), "lines end in CRLF"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for part in message.walk():
        assert not part.defects, (part.get_content_type(), part.defects)
        if not part.is_multipart():
            assert part["Content-Transfer-Encoding"] in ("quoted-printable", "base64"), part.items()
    for name in ("From", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "MIME-Version"):
        assert len(message.get_all(name, [])) == 1, name
    assert message["List-Unsubscribe"].startswith("<mailto:"), message["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] is None, "one click needs an https address"

    html = message.get_body(("html",)).get_content().replace("\r\n", "\n")
    text = message.get_body(("plain",))
    assert text.get_param("format") == "flowed", text["Content-Type"]
    beside = (folder / "email.html").read_text(encoding="utf-8")
    assert html.strip() == beside.strip(), "email.html is the HTML part"
    beside = (folder / "email.txt").read_text(encoding="utf-8")
    assert unstuffed(text.get_content()).strip() == beside.strip(), "email.txt is the text part"
    assert "\n-- \n" in unstuffed(text.get_content())

    # What the build says of the issue, against what the message says.
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    # Lines break between two Han characters too: spaces say nothing here, and the
    # report has the words without their marks of stress and numbers of links.
    bare = lambda words: re.sub(r"\[\d+\]|[*_`]|\s", "", words)
    plain = bare(unstuffed(text.get_content()))
    articles = [one for one in report["articles"] if "Email" in one["editions"]]
    for article in articles:
        words = bare(article["headline"].replace("…", " "))[:30]
        assert words in plain, f"the text part lacks “{words}”"
    date = email.utils.parsedate_to_datetime(message["Date"])
    assert date.date().isoformat() == report["date"], (date, report["date"])
    known = {part["Content-ID"].strip("<>") for part in message.walk() if part["Content-ID"]}
    shown = {piece.split('"')[0] for piece in html.split('src="cid:')[1:]}
    assert shown == known, (shown, known)
    print(f"{folder.name}: {message['Subject']!r}, {len(raw)} bytes, {len(articles)} articles, {len(known)} pictures inside")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        check(pathlib.Path(name))
