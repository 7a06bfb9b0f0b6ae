//! Images in files: OCI layouts, as folder or tar, and archives of `docker save`.
//! It reads and prepares blobs; it sends nothing.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::error::{Error, Kind, Result};
use crate::model::image::ImageDigest;
use crate::registry::archive::{Archive, Extent};
use crate::registry::manifest::{CONFIG_LIMIT, DOCKER_MANIFEST, ImageManifest, MANIFEST_LIMIT, Manifest, Part, read, sha256};

/// Indexes that may point to each other before an image must follow.
const INDEX_DEPTH: usize = 4;
/// Media type of the config in Docker's manifests.
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// An image in files, opened.
#[derive(Debug)]
pub struct StoredImage {
    files: Files,
    /// What the image is made of.
    pub content: Content,
    /// The bytes of the image's config.
    pub config: Vec<u8>,
}

/// The two ways in which files describe an image.
#[derive(Debug)]
pub enum Content {
    /// By a manifest, which is pushed as it is.
    Manifest(ImageManifest),
    /// By a list of layers, usually not compressed, for which a manifest has yet to be made.
    Layers(Vec<Extent>),
}

#[derive(Debug)]
enum Files {
    Folder(PathBuf),
    Archive(Archive),
}

impl StoredImage {
    /// Opens an OCI layout folder. Blocks while it reads.
    ///
    /// # Errors
    /// `Project` when it is no layout or holds no image for linux/amd64.
    pub fn open_layout(folder: &Path) -> Result<Self> {
        Self::open_oci(Files::Folder(folder.to_owned()), &folder.display().to_string())
    }

    /// Opens an image archive; a compressed one is unpacked below `temporary`. Blocks while it
    /// reads.
    ///
    /// # Errors
    /// `Project` when it is no image archive, or holds more than one image or none for
    /// linux/amd64.
    pub fn open_archive(file: &Path, temporary: &Path) -> Result<Self> {
        let archive = Archive::open(file, temporary)?;
        let name = file.display().to_string();
        // Docker writes both forms into one file; of these, its own describes one image only
        // and no attestations.
        match archive.member("manifest.json").cloned() {
            Some(list) => Self::open_docker(archive, &list, &name),
            None => Self::open_oci(Files::Archive(archive), &name),
        }
    }

    /// Returns where the blob with this digest lies.
    ///
    /// # Errors
    /// `Project` when it is missing.
    pub fn blob(&self, digest: &ImageDigest) -> Result<Extent> {
        self.files.blob(digest)
    }

    fn open_oci(files: Files, name: &str) -> Result<Self> {
        let index = files.named("index.json").ok_or_else(|| unreadable(name, "it has neither index.json nor manifest.json"))?;
        let failed = |error: io::Error| unreadable(name, &error.to_string());
        let mut bytes = index.read(MANIFEST_LIMIT).map_err(failed)?;
        for _ in 0..INDEX_DEPTH {
            match read(bytes, "")? {
                Manifest::Image(manifest) => {
                    let config = files.checked(&manifest.config.digest, CONFIG_LIMIT)?;
                    return Ok(Self { files, content: Content::Manifest(manifest), config });
                }
                Manifest::Choice(digest) => bytes = files.checked(&digest, MANIFEST_LIMIT)?,
            }
        }
        Err(unreadable(name, "its indexes point to each other without end"))
    }

    fn open_docker(archive: Archive, list: &Extent, name: &str) -> Result<Self> {
        let bytes = list.read(MANIFEST_LIMIT).map_err(|error| unreadable(name, &error.to_string()))?;
        let images: Vec<DockerImage> = serde_json::from_slice(&bytes).map_err(|error| unreadable(name, &error.to_string()))?;
        let [image] = images.as_slice() else {
            return Err(unreadable(name, &format!("it holds {} images instead of one", images.len())));
        };
        let member =
            |path: &str| archive.member(path).cloned().ok_or_else(|| unreadable(name, &format!("its member {path} is missing")));
        let config = member(&image.config)?.read(CONFIG_LIMIT).map_err(|error| unreadable(name, &error.to_string()))?;
        let layers = image.layers.iter().map(|layer| member(layer)).collect::<Result<_>>()?;
        Ok(Self { files: Files::Archive(archive), content: Content::Layers(layers), config })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerImage {
    config: String,
    layers: Vec<String>,
}

impl Files {
    fn named(&self, path: &str) -> Option<Extent> {
        match self {
            Self::Archive(archive) => archive.member(path).cloned(),
            Self::Folder(folder) => {
                let file = folder.join(path);
                let metadata = std::fs::metadata(&file).ok()?;
                metadata.is_file().then_some(Extent { file, offset: 0, size: metadata.len() })
            }
        }
    }

    fn blob(&self, digest: &ImageDigest) -> Result<Extent> {
        let found = self.named(&format!("blobs/sha256/{}", digest.hex()));
        found.ok_or_else(|| Error::new(Kind::Project, "read the image").because(format!("its blob {digest} is missing")))
    }

    fn checked(&self, digest: &ImageDigest, limit: u64) -> Result<Vec<u8>> {
        let failed = |why: String| Error::new(Kind::Project, format!("read the image's blob {digest}")).because(why);
        let bytes = self.blob(digest)?.read(limit).map_err(|error| failed(error.to_string()))?;
        let actual = sha256(&bytes);
        if actual == *digest { Ok(bytes) } else { Err(failed(format!("its content has the digest {actual}"))) }
    }
}

/// A layer that is ready to be sent.
#[derive(Debug)]
pub struct PackedLayer {
    /// Digest and size as sent.
    pub part: Part,
    /// Media type for Docker's manifest.
    pub media_type: &'static str,
    /// Where the bytes lie.
    pub extent: Extent,
}

/// Prepares a layer of a `docker save` archive: one that is compressed already stays as it is,
/// another is compressed into `packed`, as `docker push` does. Blocks while it reads.
///
/// # Errors
/// `Project` when the layer cannot be read or the compressed one not be written.
pub fn pack_layer(layer: &Extent, packed: &Path) -> Result<PackedLayer> {
    let failed = |error: io::Error| Error::new(Kind::Project, "compress a layer of the image").because(error);
    let mut magic = [0; 4];
    let read = layer.open().and_then(|mut opened| opened.read(&mut magic)).map_err(failed)?;
    let (media_type, extent) = match magic.get(..read) {
        Some([0x1f, 0x8b, ..]) => ("application/vnd.docker.image.rootfs.diff.tar.gzip", layer.clone()),
        Some([0x28, 0xb5, 0x2f, 0xfd]) => ("application/vnd.oci.image.layer.v1.tar+zstd", layer.clone()),
        _ => ("application/vnd.docker.image.rootfs.diff.tar.gzip", compress(layer, packed).map_err(failed)?),
    };
    let mut hasher = Sha256::new();
    let mut opened = extent.open().map_err(failed)?;
    let mut buffer = vec![0; 256 << 10];
    loop {
        match opened.read(&mut buffer).map_err(failed)? {
            0 => break,
            count => hasher.update(buffer.get(..count).unwrap_or_default()),
        }
    }
    let part = Part { digest: ImageDigest::from_hash(hasher.finalize().into()), size: extent.size };
    Ok(PackedLayer { part, media_type, extent })
}

fn compress(layer: &Extent, packed: &Path) -> io::Result<Extent> {
    let out = std::fs::File::create(packed)?;
    let mut encoder = flate2::GzBuilder::new().mtime(0).write(out, flate2::Compression::default());
    let copied = io::copy(&mut layer.open()?, &mut encoder)?;
    if copied != layer.size {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let size = encoder.finish()?.metadata()?.len();
    Ok(Extent { file: packed.to_owned(), offset: 0, size })
}

/// Makes Docker's manifest for a config and its packed layers. Returns its bytes and media type.
#[must_use]
pub fn docker_manifest(config: &[u8], layers: &[PackedLayer]) -> (Vec<u8>, &'static str) {
    let describe = |media_type: &str, part: &Part| serde_json::json!({ "mediaType": media_type, "size": part.size, "digest": part.digest.as_str() });
    let config = Part { digest: sha256(config), size: config.len() as u64 };
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": describe(DOCKER_CONFIG, &config),
        "layers": layers.iter().map(|layer| describe(layer.media_type, &layer.part)).collect::<Vec<_>>(),
    });
    (manifest.to_string().into_bytes(), DOCKER_MANIFEST)
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::new(Kind::Project, format!("read the image in {name}")).because(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(members: &[(&str, &[u8], Option<&str>)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, bytes, link) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            match link {
                Some(target) => {
                    header.set_entry_type(tar::EntryType::Symlink);
                    tar.append_link(&mut header, path, target).expect("a member");
                }
                None => tar.append_data(&mut header, path, *bytes).expect("a member"),
            }
        }
        tar.into_inner().expect("a tar")
    }

    const CONFIG: &[u8] = br#"{"os":"linux","architecture":"amd64"}"#;

    #[test]
    fn layers_of_a_docker_archive_are_found_through_links_and_compression() {
        let list = br#"[{"Config":"c.json","RepoTags":null,"Layers":["a/layer.tar","b/layer.tar"]}]"#;
        let tar = archive(&[
            ("c.json", CONFIG, None),
            ("a/layer.tar", b"one", None),
            ("b/layer.tar", b"", Some("../a/layer.tar")),
            ("manifest.json", list, None),
        ]);
        let folder = tempfile::tempdir().expect("a folder");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        io::Write::write_all(&mut gzip, &tar).expect("bytes");
        for (name, bytes) in [("plain.tar", tar), ("packed.tar.gz", gzip.finish().expect("gzip"))] {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).expect("a file");
            let image = StoredImage::open_archive(&file, folder.path()).expect("an image");
            assert_eq!(image.config, CONFIG);
            let Content::Layers(layers) = &image.content else { panic!("it lists layers") };
            let read: Vec<Vec<u8>> = layers.iter().map(|layer| layer.read(9).expect("a layer")).collect();
            assert_eq!(read, [b"one", b"one"], "{name}");
            let packed = pack_layer(&layers[0], &folder.path().join("layer")).expect("a packed layer");
            let mut unpacked = String::new();
            let bytes = packed.extent.open().expect("a file");
            flate2::read::GzDecoder::new(bytes).read_to_string(&mut unpacked).expect("gzip");
            assert_eq!((unpacked.as_str(), packed.part.size), ("one", packed.extent.size));
            let again = pack_layer(&packed.extent, &folder.path().join("other")).expect("a packed layer");
            assert_eq!(again.part, packed.part, "what is compressed already stays as it is");
        }
    }

    #[test]
    fn hostile_archives_are_refused() {
        let list = |layer: &str| format!(r#"[{{"Config":"c.json","Layers":["{layer}"]}}]"#);
        let cases = [
            archive(&[("c.json", CONFIG, None), ("manifest.json", list("../../etc/passwd").as_bytes(), None)]),
            archive(&[("c.json", CONFIG, None), ("manifest.json", list("/etc/passwd").as_bytes(), None)]),
            archive(&[("c.json", CONFIG, None), ("l", b"", Some("/etc/passwd")), ("manifest.json", list("l").as_bytes(), None)]),
            archive(&[("c.json", CONFIG, None), ("l", b"", Some("l")), ("manifest.json", list("l").as_bytes(), None)]),
            archive(&[("manifest.json", b"[]", None)]),
            archive(&[("other", b"", None)]),
            vec![0x28, 0xb5, 0x2f, 0xfd],
            b"no tar at all".to_vec(),
        ];
        let folder = tempfile::tempdir().expect("a folder");
        for (number, bytes) in cases.into_iter().enumerate() {
            let file = folder.path().join("image.tar");
            std::fs::write(&file, bytes).expect("a file");
            let error = StoredImage::open_archive(&file, folder.path()).expect_err("it is refused");
            assert_eq!(error.kind(), Kind::Project, "case {number}");
        }
    }
}
