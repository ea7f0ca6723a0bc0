//! Links: the elements that are one, and where their annotations lead.

use hayro_syntax::object::{self, Dict, Name};

use super::role::Role;
use super::{Inherited, Walker};
use crate::pdf::line::Piece;

/// In how many elements in a line a link's annotation is sought, one in another.
const INNER: usize = 2;

impl<'f> Walker<'_, 'f> {
    /// The words of a link, between its ends.
    pub(super) fn link(&mut self, element: &Dict<'f>, inner: &Inherited) {
        let Some(annotation) = self.annotation(element, 0) else {
            self.content(element, inner);
            return;
        };
        self.linked(annotation, |walker| walker.content(element, inner));
    }

    /// What is read as the words of a link.
    pub(super) fn linked(&mut self, annotation: Dict<'f>, read: impl FnOnce(&mut Self)) {
        let key = self.targets.len();
        self.targets.push(annotation);
        self.links.push(key);
        if let Some(open) = &mut self.open {
            open.pieces.push(Piece::Begin(key));
        }
        read(self);
        self.links.pop();
        if let Some(open) = &mut self.open {
            open.pieces.push(Piece::End(key));
        }
    }

    /// The first annotation that an element refers to.
    pub(super) fn annotation(&self, element: &Dict<'f>, depth: usize) -> Option<Dict<'f>> {
        let own = self.elements_of(element).find_map(|kid| {
            if kid.get::<Name>("Type").as_deref() != Some(b"OBJR") {
                return None;
            }
            // A page knows those that can be pressed.
            let number = kid.get_ref("Obj")?;
            if !self.annotations.contains(&number.into()) {
                return None;
            }
            let annotation = kid.get::<Dict>("Obj")?;
            let leads = annotation.contains_key("A") || annotation.contains_key("Dest");
            leads.then_some(annotation)
        });
        own.or_else(|| {
            let kids = self.elements_of(element);
            let mut inner = kids
                .filter(|kid| depth < INNER && matches!(self.role(kid), Role::Inline | Role::Link));
            inner.find_map(|kid| self.annotation(&kid, depth + 1))
        })
    }
}

/// The address that an annotation leads to.
pub(super) fn address(annotation: &Dict) -> Option<String> {
    let action = annotation.get::<Dict>("A")?;
    let address = action.get::<object::String>("URI")?;
    Some(String::from_utf8_lossy(&address).into_owned())
}
