//! A PDF as `hayro-syntax` opens it, and what is asked of it beyond that.

use std::collections::{HashMap, HashSet};

use hayro_syntax::object::{Array, Dict, MaybeRef, Object, ObjectIdentifier, Rect};
use hayro_syntax::page::Page;
use hayro_syntax::reader::{Reader, ReaderContext, ReaderExt};
use hayro_syntax::{LoadPdfError, Pdf};

use crate::Unreadable;

/// An open file.
pub(super) struct File {
    pdf: Pdf,
    page_of: HashMap<ObjectIdentifier, usize>,
}

impl File {
    /// Opens a file by its tables of objects or, where they are broken, by what
    /// looks like an object in it.
    pub(super) fn open(bytes: &[u8]) -> Result<Self, Unreadable> {
        let pdf = Pdf::new(bytes.to_vec()).map_err(|error| {
            Unreadable(match error {
                LoadPdfError::Decryption(_) => "the PDF is encrypted".into(),
                LoadPdfError::Invalid => "not a PDF: it has no catalog or no pages".into(),
            })
        })?;
        let numbers = pdf.pages().iter().enumerate();
        let page_of = numbers
            .filter_map(|(index, page)| Some((page.raw().obj_id()?, index)))
            .collect();
        Ok(File { pdf, page_of })
    }

    /// The dictionary from which all else is reached.
    pub(super) fn catalog(&self) -> Option<Dict<'_>> {
        self.object(self.pdf.xref().root_id())?.into_dict()
    }

    /// The pages in their order.
    pub(super) fn pages(&self) -> &[Page<'_>] {
        self.pdf.pages()
    }

    /// The index of a page, by the number of its object.
    pub(super) fn page(&self, number: ObjectIdentifier) -> Option<usize> {
        self.page_of.get(&number).copied()
    }

    /// The annotations of all pages that take up room (12.5.2): what else is one
    /// cannot be pressed.
    pub(super) fn annotations(&self) -> HashSet<ObjectIdentifier> {
        let mut found = HashSet::new();
        for page in self.pages() {
            let all = page.raw().get::<Array>("Annots").unwrap_or_default();
            let numbers = elements(&all).filter_map(|one| reference(&one));
            found.extend(numbers.filter(|number| {
                let annotation = self.object(*number).and_then(Object::into_dict);
                let place = annotation.and_then(|annotation| annotation.get::<Rect>("Rect"));
                place.is_some_and(|place| place.x0 != place.x1 && place.y0 != place.y1)
            }));
        }
        found
    }

    /// The title in the older dictionary of information.
    pub(super) fn title(&self) -> Option<&[u8]> {
        self.pdf.metadata().title.as_deref()
    }

    /// The object of that number.
    pub(super) fn object(&self, number: ObjectIdentifier) -> Option<Object<'_>> {
        self.pdf.xref().get(number)
    }

    /// The object itself, wherever it stands.
    pub(super) fn resolve<'f>(&'f self, object: &MaybeRef<Object<'f>>) -> Option<Object<'f>> {
        match object {
            MaybeRef::Ref(reference) => self.object((*reference).into()),
            MaybeRef::NotRef(object) => Some(object.clone()),
        }
    }
}

/// The number of an object that is referred to.
pub(super) fn reference(object: &MaybeRef<Object>) -> Option<ObjectIdentifier> {
    object.as_obj_ref().map(ObjectIdentifier::from)
}

/// The elements of an array as they stand, references unresolved.
///
/// The library unwraps each, because it could pass over it when it read the whole.
/// It passes over more than it can read, a sign without digits for one; so all are
/// tried first, and an array with such an element has none.
pub(super) fn elements<'f>(array: &Array<'f>) -> impl Iterator<Item = MaybeRef<Object<'f>>> {
    let context = ReaderContext::dummy();
    let mut reader = Reader::new(array.data());
    let readable = loop {
        reader.skip_white_spaces_and_comments();
        if reader.at_end() {
            break true;
        }
        match reader.read::<MaybeRef<Object>>(&context) {
            // None can stand in an array, and with a length elsewhere it may end
            // elsewhere.
            None | Some(MaybeRef::NotRef(Object::Stream(_))) => break false,
            Some(_) => {}
        }
    };
    readable.then(|| array.raw_iter()).into_iter().flatten()
}
