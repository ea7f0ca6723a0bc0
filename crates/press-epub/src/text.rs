//! Running text as XHTML: where links lead in the book, and what notes, pictures
//! and anchors look like there.

use std::collections::BTreeMap;

use press_model::{
    AssetPath, Inline, Issue, LinkTarget, Met, NoteNumber, Picture, Publication, Slug, walk,
};
use press_template::{InlineTarget, escape_html, inline_html};

use crate::order::{Part, article_id, parts};
use crate::pictures::PictureFile;

/// Where every article stands that a link may lead to.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// In this book.
    inside: BTreeMap<Slug, Place>,
    /// On the web, for articles that this edition does not carry.
    outside: BTreeMap<Slug, String>,
}

#[derive(Debug)]
struct Place {
    file: String,
    /// The article's id, where it has no file of its own.
    id: Option<String>,
}

impl Places {
    /// The places of an issue.
    pub fn of(publication: &Publication, issue: &Issue) -> Places {
        let mut places = Places::default();
        for part in parts(issue) {
            for article in part.articles() {
                let place = Place {
                    file: part.file(),
                    id: match part {
                        Part::Opening { .. } | Part::Briefs { .. } => {
                            Some(article_id(&article.slug))
                        }
                        Part::Article { .. } => None,
                    },
                };
                places.inside.insert(article.slug.clone(), place);
            }
        }
        walk(publication, issue, &mut |met, _| {
            if let Met::Link(LinkTarget::Place { article, .. }) = met
                && !places.inside.contains_key(article)
                && let Some(address) = issue.article_web_address(publication, article)
            {
                places.outside.insert(article.clone(), address);
            }
        });
        places
    }

    fn href(&self, article: &Slug, id: Option<&str>) -> Option<String> {
        let Some(place) = self.inside.get(article) else {
            return self.outside.get(article).cloned();
        };
        Some(match id.or(place.id.as_deref()) {
            Some(id) => format!("{}#{id}", place.file),
            None => place.file.clone(),
        })
    }
}

/// What running text needs to know of the book.
#[derive(Debug)]
pub(crate) struct Text {
    /// Where links lead.
    pub places: Places,
    /// The pictures in the book.
    pub pictures: BTreeMap<AssetPath, PictureFile>,
}

impl Text {
    /// Running text as XHTML.
    pub fn html(&self, content: Vec<Inline>) -> String {
        let mut out = String::new();
        inline_html(&content, self, &mut out);
        out
    }
}

impl InlineTarget for Text {
    fn href(&self, target: &LinkTarget) -> Option<String> {
        match target {
            LinkTarget::Address { url } => Some(url.clone()),
            LinkTarget::Place { article, id } => self.places.href(article, id.as_deref()),
        }
    }

    /// Without elements inside the link, or Kobos do not pop the note up.
    fn note_reference(&self, NoteNumber(note): NoteNumber, occurrence: u32, out: &mut String) {
        out.push_str(&format!(
            "<a class=\"noteref\" epub:type=\"noteref\" role=\"doc-noteref\" \
             href=\"#n-{note}\" id=\"r-{note}.{occurrence}\">{note}</a>"
        ));
    }

    fn picture(&self, picture: &Picture, out: &mut String) {
        // Every picture of the issue was prepared before its text is written.
        let Some(file) = self.pictures.get(&picture.asset) else {
            return escape_html(&picture.alt, out);
        };
        out.push_str("<img class=\"inline\" src=\"");
        escape_html(&file.href, out);
        out.push_str("\" alt=\"");
        escape_html(&picture.alt, out);
        out.push_str(&format!(
            "\" width=\"{}\" height=\"{}\"/>",
            file.inline_width, file.inline_height
        ));
    }

    fn anchor(&self, id: &str, out: &mut String) {
        out.push_str("<span id=\"");
        escape_html(id, out);
        out.push_str("\"></span>");
    }

    fn xml(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Inline {
        Inline::Text { text: text.into() }
    }

    fn link(content: Vec<Inline>) -> Inline {
        Inline::Link {
            span: Default::default(),
            target: LinkTarget::Address {
                url: "https://a.example/".into(),
            },
            content,
        }
    }

    fn note() -> Inline {
        Inline::NoteReference {
            span: Default::default(),
            note: NoteNumber(3),
            occurrence: 1,
        }
    }

    fn check(content: Vec<Inline>, expected: &str) {
        let text = Text {
            places: Places::default(),
            pictures: BTreeMap::new(),
        };
        assert_eq!(text.html(content), expected);
    }

    #[test]
    fn links_do_not_nest() {
        let reference = "<a class=\"noteref\" epub:type=\"noteref\" role=\"doc-noteref\" \
                         href=\"#n-3\" id=\"r-3.1\">3</a>";
        let strong = Inline::Strong {
            content: vec![words("b"), note()],
        };
        check(
            vec![link(vec![words("a"), strong, link(vec![words("c")])])],
            &format!("<a href=\"https://a.example/\">a<strong>b</strong>c</a>{reference}"),
        );
        check(vec![link(vec![note()])], reference);
    }
}
