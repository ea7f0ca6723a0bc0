//! What a document says of itself: its title, by its metadata (ISO 32000-1, 14.3).

use hayro_syntax::object::{Dict, Stream};
use quick_xml::Reader;
use quick_xml::events::Event;

use super::file::File;
use super::string::decode;

/// The title: by the metadata stream, else by the older dictionary of information.
pub(super) fn title(file: &File, catalog: &Dict) -> Option<String> {
    let metadata = catalog.get::<Stream>("Metadata");
    let metadata = metadata.and_then(|stream| stream.decoded().ok());
    metadata
        .and_then(|bytes| title_in_metadata(&bytes))
        .or_else(|| file.title().map(decode))
        .filter(|title| !title.trim().is_empty())
}

/// The title that XMP metadata gives: `dc:title`, in its default language.
fn title_in_metadata(bytes: &[u8]) -> Option<String> {
    let mut reader = Reader::from_reader(bytes);
    let mut inside = false;
    let mut title = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if tag.name().as_ref() == b"dc:title" => inside = true,
            Event::Text(words) if inside => title.push_str(&words.decode().ok()?),
            Event::GeneralRef(entity) if inside => match entity.resolve_char_ref().ok()? {
                Some(character) => title.push(character),
                None => title.push(match &*entity {
                    b"amp" => '&',
                    b"lt" => '<',
                    b"gt" => '>',
                    b"quot" => '"',
                    b"apos" => '\'',
                    _ => return None,
                }),
            },
            // The first alternative is the default.
            Event::End(tag) if inside && tag.name().as_ref() == b"rdf:li" => break,
            Event::End(tag) if inside && tag.name().as_ref() == b"dc:title" => break,
            Event::Eof => return None,
            _ => {}
        }
    }
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}
