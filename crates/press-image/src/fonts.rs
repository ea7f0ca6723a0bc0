//! The bundled fonts. They are built into the program, so that an edition looks
//! the same on every machine; `templates/fonts/README.md` says what each is for.

use resvg::usvg::fontdb::{Database, FaceInfo, Style};

macro_rules! bundle {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../templates/fonts/", $name)) as &[u8])),+]
    };
}

/// Every bundled font by its file name, in the order in which they are preferred.
pub fn bundled() -> &'static [(&'static str, &'static [u8])] {
    bundle!(
        "SourceSerif4-Regular.ttf",
        "SourceSerif4-Italic.ttf",
        "SourceSerif4-Bold.ttf",
        "SourceSerif4-BoldItalic.ttf",
        "SourceSerif4Display-Semibold.ttf",
        "SourceSerif4Display-SemiboldItalic.ttf",
        "SourceSans3-Regular.ttf",
        "SourceSans3-Italic.ttf",
        "SourceSans3-SemiBold.ttf",
        "SourceSans3-Bold.ttf",
        "SourceSans3-BoldItalic.ttf",
        "SourceCodePro-Regular.ttf",
        "SourceCodePro-Bold.ttf",
        "EBGaramond-Regular.ttf",
        "EBGaramond-Italic.ttf",
        "EBGaramond-SemiBold.ttf",
        "EBGaramond-SemiBoldItalic.ttf",
        "NotoSerif-Regular.ttf",
        "NotoSansMath-Regular.ttf",
        "NotoSansSymbols-Regular.ttf",
        "NotoSansSymbols2-Regular.ttf",
        "NotoSerifHebrew-Regular.ttf",
        "NotoSerifHebrew-Bold.ttf",
        "NotoNaskhArabic-Regular.ttf",
        "NotoNaskhArabic-Bold.ttf",
        "NotoSerifSC-Regular.ttf",
        "NotoEmoji-Regular.ttf",
    )
}

/// A face of a family.
pub struct Face {
    /// From 100 to 900; 400 is regular.
    pub weight: u16,
    /// Whether it is slanted.
    pub is_italic: bool,
    /// Its file: TrueType or OpenType.
    pub bytes: Vec<u8>,
}

/// The faces of a family among the bundled fonts and those that a publication adds,
/// sorted by weight.
pub(crate) fn faces(database: &Database, family: &str) -> Vec<Face> {
    let is_of_it = |face: &&FaceInfo| face.families.iter().any(|(name, _)| name == family);
    let faces = database.faces().filter(is_of_it).filter_map(|face| {
        // Collections have no file of their own for a face.
        let bytes =
            database.with_face_data(face.id, |data, index| (index == 0).then(|| data.to_vec()));
        Some(Face {
            weight: face.weight.0,
            is_italic: face.style != Style::Normal,
            bytes: bytes??,
        })
    });
    let mut faces: Vec<Face> = faces.collect();
    faces.sort_by_key(|face| (face.weight, face.is_italic));
    faces
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn every_font_of_the_folder_is_bundled() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates/fonts");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.ends_with(".ttf"))
            .collect();
        let bundled: BTreeSet<String> = super::bundled()
            .iter()
            .map(|(name, _)| String::from(*name))
            .collect();
        assert_eq!(files, bundled);
    }
}
