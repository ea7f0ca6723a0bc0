//! Issues that no manuscript gave, made of any blocks within the promises of the
//! model; every renderer must make its edition of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::thread;

use chrono::{DateTime, NaiveDate, Utc};
use press_image::Pictures;
use press_model::*;
use press_template::Templates;
use press_tests::{fixtures, forget_old_layouts, read_epub, read_pdf};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// As `xtask` gives its renderers.
const STACK: usize = 32 * 1024 * 1024;

const WORDS: &[&str] = &[
    "word",
    "a",
    "The",
    "tide.",
    "“quoted”",
    "it’s",
    "1999",
    "−2",
    "naïve",
    "café",
    "Привет",
    "Ελλάδα",
    "王小明",
    "中国。",
    "שלום",
    "مرحبا",
    "🦀",
    "👩‍🔬",
    "→",
    "≤",
    "½",
    "…",
    "—",
    "No\u{a0}break",
    "soft\u{ad}hyphen",
    "zero\u{200b}width",
    "$x$",
    "#tag",
    "@name",
    "\\",
    "%s",
    "{{ x }}",
    "{%",
    "<b>",
    "]]>",
    "&amp;",
    "&",
    "*",
    "_",
    "`",
    "[",
    "]",
    "|",
    "=",
    "+",
    "-",
    "1.",
    ">",
    "//",
    "/*",
    "https://a.example/",
    "---",
    "From",
    ".",
    "#import",
    "]",
    "\u{200f}",
    "=?utf-8?q?x?=",
];

/// Final text: words with single spaces, none at the ends.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        12 => vec(select(WORDS), 1..6).prop_map(|words| words.join(" ")),
        1 => (select(&["x", "王", "א", "-", "0"][..]), 100..900usize).prop_map(|(piece, times)| piece.repeat(times)),
    ]
}

fn picture() -> impl Strategy<Value = Picture> {
    (
        select(&["images/dot.png", "images/triangle.svg"][..]),
        text(),
    )
        .prop_map(|(path, alt)| Picture {
            asset: AssetPath::new(path.to_owned()),
            alt,
        })
}

fn target() -> impl Strategy<Value = LinkTarget> {
    let place = |article: &str, id: Option<&str>| LinkTarget::Place {
        article: Slug::from_text(article),
        id: id.map(str::to_owned),
    };
    prop_oneof![
        select(
            &[
                "https://a.example/?q=%C3%BC&r=(1)",
                "mailto:a@b.example",
                "tel:+1"
            ][..]
        )
        .prop_map(|url| LinkTarget::Address {
            url: url.to_owned()
        }),
        Just(place("two", None)),
        Just(place("one", Some("b-one.1"))),
    ]
}

fn inlines() -> impl Strategy<Value = Vec<Inline>> {
    let span = Span::default();
    let leaf = prop_oneof![
        6 => text().prop_map(|text| Inline::Text { text }),
        1 => text().prop_map(|text| Inline::Code { text }),
        1 => Just(Inline::LineBreak),
        1 => Just(Inline::Anchor { id: String::new() }),
        1 => picture().prop_map(move |picture| Inline::Image { span, picture }),
        1 => (1..4u32).prop_map(move |note| Inline::NoteReference { span, note: NoteNumber(note), occurrence: 0 }),
    ];
    let inline = leaf.prop_recursive(6, 24, 4, move |inner| {
        let content = vec(inner, 1..4);
        prop_oneof![
            content
                .clone()
                .prop_map(|content| Inline::Emphasis { content }),
            content
                .clone()
                .prop_map(|content| Inline::Strong { content }),
            content
                .clone()
                .prop_map(|content| Inline::Strikethrough { content }),
            content
                .clone()
                .prop_map(|content| Inline::Underline { content }),
            content
                .clone()
                .prop_map(|content| Inline::Subscript { content }),
            content
                .clone()
                .prop_map(|content| Inline::Superscript { content }),
            content
                .clone()
                .prop_map(|content| Inline::Small { content }),
            content
                .clone()
                .prop_map(|content| Inline::Keyboard { content }),
            (target(), content.clone()).prop_map(move |(target, content)| Inline::Link {
                span,
                target,
                content
            }),
            (
                language(),
                option::of(select(&[Direction::Ltr, Direction::Rtl][..])),
                content
            )
                .prop_map(|(lang, direction, content)| Inline::Language {
                    lang,
                    direction,
                    content
                }),
        ]
    });
    vec(inline, 1..5)
}

fn language() -> impl Strategy<Value = Option<LanguageTag>> {
    option::of(
        select(&["en-GB", "zh-Hans", "he", "de", "ar"][..])
            .prop_map(|tag| LanguageTag::new(tag).expect("a language")),
    )
}

/// An id to be settled later.
fn id() -> BlockId {
    BlockId::new(&Slug::from_text("x"), &[])
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let span = Span::default();
    let cell =
        || prop_oneof![4 => inlines(), 1 => Just(Vec::new())].prop_map(|content| Cell { content });
    let alignment = select(
        &[
            Alignment::Default,
            Alignment::Left,
            Alignment::Center,
            Alignment::Right,
        ][..],
    );
    let table = (1..6usize, 0..5usize).prop_flat_map(move |(columns, rows)| {
        (
            vec(alignment.clone(), columns),
            vec(cell(), columns),
            vec(vec(cell(), columns), rows),
        )
    });
    let leaf = prop_oneof![
        5 => inlines().prop_map(move |content| Block::Paragraph { id: id(), span, content }),
        1 => (1..7u8, inlines()).prop_map(move |(level, content)| Block::Heading { id: id(), span, level, content }),
        1 => (picture(), prop_oneof![inlines(), Just(Vec::new())], option::of(text()), option::of(text())).prop_map(
            move |(picture, caption, credit, description)| Block::Figure { id: id(), span, picture, caption, credit, description }
        ),
        2 => table.prop_map(move |(columns, header, rows)| Block::Table { id: id(), span, columns, header, rows }),
        1 => (option::of(text()), vec(text(), 1..4)).prop_map(move |(language, lines)| Block::Code {
            id: id(), span, language, text: lines.join("\n\t"),
        }),
        1 => Just(Block::Rule { id: id(), span }),
    ];
    // With what stands in the innermost, 16 deep at most.
    let block = leaf.prop_recursive(14, 40, 4, move |inner| {
        let blocks = vec(inner, 1..4);
        prop_oneof![
            (
                option::of(select(&[0u32, 1, 7, 999_999_999][..])),
                any::<bool>(),
                vec(
                    prop_oneof![6 => blocks.clone(), 1 => Just(Vec::new())],
                    1..4
                )
            )
                .prop_map(move |(start, tight, items)| Block::List {
                    id: id(),
                    span,
                    start,
                    tight,
                    items: items
                        .into_iter()
                        .map(|blocks| ListItem { blocks })
                        .collect(),
                }),
            blocks.clone().prop_map(move |blocks| Block::Quote {
                id: id(),
                span,
                blocks
            }),
            (blocks.clone(), prop_oneof![inlines(), Just(Vec::new())]).prop_map(
                move |(blocks, attribution)| Block::PullQuote {
                    id: id(),
                    span,
                    blocks,
                    attribution
                }
            ),
            (
                select(
                    &[
                        AsideKind::Note,
                        AsideKind::Tip,
                        AsideKind::Important,
                        AsideKind::Warning,
                        AsideKind::Caution
                    ][..]
                ),
                prop_oneof![inlines(), Just(Vec::new())],
                blocks
            )
                .prop_map(move |(aside, title, blocks)| Block::Aside {
                    id: id(),
                    span,
                    aside,
                    title,
                    blocks
                }),
        ]
    });
    vec(block, 1..6)
}

fn article(slug: &'static str) -> impl Strategy<Value = Article> {
    let note = inlines().prop_map(|content| {
        vec![Block::Paragraph {
            id: id(),
            span: Span::default(),
            content,
        }]
    });
    let head = (
        option::of(inlines()),
        option::of(text()),
        option::of(inlines()),
        vec(text(), 0..3),
        option::of(text()),
        language(),
    );
    (head, blocks(), vec(note, 0..3)).prop_map(move |(head, blocks, notes)| {
        let (headline, kicker, standfirst, bylines, dateline, lang) = head;
        Article {
            slug: Slug::from_text(slug),
            span: Span::default(),
            headline,
            kicker,
            standfirst,
            bylines,
            dateline,
            lang,
            embargo: None,
            editions: None,
            extra: BTreeMap::new(),
            blocks,
            notes: notes
                .into_iter()
                .map(|blocks| Note {
                    number: NoteNumber(0),
                    span: Span::default(),
                    blocks,
                    references: 0,
                })
                .collect(),
        }
    })
}

/// Any issue of two articles.
pub fn issue() -> impl Strategy<Value = Issue> {
    (article("one"), article("two"), text(), inlines()).prop_map(|(one, two, words, correction)| {
        let mut settling = Settling::default();
        let mut articles = vec![one, two];
        for article in &mut articles {
            settling.article(article);
        }
        let mut correction = correction;
        Settling::default().line(&mut correction, 0, true);
        Issue {
            name: Slug::from_text("2024-01"),
            number: Some(1),
            date: NaiveDate::from_ymd_opt(2024, 1, 31).expect("a date"),
            subject: words.clone(),
            preheader: words.clone(),
            cover: None,
            sections: vec![Section {
                slug: Slug::from_text("news"),
                title: words,
                span: Span::default(),
                articles,
            }],
            corrections: vec![Correction {
                span: Span::default(),
                issue: "2023-12".into(),
                article: None,
                text: correction,
            }],
        }
    })
}

/// Gives an issue what the reader of the source would: ids, levels without gaps,
/// notes that are referred to, no link within a link.
#[derive(Default)]
struct Settling {
    notes: u32,
    anchors: u32,
    slug: Option<Slug>,
    /// How often each note of the article is referred to.
    references: RefCell<BTreeMap<u32, u32>>,
    level: u8,
}

impl Settling {
    fn article(&mut self, article: &mut Article) {
        let first = self.notes + 1;
        let count = article.notes.len() as u32;
        self.slug = Some(article.slug.clone());
        self.level = 0;
        self.references.take();
        for line in [&mut article.headline, &mut article.standfirst]
            .into_iter()
            .flatten()
        {
            self.line(line, 0, true);
        }
        // A note that nothing refers to would not be there.
        let references = (first..first + count).map(|note| Inline::NoteReference {
            span: Span::default(),
            note: NoteNumber(note - first + 1),
            occurrence: 0,
        });
        let mut content = vec![Inline::Text {
            text: "Notes".into(),
        }];
        content.extend(references);
        article.blocks.push(Block::Paragraph {
            id: id(),
            span: Span::default(),
            content,
        });
        self.blocks(&mut article.blocks, &mut Vec::new(), count);
        for (index, note) in article.notes.iter_mut().enumerate() {
            note.number = NoteNumber(first + index as u32);
            self.level = 0;
            self.blocks(&mut note.blocks, &mut vec![1000 + index as u32], count);
        }
        for note in &mut article.notes {
            note.references = self
                .references
                .borrow()
                .get(&note.number.0)
                .copied()
                .unwrap_or(0);
        }
        self.notes += count;
    }

    fn blocks(&mut self, blocks: &mut [Block], path: &mut Vec<u32>, notes: u32) {
        for (index, block) in blocks.iter_mut().enumerate() {
            path.push(index as u32 + 1);
            let slug = self.slug.clone().expect("an article");
            let settled = BlockId::new(&slug, path);
            match block {
                Block::Paragraph { id, content, .. } => {
                    *id = settled;
                    self.line(content, notes, false);
                }
                Block::Heading {
                    id, level, content, ..
                } => {
                    *id = settled;
                    *level = (*level).min(self.level + 1);
                    self.level = *level;
                    self.line(content, notes, false);
                }
                Block::List { id, items, .. } => {
                    *id = settled;
                    for (index, item) in items.iter_mut().enumerate() {
                        path.push(index as u32 + 1);
                        self.blocks(&mut item.blocks, path, notes);
                        path.pop();
                    }
                }
                Block::Quote { id, blocks, .. } => {
                    *id = settled;
                    self.blocks(blocks, path, notes);
                }
                Block::PullQuote {
                    id,
                    blocks,
                    attribution,
                    ..
                } => {
                    *id = settled;
                    self.blocks(blocks, path, notes);
                    self.line(attribution, notes, false);
                }
                Block::Aside {
                    id, title, blocks, ..
                } => {
                    *id = settled;
                    self.line(title, notes, false);
                    self.blocks(blocks, path, notes);
                }
                Block::Figure { id, caption, .. } => {
                    *id = settled;
                    self.line(caption, notes, false);
                }
                Block::Table {
                    id, header, rows, ..
                } => {
                    *id = settled;
                    for cell in header.iter_mut().chain(rows.iter_mut().flatten()) {
                        self.line(&mut cell.content, notes, false);
                    }
                }
                Block::Code { id, .. } | Block::Rule { id, .. } => *id = settled,
            }
            path.pop();
        }
    }

    fn line(&mut self, content: &mut [Inline], notes: u32, in_link: bool) {
        for inline in content {
            match inline {
                Inline::Text { .. }
                | Inline::Code { .. }
                | Inline::LineBreak
                | Inline::Image { .. } => {}
                Inline::Emphasis { content }
                | Inline::Strong { content }
                | Inline::Strikethrough { content }
                | Inline::Underline { content }
                | Inline::Subscript { content }
                | Inline::Superscript { content }
                | Inline::Small { content }
                | Inline::Keyboard { content }
                | Inline::Language { content, .. } => self.line(content, notes, in_link),
                Inline::Link { content, .. } if in_link => {
                    let mut content = std::mem::take(content);
                    self.line(&mut content, notes, true);
                    *inline = Inline::Emphasis { content };
                }
                Inline::Link { content, .. } => self.line(content, notes, true),
                Inline::Anchor { id } if !in_link => {
                    self.anchors += 1;
                    *id = format!("anchor-{}", self.anchors);
                }
                Inline::NoteReference {
                    note, occurrence, ..
                } if !in_link && notes > 0 => {
                    *note = NoteNumber(self.notes + 1 + (note.0 - 1) % notes);
                    let mut references = self.references.borrow_mut();
                    let count = references.entry(note.0).or_default();
                    *count += 1;
                    *occurrence = *count;
                }
                Inline::Anchor { .. } | Inline::NoteReference { .. } => {
                    *inline = Inline::Text {
                        text: "words".into(),
                    };
                }
            }
        }
    }
}

fn publication() -> Publication {
    Publication {
        title: "Any Letter".into(),
        short_title: "Any".into(),
        slug: Slug::from_text("any"),
        tagline: None,
        language: LanguageTag::new("en").expect("a language"),
        publisher: None,
        postal_address: None,
        issn: None,
        rights: None,
        base_url: None,
        colophon: vec![],
        theme: Theme::default(),
        sender: None,
        pdf: PdfSettings::default(),
        press: Default::default(),
        booklet: Default::default(),
        epub: EpubSettings::default(),
        email: EmailSettings::default(),
    }
}

/// Makes every edition of an issue, as `xtask` does.
pub fn render(issue: Issue) -> Result<(), TestCaseError> {
    let work = move || {
        let publication = publication();
        let mut assets = Assets::new();
        for name in ["images/dot.png", "images/triangle.svg"] {
            let bytes =
                fs::read(fixtures().join("specimen/2025-01").join(name)).expect("a picture");
            let asset = Asset {
                bytes: bytes.into(),
                span: Span::default(),
            };
            assets.insert(AssetPath::new(name.to_owned()), asset);
        }
        let (pictures, _) = Pictures::inspect(&assets, &[]);
        let templates = Templates::new(Vec::new());
        let input = press_pdf::Input {
            publication: &publication,
            issue: &issue,
            pictures: &pictures,
            fonts: &[],
            templates: &templates,
        };
        let (publication, issue) = (&publication, &issue);
        let email = press_email::Input {
            publication,
            issue,
            pictures: &pictures,
            templates: &templates,
            companions: &[],
        };
        press_email::render(&email).map_err(|error| format!("email: {error}: {error:?}"))?;
        let layout = press_pdf::layout(&input).map_err(|error| format!("pages: {error}"))?;
        let pdf = layout.pdf().map_err(|error| format!("pdf: {error}"))?;
        let cover = press_image::encode_jpeg(&[0x99; 16 * 24 * 3], 16, 24, 80)
            .map_err(|error| format!("cover: {error}"))?;
        let epub = press_epub::render(&press_epub::Input {
            publication,
            issue,
            pictures: &pictures,
            templates: &templates,
            page_map: Some(layout.page_map()),
            cover: &cover,
            modified: DateTime::<Utc>::UNIX_EPOCH,
            version: "0",
        });
        let epub = epub.map_err(|error| format!("epub: {error}: {error:?}"))?;
        read_pdf(&pdf);
        read_epub(&epub.epub);
        if let Some(flaw) = press_epub::lint(&epub.epub).first() {
            return Err(format!("epub: {flaw}"));
        }
        Ok(())
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(work);
    let outcome: Result<(), String> = thread
        .expect("a thread")
        .join()
        .unwrap_or_else(|_| Err("a panic".to_owned()));
    forget_old_layouts();
    outcome.map_err(TestCaseError::fail)
}
