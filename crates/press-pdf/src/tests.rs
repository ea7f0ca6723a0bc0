//! Pages of small issues, made here, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use press_image::Pictures;
use press_model::{
    Asset, AssetPath, Assets, Code, Density, Diagnostic, FileId, FontFile, Issue, LinkReferences,
    Look, Met, Paper, PdfSettings, Publication, Span, TemplateFile, Theme, walk,
};
use press_template::Templates;
use serde_json::{Value, json};
use typst::introspection::Location;
use typst::layout::{Frame, FrameItem};
use typst::model::Destination;
use typst::text::{FontStyle, TextItem};

use crate::{Error, Input, Layout, cover, layout};

#[test]
fn an_issue_becomes_an_archivable_tagged_pdf() {
    let pdf = Press::of(json!([paragraph("b-one.1", "Plain words.")])).pdf();
    assert!(pdf.starts_with(b"%PDF-1.7"));
    let text = text_of(&pdf);
    for words in [
        "Test Review",
        "In this issue",
        "A headline",
        "Plain words.",
        "NOVEMBER 1",
    ] {
        assert!(text.contains(&packed(words)), "{words} in {text}");
    }
    let xmp = String::from_utf8_lossy(&pdf);
    assert!(xmp.contains("pdfuaid:part") && xmp.contains("pdfaid:conformance"));
}

#[test]
fn the_same_issue_gives_the_same_bytes() {
    let press = Press::of(every_construct());
    assert!(press.pdf() == press.pdf());
    assert!(cover(&press.input()).unwrap() == cover(&press.input()).unwrap());
}

#[test]
fn thumbnails_show_every_page_and_stay_small() {
    let layout = Press::of(every_construct()).layout();
    let width = std::num::NonZero::new(220).unwrap();
    let thumbnails = layout.thumbnails(width, 60).unwrap();
    let labels: Vec<_> = thumbnails.iter().map(|page| &page.label).collect();
    let pages: Vec<_> = layout.page_map().pages.iter().map(|p| &p.label).collect();
    assert_eq!(labels, pages);
    for page in &thumbnails {
        let (width, height) = image::load_from_memory(&page.png)
            .unwrap()
            .to_rgb8()
            .dimensions();
        assert_eq!((width, height), (page.width, page.height));
        assert_eq!((width, height), (220, 311));
        assert!(page.png.len() < 16_000, "{}", page.png.len());
    }
    assert!(thumbnails == layout.thumbnails(width, 60).unwrap());
}

#[test]
fn words_that_look_like_source_are_printed() {
    let hostile = [
        "#import \"a.typ\": *",
        "$x + y$",
        "\\ and \\u{41}",
        "*not strong* _not stressed_",
        "@ref and <label>",
        "]]> --> */ //no comment",
        "= no heading",
        "{{ braces }} {% if %}",
        "\"straight\" 'quotes' `code` ~ --- ...",
    ];
    for words in hostile {
        let mut blocks = vec![
            paragraph("b-one.1", words),
            json!({ "kind": "code", "id": "b-one.2", "span": span(0), "language": null, "text": words }),
        ];
        blocks.push(with("b-one.3", json!([{ "kind": "code", "text": words }])));
        let mut press = Press::of(json!(blocks));
        press.publication.title = words.into();
        press.issue.sections[0].title = words.into();
        press.issue.sections[0].articles[0].kicker = Some(words.into());
        let text = text_of(&press.pdf());
        let found = text.matches(&packed(words)).count();
        assert!(found >= 6, "{words}: {found} times in {text}");
    }
}

#[test]
fn every_construct_prints_and_has_its_place() {
    let press = Press::of(every_construct());
    let layout = press.layout();
    let mut places = BTreeSet::from(["a-one".to_owned(), "s-news".to_owned()]);
    walk(&press.publication, &press.issue, &mut |met, _| {
        if let Met::Place(id) = met {
            places.insert(id.to_owned());
        }
    });
    let map = layout.page_map();
    let missing: Vec<_> = places
        .iter()
        .filter(|id| !map.positions.contains_key(*id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(places.len() > 15);
    let labels: Vec<_> = map.pages.iter().map(|page| page.label.as_str()).collect();
    assert_eq!(labels[0], "1");
    assert!(
        map.positions
            .values()
            .all(|at| at.page < labels.len() && at.x > 0.0 && at.y > 0.0)
    );

    let text = text_of(&layout.pdf().unwrap());
    for words in [
        "stress",
        "gone",
        "the note",
        "cell 4",
        "An aside",
        "Who said it",
        "Key",
        "caption",
        "Ada",
    ] {
        assert!(text.contains(&packed(words)), "{words} in {text}");
    }
}

#[test]
fn links_within_from_and_to_what_is_not_here() {
    let link = |article: &str, id: Option<&str>, words: &str| {
        json!({ "kind": "link", "span": span(0), "content": [text(words)],
            "target": { "kind": "place", "article": article, "id": id } })
    };
    let mut press = Press::of(json!([with(
        "b-one.1",
        json!([link("one", None, "top"), link("one", Some("x"), "spot"), link("gone", None, "elsewhere"), { "kind": "anchor", "id": "x" }])
    )]));
    let count = |press: &Press| {
        let pdf = press.pdf();
        assert!(text_of(&pdf).contains("elsewhere"));
        String::from_utf8_lossy(&pdf)
            .matches("/URI(https://example.org/2024-11/gone.html)")
            .count()
    };
    assert_eq!(count(&press), 0, "its words alone");
    press.publication.base_url = Some("https://example.org".into());
    assert_eq!(count(&press), 1, "its web address");
}

#[test]
fn characters_that_no_font_has_are_named_all_at_once() {
    let mut blocks = vec![
        paragraph("b-one.1", "fine, \u{1F9EC} too"),
        paragraph("b-one.2", "Cuneiform 𒀀 and 𒀁"),
    ];
    blocks[1]["span"] = span(7);
    let faults = Press::of(json!(blocks)).faults();
    let found: Vec<_> = faults
        .iter()
        .map(|fault| (fault.code, fault.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (
                Code::MissingGlyph,
                "no font has `𒀀` (U+12000, Cuneiform) in `one`"
            ),
            (
                Code::MissingGlyph,
                "no font has `𒀁` (U+12001, Cuneiform) in `one`"
            ),
        ]
    );
    assert_eq!(faults[0].labels[0].span.start, 7);
    assert!(
        faults[0]
            .help
            .as_ref()
            .unwrap()
            .contains("`Noto Sans Cuneiform`")
    );

    let mut press = Press::of(every_construct());
    let svg =
        "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><text y='9'>a 𒀀</text></svg>";
    press.pictures = pictures(svg);
    let faults = press.faults();
    assert_eq!(
        faults[0].message,
        "no font has `𒀀` (U+12000, Cuneiform) in `a.svg`"
    );
}

#[test]
fn a_letter_is_never_lost_to_its_mark() {
    // 王 and U+0302 are in no font together; ɛ̃ is not in the first one.
    let press = Press::of(json!([paragraph("b-one.1", "ɛ̃ and ≧̸ print")]));
    assert!(text_of(&press.pdf()).contains("ɛ̃and≧"));
    let faults = Press::of(json!([paragraph("b-one.1", "王\u{302}")])).faults();
    assert_eq!(
        faults[0].message,
        "no font has `王\u{302}` (U+738B U+0302, Han) in `one`"
    );
}

#[test]
fn many_scripts_print() {
    let words = "王 中国科学院 Ελληνικά ἀρχή Наука שלום العربية ひらがな → ∑ 🔬 ☎";
    let press = Press::of(json!([paragraph("b-one.1", words)]));
    let text = text_of(&press.pdf());
    for word in ["王", "中国科学院", "Ελληνικά", "Наука", "ひらがな", "→"]
    {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn fonts_that_are_not_there() {
    let mut press = Press::of(json!([paragraph("b-one.1", "Words.")]));
    press.publication.theme.label_font = "Source Sans".into();
    let faults = press.faults();
    assert_eq!(faults[0].code, Code::UnknownFont);
    assert_eq!(
        faults[0].help.as_deref(),
        Some("did you mean `Source Sans 3`?")
    );

    let broken = [FontFile {
        name: "a.woff2".into(),
        bytes: Arc::from(*b"wOF2"),
    }];
    let press = Press::of(json!([]));
    let input = Input {
        fonts: &broken,
        ..press.input()
    };
    assert_eq!(faults_of(layout(&input))[0].code, Code::UnknownFont);
}

#[test]
fn a_font_of_the_publication_is_used() {
    let (_, bytes) = press_image::fonts::bundled()[0];
    let fonts = [FontFile {
        name: "own.ttf".into(),
        bytes: Arc::from(bytes),
    }];
    let press = Press::of(json!([paragraph("b-one.1", "Words.")]));
    let input = Input {
        fonts: &fonts,
        ..press.input()
    };
    layout(&input).unwrap().pdf().unwrap();
}

#[test]
fn overrides_and_what_is_wrong_with_them() {
    let with_template = |name: &str, text: &str| {
        let mut press = Press::of(json!([paragraph("b-one.1", "Words.")]));
        let template = TemplateFile {
            name: name.into(),
            text: text.into(),
            file: FileId(9),
        };
        press.templates = Templates::new(vec![template]);
        press
    };
    let cover = "#set page(width: 40pt, height: 60pt)\n#rect(fill: red)";
    assert!(crate::cover(&with_template("pdf/cover.typ", cover).input()).is_ok());

    let faults = with_template("pdf/issue.typ", "Words #nothing").faults();
    assert_eq!(faults[0].code, Code::InvalidTemplate);
    assert_eq!(faults[0].message, "unknown variable: nothing");
    assert_eq!(
        faults[0].labels[0].span,
        Span {
            file: FileId(9),
            start: 7,
            end: 14
        }
    );

    let faults = with_template("pdf/issue.typ", "#read(\"/etc/passwd\")").faults();
    assert_eq!(faults[0].code, Code::InvalidTemplate);
    let faults = with_template("pdf/issue.typ", "#import \"@preview/cetz:0.3.0\"").faults();
    assert_eq!(faults[0].code, Code::InvalidTemplate);
    let faults = with_template("pdf/issue.typ", "#set text(font: \"Nowhere\")\nA").faults();
    assert_eq!(faults[0].code, Code::UnknownFont);

    // A page that the standards do not allow: a picture without its words.
    let press = with_template(
        "pdf/issue.typ",
        "#set document(title: \"T\")\n#image(bytes(\"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>\"))",
    );
    let faults = faults_of(press.layout().pdf());
    assert_eq!(faults[0].code, Code::InvalidTemplate);
}

#[test]
fn blocks_sixteen_and_inlines_thirty_two_deep_in_text_and_in_a_note() {
    let nest = |prefix: &str, innermost: Value| {
        let words = (0..32).fold(innermost, |inner, level| {
            let kinds = [
                "emphasis",
                "strong",
                "underline",
                "small",
                "strikethrough",
                "keyboard",
            ];
            json!({ "kind": kinds[level % 6], "content": [inner] })
        });
        let paragraph_of_words = with(&format!("b-one.{prefix}"), json!([words]));
        (0..15).fold(paragraph_of_words, |inner, level| {
            let id = format!("b-one.{prefix}.{level}");
            let blocks = json!([paragraph(&format!("{id}.p"), "Before."), inner]);
            match level % 4 {
                0 => json!({ "kind": "list", "id": id, "span": span(0), "start": null, "tight": true, "items": [{ "blocks": blocks }] }),
                1 => json!({ "kind": "quote", "id": id, "span": span(0), "blocks": blocks }),
                2 => json!({ "kind": "aside", "id": id, "span": span(0), "aside": "tip", "title": [], "blocks": blocks }),
                _ => json!({ "kind": "pull-quote", "id": id, "span": span(0), "attribution": [], "blocks": blocks }),
            }
        })
    };
    let mut press = Press::of(json!([
        nest("1", text("Innermost.")),
        nest("2", note(1, 1))
    ]));
    press.issue.sections[0].articles[0].notes = serde_json::from_value(json!([
        { "number": 1, "span": span(0), "references": 1, "blocks": [nest("n", text("Innermost."))] }
    ]))
    .unwrap();
    assert_eq!(text_of(&press.pdf()).matches("Innermost.").count(), 2);
}

#[test]
fn a_publication_in_chinese_and_one_in_arabic() {
    for (language, month) in [("zh-Hans", "11月 1"), ("ar", "NOVEMBER 1")] {
        let mut press = Press::of(every_construct());
        press.publication.language = press_model::LanguageTag::new(language).unwrap();
        let pdf = press.pdf();
        assert!(text_of(&pdf).contains(&packed(month)), "{}", text_of(&pdf));
    }
}

#[test]
fn a_cover_with_and_without_a_picture() {
    let press = Press::of(json!([]));
    let size = |bytes: &[u8]| {
        let image = image::load_from_memory(bytes).unwrap();
        (image.width(), image.height())
    };
    assert_eq!(size(&cover(&press.input()).unwrap()), (1600, 2400));
    let mut press = Press::of(json!([]));
    press.issue.cover = serde_json::from_value(json!({
        "span": span(0), "credit": null, "line": "A line", "picture": { "asset": "a.svg", "alt": "A" }
    }))
    .unwrap();
    assert_eq!(size(&cover(&press.input()).unwrap()), (1600, 2400));
}

#[test]
fn letter_paper_and_a_long_list_of_contents() {
    let mut press = Press::of(json!([paragraph("b-one.1", "Words.")]));
    press.publication.pdf.paper = press_model::Paper::Letter;
    let article = press.issue.sections[0].articles[0].clone();
    for number in 0..80 {
        let mut article = article.clone();
        article.slug = press_model::Slug::new(&format!("more-{number}")).unwrap();
        article.blocks.clear();
        press.issue.sections[0].articles.push(article);
    }
    let layout = press.layout();
    let pdf = layout.pdf().unwrap();
    assert!(String::from_utf8_lossy(&pdf).contains("/MediaBox[0 0 612 792]"));
    assert!(layout.page_map().pages.len() > 2);
}

#[test]
fn every_look_prints_every_construct_on_every_paper() {
    let mut press = Press::of(every_construct());
    press.publication.base_url = Some("https://example.org".into());
    let mut seen = BTreeSet::new();
    for look in [Look::Review, Look::Modern, Look::Classic] {
        for (paper, columns, density) in [
            (Paper::A4, None, Density::Normal),
            (Paper::A5, None, Density::Tight),
            (Paper::Letter, Some(3), Density::Airy),
            (Paper::A4, Some(1), Density::Tight),
        ] {
            press.publication.theme = Theme {
                columns,
                density,
                ..Theme::of(look)
            };
            press.publication.pdf = PdfSettings {
                paper,
                two_sided: columns.is_some(),
                links: LinkReferences::Article,
            };
            let pdf = press.pdf();
            let text = text_of(&pdf);
            for words in [
                "A headline",
                "cell 4",
                "This is the note.",
                "https://example.org/?a=1&b=2",
            ] {
                assert!(text.contains(&packed(words)), "{look:?}: {words} in {text}");
            }
            assert!(seen.insert(pdf), "{look:?} {paper:?} looks as another does");
        }
    }
}

#[test]
fn addresses_of_links_are_printed_once_and_where_they_are_wanted() {
    let link = |at: u32, url: &str, words: &str| {
        json!({ "kind": "link", "span": span(at), "content": [text(words)],
            "target": { "kind": "address", "url": url } })
    };
    let mut press = Press::of(json!([with(
        "b-one.1",
        json!([
            link(1, "https://a.example/long", "words"),
            text(" and "),
            link(2, "https://a.example/long", "more"),
            text(" and "),
            link(3, "https://b.example/", "b.example"),
            text(" end")
        ])
    )]));
    let count = |press: &Press, words: &str| text_of(&press.pdf()).matches(words).count();
    for place in [LinkReferences::Issue, LinkReferences::Article] {
        press.publication.pdf.links = place;
        assert_eq!(count(&press, "https://a.example/long"), 1, "{place:?}");
        assert_eq!(count(&press, "↗1"), 3, "two marks and the address");
        assert_eq!(count(&press, "↗2"), 0, "an address that is printed anyway");
    }
    press.publication.pdf.links = LinkReferences::None;
    assert_eq!(count(&press, "https://a.example/long"), 0);
    assert_eq!(count(&press, "↗"), 0);
}

#[test]
fn the_columns_of_the_last_page_are_of_one_length() {
    let words: String = (0..900).map(|n| format!("word{n} ")).collect();
    let half = |n: usize| paragraph(&format!("b-one.{n}"), &words[n * 700..(n + 1) * 700]);
    let press = Press::of(json!((0..3).map(half).collect::<Vec<_>>()));
    let layout = press.layout();
    let map = layout.page_map();
    assert_eq!(map.pages.len(), 1);
    let mut lines = Vec::new();
    lines_of(&layout.document().pages()[0].frame, 0.0, 0.0, &mut lines);
    let colophon = map.positions["colophon"].y;
    let lowest = |column: fn(f64) -> bool| {
        let lines = lines
            .iter()
            .filter(|(x, y)| column(*x) && *y < colophon - 10.0);
        lines.map(|(_, y)| *y).fold(0.0, f64::max)
    };
    let (left, right) = (lowest(|x| x < 297.0), lowest(|x| x >= 297.0));
    assert!(
        left > 200.0 && (left - right).abs() < 30.0,
        "{left} and {right}"
    );
}

#[test]
fn no_text_follows_the_colophon() {
    let words: String = (1000..5000).map(|n| format!("word{n} ")).collect();
    let mut folded = 0;
    for count in [24, 28, 30, 32, 34, 36] {
        let part = |n: usize| paragraph(&format!("b-one.{n}"), &words[n * 108..(n + 1) * 108]);
        let layout = Press::of(json!((0..count).map(part).collect::<Vec<_>>())).layout();
        let map = layout.page_map();
        let last = map.positions[&format!("b-one.{}", count - 1)];
        let colophon = map.positions["colophon"];
        assert_eq!(colophon.page + 1, map.pages.len(), "{count}");
        let is_beside = colophon.page == last.page && colophon.y < last.y;
        assert!(!is_beside || colophon.x > last.x, "{count}");
        folded += usize::from(colophon.x > 297.0);
    }
    assert!(folded < 6, "most colophons stand below all columns");
}

/// Where the pieces of text stand.
fn lines_of(frame: &Frame, left: f64, top: f64, lines: &mut Vec<(f64, f64)>) {
    for (at, item) in frame.items() {
        let (x, y) = (left + at.x.to_pt(), top + at.y.to_pt());
        match item {
            FrameItem::Group(group) => {
                let shift = (group.transform.tx.to_pt(), group.transform.ty.to_pt());
                lines_of(&group.frame, x + shift.0, y + shift.1, lines);
            }
            FrameItem::Text(_) => lines.push((x, y)),
            _ => {}
        }
    }
}

#[test]
fn lines_stand_level_in_neighbouring_columns() {
    let words = "Words of a paragraph that goes on over a few lines. ".repeat(8);
    let heading = |id: String| {
        json!({ "kind": "heading", "id": id, "span": span(0), "level": 1,
            "content": [text("A heading")] })
    };
    let code = |id: String| json!({ "kind": "code", "id": id, "span": span(0), "language": null, "text": "code" });
    let blocks: Vec<Value> = (0..60)
        .map(|n| match n % 7 {
            2 => heading(format!("b-one.{n}")),
            5 => code(format!("b-one.{n}")),
            _ => paragraph(&format!("b-one.{n}"), &words),
        })
        .collect();
    for look in [Look::Review, Look::Modern] {
        let mut press = Press::of(json!(blocks));
        press.publication.theme = Theme::of(look);
        let layout = press.layout();
        let mut lines = Vec::new();
        lines_of(&layout.document().pages()[1].frame, 0.0, 0.0, &mut lines);
        // How far below a multiple of the height of a line each stands.
        let mut counts = BTreeMap::new();
        for (_, y) in &lines {
            *counts.entry((y % 13.0 * 10.0).round() as u32).or_insert(0) += 1;
        }
        let level = *counts.values().max().unwrap();
        assert!(
            level * 10 > lines.len() * 8,
            "{look:?}: {level} of {}: {counts:?}",
            lines.len()
        );
    }
}

#[test]
fn what_is_bound_shares_a_line_and_is_copied_with_a_plain_space() {
    let words = "So 0.1\u{a0}millimetres it was, as J.\u{a0}Smith said. ".repeat(60);
    for look in [Look::Review, Look::Modern, Look::Classic] {
        let mut press = Press::of(json!([paragraph("b-one.1", &words)]));
        press.publication.theme = Theme::of(look);
        let layout = press.layout();
        let mut lines: BTreeMap<(usize, bool, i64), Vec<(f64, String)>> = BTreeMap::new();
        for (page, frame) in layout.document().pages().iter().enumerate() {
            for (x, y, text) in texts_of(&frame.frame) {
                let is_right = look != Look::Classic && x > 297.0;
                let line = lines.entry((page, is_right, (y * 4.0).round() as i64));
                line.or_default().push((x, text.text.to_string()));
            }
        }
        assert!(lines.len() > 30, "{look:?}");
        for mut line in lines.into_values() {
            line.sort_by(|one, other| one.0.total_cmp(&other.0));
            let line: String = line.into_iter().map(|(_, text)| text).collect();
            let is_torn = ["0.1", "J."]
                .iter()
                .any(|end| line.trim_end().ends_with(end));
            assert!(!is_torn, "{look:?}: {line}");
        }
        let copied = pdf_extract::extract_text_from_mem(&layout.pdf().unwrap()).unwrap();
        assert!(!copied.contains('\u{a0}') && copied.contains("0.1 millimetres"));
    }
}

#[test]
fn addresses_have_no_hyphens_but_their_own() {
    let address = "letters@specimen-newsletters.example";
    let link = |at: u32| {
        json!({ "kind": "link", "span": span(at), "content": [text(address)],
            "target": { "kind": "address", "url": format!("mailto:{address}") } })
    };
    // Of ever other lengths, so that lines end anywhere in it.
    let content: Vec<Value> = (0..60)
        .flat_map(|n| {
            [
                text(&format!("{} to ", "o".repeat(n as usize % 23))),
                link(n),
                text(" "),
            ]
        })
        .collect();
    let printed = text_of(&Press::of(json!([with("b-one.1", json!(content))])).pdf());
    assert_eq!(printed.matches(address).count(), 60, "{printed}");
}

#[test]
fn figures_stand_as_their_place_wants_them() {
    let digits = |press: &Press, words: &str| -> Vec<f64> {
        let layout = press.layout();
        let texts = texts_of(&layout.document().pages()[0].frame);
        let (_, _, text) = texts
            .iter()
            .find(|(_, _, text)| text.text == words)
            .unwrap();
        text.glyphs
            .iter()
            .map(|glyph| glyph.x_advance.get())
            .collect()
    };
    for look in [Look::Review, Look::Classic] {
        let mut press = Press::of(json!([
            paragraph("b-one.1", "1808"),
            { "kind": "table", "id": "b-one.2", "span": span(0), "columns": ["default"],
              "header": [{ "content": [text("a")] }], "rows": [[{ "content": [text("1909")] }]] },
        ]));
        press.publication.theme = Theme::of(look);
        let in_text = digits(&press, "1808");
        assert!(in_text[0] < in_text[1] - 0.02, "{look:?}: {in_text:?}");
        let in_table = digits(&press, "1909");
        assert!(
            (in_table[0] - in_table[1]).abs() < 0.001,
            "{look:?}: {in_table:?}"
        );
    }
}

#[test]
fn words_keep_their_letters_and_their_weight_in_every_look() {
    for look in [Look::Review, Look::Modern, Look::Classic] {
        let mut press = Press::of(json!([with(
            "b-one.1",
            json!([
                { "kind": "strong", "content": [{ "kind": "emphasis", "content": [text("both")] }] },
                text(" "),
                { "kind": "language", "lang": "la", "direction": null, "content": [text("ipsum")] },
            ])
        )]));
        press.publication.theme = Theme::of(look);
        let layout = press.layout();
        let texts = texts_of(&layout.document().pages()[0].frame);
        let find = |words: &str| {
            &texts
                .iter()
                .find(|(_, _, text)| text.text == words)
                .unwrap()
                .2
        };
        let variant = find("both").font.info().variant;
        assert!(variant.weight.to_number() >= 600, "{look:?}");
        assert_eq!(variant.style, FontStyle::Italic, "{look:?}");
        let latin = find("ipsum");
        for (glyph, letter) in latin.glyphs.iter().zip("ipsum".chars()) {
            let of_letter = latin.font.ttf().glyph_index(letter).unwrap();
            assert_eq!(glyph.id, of_letter.0, "{look:?} {letter}");
        }
    }
}

#[test]
fn a_note_and_its_mark_lead_to_each_other() {
    let layout = Press::of(json!([with("b-one.1", json!([text("Words"), note(1, 1)]))])).layout();
    let introspector = layout.document().introspector();
    let mut links: Vec<(f64, f64)> = links_of(&layout.document().pages()[0].frame)
        .into_iter()
        .map(|(_, y, target)| (y, introspector.position(target).unwrap().point.y.to_pt()))
        .collect();
    links.sort_by(|one, other| one.0.total_cmp(&other.0));
    // Above these stand those of the contents.
    let [.., mark, back] = links[..] else {
        panic!("{links:?}")
    };
    let near = |one: f64, other: f64| (one - other).abs() < 15.0;
    assert!(back.0 > mark.0 + 20.0, "the note is at the foot: {links:?}");
    assert!(near(mark.1, back.0) && near(back.1, mark.0), "{links:?}");
}

#[test]
fn a_note_that_is_longer_than_a_page_goes_on_and_loses_no_word() {
    let cells = |n: usize| -> Vec<Value> {
        let cell = |c| json!({ "content": [text(&format!("column{c}{n}"))] });
        (0..9).map(cell).collect()
    };
    for count in [1600, 2000, 3200] {
        let words: String = (0..count).map(|n| format!("w{n} ")).collect();
        let more = "More words. ".repeat(40);
        // A table that would stand over all columns, where the note goes on.
        let mut press = Press::of(json!([
            with("b-one.1", json!([text("Words"), note(1, 1)])),
            paragraph("b-one.2", &more),
            { "kind": "table", "id": "b-one.3", "span": span(0), "columns": vec!["default"; 9],
              "header": cells(0), "rows": [cells(1), cells(2)] },
        ]));
        let note = &mut press.issue.sections[0].articles[0].notes[0];
        note.blocks = serde_json::from_value(json!([paragraph("b-one.n1", &words)])).unwrap();
        let layout = press.layout();
        for page in layout.document().pages() {
            let height = page.frame.height().to_pt();
            for (_, y, text) in texts_of(&page.frame) {
                let is_there = (0.0..height).contains(&y);
                assert!(is_there, "{count}: {} is off the page", text.text);
            }
        }
        let printed = text_of(&layout.pdf().unwrap());
        let missing = words
            .split_whitespace()
            .find(|word| !printed.contains(word));
        assert_eq!(missing, None, "{count}");
    }
}

#[test]
fn notes_stand_in_the_column_of_their_marks() {
    let count = 90;
    let parts: Vec<Value> = (1..=count)
        .map(|n| {
            let words = |count: usize| text(&"word of it ".repeat(count));
            // From two lines to nine, with the mark anywhere.
            let (before, behind) = (n * 7 % 13, n * 5 % 17);
            let content = json!([text("W "), words(before), note(n as u32, 1), words(behind)]);
            with(&format!("b-one.{n}"), content)
        })
        .collect();
    let notes: Vec<Value> = (1..=count)
        .map(|n| {
            let blocks = json!([paragraph(
                &format!("b-one.n{n}"),
                &"note ".repeat(3 + n * 11 % 40)
            )]);
            json!({ "number": n, "span": span(0), "references": 1, "blocks": blocks })
        })
        .collect();
    for look in [Look::Review, Look::Modern, Look::Classic] {
        let mut press = Press::of(json!(parts));
        press.publication.theme = Theme::of(look);
        press.issue.sections[0].articles[0].notes = serde_json::from_value(json!(notes)).unwrap();
        let layout = press.layout();
        let introspector = layout.document().introspector();
        let column = |x: f64| look != Look::Classic && x > 297.0;
        let mut pairs = 0;
        for (page, frame) in layout.document().pages().iter().enumerate() {
            for (x, y, target) in links_of(&frame.frame) {
                let to = introspector.position(target).unwrap();
                let (to_page, to_x) = (to.page.get() - 1, to.point.x.to_pt());
                // The contents lead elsewhere.
                let is_of_note = page > 0 || to.point.y.to_pt() > y + 40.0;
                if is_of_note {
                    assert_eq!(
                        (page, column(x)),
                        (to_page, column(to_x)),
                        "{look:?} {page}"
                    );
                    pairs += 1;
                }
            }
        }
        assert!(pairs > count, "{look:?}: {pairs}");
    }
}

/// Where on the page links to places stand, and where they lead.
fn links_of(frame: &Frame) -> Vec<(f64, f64, Location)> {
    let mut links = Vec::new();
    for (at, item) in frame.items() {
        let (x, y) = (at.x.to_pt(), at.y.to_pt());
        match item {
            FrameItem::Group(group) => {
                let (dx, dy) = (group.transform.tx.to_pt(), group.transform.ty.to_pt());
                let inner = links_of(&group.frame).into_iter();
                links.extend(inner.map(|(left, top, to)| (x + dx + left, y + dy + top, to)));
            }
            FrameItem::Link(Destination::Location(target), _) => links.push((x, y, *target)),
            _ => {}
        }
    }
    links
}

/// The pieces of text, with where they stand.
fn texts_of(frame: &Frame) -> Vec<(f64, f64, TextItem)> {
    let mut texts = Vec::new();
    for (at, item) in frame.items() {
        let (x, y) = (at.x.to_pt(), at.y.to_pt());
        match item {
            FrameItem::Group(group) => {
                let (dx, dy) = (group.transform.tx.to_pt(), group.transform.ty.to_pt());
                let inner = texts_of(&group.frame).into_iter();
                texts.extend(inner.map(|(left, top, text)| (x + dx + left, y + dy + top, text)));
            }
            FrameItem::Text(text) => texts.push((x, y, text.clone())),
            _ => {}
        }
    }
    texts
}

#[test]
fn what_is_longer_than_a_column_breaks_and_loses_no_word() {
    let words = |count: usize, mark: &str| -> String {
        (0..count).map(|n| format!("{mark}{n} word ")).collect()
    };
    let cell = |words: &str| json!({ "content": [text(words)] });
    let table = |id: &str, header: &str, long: &str| {
        json!({ "kind": "table", "id": id, "span": span(0), "columns": ["default", "left", "right"],
            "header": [cell(header), cell("b"), cell("c")],
            "rows": [[cell("one"), cell(long), cell("two")], [cell("x"), cell("y"), cell(long)]] })
    };
    let pull_quote = |id: &str, words: &str| {
        json!({ "kind": "pull-quote", "id": id, "span": span(0), "attribution": [text("Who")],
            "blocks": [paragraph(&format!("{id}.1"), words)] })
    };
    let figure = |id: &str, words: &str| {
        json!({ "kind": "figure", "id": id, "span": span(0), "picture": { "asset": "a.svg", "alt": "A" },
            "caption": [text(words)], "credit": "Ada", "description": null })
    };
    let press = Press::of(json!([
        paragraph("b-one.1", &words(200, "p")),
        pull_quote("b-one.2", &words(300, "q")),
        table("b-one.3", "a", &words(500, "t")),
        figure("b-one.4", &words(1500, "f")),
        table("b-one.5", &words(400, "h"), "short"),
        { "kind": "aside", "id": "b-one.6", "span": span(0), "aside": "tip", "title": [text("Tip")],
          "blocks": [table("b-one.6.1", "a", &words(250, "u")), figure("b-one.6.2", &words(700, "g")), pull_quote("b-one.6.3", &words(150, "r"))] },
    ]));
    let layout = press.layout();
    let mut below = Vec::new();
    for page in layout.document().pages() {
        text_below(&page.frame, 0.0, page.frame.height().to_pt(), &mut below);
    }
    assert!(below.is_empty(), "off the page: {below:?}");
    let places = &layout.page_map().positions;
    let printed = text_of(&layout.pdf().unwrap());
    for last in [
        "p199", "q299", "t499", "f1499", "h399", "u249", "g699", "r149",
    ] {
        assert!(printed.contains(&format!("{last}word")), "{last}");
    }
    assert!(
        ["b-one.2", "b-one.3", "b-one.4"]
            .iter()
            .all(|id| places.contains_key(*id))
    );
}

/// The pieces of text that stand below `bottom`.
fn text_below(frame: &Frame, top: f64, bottom: f64, below: &mut Vec<String>) {
    for (at, item) in frame.items() {
        let y = top + at.y.to_pt();
        match item {
            FrameItem::Group(group) => {
                text_below(&group.frame, y + group.transform.ty.to_pt(), bottom, below);
            }
            FrameItem::Text(text) if y > bottom => below.push(text.text.to_string()),
            _ => {}
        }
    }
}

/// One of each block and inline.
fn every_construct() -> Value {
    let quoted = |kind: &str, id: &str, more: Value| {
        let mut block = json!({ "kind": kind, "id": id, "span": span(0), "blocks": [paragraph(&format!("{id}.1"), "Quoted.")] });
        block
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        block
    };
    let wrapped = |kind: &str, words: &str| json!({ "kind": kind, "content": [text(words)] });
    json!([
        with("b-one.1", json!([
            wrapped("emphasis", "stress"), wrapped("strong", "weight"), wrapped("strikethrough", "gone"),
            wrapped("underline", "lined"), wrapped("subscript", "2"), wrapped("superscript", "3"),
            wrapped("small", "small"), wrapped("keyboard", "Key"), { "kind": "code", "text": "code()" },
            { "kind": "link", "span": span(0), "target": { "kind": "address", "url": "https://example.org/?a=1&b=2" },
              "content": [wrapped("strikethrough", "a struck"), wrapped("underline", "and lined link")] },
            { "kind": "anchor", "id": "here" }, note(1, 1), note(1, 2), { "kind": "line-break" },
            { "kind": "image", "span": span(0), "picture": { "asset": "a.svg", "alt": "sign" } },
            { "kind": "language", "lang": "he", "direction": "rtl", "content": [text("שלום")] },
            { "kind": "language", "lang": null, "direction": "ltr", "content": [text("plain")] },
        ])),
        { "kind": "heading", "id": "b-one.2", "span": span(0), "level": 1, "content": [text("A heading")] },
        { "kind": "list", "id": "b-one.3", "span": span(0), "start": 3, "tight": true, "items": [{ "blocks": [paragraph("b-one.3.1", "Item")] }, { "blocks": [] }] },
        quoted("quote", "b-one.4", json!({})),
        quoted("pull-quote", "b-one.5", json!({ "attribution": [text("Who said it")] })),
        quoted("aside", "b-one.6", json!({ "aside": "caution", "title": [text("An aside")] })),
        { "kind": "figure", "id": "b-one.7", "span": span(0), "picture": { "asset": "a.svg", "alt": "A square" },
          "caption": [text("The caption")], "credit": "Ada", "description": "At length." },
        { "kind": "table", "id": "b-one.8", "span": span(0), "columns": ["default", "right"],
          "header": [{ "content": [text("cell 1"), { "kind": "anchor", "id": "in-table" }] }, { "content": [] }],
          "rows": [[{ "content": [text("cell 3")] }, { "content": [text("cell 4")] }]] },
        { "kind": "code", "id": "b-one.9", "span": span(0), "language": "rust", "text": "fn main() {\n\tlet x = \"a-long-line-without-a-space-that-goes-on-and-on-for-ever\";\n}" },
        { "kind": "rule", "id": "b-one.10", "span": span(0) },
    ])
}

struct Press {
    publication: Publication,
    issue: Issue,
    pictures: Pictures,
    templates: Templates,
}

impl Press {
    /// An issue of one article with these blocks, the picture `a.svg`, and one
    /// note for those that refer to it.
    fn of(blocks: Value) -> Press {
        let svg = "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><rect width='9' height='9'/></svg>";
        Press {
            publication: publication(),
            issue: serde_json::from_value(issue(blocks)).unwrap(),
            pictures: pictures(svg),
            templates: Templates::new(Vec::new()),
        }
    }

    fn input(&self) -> Input<'_> {
        Input {
            publication: &self.publication,
            issue: &self.issue,
            pictures: &self.pictures,
            fonts: &[],
            templates: &self.templates,
        }
    }

    fn layout(&self) -> Layout {
        layout(&self.input()).unwrap()
    }

    fn pdf(&self) -> Vec<u8> {
        self.layout().pdf().unwrap()
    }

    fn faults(&self) -> Vec<Diagnostic> {
        faults_of(layout(&self.input()).and_then(|layout| layout.pdf()))
    }
}

fn pictures(svg: &str) -> Pictures {
    let asset = Asset {
        bytes: Arc::from(svg.as_bytes()),
        span: Span::default(),
    };
    let assets = Assets::from([(AssetPath::new("a.svg".into()), asset)]);
    Pictures::inspect(&assets, &[]).0
}

fn faults_of<T>(result: Result<T, Error>) -> Vec<Diagnostic> {
    match result {
        Err(Error::Faults(faults)) => faults,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("nothing is wrong"),
    }
}

/// The text of a PDF without white space, which readers guess from the gaps.
/// Furniture and references count, which no tag has.
fn text_of(pdf: &[u8]) -> String {
    packed(&pdf_extract::extract_text_from_mem(pdf).unwrap())
}

fn packed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn publication() -> Publication {
    serde_json::from_value(json!({
        "title": "Test Review", "short_title": "Review", "slug": "test", "tagline": "A line about it",
        "language": "en-GB", "publisher": null, "postal_address": null, "issn": null, "rights": null,
        "base_url": null, "colophon": [], "sender": null,
        "theme": Theme::default(), "pdf": PdfSettings::default(), "epub": { "subjects": [] }, "email": { "pictures": "auto" },
    }))
    .unwrap()
}

fn issue(blocks: Value) -> Value {
    json!({
        "name": "2024-11", "number": 12, "date": "2024-11-30", "subject": "S", "preheader": "",
        "cover": null, "corrections": [],
        "sections": [{
            "slug": "news", "title": "News", "span": span(0),
            "articles": [{
                "slug": "one", "span": span(0), "headline": [text("A headline")], "kicker": null,
                "standfirst": null, "bylines": [], "dateline": null, "lang": null, "embargo": null,
                "editions": null, "extra": {}, "blocks": blocks,
                "notes": [{ "number": 1, "span": span(0), "references": 2, "blocks": [paragraph("b-one.n1", "This is the note.")] }],
            }],
        }],
    })
}

fn span(start: u32) -> Value {
    json!({ "file": 0, "start": start, "end": start })
}

fn text(words: &str) -> Value {
    json!({ "kind": "text", "text": words })
}

fn note(number: u32, occurrence: u32) -> Value {
    json!({ "kind": "note-reference", "span": span(0), "note": number, "occurrence": occurrence })
}

fn paragraph(id: &str, words: &str) -> Value {
    with(id, json!([text(words)]))
}

fn with(id: &str, content: Value) -> Value {
    json!({ "kind": "paragraph", "id": id, "span": span(0), "content": content })
}
