//! The profile of a printing condition: whether a file is one, and what it says
//! about colours.

use moxcms::{
    ColorProfile, DataColorSpace, Layout, LocalizableString, ProfileClass, ProfileText,
    RenderingIntent, Transform8BitExecutor, TransformOptions,
};
use press_model::{Code, Diagnostic, ProfileFile};
use std::sync::Arc;

/// A profile of a press: from colours to cyan, magenta, yellow and black.
pub struct Profile<'a> {
    bytes: &'a [u8],
    name: String,
    parsed: ColorProfile,
}

impl<'a> Profile<'a> {
    /// Reads a profile.
    ///
    /// # Errors
    /// A diagnostic for a file that is no ICC profile, or one of another device than
    /// a press (ICC.1:2022 §7.2).
    pub fn read(file: &'a ProfileFile) -> Result<Profile<'a>, Diagnostic> {
        let bytes: &[u8] = &file.bytes;
        let refuse = |why: &str| {
            Diagnostic::new(Code::InvalidProfile, format!("`{}` {why}", file.path))
                .at(file.span)
                .help(
                    "ask the printer for the ICC profile of the printing condition, a file such as \
                     `PSOcoated_v3.icc`, and put it below the issues folder",
                )
        };
        if bytes.get(36..40) != Some(b"acsp") {
            return Err(refuse("is no ICC profile"));
        }
        let size = bytes.first_chunk().map(|size| u32::from_be_bytes(*size));
        if size.map(u64::from) != Some(bytes.len() as u64) {
            return Err(refuse(
                "is an ICC profile that is cut off or longer than it says",
            ));
        }
        let parsed = ColorProfile::new_from_slice(bytes)
            .map_err(|_| refuse("is an ICC profile that cannot be read"))?;
        if parsed.profile_class != ProfileClass::OutputDevice {
            return Err(refuse(
                "is an ICC profile, but not that of a printing condition",
            ));
        }
        if parsed.color_space != DataColorSpace::Cmyk {
            return Err(refuse(
                "is an ICC profile, but not one of cyan, magenta, yellow and black",
            ));
        }
        Ok(Profile {
            bytes,
            name: name(&parsed).unwrap_or_else(|| file.path.clone()),
            parsed,
        })
    }

    /// The file.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What it calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What turns pixels of sRGB into inks, if the profile can.
    pub fn inks_of_pixels(&self) -> Option<Arc<Transform8BitExecutor>> {
        let options = TransformOptions {
            rendering_intent: RenderingIntent::RelativeColorimetric,
            ..TransformOptions::default()
        };
        let srgb = ColorProfile::new_srgb();
        srgb.create_transform_8bit(Layout::Rgb, &self.parsed, Layout::Rgba, options)
            .ok()
    }
}

/// The profile of colours on screens (IEC 61966-2-1), for pictures that say nothing
/// else. None if it cannot be written.
pub fn of_screens() -> Option<Vec<u8>> {
    let mut profile = ColorProfile::new_srgb();
    // Else it would carry the time at which it is written.
    profile.creation_date_time =
        moxcms::ColorDateTime::new_from_slice(&[7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]).ok()?;
    profile.encode().ok()
}

fn name(profile: &ColorProfile) -> Option<String> {
    let name = match profile.description.as_ref()? {
        ProfileText::PlainString(text) => text.clone(),
        ProfileText::Localizable(texts) => {
            let english = |text: &&LocalizableString| text.language == "en";
            let text = texts.iter().find(english).or(texts.first())?;
            text.value.clone()
        }
        ProfileText::Description(text) => text.ascii_string.clone(),
    };
    let name = name.trim_matches(|c: char| c.is_control() || c.is_whitespace());
    (!name.is_empty()).then(|| name.to_owned())
}
