//! The same text as a plain Typst document, compiled by typst alone with the same
//! fonts and PDF standards: what the editions are held against.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use press_model::{
    Article, Assets, Block, Cell, Inline, Issue, LinkTarget, ListItem, Met, Publication, walk,
};
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt as _, World};
use typst_kit::files::{FileLoader, FileStore};
use typst_kit::fonts::FontStore;
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

/// The issue as Typst markup: two columns, figures, tables, notes, and at the end the
/// addresses of the links, which the edition prints too.
pub fn document(publication: &Publication, issue: &Issue) -> String {
    let mut out = String::from(
        "#set document(title: \"Benchmark\", date: datetime(year: 2024, month: 1, day: 31))\n\
         #set page(paper: \"a4\", columns: 2, numbering: \"1\")\n\
         #set text(font: \"Source Serif 4\", size: 9.5pt, lang: \"en\")\n\
         #set par(justify: true)\n#title()\n#outline()\n",
    );
    for section in &issue.sections {
        let _ = write!(out, "\n= {}\n\n", escape(&section.title));
        for article in &section.articles {
            write_article(article, &mut out);
        }
    }
    out.push_str("#set text(size: 7pt)\n#set par(justify: false)\n");
    let mut known = BTreeSet::new();
    walk(publication, issue, &mut |met, _| {
        if let Met::Link(LinkTarget::Address { url }) = met
            && known.insert(url)
        {
            let _ = write!(out, "{} {}\n\n", known.len(), escape(url));
        }
    });
    out
}

/// Compiles the document to a PDF.
pub fn pdf(document: &str, assets: &Assets) -> Vec<u8> {
    let world = BareWorld::new(document, assets);
    let laid_out: PagedDocument = typst::compile(&world).output.expect("a sound document");
    let options = PdfOptions {
        ident: Smart::Custom("benchmark".into()),
        timestamp: Some(Timestamp::new_utc(today())),
        standards: PdfStandards::new(&[PdfStandard::Ua_1, PdfStandard::A_2a]).expect("standards"),
        ..PdfOptions::default()
    };
    typst_pdf::pdf(&laid_out, &options).expect("a PDF")
}

fn write_article(article: &Article, out: &mut String) {
    if let Some(headline) = &article.headline {
        let _ = write!(out, "== {}\n\n", inlines(headline, article));
    }
    if let Some(standfirst) = &article.standfirst {
        let _ = write!(out, "_{}_\n\n", inlines(standfirst, article));
    }
    blocks(&article.blocks, article, out);
}

fn blocks(all: &[Block], article: &Article, out: &mut String) {
    for block in all {
        match block {
            Block::Paragraph { content, .. } => {
                let _ = write!(out, "{}\n\n", inlines(content, article));
            }
            Block::Heading { content, .. } => {
                let _ = write!(out, "=== {}\n\n", inlines(content, article));
            }
            Block::List { items, start, .. } => {
                out.push_str(if start.is_some() { "#enum(" } else { "#list(" });
                for ListItem { blocks: inner } in items {
                    out.push('[');
                    blocks(inner, article, out);
                    out.push_str("],");
                }
                out.push_str(")\n\n");
            }
            Block::Quote { blocks: inner, .. }
            | Block::PullQuote { blocks: inner, .. }
            | Block::Aside { blocks: inner, .. } => {
                out.push_str("#quote(block: true)[");
                blocks(inner, article, out);
                out.push_str("]\n\n");
            }
            Block::Figure {
                picture, caption, ..
            } => {
                let _ = write!(
                    out,
                    "#figure(image({:?}, alt: {:?}), caption: [{}])\n\n",
                    format!("/{}", picture.asset),
                    picture.alt,
                    inlines(caption, article)
                );
            }
            Block::Table { header, rows, .. } => {
                let _ = write!(out, "#table(columns: {}, table.header(", header.len());
                let cells = |cells: &[Cell], out: &mut String| {
                    for Cell { content } in cells {
                        let _ = write!(out, "[{}],", inlines(content, article));
                    }
                };
                cells(header, out);
                out.push_str("),");
                rows.iter().for_each(|row| cells(row, out));
                out.push_str(")\n\n");
            }
            Block::Code { text, .. } => {
                let _ = write!(out, "#raw({text:?}, block: true)\n\n");
            }
            Block::Rule { .. } => out.push_str("#line(length: 100%)\n\n"),
        }
    }
}

fn inlines(content: &[Inline], article: &Article) -> String {
    let mut out = String::new();
    for inline in content {
        match inline {
            Inline::Text { text } => out.push_str(&escape(text)),
            Inline::Code { text } => {
                let _ = write!(out, "#raw({text:?})");
            }
            Inline::Emphasis { content } => {
                let _ = write!(out, "#emph[{}]", inlines(content, article));
            }
            Inline::Strong { content } => {
                let _ = write!(out, "#strong[{}]", inlines(content, article));
            }
            Inline::Link {
                target: LinkTarget::Address { url },
                content,
                ..
            } => {
                let _ = write!(out, "#link({url:?})[{}]", inlines(content, article));
            }
            Inline::Link { content, .. }
            | Inline::Strikethrough { content }
            | Inline::Underline { content }
            | Inline::Subscript { content }
            | Inline::Superscript { content }
            | Inline::Small { content }
            | Inline::Keyboard { content }
            | Inline::Language { content, .. } => out.push_str(&inlines(content, article)),
            Inline::NoteReference { note, .. } => {
                if let Some(note) = article.notes.iter().find(|other| other.number == *note) {
                    let mut text = String::new();
                    blocks(&note.blocks, article, &mut text);
                    let _ = write!(out, "#footnote[{}]", text.trim());
                }
            }
            Inline::LineBreak => out.push_str(" \\\n"),
            Inline::Anchor { .. } | Inline::Image { .. } => {}
        }
    }
    out
}

/// The text so that Typst takes every character of it as text.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn today() -> Datetime {
    Datetime::from_ymd_hms(2024, 1, 31, 0, 0, 0).expect("a date")
}

struct BareWorld {
    library: LazyHash<Library>,
    fonts: FontStore,
    files: FileStore<Files>,
    main: FileId,
}

struct Files(Vec<(String, Bytes)>);

impl FileLoader for Files {
    fn load(&self, id: FileId) -> FileResult<Bytes> {
        let path = id.get().vpath().get_with_slash();
        let found = self.0.iter().find(|(name, _)| name == path);
        found
            .map(|(_, bytes)| bytes.clone())
            .ok_or_else(|| FileError::NotFound(path.into()))
    }
}

impl BareWorld {
    fn new(document: &str, assets: &Assets) -> BareWorld {
        let mut fonts = FontStore::new();
        for (_, bytes) in press_image::fonts::bundled() {
            fonts.extend(Font::iter(Bytes::new(*bytes)).map(|font| {
                let info = font.info().clone();
                (font, info)
            }));
        }
        let mut files: Vec<(String, Bytes)> = assets
            .iter()
            .map(|(path, asset)| (format!("/{path}"), Bytes::new(asset.bytes.clone())))
            .collect();
        files.push(("/main.typ".into(), Bytes::from_string(document.to_owned())));
        let path = VirtualPath::new("/main.typ").expect("a good name");
        BareWorld {
            library: LazyHash::new(Library::default()),
            fonts,
            files: FileStore::new(Files(files)),
            main: RootedPath::new(VirtualRoot::Project, path).intern(),
        }
    }
}

impl World for BareWorld {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.files.source(id)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.file(id)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        Some(today())
    }
}
