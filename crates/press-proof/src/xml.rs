//! XML as a row of pieces, read strictly: what is not well-formed is no document,
//! for a reading system shows nothing of it.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use crate::Unreadable;
use crate::markup::Attributes;

/// A piece of a document.
#[derive(Debug)]
pub(crate) enum Piece<'a> {
    /// An element begins. Its name is without a prefix.
    Open(&'a str, &'a Named),
    /// The innermost element ends.
    Close,
    /// Text.
    Text(&'a str),
}

/// Attributes by their names, as they are written.
#[derive(Debug, Default)]
pub(crate) struct Named(Vec<(String, String)>);

impl Attributes for Named {
    fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(one, _)| one == name)?;
        Some(value)
    }
}

/// Reads a document and hands over its pieces in order; each element that opens
/// closes.
///
/// # Errors
/// When it is not well-formed, or not in UTF-8.
pub(crate) fn read(bytes: &[u8], take: &mut dyn FnMut(Piece)) -> Result<(), Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(unreadable)?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut depth = 0_usize;
    let mut roots = 0_usize;
    loop {
        let event = reader.read_event().map_err(unreadable)?;
        match &event {
            Event::Start(start) | Event::Empty(start) => {
                roots += usize::from(depth == 0);
                let name = start.local_name();
                let name = std::str::from_utf8(name.as_ref()).map_err(unreadable)?;
                take(Piece::Open(name, &attributes(start)?));
                if matches!(event, Event::Empty(_)) {
                    take(Piece::Close);
                } else {
                    depth += 1;
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                take(Piece::Close);
            }
            Event::Text(text) => take(Piece::Text(&text.xml10_content().map_err(unreadable)?)),
            Event::CData(text) => take(Piece::Text(&text.xml10_content().map_err(unreadable)?)),
            Event::GeneralRef(reference) => {
                if let Some(c) = reference.resolve_char_ref().map_err(unreadable)? {
                    take(Piece::Text(c.encode_utf8(&mut [0; 4])));
                } else {
                    let name = reference.decode().map_err(unreadable)?;
                    let text = resolve_predefined_entity(&name)
                        .ok_or_else(|| Unreadable(format!("&{name}; stands for nothing")))?;
                    take(Piece::Text(text));
                }
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            Event::Eof => break,
        }
    }
    match (depth, roots) {
        (0, 1) => Ok(()),
        (0, roots) => Err(Unreadable(format!(
            "it has {roots} root elements instead of one"
        ))),
        (open, _) => Err(Unreadable(format!("it ends inside {open} open elements"))),
    }
}

fn attributes(start: &BytesStart) -> Result<Named, Unreadable> {
    let mut named = Named::default();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(unreadable)?;
        let name = std::str::from_utf8(attribute.key.as_ref()).map_err(unreadable)?;
        let value = attribute.unescape_value().map_err(unreadable)?;
        named.0.push((name.to_owned(), Cow::into_owned(value)));
    }
    Ok(named)
}

fn unreadable(error: impl std::fmt::Display) -> Unreadable {
    Unreadable(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pieces(xml: &[u8]) -> Result<String, Unreadable> {
        let mut out = String::new();
        read(xml, &mut |piece| match piece {
            Piece::Open(name, attributes) => {
                let id = attributes.get("id").unwrap_or_default();
                out.push_str(&format!("({name}{id} "));
            }
            Piece::Close => out.push(')'),
            Piece::Text(text) => out.push_str(text),
        })?;
        Ok(out)
    }

    #[test]
    fn elements_close_and_references_are_resolved() {
        let xml = "\u{feff}<!DOCTYPE x><x:a id='&lt;&#97;'>b&amp;&#x63;<![CDATA[<]]><d/>\r\n</x:a>";
        let read = pieces(xml.as_bytes());
        assert_eq!(read.ok().as_deref(), Some("(a<a b&c<(d )\n)"));
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for xml in [
            "",
            "a",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><a/>",
            "<a>&nbsp;</a>",
            "<a b='&x;'/>",
            "<a b b='1'/>",
            "<a b='1' b='2'/>",
        ] {
            assert!(pieces(xml.as_bytes()).is_err(), "{xml}");
        }
        assert!(pieces(b"<a>\xff</a>").is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(xml in "(</?[ab]( [ab]=['\"]?[&;a]{0,3}['\"]?)?/?>|[&;#a<!\\]\\[-]{0,9}){0,20}") {
            let _ = pieces(xml.as_bytes());
        }
    }
}
