//! Puts finished pages on sheets.
//!
//! The sheets are drawn by printpdf with an empty form XObject wherever a page
//! belongs. Here each of them gives way to the real page, taken from the PDF that
//! Typst wrote: its content as it is, its fonts and pictures by reference, so that
//! all sheets share them and text stays text. Nothing of it is drawn anew.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat, dictionary};
use printpdf::{ExternalStream, ExternalXObject, PdfDocument, PdfSaveOptions, XObject, XObjectId};
use sha2::{Digest as _, Sha256};

use crate::{Error, profile};

/// The pages of a finished PDF.
pub struct Pages {
    document: Document,
    ids: Vec<ObjectId>,
}

/// A rectangle in points: left, bottom, right, top.
pub type Area = [f64; 4];

/// What is said of a sheet, and cannot be said to printpdf.
pub struct Boxes {
    /// The paper.
    pub media: Area,
    /// How far ink goes.
    pub bleed: Area,
    /// What is left after cutting.
    pub trim: Area,
}

/// What a file of sheets is beside its sheets.
pub struct Finish<'a> {
    /// Its title.
    pub title: &'a str,
    /// The day that it carries, as `D:20241130000000Z`.
    pub date: &'a str,
    /// What it is made of: files of the same content have the same name.
    pub identity: &'a [u8],
    /// The boxes of each sheet.
    pub boxes: &'a [Boxes],
    /// Inks with a plate of their own, by the name that the drawing uses.
    pub inks: &'a [(&'static str, Separation)],
    /// The profile of the printing condition and its name.
    pub intent: Option<(&'a [u8], &'a str)>,
}

/// An ink with a plate of its own.
pub struct Separation {
    /// Its name.
    pub name: String,
    /// Cyan, magenta, yellow and black where there is no such ink, from 0 to 1.
    pub fallback: [f64; 4],
}

impl Pages {
    /// Takes a PDF of ours apart.
    pub fn read(pdf: &[u8]) -> Result<Pages, Error> {
        let document = Document::load_mem(pdf)?;
        let ids = document.get_pages().into_values().collect();
        Ok(Pages { document, ids })
    }

    /// Says of every colour of screens among the pages which one is meant: that of
    /// sRGB. A device's own RGB means nothing on a press.
    pub fn name_colours(&mut self) -> Result<(), Error> {
        let device = |object: &Object| object.as_name().is_ok_and(|name| name == b"DeviceRGB");
        let is_of = |stream: &Stream, subtype: &[u8]| {
            let named = stream.dict.get(b"Subtype").and_then(Object::as_name);
            named.is_ok_and(|name| name == subtype)
        };
        let profile =
            profile::of_screens().ok_or(Error::BuiltIn("profile of colours on screens"))?;
        let mut profile = Stream::new(dictionary! { "N" => 3 }, profile);
        profile.compress()?;
        let profile = self.document.add_object(profile);
        let space = Object::Array(vec!["ICCBased".into(), profile.into()]);
        let space = self.document.add_object(space);
        for object in self.document.objects.values_mut() {
            let Object::Stream(stream) = object else {
                continue;
            };
            if is_of(stream, b"Image") && stream.dict.get(b"ColorSpace").is_ok_and(device) {
                stream.dict.set("ColorSpace", space);
            }
        }
        Ok(())
    }

    /// The form XObject that shows a page. The group of the page is left out: it
    /// would blend in the colours of a screen and take black off its plate.
    fn form(&self, id: ObjectId) -> Result<Stream, Error> {
        let page = self.document.get_dictionary(id)?;
        let contents = self.document.get_page_contents(id);
        let mut form = match contents[..] {
            [only] => self.document.get_object(only)?.as_stream()?.clone(),
            _ => {
                let mut joined = Stream::new(Dictionary::new(), self.document.get_page_content(id));
                joined.compress()?;
                joined
            }
        };
        for (key, value) in [
            ("Type", Object::from("XObject")),
            ("Subtype", "Form".into()),
            (
                "BBox",
                inherited(&self.document, page, b"MediaBox")?.clone(),
            ),
            (
                "Resources",
                inherited(&self.document, page, b"Resources")?.clone(),
            ),
        ] {
            form.dict.set(key, value);
        }
        Ok(form)
    }
}

/// An entry of a page, or of the branch of the page tree that it hangs on.
fn inherited<'d>(
    document: &'d Document,
    page: &'d Dictionary,
    key: &[u8],
) -> Result<&'d Object, Error> {
    /// Page trees are not deep, and one that goes in circles is none.
    const DEEPEST: usize = 32;
    let mut node = page;
    for _ in 0..DEEPEST {
        if let Ok(found) = node.get(key) {
            return Ok(found);
        }
        node = document.get_dictionary(node.get(b"Parent")?.as_reference()?)?;
    }
    Err(lopdf::Error::PageNumberNotFound(0).into())
}

/// The name of the place of a page, by its number from 0.
pub fn place_name(page: usize) -> XObjectId {
    XObjectId(format!("Page{page}"))
}

/// Keeps a place for every page that a drawing shows.
pub fn keep_places(drawing: &mut PdfDocument, pages: impl IntoIterator<Item = usize>) {
    for page in pages {
        let empty = ExternalXObject {
            stream: ExternalStream::default(),
            width: None,
            height: None,
            dpi: None,
        };
        let places = &mut drawing.resources.xobjects.map;
        places.insert(place_name(page), XObject::External(empty));
    }
}

/// A finished file.
pub struct Filled {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its fonts by name, and whether each is in the file.
    pub fonts: BTreeMap<String, bool>,
}

/// The finished file: the drawn sheets with the pages in their places.
pub fn fill(drawing: &PdfDocument, pages: Pages, finish: &Finish) -> Result<Filled, Error> {
    let options = PdfSaveOptions {
        optimize: false,
        // Else the operators that choose an ink would be left out.
        secure: false,
        ..PdfSaveOptions::default()
    };
    let mut warnings = Vec::new();
    let mut document = drawing.to_lopdf_document(&options, &mut warnings);
    let sheets: Vec<ObjectId> = document.get_pages().into_values().collect();
    let places = places(&document, &sheets)?;

    let mut pages = pages;
    pages.document.renumber_objects_with(document.max_id + 1);
    pages.ids = pages.document.get_pages().into_values().collect();
    let mut forms = Vec::new();
    for (name, place) in &places {
        let number = name.strip_prefix(b"Page").and_then(number_of);
        if let Some(id) = number.and_then(|number| pages.ids.get(number)) {
            forms.push((*place, pages.form(*id)?));
        }
    }
    document.max_id = pages.document.max_id;
    document.objects.append(&mut pages.document.objects);
    for (place, form) in forms {
        document.set_object(place, form);
    }

    let mut spaces = Dictionary::new();
    for (name, ink) in finish.inks {
        let space = document.add_object(separation(ink));
        spaces.set(*name, space);
    }
    let mut group = None;
    for (id, boxes) in sheets.iter().zip(finish.boxes) {
        finish_sheet(&mut document, *id, boxes, &spaces, &mut group)?;
    }
    if let Some((profile, name)) = finish.intent {
        add_intent(&mut document, profile, name)?;
    }
    name_file(&mut document, finish);
    document.version = "1.7".into();
    document.prune_objects();
    document.renumber_objects();
    for object in document.objects.values_mut() {
        if let Object::Stream(stream) = object
            && !stream.dict.has(b"Filter")
        {
            stream.compress()?;
        }
    }
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(lopdf::Error::from)?;
    Ok(Filled {
        fonts: fonts(&document),
        bytes,
    })
}

fn fonts(document: &Document) -> BTreeMap<String, bool> {
    let descriptors = document.objects.values().filter_map(|object| {
        let dictionary = object.as_dict().ok()?;
        let name = dictionary.get(b"FontName").ok()?.as_name().ok()?;
        let files = [&b"FontFile"[..], b"FontFile2", b"FontFile3"];
        let is_there = files.iter().any(|file| dictionary.has(file));
        Some((String::from_utf8_lossy(name).into_owned(), is_there))
    });
    descriptors.collect()
}

fn number_of(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where the places of the pages are among the objects.
fn places(document: &Document, sheets: &[ObjectId]) -> Result<BTreeMap<Vec<u8>, ObjectId>, Error> {
    let mut places = BTreeMap::new();
    for sheet in sheets {
        let resources = dictionary_at(document, document.get_dictionary(*sheet)?, b"Resources")?;
        let forms = dictionary_at(document, resources, b"XObject")?;
        for (name, place) in forms {
            places.insert(name.clone(), place.as_reference()?);
        }
    }
    Ok(places)
}

/// A dictionary in a dictionary, itself or by reference.
fn dictionary_at<'d>(
    document: &'d Document,
    dictionary: &'d Dictionary,
    key: &[u8],
) -> Result<&'d Dictionary, Error> {
    let (_, object) = document.dereference(dictionary.get(key)?)?;
    Ok(object.as_dict()?)
}

/// Gives a sheet its boxes, and of all that was drawn only what it shows.
fn finish_sheet(
    document: &mut Document,
    id: ObjectId,
    boxes: &Boxes,
    spaces: &Dictionary,
    group: &mut Option<ObjectId>,
) -> Result<(), Error> {
    let sheet = document.get_dictionary(id)?;
    let mut resources = dictionary_at(document, sheet, b"Resources")?.clone();
    let used = names_shown(document, id)?;
    let forms = dictionary_at(document, &resources, b"XObject")?;
    let forms: Dictionary = forms
        .iter()
        .filter(|(name, _)| used.contains(*name))
        .map(|(name, place)| (name.clone(), place.clone()))
        .collect();
    resources.set("XObject", forms);
    for unused in [&b"ExtGState"[..], b"Shading"] {
        resources.remove(unused);
    }
    if !spaces.is_empty() {
        resources.set("ColorSpace", spaces.clone());
    }
    // What is see-through is blended in inks, not in the colours of a screen.
    let group = *group.get_or_insert_with(|| {
        document.add_object(dictionary! {
            "Type" => "Group",
            "S" => "Transparency",
            "CS" => "DeviceCMYK",
        })
    });
    let has_inks = !spaces.is_empty();
    let sheet = document.get_object_mut(id)?.as_dict_mut()?;
    sheet.set("Resources", resources);
    sheet.set("MediaBox", area(boxes.media));
    sheet.set("CropBox", area(boxes.media));
    sheet.set("BleedBox", area(boxes.bleed));
    sheet.set("TrimBox", area(boxes.trim));
    sheet.remove(b"Annots");
    if has_inks {
        sheet.set("Group", group);
    }
    Ok(())
}

/// The names of the forms that a sheet shows.
fn names_shown(document: &Document, sheet: ObjectId) -> Result<BTreeSet<Vec<u8>>, Error> {
    let content = lopdf::content::Content::decode(&document.get_page_content(sheet))?;
    let shown = content.operations.into_iter().filter_map(|operation| {
        let shows = operation.operator == "Do";
        let name = operation.operands.into_iter().next()?;
        shows.then(|| name.as_name().map(<[u8]>::to_vec).ok())?
    });
    Ok(shown.collect())
}

fn area(area: Area) -> Object {
    Object::Array(area.iter().map(|edge| real(*edge)).collect())
}

fn real(number: f64) -> Object {
    Object::Real(number as f32)
}

/// The colour space of an ink with its own plate (ISO 32000-1 §8.6.6.4).
fn separation(ink: &Separation) -> Object {
    let function = dictionary! {
        "FunctionType" => 2,
        "Domain" => vec![0.into(), 1.into()],
        "C0" => vec![0.into(); 4],
        "C1" => ink.fallback.iter().map(|share| real(*share)).collect::<Vec<_>>(),
        "N" => 1,
    };
    Object::Array(vec![
        "Separation".into(),
        Object::Name(ink.name.clone().into_bytes()),
        "DeviceCMYK".into(),
        function.into(),
    ])
}

/// Says which printing condition the colours are meant for (ISO 32000-1
/// §14.11.5). This is no claim of PDF/X.
fn add_intent(document: &mut Document, profile: &[u8], name: &str) -> Result<(), Error> {
    let stream = Stream::new(dictionary! { "N" => 4 }, profile.to_vec());
    let profile = document.add_object(stream);
    let intent = dictionary! {
        "Type" => "OutputIntent",
        "S" => "GTS_PDFX",
        "OutputConditionIdentifier" => lopdf::text_string(name),
        "Info" => lopdf::text_string(name),
        "DestOutputProfile" => profile,
    };
    let catalog = document.catalog_mut()?;
    catalog.set("OutputIntents", vec![intent.into()]);
    Ok(())
}

/// Gives the file its title, its date and its identifier, which printpdf would draw
/// at random.
fn name_file(document: &mut Document, finish: &Finish) {
    let info = document.add_object(dictionary! {
        "Title" => lopdf::text_string(finish.title),
        "Creator" => lopdf::text_string("Pressroom"),
        "CreationDate" => Object::string_literal(finish.date),
        "ModDate" => Object::string_literal(finish.date),
        "Trapped" => "False",
    });
    document.trailer.set("Info", info);
    let digest = Sha256::digest(finish.identity);
    let name = Object::String(digest[..16].to_vec(), StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![name.clone(), name]);
}
