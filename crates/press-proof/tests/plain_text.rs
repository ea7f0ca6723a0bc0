//! What is lost in a plain text, which has blocks only by its looks.

use press_model::{
    Article, Block, BlockId, Correction, Inline, Issue, LanguageTag, ListItem, Publication,
    Section, Slug, Span, Theme,
};
use press_proof::proof::{Carrier, Status, What, compare};

const TEXT: &str = "\
In this issue
=============

News of the harbour
  - The tide is late


News of the harbour
===================

The tide is late
----------------
Harbour, 3 May — Nobody knows why, although the moon and all of the stars were asked about it twice.

1. ebb
2. flood

2025.\u{a0}It was a year.

Again
~~~~~

The end.


Corrections
===========

The moon (2024-12): It was full.


Colophon
========

The Tide
";

#[test]
fn a_sound_text_loses_nothing() {
    assert_eq!(lost(TEXT), [""; 0]);
}

#[test]
fn what_is_changed_is_lost() {
    for (was, is, lost_row) in [
        // The list of contents has the title as well.
        (
            "\nNews of the harbour\n===================\n",
            "",
            "section title",
        ),
        (
            "\nNews of the harbour\n=",
            "\nNews at the harbour\n=",
            "section title",
        ),
        // Beside what a unit has.
        ("3 May —", "3 May also —", "dateline"),
        ("3 May —", "3 May also —", "paragraph"),
        (
            "asked about it twice.",
            "asked about it twice. Or not.",
            "paragraph",
        ),
        ("1. ebb", ". ebb", "paragraph"),
        ("2. flood", "3. flood", "paragraph"),
        ("2025.\u{a0}It", "225.\u{a0}It", "paragraph"),
        ("Again\n~~~~~", "Again\n.....", "heading"),
        ("(2024-12)", "(2024-1)", "correction"),
        ("The moon (", "The noon (", "correction"),
        ("The moon (", "Themoon (", "correction"),
        ("The moon (", "The moon also (", "correction"),
    ] {
        assert!(TEXT.contains(was), "{was}");
        let lost = lost(&TEXT.replacen(was, is, 1));
        assert!(lost.contains(&lost_row), "{was:?} => {is:?}: {lost:?}");
    }
}

#[test]
fn what_follows_a_dateline_may_not_stand_there_twice() {
    let start = TEXT.find("Harbour, 3").unwrap();
    let end = TEXT.find("1. ebb").unwrap();
    let twice = format!("{}{}", &TEXT[..end], &TEXT[start..]);
    let carried = press_proof::text::read(&twice);
    let column = compare(&publication(), &issue(), Carrier::Text, &carried);
    assert_eq!(column.surplus.len(), 1, "{:?}", column.surplus);
}

/// What of the issue's rows is lost in a text.
fn lost(text: &str) -> Vec<&'static str> {
    let carried = press_proof::text::read(text);
    let (publication, issue) = (publication(), issue());
    let rows = press_proof::proof::rows(&publication, &issue);
    let column = compare(&publication, &issue, Carrier::Text, &carried);
    let lost = rows
        .iter()
        .zip(&column.cells)
        .filter(|(row, cell)| matches!(cell.status, Status::Lost(_)) && row.what != What::Subject);
    lost.map(|(row, _)| row.what.as_str()).collect()
}

fn publication() -> Publication {
    Publication {
        title: "The Tide".into(),
        short_title: "The Tide".into(),
        slug: Slug::from_text("tide"),
        tagline: None,
        language: LanguageTag::new("en-GB").unwrap(),
        publisher: None,
        postal_address: None,
        issn: None,
        rights: None,
        base_url: None,
        colophon: Vec::new(),
        theme: Theme::default(),
        sender: None,
        pdf: Default::default(),
        press: Default::default(),
        booklet: Default::default(),
        epub: Default::default(),
        email: Default::default(),
    }
}

fn issue() -> Issue {
    let slug = Slug::from_text("late");
    let at = |path: &[u32]| BlockId::new(&slug, path);
    let span = Span::default();
    let paragraph = |path: &[u32], words: &str| Block::Paragraph {
        id: at(path),
        span,
        content: text(words),
    };
    let item = |path: &[u32], words| ListItem {
        blocks: vec![paragraph(path, words)],
    };
    let blocks = vec![
        paragraph(
            &[1],
            " — Nobody knows why, although the moon and all of the stars were asked about it twice.",
        ),
        Block::List {
            id: at(&[2]),
            span,
            start: Some(1),
            tight: true,
            items: vec![item(&[2, 1, 1], "ebb"), item(&[2, 2, 1], "flood")],
        },
        paragraph(&[3], "2025. It was a year."),
        Block::Heading {
            id: at(&[4]),
            span,
            level: 1,
            content: text("Again"),
        },
        paragraph(&[5], "The end."),
    ];
    let article = Article {
        slug: slug.clone(),
        span,
        headline: Some(text("The tide is late")),
        kicker: None,
        standfirst: None,
        bylines: Vec::new(),
        dateline: Some("Harbour, 3 May".into()),
        lang: None,
        embargo: None,
        editions: None,
        extra: Default::default(),
        blocks,
        notes: Vec::new(),
    };
    Issue {
        name: Slug::from_text("2025-01"),
        number: None,
        date: Default::default(),
        subject: String::new(),
        preheader: String::new(),
        cover: None,
        sections: vec![Section {
            slug: Slug::from_text("news"),
            title: "News of the harbour".into(),
            span,
            articles: vec![article],
        }],
        corrections: vec![Correction {
            span,
            issue: "2024-12".into(),
            article: Some("The moon".into()),
            text: text("It was full."),
        }],
    }
}

fn text(words: &str) -> Vec<Inline> {
    vec![Inline::Text { text: words.into() }]
}
