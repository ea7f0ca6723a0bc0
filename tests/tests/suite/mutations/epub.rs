//! Breaks an EPUB: unpacks it, changes the files of its articles, packs it again.

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::markup::{Markup, Part, is_label};
use super::{Broken, Built, Finished, Harm, Patch, Patched, patched};

pub(super) struct Epub {
    files: Vec<(String, Vec<u8>)>,
    /// The files with text of the issue, by their place among the files.
    texts: Vec<(usize, Markup)>,
}

impl Epub {
    pub(super) fn of(built: &Built) -> Epub {
        let mut archive = ZipArchive::new(Cursor::new(&built.epub)).expect("a zip archive");
        let mut files = Vec::new();
        let mut texts = Vec::new();
        for at in 0..archive.len() {
            let mut entry = archive.by_index(at).expect("an entry");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("its bytes");
            let name = entry.name().to_owned();
            let file = name.rsplit('/').next().unwrap_or(&name);
            let is_text = file.starts_with("a-") || file.starts_with("s-");
            if (is_text || file.starts_with("corrections")) && file.ends_with(".xhtml") {
                let text = String::from_utf8(bytes.clone()).expect("UTF-8");
                texts.push((at, Markup::new(text, part)));
            }
            files.push((name, bytes));
        }
        assert!(texts.len() > 3);
        Epub { files, texts }
    }

    pub(super) fn untouched(&self) -> Vec<u8> {
        self.packed(None)
    }

    fn packed(&self, changed: Option<(usize, &str)>) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        for (at, (name, bytes)) in self.files.iter().enumerate() {
            archive.start_file(name.as_str(), stored).expect("an entry");
            let bytes = match changed {
                Some((file, text)) if file == at => text.as_bytes(),
                _ => bytes,
            };
            archive.write_all(bytes).expect("its bytes");
        }
        archive.finish().expect("an archive").into_inner()
    }
}

impl Finished for Epub {
    type Edit = (usize, Vec<Patch>);

    fn edits(&self, harm: Harm) -> Vec<Self::Edit> {
        let texts = self.texts.iter().enumerate();
        let edits = texts.flat_map(|(at, (_, markup))| {
            let edits = markup.edits(harm).into_iter();
            edits.map(move |patches| (at, patches))
        });
        edits.collect()
    }

    fn broken(&self, (text, patches): &Self::Edit) -> Broken {
        let (file, markup) = &self.texts[*text];
        let Patched {
            text,
            was,
            is,
            taken: harmed,
        } = patched(&markup.text, patches);
        let bytes = self.packed(Some((*file, &text)));
        Broken {
            bytes,
            harmed,
            was,
            is,
        }
    }
}

fn part(markup: &Markup, at: usize) -> Part {
    let has = |class| markup.has_class(at, class);
    let above = |name: &str| {
        let mut above = markup.above(at);
        above.any(|above| markup.elements[above].name == name)
    };
    let parent = markup.elements[at].parent;
    let is_in = |class| parent.is_some_and(|parent| markup.has_class(parent, class));
    let in_note = parent.is_some_and(|parent| markup.value(parent, "role") == "doc-footnote");
    match markup.elements[at].name.as_str() {
        "article" => Part::Body,
        "section" if has("corrections") || has("section") => Part::Body,
        "section" if has("notes") => Part::Plain,
        "div" if has("section-contents") => Part::Outside,
        "summary" => Part::Outside,
        "p" if has("note-ways") => Part::Outside,
        "aside" if markup.value(at, "role") == "doc-footnote" => Part::Note,
        "a" if has("note-number") => Part::Outside,
        "a" if has("noteref") => Part::Reference,
        "a" if markup.attribute(at, "href").is_some() => Part::Link,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if is_in("notes") || is_in("corrections") => {
            Part::Outside
        }
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Part::Heading,
        "p" if has("aside-title") && is_label(markup.inner(at)) => Part::Outside,
        "p" if has("kicker") || has("standfirst") || has("byline") => Part::Opening,
        "p" if has("attribution") || above("li") || in_note => Part::Plain,
        "p" => Part::Paragraph,
        "img" => Part::Picture,
        "figcaption" => Part::Caption,
        "li" => Part::Item,
        "ol" => Part::Numbered,
        "tr" => Part::Row,
        "td" | "th" => Part::Cell,
        "pre" => Part::Code,
        _ => Part::Plain,
    }
}
