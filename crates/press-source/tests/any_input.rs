//! Whatever an author writes, reading it does not panic, and what comes out
//! keeps the promises of the model.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use press_model::{Article, Block, Inline, Issue, LinkTarget, Slug, Span};
use press_source::{Reading, read};
use proptest::prelude::*;

const PUBLICATION: &[u8] =
    b"title = \"T\"\nslug = \"t\"\nlanguage = \"en\"\n[sender]\nfrom = \"a@b.c\"\n";
const ISSUE: &[u8] = b"format = 1\ndate = 2024-01-31\nsubject = \"S\"\n[[section]]\ntitle = \"S\"\narticles = [\"a.md\", \"b.md\"]\n";

fn read_issue(publication: &[u8], issue: &[u8], article: &[u8]) -> Reading {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    fs::create_dir(folder.path().join("2024-01")).unwrap();
    write("publication.toml", publication);
    write("2024-01/issue.toml", issue);
    write("2024-01/a.md", article);
    write("2024-01/b.md", b"## Part\n\nb[^1]\n\n[^1]: B.");
    write("2024-01/p.png", b"p");
    read(folder.path(), "2024-01")
}

/// Holds a reading against what the model promises.
fn assert_sound(reading: &Reading) {
    for diagnostic in &reading.diagnostics {
        assert!(!diagnostic.message.contains('\n'), "{diagnostic:?}");
        for label in &diagnostic.labels {
            let Span { file, start, end } = label.span;
            let text = &reading.sources.get(file).unwrap().text;
            assert!(
                text.get(start as usize..end as usize).is_some(),
                "{diagnostic:?}"
            );
        }
    }
    let Some(source) = &reading.source else {
        return;
    };
    let issue = &source.issue;
    let json = serde_json::to_string(issue).unwrap();
    assert_eq!(&serde_json::from_str::<Issue>(&json).unwrap(), issue);

    let mut ids: BTreeMap<Slug, BTreeSet<String>> = BTreeMap::new();
    let mut links = Vec::new();
    let mut number = 0;
    for article in issue.articles() {
        let mut walk = Walk::default();
        walk.article(article);
        for note in &article.notes {
            number += 1;
            assert_eq!(note.number.0, number, "notes count through");
            let references = walk.references.remove(&number).unwrap_or_default();
            assert_eq!(references, (1..=note.references).collect(), "{note:?}");
            assert!(note.references > 0 && !note.blocks.is_empty());
        }
        assert!(walk.references.is_empty(), "{:?}", walk.references);
        ids.insert(article.slug.clone(), walk.ids);
        links.append(&mut walk.links);
    }
    let all: Vec<&String> = ids.values().flatten().collect();
    assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len());
    for link in links {
        match link {
            LinkTarget::Address { url } => assert!(url.bytes().all(|b| b.is_ascii_graphic())),
            LinkTarget::Place { article, id } => {
                let ids = ids.get(&article).expect("the article is in the issue");
                assert!(id.is_none_or(|id| ids.contains(&id)), "{json}");
            }
        }
    }
}

#[derive(Default)]
struct Walk {
    ids: BTreeSet<String>,
    links: Vec<LinkTarget>,
    references: BTreeMap<u32, BTreeSet<u32>>,
    heading: u8,
}

impl Walk {
    fn article(&mut self, article: &Article) {
        for content in [&article.headline, &article.standfirst]
            .into_iter()
            .flatten()
        {
            assert!(!content.is_empty());
            self.line(content);
        }
        let plain = article
            .bylines
            .iter()
            .chain(&article.kicker)
            .chain(&article.dateline);
        plain.for_each(|text| assert_plain(text));
        self.blocks(&article.blocks, 1);
        for note in &article.notes {
            self.heading = 0;
            self.blocks(&note.blocks, 1);
        }
    }

    fn id(&mut self, id: &str) {
        let is_name = id.starts_with(|c: char| c.is_ascii_alphabetic())
            && id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        assert!(is_name, "{id}");
        assert!(self.ids.insert(id.to_owned()), "{id} is not unique");
    }

    fn blocks(&mut self, blocks: &[Block], depth: usize) {
        assert!(depth <= 16 || blocks.is_empty());
        for block in blocks {
            self.id(block.id().as_str());
            match block {
                Block::Paragraph { content, .. } => self.line_with_words(content),
                Block::Heading { level, content, .. } => {
                    assert!(
                        (1..=self.heading + 1).contains(level),
                        "levels have no gaps"
                    );
                    self.heading = *level;
                    self.line_with_words(content);
                }
                Block::List { items, .. } => {
                    for item in items {
                        self.blocks(&item.blocks, depth + 1);
                    }
                }
                Block::Quote { blocks, .. } => {
                    assert!(!blocks.is_empty());
                    self.blocks(blocks, depth + 1);
                }
                Block::PullQuote {
                    blocks,
                    attribution,
                    ..
                } => {
                    assert!(!blocks.is_empty());
                    self.blocks(blocks, depth + 1);
                    self.line(attribution);
                }
                Block::Aside { title, blocks, .. } => {
                    self.line(title);
                    self.blocks(blocks, depth + 1);
                }
                Block::Figure {
                    picture, caption, ..
                } => {
                    assert!(!picture.alt.is_empty());
                    assert_plain(&picture.alt);
                    self.line(caption);
                }
                Block::Table {
                    columns,
                    header,
                    rows,
                    ..
                } => {
                    assert_eq!(columns.len(), header.len());
                    for row in rows.iter().chain([header]) {
                        assert_eq!(row.len(), columns.len());
                        row.iter().for_each(|cell| self.line(&cell.content));
                    }
                }
                Block::Code { text, .. } => {
                    assert!(
                        text.chars()
                            .all(|c| !c.is_control() || matches!(c, '\n' | '\t'))
                    );
                    assert!(!text.is_empty());
                }
                Block::Rule { .. } => {}
            }
        }
    }

    fn line_with_words(&mut self, content: &[Inline]) {
        assert!(!content.is_empty());
        self.line(content);
    }

    fn line(&mut self, content: &[Inline]) {
        if let Some(Inline::Text { text }) = content.first() {
            assert!(!text.starts_with(' '), "{content:?}");
        }
        if let Some(Inline::Text { text }) = content.last() {
            assert!(!text.ends_with(' '), "{content:?}");
        }
        self.inlines(content, 1, false);
    }

    fn inlines(&mut self, content: &[Inline], depth: usize, in_link: bool) {
        assert!(depth <= 33);
        for inline in content {
            match inline {
                Inline::Text { text } => {
                    assert!(!text.is_empty());
                    assert_plain(text);
                }
                Inline::Code { text } => assert_plain_code(text),
                Inline::Emphasis { content }
                | Inline::Strong { content }
                | Inline::Strikethrough { content }
                | Inline::Underline { content }
                | Inline::Subscript { content }
                | Inline::Superscript { content }
                | Inline::Small { content }
                | Inline::Keyboard { content }
                | Inline::Language { content, .. } => {
                    assert!(!content.is_empty());
                    self.inlines(content, depth + 1, in_link);
                }
                Inline::Link {
                    target, content, ..
                } => {
                    assert!(!in_link, "a link within a link");
                    assert!(!content.is_empty());
                    self.links.push(target.clone());
                    self.inlines(content, depth + 1, true);
                }
                Inline::Anchor { id } => {
                    assert!(!in_link);
                    self.id(id);
                }
                Inline::Image { picture, .. } => assert!(!picture.alt.is_empty()),
                Inline::NoteReference {
                    note, occurrence, ..
                } => {
                    assert!(!in_link);
                    let is_new = self
                        .references
                        .entry(note.0)
                        .or_default()
                        .insert(*occurrence);
                    assert!(is_new, "an occurrence stands once");
                }
                Inline::LineBreak => {}
            }
        }
    }
}

fn assert_plain(text: &str) {
    assert_plain_code(text);
    assert!(!text.contains("  "), "{text:?}");
}

fn assert_plain_code(text: &str) {
    assert!(
        !text.contains(|c: char| c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}')),
        "{text:?}"
    );
}

/// Pieces of Markdown, HTML and foreign markup, which meet in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "word ",
        "a",
        "\"",
        "'",
        "\n",
        "\n\n",
        "\r\n",
        "  \n",
        "> ",
        "- ",
        "1. ",
        "    ",
        "\t",
        "# ",
        "## ",
        "#### ",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```\n",
        "[",
        "](",
        ")",
        "]",
        "![",
        "][",
        "[^1]",
        "[^x]",
        "\n[^1]: ",
        "\n[^x]: ",
        "\n[a]: https://a.org\n",
        "[a]",
        "p.png",
        "#part",
        "b.md",
        "b.md#part",
        "#x",
        "https://a.org/",
        "www.b.org",
        "<u>",
        "</u>",
        "<sub>",
        "</sub>",
        "<kbd>",
        "</kbd>",
        "<br>",
        "<a name=x>",
        "<a href=#part>",
        "<a href='https://q.org'>",
        "</a>",
        "<span lang=fr>",
        "</span>",
        "<div>",
        "</div>",
        "<!--",
        "-->",
        "<script>",
        "</script>",
        "<b>",
        "{% x %}",
        "{%",
        "%}",
        "{{ y }}",
        "{:.z}",
        "{#id}",
        "| a | b |\n",
        "|---|---|\n",
        "[!NOTE]",
        "> [!PULLQUOTE]\n",
        "— ",
        "-- ",
        "---\n",
        "&amp;",
        "&#1;",
        "\\",
        "\0",
        "\u{85}",
        "\u{feff}",
        "王",
        "科",
        "é",
        "e\u{301}",
        "\u{ffff}",
        "(",
        "!",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..40)
        .prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_soup_as_an_article(text in soup()) {
        assert_sound(&read_issue(PUBLICATION, ISSUE, text.as_bytes()));
    }

    #[test]
    fn any_text_as_an_article(text in "\\PC{0,80}|(?s).{0,80}") {
        assert_sound(&read_issue(PUBLICATION, ISSUE, text.as_bytes()));
    }

    #[test]
    fn any_soup_as_values(one in soup(), two in soup()) {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        let article = format!(
            "---\nheadline: {}\nstandfirst: {}\nbyline: [{0}]\nlang: fr\n---\n[x]: y\n\n![a](p.png {1})",
            quoted(&one), quoted(&two),
        );
        assert_sound(&read_issue(PUBLICATION, ISSUE, article.as_bytes()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_as_files(
        publication in prop::collection::vec(any::<u8>(), 0..60),
        issue in "[a-z=\\[\\]\"'{}.,0-9\n -]{0,80}",
        article in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        assert_sound(&read_issue(&publication, issue.as_bytes(), &article));
    }

    #[test]
    fn any_text_as_front_matter(
        fence in "---|\\+\\+\\+",
        text in "[a-z:=\\[\\]{}&*!|>#\"'?%@,0-9\n -]{0,80}|(headline|byline|embargo|pictures|draft|editions)[:=] ?.{0,20}",
    ) {
        let article = format!("{fence}\n{text}\n{fence}\nText.\n");
        assert_sound(&read_issue(PUBLICATION, ISSUE, article.as_bytes()));
    }
}
