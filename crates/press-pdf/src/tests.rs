//! Pages of small issues, made here, read back.

use std::collections::BTreeMap;
use std::sync::Arc;

use press_image::Pictures;
use press_model::{
    Asset, AssetPath, Assets, Code, Diagnostic, FileId, Issue, Publication, Span, TemplateFile,
};
use press_template::Templates;
use serde_json::{Value, json};

use crate::{Error, Input, Layout, cover, layout};

#[test]
fn an_issue_becomes_an_archivable_tagged_pdf() {
    let pdf = Press::of(article(json!([paragraph("b-one.1", "Plain words.")]))).pdf();
    assert!(pdf.starts_with(b"%PDF-1.7"));
    let text = text_of(&pdf);
    for words in ["Test Review", "A headline", "Plain words.", "NOVEMBER 1"] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let xmp = String::from_utf8_lossy(&pdf);
    assert!(xmp.contains("pdfuaid:part") && xmp.contains("pdfaid:conformance"));
}

/// The text of a PDF, with every run of white space as one space.
fn text_of(pdf: &[u8]) -> String {
    let pdf = lopdf::Document::load_mem(pdf).unwrap();
    let pages: Vec<u32> = pdf.get_pages().keys().copied().collect();
    let text = pdf.extract_text(&pages).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

struct Press {
    publication: Publication,
    issue: Issue,
    pictures: Pictures,
    templates: Templates,
}

impl Press {
    fn of(issue: Value) -> Press {
        Press {
            publication: publication(),
            issue: serde_json::from_value(issue).unwrap(),
            pictures: Pictures::inspect(&Assets::new(), &[]).0,
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
}

fn publication() -> Publication {
    serde_json::from_value(json!({
        "title": "Test Review", "short_title": "Review", "slug": "test", "tagline": "A line about it",
        "language": "en-GB", "publisher": null, "postal_address": null, "issn": null, "rights": null,
        "base_url": null, "colophon": [], "sender": null,
        "theme": { "accent": "#8a1c1c", "text_font": "Source Serif 4", "label_font": "Source Sans 3", "mono_font": "Source Code Pro" },
        "pdf": { "paper": "a4" }, "epub": { "subjects": [] }, "email": { "pictures": "auto" },
    }))
    .unwrap()
}

fn article(blocks: Value) -> Value {
    json!({
        "name": "2024-11", "number": 12, "date": "2024-11-30", "subject": "S", "preheader": "",
        "cover": null, "corrections": [],
        "sections": [{
            "slug": "news", "title": "News", "span": span(),
            "articles": [{
                "slug": "one", "span": span(), "headline": [text("A headline")], "kicker": null,
                "standfirst": null, "bylines": [], "dateline": null, "lang": null, "embargo": null,
                "editions": null, "extra": {}, "blocks": blocks, "notes": [],
            }],
        }],
    })
}

fn span() -> Value {
    json!({ "file": 0, "start": 0, "end": 0 })
}

fn text(words: &str) -> Value {
    json!({ "kind": "text", "text": words })
}

fn paragraph(id: &str, words: &str) -> Value {
    json!({ "kind": "paragraph", "id": id, "span": span(), "content": [text(words)] })
}
