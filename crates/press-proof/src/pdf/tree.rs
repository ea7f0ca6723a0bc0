//! The structure tree walked in its order (ISO 32000-1, 14.7 and 14.8), and the
//! segments that come of it.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::content::{Content, Mark, Owner};
use super::file::{File, Found};
use super::line::{Composed, Piece, Place, compose};
use super::object::{Dict, Object, text};
use crate::carried::{
    Item, Kind, LINE_ENDS, Link, NOTE_BEGINS, NOTE_ENDS, PICTURE, Segment, Target,
};

/// How deep elements may nest.
const DEPTH: usize = 200;
/// How many children all elements may have.
const CHILDREN: usize = 4 << 20;
/// How many rows or columns one cell may span, and how many columns a table has.
const SPAN: usize = 1000;
const COLUMNS: usize = 4096;
/// Among how many children of a link its annotation is sought.
const ANNOTATIONS: usize = 4096;
/// How many languages of one segment are told apart.
const LANGUAGES: usize = 64;

/// The segments of a document and what finding places in it needs.
pub(super) struct Walked {
    pub(super) segments: Vec<Segment>,
    /// The lines of each segment.
    pub(super) lines: Vec<Vec<Place>>,
    /// The links whose target is in the document: the segment, the link in it and
    /// what its annotation says.
    pub(super) inward: Vec<(usize, usize, Object)>,
    /// The first segment of each element.
    pub(super) elements: HashMap<u32, usize>,
}

/// Walks the tree.
pub(super) fn walk(
    file: &File,
    content: &Content,
    root: &Dict,
    page_of: &HashMap<u32, usize>,
    page_names: &[String],
    language: Option<&str>,
) -> Walked {
    let roles = file.value(root, "RoleMap").keep();
    let mut walker = Walker {
        file,
        content,
        roles,
        page_of,
        page_names,
        language: language.map(Rc::from),
        walked: Walked {
            segments: Vec::new(),
            lines: Vec::new(),
            inward: Vec::new(),
            elements: HashMap::new(),
        },
        seen: HashSet::new(),
        children: 0,
        open: None,
        item: None,
        links: Vec::new(),
        targets: Vec::new(),
        notes: Vec::new(),
        tables: 0,
        table: Vec::new(),
        head_of_note: false,
        last_page: 0,
    };
    let inherited = Inherited {
        depth: 0,
        page: None,
        language: None,
        kind: Kind::Text,
        list_depth: 0,
        quote_depth: 0,
        sections: 0,
        note: None,
        joined: None,
        parent: Role::Group,
    };
    walker.kids(root, &inherited);
    walker.finish();
    walker.walked
}

/// What an element is to this reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// It stands in a line.
    Inline,
    Link,
    Code,
    Figure,
    Label,
    Note,
    /// A block of text, or one that has blocks; of the latter, a section counts
    /// for the level of its headings.
    Block,
    Group,
    Section,
    Heading(Option<u8>),
    Quote,
    List,
    Item,
    Caption,
    Table,
    Row,
    Cell {
        header: bool,
    },
    /// It says nothing: its children stand for themselves.
    Nothing,
    Artifact,
}

impl Role {
    fn of(name: &[u8]) -> Role {
        match name {
            b"Span" | b"Quote" | b"Reference" | b"Em" | b"Strong" | b"Sub" | b"BibEntry"
            | b"Annot" | b"Form" | b"Formula" | b"Ruby" | b"RB" | b"RT" | b"RP" | b"Warichu"
            | b"WT" | b"WP" => Role::Inline,
            b"Link" => Role::Link,
            b"Code" => Role::Code,
            b"Figure" => Role::Figure,
            b"Lbl" => Role::Label,
            b"Note" | b"FENote" => Role::Note,
            b"P" | b"Title" => Role::Block,
            b"Sect" | b"Art" | b"Part" => Role::Section,
            b"H" => Role::Heading(None),
            b"BlockQuote" => Role::Quote,
            b"L" => Role::List,
            b"LI" => Role::Item,
            b"Caption" => Role::Caption,
            b"Table" => Role::Table,
            b"TR" => Role::Row,
            b"TH" => Role::Cell { header: true },
            b"TD" => Role::Cell { header: false },
            b"NonStruct" | b"Private" => Role::Nothing,
            b"Artifact" => Role::Artifact,
            [b'H', level @ ..] => match std::str::from_utf8(level).map(str::parse) {
                Ok(Ok(level)) => Role::Heading(Some(level)),
                _ => Role::Group,
            },
            _ => Role::Group,
        }
    }
}

/// What an element has from those around it.
#[derive(Clone)]
struct Inherited {
    depth: usize,
    page: Option<usize>,
    language: Option<Rc<str>>,
    kind: Kind,
    list_depth: u8,
    quote_depth: u8,
    sections: u8,
    note: Option<u32>,
    /// In what is one segment whatever blocks it has: what stands between them.
    joined: Option<char>,
    parent: Role,
}

/// A segment that is being read.
struct Open {
    pieces: Vec<Piece>,
    inherited: Inherited,
    /// The languages of its texts, and how many glyphs each has.
    languages: Vec<(Option<Rc<str>>, usize)>,
    page: Option<usize>,
    /// Whether anything of it has come, if only an empty line.
    begun: bool,
    /// Whether it stays though it is empty.
    kept: bool,
}

/// A table on the way through its rows.
struct Table {
    number: u32,
    /// The next row.
    row: u32,
    column: usize,
    /// For each column, for how many rows it is still taken.
    taken: Vec<usize>,
}

struct Walker<'a, 'b> {
    file: &'a File<'b>,
    content: &'a Content,
    roles: Rc<Object>,
    page_of: &'a HashMap<u32, usize>,
    page_names: &'a [String],
    language: Option<Rc<str>>,
    walked: Walked,
    /// Elements that were met: each is read once.
    seen: HashSet<u32>,
    children: usize,
    open: Option<Open>,
    /// The head of an item of which no segment has come yet.
    item: Option<(Item, Inherited)>,
    /// The links that are open, as indexes into `targets`.
    links: Vec<usize>,
    targets: Vec<Object>,
    /// Notes of the open segment, with the last mark of a note before each.
    notes: Vec<(Dict, Inherited, Option<u32>)>,
    tables: u32,
    table: Vec<Table>,
    /// Whether the next label is the number of a note.
    head_of_note: bool,
    last_page: usize,
}

impl Walker<'_, '_> {
    fn kids(&mut self, element: &Dict, inherited: &Inherited) {
        let Some(kids) = element.get("K") else { return };
        // An element that stands alone is kept as a reference, for its number.
        match kids {
            Object::Array(kids) => kids.iter().for_each(|kid| self.kid(kid, inherited)),
            Object::Reference(_) => match &*self.file.resolve(kids) {
                Object::Array(kids) => kids.iter().for_each(|kid| self.kid(kid, inherited)),
                _ => self.kid(kids, inherited),
            },
            kid => self.kid(kid, inherited),
        }
    }

    fn kid(&mut self, kid: &Object, inherited: &Inherited) {
        self.children += 1;
        if inherited.depth >= DEPTH || self.children > CHILDREN {
            return;
        }
        if let Object::Reference(number) = kid {
            if !self.seen.insert(*number) {
                return;
            }
            let index = self.walked.segments.len();
            self.walked.elements.insert(*number, index);
        }
        let object = self.file.resolve(kid);
        match &*object {
            Object::Number(_) => {
                if let (Some(number), Some(page)) = (object.index(), inherited.page) {
                    self.marked(Owner::Page(page), number, inherited);
                }
            }
            Object::Dict(dict) => match self.file.value(dict, "Type").name() {
                Some(b"MCR") => {
                    let number = self.file.value(dict, "MCID").index();
                    let owner = match dict.get("Stm") {
                        Some(Object::Reference(form)) => Some(Owner::Form(*form)),
                        _ => self.page(dict).or(inherited.page).map(Owner::Page),
                    };
                    if let (Some(number), Some(owner)) = (number, owner) {
                        self.marked(owner, number, inherited);
                    }
                }
                Some(b"OBJR") => {}
                _ => self.element(dict, inherited),
            },
            _ => {}
        }
    }

    fn page(&self, dict: &Dict) -> Option<usize> {
        match dict.get("Pg") {
            Some(Object::Reference(number)) => self.page_of.get(number).copied(),
            _ => None,
        }
    }

    fn role(&self, dict: &Dict) -> Role {
        let name = self.file.value(dict, "S");
        let mut name = name.name().unwrap_or_default().to_vec();
        if let Some(roles) = self.roles.dict() {
            for _ in 0..8 {
                match roles.get_bytes(&name).and_then(Object::name) {
                    Some(next) => name = next.to_vec(),
                    None => break,
                }
            }
        }
        Role::of(&name)
    }

    fn string(&self, dict: &Dict, key: &str) -> Option<String> {
        self.file.value(dict, key).string().map(text)
    }

    fn element(&mut self, dict: &Dict, inherited: &Inherited) {
        let role = self.role(dict);
        let mut inner = inherited.clone();
        inner.depth += 1;
        inner.page = self.page(dict).or(inherited.page);
        if let Some(language) = self.string(dict, "Lang") {
            inner.language = Some(language.into());
        }
        if role != Role::Nothing {
            inner.parent = role;
        }
        match role {
            Role::Artifact => {}
            Role::Nothing | Role::Inline => self.content(dict, &inner),
            Role::Link => self.link(dict, &inner),
            Role::Figure => self.figure(dict, &inner),
            Role::Label => self.label(dict, inherited, &inner),
            Role::Note => self.note(dict, inner),
            Role::Code => self.code(dict, inner),
            Role::Block => self.block(dict, inner),
            Role::Caption => {
                inner.kind = Kind::Caption;
                self.block(dict, inner);
            }
            Role::Heading(level) => {
                let level = level.unwrap_or(inner.sections.max(1));
                inner.kind = Kind::Heading { level };
                self.block(dict, inner);
            }
            Role::Group => self.group(dict, &inner),
            Role::Section => {
                inner.sections = inner.sections.saturating_add(1);
                self.group(dict, &inner);
            }
            Role::Quote => {
                inner.quote_depth = inner.quote_depth.saturating_add(1);
                self.group(dict, &inner);
            }
            Role::List => {
                inner.list_depth = inner.list_depth.saturating_add(1);
                self.group(dict, &inner);
            }
            Role::Item => self.item(dict, &inner),
            Role::Table if inner.joined.is_none() => {
                self.finish();
                self.table.push(Table {
                    number: self.tables,
                    row: 0,
                    column: 0,
                    taken: Vec::new(),
                });
                self.tables += 1;
                self.kids(dict, &inner);
                self.table.pop();
                self.finish();
            }
            Role::Row if inner.joined.is_none() => {
                self.finish();
                if let Some(table) = self.table.last_mut() {
                    table.column = 0;
                }
                self.kids(dict, &inner);
                if let Some(table) = self.table.last_mut() {
                    table.row = table.row.saturating_add(1);
                    table
                        .taken
                        .iter_mut()
                        .for_each(|rows| *rows = rows.saturating_sub(1));
                }
            }
            Role::Cell { header } if inner.joined.is_none() && !self.table.is_empty() => {
                self.cell(dict, header, inner);
            }
            Role::Table | Role::Row | Role::Cell { .. } => self.group(dict, &inner),
        }
    }

    /// What an element that stands in a line holds, or the text that it says to
    /// hold in its place.
    fn content(&mut self, dict: &Dict, inner: &Inherited) {
        match self.string(dict, "ActualText") {
            Some(actual) => {
                let (_, place) = self.read_apart(dict, inner);
                self.literal(actual, place, inner);
            }
            None => self.kids(dict, inner),
        }
    }

    /// A block that has blocks.
    fn group(&mut self, dict: &Dict, inner: &Inherited) {
        self.border(inner);
        self.kids(dict, inner);
        self.border(inner);
    }

    /// A block of text. It is open from its beginning, so that what stands in it
    /// is known to stand in a line.
    fn block(&mut self, dict: &Dict, inner: Inherited) {
        self.border(&inner);
        self.begin(&inner);
        self.content(dict, &inner);
        if inner.joined.is_none() {
            self.finish();
        }
    }

    /// Between blocks: a segment ends, or what joins them stands here.
    fn border(&mut self, inner: &Inherited) {
        match (inner.joined, &mut self.open) {
            (Some(border), Some(open)) => {
                // The first line of code has none before it.
                if open.begun {
                    open.pieces.push(Piece::Border(border));
                }
                open.begun = true;
            }
            (Some(_), None) => {}
            (None, _) => self.finish(),
        }
    }

    fn begin(&mut self, inherited: &Inherited) -> &mut Open {
        let links = &self.links;
        self.open.get_or_insert_with(|| Open {
            pieces: links.iter().map(|&link| Piece::Begin(link)).collect(),
            inherited: inherited.clone(),
            languages: Vec::new(),
            page: None,
            begun: false,
            kept: false,
        })
    }

    /// Ends the open segment; its notes come behind it.
    fn finish(&mut self) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        // A link that goes on begins again in the next segment.
        open.pieces
            .extend(self.links.iter().map(|&link| Piece::End(link)));
        let composed = compose(self.content, &open.pieces);
        let empty = composed.text.chars().all(char::is_whitespace);
        if !empty || open.kept {
            self.push(open, composed);
        }
        for (note, inherited, mark) in std::mem::take(&mut self.notes) {
            self.note_now(&note, inherited, mark);
        }
    }

    fn push(&mut self, open: Open, composed: Composed) {
        let Composed {
            mut text,
            links,
            lines,
        } = composed;
        let inherited = open.inherited;
        let lined = open
            .pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Border(_)));
        if inherited.kind == Kind::Code && !lined {
            text = text.replace(LINE_ENDS, "\n");
        }
        let index = self.walked.segments.len();
        let mut found = Vec::new();
        for (key, range) in links {
            // Links inside a cell or a line end where its text ends.
            let range = range.start.min(text.len())..range.end.min(text.len());
            if !range.is_empty() {
                found.push((key, range));
            }
        }
        found.sort_by_key(|(key, range)| (range.start, *key));
        let mut kept = Vec::new();
        for (key, range) in found {
            let target = match address(self.file, &self.targets[key]) {
                Some(address) => Target::Address(address),
                None => {
                    let target = self.targets[key].clone();
                    self.walked.inward.push((index, kept.len(), target));
                    Target::Nowhere(String::new())
                }
            };
            kept.push(Link {
                start: range.start,
                end: range.end,
                target,
            });
        }
        let page = lines.first().map(|line| line.page).or(open.page);
        self.last_page = page.unwrap_or(self.last_page);
        let all: usize = open.languages.iter().map(|(_, glyphs)| glyphs).sum();
        // That of the greater part; where none has it, none is said.
        let language = if open.languages.is_empty() {
            inherited.language
        } else {
            let mut languages = open.languages.into_iter();
            let most = languages.find(|(_, glyphs)| *glyphs * 2 > all);
            most.and_then(|(language, _)| language)
        };
        let language = language
            .filter(|language| self.language.as_ref() != Some(language))
            .map(|language| language.to_string());
        self.walked.segments.push(Segment {
            kind: inherited.kind,
            text,
            links: kept,
            list_depth: inherited.list_depth,
            item: self.item.take().map(|(item, _)| item),
            quote_depth: inherited.quote_depth,
            note: inherited.note,
            language,
            place: match self.page_names.get(self.last_page) {
                Some(name) => format!("page {name}"),
                None => String::new(),
            },
        });
        self.walked.lines.push(lines);
    }

    /// Marked content, as glyphs of the open segment.
    fn marked(&mut self, owner: Owner, number: usize, inherited: &Inherited) {
        let Ok(number) = u32::try_from(number) else {
            return;
        };
        let content = self.content;
        let Some(runs) = content.runs.get(&Mark { owner, number }) else {
            return;
        };
        for run in runs {
            let language = run
                .language
                .clone()
                .or_else(|| inherited.language.clone())
                .or_else(|| self.language.clone());
            let glyphs = content.glyphs[run.glyphs.clone()]
                .iter()
                .filter(|glyph| !content.text_of(glyph).trim().is_empty())
                .count();
            let leftward = language.as_deref().is_some_and(is_leftward);
            let open = self.begin(inherited);
            let known = open.languages.iter().position(|(one, _)| *one == language);
            match known {
                Some(known) => open.languages[known].1 += glyphs,
                None if glyphs > 0 && open.languages.len() < LANGUAGES => {
                    open.languages.push((language, glyphs));
                }
                None => {}
            }
            open.begun = true;
            open.pieces.push(Piece::Glyphs {
                page: run.page,
                glyphs: run.glyphs.clone(),
                leftward,
            });
        }
    }

    fn literal(&mut self, text: String, place: Option<Place>, inherited: &Inherited) {
        let page = inherited.page;
        let open = self.begin(inherited);
        open.page = open.page.or(page);
        open.begun = true;
        open.pieces.push(Piece::Literal { text, place });
    }

    fn link(&mut self, dict: &Dict, inner: &Inherited) {
        let Some(annotation) = self.annotation(dict, 0) else {
            self.content(dict, inner);
            return;
        };
        let key = self.targets.len();
        self.targets.push(annotation);
        self.links.push(key);
        if let Some(open) = &mut self.open {
            open.pieces.push(Piece::Begin(key));
        }
        self.content(dict, inner);
        self.links.pop();
        if let Some(open) = &mut self.open {
            open.pieces.push(Piece::End(key));
        }
    }

    /// The first annotation that an element refers to.
    fn annotation(&self, dict: &Dict, depth: usize) -> Option<Object> {
        let kids = self.file.value(dict, "K");
        let kids = match &*kids {
            Object::Array(kids) => kids.as_slice(),
            single => std::slice::from_ref(single),
        };
        let kids = kids.iter().take(ANNOTATIONS);
        let kids: Vec<_> = kids.map(|kid| self.file.resolve(kid)).collect();
        let objr = kids.iter().filter_map(|kid| kid.dict()).find_map(|kid| {
            let named = self.file.value(kid, "Type").name() == Some(b"OBJR");
            let annotation = self.file.value(kid, "Obj");
            let link = annotation
                .dict()
                .is_some_and(|dict| dict.get("A").or(dict.get("Dest")).is_some());
            (named && link).then(|| (*annotation).clone())
        });
        objr.or_else(|| {
            let kids = kids.iter().filter_map(|kid| kid.dict());
            let mut inner = kids.filter(|kid| depth < 2 && self.role(kid) == Role::Inline);
            inner.find_map(|kid| self.annotation(kid, depth + 1))
        })
    }

    fn figure(&mut self, dict: &Dict, inner: &Inherited) {
        let alternative = self
            .string(dict, "Alt")
            .or_else(|| self.string(dict, "ActualText"));
        let place = self.place(dict, inner);
        if self.open.is_some() || inner.joined.is_some() {
            let alternative = alternative.unwrap_or_default();
            self.literal(format!("{PICTURE}{alternative}{PICTURE}"), place, inner);
            return;
        }
        let mut picture = inner.clone();
        picture.kind = Kind::Picture;
        self.literal(alternative.unwrap_or_default(), place, &picture);
        self.begin(&picture).kept = true;
        self.finish();
        self.captions(dict, inner);
    }

    /// The captions within a figure; what else it shows, its alternative text says.
    fn captions(&mut self, dict: &Dict, inner: &Inherited) {
        let kids = self.file.value(dict, "K");
        for kid in kids.array().unwrap_or_default() {
            let caption = self
                .file
                .resolve(kid)
                .dict()
                .is_some_and(|kid| self.role(kid) == Role::Caption);
            if caption {
                self.kid(kid, inner);
            }
        }
    }

    /// Where an element says that it stands, or its first glyph does.
    fn place(&self, dict: &Dict, inner: &Inherited) -> Option<Place> {
        let page = inner.page?;
        let said = self.attribute(dict, "BBox");
        let numbers: Option<Vec<f32>> = said.as_deref().and_then(Object::array).map(|numbers| {
            let numbers = numbers.iter();
            numbers
                .filter_map(|one| one.number().map(|one| one as f32))
                .collect()
        });
        let [left, bottom, right, top] = numbers?[..] else {
            return None;
        };
        Some(Place {
            page,
            left: left.min(right),
            right: left.max(right),
            top: bottom.max(top),
            base: bottom.min(top),
            size: 0.0,
        })
    }

    /// An attribute of an element (14.7.5), whoever owns it.
    fn attribute(&self, dict: &Dict, key: &str) -> Option<Rc<Object>> {
        let attributes = self.file.value(dict, "A");
        let find = |object: &Object| {
            let value = self.file.value(object.dict()?, key);
            (*value != Object::Null).then(|| value.keep())
        };
        match &*attributes {
            Object::Array(all) => all.iter().find_map(|one| find(&self.file.resolve(one))),
            one => find(one),
        }
    }

    /// The text of an element alone, and where it stands.
    fn read_apart(&mut self, dict: &Dict, inner: &Inherited) -> (String, Option<Place>) {
        let open = self.open.take();
        let links = std::mem::take(&mut self.links);
        let inner = Inherited {
            joined: Some(LINE_ENDS),
            parent: Role::Inline,
            ..inner.clone()
        };
        self.begin(&inner);
        self.kids(dict, &inner);
        let read = self.open.take();
        self.links = links;
        self.open = open;
        let composed = read.map(|read| compose(self.content, &read.pieces));
        let composed = composed.unwrap_or_default();
        (composed.text, composed.lines.first().copied())
    }

    fn label(&mut self, dict: &Dict, inherited: &Inherited, inner: &Inherited) {
        let of_note = std::mem::take(&mut self.head_of_note);
        let of_item = inherited.parent == Role::Item && inner.joined.is_none();
        if self.open.is_none() && !of_note && !of_item {
            self.content(dict, inner);
            return;
        }
        let (read, place) = self.read_apart(dict, inner);
        let label = self.string(dict, "ActualText").unwrap_or(read);
        if of_note {
            return;
        }
        if of_item {
            if let Some((item, _)) = &mut self.item {
                item.number = numbered(&label);
            }
            return;
        }
        let digits = label.trim();
        if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
            self.literal(format!("{NOTE_BEGINS}{digits}{NOTE_ENDS}"), place, inner);
        } else {
            self.literal(label, place, inner);
        }
    }

    fn note(&mut self, dict: &Dict, inner: Inherited) {
        if self.open.is_none() {
            self.note_now(dict, inner, None);
            return;
        }
        let pieces = self.open.iter().flat_map(|open| open.pieces.iter().rev());
        let mark = pieces
            .filter_map(|piece| match piece {
                Piece::Literal { text, .. } => text.strip_prefix(NOTE_BEGINS),
                _ => None,
            })
            .find_map(|text| text.trim_end_matches(NOTE_ENDS).parse().ok());
        self.notes.push((dict.clone(), inner, mark));
    }

    /// A note's own segments.
    fn note_now(&mut self, dict: &Dict, inherited: Inherited, mark: Option<u32>) {
        let label = self.first_label(dict, inherited.page, 0);
        let number = label.as_ref().and_then(|(label, page)| {
            let mut of_label = inherited.clone();
            of_label.page = *page;
            let said = self.string(label, "ActualText");
            let said = said.unwrap_or_else(|| self.read_apart(label, &of_label).0);
            numbered(&said)
        });
        let inner = Inherited {
            kind: Kind::Text,
            list_depth: 0,
            quote_depth: 0,
            joined: None,
            note: number.or(mark).or(inherited.note),
            parent: Role::Note,
            ..inherited
        };
        let links = std::mem::take(&mut self.links);
        let item = self.item.take();
        self.head_of_note = label.is_some();
        self.begin(&inner);
        self.kids(dict, &inner);
        self.head_of_note = false;
        self.finish();
        self.item = item;
        self.links = links;
    }

    /// The label at the head of a note, in its first paragraph perhaps, and the
    /// page that it stands on.
    fn first_label(
        &self,
        dict: &Dict,
        page: Option<usize>,
        depth: usize,
    ) -> Option<(Dict, Option<usize>)> {
        let kids = self.file.value(dict, "K");
        let first = match &*kids {
            Object::Array(kids) => self.file.resolve(kids.first()?),
            single => Found::Here(single),
        };
        let first = first.dict()?;
        let page = self.page(first).or(page);
        match self.role(first) {
            Role::Label => Some((first.clone(), page)),
            _ if depth < 8 => self.first_label(first, page, depth + 1),
            _ => None,
        }
    }

    fn code(&mut self, dict: &Dict, mut inner: Inherited) {
        let placed = self.attribute(dict, "Placement");
        let placed = placed.as_deref().and_then(Object::name) == Some(b"Block");
        let block = placed || self.open.is_none();
        if !block || inner.joined.is_some() {
            self.content(dict, &inner);
            return;
        }
        self.finish();
        inner.kind = Kind::Code;
        inner.joined = Some('\n');
        self.begin(&inner).kept = true;
        self.content(dict, &inner);
        self.finish();
    }

    fn item(&mut self, dict: &Dict, inner: &Inherited) {
        if inner.joined.is_some() {
            self.group(dict, inner);
            return;
        }
        self.finish();
        self.empty_item();
        self.item = Some((Item { number: None }, inner.clone()));
        self.kids(dict, inner);
        self.finish();
        self.empty_item();
    }

    /// An item of which nothing came stands for itself.
    fn empty_item(&mut self) {
        if let Some((_, inherited)) = &self.item {
            let inherited = inherited.clone();
            self.begin(&inherited).kept = true;
            self.finish();
        }
    }

    fn cell(&mut self, dict: &Dict, header: bool, mut inner: Inherited) {
        let span = |key: &str| {
            let span = self.attribute(dict, key);
            let span = span.and_then(|span| span.index()).unwrap_or(1);
            span.clamp(1, SPAN)
        };
        let (columns, rows) = (span("ColSpan"), span("RowSpan"));
        self.finish();
        let Some(table) = self.table.last_mut() else {
            return;
        };
        while table.column < COLUMNS && table.taken.get(table.column).is_some_and(|rows| *rows > 0)
        {
            table.column += 1;
        }
        inner.kind = Kind::Cell {
            table: table.number,
            row: table.row,
            column: table.column as u32,
            header,
        };
        inner.joined = Some(LINE_ENDS);
        let end = (table.column + columns).min(COLUMNS).max(table.column);
        if rows > 1 {
            table.taken.resize(table.taken.len().max(end), 0);
            table.taken[table.column..end].fill(rows);
        }
        table.column = end;
        self.begin(&inner).kept = true;
        self.content(dict, &inner);
        self.finish();
    }
}

/// The address that an annotation leads to.
fn address(file: &File, annotation: &Object) -> Option<String> {
    let action = file.value(annotation.dict()?, "A");
    let uri = file.value(action.dict()?, "URI");
    Some(String::from_utf8_lossy(uri.string()?).into_owned())
}

/// The number that a label shows: `7.`, `(7)` or `7`.
fn numbered(label: &str) -> Option<u32> {
    let label = label.trim_matches(|character: char| !character.is_alphanumeric());
    label.parse().ok()
}

/// Whether a language is written from right to left.
fn is_leftward(language: &str) -> bool {
    const LEFTWARD: [&str; 12] = [
        "ar", "arc", "ckb", "dv", "fa", "he", "iw", "ps", "sd", "ug", "ur", "yi",
    ];
    let mut parts = language.split('-');
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    LEFTWARD.contains(&first.as_str())
        || parts.any(|part| part.eq_ignore_ascii_case("arab") || part.eq_ignore_ascii_case("hebr"))
}
