//! Which client ignores which declaration, by the data of caniemail.com.
//!
//! A declaration may be used if every client follows it, or if it stands in the
//! list of what does no harm where it is ignored, with the reason why.

/// What clients ignore, a line for each property or declaration.
const SUPPORT: &str = include_str!("support.tsv");

/// What every client follows and the data need not say.
const UNIVERSAL: [&str; 5] = [
    "color",
    "font-family",
    "font-style",
    "font-variant",
    "content",
];

/// What some clients ignore without harm.
const DEGRADES_WELL: [(&str, &str); 18] = [
    (
        "color-scheme",
        "without it a client chooses its own colours",
    ),
    ("supported-color-schemes", "the older name of color-scheme"),
    (
        "display:none",
        "what is hidden so is empty or said elsewhere",
    ),
    (
        "display:block",
        "a picture that stands by itself has its own row",
    ),
    ("height", "stands beside the attribute"),
    ("hyphens", "words stay whole"),
    (
        "max-height",
        "hides the preheader in clients that have no other way",
    ),
    ("mso-hide:all", "Outlook's own, for the preheader"),
    ("overflow", "a wide table makes the page wide"),
    ("overflow-x", "a wide table makes the page wide"),
    ("overflow-y", "nothing is cut"),
    ("table-layout", "a column grows with a long word"),
    ("text-decoration", "links have a colour too"),
    ("list-style", "the client's own marks"),
    ("white-space", "code runs on"),
    ("word-break", "a long word makes the page wide"),
    ("word-wrap", "a long word makes the page wide"),
    ("overflow-wrap", "a long word makes the page wide"),
];

/// Why a declaration should not be used: who ignores it. None where it may be.
pub(crate) fn complaint(property: &str, value: &str) -> Option<String> {
    let declaration = format!("{property}:{value}");
    let is_listed = |name: &str| DEGRADES_WELL.iter().any(|(known, _)| *known == name);
    if property.starts_with("mso-")
        || UNIVERSAL.contains(&property)
        || is_listed(property)
        || is_listed(&declaration)
    {
        return None;
    }
    match ignored_by(&declaration).or_else(|| ignored_by(of_group(property))) {
        Some("") => None,
        Some(clients) => Some(format!("`{property}` is ignored by {}", first(clients))),
        None if property == "display" => None,
        None => Some(format!(
            "no client is known to follow `{property}`: caniemail.com does not list it"
        )),
    }
}

/// The clients that ignore it; empty where none does, and none where it is not known.
fn ignored_by(name: &str) -> Option<&'static str> {
    let lines = SUPPORT.lines().filter(|line| !line.starts_with('#'));
    let mut found = lines.filter_map(|line| line.split_once('\t'));
    found
        .find(|(known, _)| *known == name)
        .map(|(_, clients)| clients)
}

/// The property under which the data hold this one: they know the sides of a box
/// together.
fn of_group(property: &str) -> &str {
    const GROUPS: [&str; 3] = ["margin", "padding", "border"];
    const OWN: [&str; 4] = [
        "border-collapse",
        "border-spacing",
        "border-radius",
        "border-image",
    ];
    let is_side = |group: &&str| {
        let rest = property
            .strip_prefix(*group)
            .and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(|rest| !rest.contains("inline") && !rest.contains("block"))
    };
    if OWN.contains(&property) {
        return property;
    }
    if property.ends_with("-radius") {
        return "border-radius";
    }
    GROUPS.into_iter().find(is_side).unwrap_or(property)
}

/// The first few of a list.
fn first(clients: &str) -> String {
    const NAMED: usize = 3;
    let all: Vec<&str> = clients.split(", ").collect();
    match all.len() {
        0..=NAMED => clients.to_owned(),
        count => format!("{} and {} more", all[..NAMED].join(", "), count - NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_that_fails_is_named() {
        let complaint = complaint("border-radius", "4px").unwrap();
        assert!(
            complaint.starts_with("`border-radius` is ignored by Outlook for Windows, "),
            "{complaint}"
        );
        assert!(
            super::complaint("display", "flex")
                .unwrap()
                .contains("Outlook")
        );
        assert!(super::complaint("position", "absolute").is_some());
        assert!(
            super::complaint("colour", "red")
                .unwrap()
                .contains("no client")
        );
        for (property, value) in [
            ("padding-left", "1px"),
            ("border-top", "0"),
            ("color", "red"),
            ("font-size", "16px"),
            ("mso-hide", "all"),
            ("display", "none"),
        ] {
            assert_eq!(super::complaint(property, value), None, "{property}");
        }
    }

    #[test]
    fn what_degrades_well_would_be_told_otherwise() {
        let lines = SUPPORT.lines().filter(|line| !line.starts_with('#'));
        assert!(lines.clone().count() > 100);
        for line in lines {
            let (name, clients) = line.split_once('\t').unwrap();
            assert!(!name.is_empty() && !clients.ends_with(' '), "{line}");
        }
    }
}
