//! Decodes pictures within limits, as a file from a server may claim any size in its header.

use std::io::Cursor;

use image::{ImageReader, Limits};

use crate::domain::preview::Picture;

/// Maximum width and height in pixels, according to the header.
const MAX_SIDE: u32 = 12_000;
/// Maximum bytes of memory for decoding.
const MAX_MEMORY: u64 = 128 * 1024 * 1024;
/// Maximum width and height kept, in pixels: more than any terminal has half cells.
const KEPT: u32 = 640;

/// Decodes a PNG or JPEG file, detected by its content and not its name.
///
/// # Errors
/// A sentence that says why it cannot be shown.
pub fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let mut reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|_| "it cannot be read".to_owned())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let image = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => "it is too large".to_owned(),
        image::ImageError::Unsupported(_) => "it is neither PNG nor JPEG".to_owned(),
        _ => "it is damaged".to_owned(),
    })?;
    let original = (image.width(), image.height());
    let image = if original.0 > KEPT || original.1 > KEPT { image.thumbnail(KEPT, KEPT) } else { image };
    // Plots are made for paper, so transparent pixels become white.
    let rgb = image.to_rgba8().pixels().flat_map(|p| on_white(p.0)).collect();
    Ok(Picture { width: image.width(), height: image.height(), rgb, original })
}

fn on_white([r, g, b, alpha]: [u8; 4]) -> [u8; 3] {
    let alpha = u32::from(alpha);
    [r, g, b].map(|part| ((u32::from(part) * alpha + 255 * (255 - alpha)) / 255) as u8)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use image::{DynamicImage, ImageFormat, RgbaImage};

    fn png(width: u32, height: u32, pixel: [u8; 4]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let image = RgbaImage::from_pixel(width, height, image::Rgba(pixel));
        DynamicImage::ImageRgba8(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn what_is_transparent_is_white() {
        let picture = decode(&png(2, 1, [0, 0, 0, 0])).unwrap();
        assert_eq!((picture.width, picture.height, picture.rgb), (2, 1, vec![255; 6]));
    }

    #[test]
    fn large_pictures_are_kept_small_with_their_proportions() {
        let picture = decode(&png(1280, 320, [10, 20, 30, 255])).unwrap();
        assert_eq!((picture.width, picture.height, picture.original), (640, 160, (1280, 320)));
        assert_eq!(picture.rgb[..3], [10, 20, 30]);
    }

    #[test]
    fn a_truncated_picture_is_damaged_and_not_a_panic() {
        let whole = png(300, 300, [9, 9, 9, 255]);
        for keep in [0, 8, 20, 33, 60, whole.len() / 2] {
            assert!(decode(&whole[..keep]).is_err(), "{keep}");
        }
    }

    #[test]
    fn a_header_that_claims_a_huge_picture_is_refused_before_memory_is_taken() {
        let mut bytes = png(4, 4, [0, 0, 0, 255]);
        bytes[16..20].copy_from_slice(&60_000u32.to_be_bytes());
        bytes[20..24].copy_from_slice(&60_000u32.to_be_bytes());
        // The checksum of the header is valid, so this tests a lying header rather than a corrupt one.
        let crc = crc(&bytes[12..29]);
        bytes[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(decode(&bytes), Err("it is too large".to_owned()));
    }

    fn crc(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        !crc
    }
}
