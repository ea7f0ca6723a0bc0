//! Figures: their alternative texts, alone or in a line, and their captions.

use hayro_syntax::object::{Dict, MaybeRef, Name, Object, Rect};

use super::role::Role;
use super::{DEPTH, Inherited, Walker};
use crate::carried::{Kind, PICTURE};
use crate::pdf::line::Place;
use crate::pdf::string::text;

impl<'f> Walker<'_, 'f> {
    /// A figure in a line is a part of it; any other is a segment. One that draws
    /// nothing is none, whatever it says.
    pub(super) fn figure(&mut self, element: &Dict<'f>, inner: &Inherited) {
        if !self.draws(element, inner) {
            self.captions(element, inner);
            return;
        }
        let alternative = element.get("Alt").or_else(|| element.get("ActualText"));
        let alternative = alternative.map(text).unwrap_or_default();
        let place = self.place(element, inner);
        if self.open.is_some() || inner.joined.is_some() {
            self.literal(format!("{PICTURE}{alternative}{PICTURE}"), place, inner);
            return;
        }
        let mut picture = inner.clone();
        picture.kind = Kind::Picture;
        self.literal(alternative, place, &picture);
        self.begin(&picture).kept = true;
        self.finish();
        self.captions(element, inner);
    }

    /// Whether anything can be seen of an element but its captions.
    fn draws(&self, element: &Dict<'f>, around: &Inherited) -> bool {
        if around.depth >= DEPTH {
            return false;
        }
        let mut inner = around.clone();
        inner.depth += 1;
        inner.page = self.page(element).or(around.page);
        let kids = self.kids_of(element);
        kids.iter().any(|kid| match self.file.resolve(kid) {
            Some(Object::Dict(dict)) => match dict.get::<Name>("Type").as_deref() {
                Some(b"MCR" | b"OBJR") => self.shows(kid, &inner),
                _ => self.role(&dict) != Role::Caption && self.draws(&dict, &inner),
            },
            _ => self.shows(kid, &inner),
        })
    }

    fn shows(&self, kid: &MaybeRef<Object<'f>>, inner: &Inherited) -> bool {
        let mark = self.file.resolve(kid).and_then(|kid| self.mark(kid, inner));
        mark.is_some_and(|mark| self.content.shows(mark))
    }

    /// The captions within a figure; what else it shows, its alternative text says.
    fn captions(&mut self, element: &Dict<'f>, inner: &Inherited) {
        for kid in self.kids_of(element) {
            let element = self.file.resolve(&kid).and_then(Object::into_dict);
            if element.is_some_and(|element| self.role(&element) == Role::Caption) {
                self.kid(kid, inner);
            }
        }
    }

    /// Where an element says that it stands.
    fn place(&self, element: &Dict<'f>, inner: &Inherited) -> Option<Place> {
        let said = self.attribute(element, "BBox")?;
        let said = Rect::try_from(said).ok()?;
        let (x, other_x) = (said.x0 as f32, said.x1 as f32);
        let (y, other_y) = (said.y0 as f32, said.y1 as f32);
        Some(Place {
            page: inner.page?,
            left: x.min(other_x),
            right: x.max(other_x),
            top: y.max(other_y),
            base: y.min(other_y),
            size: 0.0,
        })
    }
}
