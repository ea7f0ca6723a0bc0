//! An XML document as a small tree, so that the package document, the nav
//! document and the NCX can be completed. quick-xml reads it and writes it; text
//! and attributes go in as data and are escaped by its writer.
//!
//! White space between elements is not kept, for none of the three documents
//! means anything by it.

use std::borrow::Cow;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

use crate::Error;

/// A document: its root element and what stands before it.
#[derive(Debug)]
pub(crate) struct Document {
    doctype: Option<String>,
    /// The root element.
    pub root: Element,
}

/// An element with its attributes in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    /// Its name with its prefix, as written.
    pub name: String,
    attributes: Vec<(String, String)>,
    /// What it holds.
    pub children: Vec<Node>,
}

/// What an element holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    /// An element.
    Element(Element),
    /// Text, not escaped.
    Text(String),
}

impl Document {
    /// Reads a document.
    pub fn read(text: &str) -> Result<Document, Error> {
        let mut reader = Reader::from_str(text);
        let mut doctype = None;
        let mut open: Vec<Element> = vec![Element::default()];
        loop {
            match reader.read_event()? {
                Event::Start(start) => open.push(Element::start(&start)?),
                Event::Empty(start) => append(&mut open, Node::Element(Element::start(&start)?)),
                Event::End(_) => {
                    if let Some(mut element) = open.pop() {
                        element.drop_white_space();
                        append(&mut open, Node::Element(element));
                    }
                }
                Event::Text(text) => append_text(
                    &mut open,
                    &text.xml10_content().map_err(quick_xml::Error::from)?,
                ),
                Event::CData(text) => append_text(
                    &mut open,
                    &text.xml10_content().map_err(quick_xml::Error::from)?,
                ),
                Event::GeneralRef(reference) => {
                    if let Some(c) = reference.resolve_char_ref()? {
                        append_text(&mut open, c.encode_utf8(&mut [0; 4]));
                    } else {
                        let name = reference.decode().map_err(quick_xml::Error::from)?;
                        let text = resolve_predefined_entity(&name)
                            .ok_or_else(|| Error::UnknownEntity(name.into_owned()))?;
                        append_text(&mut open, text);
                    }
                }
                Event::DocType(text) => {
                    doctype = Some(
                        text.decode()
                            .map_err(quick_xml::Error::from)?
                            .trim()
                            .to_owned(),
                    )
                }
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        let outside = open.pop().unwrap_or_default();
        if !open.is_empty() {
            return Err(Error::Unclosed(outside.name));
        }
        let root = outside.children.into_iter().find_map(Node::into_element);
        Ok(Document {
            doctype,
            root: root.ok_or(Error::NoRootElement)?,
        })
    }

    /// Writes the document, indented.
    pub fn write(&self) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        if let Some(doctype) = &self.doctype {
            writer.write_event(Event::DocType(BytesText::from_escaped(doctype.as_str())))?;
        }
        self.root.write(&mut writer)?;
        let mut bytes = writer.into_inner();
        bytes.push(b'\n');
        Ok(bytes)
    }
}

impl Node {
    fn into_element(self) -> Option<Element> {
        match self {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        }
    }
}

impl Element {
    /// An element without attributes or content.
    pub fn new(name: &str) -> Element {
        Element {
            name: name.to_owned(),
            ..Element::default()
        }
    }

    /// The same with an attribute, added or replaced.
    pub fn with(mut self, name: &str, value: &str) -> Element {
        self.set(name, value);
        self
    }

    /// The same with text at its end.
    pub fn text(mut self, text: &str) -> Element {
        self.children.push(Node::Text(text.to_owned()));
        self
    }

    /// The same with an element at its end.
    pub fn child(mut self, child: Element) -> Element {
        self.push(child);
        self
    }

    /// Adds an element at its end.
    pub fn push(&mut self, child: Element) {
        self.children.push(Node::Element(child));
    }

    /// The value of an attribute, not escaped.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Adds or replaces an attribute.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.attributes.push((name.to_owned(), value.to_owned())),
        }
    }

    /// The elements that it holds.
    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements that it holds, to be changed.
    pub fn elements_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first element of that name that it holds.
    pub fn find_mut(&mut self, name: &str) -> Option<&mut Element> {
        self.elements_mut().find(|element| element.name == name)
    }

    /// Calls `change` for every element below, from the outside in.
    pub fn for_each_below(&mut self, change: &mut impl FnMut(&mut Element)) {
        for element in self.elements_mut() {
            change(element);
            element.for_each_below(change);
        }
    }

    fn start(start: &BytesStart<'_>) -> Result<Element, Error> {
        let mut element = Element::new(&String::from_utf8_lossy(start.name().as_ref()));
        for attribute in start.attributes() {
            let attribute = attribute.map_err(quick_xml::Error::from)?;
            element.attributes.push((
                String::from_utf8_lossy(attribute.key.as_ref()).into_owned(),
                attribute.unescape_value()?.into_owned(),
            ));
        }
        Ok(element)
    }

    fn drop_white_space(&mut self) {
        if self.elements().next().is_some() {
            self.children.retain(|node| match node {
                Node::Element(_) => true,
                Node::Text(text) => !text.trim().is_empty(),
            });
        }
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> Result<(), Error> {
        let mut start = BytesStart::new(self.name.as_str());
        for (name, value) in &self.attributes {
            start.push_attribute((name.as_str(), legal(value).as_ref()));
        }
        if self.children.is_empty() {
            writer.write_event(Event::Empty(start))?;
            return Ok(());
        }
        writer.write_event(Event::Start(start))?;
        for node in &self.children {
            match node {
                Node::Element(element) => element.write(writer)?,
                Node::Text(text) => {
                    writer.write_event(Event::Text(BytesText::new(&legal(text))))?;
                }
            }
        }
        writer.write_event(Event::End(BytesEnd::new(self.name.as_str())))?;
        Ok(())
    }
}

/// The text without characters that XML 1.0 cannot hold, not even escaped (§2.2):
/// U+FFFD stands for each.
pub(crate) fn legal(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_legal) {
        return Cow::Borrowed(text);
    }
    let replace = |c| if is_legal(c) { c } else { '\u{fffd}' };
    Cow::Owned(text.chars().map(replace).collect())
}

/// Whether XML 1.0 can hold it (§2.2).
pub(crate) fn is_legal(c: char) -> bool {
    !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

fn append(open: &mut [Element], node: Node) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(node);
    }
}

/// Text comes in pieces, parted by references.
fn append_text(open: &mut [Element], more: &str) {
    if let Some(parent) = open.last_mut() {
        match parent.children.last_mut() {
            Some(Node::Text(text)) => text.push_str(more),
            _ => parent.children.push(Node::Text(more.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes() {
        let text = "<?xml version=\"1.0\"?><!DOCTYPE html>\n<a x=\"1 &amp; 2\">\n  \
                    <b>D&amp;D &#x738b; <![CDATA[<x>]]></b>\n  <c/>\n</a>";
        let written = Document::read(text).unwrap().write().unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE html>\n\
             <a x=\"1 &amp; 2\">\n  <b>D&amp;D 王 &lt;x&gt;</b>\n  <c/>\n</a>\n"
        );
    }

    #[test]
    fn refuses_what_is_not_well_formed() {
        for text in ["", "<a>", "<a></b>", "<a>&nbsp;</a>", "<a x='1' x='2'/>"] {
            assert!(Document::read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_attributes_are_data(text in any::<String>()) {
            let element = Element::new("a").with("b", &text).text(&text);
            let document = Document { doctype: None, root: element };
            let written = String::from_utf8(document.write().unwrap()).unwrap();
            let read = roxmltree::Document::parse(&written).unwrap();
            let root = read.root_element();
            // Readers of XML turn line ends into U+000A, and those in
            // attributes into spaces.
            let expected = legal(&text).replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(root.text().unwrap_or_default(), &expected);
            let spaced = expected.replace(['\n', '\t'], " ");
            prop_assert_eq!(root.attribute("b").map(|value| value.replace(['\n', '\t', '\r'], " ")), Some(spaced));
        }
    }
}
