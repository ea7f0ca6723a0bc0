//! Any issue that is written as JSON reads back as it was: the print templates
//! get it that way, and so may anyone's tools.

use chrono::{DateTime, NaiveDate};
use press_model::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_issue_reads_back_as_it_was(issue in issue()) {
        let json = serde_json::to_string(&issue).unwrap();
        prop_assert_eq!(serde_json::from_str::<Issue>(&json).unwrap(), issue);
    }

    #[test]
    fn a_diagnostic_reads_back_as_it_was(
        code in proptest::sample::select(Code::ALL),
        message in text(),
        spans in vec(span(), 0..3),
    ) {
        let mut diagnostic = Diagnostic::new(code, message);
        for span in spans {
            diagnostic = diagnostic.at(span);
        }
        let json = serde_json::to_string(&diagnostic).unwrap();
        prop_assert_eq!(serde_json::from_str::<Diagnostic>(&json).unwrap(), diagnostic);
    }
}

fn text() -> impl Strategy<Value = String> {
    // Any character, and often those that other languages would obey.
    prop_oneof![
        any::<String>(),
        "[#$@<>&{}%\"'\\\\ a-z王]{0,12}".prop_map(String::from)
    ]
}

fn span() -> impl Strategy<Value = Span> {
    (0..9u32, 0..999u32, 0..99u32).prop_map(|(file, start, length)| Span {
        file: FileId(file),
        start,
        end: start + length,
    })
}

fn slug() -> impl Strategy<Value = Slug> {
    text().prop_map(|text| Slug::from_text(&text))
}

fn language() -> impl Strategy<Value = LanguageTag> {
    proptest::sample::select(vec!["en-GB", "zh-Hans", "he", "de"])
        .prop_map(|tag| LanguageTag::new(tag).unwrap())
}

fn picture() -> impl Strategy<Value = Picture> {
    (text(), text()).prop_map(|(path, alt)| Picture {
        asset: AssetPath::new(path),
        alt,
    })
}

fn inlines() -> impl Strategy<Value = Vec<Inline>> {
    let leaf = prop_oneof![
        text().prop_map(|text| Inline::Text { text }),
        text().prop_map(|text| Inline::Code { text }),
        text().prop_map(|id| Inline::Anchor { id }),
        Just(Inline::LineBreak),
        (span(), picture()).prop_map(|(span, picture)| Inline::Image { span, picture }),
        (span(), 1..9u32, 1..3u32).prop_map(|(span, note, occurrence)| Inline::NoteReference {
            span,
            note: NoteNumber(note),
            occurrence
        }),
    ];
    let inline = leaf.prop_recursive(3, 12, 3, |inner| {
        let content = vec(inner, 0..3);
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
            (span(), link_target(), content.clone()).prop_map(|(span, target, content)| {
                Inline::Link {
                    span,
                    target,
                    content,
                }
            }),
            (option::of(language()), option::of(direction()), content).prop_map(
                |(lang, direction, content)| Inline::Language {
                    lang,
                    direction,
                    content
                }
            ),
        ]
    });
    vec(inline, 0..4)
}

fn direction() -> impl Strategy<Value = Direction> {
    prop_oneof![Just(Direction::Ltr), Just(Direction::Rtl)]
}

fn link_target() -> impl Strategy<Value = LinkTarget> {
    prop_oneof![
        text().prop_map(|url| LinkTarget::Address { url }),
        (slug(), option::of(text())).prop_map(|(article, id)| LinkTarget::Place { article, id }),
    ]
}

fn place() -> impl Strategy<Value = (BlockId, Span)> {
    (slug(), vec(1..9u32, 1..4), span())
        .prop_map(|(slug, path, span)| (BlockId::new(&slug, &path), span))
}

fn blocks() -> impl Strategy<Value = Vec<Block>> {
    let leaf = prop_oneof![
        (place(), inlines()).prop_map(|((id, span), content)| Block::Paragraph {
            id,
            span,
            content
        }),
        (place(), 1..5u8, inlines()).prop_map(|((id, span), level, content)| Block::Heading {
            id,
            span,
            level,
            content
        }),
        (
            place(),
            picture(),
            inlines(),
            option::of(text()),
            option::of(text())
        )
            .prop_map(|((id, span), picture, caption, credit, description)| {
                Block::Figure {
                    id,
                    span,
                    picture,
                    caption,
                    credit,
                    description,
                }
            }),
        (place(), inlines(), vec(inlines(), 0..3)).prop_map(|((id, span), head, rows)| {
            let cell = |content| Cell { content };
            Block::Table {
                id,
                span,
                columns: vec![Alignment::Right],
                header: vec![cell(head)],
                rows: rows
                    .into_iter()
                    .map(|content| vec![cell(content)])
                    .collect(),
            }
        }),
        (place(), option::of(text()), text()).prop_map(|((id, span), language, text)| {
            Block::Code {
                id,
                span,
                language,
                text,
            }
        }),
        place().prop_map(|(id, span)| Block::Rule { id, span }),
    ];
    let block = leaf.prop_recursive(3, 12, 3, |inner| {
        let blocks = vec(inner, 0..3);
        prop_oneof![
            (
                place(),
                option::of(1..9u32),
                any::<bool>(),
                vec(blocks.clone(), 0..3)
            )
                .prop_map(|((id, span), start, tight, items)| Block::List {
                    id,
                    span,
                    start,
                    tight,
                    items: items
                        .into_iter()
                        .map(|blocks| ListItem { blocks })
                        .collect()
                }),
            (place(), blocks.clone()).prop_map(|((id, span), blocks)| Block::Quote {
                id,
                span,
                blocks
            }),
            (place(), blocks.clone(), inlines()).prop_map(|((id, span), blocks, attribution)| {
                Block::PullQuote {
                    id,
                    span,
                    blocks,
                    attribution,
                }
            }),
            (place(), inlines(), blocks).prop_map(|((id, span), title, blocks)| Block::Aside {
                id,
                span,
                aside: AsideKind::Tip,
                title,
                blocks
            }),
        ]
    });
    vec(block, 0..4)
}

fn article() -> impl Strategy<Value = Article> {
    let head = (
        slug(),
        option::of(inlines()),
        option::of(text()),
        option::of(inlines()),
    );
    let extra = proptest::collection::btree_map(text(), text().prop_map(Into::into), 0..2);
    let rest = (
        vec(text(), 0..2),
        option::of(language()),
        extra,
        blocks(),
        vec(blocks(), 0..2),
    );
    (head, rest, span()).prop_map(
        |((slug, headline, kicker, standfirst), (bylines, lang, extra, blocks, notes), span)| {
            Article {
                slug,
                span,
                headline,
                kicker,
                standfirst,
                bylines,
                dateline: None,
                lang,
                embargo: DateTime::parse_from_rfc3339("2024-12-01T06:00:00+08:00").ok(),
                editions: Some(vec![Edition::Pdf, Edition::Epub]),
                extra,
                blocks,
                notes: notes
                    .into_iter()
                    .zip(1..)
                    .map(|(blocks, number)| Note {
                        number: NoteNumber(number),
                        span,
                        references: 1,
                        blocks,
                    })
                    .collect(),
            }
        },
    )
}

fn issue() -> impl Strategy<Value = Issue> {
    let section =
        (slug(), text(), span(), vec(article(), 0..3)).prop_map(|(slug, title, span, articles)| {
            Section {
                slug,
                title,
                span,
                articles,
            }
        });
    let cover = (span(), picture(), option::of(text()), text()).prop_map(
        |(span, picture, credit, line)| Cover {
            span,
            picture,
            credit,
            line,
        },
    );
    let correction = (span(), text(), inlines()).prop_map(|(span, issue, text)| Correction {
        span,
        issue,
        article: None,
        text,
    });
    (
        slug(),
        option::of(any::<u32>()),
        (0..60_000i32).prop_map(|day| NaiveDate::from_epoch_days(day).unwrap()),
        text(),
        option::of(cover),
        vec(section, 0..3),
        vec(correction, 0..2),
    )
        .prop_map(
            |(name, number, date, subject, cover, sections, corrections)| Issue {
                name,
                number,
                date,
                preheader: subject.clone(),
                subject,
                cover,
                sections,
                corrections,
            },
        )
}
