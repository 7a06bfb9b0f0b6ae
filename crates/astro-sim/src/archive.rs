//! Packs and reads bundles, so that a world can hold one and a test can look into one.
//! It must not know where a bundle comes from or goes to.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

/// Most bytes that are unpacked from one bundle.
const UNPACK_LIMIT: u64 = 4 << 30;

/// A member of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Path inside the bundle; bytes that are no UTF-8 are replaced.
    pub path: String,
    /// Permission bits.
    pub mode: u32,
    /// Target, if it is a symbolic link.
    pub link: Option<String>,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Returns a gzip'd tar of text files.
pub fn pack(files: &[(&str, &str)]) -> Bytes {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // Writing to memory cannot fail, and a path too long for the header only shortens the bundle.
        let _ = archive.append_data(&mut header, path, text.as_bytes());
    }
    archive.into_inner().and_then(GzEncoder::finish).map(Bytes::from).unwrap_or_default()
}

/// Returns a bundle's members in order; plain and gzip'd tar archives are read.
pub fn members(bundle: &[u8]) -> io::Result<Vec<Member>> {
    let plain: Box<dyn Read + '_> =
        if bundle.starts_with(&[0x1f, 0x8b]) { Box::new(GzDecoder::new(bundle)) } else { Box::new(bundle) };
    let mut archive = tar::Archive::new(plain.take(UNPACK_LIMIT));
    let mut members = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        members.push(Member {
            path: String::from_utf8_lossy(&entry.path_bytes()).into_owned(),
            mode: entry.header().mode()?,
            link: entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned()),
            bytes,
        });
    }
    Ok(members)
}
