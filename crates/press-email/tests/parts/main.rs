//! Parts made from an issue that has every construct, and from hostile ones.

mod reading;
mod specimen;

use press_email::{Companion, Error, Input, render};
use press_image::Pictures;
use press_message::{Mailbox, Parts, Recipient, Shown, Unsubscribe};
use press_model::{
    FileId, Greeting, Issue, LanguageTag, PictureDelivery, Publication, TemplateFile,
};
use press_template::Templates;
use proptest::prelude::*;
use reading::{Piece, addresses, assert_in_order, attribute, html_words, must_say, pieces};
use textwrap::core::display_width;

fn parts(publication: &Publication, issue: &Issue) -> Parts {
    with_templates(publication, issue, Vec::new()).unwrap()
}

fn with_templates(
    publication: &Publication,
    issue: &Issue,
    overrides: Vec<TemplateFile>,
) -> Result<Parts, Error> {
    let (pictures, _) = Pictures::inspect(&specimen::assets(), &[]);
    let templates = Templates::new(overrides);
    let email = render(&Input {
        publication,
        issue,
        pictures: &pictures,
        templates: &templates,
        companions: &[],
    })?;
    // As somebody reads them whose name is not known.
    let to = Mailbox::parse("reader@meridian.example").unwrap();
    let unsubscribe = Unsubscribe::by_mail(&to);
    let reader = Recipient::new(&to, "id@meridian.example".into(), unsubscribe);
    let Shown { html, text } = email.parts.shown(&reader).unwrap();
    Ok(Parts {
        html,
        text,
        ..email.parts
    })
}

fn specimen() -> Parts {
    parts(&specimen::publication(), &specimen::issue())
}

/// The tags of a name, without their brackets.
fn tags(html: &str, name: &str) -> Vec<String> {
    let pieces = pieces(html).into_iter();
    pieces
        .filter_map(|piece| match piece {
            Piece::Tag(tag) if tag.split([' ', '\n']).next() == Some(name) => Some(tag),
            Piece::Tag(_) | Piece::Text(_) => None,
        })
        .collect()
}

#[test]
fn both_parts_say_everything_in_order() {
    let (publication, issue) = (specimen::publication(), specimen::issue());
    let parts = parts(&publication, &issue);
    let expected = must_say(&publication, &issue);
    assert_in_order(&html_words(&parts.html), &expected);
    assert_in_order(&parts.text, &expected);
    let links: Vec<_> = tags(&parts.html, "a")
        .iter()
        .filter_map(|tag| attribute(tag, "href"))
        .collect();
    for address in addresses(&issue) {
        assert!(links.contains(&address), "{address}");
        assert!(parts.text.contains(&address), "{address}");
    }
    assert!(parts.text.contains("H₂O and 10⁻⁶ grams"));
    assert!(parts.html.contains("A yellow disc") && parts.text.contains("A yellow disc"));
}

#[test]
fn the_same_issue_gives_the_same_parts() {
    assert_eq!(specimen(), specimen());
}

#[test]
fn headings_have_one_top_and_no_gap() {
    let html = specimen().html;
    let ranks: Vec<u8> = pieces(&html)
        .iter()
        .filter_map(|piece| match piece {
            Piece::Tag(tag) => tag.strip_prefix('h')?.split(' ').next()?.parse().ok(),
            Piece::Text(_) => None,
        })
        .collect();
    assert_eq!(ranks[0], 1);
    assert_eq!(ranks.iter().filter(|rank| **rank == 1).count(), 1);
    for pair in ranks.windows(2) {
        assert!(pair[1] <= pair[0] + 1, "{ranks:?}");
    }
}

#[test]
fn tables_and_pictures_are_for_every_reader() {
    let html = specimen().html;
    let data = tags(&html, "table")
        .iter()
        .filter(|tag| attribute(tag, "role").as_deref() != Some("presentation"))
        .count();
    assert_eq!(data, 1, "only the table of the story is a table");
    for image in tags(&html, "img") {
        assert!(attribute(&image, "alt").is_some_and(|alt| !alt.is_empty()));
        assert!(attribute(&image, "width").is_some());
    }
    assert!(
        tags(&html, "th")
            .iter()
            .all(|tag| tag.contains("scope=\"col\""))
    );
}

#[test]
fn links_are_absolute_or_lead_to_a_place_that_is_there() {
    let mut publication = specimen::publication();
    for base_url in [None, Some("https://meridian.example".to_owned())] {
        publication.base_url = base_url;
        let html = parts(&publication, &specimen::issue()).html;
        let places: Vec<_> = pieces(&html)
            .iter()
            .filter_map(|piece| match piece {
                Piece::Tag(tag) => Some((attribute(tag, "id")?, attribute(tag, "name")?)),
                Piece::Text(_) => None,
            })
            .collect();
        let ids: std::collections::BTreeSet<_> = places.iter().map(|(id, _)| id).collect();
        assert_eq!(ids.len(), places.len(), "each id once");
        for tag in tags(&html, "a") {
            let Some(href) = attribute(&tag, "href") else {
                continue;
            };
            match href.strip_prefix('#') {
                Some(place) => assert!(
                    places.contains(&(place.to_owned(), place.to_owned())),
                    "{place}, by id and by name"
                ),
                None => assert!(href.starts_with("https://") || href.starts_with("mailto:")),
            }
        }
        let web = "https://meridian.example/2024-11/blocks.html";
        assert_eq!(html.contains(web), publication.base_url.is_some());
    }
}

#[test]
fn places_survive_the_inliner_and_are_filled_in() {
    let mut publication = specimen::publication();
    publication.base_url = Some("https://meridian.example".into());
    publication.email.greeting = Some(Greeting {
        named: "Dear {name},".into(),
        unnamed: "Dear reader,".into(),
    });
    let named = TemplateFile {
        name: "email/blocks/rule.html".into(),
        text: "<p title=\"{{ place.name }}\">For {{ place.name }}</p>".into(),
        file: FileId(3),
    };
    let mut issue = specimen::issue();
    issue.sections[0].articles[1].blocks = vec![press_model::Block::Rule {
        id: specimen::id("blocks", 1),
        span: Default::default(),
    }];
    let (pictures, _) = Pictures::inspect(&specimen::assets(), &[]);
    let email = render(&Input {
        publication: &publication,
        issue: &issue,
        pictures: &pictures,
        templates: &Templates::new(vec![named]),
        companions: &[],
    })
    .unwrap();
    let shown = |name: &str| {
        let to = Mailbox::parse("ada@meridian.example").unwrap();
        let unsubscribe = Unsubscribe::by_mail(&to);
        let reader = Recipient::new(&to, "id@meridian.example".into(), unsubscribe);
        email.parts.shown(&reader.called(name)).unwrap()
    };
    let unknown = shown("");
    assert!(html_words(&unknown.html).contains("Dear reader,"));
    assert!(unknown.text.contains("\n\nDear reader,\n\n"));
    let Shown { html, text } = shown("Ada \"<i>\" & 王");
    let name = "Ada &quot;&lt;i&gt;&quot; &amp; 王";
    assert!(html.contains(&format!("title=\"{name}\"")), "{html}");
    assert!(html.contains(&format!(">For {name}</p>")));
    assert!(html.contains("href=\"mailto:ada@meridian.example?subject=unsubscribe\""));
    assert!(html.contains("href=\"https://meridian.example/2024-11/\""));
    assert!(text.contains("Dear Ada \"<i>\" & 王,\n"));
    assert!(text.contains(":\nhttps://meridian.example/2024-11/\n"));
}

#[test]
fn other_editions_are_named_where_they_are() {
    let (publication, issue) = (specimen::publication(), specimen::issue());
    let (pictures, _) = Pictures::inspect(&specimen::assets(), &[]);
    let rendered = |companions: &[Companion]| {
        let input = Input {
            publication: &publication,
            issue: &issue,
            pictures: &pictures,
            templates: &Templates::new(Vec::new()),
            companions,
        };
        render(&input).unwrap().parts
    };
    let mut both = [
        Companion {
            name: "EPUB",
            bytes: 640_001,
            address: None,
        },
        Companion {
            name: "PDF",
            bytes: 2_000_001,
            address: None,
        },
    ];
    let attached = rendered(&both);
    let words = "Attached: EPUB (641 KB), PDF (3 MB)";
    assert!(html_words(&attached.html).contains(words));
    assert!(
        attached.text.contains(&format!("\n\n{words}\n\n")),
        "{}",
        attached.text
    );
    for one in &mut both {
        one.address = Some(format!("https://meridian.example/f/{}?a&b", one.name));
    }
    let linked = rendered(&both);
    assert!(html_words(&linked.html).contains("Download: EPUB (641 KB), PDF (3 MB)"));
    assert!(
        linked
            .html
            .contains("href=\"https://meridian.example/f/EPUB?a&amp;b\"")
    );
    let lines = "\nDownload: PDF (3 MB)\nhttps://meridian.example/f/PDF?a&b\n";
    assert!(linked.text.contains(lines), "{}", linked.text);
    assert!(!linked.html.contains("Attached"));
}

#[test]
fn pictures_travel_as_the_publication_says() {
    let mut publication = specimen::publication();
    let mut delivered = |pictures, base_url: Option<&str>| {
        publication.email.pictures = pictures;
        publication.base_url = base_url.map(str::to_owned);
        parts(&publication, &specimen::issue())
    };
    let inline = delivered(PictureDelivery::Auto, None);
    assert_eq!(
        inline.inline.len(),
        1,
        "one asset, shown twice, travels once"
    );
    assert_eq!(inline.inline[0].cid, "01-ice-core.png@2024-11.meridian");
    assert!(
        inline
            .html
            .contains("src=\"cid:01-ice-core.png@2024-11.meridian\"")
    );

    let remote = delivered(PictureDelivery::Auto, Some("https://meridian.example"));
    assert!(remote.inline.is_empty());
    let address = "https://meridian.example/2024-11/images/images-ice-core-svg-1120.png";
    assert!(remote.html.contains(&format!("src=\"{address}\"")));

    let none = delivered(PictureDelivery::None, None);
    assert!(none.inline.is_empty() && tags(&none.html, "img").is_empty());
    assert!(html_words(&none.html).contains(&specimen::picture().alt));
}

#[test]
fn what_clients_keep_of_the_style_sheet_is_small() {
    let html = specimen().html;
    assert!(!html.contains("data-css-inline"));
    let kept: Vec<&str> = html.split("\n<style>").skip(1).collect();
    assert_eq!(kept.len(), 1);
    let sheet = kept[0].split("</style>").next().unwrap();
    assert!(
        sheet.len() < 8192,
        "Gmail drops a longer one: {}",
        sheet.len()
    );
    for dark in [
        "@media (prefers-color-scheme:dark)",
        "[data-ogsc]",
        "[data-ogsb]",
    ] {
        assert!(sheet.contains(dark), "{dark}");
    }
}

#[test]
fn labels_in_another_language_say_so() {
    let mut publication = specimen::publication();
    publication.language = LanguageTag::new("ar").unwrap();
    let html = parts(&publication, &specimen::issue()).html;
    assert!(html.contains("<html lang=\"ar\" dir=\"rtl\""));
    assert!(html.contains("<span lang=\"en\">In this issue</span>"));
}

/// They are the publication's: an article of another language does not change them.
#[test]
fn labels_in_an_article_of_another_language_say_so() {
    let mut issue = specimen::issue();
    let html = |issue: &Issue| parts(&specimen::publication(), issue).html;
    let marked = "<span lang=\"en\">By</span>";
    assert!(!html(&issue).contains(marked));
    issue.sections[0].articles[0].lang = LanguageTag::new("de");
    let html = html(&issue);
    assert_eq!(html.matches(marked).count(), 1);
    assert!(html.contains("<span lang=\"en\">Notes</span>"));
    assert!(
        html.contains("In this issue<"),
        "outside the article none is named"
    );
}

/// Each colour of the dark palette is the Outlook app's too.
#[test]
fn both_dark_modes_have_the_same_colours() {
    let html = specimen().html;
    let (_, sheet) = html.split_once("prefers-color-scheme:dark){").unwrap();
    let (media, rest) = sheet.trim_start().split_once("\n}\n").unwrap();
    let (outlook, _) = rest.split_once("</style>").unwrap();
    let plain = outlook
        .replace("[data-ogsc] ", "")
        .replace("[data-ogsb] ", "");
    for rule in media.lines().filter(|rule| !rule.starts_with(".preheader")) {
        assert!(plain.contains(rule), "{rule}");
    }
    assert_eq!(media.lines().count(), plain.trim().lines().count() + 1);
    // None of them holds anywhere else.
    for rule in outlook.trim().lines() {
        let (selectors, _) = rule.split_once('{').unwrap();
        assert!(
            selectors.split(',').all(|one| one.starts_with("[data-ogs")),
            "{rule}"
        );
    }
}

#[test]
fn a_theme_cannot_write_into_the_style_sheet() {
    let mut publication = specimen::publication();
    publication.theme.text_font = "x'}</style><script>alert(1)</script>".into();
    let html = parts(&publication, &specimen::issue()).html;
    assert!(tags(&html, "script").is_empty());
}

#[test]
fn a_template_that_does_not_work_is_named() {
    let broken = TemplateFile {
        name: "email/blocks/paragraph.html".into(),
        text: "<p>{{ block.contents | inline }}</p>".into(),
        file: FileId(3),
    };
    let issue = specimen::issue();
    match with_templates(&specimen::publication(), &issue, vec![broken]) {
        Err(Error::Faults(faults)) => {
            assert!(faults[0].message.contains("email/blocks/paragraph.html"));
            assert_eq!(faults[0].labels[0].span.file, FileId(3));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_table_that_is_too_wide_is_told_cell_by_cell() {
    let mut issue = specimen::issue();
    let long = "a cell that goes on and on for very much longer than a column can be wide";
    issue.sections[0].articles[1].blocks = vec![specimen::table(
        "blocks",
        2,
        &["Core", "What is said"],
        &[&["Vostok", long], &["", "x"]],
    )];
    let text = parts(&specimen::publication(), &issue).text;
    let expected = "\
Core: Vostok
What is said: a cell that goes on and on for very much longer than a
  column can be wide

Core: –
What is said: x
";
    assert!(text.contains(expected), "{text}");
}

/// What every text part must hold.
fn check_lines(text: &str) {
    for line in text.lines() {
        // A line that runs on ends in one space (RFC 3676).
        let whole = line.strip_suffix(' ').unwrap_or(line);
        assert!(whole.trim_end() == whole, "{line:?}");
        let may_be_long = line.contains("://") || line.contains('@') || line.starts_with("    ");
        // A space that shows that a mark is none stands beside the width.
        assert!(display_width(whole) <= 73 || may_be_long, "{line}");
    }
    assert_eq!(text.matches("\n-- \n").count(), 1);
}

#[test]
fn the_text_part_is_72_columns_wide() {
    check_lines(&specimen().text);
}

#[test]
fn blocks_that_stand_deep_stick_out_nowhere() {
    let mut issue = specimen::issue();
    let article = &mut issue.sections[0].articles[1];
    let mut blocks = article.blocks.clone();
    for position in 0..15 {
        blocks = vec![press_model::Block::List {
            id: specimen::id("blocks", 500 + position),
            span: Default::default(),
            start: Some(u32::MAX),
            tight: false,
            items: vec![press_model::ListItem { blocks }],
        }];
    }
    article.blocks = blocks;
    let publication = specimen::publication();
    let parts = parts(&publication, &issue);
    check_lines(&parts.text);
    // The table may have become too narrow for its columns, so that its headers
    // come before each cell: they are no longer in the model's order.
    assert!(parts.text.contains("420,000"));
    assert_in_order(&html_words(&parts.html), &must_say(&publication, &issue));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_an_author_writes_is_text(
        texts in proptest::collection::vec(
            "[ -~é王א\u{a0}\u{301}🧊]{0,60}[!-~é王א]", 12
        ),
    ) {
        let text = |at: usize| texts[at].clone();
        let mut publication = specimen::publication();
        publication.title = text(0);
        publication.tagline = Some(text(1));
        publication.colophon = specimen::words(&texts[2]);
        let mut article = specimen::article("one", Some(&texts[3]));
        article.kicker = Some(text(4));
        article.bylines = vec![text(5)];
        article.dateline = Some(text(6));
        article.blocks = vec![
            specimen::paragraph("one", 1, specimen::words(&texts[7])),
            specimen::table("one", 2, &["A"], &[&[&texts[8]]]),
        ];
        let mut issue = specimen::issue();
        issue.subject = text(9);
        issue.preheader = text(10);
        issue.sections = vec![specimen::section(&texts[11], vec![article])];

        let parts = parts(&publication, &issue);
        let expected = must_say(&publication, &issue);
        assert_in_order(&html_words(&parts.html), &expected);
        if display_width(&texts[8]) <= 72 {
            assert_in_order(&parts.text, &expected);
        }
        check_lines(&parts.text);
        prop_assert_eq!(&parts.subject, &texts[9]);
        for forbidden in ["script", "b", "iframe"] {
            prop_assert!(tags(&parts.html, forbidden).is_empty());
        }
    }
}
