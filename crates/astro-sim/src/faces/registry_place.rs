//! What the paths of the image registry name.
//! It must not know what is done there.

/// Where its tokens come from.
pub const TOKEN_PATH: &str = "/registry/token";

/// What a path of the registry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `/v2/`.
    Base,
    /// The token service.
    Token,
    /// A blob: repository and digest.
    Blob(String, String),
    /// The start of an upload: repository.
    Uploads(String),
    /// An upload: repository and id.
    Upload(String, String),
    /// A manifest: repository and tag or digest.
    Manifest(String, String),
    /// The tags of a repository.
    Tags(String),
}

impl Place {
    /// Returns what a path names, if anything.
    pub fn parse(path: &str) -> Option<Place> {
        if path == TOKEN_PATH {
            return Some(Place::Token);
        }
        let rest = path.strip_prefix("/v2")?.trim_start_matches('/');
        if rest.is_empty() {
            return Some(Place::Base);
        }
        if let Some((name, id)) = rest.rsplit_once("/blobs/uploads/").or_else(|| Some((rest.strip_suffix("/blobs/uploads")?, "")))
        {
            let upload = if id.is_empty() { Place::Uploads(name.into()) } else { Place::Upload(name.into(), id.into()) };
            return Some(upload);
        }
        if let Some((name, digest)) = rest.rsplit_once("/blobs/") {
            return Some(Place::Blob(name.into(), digest.into()));
        }
        if let Some((name, reference)) = rest.rsplit_once("/manifests/") {
            return Some(Place::Manifest(name.into(), reference.into()));
        }
        rest.strip_suffix("/tags/list").map(|name| Place::Tags(name.into()))
    }

    /// Returns the repository it lies in, if it lies in one.
    pub fn repository(&self) -> Option<&str> {
        match self {
            Place::Base | Place::Token => None,
            Place::Uploads(name) | Place::Tags(name) => Some(name),
            Place::Blob(name, _) | Place::Upload(name, _) | Place::Manifest(name, _) => Some(name),
        }
    }
}
