//! Reads issues written for the purpose and looks at the model and the reports.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use press_model::{Article, Block, Cell, Code, Diagnostic, Inline, LinkTarget, ListItem};

use crate::{Reading, read};

const PUBLICATION: &str = r#"
title = "The Review"
slug = "review"
language = "en"
base_url = "https://example.org/review"
[sender]
from = "The Review <review@example.org>"
"#;

/// Reads an issue whose section lists `a.md`, with these files beside it.
fn read_files(files: &[(&str, &[u8])]) -> Reading {
    let folder = tempfile::tempdir().unwrap();
    let issue = folder.path().join("2024-11");
    fs::create_dir(&issue).unwrap();
    fs::write(folder.path().join("publication.toml"), PUBLICATION).unwrap();
    let listed: Vec<String> = files
        .iter()
        .filter(|(name, _)| name.ends_with(".md"))
        .map(|(name, _)| format!("{name:?}"))
        .collect();
    let issue_toml = format!(
        "format = 1\ndate = 2024-11-30\nsubject = \"November\"\n[[section]]\ntitle = \"News\"\narticles = [{}]\n",
        listed.join(", ")
    );
    fs::write(issue.join("issue.toml"), issue_toml).unwrap();
    for (name, bytes) in files {
        write(&issue, name, bytes);
    }
    read(folder.path(), "2024-11")
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

fn read_article(markdown: &str) -> Reading {
    read_files(&[("a.md", markdown.as_bytes()), ("images/a.png", b"png")])
}

fn article(reading: &Reading) -> &Article {
    reading
        .source
        .as_ref()
        .unwrap()
        .issue
        .articles()
        .next()
        .unwrap()
}

/// Reads `markdown` as an article and compares the model, written out, and the
/// codes of what is reported.
#[track_caller]
fn check(markdown: &str, expect: &str, codes: &[Code]) {
    let reading = read_article(markdown);
    let found: Vec<Code> = reading.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(found, codes, "{:#?}", reading.diagnostics);
    assert_eq!(written(article(&reading)), expect, "of {markdown:?}");
}

/// The model of an article, written out compactly.
fn written(article: &Article) -> String {
    let mut parts = Vec::new();
    if let Some(headline) = &article.headline {
        parts.push(format!("headline({})", inlines(headline)));
    }
    parts.push(blocks(&article.blocks));
    for note in &article.notes {
        parts.push(format!(
            "note{}x{}({})",
            note.number.0,
            note.references,
            blocks(&note.blocks)
        ));
    }
    parts.retain(|part| !part.is_empty());
    parts.join(" ")
}

fn blocks(blocks: &[Block]) -> String {
    let cells = |row: &[Cell]| {
        let cells: Vec<String> = row.iter().map(|cell| inlines(&cell.content)).collect();
        cells.join("|")
    };
    let one = |block: &Block| match block {
        Block::Paragraph { content, .. } => format!("p({})", inlines(content)),
        Block::Heading { level, content, .. } => format!("h{level}({})", inlines(content)),
        Block::List {
            start,
            tight,
            items,
            ..
        } => {
            let items: Vec<String> = items
                .iter()
                .map(|ListItem { blocks: inner }| self::blocks(inner))
                .collect();
            let start = start.map_or("ul".into(), |start| format!("ol{start}"));
            let loose = if *tight { "" } else { "-loose" };
            format!("{start}{loose}({})", items.join("; "))
        }
        Block::Quote { blocks: inner, .. } => format!("quote({})", self::blocks(inner)),
        Block::PullQuote {
            blocks: inner,
            attribution,
            ..
        } => format!("pull({} — {})", self::blocks(inner), inlines(attribution)),
        Block::Aside {
            aside,
            title,
            blocks: inner,
            ..
        } => format!("{aside:?}({}: {})", inlines(title), self::blocks(inner)),
        Block::Figure {
            picture,
            caption,
            credit,
            description,
            ..
        } => {
            let mut figure = format!("figure({} “{}”", picture.asset, picture.alt);
            if !caption.is_empty() {
                write!(figure, " caption({})", inlines(caption)).unwrap();
            }
            for extra in [credit, description].into_iter().flatten() {
                write!(figure, " [{extra}]").unwrap();
            }
            figure + ")"
        }
        Block::Table { header, rows, .. } => {
            let rows: Vec<String> = rows.iter().map(|row| cells(row)).collect();
            format!("table({}: {})", cells(header), rows.join("/"))
        }
        Block::Code { language, text, .. } => {
            format!("code({}: {text})", language.as_deref().unwrap_or_default())
        }
        Block::Rule { .. } => "rule".into(),
    };
    blocks.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn inlines(content: &[Inline]) -> String {
    let one = |inline: &Inline| match inline {
        Inline::Text { text } => text.clone(),
        Inline::Emphasis { content } => format!("em({})", inlines(content)),
        Inline::Strong { content } => format!("strong({})", inlines(content)),
        Inline::Strikethrough { content } => format!("s({})", inlines(content)),
        Inline::Underline { content } => format!("u({})", inlines(content)),
        Inline::Subscript { content } => format!("sub({})", inlines(content)),
        Inline::Superscript { content } => format!("sup({})", inlines(content)),
        Inline::Small { content } => format!("small({})", inlines(content)),
        Inline::Keyboard { content } => format!("kbd({})", inlines(content)),
        Inline::Code { text } => format!("`{text}`"),
        Inline::Link {
            target, content, ..
        } => match target {
            LinkTarget::Address { url } => format!("a<{url}>({})", inlines(content)),
            LinkTarget::Place { article, id } => {
                let id = id.as_deref().unwrap_or_default();
                format!("a<{article}#{id}>({})", inlines(content))
            }
        },
        Inline::Anchor { id } => format!("<{id}>"),
        Inline::Image { picture, .. } => format!("img({} “{}”)", picture.asset, picture.alt),
        Inline::NoteReference {
            note, occurrence, ..
        } => format!("^{}.{occurrence}", note.0),
        Inline::LineBreak => "br".into(),
        Inline::Language {
            lang,
            direction,
            content,
        } => {
            let lang = lang.as_ref().map(ToString::to_string).unwrap_or_default();
            let dir = direction.map(|dir| dir.as_str()).unwrap_or_default();
            format!("lang<{lang} {dir}>({})", inlines(content))
        }
    };
    content.iter().map(one).collect()
}

/// What the first report of a code points at.
fn pointed_at(reading: &Reading, code: Code) -> &str {
    let found: &Diagnostic = reading.diagnostics.iter().find(|d| d.code == code).unwrap();
    let span = found.labels[0].span;
    &reading.sources.get(span.file).unwrap().text[span.start as usize..span.end as usize]
}

#[test]
fn plain_blocks() {
    check(
        "# One *two*\n\nText.",
        "headline(One em(two)) p(Text.)",
        &[],
    );
    check("Text.\n\n# Late\n", "p(Text.) h1(Late)", &[]);
    check(
        "x\n\n## A\n\n#### B\n\n### C\n\n## D",
        "p(x) h1(A) h2(B) h2(C) h1(D)",
        &[],
    );
    check(
        "- a\n- b\n\n1. c\n\n   d",
        "ul(p(a); p(b)) ol1-loose(p(c) p(d))",
        &[],
    );
    check("> a\n>\n> > b", "quote(p(a) quote(p(b)))", &[]);
    check(
        "```rust\nlet \"a\";\n```\n\n***",
        "code(rust: let \"a\";) rule",
        &[],
    );
    check("| a | b |\n|---|--:|\n| c |\n", "table(a|b: c|)", &[]);
    check(
        "~~a~~ **b** `c \"d\"`  \ne",
        "p(s(a) strong(b) `c \"d\"`bre)",
        &[],
    );
}

#[test]
fn headlines_and_briefs() {
    check("Only text.", "p(Only text.)", &[]);
    check(
        "---\nheadline: From *here*\n---\n# There",
        "headline(From em(here)) h1(There)",
        &[],
    );
    check("<!-- note -->\n\n# Title\n\nx", "headline(Title) p(x)", &[]);
    check("## Second level\n\nx", "h1(Second level) p(x)", &[]);
    check(
        "+++\nheadline = \"1984. A year\"\n+++\nx",
        "headline(1984. A year) p(x)",
        &[],
    );
    check(
        "---\nheadline: \"# 'no' \\\"list\\\"\"\n---\nx",
        "headline(# ‘no’ “list”) p(x)",
        &[],
    );
    check("---\nheadline: 1984\n---\nx", "headline(1984) p(x)", &[]);
    check(
        "# A[^n]\n\nx\n\n[^n]: N.",
        "headline(A^1.1) p(x) note1x1(p(N.))",
        &[],
    );
}

#[test]
fn front_matter() {
    let reading = read_article(
        "---\nkicker: It's news\nstandfirst: A *short* one.\nbyline:\n  - Ada\n  - Bo\ndateline: Hefei, 3 May\nlang: de\neditions: [email, pdf]\nembargo: 2024-11-30T06:00:00+01:00\nmood: {calm: [1, 2.5, yes]}\n---\n\"Ja\"\n",
    );
    let codes: Vec<Code> = reading.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::Embargoed, Code::UnknownFrontMatterKey]);
    let article = article(&reading);
    assert_eq!(article.kicker.as_deref(), Some("It’s news"));
    assert_eq!(
        inlines(article.standfirst.as_ref().unwrap()),
        "A em(short) one."
    );
    assert_eq!(article.bylines, ["Ada", "Bo"]);
    assert_eq!(article.dateline.as_deref(), Some("Hefei, 3 May"));
    assert_eq!(article.lang.as_ref().unwrap().as_str(), "de");
    assert_eq!(article.editions.as_ref().unwrap().len(), 2);
    assert_eq!(
        article.embargo.unwrap().to_rfc3339(),
        "2024-11-30T06:00:00+01:00"
    );
    assert_eq!(article.extra["mood"]["calm"][1], 2.5);
    assert_eq!(written(article), "p(„Ja“)");
}

#[test]
fn front_matter_faults_are_pointed_at() {
    let fault = |markdown: &str, code: Code| {
        let reading = read_article(markdown);
        pointed_at(&reading, code).to_owned()
    };
    assert_eq!(
        fault("---\nembargo: tomorrow\n---\nx", Code::InvalidValue),
        "tomorrow"
    );
    assert_eq!(
        fault(
            "---\nembargo: 2024-11-30T06:00:00\n---\nx",
            Code::InvalidValue
        ),
        "2024-11-30T06:00:00"
    );
    assert_eq!(
        fault("---\neditions: [pdf, ebook]\n---\nx", Code::InvalidValue),
        "ebook"
    );
    assert_eq!(
        fault("+++\nlang = \"english\"\n+++\nx", Code::InvalidValue),
        "\"english\""
    );
    assert_eq!(
        fault("---\ntitle: A\n---\nx", Code::UnknownFrontMatterKey),
        "title"
    );
    assert_eq!(
        fault("---\nheadline: a\nx", Code::InvalidFrontMatter),
        "---"
    );
    assert_eq!(
        fault("+++\nheadline = a\n+++\nx", Code::InvalidFrontMatter),
        "a"
    );
    assert_eq!(
        fault("---\ndraft: true\n---\nx", Code::DraftLeftOut),
        "true"
    );
    check("---\n\nA rule above.", "rule p(A rule above.)", &[]);
    check("---\n---\nx", "p(x)", &[]);
}

#[test]
fn links() {
    check(
        "[a](https://ä.org/b c) <x@y.org>",
        "p([a](a<https://%C3%A4.org/b>(https://ä.org/b) c) a<mailto:x@y.org>(x@y.org))",
        &[],
    );
    check(
        "[a](<https://a.org/b c>)",
        "p(a<https://a.org/b%20c>(a))",
        &[],
    );
    check(
        "See www.a.org and https://b.org/x'y/.",
        "p(See a<http://www.a.org>(www.a.org) and a<https://b.org/x'y/>(https://b.org/x'y/).)",
        &[],
    );
    check(
        "[](https://a.org)",
        "p(a<https://a.org>(https://a.org))",
        &[],
    );
    check(
        "[a](/news)",
        "p(a<https://example.org/review/news>(a))",
        &[],
    );
    check(
        "---\nsite: https://s.org/\n---\n[a](/news)",
        "p(a<https://s.org/news>(a))",
        &[],
    );
    check(
        "[a](b.html) [c](javascript:x)",
        "p(a c)",
        &[Code::UnresolvedLink, Code::UnresolvedLink],
    );
    check(
        "[a](https://a.org \"T\")",
        "p(a<https://a.org>(a))",
        &[Code::LinkTitle],
    );
    check(
        "<a href=\"https://a.org?b&amp;c\">*x*</a>",
        "p(a<https://a.org?b&c>(em(x)))",
        &[],
    );
    check(
        "<a href=\"https://a.org\">https://a.org</a>",
        "p(a<https://a.org>(https://a.org))",
        &[],
    );
    check(
        "[a[^1]b](https://a.org)\n\n[^1]: N.",
        "p(a<https://a.org>(a)^1.1a<https://a.org>(b)) note1x1(p(N.))",
        &[],
    );
}

#[test]
fn places() {
    check(
        "## Über *uns*\n\n[a](#über-uns) [b](#%C3%BCber-uns)",
        "h1(Über em(uns)) p(a<a#b-a.1>(a) a<a#b-a.1>(b))",
        &[],
    );
    check(
        "## A\n\n## A\n\n[x](#a-1)",
        "h1(A) h1(A) p(a<a#b-a.2>(x))",
        &[],
    );
    check(
        "# A\n\n[x](#a) [y](a.md) [z](#)",
        "headline(A) p(a<a#>(x) a<a#>(y) a<a#>(z))",
        &[],
    );
    check(
        "x <a name=\"p q\"></a>y [z](#p%20q)",
        "p(x <x-a.p_q>y a<a#x-a.p_q>(z))",
        &[],
    );
    check(
        "<a name=\"p\"></a>\n\nText [z](#p)",
        "p(Text a<a#b-a.1>(z))",
        &[],
    );
    check("[z](#p)\n\n<a id=\"p\"></a>", "p(a<a#b-a.1>(z))", &[]);
    check("[z](#nowhere)", "p(z)", &[Code::BrokenReference]);
    check("[z](b.md)", "p(z)", &[Code::BrokenReference]);
    check("[z](../b.md)", "p(z)", &[Code::PathOutsideIssue]);
    check(
        "## Title {#own}\n\n[x](#title)",
        "h1(<x-a.own>Title) p(a<a#b-a.1>(x))",
        &[Code::UnsupportedMarkup],
    );
}

#[test]
fn links_between_articles() {
    let reading = read_files(&[
        ("a.md", b"[b](b.md#part) [c](sub/c.md) [d](d.md)"),
        ("b.md", b"## Part\n\n[a](./a.md)"),
        ("sub/c.md", b"[b](../b.md)"),
        ("d.md", b"+++\ndraft = true\n+++\nx"),
    ]);
    let codes: Vec<Code> = reading.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, [Code::BrokenReference, Code::DraftLeftOut]);
    let articles: Vec<String> = reading
        .source
        .as_ref()
        .unwrap()
        .issue
        .articles()
        .map(written)
        .collect();
    assert_eq!(
        articles,
        [
            "p(a<b#b-b.1>(b) a<c#>(c) d)",
            "h1(Part) p(a<a#>(a))",
            "p(a<b#>(b))",
        ]
    );
}

#[test]
fn notes() {
    check(
        "a[^x] b[^y] c[^x]\n\n[^y]: Y.\n[^x]: X.\n\n    > q",
        "p(a^1.1 b^2.1 c^1.2) note1x2(p(X.) quote(p(q))) note2x1(p(Y.))",
        &[],
    );
    check(
        "a[^x]\n\n[^x]: X[^y][^x]\n[^y]: Y[^x]",
        "p(a^1.1) note1x3(p(X^2.1^1.2)) note2x1(p(Y^1.3))",
        &[],
    );
    check(
        "a[^x] [^y]\n\n[^z]: Z.",
        "p(a[^x] [^y])",
        &[Code::UndefinedNote, Code::UndefinedNote, Code::UnusedNote],
    );
    check(
        "a[^x]\n\n[^x]: X.\n\n[^x]: Again.",
        "p(a^1.1) note1x1(p(X.))",
        &[Code::UnusedNote],
    );
    check(
        "a[^x]\n\n[^x]: <!-- no -->",
        "p(a^1.1) note1x1(p([^x]))",
        &[Code::UndefinedNote],
    );
    check("a\\[^x]", "p(a[^x])", &[]);
    check("*[^x]*\n\n[^x]: X.", "p(em(^1.1)) note1x1(p(X.))", &[]);
    check(
        "![A](images/a.png \"C[^x].\")\n\n[^x]: X.",
        "figure(images/a.png “A” caption(C^1.1.)) note1x1(p(X.))",
        &[],
    );
}

#[test]
fn notes_count_over_the_issue() {
    let reading = read_files(&[
        ("a.md", b"a[^1]\n\n[^1]: A."),
        ("b.md", b"b[^1]\n\n[^1]: B."),
    ]);
    let articles: Vec<String> = reading
        .source
        .as_ref()
        .unwrap()
        .issue
        .articles()
        .map(written)
        .collect();
    assert_eq!(
        articles,
        ["p(a^1.1) note1x1(p(A.))", "p(b^2.1) note2x1(p(B.))"]
    );
}

#[test]
fn figures_and_pictures() {
    check(
        "![A \"b\"](images/a.png)",
        "figure(images/a.png “A “b””)",
        &[],
    );
    check(
        "![A](/images/a.png '*Cap* `c`')\n",
        "figure(images/a.png “A” caption(em(Cap) `c`))",
        &[],
    );
    check(
        "Text ![A](images/a.png) more",
        "p(Text img(images/a.png “A”) more)",
        &[],
    );
    check(
        "[![A](images/a.png)](https://a.org)",
        "p(a<https://a.org>(img(images/a.png “A”)))",
        &[],
    );
    check("![A](images%2Fa.png)", "figure(images/a.png “A”)", &[]);
    check(
        "![](images/a.png)",
        "figure(images/a.png “images/a.png”)",
        &[Code::MissingAltText],
    );
    check("![A](images/b.png)", "", &[Code::MissingPicture]);
    check(
        "x ![A](https://a.org/a.png)",
        "p(x a<https://a.org/a.png>(A))",
        &[Code::RemotePicture],
    );
    check(
        "[![*A*](//a.org/a.png)](https://b.org) ![](//a.org)",
        "p(a<https://b.org>(A) a<https://a.org>(https://a.org))",
        &[Code::RemotePicture, Code::RemotePicture],
    );
    check("x\n\n![A](../a.png)", "p(x)", &[Code::PathOutsideIssue]);
    check("x\n\n![A](images)", "p(x)", &[Code::UnreadableFile]);
    check(
        "---\npictures:\n  images/a.png:\n    credit: A \"b\"\n    description: Long.\n---\n![A](images/a.png)",
        "figure(images/a.png “A” [A “b”] [Long.])",
        &[],
    );
    check(
        "+++\n[pictures.\"images/b.png\"]\ncredit = \"x\"\n+++\n![A](images/a.png)",
        "figure(images/a.png “A”)",
        &[Code::UnknownFrontMatterKey],
    );
}

#[test]
fn asides_and_pull_quotes() {
    check("> [!NOTE]\n> a", "Note(: p(a))", &[]);
    check(
        "> [!warning] Mind *this*\n> a\n>\n> - b",
        "Warning(Mind em(this): p(a) ul(p(b)))",
        &[],
    );
    check(
        "> [!PULLQUOTE]\n> \"Well.\"\n> — *Ada*",
        "pull(p(“Well.”) — em(Ada))",
        &[],
    );
    check(
        "> [!pullquote]\n> a\n>\n> b\n>\n> -- Ada\n> of X",
        "pull(p(a) p(b) — Ada of X)",
        &[],
    );
    check("> [!PULLQUOTE]\n> a", "pull(p(a) — )", &[]);
    check("> [!NOTES]\n> a", "quote(p(a))", &[Code::UnsupportedMarkup]);
    check("> \\[!NOTE]\n> a", "quote(p([!NOTE] a))", &[]);
    check("> [!NOTE]", "", &[Code::EmptyArticle]);
}

#[test]
fn html() {
    check(
        "a<br>b <u>c</u> H<sub>2</sub>O <sup>x</sup> <small>s</small> <kbd>\"Q\"</kbd>",
        "p(abrb u(c) Hsub(2)O sup(x) small(s) kbd(\"Q\"))",
        &[],
    );
    check(
        "<span lang=\"zh\" dir='ltr'>中国</span> <span dir=rtl>x</span>",
        "p(lang<zh ltr>(中国) lang< rtl>(x))",
        &[],
    );
    check(
        "<span lang=de>\"x\"</span> \"y\"",
        "p(lang<de >(„x“) “y”)",
        &[],
    );
    check("*a <u>b* c</u>", "p(em(a u(b))u( c))", &[]);
    check(
        "<div class=x>\nA &amp; <b>b</b>\n<p>c\n</div>",
        "p(A & b) p(c)",
        &[Code::UnsupportedHtml; 3],
    );
    check(
        "a <!-- note --> b<!---->\n\n<!-- block\n\nstill -->\n\nc",
        "p(a b) p(c)",
        &[],
    );
    check("<!-- a --> b", "p(b)", &[]);
    check(
        "x\n\n<!-- never\n\nclosed",
        "p(x)",
        &[Code::UnsupportedHtml],
    );
    check(
        "a <script>alert('x')</script> b",
        "p(a b)",
        &[Code::UnsupportedHtml],
    );
    check(
        "x\n\n<style>\n\n.a {}\n</style>",
        "p(x)",
        &[Code::UnsupportedHtml],
    );
    check("a <u>b", "p(a b)", &[Code::UnsupportedHtml]);
    check("a </u> b", "p(a b)", &[Code::UnsupportedHtml]);
    check(
        "<table><tr><td>a<td>b</tr></table>",
        "p(a b)",
        &[Code::UnsupportedHtml; 3],
    );
    check("<u>\nblock\n</u>", "p(u(block))", &[]);
    check("a < b > c & d &lt;u&gt;", "p(a < b > c & d <u>)", &[]);
}

#[test]
fn an_anchor_that_is_a_link() {
    check(
        "<a name=\"n\" href=\"https://a.org\">a</a> [b](#n)",
        "p(<x-a.n>a<https://a.org>(a) a<a#x-a.n>(b))",
        &[],
    );
}

#[test]
fn items_are_named_by_the_words_they_begin_with() {
    check(
        "[a](#tool-1-2)\n\n- [Tool #1.2](https://a.org) is new\n",
        "p(a<a#b-a.2.1.1>(a)) ul(p(a<https://a.org>(Tool #1.2) is new))",
        &[],
    );
    check(
        "[a](#tool)\n\n- [Tool][]: more\n",
        "p(a<a#b-a.2.1.1>(a)) ul(p(Tool: more))",
        &[Code::UndefinedReference],
    );
    check(
        "- Tools are new, [a](#tool)\n",
        "ul(p(Tools are new, a))",
        &[Code::BrokenReference],
    );
    check(
        "# Tool\n\n- Tool [a](#tool)\n",
        "headline(Tool) ul(p(Tool a<a#>(a)))",
        &[],
    );
}

#[test]
fn names_of_kramdown_are_kept_for_links() {
    check(
        "[a](#one) [b](#two)\n\n{:#one}\n\nText\n\n- {:#two .x} Item\n",
        "p(a<a#b-a.2>(a) a<a#x-a.two>(b)) p(Text) ul(p(<x-a.two>Item))",
        &[Code::UnsupportedMarkup; 2],
    );
    check(
        "[a](#one)\n\n<div id=\"one\">\n\nText\n\n</div>\n",
        "p(a<a#b-a.2>(a)) p(Text)",
        &[Code::UnsupportedHtml],
    );
}

#[test]
fn foreign_markup() {
    check(
        "a {% include x.md url=\"https://a.org\" %} b",
        "p(a b)",
        &[Code::UnsupportedMarkup],
    );
    check(
        "a\n{:.center}\n\nb {{ page.title\n}}",
        "p(a) p(b)",
        &[Code::UnsupportedMarkup; 2],
    );
    check(
        "{% include x %}\n[a]: https://a.org\n\n[b][a]",
        "p(a<https://a.org>(b))",
        &[Code::UnsupportedMarkup],
    );
    check(
        "`{% raw %}` \\{% x %} {% open",
        "p(`{% raw %}` {% x %} {% open)",
        &[],
    );
    check("    {% code %}", "code(: {% code %})", &[]);
    check("{a} {: )", "p({a} {: ))", &[]);
}

#[test]
fn undefined_references() {
    check(
        "[a *b*][c] [d][]",
        "p(a em(b) d)",
        &[Code::UndefinedReference; 2],
    );
    check(
        "[a] [b] ![alt][c]",
        "p([a] [b] alt)",
        &[Code::UndefinedReference],
    );
    check(
        "[x][y][z]\n\n[z]: https://z.org",
        "p([x]a<https://z.org>(y))",
        &[],
    );
    check("\\[a][b] `[a][b]`", "p([a][b] `[a][b]`)", &[]);
}

#[test]
fn characters() {
    check("\u{feff}# A\r\n\r\nb\r\nc", "headline(A) p(b c)", &[]);
    check("a\0b\u{7}c \u{9b}d", "p(abc d)", &[Code::ControlCharacter]);
    check("e\u{301} 中国\n科学院\nab", "p(é 中国科学院 ab)", &[]);
    check("&#1;a &#0;b", "p(a \u{fffd}b)", &[Code::ControlCharacter]);
    check("`a\tb`\n\n\tx\ty", "p(`a b`) code(: x\ty)", &[]);
    check(
        "אב \"ג\" \u{2067}x\u{2069}",
        "p(אב “ג” \u{2067}x\u{2069})",
        &[],
    );
    check(
        "#set text(red) $x$ @ref <label>",
        "p(#set text(red) $x$ @ref)",
        &[Code::UnsupportedHtml],
    );
}

#[test]
fn invalid_utf8_is_pointed_at() {
    let reading = read_files(&[("a.md", b"one\ntwo \xff three")]);
    assert_eq!(reading.diagnostics[0].code, Code::InvalidUtf8);
    let at = reading
        .sources
        .line_column(reading.diagnostics[0].labels[0].span)
        .unwrap();
    assert_eq!((at.line, at.column), (2, 5));
}

#[test]
fn deep_nesting_is_refused_and_survived() {
    let deep = |markdown: String| {
        let reading = read_article(&markdown);
        reading
            .diagnostics
            .iter()
            .any(|d| d.code == Code::NestingTooDeep)
    };
    assert!(deep("> ".repeat(10_000) + "x"));
    assert!(deep("- ".repeat(10_000) + "x"));
    assert!(deep(
        (0..10_000)
            .map(|n| format!("{}- x\n", " ".repeat(2 * n.min(400))))
            .collect()
    ));
    assert!(deep("*a **b ".repeat(20) + &"c**d*e".repeat(20)));
    assert!(deep("<u>".repeat(10_000) + "x" + &"</u>".repeat(10_000)));
    assert!(!deep("[".repeat(100_000)));
    assert!(!deep("![".repeat(50_000)));
    assert!(!deep("> ".repeat(15) + "x"));
    assert!(deep("> ".repeat(16) + "x"));
}

/// Reads a folder that is laid out by hand.
fn read_folder(files: &[(&str, &[u8])]) -> Reading {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        write(folder.path(), name, bytes);
    }
    read(folder.path(), "2024-11")
}

/// Every report in a line: its code and what it points at.
fn reports(reading: &Reading) -> Vec<String> {
    reading
        .diagnostics
        .iter()
        .map(|diagnostic| match diagnostic.labels.first() {
            Some(label) => {
                let file = reading.sources.get(label.span.file).unwrap();
                let text = &file.text[label.span.start as usize..label.span.end as usize];
                format!("{} {text}", diagnostic.code)
            }
            None => diagnostic.code.to_string(),
        })
        .collect()
}

#[test]
fn every_fault_of_the_toml_files_in_one_run() {
    let reading = read_folder(&[
        (
            "publication.toml",
            b"titel = \"T\"\nslug = \"No Slug\"\nlanguage = \"en\"\nissn = \"1234-5678\"\nbase_url = \"example.org\"\n[theme]\naccent = \"red\"\n[pdf]\npaper = \"A4\"\n[sender]\nfrom = \"nobody\"\n",
        ),
        (
            "2024-11/issue.toml",
            b"format = 2\nnumber = 0\ndate = \"2024-11-30\"\n[cover]\npicture = \"c.png\"\n[[section]]\ntitle = \"A\"\narticles = [1, \"x.md\", \"../y.md\"]\n[[section]]\ntitle = \"a!\"\narticles = []\n",
        ),
        ("2024-11/unrelated.md", b"z"),
    ]);
    assert_eq!(
        reports(&reading),
        [
            "unlisted-article",
            "missing-key ",
            "unknown-key titel",
            "invalid-value \"No Slug\"",
            "invalid-value \"1234-5678\"",
            "invalid-value \"example.org\"",
            "invalid-value \"red\"",
            "invalid-value \"A4\"",
            "invalid-value \"nobody\"",
            "missing-key ",
            "invalid-value 2",
            "invalid-value 0",
            "invalid-value \"2024-11-30\"",
            "missing-picture \"c.png\"",
            "missing-alt-text \"c.png\"",
            "invalid-value 1",
            "missing-file \"x.md\"",
            "path-outside-issue \"../y.md\"",
            "empty-section \"a!\"",
            "duplicate-slug \"a!\"",
        ]
    );
    assert!(reading.source.is_none());
    assert_eq!(
        reading.inputs.keys().collect::<Vec<_>>(),
        ["2024-11/issue.toml", "publication.toml"]
    );
}

#[test]
fn broken_toml_is_all_that_is_said_of_it() {
    let reading = read_folder(&[
        (
            "publication.toml",
            b"title = \"T\"\nslug = t\nlanguage = \"en\"\n[sender]\nfrom = \"a@b.c\"\n",
        ),
        ("2024-11/issue.toml", b"format = 1\ndate = 2024-13-41\n"),
    ]);
    assert_eq!(
        reports(&reading),
        ["invalid-toml t", "invalid-toml 2024-13-41"]
    );
}

#[test]
fn nothing_there() {
    assert_eq!(reports(&read_folder(&[])), ["missing-file", "missing-file"]);
    let reading = read(Path::new("/nonexistent"), "../x");
    assert_eq!(reports(&reading), ["missing-file", "invalid-value"]);
}

#[test]
fn the_rest_of_an_issue() {
    let reading = read_folder(&[
        (
            "publication.toml",
            "title = \"Ada's\"\nslug = \"t\"\nlanguage = \"en\"\npostal_address = \"\"\"\n1 Road\nTown,\n\"\"\"\ncolophon = \"Set *in* [type](https://t.org), [x](x.md).\"\n[sender]\nfrom = \"A <a@b.c>\"\n".as_bytes(),
        ),
        (
            "2024-11/issue.toml",
            b"format = 1\nnumber = 7\ndate = 2024-11-30\nsubject = \"It's\"\n[cover]\npicture = \"./c.png\"\nalt = \"C\"\nline = \"L\"\n[[section]]\ntitle = \"A & B\"\narticles = [\"x.md\"]\n[[correction]]\nissue = \"2024-10\"\ntext = \"See [x](x.md#h).\"\n",
        ),
        ("2024-11/c.png", b"c"),
        ("2024-11/x.md", b"## H\n"),
        ("templates/epub/article.xhtml", b"publication"),
        ("templates/epub/blocks/paragraph.xhtml", b"p"),
        ("2024-11/templates/epub/article.xhtml", b"issue"),
        ("templates/fonts/A.TTF", b"font"),
        ("templates/fonts/README", b"none"),
    ]);
    assert_eq!(
        reports(&reading),
        ["unresolved-link \"Set *in* [type](https://t.org), [x](x.md).\""]
    );
    let source = reading.source.unwrap();
    assert_eq!(source.publication.title, "Ada’s");
    assert_eq!(
        source.publication.postal_address.as_deref(),
        Some("1 Road, Town")
    );
    assert_eq!(
        inlines(&source.publication.colophon),
        "Set em(in) a<https://t.org>(type), x."
    );
    assert_eq!(source.issue.number, Some(7));
    assert_eq!(source.issue.cover.unwrap().picture.asset.as_str(), "c.png");
    assert_eq!(source.issue.sections[0].slug.as_str(), "a-b");
    assert_eq!(
        inlines(&source.issue.corrections[0].text),
        "See a<x#b-x.1>(x)."
    );
    let templates: Vec<(&str, &str)> = source
        .templates
        .iter()
        .map(|t| (t.name.as_str(), t.text.as_str()))
        .collect();
    assert_eq!(
        templates,
        [
            ("epub/article.xhtml", "issue"),
            ("epub/blocks/paragraph.xhtml", "p")
        ]
    );
    assert_eq!(source.fonts[0].name, "A.TTF");
    assert!(
        reading
            .inputs
            .contains_key("2024-11/templates/epub/article.xhtml")
    );
    assert!(reading.inputs.contains_key("templates/epub/article.xhtml"));
}

#[test]
fn names_of_issues() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "2024-11/issue.toml",
        "2024-02/issue.toml",
        "templates/x",
        "No/issue.toml",
    ] {
        write(folder.path(), name, b"");
    }
    assert_eq!(
        crate::issue_names(folder.path()).unwrap(),
        ["2024-02", "2024-11"]
    );
    assert!(crate::issue_names(Path::new("/nonexistent")).is_err());
}

#[test]
fn files_of_other_sorts() {
    let folder = tempfile::tempdir().unwrap();
    let issue = folder.path().join("2024-11");
    write(folder.path(), "publication.toml", PUBLICATION.as_bytes());
    write(
        folder.path(),
        "2024-11/issue.toml",
        b"format = 1\ndate = 2024-11-30\nsubject = \"S\"\n[[section]]\ntitle = \"N\"\narticles = [\"large.md\", \"pipe.md\", \"link.md\", \"inside.md\"]\n",
    );
    write(folder.path(), "secret.md", b"secret");
    write(folder.path(), "2024-11/real.txt", b"inside");
    let large = fs::File::create(issue.join("large.md")).unwrap();
    large.set_len(50_000_000).unwrap();
    let pipe = std::process::Command::new("mkfifo")
        .arg(issue.join("pipe.md"))
        .status();
    assert!(pipe.unwrap().success());
    std::os::unix::fs::symlink("../secret.md", issue.join("link.md")).unwrap();
    std::os::unix::fs::symlink("real.txt", issue.join("inside.md")).unwrap();
    let reading = read(folder.path(), "2024-11");
    assert_eq!(
        reports(&reading),
        [
            "file-too-large \"large.md\"",
            "unreadable-file \"pipe.md\"",
            "path-outside-issue \"link.md\"",
        ]
    );
    assert_eq!(written(article(&reading)), "p(inside)");
}

#[test]
fn attributes_of_code_are_reported() {
    check(
        "```python title=\"x.py\"\nx\n```\n",
        "code(python: x)",
        &[Code::UnsupportedMarkup],
    );
}

#[test]
fn braces_far_apart_are_text() {
    let far = format!("a {{% b\n{}\n%}} c\n", "word ".repeat(70).trim());
    let reading = read_article(&far);
    assert!(reading.diagnostics.is_empty());
    let words = written(article(&reading));
    assert!(words.contains("{% b") && words.contains("%} c"), "{words}");
    check("a {% b\nc %} d", "p(a d)", &[Code::UnsupportedMarkup]);
}

#[test]
fn many_names_and_marks_are_no_trouble() {
    let long = "x".repeat(100);
    let mut markdown = "[^ ".repeat(50_000);
    markdown.push_str("\n\n");
    for number in 0..20_000 {
        let _ = write!(markdown, "<a name=\"{long}{number}\"></a>\n\n");
    }
    markdown.push_str("End.\n");
    let reading = read_article(&markdown);
    assert!(reading.diagnostics.is_empty(), "{:#?}", reading.diagnostics);
}

#[test]
fn dates_and_slugs_that_no_edition_can_carry() {
    let folder = tempfile::tempdir().unwrap();
    let slug = format!("slug = \"{}\"", "r".repeat(81));
    let publication = PUBLICATION.replace("slug = \"review\"", &slug);
    write(folder.path(), "publication.toml", publication.as_bytes());
    let issue = "format = 1\ndate = 1969-12-31\nsubject = \"N\"\n[[section]]\ntitle = \"N\"\narticles = []\n";
    write(folder.path(), "2024-11/issue.toml", issue.as_bytes());
    let reading = read(folder.path(), "2024-11");
    let invalid = |d: &&Diagnostic| d.code == Code::InvalidValue;
    assert_eq!(reading.diagnostics.iter().filter(invalid).count(), 2);
}

#[test]
fn reports_quote_no_name_at_length() {
    let long = "x".repeat(50_000);
    let reading = read_article(&format!(
        "a [b]({long}.md) [c](#{long}) ![d]({long}.png) [^{}]\n",
        &long[..900]
    ));
    let found: Vec<Code> = reading.diagnostics.iter().map(|d| d.code).collect();
    for code in [
        Code::BrokenReference,
        Code::MissingPicture,
        Code::UndefinedNote,
    ] {
        assert!(found.contains(&code), "{code} in {found:?}");
    }
    for diagnostic in &reading.diagnostics {
        assert!(diagnostic.message.len() < 400, "{}", diagnostic.code);
        assert!(diagnostic.help.iter().all(|help| help.len() < 400));
    }
}

#[test]
fn tables_have_bounds() {
    let table = |columns: usize, rows: usize| {
        let row = |cell: &str| format!("|{}\n", cell.repeat(columns));
        let markdown = row("a|") + &row("-|") + &row("b|").repeat(rows);
        let reading = read_article(&markdown);
        let large = |d: &Diagnostic| d.code == Code::TableTooLarge;
        reading.diagnostics.iter().any(large)
    };
    assert!(!table(50, 1));
    assert!(table(51, 1));
    assert!(!table(50, 399));
    assert!(table(50, 400));
}

#[test]
fn a_repeated_slug_names_both_places() {
    let reading = read_files(&[("a b.md", b"x"), ("a-b.md", b"y")]);
    assert_eq!(reports(&reading), ["duplicate-slug \"a-b.md\""]);
    assert_eq!(reading.diagnostics[0].labels.len(), 2);
}

#[test]
fn places_are_exact_wherever_they_stand() {
    for markdown in [
        "- a\n  1. b\n     [^x]\n",
        "> a\n> > b [^x]\nlazy\n",
        "| a | b |\n|---|---|\n| 王 | *c* [^x] |\n",
        "\u{feff}a\r\n\r\n- b\r\n\r\n  &amp; c\r\n  [^x]\r\n",
        "[r]: https://a.org\n[s]: https://b.org\ntext\n*more [^x]*\n",
        "Heading [^x]\n===\n",
        "a[^n]\n\n[^n]: b\n\n    - c [^x]\n",
        "<div>\nb [^x]\n</div>\n",
    ] {
        let reading = read_article(markdown);
        assert_eq!(
            pointed_at(&reading, Code::UndefinedNote),
            "[^x]",
            "{markdown}"
        );
    }
}

#[test]
fn a_linked_folder_of_templates_does_not_leave_the_issue() {
    let folder = tempfile::tempdir().unwrap();
    let issues = folder.path().join("issues");
    let outside = folder.path().join("outside");
    write(&outside, "pdf/issue.typ", b"secret");
    write(&outside, "fonts/a.ttf", b"secret");
    write(&issues, "publication.toml", PUBLICATION.as_bytes());
    write(
        &issues,
        "2024-11/issue.toml",
        b"format = 1\ndate = 2024-11-30\nsubject = \"November\"\n[[section]]\ntitle = \"News\"\narticles = []\n",
    );
    for place in ["templates", "2024-11/templates"] {
        std::os::unix::fs::symlink(&outside, issues.join(place)).unwrap();
    }
    let reading = read(&issues, "2024-11");
    let outside = |d: &&Diagnostic| d.code == Code::PathOutsideIssue;
    assert_eq!(reading.diagnostics.iter().filter(outside).count(), 4);
    assert!(!reading.inputs.keys().any(|path| path.contains("templates")));
    let source = reading.source.unwrap();
    assert!(source.templates.is_empty() && source.fonts.is_empty());
}

#[test]
fn cells_beyond_the_last_column_are_reported() {
    let lost = |row: &str| {
        let reading = read_article(&format!("> | a | b |\n> |---|---|\n> {row}\n"));
        match reports(&reading).as_slice() {
            [] => None,
            [_] => Some(pointed_at(&reading, Code::UnsupportedMarkup).to_owned()),
            more => panic!("{more:?}"),
        }
    };
    assert_eq!(lost("| 1 | 2 | LOST |").as_deref(), Some("LOST"));
    assert_eq!(lost("1 | 2 | LOST | TOO").as_deref(), Some("LOST | TOO"));
    assert_eq!(lost("| `a|b` | c |").as_deref(), Some("c"));
    assert_eq!(lost("| `a\\|b` | c \\| d |"), None);
    assert_eq!(lost("| 1 | 2 | |"), None);
    assert_eq!(lost("| 1 |"), None);
}
