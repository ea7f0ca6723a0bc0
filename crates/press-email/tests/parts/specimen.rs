//! An issue made by hand that has every construct of the model.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use press_model::{
    Alignment, Article, AsideKind, Asset, AssetPath, Assets, Block, BlockId, Cell, Correction,
    Direction, EmailSettings, EpubSettings, Inline, Issue, LanguageTag, LinkTarget, ListItem, Note,
    NoteNumber, PdfSettings, Picture, PictureDelivery, Publication, Section, Sender, Slug, Span,
    Theme,
};

pub fn publication() -> Publication {
    Publication {
        title: "The Meridian Review".into(),
        short_title: "Meridian".into(),
        slug: slug("meridian"),
        tagline: Some("Science and technology, read slowly".into()),
        language: LanguageTag::new("en-GB").unwrap(),
        publisher: Some("Meridian Press".into()),
        postal_address: Some("1 Example Street, Sampleton".into()),
        issn: None,
        rights: Some("© 2024 Meridian Press".into()),
        base_url: None,
        colophon: words("Set in two serifs, <neither> of them {{ loud }}."),
        theme: Theme::default(),
        sender: Some(Sender {
            unsubscribe: None,
            span: Span::default(),
            from: "The Meridian Review <news@meridian.example>".into(),
            reply_to: Some("letters@meridian.example".into()),
        }),
        pdf: PdfSettings::default(),
        press: Default::default(),
        booklet: Default::default(),
        epub: EpubSettings::default(),
        email: EmailSettings {
            greeting: None,
            whole: false,
            pictures: PictureDelivery::Auto,
        },
    }
}

pub fn assets() -> Assets {
    let svg = r##"<svg xmlns="http://www.w3.org/2000/svg" width="560" height="280"><rect width="560" height="280" fill="#24506b"/><circle cx="280" cy="140" r="90" fill="#e9c46a"/></svg>"##;
    let asset = Asset {
        bytes: svg.as_bytes().into(),
        span: Span::default(),
    };
    Assets::from([(AssetPath::new("images/Ice core.svg".into()), asset)])
}

pub fn issue() -> Issue {
    Issue {
        name: slug("2024-11"),
        number: Some(12),
        date: NaiveDate::from_ymd_opt(2024, 11, 30).unwrap(),
        subject: "Ice that keeps time & <other> clocks".into(),
        preheader: "A core, a battery and four bees.".into(),
        cover: None,
        sections: vec![
            section("The lead", vec![lead(), every_block()]),
            section("In brief", vec![brief()]),
        ],
        corrections: vec![Correction {
            span: Span::default(),
            issue: "2024-10".into(),
            article: Some("Salt roads".into()),
            text: words("The road was 40 km long, not 4."),
        }],
    }
}

fn lead() -> Article {
    let mut article = article("glacier", Some("A glacier that keeps time"));
    article.kicker = Some("Glaciology".into());
    article.standfirst = Some(words(
        "Two bands of dust, three winters, and a tower that hums.",
    ));
    article.bylines = vec!["Ines Okafor".into(), "王伟".into()];
    article.dateline = Some("SUMMIT CAMP, 3 November".into());
    article.blocks = vec![
        paragraph("glacier", 1, {
            let mut content =
                words("The core came up at four in the morning, in a wind that made the tower hum");
            content.push(reference(1, 1));
            content.extend(words(". It held H"));
            content.push(Inline::Subscript {
                content: words("2"),
            });
            content.extend(words("O and 10"));
            content.push(Inline::Superscript {
                content: words("-6"),
            });
            content.extend(words(" grams of dust; the record is "));
            content.push(link("https://data.example/core?a=1&b=2", "open to all"));
            content.extend(words(" and kept at "));
            content.push(link(
                "https://data.example/archive",
                "https://data.example/archive",
            ));
            content.extend(words("."));
            content
        }),
        Block::Figure {
            id: id("glacier", 2),
            span: Span::default(),
            picture: picture(),
            caption: words("A section of core. Each grey band is one dry season."),
            credit: Some("Drawing: Meridian".into()),
            description: Some("A yellow disc on a blue ground.".into()),
        },
        Block::PullQuote {
            id: id("glacier", 3),
            span: Span::default(),
            blocks: vec![paragraph(
                "glacier",
                31,
                words("We used to ask how old the ice was. Now we ask how sure it is."),
            )],
            attribution: words("Hanne Lindqvist, summit camp"),
        },
        paragraph(
            "glacier",
            4,
            words(
                "中国科学院的研究人员在南极冰盖上钻取了一支新的冰芯，用来重建过去一千年的气候变化，并与其他冰芯的记录相互比较。",
            ),
        ),
        heading("glacier", 5, 1, "How to count winters"),
        paragraph(
            "glacier",
            6,
            vec![
                Inline::Emphasis {
                    content: words("Snow"),
                },
                text(" falls and "),
                Inline::Strong {
                    content: words("is buried"),
                },
                text("; press "),
                Inline::Keyboard {
                    content: words("Ctrl"),
                },
                text(", type "),
                Inline::Code {
                    text: "count --all".into(),
                },
                text(", and "),
                Inline::Strikethrough {
                    content: words("guess"),
                },
                text(" wait"),
                reference(1, 2),
                text("."),
                Inline::LineBreak,
                Inline::Small {
                    content: words("Results vary."),
                },
                text(" See "),
                Inline::Link {
                    span: Span::default(),
                    target: LinkTarget::Place {
                        article: slug("blocks"),
                        id: Some("b-blocks.2".into()),
                    },
                    content: words("the table"),
                },
                text(" and "),
                Inline::Image {
                    span: Span::default(),
                    picture: picture(),
                },
                Inline::Anchor { id: "here".into() },
                text(", or "),
                Inline::Language {
                    lang: LanguageTag::new("he"),
                    direction: Some(Direction::Rtl),
                    content: words("שלום"),
                },
                text("."),
            ],
        ),
    ];
    article.notes = vec![Note {
        number: NoteNumber(1),
        span: Span::default(),
        references: 2,
        blocks: vec![paragraph(
            "glacier",
            90,
            words("Measured at the tower, whose hum was in B flat."),
        )],
    }];
    article
}

fn every_block() -> Article {
    let mut article = article("blocks", Some("Every block, one after the other"));
    article.blocks = vec![
        list(
            "blocks",
            1,
            None,
            true,
            &[
                "Sea ice",
                "Shelf ice",
                "Ice that is neither, and whose line is long enough to be broken in two at least",
            ],
        ),
        table(
            "blocks",
            2,
            &["Core", "Depth, m", "Years"],
            &[
                &["Summit", "3,053", "123,000"],
                &["Vostok", "3,310", "420,000"],
                &["王家站", "", "1"],
            ],
        ),
        list("blocks", 3, Some(9), false, &["Drill", "Lift"]),
        Block::Quote {
            id: id("blocks", 4),
            span: Span::default(),
            blocks: vec![
                paragraph(
                    "blocks",
                    41,
                    words(
                        "Ice is an honest clock but not a simple one, as those who wind it know.",
                    ),
                ),
                list("blocks", 42, None, true, &["honest", "not simple"]),
            ],
        },
        Block::Aside {
            id: id("blocks", 5),
            span: Span::default(),
            aside: AsideKind::Warning,
            title: Vec::new(),
            blocks: vec![paragraph(
                "blocks",
                51,
                words("Do not lick the core, however clear it looks in the lamp of the trench."),
            )],
        },
        Block::Aside {
            id: id("blocks", 6),
            span: Span::default(),
            aside: AsideKind::Note,
            title: words("Where the cores lie"),
            blocks: vec![paragraph("blocks", 61, words("In a freezer at −36 °C."))],
        },
        Block::Code {
            id: id("blocks", 7),
            span: Span::default(),
            language: Some("rust".into()),
            text: "fn age(bands: &[Band]) -> usize {\n    bands.len() // <- {{ honest }}\n}".into(),
        },
        Block::Rule {
            id: id("blocks", 8),
            span: Span::default(),
        },
        heading("blocks", 9, 1, "First rank"),
        heading("blocks", 10, 2, "Second rank"),
        heading("blocks", 11, 3, "Third rank"),
        paragraph(
            "blocks",
            12,
            words("<script>alert('x')</script> {% raw %} {{ issue }} -- From here"),
        ),
    ];
    article
}

fn brief() -> Article {
    let mut article = article("bees", None);
    article.blocks = vec![
        paragraph("bees", 1, words("Bees count to four, and stop.")),
        heading("bees", 2, 1, "Why four"),
        paragraph("bees", 3, words("Nobody knows.")),
    ];
    article
}

pub fn article(name: &str, headline: Option<&str>) -> Article {
    Article {
        slug: slug(name),
        span: Span::default(),
        headline: headline.map(words),
        kicker: None,
        standfirst: None,
        bylines: Vec::new(),
        dateline: None,
        lang: None,
        embargo: None,
        editions: None,
        extra: BTreeMap::new(),
        blocks: Vec::new(),
        notes: Vec::new(),
    }
}

pub fn section(title: &str, articles: Vec<Article>) -> Section {
    Section {
        slug: Slug::from_text(title),
        title: title.into(),
        span: Span::default(),
        articles,
    }
}

pub fn slug(text: &str) -> Slug {
    Slug::new(text).unwrap()
}

pub fn id(article: &str, position: u32) -> BlockId {
    BlockId::new(&slug(article), &[position])
}

pub fn text(text: &str) -> Inline {
    Inline::Text { text: text.into() }
}

pub fn words(words: &str) -> Vec<Inline> {
    vec![text(words)]
}

pub fn paragraph(article: &str, position: u32, content: Vec<Inline>) -> Block {
    Block::Paragraph {
        id: id(article, position),
        span: Span::default(),
        content,
    }
}

fn heading(article: &str, position: u32, level: u8, title: &str) -> Block {
    Block::Heading {
        id: id(article, position),
        span: Span::default(),
        level,
        content: words(title),
    }
}

fn list(article: &str, position: u32, start: Option<u32>, tight: bool, items: &[&str]) -> Block {
    let items = items.iter().zip(1..);
    Block::List {
        id: id(article, position),
        span: Span::default(),
        start,
        tight,
        items: items
            .map(|(item, at)| ListItem {
                blocks: vec![paragraph(article, position * 100 + at, words(item))],
            })
            .collect(),
    }
}

pub fn table(article: &str, position: u32, header: &[&str], rows: &[&[&str]]) -> Block {
    let cells = |cells: &[&str]| -> Vec<Cell> {
        let cells = cells.iter();
        cells
            .map(|cell| Cell {
                content: words(cell),
            })
            .collect()
    };
    Block::Table {
        id: id(article, position),
        span: Span::default(),
        columns: (0..header.len())
            .map(|at| {
                if at == 0 {
                    Alignment::Default
                } else {
                    Alignment::Right
                }
            })
            .collect(),
        header: cells(header),
        rows: rows.iter().map(|row| cells(row)).collect(),
    }
}

fn link(url: &str, content: &str) -> Inline {
    Inline::Link {
        span: Span::default(),
        target: LinkTarget::Address { url: url.into() },
        content: words(content),
    }
}

fn reference(note: u32, occurrence: u32) -> Inline {
    Inline::NoteReference {
        span: Span::default(),
        note: NoteNumber(note),
        occurrence,
    }
}

pub fn picture() -> Picture {
    Picture {
        asset: AssetPath::new("images/Ice core.svg".into()),
        alt: "An ice core in a steel tray, with \"dust\" bands at uneven intervals.".into(),
    }
}
