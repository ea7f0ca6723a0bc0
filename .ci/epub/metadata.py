"""Reads the metadata of books back by a library that nobody here wrote (EbookLib) and
holds it against what the model says.

    python3 metadata.py BOOKS     the folder holds NAME.epub beside NAME.json
"""
import json, pathlib, sys, warnings

warnings.filterwarnings("ignore")
from ebooklib import epub

DC = "http://purl.org/dc/elements/1.1/"
OPF = "http://www.idpf.org/2007/opf"
folder = pathlib.Path(sys.argv[1])
faults = 0
identifiers = set()


def hold(name, what, found, expected):
    global faults
    if found != expected:
        faults += 1
        print(f"FAULT {name}: {what} is {found!r}, and not {expected!r}")


for path in sorted(folder.glob("*.epub")):
    name = path.stem
    expected = json.loads(path.with_suffix(".json").read_text())
    book = epub.read_epub(path, {"ignore_ncx": False})
    dc = lambda term: [value for value, _ in book.metadata.get(DC, {}).get(term, [])]
    metas = {}
    for entries in book.metadata.get(OPF, {}).values():
        for value, attributes in entries:
            metas.setdefault(attributes.get("property") or attributes.get("name"), []).append(
                (value or attributes.get("content"), attributes.get("refines"))
            )
    hold(name, "the first title's beginning", dc("title")[0].startswith(expected["publication"]), True)
    hold(name, "the first language", dc("language")[0], expected["language"])
    hold(name, "creator", dc("creator"), expected["authors"])
    hold(name, "publisher", dc("publisher"), [expected["publisher"]] if expected["publisher"] else [])
    hold(name, "rights", dc("rights"), [expected["rights"]] if expected["rights"] else [])
    hold(name, "subject", dc("subject"), expected["subjects"])
    hold(name, "date", dc("date"), [expected["date"]])
    roles = {refines for value, refines in metas.get("role", []) if value == "aut"}
    hold(name, "the number of authors by role", len(roles), len(expected["authors"]))
    sorts = {refines for _, refines in metas.get("file-as", [])}
    hold(name, "whether each author is filed", roles <= sorts, True)
    series = [value for value, _ in metas.get("belongs-to-collection", [])]
    hold(name, "series", series, [expected["publication"]])
    position = [value for value, _ in metas.get("group-position", [])]
    hold(name, "position", position, [str(expected["number"])] if expected["number"] else [])
    hold(name, "position for Calibre", [value for value, _ in metas.get("calibre:series_index", [])], position)
    hold(name, "whether pages have a source", bool(metas.get("pageBreakSource")), bool(expected["pages"]))
    hold(name, "cover", [item.get_name() for item in book.get_items_of_type(10)], ["cover.jpg"])
    (identifier,) = dc("identifier")
    hold(name, "the identifier's form", identifier.startswith("urn:uuid:"), True)
    identifiers.add(identifier)
    print(f"{name}: {dc('title')[0]}, {len(dc('creator'))} creators, {identifier}")
sys.exit(1 if faults else 0)
