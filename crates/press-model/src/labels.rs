//! The words that the tool itself puts into an edition, by the publication's
//! language, and its dates.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use crate::{AsideKind, LanguageTag};

/// The words that the tool itself puts into an edition. A language without a
/// table of its own has the English one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // Each field is named by its English words.
pub struct Labels {
    /// The language of these words, which a publication in another language
    /// must mark.
    pub language: &'static str,
    pub in_this_issue: &'static str,
    pub contents: &'static str,
    pub cover: &'static str,
    /// Before the number of an issue: `Issue 12`.
    pub issue: &'static str,
    /// Between the bylines and their names: `By Ada`.
    pub by: &'static str,
    /// After a number of minutes: `4 min`.
    pub minutes: &'static str,
    pub brief: &'static str,
    pub briefs: &'static str,
    /// Over briefs that follow an article.
    pub in_brief: &'static str,
    /// Above the addresses at the end of a text without live links.
    pub links: &'static str,
    pub notes: &'static str,
    /// Before the number of a note, for screen readers: `Note 3`.
    pub note_number: &'static str,
    pub back_to_text: &'static str,
    pub corrections: &'static str,
    pub colophon: &'static str,
    pub illustration: &'static str,
    /// Over the long description of a picture.
    pub description: &'static str,
    /// For screen readers, over the list of an e-book's main places.
    pub landmarks: &'static str,
    /// Over the list of the printed pages.
    pub pages: &'static str,
    /// After the title, where it names the pages that are numbered.
    pub print_edition: &'static str,
    /// Before the credit of a picture.
    pub credit: &'static str,
    pub read_on_the_web: &'static str,
    /// Below the beginning of an article that goes on there.
    pub continue_on_the_web: &'static str,
    /// Before the editions that are attached to an email: `Attached: EPUB`.
    pub attached: &'static str,
    /// Before those that it leads to.
    pub download: &'static str,
    pub unsubscribe: &'static str,
    /// Why the reader gets this email; `{title}` stands for the publication.
    pub why_you_get_this: &'static str,
    pub note: &'static str,
    pub tip: &'static str,
    pub important: &'static str,
    pub warning: &'static str,
    pub caution: &'static str,
}

impl Labels {
    /// The words for a publication in `language`.
    pub fn of(language: &LanguageTag) -> &'static Labels {
        match language.primary() {
            "de" => &GERMAN,
            "fr" => &FRENCH,
            "es" => &SPANISH,
            "zh" => &CHINESE,
            _ => &ENGLISH,
        }
    }

    /// The label of an aside without a title.
    pub fn aside(&self, kind: AsideKind) -> &'static str {
        match kind {
            AsideKind::Note => self.note,
            AsideKind::Tip => self.tip,
            AsideKind::Important => self.important,
            AsideKind::Warning => self.warning,
            AsideKind::Caution => self.caution,
        }
    }
}

/// The month and the year as an issue carries them: `November 2024`.
pub fn month_and_year(date: NaiveDate, language: &LanguageTag) -> String {
    let month = month_name(date, language);
    match language.primary() {
        "zh" | "ja" => format!("{}年{}月", date.year(), date.month()),
        "es" => format!("{month} de {}", date.year()),
        _ => format!("{month} {}", date.year()),
    }
}

/// The month alone, as the foot of a page carries it: `November`.
pub fn month(date: NaiveDate, language: &LanguageTag) -> String {
    match language.primary() {
        "zh" | "ja" => format!("{}月", date.month()),
        _ => month_name(date, language).into(),
    }
}

/// A whole date: `30 November 2024`.
pub fn long_date(date: NaiveDate, language: &LanguageTag) -> String {
    let (day, month, year) = (date.day(), month_name(date, language), date.year());
    match (language.primary(), language.region()) {
        ("zh" | "ja", _) => format!("{year}年{}月{day}日", date.month()),
        ("de", _) => format!("{day}. {month} {year}"),
        ("fr", _) if day == 1 => format!("1er {month} {year}"),
        ("es", _) => format!("{day} de {month} de {year}"),
        ("en", Some("US")) => format!("{month} {day}, {year}"),
        _ => format!("{day} {month} {year}"),
    }
}

fn month_name(date: NaiveDate, language: &LanguageTag) -> &'static str {
    let months: &[&str; 12] = match language.primary() {
        "de" => &[
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ],
        "fr" => &[
            "janvier",
            "février",
            "mars",
            "avril",
            "mai",
            "juin",
            "juillet",
            "août",
            "septembre",
            "octobre",
            "novembre",
            "décembre",
        ],
        "es" => &[
            "enero",
            "febrero",
            "marzo",
            "abril",
            "mayo",
            "junio",
            "julio",
            "agosto",
            "septiembre",
            "octubre",
            "noviembre",
            "diciembre",
        ],
        _ => &[
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    };
    months[date.month0() as usize]
}

const ENGLISH: Labels = Labels {
    language: "en",
    in_this_issue: "In this issue",
    contents: "Contents",
    cover: "Cover",
    issue: "Issue",
    by: "By",
    minutes: "min",
    brief: "brief",
    briefs: "briefs",
    in_brief: "In brief",
    links: "Links",
    notes: "Notes",
    note_number: "Note",
    back_to_text: "Back to the text",
    corrections: "Corrections",
    colophon: "Colophon",
    illustration: "Illustration",
    description: "Description",
    landmarks: "Landmarks",
    pages: "Pages",
    print_edition: "print edition",
    credit: "Credit",
    read_on_the_web: "Read on the web",
    continue_on_the_web: "Continue on the web",
    attached: "Attached",
    download: "Download",
    unsubscribe: "Unsubscribe",
    why_you_get_this: "You receive this because you subscribed to {title}.",
    note: "Note",
    tip: "Tip",
    important: "Important",
    warning: "Warning",
    caution: "Caution",
};

const GERMAN: Labels = Labels {
    language: "de",
    in_this_issue: "In dieser Ausgabe",
    contents: "Inhalt",
    cover: "Titelseite",
    issue: "Ausgabe",
    by: "Von",
    minutes: "Min.",
    brief: "Meldung",
    briefs: "Meldungen",
    in_brief: "Kurz gemeldet",
    links: "Links",
    notes: "Anmerkungen",
    note_number: "Anmerkung",
    back_to_text: "Zurück zum Text",
    corrections: "Berichtigungen",
    colophon: "Impressum",
    illustration: "Abbildung",
    description: "Beschreibung",
    landmarks: "Orientierungspunkte",
    pages: "Seiten",
    print_edition: "Druckausgabe",
    credit: "Bild",
    read_on_the_web: "Im Web lesen",
    continue_on_the_web: "Im Web weiterlesen",
    attached: "Angehängt",
    download: "Herunterladen",
    unsubscribe: "Abbestellen",
    why_you_get_this: "Sie erhalten diese E-Mail, weil Sie {title} abonniert haben.",
    note: "Hinweis",
    tip: "Tipp",
    important: "Wichtig",
    warning: "Warnung",
    caution: "Vorsicht",
};

const FRENCH: Labels = Labels {
    language: "fr",
    in_this_issue: "Dans ce numéro",
    contents: "Sommaire",
    cover: "Couverture",
    issue: "Numéro",
    by: "Par",
    minutes: "min",
    brief: "brève",
    briefs: "brèves",
    in_brief: "En bref",
    links: "Liens",
    notes: "Notes",
    note_number: "Note",
    back_to_text: "Retour au texte",
    corrections: "Rectificatifs",
    colophon: "Colophon",
    illustration: "Illustration",
    description: "Description",
    landmarks: "Points de repère",
    pages: "Pages",
    print_edition: "édition imprimée",
    credit: "Crédit",
    read_on_the_web: "Lire sur le web",
    continue_on_the_web: "Lire la suite sur le web",
    attached: "En pièce jointe",
    download: "À télécharger",
    unsubscribe: "Se désabonner",
    why_you_get_this: "Vous recevez ce message car vous êtes abonné à {title}.",
    note: "Note",
    tip: "Conseil",
    important: "Important",
    warning: "Avertissement",
    caution: "Attention",
};

const SPANISH: Labels = Labels {
    language: "es",
    in_this_issue: "En este número",
    contents: "Contenido",
    cover: "Portada",
    issue: "Número",
    by: "Por",
    minutes: "min",
    brief: "breve",
    briefs: "breves",
    in_brief: "En breve",
    links: "Enlaces",
    notes: "Notas",
    note_number: "Nota",
    back_to_text: "Volver al texto",
    corrections: "Correcciones",
    colophon: "Colofón",
    illustration: "Ilustración",
    description: "Descripción",
    landmarks: "Puntos de referencia",
    pages: "Páginas",
    print_edition: "edición impresa",
    credit: "Crédito",
    read_on_the_web: "Leer en la web",
    continue_on_the_web: "Seguir leyendo en la web",
    attached: "Adjunto",
    download: "Para descargar",
    unsubscribe: "Darse de baja",
    why_you_get_this: "Recibe este mensaje porque está suscrito a {title}.",
    note: "Nota",
    tip: "Consejo",
    important: "Importante",
    warning: "Advertencia",
    caution: "Precaución",
};

const CHINESE: Labels = Labels {
    language: "zh",
    in_this_issue: "本期内容",
    contents: "目录",
    cover: "封面",
    issue: "期号",
    by: "作者",
    minutes: "分钟",
    brief: "则简讯",
    briefs: "则简讯",
    in_brief: "简讯",
    links: "链接",
    notes: "注释",
    note_number: "注",
    back_to_text: "返回正文",
    corrections: "更正",
    colophon: "出版说明",
    illustration: "插图",
    description: "图片描述",
    landmarks: "导航点",
    pages: "页码",
    print_edition: "印刷版",
    credit: "图",
    read_on_the_web: "在线阅读",
    continue_on_the_web: "在线阅读全文",
    attached: "附件",
    download: "下载",
    unsubscribe: "退订",
    why_you_get_this: "您收到此邮件，因为您订阅了{title}。",
    note: "说明",
    tip: "提示",
    important: "重要",
    warning: "警告",
    caution: "注意",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_by_language() {
        let date = NaiveDate::from_ymd_opt(2024, 11, 1).unwrap();
        let show = |tag| {
            let tag = LanguageTag::new(tag).unwrap();
            (month_and_year(date, &tag), long_date(date, &tag))
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(show("en"), pair("November 2024", "1 November 2024"));
        assert_eq!(show("en-US"), pair("November 2024", "November 1, 2024"));
        assert_eq!(show("de"), pair("November 2024", "1. November 2024"));
        assert_eq!(show("fr"), pair("novembre 2024", "1er novembre 2024"));
        assert_eq!(
            show("es"),
            pair("noviembre de 2024", "1 de noviembre de 2024")
        );
        assert_eq!(show("zh"), pair("2024年11月", "2024年11月1日"));
    }
}
