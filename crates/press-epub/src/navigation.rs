//! Completes the nav document (EPUB 3.3 §7) and the NCX, the contents list of
//! EPUB 2 that side-loaded Kobos and old readers go by.

use std::collections::{BTreeMap, BTreeSet};

use press_model::{Labels, LanguageTag};

use crate::book::{Book, Landmark, Landmarks};
use crate::metadata::Metadata;
use crate::pages::Page;
use crate::xml::{Document, Element, Node};

/// Completes the nav document that epub-builder wrote. `languages` are those of
/// the entries that are not in the book's, by the files they lead to.
pub(crate) fn complete_nav(
    nav: &mut Document,
    metadata: &Metadata,
    book: &Book,
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
                element.push(landmark_list(&book.landmarks));
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
    if !book.pages.is_empty()
        && let Some(body) = nav.root.find_mut("body")
    {
        body.push(page_list(&book.pages, labels.pages));
    }
}

/// The pages of the print edition (EPUB 3.3 §7.4.3).
fn page_list(pages: &[Page], label: &str) -> Element {
    let mut list = Element::new("ol");
    for page in pages {
        let link = Element::new("a")
            .with("href", &href(page))
            .text(&page.label);
        list.push(Element::new("li").child(link));
    }
    Element::new("nav")
        .with("epub:type", "page-list")
        .with("role", "doc-pagelist")
        .with("aria-label", label)
        .with("hidden", "hidden")
        .child(list)
}

fn href(page: &Page) -> String {
    format!("{}#{}", page.file, page.id)
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

/// Completes the NCX that epub-builder wrote (OPF 2.0.1 §2.4.1; ANSI/NISO
/// Z39.86-2005 §8).
pub(crate) fn complete_ncx(ncx: &mut Document, metadata: &Metadata, book: &Book) {
    let depth = depth(&ncx.root).to_string();
    ncx.root.set("xml:lang", metadata.languages[0].as_str());
    let count = book.pages.len().to_string();
    let numbers = book.pages.iter().filter_map(number);
    let highest = numbers.max().unwrap_or(0).to_string();
    if let Some(head) = ncx.root.find_mut("head") {
        for meta in head.elements_mut() {
            let content = match meta.get("name") {
                Some("dtb:depth") => &depth,
                Some("dtb:totalPageCount") => &count,
                Some("dtb:maxPageNumber") => &highest,
                _ => continue,
            };
            meta.set("content", content);
        }
        let uid = Element::new("meta")
            .with("name", "dtb:uid")
            .with("content", &metadata.urn());
        head.children.insert(0, Node::Element(uid));
    }
    if let Some(title) = ncx.root.find_mut("docTitle") {
        *title = Element::new("docTitle").child(Element::new("text").text(&metadata.title));
    }
    if !book.pages.is_empty() {
        ncx.root.push(ncx_page_list(&book.pages, metadata));
    }
    number_in_reading_order(ncx, book);
}

fn ncx_page_list(pages: &[Page], metadata: &Metadata) -> Element {
    let label = |text: &str| Element::new("navLabel").child(Element::new("text").text(text));
    let labels = Labels::of(&metadata.languages[0]);
    let mut list = Element::new("pageList").child(label(labels.pages));
    for page in pages {
        let mut target = Element::new("pageTarget").with("id", &format!("page-{}", page.id));
        match number(page) {
            Some(number) => {
                target.set("type", "normal");
                target.set("value", &number.to_string());
            }
            None => target.set("type", "special"),
        }
        target.push(label(&page.label));
        target.push(Element::new("content").with("src", &href(page)));
        list.push(target);
    }
    list
}

fn number(page: &Page) -> Option<u32> {
    page.label.parse().ok().filter(|number| *number > 0)
}

/// Gives every place of the contents and the pages its number in reading order;
/// the same place has the same number.
fn number_in_reading_order(ncx: &mut Document, book: &Book) {
    let place = |src: &str| {
        let (file, id) = src.split_once('#').unwrap_or((src, ""));
        let at = book
            .documents
            .iter()
            .position(|document| document.name == file);
        let at = at.unwrap_or(usize::MAX);
        let page = book.pages.iter().position(|page| page.id == id);
        (at, page.map_or(0, |page| page + 1))
    };
    let source = |target: &Element| {
        let content = target.elements().find(|one| one.name == "content");
        place(content.and_then(|one| one.get("src")).unwrap_or_default())
    };
    let is_target = |element: &Element| matches!(&*element.name, "navPoint" | "pageTarget");
    let mut places = BTreeSet::new();
    ncx.root.for_each_below(&mut |element| {
        if is_target(element) {
            places.insert(source(element));
        }
    });
    let order: BTreeMap<_, usize> = places.into_iter().zip(1..).collect();
    ncx.root.for_each_below(&mut |element| {
        if is_target(element) {
            let number = order[&source(element)].to_string();
            element.set("playOrder", &number);
        }
    });
}

/// How deep the contents nest, at least 1.
fn depth(ncx: &Element) -> usize {
    fn below(element: &Element) -> usize {
        let deepest = element.elements().map(below).max().unwrap_or(0);
        deepest + usize::from(element.name == "navPoint")
    }
    below(ncx).max(1)
}
