//! Completes the package document (EPUB 3.3 §5): what epub-builder cannot say
//! about the book, and what it says only in part.

use press_model::LanguageTag;

use crate::book::{Landmark, Landmarks};
use crate::metadata::Metadata;
use crate::xml::{Document, Element, Node};

/// Completes the package document that epub-builder wrote.
pub(crate) fn complete(package: &mut Document, metadata: &Metadata, landmarks: &Landmarks) {
    let language = &metadata.languages[0];
    package.root.set("xml:lang", language.as_str());
    package.root.set("dir", direction(language));
    if let Some(element) = package.root.find_mut("metadata") {
        complete_metadata(element, metadata);
    }
    if let Some(guide) = package.root.find_mut("guide") {
        *guide = guide_of(landmarks);
    }
}

/// Keeps each entry of epub-builder's in its place, and puts after it what
/// refines it; what is missing comes at the end.
fn complete_metadata(element: &mut Element, metadata: &Metadata) {
    let mut creators = metadata.creators.iter();
    let mut complete: Vec<Element> = Vec::new();
    for node in std::mem::take(&mut element.children) {
        let Node::Element(mut entry) = node else {
            continue;
        };
        match entry.name.as_str() {
            "dc:title" => {
                entry.set("id", "title");
                complete.push(entry);
                complete.push(refine("title", "title-type").text("main"));
                complete.push(refine("title", "file-as").text(&metadata.title_file_as));
                complete.extend(further_title("subtitle", metadata.subtitle.as_deref()));
                complete.extend(further_title("short", metadata.short_title.as_deref()));
            }
            "dc:date" => {
                let date = metadata.date.format("%Y-%m-%d").to_string();
                complete.push(Element::new("dc:date").text(&date));
            }
            "dc:language" => {
                for language in &metadata.languages {
                    complete.push(Element::new("dc:language").text(language.as_str()));
                }
            }
            "dc:creator" => {
                let id = entry.get("id").unwrap_or_default().to_owned();
                let creator = creators.next();
                if let Some(language) = creator.and_then(|creator| creator.language.as_ref()) {
                    entry.set("xml:lang", language.as_str());
                    entry.set("dir", direction(language));
                }
                complete.push(entry);
                if let Some(creator) = creator {
                    complete.push(refine(&id, "file-as").text(&creator.file_as));
                }
            }
            _ => complete.push(entry),
        }
    }
    if let Some(publisher) = &metadata.publisher {
        complete.push(Element::new("dc:publisher").text(publisher));
    }
    complete.push(
        Element::new("dc:contributor")
            .with("id", "producer")
            .text(&metadata.generator),
    );
    complete.push(
        refine("producer", "role")
            .with("scheme", "marc:relators")
            .text("bkp"),
    );
    if let Some(source) = &metadata.source {
        complete.push(Element::new("dc:source").text(source));
    }
    if let Some(source) = &metadata.page_source {
        complete.push(Element::new("dc:source").with("id", "pages").text(source));
        complete.push(refine("pages", "source-of").text("pagination"));
        complete.push(property("pageBreakSource").text(source));
    }
    complete.extend(series(metadata));
    complete.extend(accessibility(metadata));
    complete.push(named("generator", &metadata.generator));
    element.children = complete.into_iter().map(Node::Element).collect();
}

/// The series in the form of EPUB 3 and in the one that Calibre reads.
fn series(metadata: &Metadata) -> Vec<Element> {
    let series = &metadata.series;
    let mut entries = vec![
        property("belongs-to-collection")
            .with("id", "series")
            .text(&series.title),
        refine("series", "collection-type").text("series"),
    ];
    if let Some(issn) = &series.issn {
        let urn = format!("urn:issn:{issn}");
        entries.push(refine("series", "dcterms:identifier").text(&urn));
    }
    if let Some(position) = series.position {
        let position = position.to_string();
        entries.push(refine("series", "group-position").text(&position));
        entries.push(named("calibre:series", &series.title));
        entries.push(named("calibre:series_index", &position));
    }
    entries
}

/// A title beside the main one (EPUB 3.3 §5.5.3.1.2, `title-type`).
fn further_title(kind: &str, title: Option<&str>) -> Vec<Element> {
    let Some(title) = title else {
        return Vec::new();
    };
    let id = format!("title-{kind}");
    vec![
        Element::new("dc:title").with("id", &id).text(title),
        refine(&id, "title-type").text(kind),
    ]
}

/// EPUB Accessibility 1.1 §2. Conformance is claimed only where the publication
/// names somebody who certifies it (§2.3).
fn accessibility(metadata: &Metadata) -> Vec<Element> {
    let found = &metadata.accessibility;
    let mut entries = Vec::new();
    for mode in found.modes() {
        entries.push(property("schema:accessMode").text(mode));
    }
    for modes in found.sufficient_modes() {
        entries.push(property("schema:accessModeSufficient").text(modes));
    }
    for feature in found.features() {
        entries.push(property("schema:accessibilityFeature").text(feature));
    }
    // Nothing moves, flashes or sounds: pictures are still, and there is
    // neither script nor media.
    entries.push(property("schema:accessibilityHazard").text("none"));
    entries.push(
        property("schema:accessibilitySummary")
            .with("xml:lang", "en")
            .with("dir", "ltr")
            .text(&found.summary()),
    );
    if let Some(certifier) = &metadata.certifier
        && found.alternative_text
    {
        let claim = property("dcterms:conformsTo").with("id", "conformance");
        entries.push(claim.text("EPUB Accessibility 1.1 - WCAG 2.2 Level AA"));
        entries.push(refine("conformance", "a11y:certifiedBy").text(certifier));
    }
    entries
}

/// The guide of EPUB 2, which old Kindles open books by.
fn guide_of(landmarks: &Landmarks) -> Element {
    let mut guide = Element::new("guide");
    for Landmark {
        guide_type,
        title,
        href,
        ..
    } in landmarks
    {
        guide.push(
            Element::new("reference")
                .with("type", guide_type)
                .with("title", title)
                .with("href", href),
        );
    }
    guide
}

fn direction(language: &LanguageTag) -> &'static str {
    match language.is_right_to_left() {
        true => "rtl",
        false => "ltr",
    }
}

fn property(name: &str) -> Element {
    Element::new("meta").with("property", name)
}

fn refine(id: &str, name: &str) -> Element {
    Element::new("meta")
        .with("refines", &format!("#{id}"))
        .with("property", name)
}

/// A `meta` of EPUB 2.
fn named(name: &str, content: &str) -> Element {
    Element::new("meta")
        .with("name", name)
        .with("content", content)
}
