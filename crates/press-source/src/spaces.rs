//! Spaces at which no line may end: between a figure and its unit, an initial
//! and its surname, an abbreviation and its number, by language. Nothing but
//! spaces is changed, and the same text comes of text that was set before.

use press_model::LanguageTag;

use crate::typography::Run;

const NO_BREAK: char = '\u{a0}';
const NARROW: char = '\u{202f}';
/// Stands for what is no word in the line: code, a picture, a mark of a note.
const OPAQUE: char = '\u{fffc}';

/// Binds what belongs together in the runs of one block.
pub fn bind(runs: &mut [Run], language: &LanguageTag) {
    let line = Line::of(runs, language);
    let mut bound = line.bound().into_iter().peekable();
    if bound.peek().is_none() {
        return;
    }
    let mut start = 0;
    for run in runs {
        match run {
            Run::Words(text) | Run::SoftBreak(text) => {
                let end = start + text.len();
                let mut set = String::new();
                let mut from = start;
                while let Some((at, space)) = bound.next_if(|(at, _)| *at < end) {
                    set.push_str(&text[from - start..at - start]);
                    set.push(space);
                    from = at + 1;
                }
                if from > start {
                    set.push_str(&text[from - start..]);
                    **text = set;
                }
                start = end;
            }
            Run::Kept(_) | Run::Solid(_) => start += OPAQUE.len_utf8(),
            Run::LineBreak => start += 1,
            Run::Enter(_) | Run::Leave => {}
        }
    }
}

/// The text of a block over all its runs.
struct Line {
    text: String,
    /// From where on each language holds.
    languages: Vec<(usize, Language)>,
}

impl Line {
    fn of(runs: &[Run], language: &LanguageTag) -> Line {
        let mut text = String::new();
        let mut open = vec![Language::of(language)];
        let mut languages = vec![(0, open[0])];
        for run in runs {
            match run {
                Run::Words(words) | Run::SoftBreak(words) => text.push_str(words),
                Run::Kept(_) | Run::Solid(_) => text.push(OPAQUE),
                Run::LineBreak => text.push('\n'),
                Run::Enter(language) => {
                    open.push(Language::of(language));
                    languages.push((text.len(), Language::of(language)));
                }
                Run::Leave => {
                    open.pop();
                    let around = open.last().copied().unwrap_or(Language::Other);
                    languages.push((text.len(), around));
                }
            }
        }
        Line { text, languages }
    }

    /// The spaces that are to be others, as their places in the text.
    fn bound(&self) -> Vec<(usize, char)> {
        self.text
            .match_indices(' ')
            .filter_map(|(at, _)| {
                let before = self.text[..at].rsplit(char::is_whitespace).next()?;
                let after = self.text[at + 1..].split(char::is_whitespace).next()?;
                let space = space_between(before, after, self.language(at))?;
                Some((at, space))
            })
            .collect()
    }

    fn language(&self, at: usize) -> Language {
        let next = self.languages.partition_point(|(from, _)| *from <= at);
        self.languages[next.max(1) - 1].1
    }
}

/// Those that have rules of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    German,
    French,
    Spanish,
    /// One whose abbreviations are not known here.
    Other,
}

impl Language {
    fn of(tag: &LanguageTag) -> Language {
        match tag.primary() {
            "en" => Language::English,
            "de" => Language::German,
            "fr" => Language::French,
            "es" => Language::Spanish,
            _ => Language::Other,
        }
    }

    /// What stands before a number and counts something: a page, a volume.
    fn before_numbers(self) -> &'static [&'static str] {
        match self {
            Language::English => &[
                "p.", "pp.", "no.", "nos.", "vol.", "vols.", "ch.", "chap.", "fig.", "figs.",
                "sec.", "art.", "eq.", "c.", "ca.",
            ],
            Language::German => &[
                "s.", "nr.", "bd.", "kap.", "abb.", "abs.", "art.", "tab.", "jg.", "z.", "ca.",
            ],
            Language::French => &[
                "p.", "pp.", "n°", "nº", "vol.", "chap.", "fig.", "art.", "t.", "env.",
            ],
            Language::Spanish => &[
                "p.", "pp.", "pág.", "págs.", "n.º", "núm.", "vol.", "cap.", "fig.", "art.",
            ],
            Language::Other => &["p.", "pp."],
        }
    }

    /// What stands before a name.
    fn before_names(self) -> &'static [&'static str] {
        match self {
            Language::English => &[
                "Mr", "Mr.", "Mrs", "Mrs.", "Ms", "Ms.", "Dr", "Dr.", "Prof.", "St", "St.",
            ],
            Language::German => &["Dr.", "Prof.", "Hr.", "Fr.", "St."],
            Language::French => &["Mme", "Mlle", "Dr", "Pr", "Me"],
            Language::Spanish => &["Sr.", "Sra.", "Dr.", "Dra.", "D.", "Dña."],
            Language::Other => &["Dr."],
        }
    }

    fn months(self) -> &'static [&'static str] {
        match self {
            Language::English => &[
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
            Language::German => &[
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
            Language::French => &[
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
            Language::Spanish | Language::Other => &[],
        }
    }

    /// Large numbers in words, and units that are not abbreviated. They follow
    /// figures.
    fn words_of_measure(self) -> &'static [&'static str] {
        match self {
            Language::English => &[
                "million",
                "billion",
                "trillion",
                "per",
                "percent",
                "nanometres",
                "nanometers",
                "micrometres",
                "micrometers",
                "millimetre",
                "millimetres",
                "millimeter",
                "millimeters",
                "centimetre",
                "centimetres",
                "centimeter",
                "centimeters",
                "metre",
                "metres",
                "meter",
                "meters",
                "kilometre",
                "kilometres",
                "kilometer",
                "kilometers",
                "inch",
                "inches",
                "foot",
                "feet",
                "yards",
                "mile",
                "miles",
                "acres",
                "hectare",
                "hectares",
                "milligrams",
                "gram",
                "grams",
                "kilogram",
                "kilograms",
                "pounds",
                "tonne",
                "tonnes",
                "tons",
                "millilitres",
                "milliliters",
                "litre",
                "litres",
                "liter",
                "liters",
                "nanoseconds",
                "microseconds",
                "milliseconds",
                "second",
                "seconds",
                "minute",
                "minutes",
                "hour",
                "hours",
                "degree",
                "degrees",
                "kelvin",
                "volts",
                "watts",
                "kilowatts",
                "megawatts",
                "gigawatts",
                "hertz",
                "bytes",
                "euros",
                "dollars",
                "yuan",
            ],
            Language::German => &[
                "Millionen",
                "Milliarden",
                "Billionen",
                "Mio",
                "Mrd",
                "Prozent",
                "Nanometer",
                "Mikrometer",
                "Millimeter",
                "Zentimeter",
                "Meter",
                "Kilometer",
                "Hektar",
                "Milligramm",
                "Gramm",
                "Kilogramm",
                "Kilo",
                "Pfund",
                "Tonnen",
                "Milliliter",
                "Liter",
                "Sekunden",
                "Minuten",
                "Stunden",
                "Uhr",
                "Grad",
                "Kelvin",
                "Volt",
                "Watt",
                "Kilowatt",
                "Megawatt",
                "Gigawatt",
                "Hertz",
                "Byte",
                "Euro",
                "Franken",
                "Dollar",
            ],
            Language::French => &[
                "millions",
                "milliards",
                "millénaires",
                "nanomètres",
                "micromètres",
                "millimètres",
                "centimètres",
                "mètres",
                "kilomètres",
                "hectares",
                "milligrammes",
                "grammes",
                "kilogrammes",
                "kilos",
                "tonnes",
                "millilitres",
                "litres",
                "secondes",
                "minutes",
                "heures",
                "degrés",
                "kelvins",
                "volts",
                "watts",
                "kilowatts",
                "mégawatts",
                "gigawatts",
                "hertz",
                "octets",
                "euros",
                "francs",
                "dollars",
            ],
            Language::Spanish => &[
                "millones",
                "mil",
                "nanómetros",
                "micrómetros",
                "milímetros",
                "centímetros",
                "metros",
                "kilómetros",
                "hectáreas",
                "miligramos",
                "gramos",
                "kilogramos",
                "kilos",
                "toneladas",
                "mililitros",
                "litros",
                "segundos",
                "minutos",
                "horas",
                "grados",
                "voltios",
                "vatios",
                "kilovatios",
                "megavatios",
                "gigavatios",
                "hercios",
                "bytes",
                "euros",
                "dólares",
            ],
            Language::Other => &[],
        }
    }
}

/// Units of the SI and what is used with them, information, and money.
const UNITS: &[&str] = &[
    "nm", "µm", "μm", "mm", "cm", "dm", "m", "km", "m²", "m³", "cm²", "cm³", "km²", "mm²", "ha",
    "µg", "mg", "g", "kg", "t", "Mt", "Gt", "ml", "mL", "cl", "dl", "l", "L", "hl", "ns", "µs",
    "ms", "s", "min", "h", "Hz", "kHz", "MHz", "GHz", "THz", "mW", "W", "kW", "MW", "GW", "TW",
    "Wh", "kWh", "MWh", "GWh", "TWh", "mV", "V", "kV", "mA", "Pa", "hPa", "kPa", "MPa", "GPa",
    "bar", "mbar", "J", "kJ", "MJ", "GJ", "kcal", "eV", "keV", "MeV", "GeV", "TeV", "N", "kN", "K",
    "mK", "mol", "mmol", "lm", "lx", "Bq", "Sv", "mSv", "dB", "°C", "°F", "km/h", "m/s", "mph",
    "px", "pt", "dpi", "ppm", "ppb", "kB", "MB", "GB", "TB", "PB", "kbit", "Mbit", "Gbit",
    "Gbit/s", "Mbit/s", "%", "‰", "€", "£", "$", "¥", "EUR", "USD", "GBP", "CHF", "CNY", "RMB",
];

/// The space that must stand between two words; none if any line may end there.
fn space_between(before: &str, after: &str, language: Language) -> Option<char> {
    if language == Language::French {
        let mark = after.trim_end_matches(['»', ')', '.', '…']);
        if matches!(mark, "!" | "?" | ";" | "!?" | "?!")
            || after.starts_with('»')
            || before.ends_with('«')
        {
            return Some(NARROW);
        }
        if mark == ":" {
            return Some(NO_BREAK);
        }
    }
    let before = before.trim_start_matches(is_opening);
    let bare = after.trim_end_matches(is_closing);
    let is_bound = if is_number(before) {
        UNITS.contains(&bare)
            || language.words_of_measure().contains(&bare)
            || is_day(before) && language.months().contains(&bare)
    } else if after.starts_with(|c: char| c.is_ascii_digit()) {
        matches!(before, "§" | "§§" | "№")
            || language
                .before_numbers()
                .contains(&before.to_lowercase().as_str())
    } else if after.starts_with(char::is_uppercase) {
        is_initials(before) || language.before_names().contains(&before)
    } else {
        false
    };
    let is_bound = is_bound
        || language == Language::German && is_letter(before) && is_letter(bare_letter(after));
    is_bound.then_some(NO_BREAK)
}

fn is_opening(c: char) -> bool {
    matches!(c, '(' | '[' | '“' | '‘' | '„' | '‚' | '«' | '‹' | '¡' | '¿')
}

fn is_closing(c: char) -> bool {
    matches!(
        c,
        ')' | ']' | '”' | '’' | '“' | '‘' | '»' | '›' | '.' | ',' | ';' | ':' | '!' | '?' | '…'
    )
}

/// Figures, with signs and what parts them: `1,400`, `−4.5`, `6–8`.
fn is_number(word: &str) -> bool {
    word.ends_with(|c: char| c.is_ascii_digit() || matches!(c, '½' | '¼' | '¾'))
        && word.chars().all(|c| {
            c.is_ascii_digit()
                || matches!(c, '.' | ',' | '’' | '−' | '-' | '–' | '+' | '±' | '~' | '½' | '¼' | '¾' | '×' | '/')
        })
        // In German the day has a point.
        || word.strip_suffix('.').is_some_and(is_day)
}

fn is_day(word: &str) -> bool {
    let last = word.rsplit('–').next().unwrap_or(word);
    let last = last.strip_suffix('.').unwrap_or(last);
    last.len() <= 2 && last.parse().is_ok_and(|day: u8| (1..=31).contains(&day))
}

/// Initials of a name: `J.`, `J.R.R.`, `J.-P.`
fn is_initials(word: &str) -> bool {
    !word.is_empty()
        && word.ends_with('.')
        && word.trim_end_matches('.').split('.').all(|part| {
            let mut letters = part.trim_start_matches('-').chars();
            letters.next().is_some_and(char::is_uppercase) && letters.next().is_none()
        })
}

/// A small letter with a point, as in `z. B.`
fn is_letter(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(char::is_alphabetic)
        && letters.next() == Some('.')
        && letters.next().is_none()
        && word.len() == 2
}

/// The word up to its first point.
fn bare_letter(word: &str) -> &str {
    word.find('.').map_or(word, |point| &word[..=point])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typography::{Run, set, set_plain};
    use proptest::prelude::*;

    /// `_` stands for a space that binds, `~` for a narrow one.
    fn check(language: &str, expect: &str) {
        let tag = LanguageTag::new(language).unwrap();
        let text = expect.replace(['_', '~'], " ");
        let expect = expect.replace('_', "\u{a0}").replace('~', "\u{202f}");
        assert_eq!(set_plain(&text, &tag), expect, "{language}");
    }

    #[test]
    fn figures_and_what_they_count() {
        check("en", "5_km, 1,400_kg and (12_%) of 3 men in 2024 went");
        check("en", "6–8_November, 31_May; 2024 May");
        check("en", "see p._3, pp._4–5, No._7, §_12, fig._2.");
        check("en", "he said so. 5_million did");
        check("de", "am 3._Januar, S._12, Nr._5, 5_Mio.");
        check("de", "z._B. und d._h. so");
        check(
            "en",
            "to 0.1_millimetres, (3_feet) and 20_degrees; metres 5 and 6 teams",
        );
        check("de", "20_Kilometer, 8_Uhr und 3 Leute");
        check("fr", "3_km, n°_5, 20_litres, 1 homme");
        check("es", "20_grados, 1 hombre");
        check("zh", "3_km");
    }

    #[test]
    fn names() {
        check("en", "J._S._Bach, J.R.R._Tolkien, Dr_Ada, St._Ives");
        check("fr", "J.-P._Sartre et Mme_Curie");
        check("en", "plan b. The end; the Dr of it");
    }

    #[test]
    fn french_marks() {
        check("fr", "Quoi~? Oui~! Ceci_: cela~; «~ainsi~».");
        check("en", "Quoi ? Oui !");
    }

    #[test]
    fn over_borders_and_by_the_language_of_the_place() {
        let (mut one, mut two, mut code, mut three) = (
            "It is 5 ".to_owned(),
            "km ".to_owned(),
            "6 km".to_owned(),
            " Nr. 5".to_owned(),
        );
        set(
            &mut [
                Run::Words(&mut one),
                Run::Words(&mut two),
                Run::Kept(&mut code),
                Run::Enter(LanguageTag::new("de").unwrap()),
                Run::Words(&mut three),
                Run::Leave,
            ],
            &LanguageTag::new("en").unwrap(),
        );
        assert_eq!(
            [one.as_str(), &two, &code, &three],
            ["It is 5\u{a0}", "km ", "6 km", " Nr.\u{a0}5"]
        );
    }

    proptest! {
        /// Nothing but spaces changes, and setting again changes nothing.
        #[test]
        fn only_spaces_change(
            parts in prop::collection::vec("[A-Zp-s. ]{0,4}|5|No. |km |[!?:;»«] | ", 0..12),
            language in "en|de|fr|es|sv",
        ) {
            let tag = LanguageTag::new(&language).unwrap();
            let mut runs: Vec<String> = parts.clone();
            bind(&mut runs.iter_mut().map(Run::Words).collect::<Vec<_>>(), &tag);
            for (set, part) in runs.iter().zip(&parts) {
                prop_assert_eq!(set.chars().count(), part.chars().count());
                for (one, other) in set.chars().zip(part.chars()) {
                    prop_assert!(one == other || other == ' ' && matches!(one, NO_BREAK | NARROW));
                }
            }
            let once = runs.clone();
            bind(&mut runs.iter_mut().map(Run::Words).collect::<Vec<_>>(), &tag);
            prop_assert_eq!(runs, once);
        }
    }
}
