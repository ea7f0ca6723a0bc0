//! Completes the nav document (EPUB 3.3 §7) and the NCX, the contents list of
//! EPUB 2 that side-loaded Kobos and old readers go by.

use std::collections::BTreeMap;

use press_model::{Labels, LanguageTag};

use crate::book::{Landmark, Landmarks};
use crate::metadata::Metadata;
use crate::xml::{Document, Element};

/// Completes the nav document that epub-builder wrote. `languages` are those of
/// the entries that are not in the book's, by the files they lead to.
pub(crate) fn complete_nav(
    nav: &mut Document,
    metadata: &Metadata,
    landmarks: &Landmarks,
    languages: &BTreeMap<String, LanguageTag>,
) {
    let labels = Labels::of(&metadata.languages[0]);
    let label_language = LanguageTag::new(labels.language)
        .filter(|labels| labels.primary() != metadata.languages[0].primary());
    set_language(&mut nav.root, &metadata.languages[0]);
    nav.root.for_each_below(&mut |element| {
        match (element.name.as_str(), element.get("epub:type")) {
            ("nav", Some("toc")) => {
                element.set("role", "doc-toc");
                element.set("aria-labelledby", "toc-title");
            }
            ("nav", Some("landmarks")) => {
                element.set("aria-label", labels.landmarks);
                // Reading systems find the list; readers have no use for it.
                element.set("hidden", "hidden");
                element.children.clear();
                element.push(landmark_list(landmarks));
            }
            ("h1", None) => {
                if let Some(language) = &label_language {
                    element.set("lang", language.as_str());
                    element.set("xml:lang", language.as_str());
                }
            }
            ("a", _) => {
                let language = element.get("href").and_then(|href| languages.get(href));
                if let Some(language) = language {
                    set_language(element, language);
                }
            }
            _ => {}
        }
    });
}

fn set_language(element: &mut Element, language: &LanguageTag) {
    element.set("lang", language.as_str());
    element.set("xml:lang", language.as_str());
    let direction = match language.is_right_to_left() {
        true => "rtl",
        false => "ltr",
    };
    element.set("dir", direction);
}

fn landmark_list(landmarks: &Landmarks) -> Element {
    let mut list = Element::new("ol");
    for Landmark {
        epub_type,
        title,
        href,
        ..
    } in landmarks
    {
        let link = Element::new("a")
            .with("epub:type", epub_type)
            .with("href", href)
            .text(title);
        list.push(Element::new("li").child(link));
    }
    list
}

/// Completes the NCX that epub-builder wrote.
pub(crate) fn complete_ncx(ncx: &mut Document, metadata: &Metadata) {
    let depth = depth(&ncx.root);
    ncx.root.set("xml:lang", metadata.languages[0].as_str());
    if let Some(head) = ncx.root.find_mut("head") {
        for meta in head.elements_mut() {
            if meta.get("name") == Some("dtb:depth") {
                meta.set("content", &depth.to_string());
            }
        }
        let uid = Element::new("meta")
            .with("name", "dtb:uid")
            .with("content", &metadata.urn());
        head.children.insert(0, crate::xml::Node::Element(uid));
    }
    if let Some(title) = ncx.root.find_mut("docTitle") {
        *title = Element::new("docTitle").child(Element::new("text").text(&metadata.title));
    }
}

/// How deep the contents nest, at least 1.
fn depth(ncx: &Element) -> usize {
    fn below(element: &Element) -> usize {
        let deepest = element.elements().map(below).max().unwrap_or(0);
        deepest + usize::from(element.name == "navPoint")
    }
    below(ncx).max(1)
}
