//! The structure tree walked in its order (ISO 32000-1, 14.7 and 14.8): which
//! elements are blocks, what they inherit, and in which order their content comes.
//! The modules below say what becomes of it.

mod figure;
mod link;
mod note;
mod role;
mod segment;
mod table;

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use hayro_syntax::object::{Dict, MaybeRef, Name, Object, ObjectIdentifier};

use self::note::Note;
use self::role::Role;
use self::segment::Open;
use self::table::Table;
use super::content::{Content, Mark, Owner};
use super::file::{File, elements, reference};
use super::line::{Piece, Place};
use super::string::text;
use crate::carried::{Item, Kind, LOOK_ENDS, LOWERED, RAISED, STRUCK, Segment};

/// How deep elements may nest.
const DEPTH: usize = 200;
/// How many children all elements may have.
const CHILDREN: usize = 4 << 20;

/// How many roles may stand for each other, one for the next.
const ROLES: usize = 8;

/// The segments of a document and what finding places in it needs.
#[derive(Default)]
pub(super) struct Walked<'f> {
    pub(super) segments: Vec<Segment>,
    /// The lines of each segment.
    pub(super) lines: Vec<Vec<Place>>,
    /// The links whose target is in the document.
    pub(super) inward: Vec<Inward<'f>>,
    /// The first segment of each element.
    pub(super) elements: HashMap<ObjectIdentifier, usize>,
}

/// A link whose target is in the document.
pub(super) struct Inward<'f> {
    /// The segment that it stands in, and which of the links there it is.
    pub(super) segment: usize,
    pub(super) index: usize,
    /// What says where it leads.
    pub(super) annotation: Dict<'f>,
}

/// Walks the tree.
pub(super) fn walk<'f>(
    file: &'f File,
    content: &Content,
    root: &Dict<'f>,
    page_names: &[String],
    language: Option<&str>,
) -> Walked<'f> {
    let mut walker = Walker {
        file,
        content,
        roles: root.get("RoleMap").unwrap_or_default(),
        page_names,
        language: language.map(Rc::from),
        walked: Walked::default(),
        seen: HashSet::new(),
        children: 0,
        open: None,
        item: None,
        links: Vec::new(),
        targets: Vec::new(),
        annotations: file.annotations(),
        notes: Vec::new(),
        tables: Vec::new(),
        tables_read: 0,
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

struct Walker<'w, 'f> {
    file: &'f File,
    content: &'w Content,
    roles: Dict<'f>,
    page_names: &'w [String],
    language: Option<Rc<str>>,
    walked: Walked<'f>,
    /// Elements that were met: each is read once.
    seen: HashSet<ObjectIdentifier>,
    children: usize,
    open: Option<Open>,
    /// The head of an item of which no segment has come yet.
    item: Option<(Item, Inherited)>,
    /// The links that are open, as indexes into `targets`.
    links: Vec<usize>,
    /// The annotations of all links.
    targets: Vec<Dict<'f>>,
    /// What can be pressed on the pages.
    annotations: HashSet<ObjectIdentifier>,
    /// Notes of the open segment.
    notes: Vec<Note<'f>>,
    /// The tables that are open, the innermost last, and how many there were.
    tables: Vec<Table>,
    tables_read: u32,
    /// Whether the next label is the number of a note.
    head_of_note: bool,
    /// The page of the last segment: one without a line stands there, too.
    last_page: usize,
}

impl<'f> Walker<'_, 'f> {
    /// Reads what an element holds.
    fn kids(&mut self, element: &Dict<'f>, inherited: &Inherited) {
        for kid in self.kids_of(element) {
            self.kid(kid, inherited);
        }
    }

    /// What an element holds, as it stands: elements are known by their numbers.
    fn kids_of(&self, element: &Dict<'f>) -> Vec<MaybeRef<Object<'f>>> {
        let kids = match element.get_raw::<Object>("K") {
            Some(MaybeRef::Ref(number)) => match self.file.object(number.into()) {
                Some(Object::Array(kids)) => kids,
                _ => return vec![MaybeRef::Ref(number)],
            },
            Some(MaybeRef::NotRef(Object::Array(kids))) => kids,
            single => return single.into_iter().collect(),
        };
        elements(&kids).collect()
    }

    /// The elements that an element holds, and all else that is a dictionary.
    fn elements_of(&self, element: &Dict<'f>) -> impl Iterator<Item = Dict<'f>> {
        let kids = self.kids_of(element).into_iter();
        kids.filter_map(|kid| self.file.resolve(&kid)?.into_dict())
    }

    /// Reads an element, or marked content.
    fn kid(&mut self, kid: MaybeRef<Object<'f>>, inherited: &Inherited) {
        self.children += 1;
        if inherited.depth >= DEPTH || self.children > CHILDREN {
            return;
        }
        if let Some(number) = reference(&kid) {
            if !self.seen.insert(number) {
                return;
            }
            let index = self.walked.segments.len();
            self.walked.elements.insert(number, index);
        }
        let Some(kid) = self.file.resolve(&kid) else {
            return;
        };
        if let Object::Dict(dict) = &kid {
            match dict.get::<Name>("Type").as_deref() {
                Some(b"MCR" | b"OBJR") => {}
                _ => return self.element(dict, inherited),
            }
        }
        if let Some(mark) = self.mark(kid, inherited) {
            self.marked(mark, inherited);
        }
    }

    /// The marked content that a kid is, if it is such (14.7.4.2).
    fn mark(&self, kid: Object<'f>, inherited: &Inherited) -> Option<Mark> {
        let page = |page: Option<usize>| page.map(Owner::Page);
        match kid {
            number @ Object::Number(_) => Some(Mark {
                owner: page(inherited.page)?,
                number: u32::try_from(number).ok()?,
            }),
            Object::Dict(dict) => Some(Mark {
                owner: match dict.get_ref("Stm") {
                    Some(form) => Owner::Form(form.into()),
                    None => page(self.page(&dict).or(inherited.page))?,
                },
                number: dict.get("MCID")?,
            }),
            _ => None,
        }
    }

    /// The page that an element says its content is on.
    fn page(&self, element: &Dict) -> Option<usize> {
        self.file.page(element.get_ref("Pg")?.into())
    }

    /// What an element is, by the standard type that its own stands for.
    fn role(&self, element: &Dict<'f>) -> Role {
        let mut name = element.get::<Name>("S");
        for _ in 0..ROLES {
            let next = name.as_deref().and_then(|name| self.roles.get(name));
            match next {
                Some(next) => name = Some(next),
                None => break,
            }
        }
        Role::of(name.as_deref().unwrap_or_default())
    }

    /// An attribute of an element (14.7.5), whoever owns it.
    fn attribute(&self, element: &Dict<'f>, key: &str) -> Option<Object<'f>> {
        match element.get("A")? {
            Object::Array(all) => all
                .iter::<Object>()
                .find_map(|attributes| attributes.into_dict()?.get(key)),
            one => one.into_dict()?.get(key),
        }
    }

    /// Reads an element by its role.
    fn element(&mut self, element: &Dict<'f>, inherited: &Inherited) {
        let role = self.role(element);
        let mut inner = inherited.clone();
        inner.depth += 1;
        inner.page = self.page(element).or(inherited.page);
        if let Some(language) = element.get("Lang").map(text) {
            inner.language = Some(language.into());
        }
        if role != Role::Nothing {
            inner.parent = role;
        }
        match role {
            Role::Artifact => {}
            Role::Nothing => self.content(element, &inner),
            Role::Inline => self.inline(element, &inner),
            Role::Link => self.link(element, &inner),
            Role::Figure => self.figure(element, &inner),
            Role::Label => self.label(element, inherited, &inner),
            Role::Note => self.note(element, inner),
            Role::Code => self.code(element, inner),
            Role::Block => self.block(element, inner),
            Role::Caption => {
                inner.kind = Kind::Caption;
                self.block(element, inner);
            }
            Role::Heading(level) => {
                let level = level.unwrap_or(inner.sections.max(1));
                inner.kind = Kind::Heading { level };
                self.block(element, inner);
            }
            Role::Group => self.group(element, &inner),
            Role::Section => {
                inner.sections = inner.sections.saturating_add(1);
                self.group(element, &inner);
            }
            Role::Quote => {
                inner.quote_depth = inner.quote_depth.saturating_add(1);
                self.group(element, &inner);
            }
            Role::List => {
                inner.list_depth = inner.list_depth.saturating_add(1);
                self.group(element, &inner);
            }
            Role::Item => self.item(element, &inner),
            Role::Table => self.table(element, &inner),
            Role::Row => self.row(element, &inner),
            Role::Cell { header } => self.cell(element, header, inner),
        }
    }

    /// What stands in a line, in the look that its attributes say (14.8.5.4.4).
    fn inline(&mut self, element: &Dict<'f>, inner: &Inherited) {
        let shift = self.attribute(element, "BaselineShift");
        let shift = shift.and_then(Object::into_f32).unwrap_or_default();
        let line = self.attribute(element, "TextDecorationType");
        let is_struck = line.and_then(Object::into_name).as_deref() == Some(b"LineThrough");
        let looks = [
            (shift > 0.0, RAISED),
            (shift < 0.0, LOWERED),
            (is_struck, STRUCK),
        ];
        let looks: Vec<char> = (looks.into_iter())
            .filter_map(|(is_so, sign)| is_so.then_some(sign))
            .collect();
        self.looks(looks.iter().copied());
        self.content(element, inner);
        self.looks(looks.iter().map(|_| LOOK_ENDS));
    }

    fn looks(&mut self, signs: impl Iterator<Item = char>) {
        if let Some(open) = &mut self.open {
            open.pieces.extend(signs.map(Piece::Look));
        }
    }

    /// What an element that stands in a line holds, or the text that it says to
    /// hold in its place.
    fn content(&mut self, element: &Dict<'f>, inner: &Inherited) {
        match element.get("ActualText").map(text) {
            Some(actual) => {
                let (_, place) = self.read_apart(element, inner);
                self.literal(actual, place, inner);
            }
            None => self.kids(element, inner),
        }
    }

    /// A block that has blocks.
    fn group(&mut self, element: &Dict<'f>, inner: &Inherited) {
        self.border(inner);
        self.kids(element, inner);
        self.border(inner);
    }

    /// A block of text. It is open from its beginning, so that what stands in it
    /// is known to stand in a line.
    fn block(&mut self, element: &Dict<'f>, inner: Inherited) {
        self.border(&inner);
        self.begin(&inner);
        self.content(element, &inner);
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
                open.has_blocks = true;
            }
            (Some(_), None) => {}
            (None, _) => self.finish(),
        }
    }

    /// Code in a line, or a block of it, which is one segment with all its lines.
    fn code(&mut self, element: &Dict<'f>, mut inner: Inherited) {
        let placed = self.attribute(element, "Placement");
        let placed = placed.and_then(Object::into_name);
        let block = placed.as_deref() == Some(b"Block") || self.open.is_none();
        if !block || inner.joined.is_some() {
            self.content(element, &inner);
            return;
        }
        self.finish();
        inner.kind = Kind::Code;
        inner.joined = Some('\n');
        self.begin(&inner).kept = true;
        self.content(element, &inner);
        self.finish();
    }

    /// An item of a list; its first segment has its head.
    fn item(&mut self, element: &Dict<'f>, inner: &Inherited) {
        if inner.joined.is_some() {
            self.group(element, inner);
            return;
        }
        self.finish();
        self.empty_item();
        self.item = Some((Item { number: None }, inner.clone()));
        self.kids(element, inner);
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
}
