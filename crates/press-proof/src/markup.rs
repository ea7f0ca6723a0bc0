//! From elements and text to segments: what HTML and XHTML have in common.
//!
//! [`Builder`] is told of elements that begin and end, and of text, by a parser
//! that balances them. Blocks begin and end segments, elements in a line do not.
//! Elements and roles decide what a segment is; classes do not, for they mean
//! nothing to a stranger. An element costs the same however deep it stands, and
//! nothing here recurses.

mod address;
mod element;
mod style;
mod table;

use std::collections::HashMap;
use std::mem;
use std::rc::Rc;

use crate::carried::{
    Back, Carried, Item, Kind, LOOK_ENDS, LOWERED, Link, NOTE_BEGINS, NOTE_ENDS, Note, PICTURE,
    RAISED, STRUCK, Segment, Target,
};
use address::{fragment, has_scheme};
use element::{has, ids, is, is_hidden, is_note, number};
use style::Seen;
use table::Table;

pub(crate) use address::{percent_decoded, resolved, same_address};
pub(crate) use element::{Attributes, is_block};
pub(crate) use style::Sheet;

/// Builds the segments of a book of documents, or of one.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    documents: Vec<Document>,
    paths: HashMap<String, usize>,
    document: usize,
    place: Option<String>,

    context: Context,
    frames: Vec<Frame>,
    lists: Vec<List>,
    tables: Vec<Table>,
    tables_so_far: u32,
    bodies: Vec<Body>,
    /// The bodies of notes that are open, with the depth of the frames that they
    /// cover. Not in the context: a mark deep inside tells what the body is.
    open_bodies: Vec<(usize, usize)>,
    languages: Vec<String>,

    /// The item that has begun, but has no segment yet.
    item: Option<OpenItem>,
    /// The style sheets of the document, and the one that is being read.
    sheets: Vec<Rc<Sheet>>,
    css: Option<String>,
    open: Open,
    link: Option<OpenLink>,
    drafts: Vec<Draft>,
    title: Option<String>,
    /// Text that is hidden before any that is shown.
    preheader: String,
}

/// A document: its path, and what stands where in it.
#[derive(Debug, Default)]
struct Document {
    path: String,
    /// The first segment.
    start: usize,
    language: Option<String>,
    /// The segment at each id.
    ids: HashMap<String, usize>,
    /// The number under which a note's id is referred to.
    numbers: HashMap<String, u32>,
    /// The ids of references to notes, and the numbers that they show.
    references: HashMap<String, Option<u32>>,
}

/// What the elements around say.
#[derive(Debug, Clone, Copy, Default)]
struct Context {
    /// Nothing in it is shown.
    hidden: bool,
    seen: Seen,
    title: bool,
    heading: Option<u8>,
    caption: bool,
    code: bool,
    figure: bool,
    /// The innermost block is a paragraph or a heading.
    paragraph: bool,
    raised: bool,
    /// It is there for the eye alone: programs that read aloud pass over it.
    decorative: bool,
    list_depth: u8,
    quote_depth: u8,
    language: Option<usize>,
    /// The table of data.
    table: bool,
    /// A cell of a table of data: all that it holds is one segment.
    cell: bool,
    /// The frame of the innermost block.
    block: usize,
    /// The frame of the row, where the innermost block is a cell of any table.
    row: Option<usize>,
}

/// An open element.
#[derive(Debug)]
struct Frame {
    /// What was said around it.
    context: Context,
    closing: Closing,
}

/// What the end of an element does.
#[derive(Debug)]
enum Closing {
    Nothing,
    Block,
    Link,
    Look,
    Reference {
        start: usize,
        destination: Rc<Destination>,
        ids: [Option<String>; 2],
        /// Whether the element says itself that it is one; else its digits do.
        told: bool,
    },
    List,
    Item,
    Table,
    Cell {
        row: u32,
        column: u32,
        header: bool,
    },
}

/// A list that is open.
#[derive(Debug)]
struct List {
    ordered: bool,
    next: i64,
    step: i64,
    items: i64,
    /// The items whose numbers depend on how many there will be: of a list that
    /// counts down and does not say from where.
    uncounted: Vec<usize>,
    is_uncounted: bool,
}

/// An item that has no segment yet.
#[derive(Debug)]
struct OpenItem {
    number: Option<i64>,
    list_depth: u8,
    quote_depth: u8,
}

/// The body of a note.
#[derive(Debug)]
struct Body {
    document: usize,
    id: String,
    /// Its number was seen as its label.
    labelled: bool,
    /// Where its links back lead.
    back: Vec<Destination>,
}

/// Where an `href` leads.
#[derive(Debug)]
enum Destination {
    Address(String),
    Place { document: usize, href: String },
    Nowhere(String),
}

/// The segment that is being read.
#[derive(Debug, Default)]
struct Open {
    text: String,
    links: Vec<(usize, usize, Rc<Destination>)>,
    pictures: usize,
    /// The line of its first sign.
    line: Option<u64>,
    /// It held a link that leads back from a note.
    leads_back: bool,
}

#[derive(Debug)]
struct OpenLink {
    start: usize,
    destination: Rc<Destination>,
    /// Some of its words stand in a segment before.
    carried_over: bool,
}

/// A segment whose links and note are not resolved.
#[derive(Debug)]
struct Draft {
    kind: Kind,
    text: String,
    links: Vec<(usize, usize, Rc<Destination>)>,
    list_depth: u8,
    quote_depth: u8,
    item: Option<Option<i64>>,
    body: Option<usize>,
    language: Option<usize>,
    place: String,
}

impl Builder {
    /// A builder of the documents at these paths of a book.
    pub(crate) fn of_book(paths: impl IntoIterator<Item = String>) -> Builder {
        let mut builder = Builder::default();
        for path in paths {
            let document = builder.documents.len();
            builder.paths.entry(path.clone()).or_insert(document);
            builder.documents.push(Document {
                path,
                ..Document::default()
            });
        }
        builder
    }

    /// A builder of one document that stands by itself.
    pub(crate) fn of_document() -> Builder {
        Builder {
            documents: vec![Document::default()],
            ..Builder::default()
        }
    }

    /// Begins a document; `place` is where its segments are. Without it, they are
    /// at their lines.
    pub(crate) fn begin(&mut self, document: usize, place: Option<String>) {
        self.end();
        self.sheets.clear();
        self.document = document;
        self.place = place;
        let start = self.drafts.len();
        if let Some(document) = self.documents.get_mut(document) {
            document.start = start;
        }
    }

    /// Ends the document that was begun.
    fn end(&mut self) {
        while !self.frames.is_empty() {
            self.close();
        }
        self.border();
    }

    /// An element begins.
    pub(crate) fn open(&mut self, name: &str, attributes: &dyn Attributes, line: u64) {
        let role = attributes.get("role");
        let frame = self.frames.len();
        let around = self.context;
        let sheets = self.sheets.iter().map(|sheet| &**sheet);
        self.context.seen = around.seen.inside(sheets, name, attributes);
        if name == "style" {
            self.css = Some(String::new());
        }
        let is_gone = self.context.seen.is_gone();
        let hidden = around.hidden || is_gone || is_hidden(name, attributes);
        let is_title = name == "title" && self.title.is_none() && self.nothing_read();
        if hidden || is_title {
            self.mark(attributes);
            self.context.hidden = hidden && !is_title;
            self.context.title = is_title;
            return self.push(around, Closing::Nothing);
        }

        let decorative = attributes.get("aria-hidden") == Some("true");
        let is_heading = has(role, "heading");
        let is_rule = name == "hr" || has(role, "separator");
        if !(is_block(name) || is_heading || is_rule) {
            self.mark(attributes);
            let closing = self.open_in_line(name, attributes, line);
            return self.push(around, closing);
        }

        self.border();
        self.mark(attributes);
        self.context.decorative |= decorative;
        self.context.block = frame;
        self.context.row = None;
        self.context.paragraph = false;
        self.declare_language(name, attributes);
        if is_note(attributes) || self.is_referred_to(attributes) {
            self.open_body(attributes, frame);
        }
        if has(role, "doc-pullquote") {
            self.context.quote_depth = around.quote_depth.saturating_add(1);
        }
        if is_heading {
            let level = number(attributes.get("aria-level")).unwrap_or(2);
            self.context.heading = Some(u8::try_from(level.max(1)).unwrap_or(u8::MAX));
            self.context.paragraph = true;
        }
        if is_rule {
            self.rule(line);
            self.context.hidden = true;
            return self.push(around, Closing::Nothing);
        }
        let closing = self.open_block(name, attributes, &around);
        self.push(around, closing);
    }

    /// A style sheet of the document, for what comes after it.
    pub(crate) fn style(&mut self, sheet: Rc<Sheet>) {
        self.sheets.push(sheet);
    }

    /// The innermost element ends.
    pub(crate) fn close(&mut self) {
        let Some(frame) = self.frames.pop() else {
            return;
        };
        match frame.closing {
            Closing::Nothing => {}
            Closing::Block => self.border(),
            Closing::Link => self.end_link(),
            Closing::Look => self.open.text.push(LOOK_ENDS),
            Closing::Reference {
                start,
                destination,
                ids,
                told,
            } => self.end_reference(start, &destination, ids, told),
            Closing::List => {
                self.border();
                self.end_list();
            }
            Closing::Item => {
                self.border();
                self.end_empty_item();
            }
            Closing::Table => {
                self.border();
                self.tables.pop();
            }
            Closing::Cell {
                row,
                column,
                header,
            } => self.end_cell(row, column, header),
        }
        if let Some(css) = self.css.take() {
            self.style(Rc::new(Sheet::read(&css)));
        }
        while let Some((depth, _)) = self.open_bodies.last() {
            if *depth < self.frames.len() {
                break;
            }
            self.open_bodies.pop();
        }
        self.context = frame.context;
    }

    /// Text. `line` is the one on which it ends.
    pub(crate) fn text(&mut self, text: &str, line: u64) {
        if self.context.title {
            self.title.get_or_insert_default().push_str(text);
        }
        if let Some(css) = &mut self.css {
            css.push_str(text);
        }
        if self.context.seen.is_gone() && self.nothing_read() {
            self.preheader.push_str(text);
        }
        if self.context.hidden || self.context.seen.is_hidden() || self.context.title {
            return;
        }
        if self.open.line.is_none()
            && let Some(at) = text.find(|c: char| !c.is_whitespace())
        {
            let after = text[at..].matches('\n').count();
            self.open.line = Some(line.saturating_sub(u64::try_from(after).unwrap_or(0)));
        }
        self.open.text.push_str(text);
    }

    /// What was read. `title` and `language` are what the book says of itself; a
    /// document that stands by itself says so in its own elements.
    pub(crate) fn finish(mut self, title: Option<String>, language: Option<String>) -> Carried {
        self.end();
        let language = language.or_else(|| {
            let declared = self
                .documents
                .iter_mut()
                .map(|document| &mut document.language);
            declared.flatten().next().map(mem::take)
        });
        let segments = mem::take(&mut self.drafts);
        let count = segments.len();
        let segments = segments
            .into_iter()
            .map(|draft| self.segment(draft, count, language.as_deref()))
            .collect();
        let notes = (0..self.bodies.len()).filter_map(|body| self.note(body));
        let notes = notes.collect();
        let title = title.or(self.title);
        let preheader = self.preheader.trim();
        Carried {
            preheader: (!preheader.is_empty()).then(|| preheader.to_owned()),
            notes,
            title: title
                .map(|title| title.trim().to_owned())
                .filter(|title| !title.is_empty()),
            language,
            segments,
            ..Carried::default()
        }
    }

    fn segment(&self, mut draft: Draft, count: usize, language: Option<&str>) -> Segment {
        draft.links.sort_by_key(|(start, ..)| *start);
        let links = draft
            .links
            .into_iter()
            .map(|(start, end, destination)| Link {
                start,
                end,
                target: self.target(&destination, count),
            });
        let declared = draft.language.and_then(|at| self.languages.get(at));
        Segment {
            kind: draft.kind,
            links: links.collect(),
            text: draft.text,
            list_depth: draft.list_depth,
            item: draft.item.map(|number| Item {
                number: number.and_then(|number| u32::try_from(number).ok()),
            }),
            quote_depth: draft.quote_depth,
            note: draft.body.and_then(|body| self.number_of(body)),
            language: declared
                .filter(|declared| {
                    !language.is_some_and(|language| language.eq_ignore_ascii_case(declared))
                })
                .cloned(),
            place: draft.place,
        }
    }

    fn target(&self, destination: &Destination, count: usize) -> Target {
        let (document, href) = match destination {
            Destination::Address(address) => return Target::Address(address.clone()),
            Destination::Nowhere(href) => return Target::Nowhere(href.clone()),
            Destination::Place { document, href } => (*document, href),
        };
        let place = self.documents.get(document).and_then(|document| {
            let fragment = fragment(href);
            match fragment {
                "" => Some(document.start),
                id => {
                    let ids = &document.ids;
                    ids.get(id)
                        .or_else(|| ids.get(&percent_decoded(id)))
                        .copied()
                }
            }
        });
        match (place, count.checked_sub(1)) {
            // What stands behind all text is still there.
            (Some(place), Some(last)) => Target::Segment(place.min(last)),
            (Some(_) | None, _) => Target::Nowhere(href.clone()),
        }
    }

    fn number_of(&self, body: usize) -> Option<u32> {
        let body = self.bodies.get(body)?;
        let document = self.documents.get(body.document)?;
        document.numbers.get(&body.id).copied()
    }

    /// The body of a note, as it is told of.
    fn note(&self, at: usize) -> Option<Note> {
        let number = self.number_of(at)?;
        let back = self.bodies.get(at)?.back.iter();
        let back = back.map(|destination| match destination {
            Destination::Place { document, href } => {
                let id = percent_decoded(fragment(href));
                let document = self.documents.get(*document);
                let mark = document.and_then(|document| document.references.get(&id));
                match mark {
                    Some(Some(shown)) if *shown == number => Back::Mark,
                    Some(_) | None => Back::Elsewhere(href.clone()),
                }
            }
            Destination::Address(href) | Destination::Nowhere(href) => {
                Back::Elsewhere(href.clone())
            }
        });
        Some(Note {
            number,
            back: back.collect(),
        })
    }

    fn push(&mut self, around: Context, closing: Closing) {
        self.frames.push(Frame {
            context: around,
            closing,
        });
    }

    fn nothing_read(&self) -> bool {
        self.drafts.is_empty() && self.open.line.is_none()
    }

    /// Notes where the ids of an element are. What stands there is the segment that
    /// is open, or else the next one, and both will have the same number.
    fn mark(&mut self, attributes: &dyn Attributes) {
        let here = self.drafts.len();
        let Some(document) = self.documents.get_mut(self.document) else {
            return;
        };
        for id in ids(attributes).into_iter().flatten() {
            document.ids.entry(id.to_owned()).or_insert(here);
        }
    }

    fn declare_language(&mut self, name: &str, attributes: &dyn Attributes) {
        let declared = attributes
            .get("xml:lang")
            .or_else(|| attributes.get("lang"))
            .map(str::trim)
            .filter(|tag| !tag.is_empty());
        let Some(declared) = declared else { return };
        let around = self.context.language.and_then(|at| self.languages.get(at));
        if around.is_none_or(|around| around != declared) {
            self.context.language = Some(self.languages.len());
            self.languages.push(declared.to_owned());
        }
        if name == "html"
            && let Some(document) = self.documents.get_mut(self.document)
        {
            document.language.get_or_insert_with(|| declared.to_owned());
        }
    }

    /// Whether a reference that was read leads to this element.
    fn is_referred_to(&self, attributes: &dyn Attributes) -> bool {
        self.documents.get(self.document).is_some_and(|document| {
            let ids = ids(attributes).into_iter().flatten();
            ids.into_iter().any(|id| document.numbers.contains_key(id))
        })
    }

    fn open_body(&mut self, attributes: &dyn Attributes, frame: usize) {
        let document = self.documents.get(self.document);
        let known = |id: &&str| document.is_some_and(|it| it.numbers.contains_key(*id));
        let ids = ids(attributes);
        let id = ids.into_iter().flatten().find(known);
        let id = id.or(ids[0]).unwrap_or_default().to_owned();
        self.open_bodies.push((frame, self.bodies.len()));
        self.bodies.push(Body {
            document: self.document,
            id,
            labelled: false,
            back: Vec::new(),
        });
    }

    fn open_block(&mut self, name: &str, attributes: &dyn Attributes, around: &Context) -> Closing {
        let frame = self.frames.len();
        let context = &mut self.context;
        match name {
            "p" => context.paragraph = true,
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                let told = number(attributes.get("aria-level"));
                let level = told.and_then(|level| u8::try_from(level).ok());
                context.heading = level.or(name.as_bytes().get(1).map(|digit| digit - b'0'));
                context.paragraph = true;
            }
            "pre" => context.code = true,
            "blockquote" => context.quote_depth = context.quote_depth.saturating_add(1),
            "figure" => context.figure = true,
            "figcaption" => {
                context.figure = false;
                context.caption = true;
            }
            "ul" | "ol" | "menu" | "dir" if !context.cell => {
                context.list_depth = context.list_depth.saturating_add(1);
                self.lists.push(List::new(name == "ol", attributes));
                return Closing::List;
            }
            "li" if !context.cell => {
                self.begin_item(attributes);
                return Closing::Item;
            }
            "table" if !context.cell => {
                let role = attributes.get("role");
                context.table = !(has(role, "presentation") || has(role, "none"));
                if context.table {
                    self.tables.push(Table::new(self.tables_so_far));
                    self.tables_so_far += 1;
                    return Closing::Table;
                }
            }
            "tr" => {
                context.row = Some(frame);
                if context.table
                    && !context.cell
                    && let Some(table) = self.tables.last_mut()
                {
                    table.begin_row();
                }
            }
            "td" | "th" => {
                context.row = around.row;
                if context.table
                    && !context.cell
                    && let Some(table) = self.tables.last_mut()
                {
                    context.cell = true;
                    let (row, column) = table.begin_cell(attributes);
                    return Closing::Cell {
                        row,
                        column,
                        header: name == "th",
                    };
                }
            }
            _ => {}
        }
        Closing::Block
    }

    fn open_in_line(&mut self, name: &str, attributes: &dyn Attributes, line: u64) -> Closing {
        match name {
            "br" => self.open.text.push('\n'),
            "img" => self.picture(attributes, line),
            "sup" => {
                self.context.raised = true;
                return self.begin_look(RAISED);
            }
            "sub" => return self.begin_look(LOWERED),
            "s" | "del" | "strike" => return self.begin_look(STRUCK),
            "a" => return self.open_link(attributes, line),
            _ => {}
        }
        if is_note(attributes) || self.is_referred_to(attributes) {
            self.open_body(attributes, self.frames.len());
            self.widen_body();
        }
        Closing::Nothing
    }

    fn begin_look(&mut self, sign: char) -> Closing {
        self.open.text.push(sign);
        Closing::Look
    }

    /// A mark in a line stands for the block that it opens, and in a layout of
    /// cells for the row: `<td><a id="n-1"></a>1</td><td>The note.</td>`.
    fn widen_body(&mut self) {
        if let Some((frame, _)) = self.open_bodies.last_mut() {
            *frame = self.context.row.unwrap_or(self.context.block);
        }
    }

    fn open_link(&mut self, attributes: &dyn Attributes, line: u64) -> Closing {
        if self.is_referred_to(attributes) {
            self.open_body(attributes, self.frames.len());
            self.widen_body();
        }
        let is_backlink = is(attributes, "doc-backlink", "backlink");
        let told = is(attributes, "doc-noteref", "noteref");
        let Some(href) = attributes.get("href") else {
            return match is_backlink {
                true => self.leads_back(Destination::Nowhere(String::new())),
                false => Closing::Nothing,
            };
        };
        let destination = self.destination(href.trim());
        if is_backlink || !self.open_bodies.is_empty() && self.is_reference(&destination) {
            return self.leads_back(destination);
        }
        let destination = Rc::new(destination);
        self.end_link();
        let start = self.open.text.len();
        // The text of a note leads back to its mark.
        let has_id = ids(attributes).iter().any(Option::is_some);
        let is_digits_at_most = self.context.raised && has_id && href.trim().starts_with('#');
        if told {
            self.open.line.get_or_insert(line);
            self.open.text.push(NOTE_BEGINS);
        } else {
            self.link = Some(OpenLink {
                start,
                destination: Rc::clone(&destination),
                carried_over: false,
            });
        }
        if !(told || is_digits_at_most) {
            return Closing::Link;
        }
        Closing::Reference {
            start,
            destination,
            ids: ids(attributes).map(|id| id.map(str::to_owned)),
            told,
        }
    }

    /// A link back from a note is no text.
    fn leads_back(&mut self, destination: Destination) -> Closing {
        self.open.leads_back = true;
        self.context.hidden = true;
        if let Some((_, body)) = self.open_bodies.last()
            && let Some(body) = self.bodies.get_mut(*body)
        {
            body.labelled = true;
            body.back.push(destination);
        }
        Closing::Nothing
    }

    /// Whether a place is that of a reference to a note.
    fn is_reference(&self, destination: &Destination) -> bool {
        let Destination::Place { document, href } = destination else {
            return false;
        };
        let id = percent_decoded(fragment(href));
        self.documents
            .get(*document)
            .is_some_and(|document| document.references.contains_key(&id))
    }

    fn end_link(&mut self) {
        let Some(link) = self.link.take() else { return };
        let end = self.open.text.len();
        let start = link.start.min(end);
        if start < end || !link.carried_over {
            self.open.links.push((start, end, link.destination));
        }
    }

    fn end_reference(
        &mut self,
        start: usize,
        destination: &Rc<Destination>,
        ids: [Option<String>; 2],
        told: bool,
    ) {
        let begin = start + if told { NOTE_BEGINS.len_utf8() } else { 0 };
        let words = self.open.text.get(begin..).unwrap_or_default();
        let shown = words.trim_matches(|c: char| !c.is_ascii_digit());
        let number = shown.parse::<u32>().ok();
        let is_number = words.trim().bytes().all(|byte| byte.is_ascii_digit());
        if !told {
            // Its bytes move; a link in it cannot be.
            let holds_link = self
                .open
                .links
                .last()
                .is_some_and(|(_, end, _)| *end > start);
            if number.is_none() || !is_number || holds_link {
                return self.end_link();
            }
            self.link = None;
            self.open.text.insert(start, NOTE_BEGINS);
        }
        self.open.text.push(NOTE_ENDS);
        let end = self.open.text.len();
        // The blocks that it should not hold have taken its beginning along.
        let is_whole = (self.open.text.get(start..)).is_some_and(|it| it.starts_with(NOTE_BEGINS));
        if is_whole {
            (self.open.links).push((start, end, Rc::clone(destination)));
        }
        if let (Some(number), Destination::Place { document, href }) = (number, &**destination)
            && let Some(document) = self.documents.get_mut(*document)
        {
            let id = percent_decoded(fragment(href));
            document.numbers.entry(id).or_insert(number);
        }
        if let Some(document) = self.documents.get_mut(self.document) {
            let ids = ids.into_iter().flatten();
            document.references.extend(ids.map(|id| (id, number)));
        }
    }

    fn destination(&self, href: &str) -> Destination {
        if has_scheme(href) || href.starts_with("//") {
            return Destination::Address(href.to_owned());
        }
        let path = href.split(['#', '?']).next().unwrap_or_default();
        let document = if path.is_empty() {
            Some(self.document)
        } else {
            let base = self.documents.get(self.document);
            let base = base.map_or("", |document| document.path.as_str());
            self.paths.get(&resolved(base, path)).copied()
        };
        match document {
            Some(document) => Destination::Place {
                document,
                href: href.to_owned(),
            },
            None => Destination::Nowhere(href.to_owned()),
        }
    }

    fn picture(&mut self, attributes: &dyn Attributes, line: u64) {
        let role = attributes.get("role");
        let alt = attributes.get("alt");
        let is_ornament = alt.is_some_and(|alt| alt.trim().is_empty())
            || has(role, "presentation")
            || has(role, "none");
        if is_ornament || self.context.seen.is_hidden() {
            return;
        }
        let stands_alone = self.context.figure && !self.context.paragraph;
        if stands_alone {
            self.border();
        }
        self.open.line.get_or_insert(line);
        self.open.pictures += 1;
        self.open.text.push(PICTURE);
        self.open
            .text
            .extend(alt.unwrap_or_default().chars().filter(|c| *c != PICTURE));
        self.open.text.push(PICTURE);
        if stands_alone {
            self.border();
        }
    }

    fn begin_item(&mut self, attributes: &dyn Attributes) {
        // The item around may begin with this list.
        self.end_empty_item();
        let here = self.drafts.len();
        let mut item = OpenItem {
            number: None,
            list_depth: self.context.list_depth,
            quote_depth: self.context.quote_depth,
        };
        if let Some(list) = self.lists.last_mut().filter(|list| list.ordered) {
            list.items += 1;
            if let Some(value) = number(attributes.get("value")) {
                list.next = value;
                list.is_uncounted = false;
            }
            if list.is_uncounted {
                list.uncounted.push(here);
            }
            item.number = Some(list.next);
            list.next = list.next.saturating_add(list.step);
        }
        self.item = Some(item);
    }

    /// An item that has no text of its own is a segment all the same.
    fn end_empty_item(&mut self) {
        let Some(item) = &self.item else { return };
        let (list_depth, quote_depth) = (item.list_depth, item.quote_depth);
        self.draft(Kind::Text, Open::default());
        if let Some(draft) = self.drafts.last_mut() {
            draft.list_depth = list_depth;
            draft.quote_depth = quote_depth;
        }
    }

    fn end_list(&mut self) {
        let Some(list) = self.lists.pop() else {
            return;
        };
        for (at, item) in (0..).zip(list.uncounted) {
            if let Some(draft) = self.drafts.get_mut(item) {
                draft.item = Some(Some(list.items - at));
            }
        }
    }

    fn rule(&mut self, line: u64) {
        if !self.context.cell {
            self.open.line = Some(line);
            let open = mem::take(&mut self.open);
            self.draft(Kind::Rule, open);
        }
    }

    /// A block begins or ends here.
    fn border(&mut self) {
        if self.context.cell {
            return self.join();
        }
        let mut open = self.take_open();
        if open.line.is_none() {
            return;
        }
        let context = self.context;
        if !context.code {
            open.trim();
        }
        if open.leads_back
            && open
                .text
                .chars()
                .all(|c| matches!(c, ',' | '·' | RAISED | LOOK_ENDS) || c.is_whitespace())
        {
            return;
        }
        if self.is_label(&open.text) {
            return;
        }
        let kind = if context.code {
            Kind::Code
        } else if let Some(level) = context.heading {
            Kind::Heading { level }
        } else if context.caption {
            Kind::Caption
        } else if open.is_picture() && (!context.paragraph || context.figure) {
            open.drop_marks();
            Kind::Picture
        } else if context.decorative && is_rule(&open.text) {
            open.text.clear();
            open.links.clear();
            Kind::Rule
        } else {
            Kind::Text
        };
        self.draft(kind, open);
    }

    /// A border between the blocks of a cell.
    fn join(&mut self) {
        let Open { text, links, .. } = &mut self.open;
        let end = text.trim_end().len();
        text.truncate(end);
        for (start, link_end, _) in links.iter_mut().rev() {
            if *link_end <= end {
                break;
            }
            *link_end = end;
            *start = end.min(*start);
        }
        if let Some(link) = &mut self.link {
            link.start = end.min(link.start);
        }
        if !text.is_empty() {
            text.push('\n');
        }
    }

    /// The segment that ends here, with its part of a link that goes on.
    fn take_open(&mut self) -> Open {
        let mut open = mem::take(&mut self.open);
        if let Some(link) = &mut self.link {
            let end = open.text.len();
            if open
                .text
                .get(link.start..)
                .is_some_and(|words| !words.trim().is_empty())
            {
                let part = (link.start, end, Rc::clone(&link.destination));
                open.links.push(part);
                link.carried_over = true;
            }
            link.start = 0;
        }
        open
    }

    /// Whether a text is no more than the number of the note that it begins.
    fn is_label(&mut self, text: &str) -> bool {
        let Some((_, at)) = self.open_bodies.last() else {
            return false;
        };
        let at = *at;
        let number = self.number_of(at);
        let Some(body) = self.bodies.get_mut(at) else {
            return false;
        };
        let shown = text.trim_matches(|c: char| !c.is_alphanumeric());
        let is_label = !body.labelled && number.is_some_and(|number| shown == number.to_string());
        body.labelled = true;
        is_label
    }

    fn end_cell(&mut self, row: u32, column: u32, header: bool) {
        let mut open = self.take_open();
        open.trim();
        let table = self.tables.last().map_or(0, |table| table.index);
        let kind = Kind::Cell {
            table,
            row,
            column,
            header,
        };
        self.draft(kind, open);
    }

    fn draft(&mut self, kind: Kind, open: Open) {
        let draft = Draft {
            kind,
            text: open.text,
            links: open.links,
            list_depth: self.context.list_depth,
            quote_depth: self.context.quote_depth,
            item: self.item.take().map(|item| item.number),
            body: self.open_bodies.last().map(|(_, body)| *body),
            language: self.context.language,
            place: self.place(open.line),
        };
        self.drafts.push(draft);
    }

    fn place(&self, line: Option<u64>) -> String {
        match (&self.place, line) {
            (Some(place), _) => place.clone(),
            (None, Some(line)) => format!("line {line}"),
            // Empty: it stands near what was read last.
            (None, None) => self
                .drafts
                .last()
                .map_or_else(|| "line 1".to_owned(), |draft| draft.place.clone()),
        }
    }
}

impl Open {
    /// Drops white space at both ends.
    fn trim(&mut self) {
        self.text.truncate(self.text.trim_end().len());
        let dropped = self.text.len() - self.text.trim_start().len();
        self.text.drain(..dropped);
        self.shift_links(dropped);
    }

    /// Whether it is one picture and nothing else.
    fn is_picture(&self) -> bool {
        self.pictures == 1 && self.text.starts_with(PICTURE) && self.text.ends_with(PICTURE)
    }

    fn drop_marks(&mut self) {
        self.text.pop();
        self.text.drain(..PICTURE.len_utf8());
        self.shift_links(PICTURE.len_utf8());
    }

    fn shift_links(&mut self, by: usize) {
        let longest = self.text.len();
        for (start, end, _) in &mut self.links {
            *start = start.saturating_sub(by).min(longest);
            *end = end.saturating_sub(by).min(longest);
        }
    }
}

impl List {
    fn new(ordered: bool, attributes: &dyn Attributes) -> List {
        let start = number(attributes.get("start"));
        let reversed = ordered && attributes.get("reversed").is_some();
        List {
            ordered,
            next: start.unwrap_or(1),
            step: if reversed { -1 } else { 1 },
            items: 0,
            uncounted: Vec::new(),
            is_uncounted: reversed && start.is_none(),
        }
    }
}

/// Whether a paragraph is a row of stars or dots, which parts thoughts.
fn is_rule(text: &str) -> bool {
    let marks: Vec<char> = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(16)
        .collect();
    let spaced = text.trim().contains(char::is_whitespace);
    match marks.as_slice() {
        ['⁂'] => true,
        [first, second, third, rest @ ..] => {
            (matches!(first, '*' | '∗' | '⁎') || spaced && matches!(first, '.' | '·' | '•'))
                && [second, third]
                    .into_iter()
                    .chain(rest)
                    .all(|mark| mark == first)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::html;
    use proptest::prelude::*;

    fn read(html: &str) -> Carried {
        match html::read(html) {
            Ok(carried) => carried,
            Err(error) => panic!("{error}"),
        }
    }

    fn check(html: &str, expected: &[&str]) {
        let segments: Vec<String> = read(html).segments.iter().map(Segment::brief).collect();
        assert_eq!(segments, expected, "{html}");
    }

    /// The words of each link and where it leads.
    fn links(html: &str) -> Vec<(String, Target)> {
        let segments = read(html).segments;
        let links = segments.iter().flat_map(|segment| {
            let links = segment.links.iter();
            links.map(|link| {
                let words = segment.text[link.start..link.end].to_owned();
                (words, link.target.clone())
            })
        });
        links.collect()
    }

    #[test]
    fn blocks_are_segments_and_what_is_in_a_line_is_not() {
        check(
            "<div>a<p>b <b>c</b>d</p>e</div>",
            &["text: a", "text: b cd", "text: e"],
        );
        check("<p> a\n b </p>\n<p>&nbsp;</p>", &["text: a\n b"]);
        check("a<br>b", &["text: a\nb"]);
        check(
            "<h2>a</h2><p role=heading aria-level=5>b</p>",
            &["h2: a", "h5: b"],
        );
    }

    #[test]
    fn items_count_as_their_list_says() {
        check(
            "<ul><li>a<li><p>b</p><p>c</p></ul>",
            &["text* -: a", "text* -: b", "text*: c"],
        );
        check(
            "<ol start=7><li>a<li value=3>b<li>c</ol>",
            &["text* 7.: a", "text* 3.: b", "text* 4.: c"],
        );
        check(
            "<ol reversed><li>a<li>b</ol>",
            &["text* 2.: a", "text* 1.: b"],
        );
        check(
            "<ol reversed start=9><li>a<li>b</ol>",
            &["text* 9.: a", "text* 8.: b"],
        );
    }

    #[test]
    fn an_empty_item_is_a_segment() {
        check(
            "<ol><li></li><li> </li></ol>",
            &["text* 1.: ", "text* 2.: "],
        );
        check(
            "<ul><li><ol><li>a</ol></ul>",
            &["text* -: ", "text** 1.: a"],
        );
        check(
            "<ul><li>a<ul><li>b</ul>c</ul>",
            &["text* -: a", "text** -: b", "text*: c"],
        );
    }

    #[test]
    fn quotes_and_rules() {
        check(
            "<blockquote><p>a<blockquote>b</blockquote></blockquote>",
            &["text>: a", "text>>: b"],
        );
        check("<aside role=doc-pullquote>a</aside>", &["text>: a"]);
        check("a<hr>b", &["text: a", "rule: ", "text: b"]);
        check(
            "<p aria-hidden=true>*&nbsp;*&nbsp;*</p><div aria-hidden=true><p>⁂</div><p>⁂",
            &["rule: ", "rule: ", "text: ⁂"],
        );
        check(
            "<p role=separator>x</p><p>...</p>",
            &["rule: ", "text: ..."],
        );
    }

    #[test]
    fn code_keeps_its_white_space() {
        check("<pre>\n  a\n\n b\n</pre>", &["code:   a\n\n b\n"]);
        check("<pre><code>a</code></pre>", &["code: a"]);
    }

    #[test]
    fn cells_of_data_are_numbered_and_those_of_layout_are_not() {
        check(
            "<table><caption>t</caption><tr><th>a<th>b<tr><td><p>c</p>\n<p>d</p><td></table>",
            &[
                "text: t",
                "0.0.0!: a",
                "0.0.1!: b",
                "0.1.0: c\nd",
                "0.1.1: ",
            ],
        );
        check(
            "<table role=presentation><tr><td>a<td>b<table><tr><td>c</table></table>",
            &["text: a", "text: b", "0.0.0: c"],
        );
        check(
            "<table><tr><td>a<table><tr><td>b</table>c</table><table><td>d</table>",
            &["0.0.0: a\nb\nc", "1.0.0: d"],
        );
    }

    #[test]
    fn cells_span() {
        check(
            "<table><tr><td rowspan=2>a<td colspan=2>b<td>c<tr><td>d<td>e<td>f</table>",
            &[
                "0.0.0: a", "0.0.1: b", "0.0.3: c", "0.1.1: d", "0.1.2: e", "0.1.3: f",
            ],
        );
        check(
            "<table><tr><td rowspan=0>a<td>b<tr><td>c<tr><td>d</table>",
            &["0.0.0: a", "0.0.1: b", "0.1.1: c", "0.2.1: d"],
        );
    }

    #[test]
    fn pictures_stand_alone_or_in_a_line() {
        check("<div> <img alt=a> </div>", &["picture: a"]);
        check(
            "<p><img alt=a></p><p>b <img alt=c></p>",
            &["text: %a%", "text: b %c%"],
        );
        check(
            "<figure><img alt=a><img alt=b><figcaption>c <img alt=d></figcaption></figure>",
            &["picture: a", "picture: b", "caption: c %d%"],
        );
        check("<div><img alt=''><img role=presentation alt=x></div>", &[]);
        check("<div><img></div>", &["picture: "]);
        check("<table><td><img alt=a></table>", &["0.0.0: %a%"]);
    }

    #[test]
    fn what_is_not_shown_is_no_text() {
        check(
            "<title>t</title><style>a</style><!-- b --><!--[if mso]><p>c</p><![endif]-->\
             <script>d</script><p hidden>e</p><p style='color:red; DISPLAY : none!important'>f\
             <p aria-hidden=true>g",
            &["text: g"],
        );
        check("a<span hidden><p>b</p></span>c", &["text: ac"]);
        assert_eq!(read("<title> t </title>").title.as_deref(), Some("t"));
    }

    #[test]
    fn links_lead_out_or_to_a_segment() {
        let address = |address: &str| Target::Address(address.to_owned());
        assert_eq!(
            links("<p>a <a href='https://x.example/?a=b&amp;c'>b</a> <a id=c>c</a>"),
            [("b".to_owned(), address("https://x.example/?a=b&c"))]
        );
        assert_eq!(
            links("<p><a href='#%C3%A9'>a</a></p><p>b <i id=é></i>c</p>"),
            [("a".to_owned(), Target::Segment(1))]
        );
        assert_eq!(
            links("<a href='#x'>a</a><a href='#'>b</a><a href='c.html'>c</a><p></p><i id=x></i>"),
            [
                ("a".to_owned(), Target::Segment(0)),
                ("b".to_owned(), Target::Segment(0)),
                ("c".to_owned(), Target::Nowhere("c.html".to_owned())),
            ]
        );
        assert_eq!(
            links("<a href='#y'>a</a>"),
            [("a".to_owned(), Target::Nowhere("#y".to_owned()))]
        );
    }

    #[test]
    fn an_id_between_blocks_is_that_of_the_next() {
        assert_eq!(
            links("<p><a href='#x'>a</a></p><a id=x></a> <hr><p>b"),
            [("a".to_owned(), Target::Segment(1))]
        );
    }

    #[test]
    fn a_link_round_blocks_is_one_in_each() {
        let to = Target::Address("x:y".to_owned());
        assert_eq!(
            links("<a href='x:y'>a<p>b</p> <p>c</p></a>d"),
            ["a", "b", "c"].map(|words| (words.to_owned(), to.clone()))
        );
    }

    #[test]
    fn notes_are_told_by_roles() {
        check(
            "<p>a<a role=doc-noteref href='#n'>4</a></p>\
             <aside role=doc-footnote id=n><p><a role=doc-backlink href='#r'>4</a> b</p>c</aside>d",
            &["text: a{4}", "text n4: b", "text n4: c", "text: d"],
        );
        assert_eq!(
            links("<p>a<a role=doc-noteref href='#n'>4</a><p id=n>b"),
            [("\u{fff9}4\u{fffb}".to_owned(), Target::Segment(1))]
        );
    }

    #[test]
    fn notes_lead_back_to_their_marks() {
        let notes = |back: &str| {
            let marks = "<p>a<a role=doc-noteref id=r href='#n'>4</a>\
                         <a role=doc-noteref id=s href='#m'>5</a>";
            let html = format!("{marks}<aside role=doc-footnote id=n>b{back}</aside>");
            read(&html).notes
        };
        let note = |back: &[Back]| {
            let back = back.to_vec();
            vec![Note { number: 4, back }]
        };
        let elsewhere = |href: &str| Back::Elsewhere(href.to_owned());
        assert_eq!(notes(""), note(&[]));
        assert_eq!(notes("<a href='#r'>^</a>"), note(&[Back::Mark]));
        let both = notes("<a role=doc-backlink href='#s'>^</a><a role=doc-backlink>^</a>");
        assert_eq!(both, note(&[elsewhere("#s"), elsewhere("")]));
    }

    #[test]
    fn notes_are_told_by_raised_digits() {
        check(
            "<p>a<sup><a id=r href='#n'>4</a></sup></p>\
             <p id=n>b <a href='#r'>back</a></p><p>c<sup><a href='#n'>th</a></sup>",
            &["text: a^({4})", "text n4: b", "text: c^(th)"],
        );
    }

    #[test]
    fn a_mark_in_a_cell_of_layout_names_its_row() {
        check(
            "<p>a<sup><a id=r href='#n'>4</a></sup><table role=presentation>\
             <tr><td><a id=n></a>4</td><td><p>b</p><p>4</p>\
             <p><a href='#r'>back (1)</a> · <a href='#r'>(2)</a></p></td></tr>\
             <tr><td>c</td></tr></table>",
            &["text: a^({4})", "text n4: b", "text n4: 4", "text: c"],
        );
    }

    #[test]
    fn languages_are_those_of_blocks() {
        let carried = read("<html lang=en><p>a<p lang=de>b<p><i lang=fr>c</i><div lang=EN>d</div>");
        let languages: Vec<_> = carried
            .segments
            .iter()
            .map(|it| it.language.as_deref())
            .collect();
        assert_eq!(carried.language.as_deref(), Some("en"));
        assert_eq!(languages, [None, Some("de"), None, None]);
    }

    #[test]
    fn what_html_leaves_open_is_closed() {
        check("<p>a<div>b</div>c", &["text: a", "text: b", "text: c"]);
        check("<dl><dt>a<dd>b</dl>", &["text: a", "text: b"]);
        check("<h1>a<h2>b</h2>c", &["h1: a", "h2: b", "text: c"]);
        check(
            "<table><tr><td>a</div></p>b<tr><td>c</table>d",
            &["0.0.0: ab", "0.1.0: c", "text: d"],
        );
        check(
            "<blockquote><b>a</blockquote>b</b>c",
            &["text>: a", "text: bc"],
        );
        check("<head><meta><p>a", &["text: a"]);
        let to = |href: &str| Target::Address(href.to_owned());
        assert_eq!(
            links("<a href='x:'>a<a href='y:'>b</a>c"),
            [("a".to_owned(), to("x:")), ("b".to_owned(), to("y:"))]
        );
    }

    #[test]
    fn places_are_lines() {
        let places: Vec<_> = read("\n<p>a\nb\n\n<p\nid=x>\n<b>c").segments;
        let places: Vec<_> = places.iter().map(|it| it.place.as_str()).collect();
        assert_eq!(places, ["line 2", "line 7"]);
    }

    #[test]
    fn paths_are_resolved() {
        assert_eq!(resolved("a/b.x", "c%20d.x"), "a/c d.x");
        assert_eq!(resolved("a/b.x", "../c.x"), "c.x");
        assert_eq!(resolved("b.x", "./../c//d"), "c/d");
        assert_eq!(resolved("a/b.x", "/c"), "c");
        assert_eq!(
            percent_decoded("%E4%Bd%a0 %zz %"),
            "%E4%Bd%a0 %zz %".replace("%E4%Bd%a0", "你")
        );
        assert_eq!(percent_decoded("%ff"), "%ff");
    }

    /// Elements in elements, some of them not closed, and text.
    fn nested() -> impl Strategy<Value = String> {
        let tag = prop::sample::select(vec![
            "p",
            "div",
            "b",
            "a href='#x'",
            "a href='x:'",
            "a id=x",
            "sup",
            "ul",
            "ol reversed",
            "li",
            "table",
            "table role=none",
            "tr",
            "td",
            "th rowspan=2",
            "pre",
            "figure",
            "figcaption",
            "blockquote",
            "h1",
            "i hidden",
            "span lang=de",
            "aside role=doc-footnote",
            "a role=doc-noteref href='#x'",
            "a role=doc-backlink href='#x'",
            "p id=x",
        ]);
        let leaf = prop::sample::select(vec!["1", " ", "é", "<br>", "<img alt=x>", "<hr>", "\n"]);
        let leaf = leaf.prop_map(str::to_owned);
        leaf.prop_recursive(6, 60, 5, move |inner| {
            (
                tag.clone(),
                prop::collection::vec(inner, 0..5),
                any::<bool>(),
            )
                .prop_map(|(tag, inner, closed)| {
                    let name = tag.split(' ').next().unwrap_or_default();
                    let end = if closed {
                        format!("</{name}>")
                    } else {
                        String::new()
                    };
                    format!("<{tag}>{}{end}", inner.concat())
                })
        })
    }

    proptest! {
        #[test]
        fn links_lie_in_their_text(html in nested()) {
            let carried = read(&html);
            for segment in &carried.segments {
                let mut last = 0;
                for link in &segment.links {
                    prop_assert!(segment.text.get(link.start..link.end).is_some(), "{:?}", segment);
                    prop_assert!(last <= link.start, "{:?}", segment);
                    last = link.start;
                    if let Target::Segment(at) = link.target {
                        prop_assert!(at < carried.segments.len());
                    }
                }
            }
        }

        #[test]
        fn any_text_is_read(html in "\\PC*") {
            read(&html);
        }

        #[test]
        fn anything_like_html_is_read(html in "(</?(p|a|b|li|ol|td|tr|table|pre|title|svg|!--|[a-z]{1,3})( (id|href|lang|start|colspan)=['\"]?[#:a-z0-9]{0,3}['\"]?){0,2}/?>?|&#?[a-z0-9]{0,4};?|[\\x00-\\x20x]){0,40}") {
            read(&html);
        }

        #[test]
        fn text_is_kept(html in "(<(p|b|i|div|ul|li|h2|blockquote)>|</(p|b|i|div|ul|li|h2|blockquote)>|[a-z ]{1,9}){0,60}") {
            let shown: String = read(&html).segments.into_iter().map(|it| it.text).collect();
            let mut written = String::new();
            for piece in html.split('<') {
                written.push_str(piece.split_once('>').map_or(piece, |(_, text)| text));
            }
            let letters = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(letters(&shown), letters(&written));
        }
    }
}
