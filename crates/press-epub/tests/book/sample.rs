//! An issue made by hand that has every construct, and what reads a book back.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use chrono::{NaiveDate, TimeZone, Utc};
use press_image::{Pictures, encode_jpeg};
use press_model::*;
use press_template::Templates;
use zip::ZipArchive;

/// A publication and an issue with its pictures.
pub struct Sample {
    pub publication: Publication,
    pub issue: Issue,
    pub assets: Assets,
}

impl Sample {
    /// One article without anything but a paragraph.
    pub fn plain() -> Sample {
        let language = LanguageTag::new("en-GB").unwrap();
        let publication = Publication {
            title: "The Tide Table".into(),
            short_title: "Tide Table".into(),
            slug: Slug::from_text("tide-table"),
            tagline: None,
            language,
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
        };
        let article = article("harbour", Some("A harbour at rest"));
        let issue = Issue {
            name: Slug::from_text("2024-11"),
            number: None,
            date: NaiveDate::from_ymd_opt(2024, 11, 30).unwrap(),
            subject: "The harbour".into(),
            preheader: String::new(),
            cover: None,
            sections: vec![section("news", "News", vec![article])],
            corrections: vec![],
        };
        Sample {
            publication,
            issue,
            assets: Assets::new(),
        }
    }

    /// Every block and inline, nested, with notes that refer to notes.
    pub fn whole() -> Sample {
        let mut sample = Sample::plain();
        let publication = &mut sample.publication;
        publication.tagline = Some("News from the water’s edge".into());
        publication.publisher = Some("Harbour Office & Sons".into());
        publication.postal_address = Some("1 Quay\nPort".into());
        publication.issn = Some("1234-567X".into());
        publication.rights = Some("© 2024 Harbour Office".into());
        publication.base_url = Some("https://tide.example".into());
        publication.colophon = vec![text("Printed with "), emphasis("care"), text(".")];
        publication.epub.subjects = vec!["Tides".into(), "Harbours".into()];

        let issue = &mut sample.issue;
        issue.number = Some(12);
        issue.cover = Some(Cover {
            span: Span::default(),
            picture: picture("images/cover.jpg", "A lighthouse"),
            credit: Some("Ada Lovelace".into()),
            line: "Low water".into(),
        });
        issue.corrections = vec![Correction {
            span: Span::default(),
            issue: "2024-10".into(),
            article: Some("High water".into()),
            text: vec![text("It was at noon.")],
        }];
        let mut long = article("2-tides", Some("Two tides <a> & a half"));
        long.kicker = Some("Science".into());
        long.standfirst = Some(vec![text("What the moon "), emphasis("does"), text(".")]);
        long.bylines = vec!["Ada Lovelace".into(), "王小明".into()];
        long.dateline = Some("Port, 3 November".into());
        let mut ids = Ids::of(&long.slug);
        long.blocks = every_block(&mut ids);
        long.notes = vec![
            note_of(
                1,
                vec![
                    paragraph(&mut ids, vec![text("Twice. See also"), note(2, 1)]),
                    paragraph(&mut ids, vec![text("More.")]),
                ],
            ),
            note_of(
                2,
                vec![Block::Code {
                    id: ids.next(),
                    span: Span::default(),
                    language: None,
                    text: "x < y".into(),
                }],
            ),
        ];
        long.notes[0].references = 2;
        let mut brief = article("buoy", None);
        brief.lang = LanguageTag::new("he");
        let mut ids = Ids::of(&brief.slug);
        brief.blocks = vec![paragraph(&mut ids, vec![text("שלום"), note(3, 1)])];
        let words = paragraph(&mut ids, vec![text("הערה")]);
        brief.notes = vec![note_of(3, vec![words])];
        let late = article("late", None);
        let mut foreign = article("hafen", Some("Der Hafen"));
        foreign.lang = LanguageTag::new("de");
        issue.sections = vec![
            section("features", "Features", vec![long, brief, foreign, late]),
            section("empty", "Still to come", vec![]),
        ];
        for (path, shade) in [
            ("images/boat.jpg", 40),
            ("other/boat.jpg", 80),
            ("copy.jpg", 40),
        ] {
            sample
                .assets
                .insert(AssetPath::new(path.into()), jpeg(shade));
        }
        sample
    }

    /// The EPUB of the sample.
    pub fn render(&self) -> Vec<u8> {
        self.render_with(vec![]).unwrap()
    }

    pub fn render_with(&self, overrides: Vec<TemplateFile>) -> Result<Vec<u8>, press_epub::Error> {
        self.rendered(overrides, None).map(|rendered| rendered.epub)
    }

    /// The EPUB with the pages of a map.
    pub fn render_pages(&self, map: &PageMap) -> Vec<u8> {
        self.rendered(vec![], Some(map)).unwrap().epub
    }

    pub fn rendered(
        &self,
        overrides: Vec<TemplateFile>,
        page_map: Option<&PageMap>,
    ) -> Result<press_epub::Rendered, press_epub::Error> {
        let (pictures, diagnostics) = Pictures::inspect(&self.assets, &[]);
        assert!(diagnostics.iter().all(|d| !d.is_error()), "{diagnostics:?}");
        let templates = Templates::new(overrides);
        press_epub::render(&press_epub::Input {
            publication: &self.publication,
            issue: &self.issue,
            pictures: &pictures,
            templates: &templates,
            page_map,
            cover: &jpeg(120).bytes,
            modified: Utc.with_ymd_and_hms(2024, 11, 30, 0, 0, 0).unwrap(),
            version: "Pressroom 0.1.0",
        })
    }
}

fn every_block(ids: &mut Ids) -> Vec<Block> {
    let span = Span::default();
    let other = LinkTarget::Place {
        article: Slug::from_text("buoy"),
        id: None,
    };
    let outside = LinkTarget::Place {
        article: Slug::from_text("elsewhere"),
        id: None,
    };
    let heading = ids.next();
    let here = LinkTarget::Place {
        article: Slug::from_text("2-tides"),
        id: Some(heading.to_string()),
    };
    let address = LinkTarget::Address {
        url: "https://a.example/?x=1&y=%22".into(),
    };
    let link = |target, words: &str| Inline::Link {
        span,
        target,
        content: vec![text(words)],
    };
    let inlines = vec![
        text("All sorts: "),
        Inline::Strong {
            content: vec![emphasis("both")],
        },
        Inline::Strikethrough {
            content: vec![text("gone")],
        },
        Inline::Underline {
            content: vec![text("under")],
        },
        Inline::Subscript {
            content: vec![text("2")],
        },
        Inline::Superscript {
            content: vec![text("3")],
        },
        Inline::Small {
            content: vec![text("small")],
        },
        Inline::Keyboard {
            content: vec![text("Esc")],
        },
        Inline::Code {
            text: "a < b && c".into(),
        },
        link(address, "an address"),
        link(other, "a brief"),
        link(outside, "an article elsewhere"),
        link(here, "a heading"),
        Inline::Anchor {
            id: "anchor".into(),
        },
        Inline::Image {
            span,
            picture: picture("copy.jpg", "A small boat"),
        },
        note(1, 1),
        Inline::LineBreak,
        Inline::Language {
            lang: LanguageTag::new("ar"),
            direction: Some(Direction::Rtl),
            content: vec![text("مرحبا")],
        },
        note(1, 2),
    ];
    let cell = |words: &str| Cell {
        content: match words {
            "" => vec![],
            words => vec![text(words)],
        },
    };
    let nested_list = Block::List {
        id: ids.next(),
        span,
        start: Some(3),
        tight: true,
        items: vec![ListItem {
            blocks: vec![paragraph(ids, vec![text("Three")])],
        }],
    };
    vec![
        paragraph(ids, inlines),
        Block::Heading {
            id: heading,
            span,
            level: 1,
            content: vec![text("A heading")],
        },
        Block::List {
            id: ids.next(),
            span,
            start: None,
            tight: false,
            items: vec![
                ListItem {
                    blocks: vec![paragraph(ids, vec![text("One")]), nested_list],
                },
                ListItem { blocks: vec![] },
            ],
        },
        Block::Quote {
            id: ids.next(),
            span,
            blocks: vec![Block::Quote {
                id: ids.next(),
                span,
                blocks: vec![paragraph(ids, vec![text("Twice quoted")])],
            }],
        },
        Block::PullQuote {
            id: ids.next(),
            span,
            blocks: vec![paragraph(ids, vec![text("The sea was calm.")])],
            attribution: vec![text("A sailor")],
        },
        Block::Aside {
            id: ids.next(),
            span,
            aside: AsideKind::Tip,
            title: vec![],
            blocks: vec![paragraph(ids, vec![text("Bring boots.")])],
        },
        figure(
            ids,
            "images/boat.jpg",
            Some("A boat at rest, described at length."),
        ),
        figure(ids, "other/boat.jpg", None),
        figure(ids, "images/boat.jpg", None),
        Block::Table {
            id: ids.next(),
            span,
            columns: vec![Alignment::Default, Alignment::Right],
            header: vec![cell(""), cell("Height")],
            rows: vec![
                vec![cell("Noon"), cell("3 m")],
                vec![cell("Night"), cell("")],
            ],
        },
        Block::Code {
            id: ids.next(),
            span,
            language: Some("rust".into()),
            text: "fn f() {\n    1 < 2\n}".into(),
        },
        Block::Rule {
            id: ids.next(),
            span,
        },
    ]
}

/// Gives blocks their ids.
pub struct Ids {
    article: Slug,
    next: u32,
}

impl Ids {
    pub fn of(article: &Slug) -> Ids {
        Ids {
            article: article.clone(),
            next: 0,
        }
    }

    pub fn next(&mut self) -> BlockId {
        self.next += 1;
        BlockId::new(&self.article, &[self.next])
    }
}

pub fn article(slug: &str, headline: Option<&str>) -> Article {
    let slug = Slug::from_text(slug);
    Article {
        span: Span::default(),
        headline: headline.map(|headline| vec![text(headline)]),
        kicker: None,
        standfirst: None,
        bylines: vec![],
        dateline: None,
        lang: None,
        embargo: None,
        editions: None,
        extra: BTreeMap::new(),
        blocks: vec![paragraph(&mut Ids::of(&slug), vec![text("Nothing moves.")])],
        notes: vec![],
        slug,
    }
}

fn section(slug: &str, title: &str, articles: Vec<Article>) -> Section {
    Section {
        slug: Slug::from_text(slug),
        title: title.into(),
        span: Span::default(),
        articles,
    }
}

pub fn text(text: &str) -> Inline {
    Inline::Text { text: text.into() }
}

pub fn note_of(number: u32, blocks: Vec<Block>) -> Note {
    Note {
        number: NoteNumber(number),
        span: Span::default(),
        references: 1,
        blocks,
    }
}

fn emphasis(words: &str) -> Inline {
    Inline::Emphasis {
        content: vec![text(words)],
    }
}

pub fn note(number: u32, occurrence: u32) -> Inline {
    Inline::NoteReference {
        span: Span::default(),
        note: NoteNumber(number),
        occurrence,
    }
}

pub fn paragraph(ids: &mut Ids, content: Vec<Inline>) -> Block {
    Block::Paragraph {
        id: ids.next(),
        span: Span::default(),
        content,
    }
}

pub fn picture(path: &str, alt: &str) -> Picture {
    Picture {
        asset: AssetPath::new(path.into()),
        alt: alt.into(),
    }
}

fn figure(ids: &mut Ids, path: &str, description: Option<&str>) -> Block {
    Block::Figure {
        id: ids.next(),
        span: Span::default(),
        picture: picture(path, "A boat \"at\" <rest>"),
        caption: vec![text("The boat")],
        credit: Some("Ada & Co.".into()),
        description: description.map(str::to_owned),
    }
}

fn jpeg(shade: u8) -> Asset {
    let pixels = vec![shade; 24 * 16 * 3];
    Asset {
        bytes: encode_jpeg(&pixels, 24, 16, 80).unwrap().into(),
        span: Span::default(),
    }
}

/// The files of an EPUB by name, text as text.
pub fn texts(epub: &[u8]) -> BTreeMap<String, String> {
    let mut archive = ZipArchive::new(Cursor::new(epub)).unwrap();
    let names: Vec<String> = archive.file_names().map(str::to_owned).collect();
    let mut texts = BTreeMap::new();
    for name in names {
        if name.ends_with(".jpg") || name.ends_with(".png") {
            continue;
        }
        let mut text = String::new();
        archive
            .by_name(&name)
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        texts.insert(name, text);
    }
    texts
}
