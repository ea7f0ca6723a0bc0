//! Breaks a PDF: its tags, its annotations, and the glyphs that its pages show.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, ObjectId};

use super::markup::{changed, in_words, is_label};
use super::{Broken, Built, Finished, Harm, Patch, Patched, patched};

pub(super) struct Pdf {
    document: Document,
    elements: Vec<Element>,
    pages: BTreeMap<ObjectId, Page>,
    /// By font: the code of each character that is shown in it.
    codes: BTreeMap<ObjectId, BTreeMap<char, Vec<u8>>>,
}

/// An element of the structure tree.
struct Element {
    id: ObjectId,
    role: String,
    parent: Option<usize>,
    kids: Vec<Kid>,
    in_body: bool,
}

enum Kid {
    Element(usize),
    /// Marked content.
    Content(ObjectId, i64),
    /// What is shown at a place of the page.
    Annotation(ObjectId),
}

/// The content of a page.
struct Page {
    operations: Vec<Operation>,
    /// The text that is shown, by marked content.
    shown: BTreeMap<i64, Vec<Shown>>,
}

/// What one operator shows.
struct Shown {
    operation: usize,
    font: ObjectId,
    /// Its operand, with a string for each glyph.
    operand: Vec<Object>,
    /// For each glyph its place in the operand, and where its text begins.
    glyphs: Vec<(usize, usize)>,
    text: String,
    /// Whether the text is that of the glyphs, and not said to be another.
    is_plain: bool,
}

pub(super) struct Edit {
    was: String,
    is: String,
    changes: Vec<Change>,
}

enum Change {
    Kids(ObjectId, Vec<Object>),
    Set(ObjectId, &'static str, Option<Object>),
    /// New words, with glyphs that are there.
    Words {
        page: ObjectId,
        content: i64,
        shown: usize,
        patch: Patch,
    },
    /// An element and its content once more, behind it.
    Again {
        element: usize,
        parent: usize,
    },
}

impl Pdf {
    pub(super) fn of(built: &Built) -> Pdf {
        let document = Document::load_mem(&built.pdf).expect("a readable PDF");
        let mut pdf = Pdf {
            elements: Vec::new(),
            pages: BTreeMap::new(),
            codes: BTreeMap::new(),
            document,
        };
        for page in pdf.document.get_pages().into_values() {
            let read = pdf.page(page);
            pdf.pages.insert(page, read);
        }
        let catalog = pdf.document.catalog().expect("a catalog");
        let root = pdf.resolved(catalog.get(b"StructTreeRoot").expect("tags"));
        let root = root.as_dict().expect("a dictionary").clone();
        for kid in pdf.kid_objects(&root) {
            pdf.element(&kid, None, None);
        }
        pdf.mark_body();
        pdf
    }

    pub(super) fn untouched(&self) -> Vec<u8> {
        self.saved(&[])
    }

    fn resolved<'a>(&'a self, object: &'a Object) -> &'a Object {
        self.document.dereference(object).expect("an object").1
    }

    fn kid_objects(&self, element: &Dictionary) -> Vec<Object> {
        match element.get(b"K").map(|kids| self.resolved(kids)) {
            Ok(Object::Array(kids)) => kids.clone(),
            Ok(_) => vec![element.get(b"K").expect("the kid").clone()],
            Err(_) => Vec::new(),
        }
    }

    fn kids_of(&self, element: usize) -> Vec<Object> {
        let element = self.document.get_dictionary(self.elements[element].id);
        self.kid_objects(element.expect("an element"))
    }

    fn element(&mut self, object: &Object, parent: Option<usize>, page: Option<ObjectId>) {
        let id = object.as_reference().expect("elements are objects");
        let dictionary = self
            .document
            .get_dictionary(id)
            .expect("an element")
            .clone();
        let page = dictionary
            .get(b"Pg")
            .and_then(Object::as_reference)
            .ok()
            .or(page);
        let role = dictionary
            .get(b"S")
            .and_then(Object::as_name)
            .unwrap_or(b"");
        let at = self.elements.len();
        self.elements.push(Element {
            id,
            role: String::from_utf8_lossy(role).into_owned(),
            parent,
            kids: Vec::new(),
            in_body: false,
        });
        let mut kids = Vec::new();
        for object in self.kid_objects(&dictionary) {
            let kid = match &object {
                Object::Integer(content) => Kid::Content(page.expect("a page"), *content),
                Object::Dictionary(kid) => {
                    let of_page = kid.get(b"Pg").and_then(Object::as_reference).ok().or(page);
                    match kid.get(b"MCID").and_then(Object::as_i64) {
                        Ok(content) => Kid::Content(of_page.expect("a page"), content),
                        Err(_) => {
                            let shown = kid.get(b"Obj").and_then(Object::as_reference);
                            Kid::Annotation(shown.expect("an annotation"))
                        }
                    }
                }
                _ => {
                    let next = self.elements.len();
                    self.element(&object, Some(at), page);
                    Kid::Element(next)
                }
            };
            kids.push(kid);
        }
        self.elements[at].kids = kids;
    }

    /// The body goes from the first title of a section to the colophon.
    fn mark_body(&mut self) {
        let tops: Vec<usize> = (0..self.elements.len())
            .filter(|at| self.role_of_parent(*at) == "Document")
            .collect();
        let mut inside = false;
        for top in tops {
            if self.elements[top].role == "H1" {
                inside = self.text(top) != "Colophon";
            }
            self.elements[top].in_body = inside && self.text(top) != "Corrections";
        }
        for at in 0..self.elements.len() {
            if let Some(parent) = self.elements[at].parent
                && self.elements[parent].in_body
            {
                self.elements[at].in_body = true;
            }
        }
    }

    fn role_of_parent(&self, at: usize) -> &str {
        match self.elements[at].parent {
            Some(parent) => &self.elements[parent].role,
            None => "",
        }
    }

    fn above(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.elements[at].parent, |at| self.elements[*at].parent)
    }

    fn is_in(&self, at: usize, role: &str) -> bool {
        self.above(at)
            .any(|above| self.elements[above].role == role)
    }

    /// The elements of the body of that role.
    fn all(&self, role: &str) -> Vec<usize> {
        let all = 0..self.elements.len();
        all.filter(|at| self.elements[*at].in_body && self.elements[*at].role == role)
            .collect()
    }

    /// The words of an element, lines run together.
    fn text(&self, at: usize) -> String {
        let mut text = String::new();
        for kid in &self.elements[at].kids {
            match kid {
                Kid::Element(kid) => text.push_str(&self.text(*kid)),
                Kid::Content(page, content) => {
                    let shown = self.pages[page].shown.get(content);
                    let shown = shown.into_iter().flatten();
                    text.extend(shown.map(|shown| shown.text.as_str()));
                }
                Kid::Annotation(_) => {}
            }
        }
        text
    }

    fn page(&mut self, page: ObjectId) -> Page {
        let bytes = self.document.get_page_content(page);
        let operations = Content::decode(&bytes).expect("content").operations;
        let fonts = self.fonts(page);
        let mut shown: BTreeMap<i64, Vec<Shown>> = BTreeMap::new();
        let mut marks: Vec<(Option<i64>, bool)> = Vec::new();
        let mut font = None;
        for (at, operation) in operations.iter().enumerate() {
            match operation.operator.as_str() {
                "BDC" => {
                    let properties = operation.operands.get(1);
                    let properties = properties.and_then(|object| object.as_dict().ok());
                    let content = properties.and_then(|p| p.get(b"MCID").ok()?.as_i64().ok());
                    let is_said = properties.is_some_and(|p| p.has(b"ActualText"));
                    marks.push((content, is_said));
                }
                "BMC" => marks.push((None, false)),
                "EMC" => {
                    marks.pop();
                }
                "Tf" => {
                    let name = operation.operands[0].as_name().expect("a font");
                    font = fonts.get(name);
                }
                "TJ" | "Tj" => {
                    let content = marks.iter().rev().find_map(|mark| mark.0);
                    let (Some(content), Some((id, map))) = (content, font) else {
                        continue;
                    };
                    let mut one = shown_by(&operation.operands[0], map);
                    one.operation = at;
                    one.font = *id;
                    one.is_plain = !marks.iter().any(|mark| mark.1);
                    self.note_codes(&one);
                    shown.entry(content).or_default().push(one);
                }
                _ => {}
            }
        }
        Page { operations, shown }
    }

    fn note_codes(&mut self, shown: &Shown) {
        let codes = self.codes.entry(shown.font).or_default();
        for (at, (operand, start)) in shown.glyphs.iter().enumerate() {
            let end = shown
                .glyphs
                .get(at + 1)
                .map_or(shown.text.len(), |next| next.1);
            let mut chars = shown.text[*start..end].chars();
            if let (Some(c), None) = (chars.next(), chars.next()) {
                let code = shown.operand[*operand].as_str().expect("a code");
                codes.entry(c).or_insert_with(|| code.to_vec());
            }
        }
    }

    /// The fonts of a page whose codes have two bytes, with what they stand for.
    fn fonts(&self, page: ObjectId) -> BTreeMap<Vec<u8>, (ObjectId, BTreeMap<u16, String>)> {
        let dictionary = self.document.get_dictionary(page).expect("a page");
        let resources = self.resolved(dictionary.get(b"Resources").expect("resources"));
        let fonts = resources.as_dict().expect("resources").get(b"Font");
        let Ok(fonts) = fonts.map(|fonts| self.resolved(fonts)) else {
            return BTreeMap::new();
        };
        let mut all = BTreeMap::new();
        for (name, object) in fonts.as_dict().expect("fonts") {
            let font = self.resolved(object).as_dict().expect("a font");
            if font.get(b"Subtype").and_then(Object::as_name).ok() != Some(b"Type0") {
                continue;
            }
            let map = self.resolved(font.get(b"ToUnicode").expect("a map"));
            let map = map.as_stream().expect("a stream").get_plain_content();
            let map = character_map(&String::from_utf8_lossy(&map.expect("a map")));
            let id = object.as_reference().expect("a reference");
            all.insert(name.clone(), (id, map));
        }
        all
    }

    fn saved(&self, changes: &[Change]) -> Vec<u8> {
        let mut document = self.document.clone();
        for change in changes {
            match change {
                Change::Kids(element, kids) => {
                    let element = document.get_dictionary_mut(*element).expect("an element");
                    element.set("K", kids.clone());
                }
                Change::Set(object, key, value) => {
                    let object = document.get_dictionary_mut(*object).expect("an object");
                    match value {
                        Some(value) => object.set(*key, value.clone()),
                        None => {
                            object.remove(key.as_bytes()).expect("a value");
                        }
                    }
                }
                Change::Words {
                    page,
                    content,
                    shown,
                    patch,
                } => {
                    let mut operations = self.pages[page].operations.clone();
                    let shown = &self.pages[page].shown[content][*shown];
                    operations[shown.operation] = Operation::new(
                        "TJ",
                        vec![self.operand_with(shown, patch).expect("glyphs").into()],
                    );
                    set_content(&mut document, *page, operations);
                }
                Change::Again { element, parent } => self.repeat(&mut document, *element, *parent),
            }
        }
        let mut bytes = Vec::new();
        document.save_to(&mut bytes).expect("a file");
        bytes
    }

    /// The operand with other words; none where the font lacks a glyph, or where one
    /// glyph stands for several letters of which not all change.
    fn operand_with(&self, shown: &Shown, patch: &Patch) -> Option<Vec<Object>> {
        let codes = &self.codes[&shown.font];
        let new: Option<Vec<Object>> = patch
            .new
            .chars()
            .map(|c| Some(Object::string_literal(codes.get(&c)?.clone())))
            .collect();
        let glyph = |offset: usize| match shown.glyphs.binary_search_by_key(&offset, |g| g.1) {
            Ok(at) => Some(shown.glyphs[at].0),
            Err(_) if offset == shown.text.len() => Some(shown.operand.len()),
            Err(_) => None,
        };
        let (from, to) = (glyph(patch.at.start)?, glyph(patch.at.end)?);
        let mut operand = shown.operand.clone();
        operand.splice(from..to, new?);
        Some(operand)
    }

    /// Shows the content of an element twice, the second time as another element.
    fn repeat(&self, document: &mut Document, element: usize, parent: usize) {
        let Element { id, kids, .. } = &self.elements[element];
        let mut new_kids: Vec<Object> = Vec::new();
        for kid in kids {
            let Kid::Content(page, content) = kid else {
                unreachable!("content alone is repeated");
            };
            let bytes = document.get_page_content(*page);
            let mut operations = Content::decode(&bytes).expect("content").operations;
            let number = |operation: &Operation| {
                let properties = operation.operands.get(1)?.as_dict().ok()?;
                properties.get(b"MCID").ok()?.as_i64().ok()
            };
            let last = operations.iter().filter_map(number).max().expect("content");
            let begin = operations.iter().position(|o| number(o) == Some(*content));
            let begin = begin.expect("the content");
            let mut depth = 0;
            let length = operations[begin..].iter().position(|operation| {
                match operation.operator.as_str() {
                    "BDC" | "BMC" => depth += 1,
                    "EMC" => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            let end = begin + length.expect("its end") + 1;
            let mut again = operations[begin..end].to_vec();
            let properties = again[0].operands[1].as_dict_mut().expect("properties");
            properties.set("MCID", last + 1);
            operations.splice(end..end, again);
            set_content(document, *page, operations);
            new_kids.push((last + 1).into());
        }
        let mut new = document.get_dictionary(*id).expect("an element").clone();
        new.set("K", new_kids);
        let new = document.add_object(new);
        let mut kids = self.kids_of(parent);
        let at = self.place_in(parent, element);
        kids.insert(at + 1, new.into());
        let parent = document.get_dictionary_mut(self.elements[parent].id);
        parent.expect("an element").set("K", kids);
    }

    fn place_in(&self, parent: usize, element: usize) -> usize {
        let kids = &self.elements[parent].kids;
        let place = kids
            .iter()
            .position(|kid| matches!(kid, Kid::Element(kid) if *kid == element));
        place.expect("a kid of its parent")
    }

    fn dropped(&self, elements: impl IntoIterator<Item = usize>) -> Vec<Edit> {
        let edits = elements.into_iter().map(|at| {
            let parent = self.elements[at].parent.expect("a parent");
            let mut kids = self.kids_of(parent);
            kids.remove(self.place_in(parent, at));
            Edit {
                was: format!("{}: {}", self.elements[at].role, self.text(at)),
                is: String::new(),
                changes: vec![Change::Kids(self.elements[parent].id, kids)],
            }
        });
        edits.collect()
    }

    /// Swaps neighbours that differ.
    fn swapped(&self, elements: &[usize]) -> Vec<Edit> {
        let mut edits = Vec::new();
        for pair in elements.windows(2) {
            let parent = self.elements[pair[0]].parent.expect("a parent");
            let texts = [self.text(pair[0]), self.text(pair[1])];
            if self.elements[pair[1]].parent != Some(parent) || texts[0] == texts[1] {
                continue;
            }
            let places = [0, 1].map(|at| self.place_in(parent, pair[at]));
            if places[1] != places[0] + 1 {
                continue;
            }
            let mut kids = self.kids_of(parent);
            kids.swap(places[0], places[1]);
            edits.push(Edit {
                was: format!("{} | {}", texts[0], texts[1]),
                is: format!("{} | {}", texts[1], texts[0]),
                changes: vec![Change::Kids(self.elements[parent].id, kids)],
            });
        }
        edits
    }

    /// The paragraphs beside a headline.
    fn openings(&self) -> Vec<usize> {
        let mut openings = Vec::new();
        for headline in self.all("H2") {
            let parent = self.elements[headline].parent.expect("a parent");
            let place = self.place_in(parent, headline);
            for beside in [place.checked_sub(1), Some(place + 1)] {
                let kid = beside.and_then(|beside| self.elements[parent].kids.get(beside));
                if let Some(Kid::Element(kid)) = kid
                    && self.elements[*kid].role == "P"
                {
                    openings.push(*kid);
                }
            }
        }
        openings
    }

    fn paragraphs(&self) -> Vec<usize> {
        let openings = self.openings();
        let mut paragraphs = self.all("P");
        paragraphs.retain(|at| {
            let text = self.text(*at);
            self.role_of_parent(*at) == "Document"
                && !openings.contains(at)
                && !is_label(&text)
                && !text.starts_with("By ")
        });
        paragraphs
    }

    fn is_content_of_one_page(&self, at: usize) -> bool {
        let pages: Option<BTreeSet<ObjectId>> = self.elements[at]
            .kids
            .iter()
            .map(|kid| match kid {
                Kid::Content(page, _) => Some(*page),
                Kid::Element(_) | Kid::Annotation(_) => None,
            })
            .collect();
        pages.is_some_and(|pages| pages.len() == 1)
    }

    /// The items that have words.
    fn items(&self) -> Vec<usize> {
        let mut items = self.all("LI");
        items.retain(|at| {
            let kids = self.elements[*at].kids.iter();
            let mut kids = kids.filter_map(|kid| match kid {
                Kid::Element(kid) => Some(*kid),
                Kid::Content(..) | Kid::Annotation(_) => None,
            });
            kids.any(|kid| self.elements[kid].role == "LBody" && !self.text(kid).is_empty())
        });
        items
    }

    /// The labels with which notes begin.
    fn numbers_of_notes(&self) -> Vec<usize> {
        let labels = self.all("Lbl");
        let notes = self.all("Note").into_iter();
        let numbers = notes.filter_map(|note| {
            let mut labels = labels.iter().copied();
            labels.find(|label| self.above(*label).any(|above| above == note))
        });
        numbers.collect()
    }

    fn headings(&self) -> Vec<usize> {
        let roles = ["H1", "H2", "H3", "H4", "H5", "H6"];
        roles.iter().flat_map(|role| self.all(role)).collect()
    }

    fn cells(&self) -> Vec<usize> {
        let mut cells = [self.all("TH"), self.all("TD")].concat();
        cells.sort_unstable();
        cells
    }

    fn figures(&self) -> Vec<(usize, String)> {
        let figures = self.all("Figure").into_iter().filter_map(|at| {
            let figure = self.document.get_dictionary(self.elements[at].id).ok()?;
            let alt = lopdf::decode_text_string(figure.get(b"Alt").ok()?).ok()?;
            Some((at, alt))
        });
        figures.collect()
    }

    /// Links of the text, with their annotations. The marks of notes are none.
    fn links(&self) -> Vec<(usize, Vec<ObjectId>)> {
        let mut links = self.all("Link");
        links.retain(|at| !self.is_in(*at, "Lbl"));
        let links = links.into_iter().map(|at| {
            let kids = self.elements[at].kids.iter();
            let annotations = kids.filter_map(|kid| match kid {
                Kid::Annotation(id) => Some(*id),
                Kid::Element(_) | Kid::Content(..) => None,
            });
            (at, annotations.collect())
        });
        links.collect()
    }

    /// Where an annotation leads: its action or its destination.
    fn target(&self, annotation: ObjectId) -> (&'static str, &Object) {
        let annotation = self.document.get_dictionary(annotation);
        let annotation = annotation.expect("an annotation");
        let found = ["A", "Dest"]
            .into_iter()
            .find_map(|key| Some((key, annotation.get(key.as_bytes()).ok()?)));
        found.expect("a target")
    }

    fn retargeted(&self) -> Vec<Edit> {
        let links = self.links();
        let inward = |ids: &[ObjectId]| address(self.target(ids[0]).1).is_none();
        let mut edits = Vec::new();
        let said = |target: &Object| match address(target) {
            Some(address) => address,
            None => format!("{target:?}"),
        };
        for (at, annotations) in &links {
            let (key, target) = self.target(annotations[0]);
            let mut others: Vec<(&'static str, Object)> = Vec::new();
            if let Some(address) = address(target) {
                let shorter = &address[..address.len() - 1];
                others.push((key, to_address(shorter)));
                others.push((key, to_address("https://elsewhere.example/")));
            } else {
                let other = links.iter().map(|(_, ids)| (ids, self.target(ids[0])));
                let mut other = other.filter(|(ids, other)| {
                    inward(ids) && self.leads(other.1) != self.leads(target)
                });
                others.extend(other.next().map(|(_, (key, other))| (key, other.clone())));
            }
            for (new_key, other) in others {
                let mut changes = Vec::new();
                for annotation in annotations {
                    changes.push(Change::Set(*annotation, key, None));
                    changes.push(Change::Set(*annotation, new_key, Some(other.clone())));
                }
                edits.push(Edit {
                    was: format!("{}: {}", self.text(*at), said(target)),
                    is: format!("{}: {}", self.text(*at), said(&other)),
                    changes,
                });
            }
        }
        edits
    }

    /// Marks of notes that lead where another does.
    fn misled(&self) -> Vec<Edit> {
        let numbers = self.numbers_of_notes();
        let mut marks = self.all("Lbl");
        marks.retain(|at| self.role_of_parent(*at) != "LI" && !numbers.contains(at));
        let marks: Vec<(usize, Vec<ObjectId>)> = marks
            .into_iter()
            .map(|at| (at, self.annotations_in(at)))
            .filter(|(_, annotations)| !annotations.is_empty())
            .collect();
        let edits = marks.iter().filter_map(|(at, annotations)| {
            let (key, target) = self.target(annotations[0]);
            let others = marks
                .iter()
                .map(|(other, ids)| (other, self.target(ids[0])));
            let (_, (new_key, new)) = others
                .filter(|(_, (_, new))| self.leads(new) != self.leads(target))
                .find(|(other, _)| self.text(**other) != self.text(*at))?;
            let changes = annotations.iter().flat_map(|annotation| {
                [
                    Change::Set(*annotation, key, None),
                    Change::Set(*annotation, new_key, Some(new.clone())),
                ]
            });
            Some(Edit {
                was: format!("{}: {target:?}", self.text(*at)),
                is: format!("{}: {new:?}", self.text(*at)),
                changes: changes.collect(),
            })
        });
        edits.collect()
    }

    fn annotations_in(&self, at: usize) -> Vec<ObjectId> {
        let kids = self.elements[at].kids.iter();
        let found = kids.flat_map(|kid| match kid {
            Kid::Element(kid) => self.annotations_in(*kid),
            Kid::Annotation(id) => vec![*id],
            Kid::Content(..) => Vec::new(),
        });
        found.collect()
    }

    /// Elements of these roles without an attribute that says so much.
    fn without(
        &self,
        roles: &[&str],
        key: &'static str,
        says: impl Fn(&Dictionary) -> bool,
    ) -> Vec<Edit> {
        let all = roles.iter().flat_map(|role| self.all(role));
        let such = all.filter(|at| {
            let element = self.document.get_dictionary(self.elements[*at].id);
            let attributes = element.and_then(|element| element.get(key.as_bytes()));
            let is_such = attributes.is_ok_and(|attributes| match self.resolved(attributes) {
                Object::Dictionary(one) => says(one),
                Object::Array(all) => {
                    let mut all = all
                        .iter()
                        .filter_map(|one| self.resolved(one).as_dict().ok());
                    all.any(&says)
                }
                _ => false,
            });
            is_such && !self.is_in(*at, "Lbl")
        });
        let edits = such.map(|at| Edit {
            was: format!("^{}", self.text(at)),
            is: self.text(at),
            changes: vec![Change::Set(self.elements[at].id, key, None)],
        });
        edits.collect()
    }

    /// A target without what is the same for several.
    fn leads(&self, target: &Object) -> String {
        format!("{:?}", self.resolved(target))
    }

    fn unlinked(&self) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (at, annotations) in self.links() {
            let words: Vec<Object> = self
                .kids_of(at)
                .into_iter()
                .zip(&self.elements[at].kids)
                .filter(|(_, kid)| !matches!(kid, Kid::Annotation(_)))
                .map(|(object, _)| object)
                .collect();
            let id = self.elements[at].id;
            let mut changes = vec![
                Change::Set(id, "S", Some(Object::Name(b"Span".to_vec()))),
                Change::Kids(id, words),
            ];
            for page in self.pages.keys() {
                let dictionary = self.document.get_dictionary(*page).expect("a page");
                let Ok(all) = dictionary.get(b"Annots").map(|all| self.resolved(all)) else {
                    continue;
                };
                let mut all = all.as_array().expect("annotations").clone();
                let count = all.len();
                all.retain(|one| {
                    let id = one.as_reference().expect("a reference");
                    !annotations.contains(&id)
                });
                if all.len() < count {
                    changes.push(Change::Set(*page, "Annots", Some(all.into())));
                }
            }
            edits.push(Edit {
                was: format!("Link: {}", self.text(at)),
                is: format!("Span: {}", self.text(at)),
                changes,
            });
        }
        edits
    }

    fn words(&self, harm: Harm) -> Vec<Edit> {
        let mut edits = Vec::new();
        for (at, element) in self.elements.iter().enumerate() {
            let is_other = ["Lbl", "Figure"]
                .iter()
                .any(|role| element.role == *role || self.is_in(at, role));
            let block = std::iter::successors(Some(at), |at| self.elements[*at].parent)
                .find(|at| self.elements[*at].role == "P")
                .map_or_else(String::new, |block| self.text(block));
            if !element.in_body || is_other || block.starts_with("By ") || is_label(&block) {
                continue;
            }
            for kid in &element.kids {
                if let Kid::Content(page, content) = kid {
                    let shown = self.pages[page].shown.get(content);
                    for (at, shown) in shown.into_iter().flatten().enumerate() {
                        let patches = in_words(&shown.text, &(0..shown.text.len()), harm);
                        let edits_here = patches
                            .into_iter()
                            .filter_map(|patch| self.edit_of(*page, *content, at, shown, patch));
                        edits.extend(edits_here);
                    }
                }
            }
        }
        edits
    }

    fn edit_of(
        &self,
        page: ObjectId,
        content: i64,
        at: usize,
        shown: &Shown,
        patch: Patch,
    ) -> Option<Edit> {
        if !shown.is_plain {
            return None;
        }
        self.operand_with(shown, &patch)?;
        let Patched { was, is, .. } = patched(&shown.text, std::slice::from_ref(&patch));
        Some(Edit {
            was,
            is,
            changes: vec![Change::Words {
                page,
                content,
                shown: at,
                patch,
            }],
        })
    }

    /// The labels of items, with another number.
    fn renumbered(&self) -> Vec<Edit> {
        let items = self.items();
        let mut edits = Vec::new();
        for at in self.all("Lbl") {
            let item = self.elements[at].parent;
            if !item.is_some_and(|item| items.contains(&item)) {
                continue;
            }
            for kid in &self.elements[at].kids {
                let Kid::Content(page, content) = kid else {
                    continue;
                };
                let shown = &self.pages[page].shown[content];
                for (at, one) in shown.iter().enumerate() {
                    let digit = one.text.find(|c: char| c.is_ascii_digit());
                    let other = digit.and_then(|digit| {
                        let others = ('2'..='9').filter(|c| !one.text[digit..].starts_with(*c));
                        let mut patches = others.map(|c| Patch::new(digit..digit + 1, c));
                        patches.find_map(|patch| self.edit_of(*page, *content, at, one, patch))
                    });
                    edits.extend(other);
                }
            }
        }
        edits
    }
}

impl Finished for Pdf {
    type Edit = Edit;

    fn edits(&self, harm: Harm) -> Vec<Edit> {
        match harm {
            Harm::ParagraphDropped => self.dropped(self.paragraphs()),
            Harm::ParagraphsSwapped => self.swapped(&self.paragraphs()),
            Harm::ParagraphRepeated => {
                const SHORTEST: usize = 80;
                let again = self.paragraphs().into_iter().filter(|at| {
                    let words = self.text(*at);
                    let seen = words.chars().filter(|c| !c.is_whitespace()).count();
                    seen >= SHORTEST && self.is_content_of_one_page(*at)
                });
                let again = again.map(|at| Edit {
                    was: self.text(at),
                    is: self.text(at).repeat(2),
                    changes: vec![Change::Again {
                        element: at,
                        parent: self.elements[at].parent.expect("a parent"),
                    }],
                });
                again.collect()
            }
            Harm::HeadingDropped => self.dropped(self.headings()),
            Harm::LevelChanged => {
                let mut edits = Vec::new();
                for at in self.headings() {
                    let level: u32 = self.elements[at].role[1..].parse().expect("a level");
                    for new in [format!("H{}", level + 1), "P".to_owned()] {
                        if level < 6 {
                            edits.push(Edit {
                                was: format!("H{level}: {}", self.text(at)),
                                is: format!("{new}: {}", self.text(at)),
                                changes: vec![Change::Set(
                                    self.elements[at].id,
                                    "S",
                                    Some(Object::Name(new.into_bytes())),
                                )],
                            });
                        }
                    }
                }
                edits
            }
            Harm::OpeningDropped => self.dropped(self.openings()),
            Harm::CaptionDropped => self.dropped(self.all("Caption")),
            Harm::ItemDropped => self.dropped(self.items()),
            Harm::ListRenumbered => self.renumbered(),
            Harm::RowCut => self.dropped(self.all("TR")),
            Harm::CellCut => {
                let cells = self.cells().into_iter();
                self.dropped(cells.filter(|cell| !self.text(*cell).is_empty()))
            }
            Harm::CellsSwapped => self.swapped(&self.cells()),
            Harm::AlternativeLost | Harm::AlternativeChanged => {
                let edits = self.figures().into_iter().map(|(at, alt)| {
                    let is = match harm {
                        Harm::AlternativeLost => String::new(),
                        _ => {
                            let (first, rest) = alt.split_once(' ').unwrap_or((&alt, ""));
                            format!("{} {rest}", changed(first))
                        }
                    };
                    let new = (!is.is_empty()).then(|| lopdf::text_string(&is));
                    Edit {
                        was: alt,
                        is,
                        changes: vec![Change::Set(self.elements[at].id, "Alt", new)],
                    }
                });
                edits.collect()
            }
            Harm::LinkChanged => self.retargeted(),
            Harm::LinkUndone => self.unlinked(),
            Harm::NoteDropped => self.dropped(self.all("Note")),
            Harm::ReferenceDropped => {
                let numbers = self.numbers_of_notes();
                let mut marks = self.all("Lbl");
                marks.retain(|at| self.role_of_parent(*at) != "LI" && !numbers.contains(at));
                self.dropped(marks)
            }
            Harm::ReferenceMisled => self.misled(),
            Harm::LookLost => self.without(&["Span"], "A", |attributes| {
                let struck = attributes
                    .get(b"TextDecorationType")
                    .and_then(Object::as_name);
                attributes.has(b"BaselineShift") || struck.is_ok_and(|line| line == b"LineThrough")
            }),
            Harm::QuoteUndone => {
                let quotes = self.all("BlockQuote").into_iter().map(|at| Edit {
                    was: format!("> {}", self.text(at)),
                    is: self.text(at),
                    changes: vec![Change::Set(
                        self.elements[at].id,
                        "S",
                        Some(Object::Name(b"Div".to_vec())),
                    )],
                });
                quotes.collect()
            }
            // Its marks say it as well, each for its own words.
            Harm::LanguageLost => Vec::new(),
            Harm::PictureEmptied => {
                let figures = self.figures().into_iter().map(|(at, alt)| {
                    let kids = self.kids_of(at).into_iter().zip(&self.elements[at].kids);
                    let captions = kids.filter(|(_, kid)| match kid {
                        Kid::Element(kid) => self.elements[*kid].role == "Caption",
                        Kid::Content(..) | Kid::Annotation(_) => false,
                    });
                    let captions = captions.map(|(object, _)| object).collect();
                    Edit {
                        was: alt,
                        is: String::new(),
                        changes: vec![Change::Kids(self.elements[at].id, captions)],
                    }
                });
                figures.collect()
            }
            Harm::CodeLineDropped => {
                let mut lines = self.all("P");
                lines.retain(|at| {
                    self.role_of_parent(*at) == "Code" && !self.text(*at).trim().is_empty()
                });
                self.dropped(lines)
            }
            Harm::WordDropped
            | Harm::WordAdded
            | Harm::WordChanged
            | Harm::WordsJoined
            | Harm::DigitDropped
            | Harm::SignDropped => self.words(harm),
        }
    }

    fn broken(&self, edit: &Edit) -> Broken {
        Broken {
            bytes: self.saved(&edit.changes),
            harmed: edit.was.clone(),
            was: edit.was.clone(),
            is: edit.is.clone(),
        }
    }
}

fn set_content(document: &mut Document, page: ObjectId, operations: Vec<Operation>) {
    let content = Content { operations }.encode().expect("content");
    let set = document.change_page_content(page, content);
    set.expect("a page");
}

/// The operand of an operator that shows text, glyph by glyph.
fn shown_by(operand: &Object, map: &BTreeMap<u16, String>) -> Shown {
    let pieces = match operand {
        Object::Array(pieces) => pieces.clone(),
        string => vec![string.clone()],
    };
    let mut shown = Shown {
        operation: 0,
        font: (0, 0),
        operand: Vec::new(),
        glyphs: Vec::new(),
        text: String::new(),
        is_plain: false,
    };
    for piece in pieces {
        let Object::String(codes, format) = &piece else {
            shown.operand.push(piece);
            continue;
        };
        for code in codes.chunks(2) {
            let number = code.iter().fold(0, |all, byte| all << 8 | u16::from(*byte));
            shown.glyphs.push((shown.operand.len(), shown.text.len()));
            shown
                .text
                .push_str(map.get(&number).map_or("", String::as_str));
            shown.operand.push(Object::String(code.to_vec(), *format));
        }
    }
    shown
}

/// What codes stand for, by a map of characters (ISO 32000-1, 9.10.3).
fn character_map(map: &str) -> BTreeMap<u16, String> {
    let mut all = BTreeMap::new();
    for (section, is_range) in [("beginbfchar", false), ("beginbfrange", true)] {
        for part in map.split(section).skip(1) {
            let part = part.split("endbf").next().unwrap_or(part);
            let codes: Vec<&str> = part
                .split(['<', '>'])
                .map(str::trim)
                .filter(|code| !code.is_empty())
                .collect();
            for entry in codes.chunks_exact(if is_range { 3 } else { 2 }) {
                let number = |code: &str| u16::from_str_radix(code, 16).expect("a code");
                let text = |code: &str| {
                    let units: Vec<u16> = (0..code.len() / 4)
                        .map(|at| number(&code[at * 4..at * 4 + 4]))
                        .collect();
                    String::from_utf16_lossy(&units)
                };
                assert!(!is_range || entry[0] == entry[1], "a range of several");
                all.insert(number(entry[0]), text(entry[entry.len() - 1]));
            }
        }
    }
    all
}

/// The address that an action leads to.
fn address(target: &Object) -> Option<String> {
    let address = target.as_dict().ok()?.get(b"URI").ok()?.as_str().ok()?;
    Some(String::from_utf8_lossy(address).into_owned())
}

fn to_address(address: &str) -> Object {
    let mut action = Dictionary::new();
    action.set("S", Object::Name(b"URI".to_vec()));
    action.set("URI", Object::string_literal(address));
    action.into()
}
