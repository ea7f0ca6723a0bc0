//! Whether a document is XML that every reader can open.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

/// Why a document is not well-formed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where, in bytes of the text.
    pub at: usize,
    /// What is wrong.
    pub message: String,
}

/// Whether `text` is one element, closed as it was opened, with attributes that
/// do not repeat and references that XML knows by itself.
pub(crate) fn well_formed(text: &str) -> Result<(), Fault> {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut roots) = (0_usize, 0_usize);
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let fault = |message: String| Fault { at, message };
        let event = reader.read_event().map_err(|e| fault(e.to_string()))?;
        match event {
            Event::Start(start) => {
                attributes(&start).map_err(fault)?;
                roots += usize::from(depth == 0);
                depth += 1;
            }
            Event::Empty(start) => {
                attributes(&start).map_err(fault)?;
                roots += usize::from(depth == 0);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|e| fault(e.to_string()))?;
                let known = reference.is_char_ref() || resolve_predefined_entity(&name).is_some();
                if !known {
                    return Err(fault(format!("XML knows no `&{name};`")));
                }
            }
            Event::Eof => {
                return match (depth, roots) {
                    (0, 1) => Ok(()),
                    (0, _) => Err(fault("there is not one outermost element".to_owned())),
                    _ => Err(fault("an element is not closed".to_owned())),
                };
            }
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<(), String> {
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|e| e.to_string())?;
        let value = attribute.unescape_value().map_err(|e| e.to_string())?;
        if attribute.value.contains(&b'<') {
            return Err(format!("`<` stands in the attribute `{value}`"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_well_formed() {
        for text in [
            "<a/>",
            "<?xml version=\"1.0\"?>\n<!DOCTYPE html>\n<a b=\"&amp;\">&#8212;&lt;<c/></a>\n",
        ] {
            assert_eq!(well_formed(text), Ok(()), "{text}");
        }
        for text in [
            "",
            "text",
            "<a>",
            "<a></b>",
            "<a/><b/>",
            "<a b></a>",
            "<a b=\"1\" b=\"2\"/>",
            "<a b=\"<\"/>",
            "<a>&nbsp;</a>",
            "<a b=\"&nbsp;\"/>",
        ] {
            assert!(well_formed(text).is_err(), "{text}");
        }
    }
}
