//! What an element says of itself.

/// The attributes of an element.
pub(crate) trait Attributes {
    /// The value of an attribute, by its name as it is written.
    fn get(&self, name: &str) -> Option<&str>;
}

/// Whether an element begins and ends segments.
pub(crate) fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "caption"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "dt"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hgroup"
            | "hr"
            | "html"
            | "legend"
            | "li"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

/// Whether what an element holds is shown to nobody.
pub(super) fn is_hidden(name: &str, attributes: &dyn Attributes) -> bool {
    matches!(name, "head" | "script" | "style" | "template" | "title")
        || attributes.get("hidden").is_some()
}

/// Whether an element says that it is the body of a note.
pub(super) fn is_note(attributes: &dyn Attributes) -> bool {
    is(attributes, "doc-footnote", "footnote") || is(attributes, "doc-endnote", "endnote")
}

/// Whether an element has a role, or the EPUB type that means the same.
pub(super) fn is(attributes: &dyn Attributes, role: &str, kind: &str) -> bool {
    has(attributes.get("role"), role) || has(attributes.get("epub:type"), kind)
}

pub(super) fn has(tokens: Option<&str>, token: &str) -> bool {
    tokens.is_some_and(|tokens| tokens.split_ascii_whitespace().any(|one| one == token))
}

/// What an element can be led to by. Names stand for ids in old HTML.
pub(super) fn ids(attributes: &dyn Attributes) -> [Option<&str>; 2] {
    [attributes.get("id"), attributes.get("name")].map(|id| id.filter(|id| !id.is_empty()))
}

pub(super) fn number(value: Option<&str>) -> Option<i64> {
    value?.trim().parse().ok()
}
